"""The time for a log's upkeep: the clock's, if it agrees with the time last seen.

Edge, one small file beside the log, `.decisions.jsonl.seen`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from agi_gate import clock as clocks
from agi_gate.clock import Seen, Time
from agi_gate.decision_log import files
from agi_gate.disk import belong

_MODE = 0o640
WAY_OUT = ("until both agree, keep masks, removes and rotates by day nothing; set the clock right, or if it is right, run "
           "`agi-gate log keep --clock-is-right`")


def time_of(log: Path, clock: datetime) -> Time:
    """Compare a clock with the time last seen, and note it if it is believed.  Raises OSError."""
    rotated = files.segments(log)  # their names come from clocks that were believed; without any there is nothing to lose
    found = clocks.time_of(files.seen(log), clock, rotated[-1].rotated_at if rotated else None, lambda seen: _write(log, seen))
    return found if found.doubt is None else found._replace(doubt=f"{found.doubt}; {WAY_OUT}")


def trust(log: Path, clock: datetime) -> None:
    """Note a time as the one last seen, whatever was there.  Raises OSError."""
    _write(log, Seen.now(clock))


def _write(log: Path, seen: Seen) -> None:
    with suppress(FileNotFoundError):  # where there is no folder there is no log
        descriptor = os.open(files.seen(log), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            belong(descriptor, log.parent)
            os.pwrite(descriptor, seen.encode(), 0)
        finally:
            os.close(descriptor)
