"""The CSV feeds: a file -> for each controller a column of facts, and rejects with line numbers.

Edge.  UTF-8 with a header, columns in any order; a column that nobody knows refuses the file, since it may be a
misspelt `revoked_at`.  Rows are read thousands at a time and column by column; no object of a row is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Column, Merge, Numbers, TooMuchOfOne, column_of, compact, e164_of
from agi_gate.feeds.cells import CellReader
from agi_gate.feeds.doubts import Doubts, why_doubtful
from agi_gate.feeds.files import MAX_REJECTS, FeedError, FeedFile, Reject
from agi_gate.feeds.headers import check_header
from agi_gate.feeds.layouts import WHY, Item, Keep, Layout, shown
from agi_gate.feeds.lines import shape_notices
from agi_gate.feeds.numbers import NOT_A_NUMBER, read_numbers
from agi_gate.feeds.rows import Chunk, Rows
from agi_gate.feeds.safe_cells import plain_cell
from agi_gate.number import parse_listed, read_listed
from agi_gate.spelling import NotOneNumber

# of all rejects together: whole rows are kept, so that they can be loaded once they were mended
_MAX_REJECTED_CHARACTERS = 1 << 27


@dataclass(slots=True)
class Feed:
    """What a CSV file says: `rows` counts the rows that were accepted, `columns` are by controller, values encoded.

    `notices` is what a person should know of a file that may be loaded.  `doubt` is why it may not, although its rows
    can be read; what was accepted once is read all the same.
    """

    name: str
    sha256: str
    rows: int = 0
    rejects: list[Reject] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    doubt: str = ""
    doubts: list[Doubts] = field(default_factory=list)
    header: tuple[str, ...] = ()
    separator: str = ","
    keep: Keep = Keep()


def read_csv(file: FeedFile, layout: Layout[Item], controllers: Collection[str], encode: Callable[[Item], bytes],
             merge: Merge, progress: Callable[[int], object] | None = None, *, now: datetime, keep: Keep = Keep()) -> Feed:
    """Read a CSV feed (UTF-8, header, any column order).  Raises FeedError where the file as a whole is wrong.

    `merge` joins what two rows say of one number, the earlier one first; `progress` is told the raw bytes read since
    it was told last.  A row with a time of what has happened that lies a day after `now` is rejected; one that lies less
    far ahead is noticed.
    """
    rows = Rows(file, progress)
    header = check_header(file.name, rows.header, layout)
    feed = Feed(file.name, file.sha256(), header=tuple(header), separator=rows.separator, doubts=[Doubts(file.name)],
                keep=keep)
    table = _Table(feed, header, CellReader(layout, header, controllers, encode, now, refusals_only=keep.refusals_only), keep)
    for chunk in rows.chunks():
        if not chunk.is_a_line_each():
            table.look_for_swallowed(chunk, rows.separator)
        table.add(chunk)
    return table.feed_of(merge, rows.is_ended, in_halves=layout.keeps_each)


class _Table:
    """What was read so far: arrays of the accepted rows, chunk by chunk."""

    def __init__(self, feed: Feed, header: list[str], cells: CellReader[Any], keep: Keep) -> None:
        self._feed, self._header, self._cells, self._keep = feed, header, cells, keep
        self._number_at = header.index("number")
        self._why_at = header.index(WHY) if WHY in header else None
        self._numbers: list[Numbers] = []
        self._controllers: list[NDArray[np.int32]] = []
        self._values: list[NDArray[np.int32]] = []
        self._ahead: dict[str, tuple[int, int]] = {}  # column -> rows dated in the future, line of the first
        self._swallowed: dict[int, str] = {}  # places of the next chunk -> why
        self._rejected_characters = 0

    def add(self, chunk: Chunk) -> None:
        width = len(self._header)
        if set(map(len, chunk.rows)) != {width}:
            # a spreadsheet saves columns without a header or a cell, too
            for row in chunk.rows:
                if len(row) > width and not any(map(str.strip, row[width:])):
                    del row[width:]
        if self._why_at is not None:
            for row in chunk.rows:
                row[:] = map(plain_cell, row)
        if set(map(len, chunk.rows)) == {width} and not self._swallowed:
            self._add_rows(chunk, chunk.rows, range(len(chunk.rows)))
            return
        whole = [place for place, row in enumerate(chunk.rows) if len(row) == width and place not in self._swallowed]
        for place, row in enumerate(chunk.rows):
            if place in self._swallowed:
                self._reject(chunk.line_of(place), row, [self._swallowed[place]])
            elif len(row) != width:
                self._reject(chunk.line_of(place), row, [f"has {len(row)} columns, and the header has {width}"])
        self._swallowed.clear()
        if whole:
            self._add_rows(chunk, [chunk.rows[place] for place in whole], whole)

    def look_for_swallowed(self, chunk: Chunk, separator: str) -> None:
        """Doubt a file of which a cell holds rows: two stray quotes make one text of all that stands between them."""
        number_at, controller_at = self._number_at, self._header.index("controller")
        last = max(number_at, controller_at)
        for place, row in enumerate(chunk.rows):
            for column, cell in enumerate(row):
                lines = cell.splitlines()
                for nth, line in enumerate(lines if len(lines) > 1 else ()):
                    # the first line goes on where the row's own cells end, and says nothing new behind these two
                    cells = [*([] if nth else row[:column]), *line.split(separator)]
                    if len(cells) > last and (nth or column <= last) \
                            and cells[controller_at].strip() in self._cells.controllers \
                            and parse_listed(cells[number_at]) is not None:
                        why = (f"cell {column + 1} holds a whole row, {shown(line)}; close the quote that opens it, or leave "
                               "it out")
                        if self._keep.refusals_only:
                            self._swallowed.setdefault(place, why)
                        self._feed.doubt = self._feed.doubt or f"{self._feed.name}: line {chunk.line_of(place)}: {why}"

    def _add_rows(self, chunk: Chunk, rows: list[list[str]], places: Sequence[int]) -> None:
        """Add rows of the header's width; `places` says where in the chunk they stand."""
        columns: list[tuple[str, ...]] = list(zip(*rows, strict=True))
        numbers = read_numbers(columns[self._number_at])
        said = self._cells.read([cells for place, cells in enumerate(columns) if place not in (self._number_at, self._why_at)])
        good = ~said.is_bad() & (numbers != NOT_A_NUMBER)
        read = np.flatnonzero(good)
        for nth in self._feed.doubts[0].add(numbers[read], lambda nth: chunk.line_of(places[read[nth]])):
            row = read[nth]
            if self._keep.without_doubtful:
                good[row] = False
                self._reject(chunk.line_of(places[row]), rows[row], [f"doubtful: {why_doubtful(e164_of(int(numbers[row])))}"])
        for row in np.flatnonzero(said.is_bad() | (numbers == NOT_A_NUMBER)).tolist():
            line = chunk.line_of(places[row])
            self._reject(line, rows[row], self._whys(line, rows[row], numbers[row] == NOT_A_NUMBER,
                                                     said.whys.get(int(said.which[row]), [])))
        which = said.which[good]
        self._feed.rows += len(which)
        self._numbers.append(numbers[good])
        self._controllers.append(said.controllers[which])
        self._values.append(said.values[which])
        for column, ahead in said.ahead.items():
            late = np.flatnonzero(ahead[said.which] & good)
            if len(late):
                count, line = self._ahead.get(column, (0, chunk.line_of(places[late[0]])))
                self._ahead[column] = count + len(late), line

    def _whys(self, line: int, row: list[str], is_no_number: bool, whys: list[str]) -> list[str]:
        if [cell.strip().lower() for cell in row] == self._header:
            return [f"the header stands again in line {line}; were two files put together? take the line out"]
        if not is_no_number:
            return whys
        cell = row[self._number_at]
        number = read_listed(cell)
        assert isinstance(number, NotOneNumber)
        return [f"{shown(cell.strip())} is {'not one number' if len(number.readings) > 1 else 'not a number'}: {number}", *whys]

    def _reject(self, line: int, row: list[str], whys: list[str]) -> None:
        if not any(cell.strip() for cell in row):
            return  # an empty line, or one of separators: a spreadsheet's way to end
        rejects, why = self._feed.rejects, "; ".join(whys)
        self._rejected_characters += sum(map(len, row)) + len(why)
        if len(rejects) == MAX_REJECTS or self._rejected_characters > _MAX_REJECTED_CHARACTERS:
            raise FeedError(f"{self._feed.name}: over {len(rejects):,} rows cannot be read (the first, in line "
                            f"{rejects[0].line}: {rejects[0].why}); is it the right file?", rejects, self._feed.header,
                            self._feed.separator)
        rejects.append(Reject(self._feed.name, line, why, row))

    def feed_of(self, merge: Merge, is_ended: bool, *, in_halves: bool) -> Feed:
        """The feed, once all rows were added; what was gathered goes into it."""
        feed = self._feed
        # rows of another width were rejected ahead of their chunk's
        feed.rejects.sort(key=lambda reject: reject.line)
        feed.notices += [
            f"{feed.name}: {count:,} row(s) have a {column} that is still to come, the first in line {line}; they count "
            "for nothing until then" for column, (count, line) in self._ahead.items()]
        feed.notices += shape_notices(feed.name, feed.rows + len(feed.rejects), is_ended)
        if not feed.rows:
            if not feed.rejects:
                feed.notices.append(f"{feed.name}: has a header and no row")
            return feed
        numbers, controllers, values = _joined(self._numbers), _joined(self._controllers), _joined(self._values)
        table = list(self._cells.table)
        self._cells.table.clear()
        present = np.flatnonzero(np.bincount(controllers)).tolist()
        try:
            for id_ in present:
                if len(present) == 1:
                    column = column_of(numbers, values, table, merge, in_halves=in_halves)
                else:
                    # a table each: the loader goes through it
                    own = controllers == id_
                    column = compact(column_of(numbers[own], values[own], table, merge, in_halves=in_halves))
                feed.columns[self._cells.controllers[id_]] = column
        except TooMuchOfOne as error:
            often, counts = np.unique(numbers, return_counts=True)
            raise FeedError(f"{feed.name}: says more of `{e164_of(int(often[counts.argmax()]))}` than a call could read, in "
                            f"{counts.max():,} rows; is it the right file?") from error
        return feed


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """All parts as one, and none of them any longer: at millions of rows they count."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined
