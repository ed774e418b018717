"""Numbers of a list that are more often another's, misspelt: counted, and too many refuse the file.

Edge, no file in it.  A single one may be right; many show that a program took zeros away, or put some before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from agi_gate.columns import Numbers, e164_of
from agi_gate.feeds.files import FeedError
from agi_gate.national import is_doubtful, may_be_mobile

_ONE_OF = 1_000  # rows that may be so, where nobody says how many


@dataclass(slots=True)
class Doubts:
    """The doubtful numbers of one file: how many of how many rows, and where the first is.

    Landlines that may be mobiles behind a 0 are counted apart: many are right, so that they refuse nothing.
    """

    file: str
    rows: int = 0
    count: int = 0
    line: int = 0  # of the first
    first: str = ""
    perhaps_mobiles: int = 0
    first_mobile: str = ""

    def add(self, numbers: Numbers, line_of: Callable[[int], int]) -> list[int]:
        """Look at so many rows more; returns the places of those that are doubtful."""
        self.rows += len(numbers)
        places = np.flatnonzero(is_doubtful(numbers)).tolist()
        if places and not self.count:
            self.line, self.first = line_of(places[0]), e164_of(int(numbers[places[0]]))
        self.count += len(places)
        mobiles = np.flatnonzero(may_be_mobile(numbers))
        if len(mobiles) and not self.perhaps_mobiles:
            self.first_mobile = e164_of(int(numbers[mobiles[0]]))
        self.perhaps_mobiles += len(mobiles)
        return places

    def are_too_many(self, most: int | None) -> bool:
        """`most`: how many may be; None: one in a thousand rows, and none of fewer."""
        return self.count > (self.rows // _ONE_OF if most is None else most)

    def check(self, most: int | None) -> None:
        """Raises FeedError where they are too many."""
        if self.are_too_many(most):
            raise FeedError(
                f"{self._counted()}. If a spreadsheet wrote the list, format the column as text and write it again; if the "
                f"numbers are right, load it with --max-doubtful {self.count}")

    def notices(self) -> Iterator[str]:
        if self.count:
            yield self._counted()
        if self.perhaps_mobiles:
            national = self.first_mobile.removeprefix("+39")
            yield (f"{self.file}: {self.perhaps_mobiles:,} landlines of {self.rows:,} numbers would be mobiles without their 0, as "
                   f"`{national}` and `{national[1:]}`; see whether the list has a 0 before its mobiles")

    def _counted(self) -> str:
        return (f"{self.file}: {self.count:,} of {self.rows:,} numbers are doubtful, the first in line {self.line}: "
                f"{why_doubtful(self.first)}")


def why_doubtful(e164: str) -> str:
    """
    >>> why_doubtful("+39331234567")
    '`331234567` is an old mobile number of nine digits, or `0331234567` without its 0'
    """
    national = e164.removeprefix("+39")
    kind = "an old mobile number of nine digits" if national.startswith("3") else "a service number"
    return f"`{national}` is {kind}, or `0{national}` without its 0"
