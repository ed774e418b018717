"""What was measured, against what was promised: a table for people, and the same in `docs/performance.md`.

Each benchmark owns the part of that document between its own two marker comments; the rest is left as it is.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Column, Table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD = "# Speed and size\n\nMeasured, not estimated; `make help` names the commands that measure anew and write this.\n"
_COLUMNS = ("what", "target", "median", "best", "naive", "times naive", "verdict")


@dataclass(frozen=True)
class Line:
    """One thing measured, once or more; the less the better.  `target` is the most it may be, judged by the median."""

    what: str
    unit: str
    values: Sequence[float]
    target: float | None = None
    naive: float | None = None  # what the naive load needs for the same

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        return None if self.target is None or not self.values else self.median <= self.target

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        if not self.values:
            return "not measured"
        word = "reached" if self.reached else "not reached"
        return f"{word}: {figure(self.target / self.median)} times" if self.target and self.median else word

    def cells(self) -> tuple[str, ...]:
        def told(value: float | None) -> str:
            return "" if value is None else f"{figure(value)} {self.unit}"
        if not self.values:
            return self.what, told(self.target), "", "", "", "", self.verdict
        return (self.what, told(self.target), told(self.median), told(min(self.values)) if len(self.values) > 1 else "",
                told(self.naive), "" if self.naive is None else f"{figure(self.naive / self.median)}", self.verdict)


def parser(program: str, description: str) -> argparse.ArgumentParser:
    """Of a benchmark's command line: what all of them can do."""
    made = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    made.add_argument("--write", action="store_true", help="put the figures into the document")
    made.add_argument("--document", type=Path, default=DOCUMENT, metavar="FILE", help="default: docs/performance.md")
    made.add_argument("--patient", action="store_true",
                      help="let the gate wait for its store: shows that it runs on a machine that is busy, and measures nothing")
    return made


def console(width: int = 200) -> Console:
    """The terminal; so wide where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=width)


def figure(value: float) -> str:
    """Three digits that count: 0.0123, 1.23, 12.3, 123."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(title: str, lines: Sequence[Line], console: Console) -> None:
    table = Table(*(Column(name, justify="left" if name in ("what", "verdict") else "right") for name in _COLUMNS),
                  title=title)
    for line in lines:
        colour = {True: "green", False: "red", None: "default"}[line.reached]
        *cells, verdict = line.cells()
        table.add_row(*cells, f"[{colour}]{verdict}[/]")
    console.print(table)


def machine(*servers: str, packages: Sequence[str] = ("agi-gate", "redis", "numpy")) -> str:
    """Where it was measured: what a reader needs to compare his own machine."""
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    parts = [f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
             f"{int(memory[1]) / 1024**2:.0f} GB" if memory else "", *servers, f"Python {platform.python_version()}",
             *(f"{name} {version(name)}" for name in packages)]
    return ", ".join(filter(None, parts))


def write(section: str, title: str, text: str, lines: Sequence[Line], document: Path = DOCUMENT) -> None:
    """Put a benchmark's part into the document, in the place of its last one."""
    put(section, title, f"{date.today():%Y-%m-%d}: {text}\n\n{markdown(_COLUMNS, [line.cells() for line in lines])}",
        document)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first and last column hold words, the others figures."""
    rules = ("---", *["---:"] * (len(columns) - 2), "---")
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rules, *rows))


def put(section: str, title: str, text: str, document: Path = DOCUMENT) -> None:
    """Put text into the document between its section's markers; at the end, with new ones, where it has none."""
    begin, end = f"<!-- {section}: begin, written by benchmarks -->", f"<!-- {section}: end -->"
    part = f"{begin}\n\n## {title}\n\n{text}\n\n{end}"
    old = document.read_text(encoding="utf-8") if document.exists() else HEAD
    before, found, rest = old.partition(begin)
    if found:
        new = before + part + rest.partition(end)[2]
    else:
        new = f"{old.rstrip()}\n\n{part}\n"
    document.write_text(new, encoding="utf-8")
