"""How soon a call is refused that gets no verdict: at the agent's phone on a real Asterisk 22, and past the script.

A daemon that stands still is played by a socket that takes connections and says nothing, a disk by a pipe that is full.
That such calls are refused at all is tested in `tests/real` and `tests/test_script.py`, which measure nothing.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agi_gate import config
from benchmarks import servers
from benchmarks.daemon_stages import Found, Plan
from benchmarks.generator import CAMPAIGN, TRUNK, RunRefused
from benchmarks.population import Population
from benchmarks.promises import Promise
from benchmarks.start import SCRIPT
from lab import phones
from lab.asterisk import PROJECT, Asterisk, find_asterisk
from lab.peer import header
from lab.processes import free_port, tied
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S

_AT_MOST_MS = 3000
_NUMBER = "0212345601"
_EXTENSIONS = f"""[agents]
exten => _X.,1,Set(CALLERID(num)=+390212340000)
 same => n,Gosub(agi-gate,s,1(${{EXTEN}},{CAMPAIGN},{TRUNK}))
 same => n,Hangup()

#include {PROJECT / "dialplan" / "agi-gate.conf"}
"""


def stage(plan: Plan, people: Population) -> Found:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as silent:
        return Found([], [*_at_the_phone(plan, silent.getsockname()[1]), *_past_the_script(plan, silent.getsockname()[1])])


def _promise(what: str, rounds: int, refused_s: Callable[[], float]) -> Promise:
    return Promise(f"refused: {what}", "ms", [refused_s() * 1000 for _ in range(rounds)], at_most=_AT_MOST_MS)


def _at_the_phone(plan: Plan, silent: int) -> Iterator[Promise]:
    tools, why = find_asterisk()
    if tools is None:
        yield Promise("refused: an agent's call whose gate stands still", "ms", at_most=_AT_MOST_MS, why_not=why)
        return
    with (Asterisk(tools, _EXTENSIONS, carrier_port=free_port(socket.SOCK_DGRAM)) as asterisk,
          _gate_without_its_store(plan.folder / "stalled") as gate):
        def call_s(port: int) -> Callable[[], float]:
            def call() -> float:
                asterisk.cli(f"dialplan set global AGI_GATE_DOOR agi://127.0.0.1:{port}/gate")
                outcome = phones.call(tools, asterisk.sip_port, _NUMBER)
                if (outcome.code, outcome.cause) != (403, 21):
                    raise RunRefused(f"a call that gets no verdict ended with {outcome.code}, cause {outcome.cause}")
                return outcome.elapsed_s
            return call
        yield _promise("an agent's call whose gate stands still", plan.rounds, call_s(silent))
        yield _promise("an agent's call where nobody listens", plan.rounds, call_s(free_port()))
        yield _promise("an agent's sales call while the store stands still", plan.rounds, call_s(gate))


@contextmanager
def _gate_without_its_store(folder: Path) -> Iterator[int]:
    """The port of a daemon whose store stands still."""
    before = os.environ[config.STORE_URL_VARIABLE]
    with StoreServer.start() as store:
        os.environ[config.STORE_URL_VARIABLE] = store.url
        try:
            with servers.gate(folder, 1, os.sched_getaffinity(0)) as gate:
                store.signal(signal.SIGSTOP)
                yield gate.port
        finally:
            os.environ[config.STORE_URL_VARIABLE] = before


def _past_the_script(plan: Plan, silent: int) -> Iterator[Promise]:
    (beside := plan.folder / "silent").mkdir()
    configuration = servers.write_configuration(beside, ("127.0.0.1:0", f"127.0.0.1:{silent}"))
    yield _promise("a script's call whose daemon stands still", plan.rounds, lambda: _script_s(configuration))
    (alone := plan.folder / "full").mkdir()
    log = alone / "decisions.jsonl"
    os.mkfifo(log)
    pipe = os.open(log, os.O_RDWR)
    try:
        os.write(pipe, b"x" * fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ))
        full = servers.write_configuration(alone, ("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
        yield _promise("a script's call, without a daemon, whose disk stands still", plan.rounds, lambda: _script_s(full))
    finally:
        os.close(pipe)


def _script_s(configuration: Path) -> float:
    """From its start to its end.  Raises RunRefused where it did not fail."""
    started = time.perf_counter()
    with subprocess.Popen(tied([SCRIPT, _NUMBER, CAMPAIGN, TRUNK]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                          stderr=subprocess.DEVNULL, env={**os.environ, "AGI_GATE_CONFIG": str(configuration)}) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(header((_NUMBER, CAMPAIGN, TRUNK), agi_request="agi-gate.agi"))
        said = process.stdout.read()
        code = process.wait(PATIENCE_S)
    if code == 0 or b"ALLOW" in said:
        raise RunRefused(f"a script that gets no verdict ended with {code}")
    return time.perf_counter() - started
