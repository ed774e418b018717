"""A sealed file of the log, compressed: zstd frames of whole lines, each of which can be read alone.

Edge, codec of one file.  `zstd -dc` reads it as any other.  Behind the frames stands their table, in zstd's own seekable
format (a frame that decompressors skip); little-endian, 4 bytes each:

    0x184D2A5E, length of what follows
    a frame each: its size, its size once decompressed, its checksum (the low half of XXH64, as zstd ends a frame with it)
    count of frames, 1 byte 0x80 (there are checksums), 0x8F92EAB1

A file without that table, which some other program compressed, is read from its start to its end only.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import zstandard

from agi_gate.decision_log.files import SUFFIX as SUFFIX
from agi_gate.disk import replacing

# numbers of called people are in it, as in what it is made of
_MODE = 0o640
# one frame is what a search reads for one hit: 0.3 ms; with 4 MiB it saves nothing more
_FRAME_BYTES = 1 << 20
# the higher ones save no byte: half of a record is hashes and salt, which nothing compresses (measured: 1 to 15)
_LEVEL = 1
# no record comes near; what has no newline for so long is damage, and must not ask for all the memory there is
_LINE_BYTES = 1 << 24
_READ_BYTES = 1 << 16
_SKIPPABLE, _SEEKABLE, _WITH_CHECKSUMS = 0x184D2A5E, 0x8F92EAB1, 0x80
_HEAD, _ENTRY, _FOOT = struct.Struct("<II"), struct.Struct("<III"), struct.Struct("<IBI")


class SegmentError(Exception):
    """The file, or a part of it, is no whole zstd frame of lines; the message says what is the matter."""


@dataclass(frozen=True, slots=True)
class Frame:
    start: int
    size: int
    plain_size: int
    checksum: int


def compress(plain: Path, zst: Path) -> None:
    """Write `zst` with all that is in `plain`; it appears whole and synced, in place of what was there."""
    with plain.open("rb") as stream:
        write(iter(lambda: stream.readline(_LINE_BYTES), b""), zst, stat.S_IMODE(os.fstat(stream.fileno()).st_mode))


def write(lines: Iterable[bytes], zst: Path, mode: int = _MODE) -> None:
    """The same from lines, each with its newline."""
    with replacing(zst, mode) as stream:
        _write_frames(lines, stream)


def _write_frames(lines: Iterable[bytes], stream: BinaryIO) -> None:
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
    table = bytearray()
    for plain in _batches(lines):
        frame = compressor.compress(plain)
        stream.write(frame)
        table += _ENTRY.pack(len(frame), len(plain), int.from_bytes(frame[-4:], "little"))
    stream.write(_HEAD.pack(_SKIPPABLE, len(table) + _FOOT.size))
    stream.write(table)
    stream.write(_FOOT.pack(len(table) // _ENTRY.size, _WITH_CHECKSUMS, _SEEKABLE))


def _batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    batch, size = [], 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _FRAME_BYTES:
            yield b"".join(batch)
            batch, size = [], 0
    if batch:
        yield b"".join(batch)


class Segment:
    """An open file; `frames` is None where it has no table of them, and then only `pieces` reads it."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self._decompressor = zstandard.ZstdDecompressor()
        self._table = _table(self._stream)

    def __enter__(self) -> Segment:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @cached_property
    def frames(self) -> list[Frame] | None:
        if self._table is None:
            return None
        entries = list(_ENTRY.iter_unpack(self._table))
        starts = accumulate((size for size, _, _ in entries), initial=0)
        return [Frame(start, *entry) for start, entry in zip(starts, entries)]

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the table: the file's size and a checksum of each frame are in it, so another content has another."""
        return hashlib.sha256(self._table or b"").digest()

    def read(self, number: int) -> bytes:
        """One frame's lines.  Raises SegmentError."""
        assert self.frames is not None
        frame = self.frames[number]
        self._stream.seek(frame.start)
        data = self._stream.read(frame.size)
        try:
            # the frame's own word on its size is believed only where the table has it, too: so much memory is asked for
            if (int.from_bytes(data[-4:], "little") == frame.checksum and frame.plain_size <= _FRAME_BYTES + _LINE_BYTES
                    and zstandard.frame_content_size(data) == frame.plain_size):
                # it compares the checksum; nothing may stand behind the frame, where `zstd -dc` would read on
                plain = self._decompressor.decompress(data, allow_extra_data=False)
                if len(plain) == frame.plain_size:
                    return plain
        except zstandard.ZstdError:
            pass
        raise SegmentError(f"frame {number + 1} of {len(self.frames)} is damaged; its records cannot be read")

    def pieces(self, complain: Callable[[SegmentError], None]) -> Iterator[bytes]:
        """All of it, in pieces of whole lines.  What cannot be read is told to `complain`, and the rest is read."""
        if self.frames is None:
            yield from self._streamed(complain)
            return
        for number in range(len(self.frames)):
            try:
                yield self.read(number)
            except SegmentError as error:
                complain(error)

    def _streamed(self, complain: Callable[[SegmentError], None]) -> Iterator[bytes]:
        self._stream.seek(0)
        rest = b""
        try:
            for plain in self._plain():
                whole, newline, after = (rest + plain).rpartition(b"\n")
                if newline:
                    yield whole + newline
                rest = after
                if len(rest) > _LINE_BYTES:
                    raise SegmentError("it has a line without an end")
        except zstandard.ZstdError:
            complain(SegmentError("it is damaged, or no zstd; what is behind that cannot be read"))
        except SegmentError as error:
            complain(error)
        if rest:
            yield rest

    def _plain(self) -> Iterator[bytes]:
        # not zstandard's stream reader: it takes the end of a file that was cut for an ordinary end
        data = self._stream.read(_READ_BYTES)
        while data:
            frame = self._decompressor.decompressobj()
            while data:
                yield frame.decompress(data)
                if frame.eof:
                    break
                data = self._stream.read(_READ_BYTES)
            if not frame.eof:
                raise SegmentError("it is cut short; what came behind that is missing")
            data = frame.unused_data or self._stream.read(_READ_BYTES)


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a compressed file, each with its newline.  Raises SegmentError at what cannot be read."""
    def refuse(error: SegmentError) -> None:
        raise error
    with Segment(path) as segment:
        for piece in segment.pieces(refuse):
            yield from io.BytesIO(piece)  # not splitlines(): it takes a carriage return for an end, too


def _table(stream: BinaryIO) -> bytes | None:
    """The table's entries, where there is a table and it is of this very file."""
    size = stream.seek(0, os.SEEK_END)
    if size < _HEAD.size + _FOOT.size:
        return None
    stream.seek(size - _FOOT.size)
    count, descriptor, mark = _FOOT.unpack(stream.read(_FOOT.size))
    whole = _HEAD.size + count * _ENTRY.size + _FOOT.size
    if mark != _SEEKABLE or descriptor != _WITH_CHECKSUMS or whole > size:
        return None
    stream.seek(size - whole)
    if _HEAD.unpack(stream.read(_HEAD.size)) != (_SKIPPABLE, whole - _HEAD.size):
        return None
    table = stream.read(count * _ENTRY.size)
    return table if sum(entry[0] for entry in _ENTRY.iter_unpack(table)) + whole == size else None
