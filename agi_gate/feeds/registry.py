"""The files that come back from the registry, flagged or stripped: E.164 number -> enrolled.

Edge.  No official layout was found, so the reader is lenient where operators vary (BOM, UTF-8 or Latin-1, separator,
extra columns, line ends) and strict on the rest.  Lines of the common shape are read by `registry_lines`, many at once;
what it leaves is read here, line by line, as any list is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers, number_of
from agi_gate.feeds.doubts import Doubts
from agi_gate.feeds.files import MAX_REJECTS, FeedError, FeedFile, Reject, separator_of
from agi_gate.feeds.layouts import Keep, shown
from agi_gate.feeds.lines import shape_notices
from agi_gate.feeds.registry_lines import CLEAR, ENROLLED, NO_FLAG, NOT_READ, Block, Blocks
from agi_gate.number import is_a_persons_italian, read_listed
from agi_gate.spelling import NotOneNumber

Progress = Callable[[int], object]
_Line = tuple[int, int]  # a number and its flag
# the registry holds landlines of 12 digits, too: no call has such a number, and one must not refuse an answer of millions
_LONGEST = re.compile(r"(?:\+39|0039)?(0[1-9][0-9]{10})", re.ASCII)
_FLAGS = {"0": CLEAR, "1": ENROLLED}


@dataclass(slots=True)
class RegistryFeed:
    """One file of the registry.  Shapes: `numbers` (n,) ascending and distinct, `enrolled` (n,) of truth values.

    `doubts` are of the file, then of what was submitted.
    """

    name: str
    sha256: str
    numbers: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    enrolled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    rejects: list[Reject] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    doubts: list[Doubts] = field(default_factory=list)
    header: tuple[str, ...] = ()  # it has none
    separator: str = ","
    keep: Keep = Keep()

    @property
    def rows(self) -> int:
        return len(self.numbers)


def read_registry(file: FeedFile, submitted: FeedFile | None = None, progress: Progress = lambda raw_bytes: None,
                  ) -> RegistryFeed:
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
        _read_stripped(feed, file, submitted, progress)
    return feed


class _Reading:
    """One file on its way into a feed: its rejects, its doubts, and which line is the last that is not empty."""

    def __init__(self, feed: RegistryFeed, file: str) -> None:
        self.doubts = Doubts(file)
        self._feed, self._file = feed, file
        self._rejects: list[Reject] = []
        self._rows = self._last_row = 0

    def take(self, block: Block, is_read: NDArray[np.bool_], read: Callable[[str, str], _Line | str]) -> NDArray[np.bool_]:
        """Read the lines that `read_lines` left, into the block; returns which of all are read."""
        empty = set()
        for place in np.flatnonzero(~is_read).tolist():
            line = block.text_of(place)
            result = read(line, block.separator)
            if isinstance(result, str):
                if not line.strip():
                    empty.add(place)
                self.reject(block, place, result)
            else:
                block.numbers[place], block.flags[place] = result
                is_read[place] = True
        last = len(block.numbers) - 1
        while last in empty:
            last -= 1
        self._last_row = block.line_of(last) if last >= 0 else self._last_row
        self._rows += len(block.numbers) - len(empty)
        places = np.flatnonzero(is_read)
        self.doubts.add(block.numbers[places], lambda nth: block.line_of(int(places[nth])))
        return is_read

    def reject(self, block: Block, place: int, why: str) -> None:
        line = block.text_of(place)
        if len(self._rejects) == MAX_REJECTS:
            raise FeedError(f"{self._file}: over {MAX_REJECTS:,} rows cannot be read (the first: {self._rejects[0].why}); "
                            "this is no answer of the registry", self._rejects, separator=block.separator)
        self._rejects.append(Reject(self._file, block.line_of(place), why, line.split(block.separator)))

    def end(self, is_ended: bool) -> bool:
        """Put what was found into the feed; says whether there was any row."""
        # empty lines at the end are no rows
        self._feed.rejects += (reject for reject in self._rejects if reject.line <= self._last_row)
        self._feed.notices += shape_notices(self._file, self._rows, is_ended)
        self._feed.doubts.append(self.doubts)
        return self._last_row > 0


def _italian(field_: str) -> int | str:
    """The number of a field, or why it has none."""
    number = read_listed(field_)
    longest = _LONGEST.fullmatch(field_.strip())
    if longest is not None and is_a_persons_italian(longest[1][:-1]):
        return number_of(f"+39{longest[1]}")
    if isinstance(number, NotOneNumber):
        return f"{shown(field_)} is not an Italian number: {number}"
    return number_of(number) if number.startswith("+39") else f"{shown(field_)} is not an Italian number"


def _read_flagged(feed: RegistryFeed, file: FeedFile, progress: Progress) -> None:
    keys: list[NDArray[np.int64]] = []  # a number and its flag in one integer: they are sorted together
    reading, blocks = _Reading(feed, file.name), Blocks(file, progress)
    for block in blocks:
        feed.separator = block.separator
        is_read = reading.take(block, (block.numbers != NOT_READ) & (block.flags <= ENROLLED), _flagged_line)
        keys.append(block.numbers[is_read] << 1 | block.flags[is_read])
    if not reading.end(blocks.is_ended):
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


def _flagged_line(line: str, separator: str) -> _Line | str:
    """The number and its flag, or why the line cannot be read."""
    if not line.strip():
        return "the line is empty"
    fields = line.split(separator)
    number = _italian(fields[0])
    if isinstance(number, str):
        return number
    if len(fields) == 1:
        return "there is no flag; a stripped file needs --submitted FILE"
    flag = fields[1].strip()
    return (number, _FLAGS[flag]) if flag in _FLAGS else f"{shown(flag)} is no flag; 1 is enrolled, 0 is callable"


def _reject_contradictions(feed: RegistryFeed, file: FeedFile, twice: set[int]) -> None:
    """Name the lines that say otherwise than the ones before them; a second look, since few files have any."""
    said, wanted = dict[int, int](), np.array(sorted(twice), np.int64)
    for block in Blocks(file):
        for place in np.flatnonzero(np.isin(block.numbers, wanted) | (block.numbers == NOT_READ)).tolist():
            result = _flagged_line(line := block.text_of(place), block.separator)
            if isinstance(result, str) or result[0] not in twice:
                continue
            number, flag = result
            if said.setdefault(number, flag) != flag:
                said[number] = ENROLLED
                fields = line.split(block.separator)
                feed.rejects.append(Reject(feed.name, block.line_of(place), f"{shown(fields[0])} has both flags in this "
                                           "file; where the rest is loaded it counts as enrolled", fields))
    feed.rejects.sort(key=lambda reject: reject.line)


def _read_stripped(feed: RegistryFeed, file: FeedFile, submitted: FeedFile, progress: Progress) -> None:
    asked, answered = _Reading(feed, submitted.name), _Reading(feed, file.name)
    blocks, parts = Blocks(submitted), list[Numbers]()
    for block in blocks:
        is_read = asked.take(block, block.numbers != NOT_READ, _stripped_line)
        parts.append(block.numbers[is_read])
    asked.end(blocks.is_ended)
    if not any(map(len, parts)):
        raise FeedError(f"{submitted.name}: holds no number")
    feed.numbers = np.unique(np.concatenate(parts))
    feed.enrolled = np.ones(len(feed.numbers), np.bool_)
    blocks = Blocks(file, progress)
    for block in blocks:
        feed.separator = block.separator
        is_read = answered.take(block, (block.numbers != NOT_READ) & (block.flags == NO_FLAG), _stripped_line)
        if (block.flags <= ENROLLED).any():
            raise FeedError(f"{feed.name}: carries flags, so it is not stripped; load it without --submitted")
        places = np.minimum(np.searchsorted(feed.numbers, block.numbers), len(feed.numbers) - 1)
        was_asked = feed.numbers[places] == block.numbers
        feed.enrolled[places[is_read & was_asked]] = False
        for place in np.flatnonzero(is_read & ~was_asked).tolist():
            answered.reject(block, place, f"{shown(block.text_of(place))} was never submitted in {submitted.name}")
    answered.end(blocks.is_ended)
    feed.doubts.reverse()
    feed.rejects.sort(key=lambda reject: (reject.file == submitted.name, reject.line))


def _stripped_line(line: str, _: str) -> _Line | str:
    """The number of a line, with the flag that it should not have; or why it cannot be read."""
    fields = line.split(separator_of(line))
    number = _italian(fields[0])
    flag = _FLAGS.get(fields[1].strip(), NO_FLAG) if len(fields) > 1 else NO_FLAG
    return number if isinstance(number, str) else (number, flag)
