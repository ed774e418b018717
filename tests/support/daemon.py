"""`agi-gate serve` as an admin runs it, on a free port, ended by its process id."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.peer import ask
from lab.processes import tied
from lab.waiting import PATIENCE_S, eventually
from tests.support.gate_toml import CLEAR

AGI_GATE = str(Path(sys.executable).parent / "agi-gate")


def is_accepted(connection: socket.socket) -> bool:
    """Whether who listens on this machine has taken a connection to it: until then the other end is nobody's file."""
    ends = [f"{port:04X}" for port in (connection.getpeername()[1], connection.getsockname()[1])]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any([end.partition(":")[2] for end in row[1:3]] == ends and row[9] != "0" for row in rows)


def is_running(pid: int) -> bool:
    """Whether any thread of a process is at work: one that is being killed may still take a call with it."""
    states = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the whole process has gone meanwhile
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                states.append(stat.read_text().rpartition(")")[2].split()[0])
    return any(state not in ("Z", "X") for state in states)


def gives_way(pid: int) -> bool:
    """Whether a child of the daemon is no worker, but looks after the log or the store, behind all others."""
    with contextlib.suppress(ProcessLookupError):
        return os.getpriority(os.PRIO_PROCESS, pid) == 19
    return True


def answer(daemon: Daemon, number: str = CLEAR, campaign: str = "fibra", **changes: str) -> str:
    """One conversation: the verdict and its reason, or nothing where the gate said nothing."""
    heard = ask(daemon.address, number, campaign, "carrier1", **changes)
    return " ".join(heard.variables[name] for name in ("GATE_VERDICT", "GATE_REASON") if name in heard.variables)


class Daemon:
    """Started with a configuration that listens on port 0; `address` is where it is."""

    def __init__(self, configuration: Path) -> None:
        self._said = configuration.parent / "daemon.stderr"
        self._log = configuration.parent / "decisions.jsonl"
        self._workers_seen: set[int] = set()
        with self._said.open("ab") as stderr:
            self.process = subprocess.Popen(tied([AGI_GATE, "--config", str(configuration), "serve"]),
                                            stdin=subprocess.DEVNULL,
                                            stdout=stderr, stderr=stderr)
        try:
            eventually(lambda: self.process.poll() is not None or "listening on" in self.said(), "it listens")
            found = re.search(r"listening on (\S+):(\d+)", self.said())
            assert found, self.said()
        except BaseException:
            self.kill()
            raise
        self.address = found[1], int(found[2])

    def said(self) -> str:
        """Its stderr, and its stdout, which must be empty."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def complaints(self) -> list[str]:
        return [line for line in self.said().splitlines() if "listening on" not in line]

    def forget(self) -> None:
        """Empty both files, for the next test; what was decided is still replayed at the end of all (`replayed.py`)."""
        if self._log.exists():
            with self._log.with_name("forgotten.jsonl").open("ab") as kept:
                kept.write(self._log.read_bytes())
        for path in (self._said, self._log):
            if path.exists():
                os.truncate(path, 0)

    def records(self) -> list[dict[str, Any]]:
        """The decision log's lines; a line that is no record fails."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = [int(pid) for pid in path.read_text().split() if not gives_way(int(pid))]
        self._workers_seen |= set(found)
        return found

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """SIGTERM: the exit code."""
        self.process.terminate()
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL to the main process and to what it leaves."""
        if self.process.poll() is None:
            self.workers()
            self.process.kill()
            self.process.wait()
        for worker in filter(is_running, self._workers_seen):
            os.kill(worker, signal.SIGKILL)

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.kill()
