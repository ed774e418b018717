"""Rotation: the open file is renamed, and writers begin another at their next record.  No call waits for it.

Edge.  Each writer holds the file alone for as long as one write takes, and looks after it whether it is still the
one at the path.  So whoever holds it alone may rename it, and nothing is written to it any more.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from datetime import UTC, date, datetime
from pathlib import Path

from agi_gate.decision_log import files
from agi_gate.decision_log.files import Segment
from agi_gate.disk import belong, sync_folder
from agi_gate.regime import local_day

_WAIT_S = 10.0
_MODE = 0o640
_LOOK_S = 0.002
_HEAD_BYTES = 4096
_AT = re.compile(rb'"at":"([0-9T:.-]{19,26}Z)"')


class RotationBusy(Exception):
    """A writer has held the file all the time; it is rotated the next time."""


def is_due(log: Path, rotate_mb: int, now: datetime | None) -> bool:
    """Say whether the open file is of a day before today's (Europe/Rome), or as big as it may be.

    `now`: None where the day is not known.  Raises OSError.
    """
    try:
        found = log.stat()
    except FileNotFoundError:
        return False
    if found.st_size == 0:
        return False
    if found.st_size >= rotate_mb << 20:
        return True
    if now is None:
        return False
    today, first = local_day(now), _first_day(log, found.st_mtime)
    if first > today:  # a clock that was ahead wrote it: the file was begun when the one before it was rotated away
        rotated = files.segments(log)
        return not rotated or local_day(rotated[-1].rotated_at) < today
    return first < today


def rotate(log: Path, now: datetime, *, even_empty: bool = False) -> Segment | None:
    """Rename the open file; None where there is nothing in it, or with `even_empty` an empty file in its place.

    Raises RotationBusy, OSError.
    """
    segment = _renamed(log, now)
    if segment is None and even_empty:
        segment = files.next_segment(log, now)
        descriptor = os.open(segment.plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            belong(descriptor, log.parent)
        finally:
            os.close(descriptor)
    if segment is not None:
        sync_folder(log.parent)
    return segment


def _renamed(log: Path, now: datetime) -> Segment | None:
    try:
        # of a link the name would go, and the file stay as it is, with all its numbers: the configuration resolves it
        descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        _lock(descriptor, log)
        found, at_path = os.fstat(descriptor), os.stat(log)
        if found.st_size == 0 or (found.st_dev, found.st_ino) != (at_path.st_dev, at_path.st_ino):
            return None
        segment = files.next_segment(log, now)
        os.rename(log, segment.plain)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # writers who wait find that it is another file now, and need not wait on
        os.fsync(descriptor)
        return segment
    finally:
        os.close(descriptor)


def _lock(descriptor: int, log: Path) -> None:
    # not a lock that waits: whoever stands still with the file in its hands must not stop this one, too
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RotationBusy(f"{log} was not let go by its writers for {_WAIT_S:.0f} s; it is rotated the next "
                                   "time") from None
        time.sleep(_LOOK_S)


def _first_day(log: Path, changed: float) -> date:
    with log.open("rb") as stream:
        match = _AT.search(stream.read(_HEAD_BYTES))
    try:
        at = datetime.fromisoformat(match[1].decode()) if match else datetime.fromtimestamp(changed, UTC)
    except ValueError:
        at = datetime.fromtimestamp(changed, UTC)
    return local_day(at)
