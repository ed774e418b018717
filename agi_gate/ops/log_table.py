"""Decisions as rows for people: a table on a terminal, plain columns where they go on without an end.

A table gives up what is least asked for until the rest fits: first the milliseconds, then the caller ID; then two values
share a column.  Numbers, reasons and ids are never cut nor broken: they are what the next command is called with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agi_gate.regime import ROME

_COLUMNS = ("time", "number", "campaign", "caller ID", "verdict", "reasons", "ms", "decision")
# of plain columns, whose rows are not known in advance; what is longer pushes the rest to the right
_WIDTHS = (19, 14, 16, 13, 7, 24, 6, 25)
_COLOURS = {"ALLOW": "green", "DENY": "red"}

# a column is the values that stand in it, one below the other
_LAYOUTS: tuple[tuple[tuple[str, ...], ...], ...] = (
    tuple((name,) for name in _COLUMNS),
    tuple((name,) for name in _COLUMNS if name != "ms"),
    tuple((name,) for name in _COLUMNS if name not in ("ms", "caller ID")),
    (("time", "decision"), ("number", "campaign"), ("verdict",), ("reasons",)))
_GAP = 2
# what anybody may have sent is folded where it is longer
_LONGEST = {"campaign": 16, "caller ID": 16, "number": 16}


def cells(record: dict[str, Any]) -> list[str]:
    """A record as a row, in Italian time.  What a phone sent is no command to the terminal."""
    call = record["call"]
    number = record["destination"] or ("masked" if "destination" in record["masked"] else call.get("destination", ""))
    row = (f"{datetime.fromisoformat(record['at']).astimezone(ROME):%Y-%m-%d %H:%M:%S}", number, call["campaign"],
           call.get("caller_id", ""), record["verdict"], " ".join(record["reasons"]),
           f"{record['elapsed_us'] / 1000:.2f}", record["id"])
    return ["".join(character if character.isprintable() else "?" for character in cell) for cell in row]


class Columns:
    """Rows that are written as they come, with a head before the first: for pipes, and for `--follow`."""

    def __init__(self) -> None:
        self._head_is_due = True

    def add(self, record: dict[str, Any]) -> None:
        if self._head_is_due:
            self._write(_COLUMNS)
            self._head_is_due = False
        self._write(cells(record))

    def end(self) -> None:
        pass

    def _write(self, row: list[str] | tuple[str, ...]) -> None:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, _WIDTHS, strict=True)).rstrip(), flush=True)


class TableOnce:
    """Rows that are held until their columns' widths are known: for a terminal, and a number of rows that has a limit."""

    def __init__(self, *, has_number: bool = True, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout)
        self._hidden = () if has_number else ("number",)  # of a search for one number it is the same in each row
        self._rows: list[dict[str, str]] = []

    def add(self, record: dict[str, Any]) -> None:
        row = dict(zip(_COLUMNS, cells(record), strict=True))
        row["reasons"] = row["reasons"].replace(" ", "\n")
        self._rows.append(row)

    def end(self) -> None:
        layouts = [[shown for column in layout if (shown := tuple(name for name in column if name not in self._hidden))]
                   for layout in _LAYOUTS]
        layout = next((one for one in layouts if self._width(one) <= self._console.width), layouts[-1])
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for column in layout:
            width = self._column(column)
            table.add_column("\n".join(column), min_width=width, max_width=width, overflow="fold")
        for row in self._rows:
            table.add_row(*(_cell(column, row) for column in layout))
        # on a narrower terminal its own line breaks lose nothing
        self._console.print(table, width=max(self._console.width, self._width(layout)), crop=False)

    def _width(self, layout: Sequence[tuple[str, ...]]) -> int:
        return sum(map(self._column, layout)) + _GAP * (len(layout) - 1)

    def _column(self, names: tuple[str, ...]) -> int:
        widths = [min(_LONGEST.get(name, 1_000), max((len(line) for row in self._rows for line in row[name].split("\n")),
                                                     default=0)) for name in names]
        return max(*widths, *map(len, names))


def _cell(names: tuple[str, ...], row: dict[str, str]) -> Text:
    # Text: what a phone sent is no markup either
    return Text("\n").join(Text(row[name], _COLOURS.get(row[name], "") if name == "verdict" else "") for name in names)
