"""What a program spends from its start to its end: time, processor, memory; and the server's memory beside it.

The loader is measured as ops run it, from outside.  Its memory is what the kernel says of it (`wait4`); where it has
processes of its own, what all of them hold together counts if that is more.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from lab.processes import tied

_SAMPLE_S = 0.2
_SETTLE_S = 10.0


class ChildFailed(Exception):
    """A program that is measured did not do its work; the message holds what it said."""


@dataclass(frozen=True)
class Spent:
    wall_s: float
    cpu_s: float
    peak_bytes: int
    said: str


def spend(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run a program to its end and say what it spent.  Raises ChildFailed where its exit code is not 0."""
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(tied(command), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                                   env={**os.environ, **(environment or {})})
        family = _FamilyMemory(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        family.stop()
        said.seek(0)
        text = said.read().decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise ChildFailed(f"`{' '.join(command)}` ended with {process.returncode}: {text}")
    return Spent(wall_s, usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss * 1024, family.peak_bytes), text)


class _FamilyMemory:
    """Looks now and then at what a program and its descendants hold together; shared pages count once."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            family = list(_family(self._pid))
            if len(family) > 1:  # of one alone the kernel keeps the peak itself
                self.peak_bytes = max(self.peak_bytes, sum(map(_share_bytes, family)))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    # a child hangs on the thread that started it
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from _family(int(child))
        except OSError:
            continue  # ended meanwhile


def _share_bytes(pid: int) -> int:
    """Its own pages, and of each shared page its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def server_bytes(url: str) -> int:
    """The server's `used_memory`, once it has freed what it frees in the background."""
    with redis.Redis.from_url(url, protocol=2) as client:
        deadline = time.monotonic() + _SETTLE_S
        while True:
            memory = client.info("memory")
            if not memory.get("lazyfree_pending_objects") or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return int(memory["used_memory"])


def empty_server(url: str) -> None:
    with redis.Redis.from_url(url, protocol=2) as client:
        client.flushall(asynchronous=False)
