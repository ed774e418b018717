"""What stands in a row behind its number -> controllers and encoded facts, a column of cells at a time.

Edge, no file in it.  Where the same cells come again and again (15 million contacts of a few sources) each combination
is read once.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import compress, repeat
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from agi_gate.feeds.layouts import WHY, Fault, Item, Layout, Remembered, shown
from agi_gate.regime import ROME

# what is dated later than this from now is a slip of the pen, and not clocks that differ
MOST_AHEAD = timedelta(days=1)
_SAMPLE = 200


@dataclass(slots=True)
class Said:
    """What the rows of a chunk say.  Shapes: `which` (rows,) indexes into the others, of the combinations read.

    `whys` tells of the combinations that cannot be read, whose controller and value mean nothing.
    """

    which: NDArray[np.int64]
    controllers: NDArray[np.int32]
    values: NDArray[np.int32]
    whys: dict[int, list[str]]
    ahead: dict[str, NDArray[np.bool_]]  # column -> which are dated in the future

    def is_bad(self) -> NDArray[np.bool_]:
        bad = np.zeros(len(self.values), np.bool_)
        bad[list(self.whys)] = True
        return bad[self.which]


class CellReader(Generic[Item]):
    """Reads the cells behind the number; `table` holds the distinct values met so far, and the index of each."""

    def __init__(self, layout: Layout[Item], header: Sequence[str], controllers: Collection[str],
                 encode: Callable[[Item], bytes], now: datetime, *, refusals_only: bool = False) -> None:
        self.columns = tuple(column for column in header if column not in ("number", WHY))
        self.controllers = list(controllers)
        self.table: dict[bytes, int] = {}
        self._layout, self._encode, self._now, self._refusals_only = layout, encode, now, refusals_only
        self._controller = Remembered(self._read_controller).__getitem__
        # what an absent column says
        self._absent = {column: read("") for column, read in layout.readers.items() if column not in header}

    def read(self, cells: Sequence[Sequence[str]]) -> Said:
        """Read the columns of a chunk, in the order of `columns`."""
        count = len(cells[0])
        which = np.arange(count)
        sample = [column[:_SAMPLE] for column in cells]
        if 2 * len(set(zip(*sample, strict=True))) < len(sample[0]):
            rows = list(zip(*cells, strict=True))
            places = {row: place for place, row in enumerate(dict.fromkeys(rows))}
            which = np.fromiter(map(places.__getitem__, rows), np.int64, count)
            cells, count = list(zip(*places, strict=True)), len(places)
        return self._read_distinct(dict(zip(self.columns, cells, strict=True)), count, which)

    def _read_distinct(self, cells: dict[str, Sequence[str]], count: int, which: NDArray[np.int64]) -> Said:
        whys: dict[int, list[str]] = {}
        controllers = _read_column(self._controller, cells["controller"], whys)
        facts = {column: _read_column(read, cells[column], whys)
                 for column, read in self._layout.readers.items() if column in cells}
        for earlier, later in self._layout.ordered:
            if later in facts:
                for place, (first, second) in enumerate(zip(facts[earlier], facts[later], strict=True)):
                    if type(first) is type(second) is datetime and second < first:
                        whys.setdefault(place, []).append(f"{later}: lies before {earlier}")
        dated = [column for column in self._layout.past if column in facts]
        for column in dated:
            for place in np.flatnonzero(_ahead(facts[column], self._now + MOST_AHEAD)).tolist():
                whys.setdefault(place, []).append(f"{column}: {shown(cells[column][place].strip())} is still to come, and calls "
                                                  "could go through because of that; write when it was")
        ahead = {column: _ahead(facts[column], self._now) for column in dated}
        if self._refusals_only:
            self._hold_others_back(facts, count, whys)
        good = np.ones(count, np.bool_)
        good[list(whys)] = False
        values = np.zeros(count, np.int32)
        values[good] = self._encoded(facts, good)
        return Said(which, np.array([0 if type(id_) is Fault else id_ for id_ in controllers], np.int32), values, whys,
                    ahead)

    def _hold_others_back(self, facts: dict[str, list[Any]], count: int, whys: dict[int, list[str]]) -> None:
        """Reject the rows that might allow a call: of a file that cannot be read whole, what revokes them may be missing."""
        column = self._layout.refusals
        if column == "":
            return
        for place, at in enumerate(facts.get(column or "", repeat(None, count))):
            if place not in whys and (at is None or at > self._now):
                whys[place] = [f"waits until the file can be read whole: it may allow calls, and a row that {column} says no in "
                               "may be among those that cannot be read"]

    def _encoded(self, facts: dict[str, list[Any]], good: NDArray[np.bool_]) -> list[int]:
        all_good, kept = bool(good.all()), good.tolist()
        arguments: list[Iterable[Any]] = [
            repeat(self._absent[column]) if column not in facts else
            facts[column] if all_good else compress(facts[column], kept) for column in self._layout.readers]
        table = self.table
        return [table.setdefault(value, len(table)) for value in map(self._encode, map(self._layout.make, *arguments))]

    def _read_controller(self, cell: str) -> int | Fault:
        name = cell.strip()
        if name in self.controllers:
            return self.controllers.index(name)
        near = difflib.get_close_matches(name[:100], self.controllers, 1)
        return Fault(f"{shown(name)} is no controller of the configuration; "
                     + (f"did you mean `{near[0]}`? " if near else "") + f"known: {', '.join(self.controllers)}")


def _read_column(read: Callable[[str], Any], cells: Sequence[str], whys: dict[int, list[str]]) -> list[Any]:
    values = list(map(read, cells))
    if Fault in map(type, values):
        for place, value in enumerate(values):
            if type(value) is Fault:
                whys.setdefault(place, []).append(value.why)
    return values


def _ahead(values: Sequence[Any], after: datetime) -> NDArray[np.bool_]:
    """Which are instants after another, or days after its day in Italy; a cheap no where none is."""
    ahead = np.zeros(len(values), np.bool_)
    for kind, bound in ((datetime, after), (date, after.astimezone(ROME).date())):
        of_kind = [value for value in values if type(value) is kind]
        if of_kind and max(of_kind) > bound:
            ahead |= [type(value) is kind and value > bound for value in values]
    return ahead
