"""What is known of many numbers, by column: how millions of rows travel between feeds and the store.

Core: values in, values out; numpy does the counting.  No call passes here, only ops' work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]  # E.164 digits as one integer: +393331234500 -> 393331234500 (none begins with 0)
Merge = Callable[[bytes, bytes], bytes]
Classify = Callable[[bytes | None, bytes], str]  # (the value before, the value after) -> what to count it as

_MANY = 16  # rows of one number
_MOST_BYTES = 1 << 18  # of what is known of one number: some 20,000 objections


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each number.  Shapes: `numbers` (n,) ascending and distinct, `values` (n,) indexes into `table`.

    Equal values may stand in `table` more than once; not every value there need be used.
    """

    numbers: Numbers
    values: NDArray[np.int32]
    table: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.numbers)

    def value_of(self, number: int) -> bytes | None:
        place = int(np.searchsorted(self.numbers, number))
        found = place < len(self.numbers) and self.numbers[place] == number
        return self.table[self.values[place]] if found else None


def empty() -> Column:
    return Column(np.empty(0, np.int64), np.empty(0, np.int32), [])


class TooMuchOfOne(Exception):
    """More is said of one number than a call could read."""


def column_of(numbers: Numbers, values: NDArray[np.int32], table: list[bytes], merge: Merge, *, in_halves: bool = False) -> Column:
    """Sort rows by number; the values of a number that comes more than once are merged in the order of the rows.

    `table` may grow by what was merged.  `in_halves`: many values of one number may be merged by halves, so that the time
    does not grow with their square; the same comes out where `merge` is associative.  Raises TooMuchOfOne.
    """
    order = np.argsort(numbers, kind="stable")
    numbers, values = numbers[order], values[order]
    first = np.empty(len(numbers), np.bool_)
    first[:1] = True
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    if first.all():
        return Column(numbers, values, table)
    merged: dict[tuple[int, int], int] = {}
    kept = np.cumsum(first) - 1
    distinct, result = numbers[first], values[first]
    if in_halves:
        _merge_many(kept, values, table, merge, result, first)
    for row in np.flatnonzero(~first).tolist():
        pair = int(result[kept[row]]), int(values[row])
        if pair not in merged:
            merged[pair] = _id_of(_bounded(merge, table[pair[0]], table[pair[1]]), pair, table)
        result[kept[row]] = merged[pair]
    return Column(distinct, result, table)


def _merge_many(kept: NDArray[np.int64], values: NDArray[np.int32], table: list[bytes], merge: Merge,
                result: NDArray[np.int32], done: NDArray[np.bool_]) -> None:
    """Merge the rows of the numbers that have many, by halves; sets their `result`, and that these rows are `done`."""
    for number in np.flatnonzero(np.bincount(kept) > _MANY).tolist():
        begin, end = np.searchsorted(kept, [number, number + 1]).tolist()
        parts = [table[id_] for id_, _ in groupby(values[begin:end].tolist())]
        while len(parts) > 1:
            parts = [_bounded(merge, *parts[place:place + 2]) if place + 1 < len(parts) else parts[place]
                     for place in range(0, len(parts), 2)]
        result[number] = len(table)
        table.append(parts[0])
        done[begin:end] = True


def _bounded(merge: Merge, first: bytes, second: bytes) -> bytes:
    value = merge(first, second)
    if len(value) > max(_MOST_BYTES, len(first), len(second)):
        raise TooMuchOfOne
    return value


def _id_of(value: bytes, pair: tuple[int, int], table: list[bytes]) -> int:
    for id_ in pair:
        if table[id_] == value:
            return id_
    table.append(value)
    return len(table) - 1


def compact(column: Column) -> Column:
    """The same column with no more in its table than it uses."""
    used, values = np.unique(column.values, return_inverse=True)
    return Column(column.numbers, values.astype(np.int32), [column.table[id_] for id_ in used.tolist()])


def union(columns: Sequence[Column]) -> Column:
    """Columns of which no two hold the same number, as one."""
    columns = [column for column in columns if len(column)]
    if len(columns) < 2:
        return columns[0] if columns else empty()
    table: list[bytes] = []
    shifted = []
    for column in columns:
        shifted.append(column.values + np.int32(len(table)))
        table += column.table
    numbers, values = np.concatenate([column.numbers for column in columns]), np.concatenate(shifted)
    if np.greater(numbers[1:], numbers[:-1]).all():  # as pages are read: no second copy of millions
        return Column(numbers, values, table)
    order = np.argsort(numbers, kind="stable")
    return Column(numbers[order], values[order], table)


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


def merge_columns(old: Column, new: Column, merge: Merge, classify: Classify) -> tuple[Column, Numbers, Counter[str]]:
    """Both as one column; the numbers whose value is another now; and how many numbers `classify` calls what.

    A value stands as it came where nothing was known, or the same: merged with itself it would be what it is.
    """
    table, counts = _Table(), Counter[str]()
    old_ids, new_ids = table.ids_of(old), table.ids_of(new)
    places = np.searchsorted(old.numbers, new.numbers)
    is_held = np.append(old.numbers, -1)[places] == new.numbers
    before = np.where(is_held, np.append(old_ids, 0)[places], -1)
    width = len(table.values) + 1
    pairs, of_pair, frequencies = np.unique((before + 1) * width + new_ids, return_inverse=True, return_counts=True)
    after = np.empty(len(pairs), np.int64)
    for place, (pair, frequency) in enumerate(zip(pairs.tolist(), frequencies.tolist(), strict=True)):
        old_value = table.values[pair // width - 1] if pair >= width else None
        new_value = table.values[pair % width]
        value = new_value if old_value is None or old_value == new_value else merge(old_value, new_value)
        counts[classify(old_value, value)] += frequency
        after[place] = table.id_of(value)
    merged_ids = after[of_pair]
    old_ids[places[is_held]] = merged_ids[is_held]
    numbers = np.concatenate([old.numbers, new.numbers[~is_held]])
    ids = np.concatenate([old_ids, merged_ids[~is_held]]).astype(np.int32)
    order = np.argsort(numbers, kind="stable")
    return Column(numbers[order], ids[order], table.values), new.numbers[merged_ids != before], counts


def e164_of(number: int) -> str:
    """
    >>> e164_of(393331234500)
    '+393331234500'
    """
    return f"+{number}"


def number_of(e164: str) -> int:
    """
    >>> number_of("+393331234500")
    393331234500
    """
    return int(e164[1:])
