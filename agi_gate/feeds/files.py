"""A file as it lies on disk -> its text, and what can be wrong with it as a whole.

Edge.  Unpacks `.gz` and `.zip` within bounds; knows nothing of columns.
"""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

# a registry of 31 million numbers is some 430 MB of text; a file that unpacks to more is no list
MAX_BYTES = 1 << 30
_SEPARATORS = (",", ";", "\t")


class FeedError(Exception):
    """The file as a whole cannot be used; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Reject:
    file: str  # the feed's name, or that of the submitted file
    line: int
    why: str
    row: str


def read_bytes(path: str) -> tuple[str, bytes]:
    """A file's name and its content as it lies there; `-` is stdin.  Raises FeedError."""
    try:
        return ("stdin", sys.stdin.buffer.read()) if path == "-" else (Path(path).name, Path(path).read_bytes())
    except OSError as error:
        raise FeedError(f"`{path}` cannot be read: {error.strerror}") from error


def unpack(name: str, data: bytes) -> bytes:
    """The text in a file: of a `.zip` its one member, of a `.gz` its content.  Raises FeedError."""
    try:
        if data[:4] == b"PK\x03\x04" or name.endswith(".zip"):
            return _unzip(name, data)
        if data[:2] == b"\x1f\x8b" or name.endswith(".gz"):
            with gzip.open(io.BytesIO(data)) as stream:
                return _bounded(name, stream.read(MAX_BYTES + 1))
        return _bounded(name, data)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
            RuntimeError) as error:  # RuntimeError: locked, or packed in a way that zipfile does not know
        raise FeedError(f"{name}: is cut short, locked or not what its name says ({error}); ask for it again") from error


def _unzip(name: str, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise FeedError(f"{name}: holds {len(members)} files; it must hold one list")
        if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # zipfile unpacks the others whole, however much that is
            raise FeedError(f"{name}: is packed in an unusual way; pack it as a plain zip")
        with archive.open(members[0]) as stream:
            return _bounded(name, stream.read(min(members[0].file_size, MAX_BYTES) + 1))


def _bounded(name: str, text: bytes) -> bytes:
    if len(text) > MAX_BYTES:
        raise FeedError(f"{name}: holds over {MAX_BYTES >> 20} MB of text, more than any list of numbers")
    return text


def separator_of(line: str) -> str:
    """The separator that comes first: an extra column may hold the others."""
    return min((separator for separator in _SEPARATORS if separator in line), key=line.index, default=_SEPARATORS[0])
