"""A file's bytes -> whole lines, some MB at a time, each with `\\n` at its end however the file ends its lines.

Edge.  `\\n`, `\\r\\n` and `\\r` are line ends, mixed in one file, too; nothing else is.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator

from agi_gate.feeds.files import SEPARATORS, FeedError, FeedFile

_MAX_LINE_BYTES = 1 << 20
_HEAD_BYTES = 1_000
_NAMED_SEPARATOR = re.compile('"?sep=(.)"?', re.IGNORECASE)
# a sheet holds no more: the rows that it could not take are missing from what it saved
_SHEET_ROWS = (65_536, 1_048_576)


class Lines:
    """The lines of a file, read once.  Raises FeedError.  `is_ended`: whether the last line has an end, once read."""

    def __init__(self, file: FeedFile) -> None:
        self._file = file
        self.is_ended = True

    def __iter__(self) -> Iterator[bytes]:
        name, left, is_first = self._file.name, b"", True
        for piece in self._file:
            if is_first and (b"\0" in piece[:_HEAD_BYTES] or piece.startswith((BOM_UTF16_LE, BOM_UTF16_BE))):
                raise FeedError(f"{name}: is UTF-16 or no text at all; save it as UTF-8")
            piece = left + (piece.removeprefix(BOM_UTF8) if is_first else piece)
            is_first, held = False, b""
            if piece.endswith(b"\r"):  # the half of a line end, perhaps
                piece, held = piece[:-1], b"\r"
            piece = with_plain_ends(piece)
            end = piece.rfind(b"\n") + 1
            left = piece[end:] + held
            if len(left) > _MAX_LINE_BYTES:
                raise FeedError(f"{name}: has a line of over {_MAX_LINE_BYTES >> 20} MB; this is no list of numbers")
            if end:
                yield piece[:end]
        if left:
            self.is_ended = left.endswith(b"\r")
            yield left.removesuffix(b"\r") + b"\n"


def with_plain_ends(text: bytes) -> bytes:
    """The same with `\\n` for `\\r\\n` and `\\r`."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def named_separator(name: str, line: str) -> str | None:
    """What a first line `sep=;` names, which Excel writes and reads; None where it is no such line.  Raises FeedError."""
    named = _NAMED_SEPARATOR.fullmatch(line.strip(" \r\n"))
    if named is not None and named[1] not in SEPARATORS:
        raise FeedError(f"{name}: line 1 says that `{named[1]}` parts the columns; save it with , or ; or TAB between them")
    return named[1] if named else None


def shape_notices(name: str, rows: int, is_ended: bool) -> Iterator[str]:
    """What of a file's shape says that rows may be missing; a header is no row."""
    if not is_ended:
        yield (f"{name}: its last line has no line end, as of a file that was cut short; see whether its last row is the last "
               "of the list")
    for most in _SHEET_ROWS:
        if rows in (most - 1, most):
            yield (f"{name}: has {rows:,} rows, as many as a spreadsheet holds; rows may have been left out when it was saved: "
                   "compare with the list that it was made of")
