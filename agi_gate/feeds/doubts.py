"""Numbers of a list that are more often another's, misspelt: counted, and too many refuse the file.

Edge, no file in it.  A single one may be right; many show that a program took zeros away, or put some before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agi_gate.columns import Numbers, e164_of
from agi_gate.feeds.files import FeedError
from agi_gate.national import is_doubtful

_ONE_OF = 1_000  # rows that may be so, where nobody says how many


@dataclass(slots=True)
class Doubts:
    """The doubtful numbers of one file: how many of how many rows, and where the first is."""

    file: str
    rows: int = 0
    count: int = 0
    line: int = 0  # of the first
    first: str = ""

    def add(self, numbers: Numbers, line_of: Callable[[int], int]) -> list[int]:
        """Look at so many rows more; returns the places of those that are doubtful."""
        self.rows += len(numbers)
        places = np.flatnonzero(is_doubtful(numbers)).tolist()
        if places and not self.count:
            self.line, self.first = line_of(places[0]), e164_of(int(numbers[places[0]]))
        self.count += len(places)
        return places

    def are_too_many(self, most: int | None) -> bool:
        """`most`: how many may be; None: one in a thousand rows, and none of fewer."""
        return self.count > (self.rows // _ONE_OF if most is None else most)

    def check(self, most: int | None) -> None:
        """Raises FeedError where they are too many."""
        if self.are_too_many(most):
            raise FeedError(
                f"{self.notice()}. If a spreadsheet wrote the list, format the column as text and write it again; if the "
                f"numbers are right, load it with --max-doubtful {self.count}")

    def notice(self) -> str:
        return (f"{self.file}: {self.count:,} of {self.rows:,} numbers are doubtful, the first in line {self.line}: "
                f"{why_doubtful(self.first)}")


def why_doubtful(e164: str) -> str:
    """
    >>> why_doubtful("+39331234567")
    '`331234567` is an old mobile number of nine digits, or `0331234567` without its 0'
    """
    national = e164.removeprefix("+39")
    if national.startswith("0"):
        return f"`{national}` is a landline, or the mobile number `{national[1:]}` behind a 0"
    kind = "an old mobile number of nine digits" if national.startswith("3") else "a service number"
    return f"`{national}` is {kind}, or `0{national}` without its 0"
