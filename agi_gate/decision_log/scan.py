"""Lines of a log, by the piece: which of them are wanted, and which are no record.

Edge.  A piece is some megabyte of whole lines.  Most pieces are tidy, every line in them begins and ends as this
program writes one: there a text that must be in the line is looked for first, and only lines that have it are parsed.
"""

from __future__ import annotations

import gzip
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from agi_gate.decision_log.glance import text_of, words_on
from agi_gate.decision_log.wanted import Complain, Found, Hidden, Sought, Unread, key_of
from agi_gate.record import instant, parse

PIECE_BYTES = 1 << 20
# what has no newline for so long is damage
_LINE_BYTES = 1 << 24
_BEGINNING, _END, _MASKED = b'{"v":2,"chain":"', b"]}\n", b',"masked":["'
_TIMES = re.compile(rb'"at":"([0-9T:.-]{26}Z)","verdict":')
_SETTLED_S = 0.05
_BROKEN_TOLD = 10
Line = tuple[int, bytes]  # where in its piece it begins


class Scan:
    """One file being searched; it remembers what has to be told of it at its end."""

    def __init__(self, path: Path, sought: Sought, complain: Complain) -> None:
        self.path, self.sought, self.complain = path, sought, complain
        self._masked: Counter[str] = Counter()
        self._broken = 0
        self.known_broken: set[int] = set()  # lines that were told already, for the index knows them
        wanted = sought.wanted
        self._since, self._until = (at and instant(at).encode() for at in (wanted.since, wanted.until))

    def piece(self, data: bytes, lines_before: Callable[[], int], *, indexed: bool = False) -> list[Found]:
        """What is wanted of a piece's lines.  Of an `indexed` one it is known already which records are masked."""
        found: list[Found] = []
        tidy = indexed or _is_tidy(data) and not (self.sought.numbers and _MASKED in data)
        if tidy and not indexed and self._is_of_another_time(data):
            return found
        for start, line in self._candidates(data) if tidy else _lines(data):
            text = text_of(line)
            try:
                record = parse(text)
            except ValueError:
                number = lines_before() + data.count(b"\n", 0, start) + 1
                if text.strip() and number not in self.known_broken:
                    self.no_record(number, line)
                continue
            if not indexed and record["masked"]:
                self._masked[key_of((record["pseudonyms"] or {}).get("destination"))] += 1
            if self.sought.matches(record):
                found.append((text, record))
        return found

    def no_record(self, number: int, line: bytes) -> None:
        """Tell of a line; of many the first."""
        self._broken += 1
        if self._broken <= _BROKEN_TOLD:
            self.complain(f"line {number} of {self.path} {words_on(line)}; the rest is still read")
        elif self._broken == _BROKEN_TOLD + 1:
            self.complain(f"{self.path} has more such lines, which are not told one by one: see `agi-gate log verify`")

    def unread(self, why: str) -> None:
        self.complain(Unread(f"{self.path}: {why}"))

    def end(self, masked: dict[str, int] | None = None) -> None:
        """Say how many lines were no record, and which masked records a number could not be seen in."""
        if self._broken > _BROKEN_TOLD:
            self.complain(f"{self.path}: {self._broken:,} lines could not be read as records")
        for key, count in self.sought.misses(dict(self._masked) if masked is None else masked).items():
            masked_how = f"{self.path}: {count:,} record(s) are masked "
            self.complain(Hidden(
                f"{masked_how}with key `{key}`, which is not at hand: a number is not found in them; "
                "put it back into the file that [log] key names") if key else
                # what was dialled was no number, or there was no key then: no search will ever find one in them
                f"{masked_how}and have no pseudonym: a number is not found in them")

    def _candidates(self, data: bytes) -> Iterator[Line]:
        first, *others = self.sought.needles or [[]]
        for start, line in _lines_with(data, first) if first else _lines(data):
            if all(any(needle in line for needle in needles) for needles in others):
                yield start, line

    def _is_of_another_time(self, data: bytes) -> bool:
        if self._since is None and self._until is None:
            return False
        times = _TIMES.findall(data)
        return len(times) == data.count(b"\n") and (
            self._since is not None and max(times) < self._since or self._until is not None and min(times) >= self._until)


def pieces(stream: IO[bytes], *, backwards: bool = False) -> Iterator[tuple[bytes, Callable[[], int]]]:
    """A plain file's pieces, and how many lines are before each.  Raises OSError."""
    size = _settled_size(stream)
    for start, end in _bounds(stream, size, backwards):
        stream.seek(start)
        yield stream.read(end - start), lambda start=start: _count_lines(stream, start)  # type: ignore[misc]


def gzip_pieces(path: Path) -> Iterator[tuple[bytes, Callable[[], int]]]:
    """Those of a file that another program rotated and compressed.  Raises OSError, EOFError."""
    lines = 0
    with gzip.open(path) as stream:
        while data := stream.read(PIECE_BYTES) + stream.readline(_LINE_BYTES):
            yield data, lambda lines=lines: lines  # type: ignore[misc]
            lines += data.count(b"\n")


def _bounds(stream: IO[bytes], size: int, backwards: bool) -> Iterator[tuple[int, int]]:
    """Where pieces begin and end: at the ends of lines."""
    if not backwards:
        start = 0
        while start < size:
            end = _end_of_line(stream, start + PIECE_BYTES, size)
            yield start, end
            start = end
        return
    end = size
    while end > 0:
        step, start = PIECE_BYTES, end
        while start == end and step < _LINE_BYTES:  # a line may be longer than a piece
            start = 0 if end <= step else _end_of_line(stream, end - step, end)
            step *= 2
        yield (start if start < end else 0), end
        end = start if start < end else 0


def _end_of_line(stream: IO[bytes], place: int, size: int) -> int:
    """The end of the line that `place` is within."""
    if place >= size:
        return size
    stream.seek(place)
    return min(size, place + len(stream.readline(_LINE_BYTES)))


def _settled_size(stream: IO[bytes]) -> int:
    """A file's size; where its last line is being written just now, a moment later."""
    size = stream.seek(0, os.SEEK_END)
    if size:
        stream.seek(size - 1)
        if stream.read(1) != b"\n":
            time.sleep(_SETTLED_S)
            size = stream.seek(0, os.SEEK_END)
    return size


def _count_lines(stream: IO[bytes], end: int) -> int:
    """Lines before a place; where the stream is read from stays as it is."""
    return sum(os.pread(stream.fileno(), min(PIECE_BYTES, end - start), start).count(b"\n")
               for start in range(0, end, PIECE_BYTES))


def _is_tidy(data: bytes) -> bool:
    lines = data.count(b"\n")
    return (data.endswith(b"\n") and data.count(_END) == lines
            and data.count(b"\n" + _BEGINNING) + data.startswith(_BEGINNING) == lines)


def _lines(data: bytes) -> Iterator[Line]:
    start = 0
    for line in BytesIO(data):  # not splitlines(): it takes a carriage return for an end, too
        yield start, line
        start += len(line)


def _lines_with(data: bytes, needles: list[bytes]) -> Iterator[Line]:
    """Lines that hold one of these, in their order."""
    bounds = set()
    for needle in needles:
        place = data.find(needle)
        while place >= 0:
            end = data.find(b"\n", place) + 1 or len(data)
            bounds.add((data.rfind(b"\n", 0, place) + 1, end))
            place = data.find(needle, end)
    for start, end in sorted(bounds):
        yield start, data[start:end]
