"""The archived feeds: each file's very bytes, kept once under their SHA-256, and proven by it whenever they are read.

Edge.  Files of some hundred MB pass through in pieces.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import zstandard

from agi_gate.archive.folder import ArchiveError, appearing, explained, listing, remove

_PIECE_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Feeds:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, source: Path | bytes, sha256: str) -> None:
        """Keep a file as it lies on disk, compressed.  Keeping it again does nothing.

        `sha256` is that of the bytes which were loaded: a source that says otherwise by now is refused, for a receipt
        must lead to what was loaded.  A kept copy that is damaged is replaced.
        """
        path = self._path(sha256)
        if self.is_whole(sha256):
            return
        compressor = zstandard.ZstdCompressor()
        digest = hashlib.sha256()
        with appearing(path) as stream, compressor.stream_writer(stream, closefd=False) as packed:
            for piece in _pieces(source):
                digest.update(piece)
                packed.write(piece)
            if digest.hexdigest() != sha256:
                name = f"`{source}`" if isinstance(source, Path) else "the feed"
                raise ArchiveError(f"{name} was written to since it was read; load it again")

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of a kept feed; they are proven at the end of the stream alone, so read to the end before use.

        Reading raises ArchiveError where they are damaged.
        """
        path = self._path(sha256)
        with explained(path):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                raise ArchiveError(f"feed `{sha256}` is not in the archive (`{path}`); "
                                   "bring it back from where the archive is saved") from None
        return io.BufferedReader(_Proven(path, file, sha256), _PIECE_BYTES)

    def is_whole(self, sha256: str) -> bool:
        """Say whether a feed is kept, and undamaged: all of it is read."""
        if not self._path(sha256).exists():
            return False
        try:
            with self.open(sha256) as stream:
                while stream.read(_PIECE_BYTES):
                    pass
        except ArchiveError:
            return False
        return True

    def has(self, sha256: str) -> bool:
        """Say whether a feed is kept, unread."""
        return self._path(sha256).exists()

    def all(self) -> list[str]:
        """The SHA-256 of each feed that is kept."""
        return [path.stem for path in listing(self._folder, ".zst")]

    def kept_at(self, sha256: str) -> datetime:
        path = self._path(sha256)
        with explained(path):
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def drop(self, sha256: str) -> None:
        """Take a feed away, if it is there: no receipt that stays may speak of it."""
        remove(self._path(sha256))

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ArchiveError(f"`{sha256}` is no SHA-256; it has 64 digits, 0 to 9 and a to f")
        return self._folder / f"{sha256}.zst"


def _pieces(source: Path | bytes) -> Iterator[bytes | memoryview]:
    if isinstance(source, bytes):
        whole = memoryview(source)
        yield from (whole[start:start + _PIECE_BYTES] for start in range(0, len(whole), _PIECE_BYTES))
        return
    try:
        with source.open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        raise ArchiveError(f"`{source}` cannot be read again for the archive: {error.strerror}") from error


class _Proven(io.RawIOBase):
    """What a kept file unpacks to; the end is reached only where all of it has the hash that it is named by."""

    def __init__(self, path: Path, file: BinaryIO, sha256: str) -> None:
        self._path, self._file, self._sha256 = path, file, sha256
        self._unpacked = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader passes nothing else
        with explained(self._path):
            try:
                size = self._unpacked.readinto(buffer)
            except zstandard.ZstdError as error:
                raise self._damaged() from error
        self._digest.update(buffer[:size])
        if size == 0 and len(buffer) and self._digest.hexdigest() != self._sha256:
            raise self._damaged()
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _damaged(self) -> ArchiveError:
        return ArchiveError(f"the archive's `{self._path}` is damaged: it is not what its name says; "
                            "bring it back from where the archive is saved")
