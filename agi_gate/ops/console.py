"""Where a table is drawn: on a terminal as wide as that is, in a pipe so wide that nothing is cut.

Joint.
"""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

_PIPE_COLUMNS = 200


class TableConsole(Console):
    def __init__(self, stream: TextIO) -> None:
        super().__init__(file=stream, width=None if stream.isatty() else _PIPE_COLUMNS)

    def on_broken_pipe(self) -> None:
        """A reader that has gone is no mistake, as with what is printed; rich itself would exit with 1."""
        raise BrokenPipeError
