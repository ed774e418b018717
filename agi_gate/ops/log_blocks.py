"""Decision logs as blocks of whole lines, in order, for work that is shared out to processes.

Joint.  What cannot be read is noted, and the rest is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agi_gate.decision_log import files
from agi_gate.decision_log.sealing import SealError
from agi_gate.decision_log.sealing import read as read_seal
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


def blocks_of(path: Path, missing: list[NotAllRead]) -> Iterator[Block]:
    """A file's blocks; compressed or plain."""
    try:
        if path.suffix == SUFFIX:
            with Segment(path) as segment:
                for piece in segment.pieces(lambda error: missing.append(_damaged(path, error))):
                    yield Block(path, piece)
        else:
            for piece in files.pieces(path):
                yield Block(path, piece)
    except OSError as error:
        missing.append(NotAllRead(f"{path} cannot be read: {error.strerror}; the rest is still read", True))


def _damaged(path: Path, error: SegmentError) -> NotAllRead:
    return NotAllRead(f"{path}: {error}; the rest is still read (agi-gate log verify says what is lost)")


def blocks(where: list[Path], are_files: bool, since: datetime | None, until: datetime | None,
           missing: list[NotAllRead]) -> Iterator[Block]:
    """The blocks of files as they are given, or of all files of the logs at those paths.

    What was rotated away before `since` holds nothing that is wanted; what is lost of a log is noted.
    """
    for path in where:
        if are_files:
            yield from blocks_of(path, missing)
            continue
        for one in files.segments(path):
            if since is not None and one.rotated_at < since:
                continue
            if one.file is not None:
                yield from blocks_of(one.file, missing)
            elif not _was_removed(one):
                missing.append(NotAllRead(f"{one.compressed} is missing; the rest is still read"))
        if path.exists() or not files.segments(path):
            yield from blocks_of(path, missing)


def _was_removed(one: files.Segment) -> bool:
    try:
        return read_seal(one.seal).was_removed
    except (SealError, FileNotFoundError):
        return False
