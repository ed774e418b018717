"""Decisions as rows for people: a table on a terminal, plain columns where they go on without an end."""

from __future__ import annotations

import sys
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

    def __init__(self) -> None:
        self._table = Table(*_COLUMNS)

    def add(self, record: dict[str, Any]) -> None:
        # Text: what a phone sent is no markup either
        self._table.add_row(*(Text(cell, _COLOURS.get(cell, "") if name == "verdict" else "")
                              for name, cell in zip(_COLUMNS, cells(record), strict=True)))

    def end(self) -> None:
        Console(file=sys.stdout).print(self._table)
