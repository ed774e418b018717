"""The files of a log: the open one, and what was rotated away from it, in order of time.

Edge.  A rotated file is named by the time of its rotation, in UTC, which sorts.  Of `decisions.jsonl`:

    decisions.jsonl                               open: all workers append to it
    decisions.jsonl.chains/                       where each chain ends
    decisions-2026-11-24T093000Z.jsonl            rotated away, until it is sealed and compressed
    decisions-2026-11-24T093000Z.jsonl.zst        sealed
    decisions-2026-11-24T093000Z.seal             its seal, which stays when the file is past retention
    decisions-2026-11-24T093000Z.idx              its index; made again where it is missing
    .decisions.jsonl.keep                         the lock of whoever rotates, seals and masks; when something is due
    .decisions.jsonl.seen                         the time last seen
"""

from __future__ import annotations

import errno
import gzip
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

SUFFIX, SEAL, INDEX = ".zst", ".seal", ".idx"
_STAMP = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Segment:
    """What was rotated away at one time, whatever is left of it."""

    log: Path
    stamp: str

    @property
    def name(self) -> str:
        return f"{self.log.stem}-{self.stamp}"

    @property
    def plain(self) -> Path:
        return self.log.with_name(self.name + self.log.suffix)

    @property
    def compressed(self) -> Path:
        return self.log.with_name(self.name + self.log.suffix + SUFFIX)

    @property
    def seal(self) -> Path:
        return self.log.with_name(self.name + SEAL)

    @property
    def index(self) -> Path:
        return self.log.with_name(self.name + INDEX)

    @property
    def rotated_at(self) -> datetime:
        return datetime.strptime(self.stamp, _STAMP).replace(tzinfo=UTC)

    @property
    def file(self) -> Path | None:
        """Where its records stand; the compressed file appears whole, so that it is as good as the plain one."""
        return next((path for path in (self.compressed, self.plain) if path.exists()), None)


def of(log: Path) -> list[Path]:
    """All files that hold records, the oldest first, the open one last."""
    rotated = [path for segment in segments(log) if (path := segment.file) is not None]
    return [*rotated, *([log] if not rotated or log.exists() else ())]


def segments(log: Path) -> list[Segment]:
    """All that was rotated away, the oldest first; with those of which the seal alone is left."""
    name = re.compile(re.escape(log.stem) + r"-([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z)"
                      + f"(?:{re.escape(log.suffix)}(?:{re.escape(SUFFIX)})?|{re.escape(SEAL)})")
    try:
        found = {match[1] for entry in os.listdir(log.parent) if (match := name.fullmatch(entry))}
    except FileNotFoundError:
        return []
    return [Segment(log, stamp) for stamp in sorted(found) if _is_time(stamp)]


def at_one_moment(log: Path) -> tuple[list[Segment], IO[bytes] | None]:
    """What was rotated away, and the open file, opened; no rotation came between the two.  Raises OSError."""
    while True:
        before = segments(log)
        try:
            stream: IO[bytes] | None = log.open("rb")
        except FileNotFoundError:
            stream = None
        if segments(log)[-1:] == before[-1:]:  # a new one is the last; the first may be removed meanwhile
            return before, stream
        if stream is not None:
            stream.close()


def now_at(path: Path) -> Path | None:
    """Where a file's records stand that is not at its path any more, since it was compressed; None where nowhere."""
    segment = segment_of(path)
    found = None if segment is None else segment.file
    return None if found == path else found


def segment_of(path: Path) -> Segment | None:
    """The segment that a file is of, by its name.

    >>> segment_of(Path("decisions-2026-11-24T093000Z.jsonl.zst")).log.name
    'decisions.jsonl'
    """
    match = re.fullmatch(r"(.+)-([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z)(|\.[^.]+)",
                         path.name.removesuffix(SUFFIX))
    if match is None or match[3] in (SEAL, INDEX) or not _is_time(match[2]):
        return None
    return Segment(path.with_name(match[1] + match[3]), match[2])


def holds_records(path: Path) -> bool:
    """Whether it may be a file of a log; what stands beside one is named with it where somebody writes `decisions-*`."""
    return path.suffix not in (SEAL, INDEX)


def next_segment(log: Path, now: datetime) -> Segment:
    """The segment that is rotated away now: its name sorts behind all others, whatever the clock did."""
    stamp = now.astimezone(UTC).strftime(_STAMP)
    known = segments(log)
    if known and known[-1].stamp >= stamp:
        stamp = (known[-1].rotated_at + timedelta(seconds=1)).strftime(_STAMP)
    return Segment(log, stamp)


def keep_state(log: Path) -> Path:
    return log.with_name(f".{log.name}.keep")


def seen(log: Path) -> Path:
    return log.with_name(f".{log.name}.seen")


def pieces(path: Path) -> Iterator[bytes]:
    """A plain file in pieces of whole lines; what has no newline at its end comes last.  Raises OSError.

    One that another program rotated and compressed (`.gz`) is read as well.
    """
    if path.suffix != ".gz":
        with path.open("rb") as stream:
            yield from pieces_of(stream)
        return
    try:
        with gzip.open(path) as stream:
            yield from pieces_of(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(errno.EIO, "it is no gzip file, or damaged, or cut short", str(path)) from error


def pieces_of(stream: IO[bytes] | gzip.GzipFile, size: int = 1 << 20) -> Iterator[bytes]:
    """The same of a file that is open."""
    rest = b""
    while data := stream.read(size):
        whole, newline, after = data.rpartition(b"\n")
        if newline:
            yield rest + whole + newline
            rest = after
        else:
            rest += data
    if rest:
        yield rest


def _is_time(stamp: str) -> bool:
    try:
        datetime.strptime(stamp, _STAMP)
    except ValueError:
        return False
    return True
