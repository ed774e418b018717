"""What is done to the daemon's processes, and undone."""

from __future__ import annotations

import os
import resource
import signal
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from lab.waiting import eventually
from tests.faults.stage import Stage
from tests.support.daemon import is_running

_DAY_S = 24 * 60 * 60
# an hour of a wrong zone, a check's age, last year's law, a clock that has lost its battery, and one far ahead
_MOVES_S = (-3_600, 0, 3_600, 0, 20 * _DAY_S, 0, -400 * _DAY_S, 0, -20 * 365 * _DAY_S, 0, 3_650 * _DAY_S, 0)
_MOVED_FOR_S = 0.1
WRONG = ("roc_declared = true", "roc_declared = 7")


@contextmanager
def worker_killed(stage: Stage) -> Iterator[None]:
    """One after the other, each after the one before was replaced."""
    for worker in stage.daemon.workers():
        os.kill(worker, signal.SIGKILL)
        eventually(lambda worker=worker: not is_running(worker) and len(stage.daemon.workers()) == 2)
    yield


@contextmanager
def all_workers_killed(stage: Stage) -> Iterator[None]:
    before = stage.daemon.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    yield
    eventually(lambda: len(stage.daemon.workers()) == 2)


@contextmanager
def worker_stuck(stage: Stage) -> Iterator[None]:
    """SIGSTOP: what it holds, it holds, until the main process finds out."""
    before = stage.daemon.workers()
    os.kill(before[0], signal.SIGSTOP)
    try:
        yield
        eventually(lambda: before[0] not in stage.daemon.workers() and len(stage.daemon.workers()) == len(before))
    finally:
        if before[0] in stage.daemon.workers():
            os.kill(before[0], signal.SIGCONT)


@contextmanager
def all_stopped(stage: Stage) -> Iterator[None]:
    """The whole daemon stands still, as on a machine that swaps, or under a debugger; then it goes on."""
    processes = [stage.daemon.process.pid, *stage.daemon.workers()]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    yield
    for process in processes:
        os.kill(process, signal.SIGCONT)


@contextmanager
def reloaded_again_and_again(stage: Stage) -> Iterator[None]:
    for _ in range(20):
        stage.daemon.signal(signal.SIGHUP)
        time.sleep(0.05)
    yield


@contextmanager
def wrong_configuration(stage: Stage) -> Iterator[None]:
    text = stage.configuration.read_text()
    stage.configuration.write_text(text.replace(*WRONG))
    told = stage.daemon.said().count("the configuration stays as it was")
    stage.daemon.signal(signal.SIGHUP)
    eventually(lambda: stage.daemon.said().count("the configuration stays as it was") > told)
    yield
    stage.configuration.write_text(text)


@contextmanager
def another_configuration(stage: Stage) -> Iterator[None]:
    """The caller ID is declared no more, and there and back."""
    text = stage.configuration.read_text()
    stage.configuration.write_text(text.replace("roc_declared = true", "roc_declared = false"))
    stage.daemon.signal(signal.SIGHUP)
    yield
    stage.configuration.write_text(text)
    stage.daemon.signal(signal.SIGHUP)


@contextmanager
def no_descriptors(stage: Stage) -> Iterator[None]:
    """No worker can open anything more: no connection, no store, no log."""
    before = {worker: resource.prlimit(worker, resource.RLIMIT_NOFILE) for worker in stage.daemon.workers()}
    for worker, (_soft, hard) in before.items():
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{worker}/fd")), hard))
    yield
    for worker, limits in before.items():
        resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)


def tell_clock(moved: Path, seconds: int) -> None:
    """Move the clock of whoever has `clock.c` before him."""
    with moved.open("r+b" if moved.exists() else "wb") as file:
        file.write(struct.pack("q", seconds))


@contextmanager
def clock_back_and_forth(stage: Stage, moved: Path) -> Iterator[None]:
    """At the end the admin looks at the clock, and says so: what was recorded ahead of it is left out from then on."""
    over = threading.Event()

    def move() -> None:
        for seconds in cycle(_MOVES_S):
            tell_clock(moved, seconds)
            if over.wait(_MOVED_FOR_S):
                break
        tell_clock(moved, 0)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        over.set()
        mover.join()
    text = stage.configuration.read_text()
    stage.configuration.write_text(text.replace("[policy]", f"[policy]\nclock_checked_at = {datetime.now(UTC).isoformat()}"))
    stage.daemon.signal(signal.SIGHUP)
