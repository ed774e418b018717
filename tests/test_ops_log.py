"""`agi-gate log`: finds decisions, names what is no record, and shows what phones sent as no more than text."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.gate import Gate
from agi_gate.ops.main import main
from agi_gate.store.reader import Store, connect
from lab.waiting import PATIENCE_S
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import CALLER_ID, CLEAR, ENROLLED, load_feeds, write_gate_toml

FIRST = datetime.now(UTC).replace(microsecond=0)
Found = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    """A configuration, and five decisions a minute apart."""
    path = write_gate_toml(tmp_path)
    load_feeds(path)
    settings = config.load(path)
    times = iter(FIRST + timedelta(minutes=number) for number in range(100))
    with connect(settings.store.url, 5_000) as client:
        policy = replace(settings.policy, clock_checked_at=FIRST)  # the loads are of today
        gate = Gate(policy, Store(client), DecisionLog(settings.log_path), lambda: next(times))
        for number, campaign, caller_id in ((CLEAR, "fibra", CALLER_ID), (ENROLLED, "fibra", CALLER_ID),
                                            (CLEAR, "fibra", "[/x] \x1b[2J"),
                                            (CLEAR, "assistenza", CALLER_ID), ("112", "no such", "Niccol\udcc3")):
            gate.decide(Request(number, campaign, caller_id, Presentation.ALLOWED, channel="PJSIP/\udcff"))
    return path


@pytest.fixture
def found(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> Found:
    """Search with --json: the records."""
    def search(*arguments: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main(["--config", str(gate_toml), "log", "--json", *arguments]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return search


def at(minutes: int) -> str:
    return (FIRST + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(("arguments", "expected"), (
    ((), [0, 1, 2, 3, 4]), (("--number", CLEAR), [0, 2, 3]), (("--number", f"+39 {CLEAR}"), [0, 2, 3]),
    (("--number", "112"), [4]),
    (("--number", "3331234500"), []), (("--controller", "acme"), [0, 1, 2, 3]), (("--controller", "acme", "--campaign", "assistenza"), [3]),
    (("--campaign", "assistenza"), [3]), (("--campaign", "no such"), [4]), (("--verdict", "ALLOW"), [0, 3, 4]),
    (("--verdict", "deny"), [1, 2]),
    (("--reason", "REGISTRY_OPPOSED"), [1]), (("--reason", "registry_opposed"), [1]), (("--reason", "EMERGENCY"), [4]),
    (("--since", at(1)), [1, 2, 3, 4]), (("--until", at(1)), [0]), (("--since", at(1), "--until", at(3)), [1, 2]),
    (("--since", at(5)), []),
    (("--number", CLEAR, "--verdict", "ALLOW", "--campaign", "fibra"), [0])), ids=str)
def test_each_filter_finds_what_it_names(found: Found, arguments: tuple[str, ...], expected: list[int]) -> None:
    minutes = [(datetime.fromisoformat(record["at"]) - FIRST) // timedelta(minutes=1) for record in found(*arguments)]
    assert minutes == expected


def test_json_gives_the_records_as_they_are_written(found: Found, gate_toml: Path) -> None:
    assert found() == [json.loads(line) for line in (gate_toml.parent / "decisions.jsonl").read_text().splitlines()]


def test_people_get_a_row_a_decision(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(gate_toml), "log"]) == 0
    ran = capsys.readouterr()
    assert ran.err.splitlines()[-1] == "5 decision(s)"
    for words in (f"+39{ENROLLED}", "REGISTRY_OPPOSED", "DIRECTORY_NOT_OPPOSED", "EMERGENCY", CALLER_ID):
        assert words in ran.out
    assert "[/x] ?[2J" in ran.out and "\x1b" not in ran.out


def test_what_phones_sent_crashes_neither_a_terminal_nor_a_pipe(gate_toml: Path) -> None:
    for words in ((), ("--json",)):
        ran = subprocess.run([AGI_GATE, "--config", gate_toml, "log", *words], capture_output=True, timeout=PATIENCE_S)
        assert ran.returncode == 0 and b"Traceback" not in ran.stderr and b"\x1b" not in ran.stdout
        assert ran.stdout.count(CLEAR.encode()) >= 3


NO_JSON = ("not JSON", "{", "[]", "null", "5", '"x"', "{}", '{"at": 5}', "\xff", "[" * 100_000)
NO_VALUES = {"at": (None, 5, "x", "2026-10-14T11:00:00"), "call": (None, 5, [], {}), "verdict": (None, 5),
             "reasons": (None, 5, [5]),
             "destination": (5,), "elapsed_us": (None, "x"), "id": (None, 5)}


def test_what_is_no_record_is_named_and_the_rest_is_read(
        found: Found, gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = gate_toml.parent / "decisions.jsonl"
    good = log.read_text().splitlines()
    broken = [*NO_JSON, good[0][:-1], good[0][:50]] + [
        json.dumps(json.loads(good[0]) | {name: value}) for name, values in NO_VALUES.items() for value in values]
    broken += [json.dumps({key: value for key,
                           value in json.loads(good[0]).items() if key != name}) for name in NO_VALUES]
    log.write_text("\n".join([*good, *broken, "", *good]) + "\n", encoding="utf-8")
    for arguments in ((), ("--since", at(-1)), ("--reason", "EMERGENCY"), ("--controller", "acme")):
        capsys.readouterr()
        assert main(["--config", str(gate_toml), "log", *arguments]) == 0
        named = capsys.readouterr().err
        assert named.count("is no record this program can read: ") == 9 and named.count("as a crash leaves one") == 1
        assert named.count("; the rest is still read") == 10 and f"{len(broken)} lines could not be read as records" in named
        assert f"line {len(good) + 2} of {log}" in named and "Traceback" not in named
    assert len(found()) == 10


def test_logs_that_were_rotated_are_read_by_name(found: Found, gate_toml: Path) -> None:
    log = gate_toml.parent / "decisions.jsonl"
    log.rename(rotated := log.with_suffix(".1"))
    log.write_text(rotated.read_text().splitlines()[0] + "\n")
    assert len(found(str(log), str(rotated))) == 6


def test_a_log_that_is_not_there_is_exit_4(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (gate_toml.parent / "decisions.jsonl").unlink()
    assert main(["--config", str(gate_toml), "log"]) == 4
    ran = capsys.readouterr()
    assert ran.out == "" and "decisions.jsonl: cannot be read" in ran.err


@pytest.mark.parametrize(("arguments", "words"), (
    (("--number", "nonsense"), "`nonsense` is not a number; write it as E.164"),
    (("--controller", "acm"), "no decision has that controller, and `acm` is no controller of the configuration; did you mean "
                              "`acme`? known: acme"),
    (("--campaign", "nobody", "--controller", "acme"), "`nobody` is no campaign of the configuration; known: fibra, assistenza"),
    (("--campaign", "fibr"), "did you mean `fibra`?"), (("--reason", "NOPE"), "`NOPE` is no reason code; docs/rules.md"),
    (("--reason", "registry_oposed"), "did you mean REGISTRY_OPPOSED? docs/rules.md lists them"),
    (("--verdict", "X"), "choose from"), (("--since", at(3), "--until", at(3)), "--since is not before --until")))
@pytest.mark.parametrize("more", ((), ("--json",)))
def test_what_nothing_can_be_found_by_is_exit_2_with_the_way_out(
        gate_toml: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str, more: tuple[str, ...]) -> None:
    try:
        assert main(["--config", str(gate_toml), "log", *arguments, *more]) == 2
    except SystemExit as exited:
        assert exited.code == 2
    assert words in capsys.readouterr().err


def test_a_name_that_is_no_longer_in_the_configuration_is_still_found(
        gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = gate_toml.with_name("later.toml")
    later.write_text(gate_toml.read_text().replace("[campaigns.fibra]", "[campaigns.voce]").replace('"acme"', '"beta"')
                     .replace("[controllers.acme]", "[controllers.beta]"))
    assert main(["--config", str(later), "log", "--controller", "acme", "--campaign", "fibra"]) == 0
    assert "3 decision(s)" in capsys.readouterr().err
    assert main(["--config", str(later), "log", "--controller", "acme", "--campaign", "fibra", "--reason", "EMERGENCY"]) == 0
    said = capsys.readouterr().err
    for words in ("controller `acme`", "campaign `fibra`"):
        assert f"{words} is not in the configuration (any more); the log has decisions of it" in said


def test_masked_records_that_could_not_be_searched_are_exit_4(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_key(gate_toml.with_name("keys"), FIRST)
    keyed = gate_toml.with_name("keyed.toml")
    keyed.write_text(gate_toml.read_text().replace('path = "decisions.jsonl"', 'path = "decisions.jsonl"\nkey = "keys"'))
    settings = config.load(keyed)
    with connect(settings.store.url, 5_000) as client:
        gate = Gate(settings.policy, Store(client), DecisionLog(settings.log_path),
                    pseudonym=Keys.load(gate_toml.with_name("keys")).pseudonym)
        for number in ("3331234500", "no number"):
            gate.decide(Request(number, "fibra", CALLER_ID, Presentation.ALLOWED))
    for days in (2, 4):
        keep(settings.log.path, Plan(pseudonymise_after_days=1), FIRST + timedelta(days=days), lambda words: None, lambda words: None)
    assert main(["--config", str(keyed), "log", "--number", "3331234500"]) == 0  # that no number is in `no number` is no doubt
    assert "1 decision(s)" in capsys.readouterr().err
    gate_toml.with_name("keys").unlink()
    assert main(["--config", str(keyed), "log", "--number", "3331234500"]) == 4
    said = capsys.readouterr().err
    assert "0 decision(s)" in said and "keys is not there" in said and "masked with key `k1-" in said and "which is not at hand" in said
    assert main(["--config", str(keyed), "log", "--campaign", "fibra"]) == 0  # nothing hides from that


def test_a_reader_that_leaves_early_is_no_error(gate_toml: Path) -> None:
    log = gate_toml.parent / "decisions.jsonl"
    log.write_text(log.read_text() * 500)
    ran = subprocess.run(["/bin/sh", "-c", '"$0" --config "$1" log --json | head -n 1', AGI_GATE, str(gate_toml)],
                         capture_output=True, timeout=PATIENCE_S)
    assert len(ran.stdout.splitlines()) == 1 and ran.stderr == b""


def test_follow_goes_on_with_what_is_decided_from_now_on(gate_toml: Path) -> None:
    with subprocess.Popen([AGI_GATE, "--config", str(gate_toml), "log", "--json", "--follow", "--since", at(3)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            assert [json.loads(process.stdout.readline())["call"]["campaign"] for _ in range(2)] == ["assistenza", "no such"]
            log = gate_toml.parent / "decisions.jsonl"
            with log.open("ab") as stream:
                stream.write(log.read_bytes().splitlines(keepends=True)[-1])
            assert json.loads(process.stdout.readline())["call"]["campaign"] == "no such"
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_S) == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_follow_wants_no_files(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(gate_toml), "log", "--follow", "decisions.jsonl"]) == 2
    assert "leave the files out" in capsys.readouterr().err
