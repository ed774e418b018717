"""Cells that a spreadsheet may open: what would be a formula is text, and reads back as it was.

Core.  Numbers and notes in lists come from anybody; a cell that begins with `=` is run by whom it is opened.
"""

from __future__ import annotations

import re

# a tab or a line end before a sign is passed over by spreadsheets; the wide signs are read as the narrow ones
_FORMULA = re.compile(r"'*[=@+\-\t\r\n\uff1d\uff20\uff0b\uff0d]")
_NUMBER = re.compile(r"\+[0-9 ]+", re.ASCII)


def safe_cell(cell: str) -> str:
    """A cell as a spreadsheet may have it: with an apostrophe before what would be a formula.  `+39...` stays.

    >>> safe_cell("=1+1"), safe_cell("+39 02 12345600"), safe_cell("+cmd"), safe_cell("02 1")
    ("'=1+1", '+39 02 12345600', "'+cmd", '02 1')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def plain_cell(cell: str) -> str:
    """What `safe_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
