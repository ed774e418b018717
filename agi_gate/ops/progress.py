"""How far a long piece of work is, for a person who waits: a bar with rows/s and time left.

Joint, for every verb.  It goes to stderr where that is a terminal, and says nothing anywhere else: cron mails what it
hears.

    with progress("reading esito.txt", total_bytes) as advance:
        for block in blocks:
            advance(len(block), rows=block.count(b"\\n"))
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """Tell of work done: in the unit of the total, and how many rows that was."""

    def __call__(self, done: int, rows: int = 0) -> None: ...


@contextmanager
def progress(doing: str, total: int | None = None, *, silent: bool = False) -> Iterator[Advance]:
    """Show a bar until the block ends, then leave no trace; `silent`, as for --json, shows none.

    `total` is in whatever unit `advance` tells (bytes, pages, rows); without it the bar only says that work goes on.
    Tell of blocks, not of single rows.
    """
    if silent or sys.stderr is None or sys.stderr.closed or not sys.stderr.isatty():
        yield _unseen
        return
    from rich import progress as bars  # 40 ms, which nobody else should pay
    from rich.console import Console
    from rich.text import Text

    class RowsPerSecond(bars.ProgressColumn):
        def render(self, task: bars.Task) -> Text:
            rows, seconds = task.fields["rows"], task.elapsed or 0.0
            return Text(f"{rows / seconds:,.0f} rows/s" if rows and seconds else "", style="progress.data.speed")

    columns = (bars.TextColumn("{task.description}", markup=False), bars.BarColumn(), bars.TaskProgressColumn(),
               RowsPerSecond(), bars.TimeRemainingColumn())
    # stdout is left alone: it may be a file while stderr is a terminal
    with bars.Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as shown:
        task = shown.add_task(doing, total=total, rows=0)

        def advance(done: int, rows: int = 0) -> None:
            shown.update(task, advance=done, rows=shown.tasks[0].fields["rows"] + rows)

        yield advance


def _unseen(done: int, rows: int = 0) -> None:
    pass
