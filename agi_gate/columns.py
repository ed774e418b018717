"""What is known of many numbers, by column: how millions of rows travel between feeds and the store.

Core: values in, values out; numpy does the counting.  No call passes here, only ops' work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]  # E.164 digits as one integer: +393331234500 -> 393331234500 (none begins with 0)
Merge = Callable[[bytes, bytes], bytes]


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


def column_of(numbers: Numbers, values: NDArray[np.int32], table: list[bytes], merge: Merge) -> Column:
    """Sort rows by number; the values of a number that comes more than once are merged in the order of the rows.

    `table` may grow by what was merged.
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
    for row in np.flatnonzero(~first).tolist():
        pair = int(result[kept[row]]), int(values[row])
        if pair not in merged:
            merged[pair] = len(table)
            table.append(merge(table[pair[0]], table[pair[1]]))
        result[kept[row]] = merged[pair]
    return Column(distinct, result, table)


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
    numbers = np.concatenate([column.numbers for column in columns])
    order = np.argsort(numbers, kind="stable")
    return Column(numbers[order], np.concatenate(shifted)[order], table)


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
