"""Decision logs as blocks of whole lines, in order, for work that is shared out to processes.

Joint.  What cannot be read is noted, and the rest is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from agi_gate.decision_log import files
from agi_gate.decision_log.gone import can_hold, cut, gone
from agi_gate.decision_log.segment import SUFFIX, Segment, SegmentError


@dataclass(frozen=True, slots=True)
class NotAllRead:
    """What is missing from a log, in words; `unreadable` where it is there and cannot be read."""

    words: str
    unreadable: bool = False

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Block:
    path: Path
    lines: bytes  # whole ones, but for the last of a file that a crash cut


def blocks_of(path: Path, missing: list[NotAllRead], stream: IO[bytes] | None = None) -> Iterator[Block]:
    """A file's blocks; compressed or plain.  `stream`: where it is open already."""
    try:
        if stream is None and (now_at := files.now_at(path)) is not None and not path.exists():
            yield from blocks_of(now_at, missing)  # it was compressed meanwhile
        elif path.suffix == SUFFIX:
            lines, damaged = 0, list[SegmentError]()
            with Segment(path) as segment:
                for piece in segment.pieces(damaged.append):
                    lines += piece.count(b"\n")
                    yield Block(path, piece)
                if segment.frames is None and not damaged and (words := cut(path, lines)) is not None:
                    missing.append(NotAllRead(f"{path}: {words}; the rest is still read"))
            missing += [_damaged(path, error) for error in damaged]
        else:
            for piece in files.pieces(path) if stream is None else files.pieces_of(stream):
                yield Block(path, piece)
    except OSError as error:
        missing.append(NotAllRead(f"{path} cannot be read: {error.strerror}; the rest is still read", True))


def _damaged(path: Path, error: SegmentError) -> NotAllRead:
    return NotAllRead(f"{path}: {error}; the rest is still read (agi-gate log verify says what is lost)")


def blocks(where: list[Path], are_files: bool, since: datetime | None, until: datetime | None,
           missing: list[NotAllRead]) -> Iterator[Block]:
    """The blocks of files as they are given, or of all files of the logs at those paths.

    What ended before `since` holds nothing that is wanted; what is lost of a log is noted.
    """
    for path in where:
        if are_files:
            if files.holds_records(path):
                yield from blocks_of(path, missing)
        else:
            yield from _of_log(path, since, until, missing)


def _of_log(log: Path, since: datetime | None, until: datetime | None, missing: list[NotAllRead]) -> Iterator[Block]:
    try:
        # the open file is opened before all else: what is rotated away while others are read is still read
        segments, stream = files.at_one_moment(log)
    except OSError:  # of the open file: whoever reads it is told
        segments, stream = files.segments(log), None
    missing.extend(NotAllRead(f"{words}; the rest is still read") for words in gone(segments, since, until))
    with stream if stream is not None else nullcontext():
        for one in segments:
            if can_hold(one, since) and (path := one.file) is not None:
                yield from blocks_of(path, missing)
        if stream is not None or not segments or log.exists():
            yield from blocks_of(log, missing, stream)
