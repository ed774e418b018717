"""The files that come back from the registry, flagged or stripped: E.164 number -> enrolled.

Edge.  No official layout was found, so the reader is lenient where operators vary (BOM, UTF-8 or Latin-1, separator,
extra columns, CRLF) and strict on the rest.  Lines of the common shape are read by `registry_lines`, many at once; what
it leaves is read here, line by line, as any list is.
"""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers, number_of
from agi_gate.feeds.files import MAX_REJECTS, FeedError, FeedFile, Reject, separator_of
from agi_gate.feeds.registry_lines import NOT_READ, read_lines
from agi_gate.number import parse_listed

_MAX_LINE_BYTES = 1 << 20
_HEAD_BYTES = 1_000


@dataclass(slots=True)
class RegistryFeed:
    """One file of the registry.  Shapes: `numbers` (n,) ascending and distinct, `enrolled` (n,) of truth values."""

    name: str
    sha256: str
    numbers: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    enrolled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    rejects: list[Reject] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.numbers)


def read_registry(file: FeedFile, submitted: FeedFile | None = None,
                  progress: Callable[[int], object] = lambda raw_bytes: None) -> RegistryFeed:
    """Read a file that came back from the registry.  Raises FeedError.

    Flagged layout: `number,flag` a line, 1 = enrolled.  With `submitted`, the stripped layout of before 2022: the
    callable numbers alone, so those of the submitted file that are missing are enrolled.
    """
    feed = RegistryFeed(file.name, file.sha256())
    if submitted is None:
        _read_flagged(feed, file, progress)
    else:
        # the answer means something only beside the question
        feed.sha256 = hashlib.sha256(f"{file.sha256()} {submitted.sha256()}".encode()).hexdigest()
        _read_stripped(feed, _lines(b"".join(file)), submitted.name, _lines(b"".join(submitted)))
    return feed


def _chunks(file: FeedFile) -> Iterator[bytes]:
    """Whole lines, some MB at a time."""
    begun, is_first = b"", True
    for piece in file:
        if is_first and (b"\0" in piece[:_HEAD_BYTES] or piece.startswith((BOM_UTF16_LE, BOM_UTF16_BE))):
            raise FeedError(f"{file.name}: is UTF-16 or no text at all; save it as UTF-8")
        piece = begun + (piece.removeprefix(BOM_UTF8) if is_first else piece)
        is_first, end = False, piece.rfind(b"\n") + 1
        begun = piece[end:]
        if len(begun) > _MAX_LINE_BYTES:
            raise FeedError(f"{file.name}: has a line of over {_MAX_LINE_BYTES >> 20} MB; this is no list of numbers")
        if end:
            yield piece[:end]
    if begun:
        yield begun + b"\n"


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _italian(field_: str) -> str | None:
    number = parse_listed(field_.strip())
    return number if number is not None and number.startswith("+39") else None


def _read_flagged(feed: RegistryFeed, file: FeedFile, progress: Callable[[int], object]) -> None:
    keys: list[NDArray[np.int64]] = []  # a number and its flag in one integer: they are sorted together
    line_count, last_row, told = 0, 0, 0
    for chunk, separator in _with_separator(_chunks(file)):
        numbers, enrolled, starts = read_lines(chunk, separator.encode())
        read = numbers != NOT_READ
        keys.append(numbers[read] << 1 | enrolled[read])
        blank = set()
        for place in np.flatnonzero(~read).tolist():
            line = _line_at(chunk, int(starts[place]))
            result = _read_line(line, separator)
            if isinstance(result, str):
                _reject(feed, line_count + place + 1, result, line)
                if not line.strip():
                    blank.add(place)
            else:
                keys.append(np.array([result[0] << 1 | result[1]], np.int64))
        last = len(numbers) - 1
        while last in blank:
            last -= 1
        last_row = line_count + last + 1 if last >= 0 else last_row
        line_count += len(numbers)
        progress(file.bytes_read - told)
        told = file.bytes_read
    # empty lines at the end are no rows
    feed.rejects = [reject for reject in feed.rejects if reject.line <= last_row]
    if not last_row:
        raise FeedError(f"{feed.name}: is empty")
    rows = np.concatenate(keys)
    keys.clear()
    rows.sort()
    twice = (rows[1:] ^ rows[:-1]) == 1  # the same number with the other flag
    if twice.any():
        with FeedFile(file.path) as again:
            _reject_contradictions(feed, again, set((rows[1:][twice] >> 1).tolist()))
    enrolled = (rows & 1).astype(np.bool_)
    rows >>= 1
    # of a number that comes twice the last row is kept, which is the enrolled one where the flags differ
    last_of_number = np.append(rows[1:] != rows[:-1], True)[:len(rows)]
    feed.numbers, feed.enrolled = rows, enrolled
    if not last_of_number.all():
        feed.numbers, feed.enrolled = rows[last_of_number], enrolled[last_of_number]


def _with_separator(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, str]]:
    separator = None
    for chunk in chunks:
        separator = separator or separator_of(_line_at(chunk, 0))
        yield chunk, separator


def _line_at(chunk: bytes, start: int) -> str:
    return _decode(chunk[start:chunk.index(b"\n", start)]).rstrip("\r")


def _read_line(line: str, separator: str) -> tuple[int, bool] | str:
    """The number and whether it is enrolled, or why the line cannot be read."""
    fields = line.split(separator)
    number = _italian(fields[0])
    flag = fields[1].strip() if len(fields) > 1 else None
    if number is None:
        return f"`{fields[0]}` is not an Italian number" if line.strip() else "the line is empty"
    if flag is None:
        return "there is no flag; a stripped file needs --submitted FILE"
    if flag not in ("0", "1"):
        return f"`{flag}` is no flag; 1 is enrolled, 0 is callable"
    return number_of(number), flag == "1"


def _reject(feed: RegistryFeed, line: int, why: str, row: str) -> None:
    if len(feed.rejects) == MAX_REJECTS:
        raise FeedError(f"{feed.name}: over {MAX_REJECTS:,} rows cannot be read (the first: {feed.rejects[0].why}); "
                        "this is no answer of the registry", feed.rejects)
    feed.rejects.append(Reject(feed.name, line, why, row))


def _reject_contradictions(feed: RegistryFeed, file: FeedFile, twice: set[int]) -> None:
    """Name the lines that say otherwise than the ones before them; a second look, since few files have any."""
    wanted, said, line_count = np.array(sorted(twice), np.int64), dict[int, bool](), 0
    for chunk, separator in _with_separator(_chunks(file)):
        numbers, enrolled, starts = read_lines(chunk, separator.encode())
        for place in np.flatnonzero(np.isin(numbers, wanted) | (numbers == NOT_READ)).tolist():
            line = _line_at(chunk, int(starts[place]))
            result = _read_line(line, separator)
            if isinstance(result, str) or result[0] not in twice:
                continue
            number, flag = result
            if said.setdefault(number, flag) != flag:
                said[number] = True
                _reject(feed, line_count + place + 1, f"`{line.split(separator)[0]}` has both flags in this file; where "
                        "the rest is loaded it counts as enrolled", line)
        line_count += len(numbers)
    feed.rejects.sort(key=lambda reject: reject.line)


def _lines(text: bytes) -> list[tuple[int, str]]:
    """Numbered lines; empty ones at the end are no rows."""
    lines = _decode(text.removeprefix(BOM_UTF8)).rstrip("\r\n \t")
    # not splitlines(): a stray form feed must not count as a line
    return [(number, line.rstrip("\r")) for number, line in enumerate(lines.split("\n"), 1)] if lines else []


def _read_stripped(feed: RegistryFeed, lines: list[tuple[int, str]], submitted_name: str,
                   submitted: list[tuple[int, str]]) -> None:
    asked: set[str] = set()
    for line_number, line in submitted:
        number = _italian(line.split(separator_of(line))[0])
        if number is None:
            feed.rejects.append(Reject(submitted_name, line_number, f"`{line}` is not an Italian number", line))
        else:
            asked.add(number)
    if not asked:
        raise FeedError(f"{submitted_name}: holds no number")
    if any(field_.strip() in ("0", "1") for _, line in lines for field_ in line.split(separator_of(line))[1:2]):
        raise FeedError(f"{feed.name}: carries flags, so it is not stripped; load it without --submitted")
    callable_: set[str] = set()
    for line_number, line in lines:
        number = _italian(line.split(separator_of(line))[0])
        if number is None:
            feed.rejects.append(Reject(feed.name, line_number, f"`{line}` is not an Italian number", line))
        elif number not in asked:
            feed.rejects.append(
                Reject(feed.name, line_number, f"`{line}` was never submitted in {submitted_name}", line))
        else:
            callable_.add(number)
    feed.numbers = np.array(sorted(map(number_of, asked)), np.int64)
    feed.enrolled = ~np.isin(feed.numbers, np.array(sorted(map(number_of, callable_)), np.int64))

