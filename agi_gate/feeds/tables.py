"""The CSV feeds: a file -> for each controller a column of facts, and rejects with line numbers.

Edge.  UTF-8 with a header, columns in any order; a column that nobody knows refuses the file, since it may be a
misspelt `revoked_at`.  Rows are read thousands at a time and column by column; no object of a row is kept.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Column, Merge, Numbers, column_of, compact
from agi_gate.feeds.cells import CellReader
from agi_gate.feeds.files import MAX_REJECTS, FeedError, FeedFile, Reject
from agi_gate.feeds.layouts import Item, Layout, shown
from agi_gate.feeds.numbers import NOT_A_NUMBER, read_numbers
from agi_gate.feeds.rows import Chunk, Rows
from agi_gate.number import parse_listed

_MAX_REJECTED_CHARACTERS = 1_000


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


def read_csv(file: FeedFile, layout: Layout[Item], controllers: Collection[str], encode: Callable[[Item], bytes],
             merge: Merge, progress: Callable[[int], object] | None = None, *, now: datetime) -> Feed:
    """Read a CSV feed (UTF-8, header, any column order).  Raises FeedError where the file as a whole is wrong.

    `merge` joins what two rows say of one number, the earlier one first; `progress` is told the raw bytes read since
    it was told last.  A fact dated after `now` is noticed, and a no dated a day after it is rejected: it would let
    calls through until then.
    """
    rows = Rows(file, progress)
    header = [column.strip().lower() for column in rows.header]
    _check_header(file.name, header, layout)
    table = _Table(Feed(file.name, file.sha256()), header, CellReader(layout, header, controllers, encode, now))
    for chunk in rows.chunks():
        if not chunk.is_a_line_each():
            table.look_for_swallowed(chunk, rows.separator)
        table.add(chunk)
    return table.feed_of(merge)


def _check_header(name: str, header: list[str], layout: Layout[Any]) -> None:
    known = layout.required + layout.optional
    faults = [f"column `{column}` is missing" for column in layout.required if column not in header]
    faults += [f"column {shown(column)} stands there twice" for column in sorted(set(header))
               if header.count(column) > 1]
    for column in header:
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            faults.append(f"column {shown(column)} is not known" + (f"; did you mean `{near[0]}`?" if near else ""))
    if faults and parse_listed(header[0] if header else "") is not None:
        faults = ["line 1 is a row; the header is missing"]
    if faults:
        raise FeedError(f"{name}: {'; '.join(faults)}. Columns of {layout.name}: {', '.join(layout.required)}"
                        + (f", optional {', '.join(layout.optional)}" if layout.optional else ""))


class _Table:
    """What was read so far: arrays of the accepted rows, chunk by chunk."""

    def __init__(self, feed: Feed, header: list[str], cells: CellReader[Any]) -> None:
        self._feed, self._header, self._cells = feed, header, cells
        self._number_at = header.index("number")
        self._numbers: list[Numbers] = []
        self._controllers: list[NDArray[np.int32]] = []
        self._values: list[NDArray[np.int32]] = []
        self._ahead: dict[str, tuple[int, int]] = {}  # column -> rows dated in the future, line of the first

    def add(self, chunk: Chunk) -> None:
        width = len(self._header)
        if set(map(len, chunk.rows)) == {width}:
            self._add_rows(chunk, chunk.rows, range(len(chunk.rows)))
            return
        whole = [place for place, row in enumerate(chunk.rows) if len(row) == width]
        for place, row in enumerate(chunk.rows):
            if len(row) != width:
                self._reject(chunk.line_of(place), row, [f"has {len(row)} columns, and the header has {width}"])
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
                        self._feed.doubt = self._feed.doubt or (
                            f"{self._feed.name}: line {chunk.line_of(place)}: cell {column + 1} holds a whole row, "
                            f"{shown(line)}; close the quote that opens it, or leave it out")

    def _add_rows(self, chunk: Chunk, rows: list[list[str]], places: Sequence[int]) -> None:
        """Add rows of the header's width; `places` says where in the chunk they stand."""
        columns: list[tuple[str, ...]] = list(zip(*rows, strict=True))
        numbers = read_numbers(columns.pop(self._number_at))
        said = self._cells.read(columns)
        good = ~said.is_bad() & (numbers != NOT_A_NUMBER)
        for row in np.flatnonzero(~good).tolist():
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
        number = shown(row[self._number_at].strip())
        return [f"{number} is not a number; write E.164 or the Italian national form", *whys]

    def _reject(self, line: int, row: list[str], whys: list[str]) -> None:
        if not any(cell.strip() for cell in row):
            return  # an empty line, or one of separators: a spreadsheet's way to end
        rejects, text = self._feed.rejects, ",".join(row)
        if len(rejects) == MAX_REJECTS:
            raise FeedError(f"{self._feed.name}: over {MAX_REJECTS:,} rows cannot be read (the first, in line "
                            f"{rejects[0].line}: {rejects[0].why}); is it the right file?", rejects)
        if len(text) > _MAX_REJECTED_CHARACTERS:
            text = f"{text[:_MAX_REJECTED_CHARACTERS]}…"
        rejects.append(Reject(self._feed.name, line, "; ".join(whys), text))

    def feed_of(self, merge: Merge) -> Feed:
        """The feed, once all rows were added; what was gathered goes into it."""
        feed = self._feed
        # rows of another width were rejected ahead of their chunk's
        feed.rejects.sort(key=lambda reject: reject.line)
        feed.notices += [
            f"{feed.name}: {count:,} row(s) have a {column} that is still to come, the first in line {line}; they count "
            "for nothing until then" for column, (count, line) in self._ahead.items()]
        if not feed.rows:
            if not feed.rejects:
                feed.notices.append(f"{feed.name}: has a header and no row")
            return feed
        numbers, controllers, values = _joined(self._numbers), _joined(self._controllers), _joined(self._values)
        table = list(self._cells.table)
        self._cells.table.clear()
        present = np.flatnonzero(np.bincount(controllers)).tolist()
        for id_ in present:
            if len(present) == 1:
                column = column_of(numbers, values, table, merge)
            else:
                # a table each: the loader goes through it
                own = controllers == id_
                column = compact(column_of(numbers[own], values[own], table, merge))
            feed.columns[self._cells.controllers[id_]] = column
        return feed


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """All parts as one, and none of them any longer: at millions of rows they count."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined
