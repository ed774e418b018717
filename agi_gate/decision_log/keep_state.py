"""The lock of whoever rotates, seals and masks a log's files, and what the last one left to know.

Edge, one small file beside the log, `.decisions.jsonl.keep`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agi_gate.decision_log import files
from agi_gate.disk import belong
from agi_gate.record import instant

_MODE = 0o640
_BYTES = 512
_LOOK_S = 0.05


class KeepBusy(Exception):
    """Somebody else is at work on the files."""


@dataclass(frozen=True, slots=True)
class State:
    newest_seal: str | None = None  # digest
    due_at: datetime | None = None  # when a sealed file is to be masked or removed
    plan: str = ""  # under which that was reckoned


def read(log: Path) -> State | None:
    """What the last one left; None where that is not known."""
    try:
        data = json.loads(files.keep_state(log).read_bytes())
        due_at = data["due_at"] and datetime.fromisoformat(data["due_at"])
        return State(data["newest_seal"], due_at, data["plan"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(log: Path, state: State) -> None:
    """Replace it with one write.  Raises OSError."""
    data = json.dumps({"newest_seal": state.newest_seal, "due_at": state.due_at and instant(state.due_at),
                       "plan": state.plan}).ljust(_BYTES - 1).encode() + b"\n"
    descriptor = os.open(files.keep_state(log), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        belong(descriptor, log.parent)
        os.pwrite(descriptor, data, 0)
    finally:
        os.close(descriptor)


@contextmanager
def alone(log: Path) -> Iterator[None]:
    """Work on the files as the only one.  Raises KeepBusy, OSError."""
    descriptor = os.open(files.keep_state(log), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        belong(descriptor, log.parent)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeepBusy(f"another `agi-gate log keep` or `log verify` is at work on {log}") from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def undisturbed(log: Path, wait_s: float) -> Iterator[bool]:
    """Read the files while nobody works on them; False where somebody went on doing so for all that time."""
    try:
        descriptor = os.open(files.keep_state(log), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield True
        return
    try:
        yield _is_shared(descriptor, time.monotonic() + wait_s)
    finally:
        os.close(descriptor)


def _is_shared(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
        time.sleep(_LOOK_S)
