"""How a part of a feed meets the pages that are there, some hundred pages at once.

Edge, codec only: columns and page bytes in, page bytes out, no server.  Numbers are matched by numpy; values, of which
there are few, are merged one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Classify, Column, Merge, compact, merge_columns
from agi_gate.store import page, pages
from agi_gate.store.keys import CONSENTS, Kind

# enough for numpy to be worth it, little enough to be small in memory
MAX_PAGES = 200
_MAX_ROWS = 30_000
# a page of consents that is larger is split into dense ones
_FAT_PAGE_BYTES = 32 << 10


@dataclass(frozen=True, slots=True)
class Dense:
    """Consents that belong on dense pages; `moved` where they were counted on the page that is split just now."""

    column: Column
    moved: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """`changed`: page digits -> the page to come."""

    changed: dict[int, bytes]
    counts: Counter[str]
    dense: list[Dense]


def batches(kind: Kind, column: Column) -> Iterator[Column]:
    """Cut a column into parts of whole pages."""
    on_page = pages.pages_of(kind, column.numbers)
    if not len(column):
        return
    bounds = [0, *(np.flatnonzero(on_page[1:] != on_page[:-1]) + 1).tolist(), len(column)]
    del on_page
    first = 0
    for last in range(1, len(bounds)):
        full = last - first == MAX_PAGES or bounds[last] - bounds[first] > _MAX_ROWS
        if full or last == len(bounds) - 1:
            rows = slice(bounds[first], bounds[last])
            yield Column(column.numbers[rows], column.values[rows], column.table)
            first = last


def merge_batch(controller: str, kind: Kind, new: Column, bodies: Mapping[int, bytes | None], merge: Merge,
                classify: Classify) -> Merged:
    """Merge a batch into its pages, given by their digits.  Raises PageError."""
    dense: list[Dense] = []
    split = [digits for digits, body in bodies.items() if body is not None and page.is_split(body)]
    if split:
        is_dense = np.isin(pages.pages_of(kind, new.numbers), split)
        dense.append(Dense(compact(_rows(new, is_dense)), moved=False))
        new = _rows(new, ~is_dense)
    held = {digits: body for digits, body in bodies.items() if body is not None}
    old = pages.decode(controller, kind, list(held), list(held.values()))
    merged, changed_numbers, counts = merge_columns(old, new, merge, classify)
    changed_pages = np.unique(pages.pages_of(kind, changed_numbers))
    changed = dict(pages.encode(controller, kind, _rows(merged, np.isin(pages.pages_of(kind, merged.numbers), changed_pages))))
    if kind is CONSENTS:
        for digits, body in changed.items():
            if len(body) > _FAT_PAGE_BYTES:
                dense.append(Dense(compact(_rows(merged, pages.pages_of(kind, merged.numbers) == digits)), moved=True))
                changed[digits] = page.split(pages.name_of(controller, kind, digits))
    return Merged(changed, counts, dense)


def _rows(column: Column, chosen: NDArray[np.bool_]) -> Column:
    return Column(column.numbers[chosen], column.values[chosen], column.table)
