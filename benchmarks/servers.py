"""The servers that are measured, each started on the cores that it may use: the gate, its peers, the floor.

All are up for as long as a run lasts and only one is asked at a time: one that is not asked costs next to nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tools
from lab.processes import tied
from tests.support.daemon import Daemon
from tests.support.gate_toml import DEFAULT_LIMITS, write_gate_toml

GATE, PANORAMISK, DING_DONG, PYST2, FLOOR = ("agi_gate", "panoramisk", "ding-dong", "pyst2, a thread a call",
                                             "empty C server")
PEERS = (FLOOR, PANORAMISK, DING_DONG, PYST2)
is_patient = False
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    pids: Sequence[int]  # the processes that answer calls
    main_pid: int  # the one that was started

    def cpu_s(self) -> float:
        """Processor time that its processes have used so far."""
        return sum(self.user_and_kernel_s())

    def user_and_kernel_s(self) -> tuple[float, float]:
        """The same in two: its own, and the kernel's in its system calls."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids]
        return (sum(int(field[11]) for field in fields) / _TICKS_A_SECOND,
                sum(int(field[12]) for field in fields) / _TICKS_A_SECOND)


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def be_patient(is_so: bool) -> None:
    """Whether every gate from now on waits as long for its store as the tests' does: then nothing is measured."""
    global is_patient
    is_patient = is_so


def write_configuration(folder: Path, *changes: tuple[str, str]) -> Path:
    """A gate.toml with the limits as shipped, unless all are to be patient."""
    return write_gate_toml(folder, *(() if is_patient else DEFAULT_LIMITS), *changes)


@contextmanager
def gate(folder: Path, workers: int, cores: set[int], name: str = GATE, *,
         listen: str = "127.0.0.1:0") -> Iterator[Server]:
    """`agi-gate serve` as an admin runs it, with its decision log in that folder."""
    folder.mkdir()
    configuration = write_configuration(folder, ("workers = 2", f"workers = {workers}"), ("127.0.0.1:0", listen))
    with ExitStack() as stack:
        with on_cores(cores):
            daemon = stack.enter_context(Daemon(configuration))
        workers_pids = daemon.workers()  # later the main process may have others, that look after the log
        yield Server(name, daemon.address[1], workers_pids, daemon.process.pid)


@contextmanager
def peer(name: str, store_url: str, cores: set[int]) -> Iterator[Server]:
    """Raises NotHad where this machine cannot have it."""
    with on_cores(cores):
        process = subprocess.Popen(tied([*command_of(name), store_url]), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said.startswith("listening on "):
            raise tools.NotHad(f"it did not start ({process.wait(5)})")
        yield Server(name, int(said.split()[-1]), (process.pid,), process.pid)
    finally:
        process.kill()
        process.communicate()


def command_of(name: str) -> list[str]:
    """What starts a peer; it wants the store's URL beside it.  Raises NotHad."""
    if name == DING_DONG:
        return tools.ding_dong()
    if name == FLOOR:
        return [str(tools.compiled(tools.PEERS / "empty_server.c"))]
    scripts = {PANORAMISK: "panoramisk_peer.py", PYST2: "pyst2_peer.py"}
    return [str(tools.peers_python()), str(tools.PEERS / scripts[name])]
