"""The rows that a load could not read, in a file that can be loaded once they were mended.

Joint.  The file has the feed's own columns and `why`.  Its name ends so that no loop over `*.csv` takes it for a feed,
and it never takes the place of another.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO

from agi_gate.disk import new_file
from agi_gate.feeds import Reject
from agi_gate.feeds.layouts import WHY
from agi_gate.feeds.safe_cells import safe_cell

_SHOWN = 10
_MODE = 0o640  # people's numbers are in it
_SUFFIX = ".rejects"
_REGISTRY_COLUMNS = 2  # number and flag: what lies behind is passed over
_MOST_FILES = 10_000


def why_not_there(named: str | None) -> str | None:
    """Why the rejects cannot go where --rejects says, looked at before anything is loaded."""
    if named is not None and os.path.lexists(named):
        return f"--rejects: `{named}` is there already; name a file that is not"
    return None


def report(rejects: Sequence[Reject], header: Sequence[str], separator: str, feed: str, named: str | None) -> str | None:
    """Print the first rejects, and write all of them down; returns where they are, None where they could not be written.

    `feed` is the file as it was named on the command line, `named` what --rejects says.
    """
    for reject in rejects[:_SHOWN]:
        row = f"row {reject.line} of " if reject.line else ""  # of a number that was never sent its row is not known
        print(f"{row}{reject.file}: {reject.why}", file=sys.stderr)
    if len(rejects) > _SHOWN:
        print(f"... and {len(rejects) - _SHOWN} more", file=sys.stderr)
    path = Path(named or ("stdin" if feed == "-" else feed) + _SUFFIX)
    try:
        path, stream = _opened(path, named is None)
        with stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
            csv.writer(text, delimiter=separator).writerows(map(safe_cell, row) for row in _rows(rejects, header))
    except OSError as error:
        print(f"agi-gate load: the rejects could not be written to {path} ({error.strerror}); name a file with --rejects",
              file=sys.stderr)
        return None
    print(f"rejected rows are in {path}: mend them there, and load that file", file=sys.stderr)
    return str(path)


def _opened(path: Path, may_be_numbered: bool) -> tuple[Path, BinaryIO]:
    """Raises OSError."""
    for number in count(1):
        one = path if number == 1 else path.with_name(f"{path.name.removesuffix(_SUFFIX)}.{number}{_SUFFIX}")
        try:
            return one, new_file(one, _MODE)
        except FileExistsError:
            if not may_be_numbered or number == _MOST_FILES:
                raise
    raise AssertionError


def _rows(rejects: Sequence[Reject], header: Sequence[str]) -> Iterator[list[str]]:
    columns = [column for column in header if column != WHY]
    if header:
        yield [*columns, WHY]
    width = len(columns) or _REGISTRY_COLUMNS
    for reject in rejects:
        cells = list(reject.cells)
        if WHY in header and len(cells) > header.index(WHY):
            del cells[header.index(WHY)]
        cells += [""] * (width - len(cells))
        # what is more than the header names lies behind, so that the row is rejected again until it was mended
        yield [*cells[:width], f"{reject.file}, line {reject.line}: {reject.why}", *cells[width:]]
