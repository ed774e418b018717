"""A file as it lies on disk -> its unpacked bytes, and what can be wrong with it as a whole.

Edge.  Unpacks `.gz` and `.zip` within bounds and piece by piece, so that no file is in memory as a whole; knows nothing
of columns.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import stat
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from agi_gate.feeds.no_list import PEEK_BYTES, what_it_is

# 31 million contacts are some 3 GB of text; a file that unpacks to more is no list
MAX_BYTES = 4 << 30
# the emptiest lists pack to a 90th; what packs better says the same all over, and is there to fill the memory
MAX_RATIO = 100
_UNPACKED_ANYWAY = 32 << 20
CHUNK_BYTES = 8 << 20
MAX_REJECTS = 1_000_000  # a wrong file, of which nobody mends the rows
SEPARATORS = (",", ";", "\t")
# RuntimeError: locked, or packed in a way that zipfile does not know
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Reject:
    file: str  # the feed's name, or that of the submitted file
    line: int  # 0: it is not known
    why: str
    cells: Sequence[str]


class FeedError(Exception):
    """The file as a whole cannot be used; nothing of it was.  `rejects`: the rows that led to that, if they did.

    `header` and `separator` are those of the file, for who writes the rejects down.
    """

    def __init__(self, why: str, rejects: Sequence[Reject] = (), header: Sequence[str] = (), separator: str = ",") -> None:
        super().__init__(why)
        self.rejects, self.header, self.separator = list(rejects), tuple(header), separator


class _Stream(Protocol):
    """Bytes of which the first can be looked at: a file's, or those that it unpacks to."""

    def read(self, size: int, /) -> bytes: ...

    def peek(self, size: int, /) -> bytes: ...


class FeedFile:
    """A file of ops, read once from begin to end: unpacked, bounded, known by the hash of its bytes as they lie there.

    `-` is stdin.  What is no regular file (stdin, a pipe) is spooled first: `path` always names something that can be
    read again until `close`, which deletes the spool.  `sha256`, `raw_size` and `bytes_read` speak of raw bytes, what
    `read` and iteration give is unpacked.  Everything raises FeedError.

        with FeedFile(path) as file:
            for piece in file:  # of some CHUNK_BYTES
                ...
                show(file.bytes_read, file.raw_size)
    """

    def __init__(self, path: str, name: str | None = None) -> None:
        self.name = name or ("stdin" if path == "-" else Path(path).name)
        self._open = contextlib.ExitStack()
        self._unpacked_bytes, self._is_packed = 0, False
        try:
            self._raw, self.path = self._opened(path)
            self._as_it_was = self._state()
            self.raw_size = self._as_it_was[0]
            # ahead of unpacking: a zip is not read in the order of its bytes
            self._sha256 = hashlib.file_digest(self._raw, "sha256").hexdigest()  # type: ignore[arg-type]
            self._raw.seek(0)
        except OSError as error:
            self._open.close()
            raise FeedError(f"`{path}` cannot be read: {error.strerror}") from error
        except FeedError:
            self._open.close()
            raise
        try:
            self._stream = self._unpacked()
            self._refuse_no_list(self._stream.peek(PEEK_BYTES)[:PEEK_BYTES])
        except _DAMAGED as error:
            self._open.close()
            raise _damaged(self.name, error) from error
        except FeedError:
            self._open.close()
            raise

    def __enter__(self) -> FeedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def sha256(self) -> str:
        return self._sha256

    @property
    def bytes_read(self) -> int:
        """How far in the raw file the reading has come."""
        return min(self._raw.tell(), self.raw_size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """The next unpacked bytes, at most `size`; empty at the end."""
        try:
            piece = self._stream.read(min(size, self._most_bytes() + 1 - self._unpacked_bytes))
        except _DAMAGED as error:
            raise _damaged(self.name, error) from error
        self._unpacked_bytes += len(piece)
        if self._unpacked_bytes > self._most_bytes():
            raise _too_much(self.name, self._most_bytes())
        if not piece:
            if self._state() != self._as_it_was:
                raise FeedError(f"{self.name}: was written to while it was read; wait until it is complete")
            self._raw.seek(0, os.SEEK_END)  # a zip ends with more than its member
        return piece

    def _opened(self, path: str) -> tuple[IO[bytes], str]:
        if path == "-" and sys.stdin is None:  # `<&-`
            raise FeedError("stdin is closed; name a file, or give the list to stdin")
        source = sys.stdin.buffer if path == "-" else self._open.enter_context(Path(path).open("rb"))
        if path != "-" and stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            return source, path
        spool = self._open.enter_context(tempfile.NamedTemporaryFile(prefix="agi-gate-"))
        size = 0
        while piece := source.read(CHUNK_BYTES):
            size += len(piece)
            if size > MAX_BYTES:
                raise _too_much(self.name, MAX_BYTES)
            spool.write(piece)
        spool.flush()
        spool.seek(0)
        return spool.file, spool.name

    def _state(self) -> tuple[int, int]:
        state = os.fstat(self._raw.fileno())
        return state.st_size, state.st_mtime_ns

    def _is_zip(self) -> bool:
        found = zipfile.is_zipfile(self._raw)
        self._raw.seek(0)
        return found

    def _most_bytes(self) -> int:
        return min(MAX_BYTES, _UNPACKED_ANYWAY + MAX_RATIO * self.raw_size) if self._is_packed else MAX_BYTES

    def _unpacked(self) -> _Stream:
        begin = self._raw.read(PEEK_BYTES)
        self._raw.seek(0)
        is_gzip = begin[:2] == b"\x1f\x8b"
        # the archive keeps a file's bytes and not its name, and a zip is one by its end: something may stand before it
        if begin.startswith(b"PK\x03\x04") or self.name.lower().endswith(".zip") or (not is_gzip and self._is_zip()):
            archive = self._open.enter_context(zipfile.ZipFile(self._raw))
            self._refuse_no_list(begin, archive.namelist())
            self._is_packed = True
            return cast(_Stream, self._open.enter_context(archive.open(_only_member(self.name, archive))))
        if is_gzip or self.name.lower().endswith(".gz"):
            packed = gzip.GzipFile(fileobj=self._raw, mode="rb")
            self._open.callback(packed.close)
            self._is_packed = True
            return packed
        return cast(_Stream, self._raw)  # it is buffered

    def _refuse_no_list(self, begin: bytes, members: Sequence[str] = ()) -> None:
        if what := what_it_is(begin, members):
            raise FeedError(f"{self.name}: {what}")


def _only_member(name: str, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir() and not _is_hidden(member.filename)]
    if len(members) != 1:
        raise FeedError(f"{name}: holds {len(members)} files; it must hold one list")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks the others whole, however much that is
        raise FeedError(f"{name}: is packed in an unusual way; pack it as a plain zip")
    if members[0].flag_bits & 1:
        raise FeedError(f"{name}: is encrypted; unpack it with its password and load what was in it")
    return members[0]


def _is_hidden(member: str) -> bool:
    """What a Mac adds to a zip, unseen by who packs it."""
    folders, _, base = member.rpartition("/")
    return folders.split("/")[0] == "__MACOSX" or base == ".DS_Store" or base.startswith("._")


def _damaged(name: str, error: Exception) -> FeedError:
    return FeedError(f"{name}: is cut short, locked or not what its name says ({error}); ask for it again")


def _too_much(name: str, most_bytes: int) -> FeedError:
    return FeedError(f"{name}: holds over {most_bytes >> 20:,} MB of text, more than any list of numbers; if it is one, split it")


def separator_of(line: str) -> str:
    """The separator that comes first: an extra column may hold the others."""
    return min((separator for separator in SEPARATORS if separator in line), key=line.index, default=SEPARATORS[0])
