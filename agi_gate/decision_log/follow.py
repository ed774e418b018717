"""Follow: the records of a log as they are written, over every rotation, until the caller has had enough.

Edge.  Like `tail -F`: the open file is read to its end again and again; once another file stands at its path, what the
old one still got is read first, then the files that came and went meanwhile, then the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from agi_gate.decision_log import files
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.decision_log.scan import PIECE_BYTES, Scan
from agi_gate.decision_log.search import search
from agi_gate.decision_log.segment import SUFFIX
from agi_gate.decision_log.wanted import Complain, Found, Sought, Wanted

_LOOK_AGAIN_S = 0.2


def follow(log: Path, wanted: Wanted, keys: Keys | None, complain: Complain,
           pause: Callable[[float], None] = time.sleep) -> Iterator[Found]:
    """The records that are wanted, from now on; with `wanted.since` those before, too.  It has no end of its own."""
    rotated, stream = _opened(log)
    tail = _Tail(Scan(log, Sought(wanted, keys), complain), from_start=wanted.since is not None)
    if wanted.since is not None:
        yield from search(rotated, wanted, keys, complain)
    known = {_name(path) for path in rotated}
    try:
        while True:
            if stream is not None:
                yield from tail.read(stream)
            # looked at before: while ours is still open, all that is there was rotated away before it
            there = {_name(segment.plain) for segment in files.segments(log)}
            if stream is None or _is_gone(log, stream):
                ours_was_rotated = stream is not None
                if stream is not None:
                    yield from tail.read(stream)  # what came between the last look and the rotation
                    stream.close()
                rotated, stream = _opened(log)
                new = [path for path in rotated if _name(path) not in known]
                known.update(map(_name, new))
                yield from search(new[1:] if ours_was_rotated else new, wanted, keys, complain)
                tail = _Tail(tail.scan, from_start=True)
            else:
                known |= there
                pause(_LOOK_AGAIN_S)
            if stream is None:
                pause(_LOOK_AGAIN_S)
    finally:
        if stream is not None:
            stream.close()


class _Tail:
    """Where in the open file we are; a line that has no end yet waits for it."""

    def __init__(self, scan: Scan, *, from_start: bool) -> None:
        self.scan = scan
        self._place: int | None = 0 if from_start else None
        self._lines, self._rest = 0, b""

    def read(self, stream: IO[bytes]) -> Iterator[Found]:
        size = os.fstat(stream.fileno()).st_size
        if self._place is None:
            self._go_to_the_end(stream, size)
        if self._place is None or size < self._place:  # somebody has emptied it
            self._place, self._lines, self._rest = 0, 0, b""
        stream.seek(self._place)
        while data := stream.read(PIECE_BYTES):
            self._place += len(data)
            whole, newline, rest = (self._rest + data).rpartition(b"\n")
            self._rest = rest
            if newline:
                lines = self._lines
                self._lines += whole.count(b"\n") + 1
                yield from self.scan.piece(whole + newline, lambda lines=lines: lines)  # type: ignore[misc]

    def _go_to_the_end(self, stream: IO[bytes], size: int) -> None:
        stream.seek(0)
        self._place = 0
        while self._place < size:
            data = stream.read(min(PIECE_BYTES, size - self._place))
            if not data:
                break
            self._place += len(data)
            self._lines += data.count(b"\n")
            self._rest = (self._rest if b"\n" not in data else b"") + data.rpartition(b"\n")[2]


def _opened(log: Path) -> tuple[list[Path], IO[bytes] | None]:
    """The files that were rotated away, and the open one, as they were at one moment."""
    segments, stream = files.at_one_moment(log)
    return [path for segment in segments if (path := segment.file) is not None], stream


def _name(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _is_gone(log: Path, stream: IO[bytes]) -> bool:
    """Whether another file stands at the path, or none."""
    try:
        at_path, ours = os.stat(log), os.fstat(stream.fileno())
    except FileNotFoundError:
        return True
    return (at_path.st_dev, at_path.st_ino) != (ours.st_dev, ours.st_ino)
