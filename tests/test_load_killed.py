"""A load that is killed at any moment: calls see all of it or nothing, and the next load repairs what it left."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import redis

from agi_gate import config
from agi_gate.archive import Archive
from agi_gate.ops.main import main
from agi_gate.store import keys
from agi_gate.store.reader import Store
from agi_gate.store.survey import Survey
from lab.waiting import PATIENCE_S, PATIENT_MS
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import write_gate_toml

ROWS, KILLS = 24_000, 5
SAMPLE = random.Random(1).sample(range(ROWS), 25)


def number_of(row: int) -> int:
    return 3_200_000_000 + row * 7_919


def esito(folder: Path, name: str, flag: int) -> str:
    path = folder / name
    path.write_text("".join(f"{number_of(row)},{flag}\n" for row in range(ROWS)))
    return str(path)


def load(gate_toml: Path, path: str, day: int) -> list[str]:
    return ["--config", str(gate_toml), "load", "registry", path, "--controller", "acme", "--max-change", "100",
            "--checked-at", f"2026-10-{day:02d}T09:00:00+02:00"]


def flags(url: str) -> set[tuple[bool, ...]]:
    """The histories of the sample as calls see them, each without its times."""
    store = Store.at(url, PATIENT_MS)
    return {tuple(check.enrolled for check in store.facts_for("acme", f"+39{number_of(row)}").checks) for row in SAMPLE}


def test_a_load_that_is_killed_at_any_moment_changed_all_or_nothing(
        tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    gate_toml = write_gate_toml(tmp_path)
    archive = Archive(config.load(gate_toml).archive_path)
    assert main(load(gate_toml, esito(tmp_path, "clear.txt", 0), 1)) == 0
    seen: list[tuple[bool, ...]] = [(False,)]
    outcomes = set()
    path = esito(tmp_path, "enrolled.txt", 1)
    started = time.monotonic()
    assert subprocess.run([AGI_GATE, *load(gate_toml, path, 2)], capture_output=True, timeout=PATIENCE_S).returncode == 0
    whole_s = time.monotonic() - started
    seen.append((False, True))
    # where the machine was slow just then, the kills come too late: further ones come earlier and earlier
    waits_s = itertools.chain((whole_s * (0.3 + 0.7 * kill / KILLS) for kill in range(KILLS)),
                              (whole_s * 0.3 / 2 ** kill for kill in range(1, 10)))
    for kill, wait_s in enumerate(waits_s):
        if kill >= KILLS and True in outcomes:
            break
        day = 3 + kill
        work = subprocess.Popen([AGI_GATE, *load(gate_toml, path, day)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait_s)
        os.kill(work.pid, signal.SIGKILL)
        work.wait()
        now = flags(store_url)
        assert now in ({seen[-1]}, {(*seen[-1], True)})
        outcomes.add(now == {seen[-1]})
        # the very next load, without waiting for a lock to run out
        assert main(load(gate_toml, path, day)) == 0, capsys.readouterr().err
        seen.append((*seen[-1], True))
        assert flags(store_url) == {seen[-1]} and archive.receipts.pending() == []
    assert True in outcomes
    with redis.Redis.from_url(store_url) as client:
        assert not list(client.scan_iter(f"*{keys.STAGED}", count=10_000))
        survey = Survey(client, "acme")
        assert (survey.numbers(keys.REGISTRY) == 39_0000000000 + np.array([number_of(row) for row in range(ROWS)])).all()
        client.flushall()
    assert main(["--config", str(gate_toml), "rebuild"]) == 0
    assert flags(store_url) == {seen[-1]}
