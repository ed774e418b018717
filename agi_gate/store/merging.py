"""How a part of a feed meets the pages that are there, some hundred pages at once.

Edge, codec only: columns and page bytes in, page bytes out, no server.  Numbers are matched by numpy; values, of which
there are few, are merged one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Column, Merge, compact
from agi_gate.store import page, pages
from agi_gate.store.keys import CONSENTS, Kind

Classify = Callable[[bytes | None, bytes], str]

# a transaction of more would hold calls up for too long
MAX_PAGES = 100
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
    bounds = [*np.flatnonzero(np.diff(on_page, prepend=-1)).tolist(), len(column)]
    first = 0
    for last in range(1, len(bounds)):
        full = last - first == MAX_PAGES or bounds[last] - bounds[first] > _MAX_ROWS
        if full or last == len(bounds) - 1:
            rows = slice(bounds[first], bounds[last])
            yield Column(column.numbers[rows], column.values[rows], column.table)
            first = last


def merge_batch(kind: Kind, new: Column, bodies: Mapping[int, bytes | None], merge: Merge, classify: Classify) -> Merged:
    """Merge a batch into its pages, given by their digits.  Raises PageError."""
    dense: list[Dense] = []
    split = [digits for digits, body in bodies.items() if body == page.SPLIT]
    if split:
        is_dense = np.isin(pages.pages_of(kind, new.numbers), split)
        dense.append(Dense(compact(_rows(new, is_dense)), moved=False))
        new = _rows(new, ~is_dense)
    held = {digits: body for digits, body in bodies.items() if body is not None and body != page.SPLIT}
    old = pages.decode(kind, list(held), list(held.values()))
    merged, changed_pages, counts = _merge(kind, old, new, merge, classify)
    changed = dict(pages.encode(kind, _rows(merged, np.isin(pages.pages_of(kind, merged.numbers), changed_pages))))
    if kind is CONSENTS:
        for digits, body in changed.items():
            if len(body) > _FAT_PAGE_BYTES:
                dense.append(Dense(compact(_rows(merged, pages.pages_of(kind, merged.numbers) == digits)), moved=True))
                changed[digits] = page.SPLIT
    return Merged(changed, counts, dense)


def _rows(column: Column, chosen: NDArray[np.bool_]) -> Column:
    return Column(column.numbers[chosen], column.values[chosen], column.table)


class _Table:
    """Distinct values: the same bytes have the same id."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self._ids: dict[bytes, int] = {}

    def id_of(self, value: bytes) -> int:
        id_ = self._ids.setdefault(value, len(self.values))
        if id_ == len(self.values):
            self.values.append(value)
        return id_

    def ids_of(self, column: Column) -> NDArray[np.int64]:
        used, places = np.unique(column.values, return_inverse=True)
        ids = np.fromiter((self.id_of(column.table[id_]) for id_ in used.tolist()), np.int64, len(used))
        return ids[places] if len(used) else np.empty(0, np.int64)


def _merge(kind: Kind, old: Column, new: Column, merge: Merge, classify: Classify,
           ) -> tuple[Column, NDArray[np.int64], Counter[str]]:
    """Both columns as one; the pages whose bytes change; and how many numbers `classify` calls what."""
    table, counts = _Table(), Counter[str]()
    old_ids, new_ids = table.ids_of(old), table.ids_of(new)
    places = np.searchsorted(old.numbers, new.numbers)
    is_held = np.append(old.numbers, -1)[places] == new.numbers
    # merged with itself where it is new, so that a value in the file twice is kept once
    before = np.where(is_held, np.append(old_ids, 0)[places], -1)
    width = len(table.values) + 1
    pairs, of_pair, frequencies = np.unique(
        (before + 1) * width + new_ids, return_inverse=True, return_counts=True)
    after = np.empty(len(pairs), np.int64)
    for place, (pair, frequency) in enumerate(zip(pairs.tolist(), frequencies.tolist(), strict=True)):
        old_value = table.values[pair // width - 1] if pair >= width else None
        new_value = table.values[pair % width]
        value = merge(new_value if old_value is None else old_value, new_value)
        counts[classify(old_value, value)] += frequency
        after[place] = table.id_of(value)
    merged_ids = after[of_pair]
    changed_pages = np.unique(pages.pages_of(kind, new.numbers[merged_ids != before]))
    old_ids[places[is_held]] = merged_ids[is_held]
    numbers = np.concatenate([old.numbers, new.numbers[~is_held]])
    ids = np.concatenate([old_ids, merged_ids[~is_held]]).astype(np.int32)
    order = np.argsort(numbers, kind="stable")
    return Column(numbers[order], ids[order], table.values), changed_pages, counts
