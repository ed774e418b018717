"""The time of a log's newest record: no clock that is right can be before it.

Edge.  Only the ends of files are read: of the open one, else of the newest that was rotated away and holds a record.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from agi_gate.clock import Seen
from agi_gate.decision_log import files, linked
from agi_gate.record.shape import is_time

_END_BYTES = 1 << 16
# no record comes near; what has no newline for so long is damage
_MOST_BYTES = 1 << 24


def newest_record_at(log: Path) -> datetime | None:
    """The latest time among a log's last records, UTC; None where there is no record.

    Records of calls that were asked at once stand in the order of their answers, some seconds apart: so it is the latest
    of the last 64 KiB, and not that of the last line.  A record that is later than the time last seen allows does not
    count: the clock was ahead.  Raises OSError where a file is there and cannot be read.
    """
    seen = Seen.read(files.seen(log))
    most = None if seen is None else seen.latest()
    # a pipe has no end to look at, and opening one waits for its writer
    found = _at_the_end_of(log, most) if log.is_file() else None
    return found if found is not None else _rotated_away(log, most)


def _at_the_end_of(path: Path, most: datetime | None) -> datetime | None:
    with path.open("rb") as stream:
        size, length = stream.seek(0, os.SEEK_END), _END_BYTES
        while True:
            stream.seek(start := max(0, size - length))
            lines = stream.read(size - start).split(b"\n")
            found = _latest(lines if start == 0 else lines[1:], most)
            if found is not None or start == 0 or length >= _MOST_BYTES:
                return found
            length *= 4


def _latest(lines: list[bytes], most: datetime | None) -> datetime | None:
    texts = [what.at.decode() for what in map(linked.read, lines) if isinstance(what, linked.Link) and what.at is not None]
    times = map(datetime.fromisoformat, filter(is_time, texts))
    return max((at for at in times if most is None or at <= most), default=None)


def _rotated_away(log: Path, most: datetime | None) -> datetime | None:
    # rare, and these modules bring the compression with them
    from agi_gate.decision_log import gone, segment
    for one in reversed(files.segments(log)):
        seal = gone.seal_of(one)
        if seal is not None and seal.counts_from is not None:
            return seal.counts_from
        if one.file is None:
            continue
        if one.file == one.compressed:
            found = _latest([line.rstrip(b"\n") for line in segment.lines(one.file)], most)
        else:
            found = _at_the_end_of(one.file, most)
        if found is not None:
            return found
    return None
