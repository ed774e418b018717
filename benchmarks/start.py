"""What the script costs from its start to its end, beside a bare interpreter: with a daemon to ask, and without.

`agi-gate.agi` is run as Asterisk runs it: the header is on its standard input and each command is answered.  Runs take
turns, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from benchmarks import servers
from benchmarks.daemon_stages import Found, Plan
from benchmarks.generator import CAMPAIGN, TRUNK, RunRefused
from benchmarks.population import Population
from benchmarks.promises import Promise
from lab.peer import Heard, header, reply
from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S

SCRIPT = str(Path(sys.executable).with_name("agi-gate.agi"))
_RUNS_A_ROUND = 20
_AT_ONCE = 10


def stage(plan: Plan, people: Population) -> Found:
    numbers = people.numbers.read_text().split()
    waits: dict[str, list[float]] = {"bare": [], "with": [], "without": [], "emergencies": []}
    with ExitStack() as stack:
        port = free_port()
        alone = plan.folder / "alone"
        alone.mkdir()
        configurations = {
            "with": _beside_daemon(stack, plan.folder / "beside", port),
            # the same, but that nobody listens there
            "without": servers.write_configuration(alone, ("127.0.0.1:0", f"127.0.0.1:{free_port()}")),
        }
        for _ in range(2 if plan.rounds == 1 else plan.rounds * _RUNS_A_ROUND):
            waits["bare"].append(_bare_s())
            for name, configuration in configurations.items():
                waits[name].append(_script_s(configuration, random.choice(numbers)))
            waits["emergencies"].append(max(_at_once_s(configurations["without"], "112")))
    bare = waits["bare"]

    def over_bare(name: str) -> list[float]:
        return [one / other for one, other in zip(waits[name], bare, strict=True)]
    return Found([], [
        Promise("a bare interpreter's start and end", "ms", [wait * 1000 for wait in bare]),
        Promise("the script with a daemon, its start and end / a bare interpreter's", "times", over_bare("with"),
                at_most=3),
        Promise("the script without a daemon / a bare interpreter's", "times", over_bare("without")),
        Promise(f"{_AT_ONCE} emergencies at once, the script without a daemon: the last one's start and end", "ms",
                [wait * 1000 for wait in waits["emergencies"]], at_most=2000),
    ])


def _beside_daemon(stack: ExitStack, folder: Path, port: int) -> Path:
    stack.enter_context(servers.gate(folder, 1, os.sched_getaffinity(0), listen=f"127.0.0.1:{port}"))
    return folder / "gate.toml"


def _bare_s() -> float:
    started = time.perf_counter()
    subprocess.run(tied([sys.executable, "-c", "pass"]), stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def _at_once_s(configuration: Path, number: str) -> list[float]:
    with ThreadPoolExecutor(_AT_ONCE) as callers:
        return list(callers.map(lambda _: _script_s(configuration, number), range(_AT_ONCE)))


def _script_s(configuration: Path, number: str) -> float:
    """From its start to its end.  Raises RunRefused where the call was not allowed."""
    heard = Heard()
    environment = {**os.environ, "AGI_GATE_CONFIG": str(configuration)}
    started = time.perf_counter()
    process = subprocess.Popen(tied([SCRIPT, number, CAMPAIGN, TRUNK]), stdin=subprocess.PIPE, bufsize=0,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write(header((number, CAMPAIGN, TRUNK), agi_request="agi-gate.agi"))
    while line := process.stdout.readline():
        process.stdin.write(reply(line.decode().rstrip("\n"), heard))
    process.wait(PATIENCE_S)
    took = time.perf_counter() - started
    said = process.stderr.read().decode("utf-8", "replace").strip()
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()
    if process.returncode != 0 or heard.variables.get("GATE_VERDICT") != "ALLOW":
        raise RunRefused(f"the script ended with {process.returncode}, {heard.variables.get('GATE_REASON')}: {said}")
    return took
