"""The index of one sealed segment: which of its frames can hold a number, a time, a decision, a campaign, a reason.

Edge, codec of one file, `decisions-….idx` beside `decisions-….jsonl.zst`.  It only ever says where to look: whatever it
says, the records there are read and compared.  It is tied to its segment by the segment's digest and to itself by a
checksum; one that is missing, damaged or another's is made anew from the segment.

Numbers are in it as the first 4 bytes of SHA-256 of what stands in the record: the E.164 number, or the pseudonym once
the record is masked.  Sorted arrays and no database: 6 bytes a record (SQLite: 12 to 16), made in a seventh of the
time, and damage is known for what it is; over 10 million records both answer in some 10 ms.

    b"agi-gate index 1 <byte order>\\n", length of the header (4 bytes), the header (JSON)
    a frame each, in columns: first and last time (us since 1970), first and last id's time (ms), lines before it
    a number and frame each, in columns: 4 bytes of hash, sorted; the frame (2 or 4 bytes)
    CRC-32 of all that (4)
"""

from __future__ import annotations

import fcntl
import json
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from agi_gate.decision_log.indexing import ALL_TIME, MAGIC, NAMED, Builder, hash_of, made_ms, microseconds
from agi_gate.decision_log.segment import Segment, SegmentError
from agi_gate.disk import belong

__all__ = ("NAMED", "Index", "NoIndex", "build", "load", "path_of", "renew")
SUFFIX = ".idx"
_MODE = 0o640
_ID_DIGITS = 12  # of an id, hex: the milliseconds since 1970 when it was made


class NoIndex(Exception):
    """There is none, or it is damaged or of another segment; the message says which."""


@dataclass(frozen=True, slots=True)
class Index:
    """What was read from one file; sets of frames are the bits of an int."""

    header: Mapping[str, Any]
    first_at: memoryview
    last_at: memoryview
    first_id: memoryview
    last_id: memoryview
    lines_before: memoryview
    hashes: memoryview
    frames: memoryview

    @property
    def broken(self) -> list[int]:
        """Lines that are no record, the first of them: counted from 1."""
        return list(self.header["broken"])

    @property
    def damaged(self) -> int:
        """Frames that could not be read when the index was made."""
        return sum(1 << frame for frame in self.header["damaged"])

    @property
    def masked(self) -> Mapping[str, int]:
        """Id of a key -> masked records whose pseudonym it made; "" of those that have none."""
        return dict(self.header["masked"])

    def is_whole(self, frames: int) -> bool:
        """Whether it is of so many frames, and holds what is asked of it.  May raise what a value of another kind raises."""
        names = self.header["names"]
        bits = [self.damaged, *(int(text, 16) for kind in NAMED if names[kind] is not None for text in names[kind].values())]
        lines = self.broken + [count for key, count in self.masked.items() if isinstance(key, str)]
        return (all(len(column) == frames for column in (self.first_at, self.last_at, self.first_id, self.last_id,
                                                         self.lines_before))
                and len(self.hashes) == len(self.frames) and max(self.frames, default=0) < max(frames, 1)
                and all(0 <= one < 1 << frames for one in bits) and all(type(line) is int for line in lines))

    def all(self) -> int:
        return (1 << len(self.first_at)) - 1

    def with_number(self, texts: Iterable[str]) -> int:
        """Frames that can hold a record with one of these E.164 numbers or pseudonyms."""
        found = 0
        for sought in {hash_of(text.encode()) for text in texts}:
            place = bisect_left(self.hashes, sought)
            while place < len(self.hashes) and self.hashes[place] == sought:
                found |= 1 << self.frames[place]
                place += 1
        return found

    def with_name(self, kind: str, name: str) -> int:
        """Frames with a record of that campaign, controller, reason or verdict."""
        names = self.header["names"][kind]
        return self.all() if names is None else int(names.get(name, "0"), 16)

    def between(self, since: datetime | None, until: datetime | None) -> int:
        """Frames that can hold a record of that time; `until` itself is not meant."""
        since_us = ALL_TIME[0] if since is None else microseconds(since)
        until_us = ALL_TIME[1] if until is None else microseconds(until)
        return sum(1 << frame for frame, (first, last) in enumerate(zip(self.first_at, self.last_at, strict=True))
                   if first < until_us and last >= since_us)

    def with_decision(self, id_: str) -> int:
        """Frames that can hold a decision: its id begins with the time when it was made."""
        made = made_ms(id_.encode("utf-8", "surrogatepass"))
        return sum(1 << frame for frame, (first, last) in enumerate(zip(self.first_id, self.last_id, strict=True))
                   if first <= (ALL_TIME[1] if made is None else made) <= last)

    def with_decision_prefix(self, prefix: str) -> int:
        """The same for the beginning of an id, which is a span of time."""
        digits = prefix.partition("-")[0][:_ID_DIGITS]
        try:
            begun, ended = (int(digits.ljust(_ID_DIGITS, fill), 16) for fill in "0f")
        except ValueError:
            begun = ended = ALL_TIME[1]
        return sum(1 << frame for frame, (first, last) in enumerate(zip(self.first_id, self.last_id, strict=True))
                   if first <= ended and begun <= last)


def path_of(zst: Path) -> Path:
    """
    >>> path_of(Path("decisions-2026-11-24T093000Z.jsonl.zst")).name
    'decisions-2026-11-24T093000Z.idx'
    """
    return zst.with_suffix("").with_suffix(SUFFIX)


def build(zst: Path) -> None:
    """Write the index of a segment, in place of an old one.  Raises SegmentError where it has no table of frames."""
    with Segment(zst) as segment:
        _write(path_of(zst), made(segment))


def load(zst: Path, segment: Segment) -> Index:
    """Read the index of an open segment.  Raises NoIndex."""
    try:
        data = path_of(zst).read_bytes()
    except FileNotFoundError:
        raise NoIndex("is missing") from None
    except OSError as error:
        raise NoIndex(f"cannot be read ({error.strerror})") from error
    return read(data, segment)


def renew(zst: Path, segment: Segment) -> Index:
    """Make the index anew, and keep it if the folder lets it be kept."""
    data = made(segment)
    try:
        _write(path_of(zst), data)
    except OSError:
        pass  # who may only read the log searches all the same; it takes longer
    return read(data, segment)


def read(data: bytes, segment: Segment) -> Index:
    view = memoryview(data)
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + 8:
        raise NoIndex("is no index of this version")
    if crc32(view[:-4]) != int.from_bytes(data[-4:], "little"):
        raise NoIndex("is damaged")
    start = len(MAGIC) + 4
    end = start + int.from_bytes(data[start - 4:start], "little")
    try:
        header = json.loads(data[start:end])
        if header["segment"] != segment.digest.hex():
            raise NoIndex("is of another content than the segment's")
        columns, frames, pairs = [], header["frames"], header["pairs"]
        for code, count in (*((code, frames) for code in "qqqqI"), ("I", pairs), (header["frame_code"], pairs)):
            length = count * array(code).itemsize
            columns.append(view[end:end + length].cast(code))
            end += length
        known = Index(header, *columns)
        is_fine = known.is_whole(len(segment.frames or ()))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise NoIndex("is damaged") from error
    if not is_fine:
        raise NoIndex("is damaged")
    return known


def made(segment: Segment) -> bytes:
    """The index of a segment.  What is damaged in it is left out: whoever reads that is told so by the segment."""
    if segment.frames is None:
        raise SegmentError("it has no table of its frames")
    builder = Builder()
    for number in range(len(segment.frames)):
        try:
            builder.add(segment.read(number))
        except SegmentError:
            builder.add(None)
    return builder.finished(segment.digest)


def _write(path: Path, data: bytes) -> None:
    """The file appears whole.  Where another process is about it just now, it is left to that one."""
    partial = path.with_name(f".{path.name}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE), "wb") as stream:
        belong(stream.fileno(), path.parent)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(partial).st_ino != os.fstat(stream.fileno()).st_ino:
                return
        except (BlockingIOError, FileNotFoundError):
            return
        stream.truncate()
        stream.write(data)
        stream.flush()
        os.replace(partial, path)
