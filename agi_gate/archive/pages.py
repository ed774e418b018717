"""Pages of the store kept aside: what a load replaced (undo), and whole states (snapshots), in one framed format.

Edge, codec of one file.  A file that was cut or changed is known as such:

    b"agi-gate pages 1\\n"
    a page each: length of its key (4 bytes, little-endian like all that follows), length of the page (4), key, page
    the end: 0xffffffff (4), count of pages (8), CRC-32 of all pages with their lengths (4)

all of it zstd.  A page of no bytes is one that was not there.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import zstandard

from agi_gate.archive.folder import ArchiveError, appearing, explained, listing, remove

KeptPage = tuple[bytes, bytes]  # the key's suffix, the page
_MAGIC = b"agi-gate pages 1\n"
_LENGTHS, _END = struct.Struct("<II"), struct.Struct("<IQI")
_END_MARK = 0xFFFFFFFF
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,80}", re.ASCII)
# no key and no page comes near; a length that is damage must not ask for all the memory there is
_MAX_BYTES = 1 << 28
_PIECE_BYTES = 1 << 20


class Pages:
    """Files of pages by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self, id_: str) -> Iterator[Callable[[bytes, bytes], None]]:
        """A function that keeps one page, key and bytes; the file is there once the block has ended well.

        What was kept under that id is replaced.
        """
        compressor = zstandard.ZstdCompressor()
        with appearing(self._path(id_)) as stream, compressor.stream_writer(stream, closefd=False) as packed:
            packed.write(_MAGIC)
            count, checksum = 0, 0

            def keep(key: bytes, page: bytes) -> None:
                nonlocal count, checksum
                if max(len(key), len(page)) > _MAX_BYTES:
                    raise ArchiveError(f"a page of {len(page):,} bytes is none; it cannot be kept")
                frame = b"".join((_LENGTHS.pack(len(key), len(page)), key, page))
                checksum = crc32(frame, checksum)
                packed.write(frame)
                count += 1

            yield keep
            packed.write(_END.pack(_END_MARK, count, checksum))

    def keep(self, id_: str, pages: Iterable[KeptPage]) -> None:
        """Write pages as they come."""
        with self.writing(id_) as keep:
            for key, page in pages:
                keep(key, page)

    def read(self, id_: str) -> Iterator[KeptPage]:
        """The pages in their order.  Damage shows at the end at the latest: let nothing of them be seen before."""
        path = self._path(id_)
        with explained(path):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise ArchiveError(f"`{id_}` is not in the archive (`{path}`)") from None
        with file, explained(path):
            try:
                yield from _frames(file)
            except (_Damaged, zstandard.ZstdError) as error:
                raise ArchiveError(f"the archive's `{path}` is damaged or cut short; "
                                   "bring it back from where the archive is saved") from error

    def has(self, id_: str) -> bool:
        return self._path(id_).exists()

    def drop(self, id_: str) -> None:
        """Take it away, if it is there: the load it would undo never came to be."""
        remove(self._path(id_))

    def all(self) -> list[str]:
        """What is kept, the newest first."""
        return [path.stem for path in sorted(listing(self._folder, ".zst"), key=_written_at, reverse=True)]

    def _path(self, id_: str) -> Path:
        if not _ID.fullmatch(id_):
            raise ArchiveError(f"`{id_}` is no id; it has letters, digits, `.`, `_` and `-`")
        return self._folder / f"{id_}.zst"


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # another load has taken it away just now


class _Damaged(Exception):
    pass


def _frames(file: BinaryIO) -> Iterator[KeptPage]:
    stream = zstandard.ZstdDecompressor().stream_reader(file, read_size=_PIECE_BYTES, closefd=False)
    if _exactly(stream, len(_MAGIC)) != _MAGIC:
        raise _Damaged
    count, checksum = 0, 0
    while True:
        lengths = _exactly(stream, _LENGTHS.size)
        key_length, page_length = _LENGTHS.unpack(lengths)
        if key_length == _END_MARK:
            mark = lengths + _exactly(stream, _END.size - _LENGTHS.size)
            if _END.unpack(mark) != (_END_MARK, count, checksum) or stream.read(1):
                raise _Damaged
            return
        if max(key_length, page_length) > _MAX_BYTES:
            raise _Damaged
        body = _exactly(stream, key_length + page_length)
        checksum = crc32(body, crc32(lengths, checksum))
        count += 1
        yield body[:key_length], body[key_length:]


def _exactly(stream: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """That many bytes; zstd takes the end of a file that was cut for an ordinary end."""
    data = bytes(stream.read(size))
    if len(data) != size:
        raise _Damaged
    return data
