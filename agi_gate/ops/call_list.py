"""A list of numbers to be called, as it lies on disk -> the strings that a dialplan would pass.

Joint.  Nothing is corrected and nothing is left out but empty lines: what is no number is for the rules to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from agi_gate.feeds.files import FeedError, FeedFile, separator_of

_COLUMN = "number"
_BLANKS = " \t\r"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_call_list(path: str) -> tuple[str, list[str]]:
    """A list's name and its numbers as written: one a line, or the column `number` of a CSV.  Raises FeedError."""
    with FeedFile(path) as file:
        name, text = file.name, _decode(file.name, b"".join(file))
    lines = text.split("\n")  # not splitlines(): a stray form feed must not count as a line
    first = next((line.strip(_BLANKS) for line in lines if line.strip(_BLANKS)), None)
    if first is None:
        raise FeedError(f"{name}: is empty")
    separator = separator_of(first)
    header = [cell.strip().strip('"').lower() for cell in first.split(separator)]
    if _COLUMN in header:
        if header.count(_COLUMN) > 1:
            raise FeedError(f"{name}: column `{_COLUMN}` stands there twice")
        return name, list(_column(name, text.lstrip(_BLANKS + "\n"), separator, header.index(_COLUMN)))
    if len(header) > 1 and not any(character.isdigit() for character in first):
        raise FeedError(f"{name}: its first line looks like a header, and no column is `{_COLUMN}`; name the column "
                        "so, or write one number a line")
    return name, [number for line in lines if (number := line.strip(_BLANKS))]


def _decode(name: str, text: bytes) -> str:
    if text.startswith(_UTF_16):
        raise FeedError(f"{name}: is UTF-16; save it as UTF-8")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _column(name: str, text: str, separator: str, place: int) -> Iterator[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        next(reader)
        for cells in reader:
            number = cells[place].strip(_BLANKS) if len(cells) > place else ""
            # a row that says something of a number it does not name is decided, and denied, where people see it
            if number or any(cell.strip(_BLANKS) for cell in cells):
                yield number
    except csv.Error as error:
        raise FeedError(f"{name}: line {reader.line_num}: {error}") from error
