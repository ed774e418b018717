"""What the daemon promises of its speed, held against what was measured; and the tables that tell it.

Unlike a load's line, a promise may be a least as well as a most.  What could not be measured is a line too, and says
why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Column, Table

from benchmarks.report import figure, markdown

_COLUMNS = ("what", "target", "median", "spread", "verdict")


def spread(values: Sequence[float]) -> str:
    """From the least to the most of what was measured more than once."""
    return f"{figure(min(values))} - {figure(max(values))}" if len(values) > 1 else ""


@dataclass(frozen=True)
class Promise:
    """One figure, measured once or more and judged by its median; with neither bound it is only told."""

    what: str
    unit: str
    values: Sequence[float] = ()
    at_most: float | None = None
    at_least: float | None = None
    why_not: str = ""  # why it was not measured, or what a reader must know of it

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        if not self.values or (self.at_most is None and self.at_least is None):
            return None
        return not ((self.at_most is not None and self.median > self.at_most)
                    or (self.at_least is not None and self.median < self.at_least))

    @property
    def must_be_had(self) -> bool:
        """A figure that no reason explains the lack of."""
        return not self.why_not

    @property
    def verdict(self) -> str:
        if not self.values:
            return f"not measured: {self.why_not or 'no run was good'}"
        word = {True: "reached", False: "not reached", None: ""}[self.reached]
        return "; ".join(filter(None, (word, self.why_not)))

    def cells(self) -> tuple[str, ...]:
        target = "" if self.at_most is None else f"at most {figure(self.at_most)} {self.unit}"
        if self.at_least is not None:
            target = f"at least {figure(self.at_least)} {self.unit}"
        told = (f"{figure(self.median)} {self.unit}", spread(self.values)) if self.values else ("", "")
        return (self.what, target, *told, self.verdict)


@dataclass(frozen=True)
class TableOf:
    """A table for people and for the document; the first and the last column hold words."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @classmethod
    def promises(cls, title: str, promises: Sequence[Promise]) -> TableOf:
        return cls(title, _COLUMNS, [promise.cells() for promise in promises])

    def markdown(self) -> str:
        return f"### {self.title}\n\n{markdown(self.columns, self.rows)}"

    def show(self, console: Console) -> None:
        last = len(self.columns) - 1
        table = Table(*(Column(name, justify="left" if place in (0, last) else "right")
                        for place, name in enumerate(self.columns)), title=self.title)
        for *cells, words in self.rows:
            colour = "red" if words.startswith("not") else "green" if words.startswith("reached") else "default"
            table.add_row(*cells, f"[{colour}]{words}[/]")
        console.print(table)
