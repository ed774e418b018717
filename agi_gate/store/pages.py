"""Many pages at once, by column: the same bytes as `page` reads for one call, made and read without a loop a number.

Edge, codec only.  A batch is some hundred pages of one kind; what takes a Python step here takes it once a page or once
a distinct value, never once a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Column, Numbers
from agi_gate.store import page
from agi_gate.store.keys import Kind, page_key
from agi_gate.store.page import HEADER, VERSION, PageError

_FEW_VALUES = 64


def name_of(controller: str, kind: Kind, page_digits: int) -> bytes:
    return page_key(controller, kind, str(page_digits)).encode()


def pages_of(kind: Kind, numbers: Numbers) -> Numbers:
    """The page of each number, as the integer of its digits."""
    return np.floor_divide(numbers, np.int64(10**kind.offset_digits))


def decode(controller: str, kind: Kind, page_digits: Sequence[int], bodies: Sequence[bytes]) -> Column:
    """All numbers of pages in ascending order, none of them twice.  Raises PageError."""
    if not bodies:
        return Column(np.empty(0, np.int64), np.empty(0, np.int32), [])
    for digits, body in zip(page_digits, bodies, strict=True):
        if (len(body) < HEADER.size or body[4] != VERSION or body[5] not in (1, 2)
                or not page.is_whole(body, crc32(name_of(controller, kind, digits)))):
            raise PageError("no page, or one with another version, checksum or name")
    data = np.frombuffer(b"".join(bodies), np.uint8)
    sizes = np.fromiter(map(len, bodies), np.int64, len(bodies))
    starts = np.cumsum(sizes) - sizes
    widths = data[starts + 5].astype(np.int64)
    counts = data[starts + 6] + (data[starts + 7].astype(np.int64) << 8)
    distinct = data[starts + 8] + (data[starts + 9].astype(np.int64) << 8)
    offsets_at = starts + HEADER.size
    indexes_at = offsets_at + 2 * counts
    ends_at = indexes_at + widths * counts
    values_at = ends_at + 4 * distinct
    if (values_at > starts + sizes).any():
        raise PageError("the page is cut short")
    ends = _gather(data, ends_at, distinct, 4)
    last = np.cumsum(distinct) - 1
    lengths = np.where(distinct > 0, ends[np.maximum(last, 0)] if len(ends) else 0, 0)
    if (values_at + lengths != starts + sizes).any():
        raise PageError("the page has another version or length")
    table = _cut(bodies, values_at - starts, distinct, ends)
    offsets, indexes = _gather(data, offsets_at, counts, 2), _indexes(data, indexes_at, counts, widths)
    if (indexes >= np.repeat(distinct, counts)).any():
        raise PageError("a value index points past the values")
    numbers = offsets + np.repeat(np.asarray(page_digits, np.int64) * 10**kind.offset_digits, counts)
    if (np.diff(numbers) <= 0).any() or (offsets >= 10**kind.offset_digits).any():
        raise PageError("the offsets of a page are not ascending")
    return Column(numbers, (indexes + np.repeat(last - distinct + 1, counts)).astype(np.int32), table)


def _gather(data: NDArray[np.uint8], starts: NDArray[np.int64], counts: NDArray[np.int64], width: int,
            ) -> NDArray[np.int64]:
    """Little-endian integers of `width` bytes: `counts` of them from each start."""
    ahead = np.cumsum(counts) - counts
    at = np.repeat(starts - width * ahead, counts) + width * np.arange(int(counts.sum()))
    result = data[at].astype(np.int64)
    for byte in range(1, width):
        result |= data[at + byte].astype(np.int64) << 8 * byte
    return result


def _indexes(data: NDArray[np.uint8], starts: NDArray[np.int64], counts: NDArray[np.int64],
             widths: NDArray[np.int64]) -> NDArray[np.int64]:
    ahead = np.cumsum(counts) - counts
    wide = np.repeat(widths, counts)
    at = np.repeat(starts, counts) + wide * (np.arange(int(counts.sum())) - np.repeat(ahead, counts))
    result = data[at].astype(np.int64)
    if (widths == 2).any():
        result[wide == 2] |= data[at[wide == 2] + 1].astype(np.int64) << 8
    return result


def _cut(bodies: Sequence[bytes], values_at: NDArray[np.int64], distinct: NDArray[np.int64],
         ends: NDArray[np.int64]) -> list[bytes]:
    table = []
    all_ends = iter(ends.tolist())
    for body, start, count in zip(bodies, values_at.tolist(), distinct.tolist(), strict=True):
        begin = 0
        for _ in range(count):
            end = next(all_ends)
            if end <= begin:
                # no value is empty: an empty one would pass for "nothing known"
                raise PageError("a value ends before it begins")
            table.append(body[start + begin:start + end])
            begin = end
    return table


def encode(controller: str, kind: Kind, column: Column) -> Iterator[tuple[int, bytes]]:
    """A column as (page digits, page), ascending."""
    if not len(column):
        return
    on_page = pages_of(kind, column.numbers)
    offsets = (column.numbers - on_page * 10**kind.offset_digits).astype("<u2").tobytes()
    begins = np.flatnonzero(np.diff(on_page, prepend=on_page[0] - 1))
    nth = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(column)))
    indexes, of_page, value_ids = _local_indexes(nth, len(begins), column)
    narrow, wide = indexes.astype(np.uint8).tobytes(), indexes.astype("<u2").tobytes()
    at = 0
    bounds = [*begins.tolist(), len(column)]
    for digits, begin, end, count in zip(on_page[begins].tolist(), bounds[:-1], bounds[1:], of_page.tolist(), strict=True):
        values = [column.table[id_] for id_ in value_ids[at:at + count]]
        at += count
        width = 1 if count <= 256 else 2
        yield digits, page.assemble(
            width, offsets[2 * begin:2 * end], narrow[begin:end] if width == 1 else wide[2 * begin:2 * end], values,
            name_of(controller, kind, digits))


def _local_indexes(nth: NDArray[np.int64], pages: int, column: Column,
                   ) -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]]:
    """Per number its value's place on its page; per page how many values; and the values' ids, page after page."""
    width = len(column.table)
    if width <= _FEW_VALUES:
        present = np.zeros((pages, width), np.bool_)
        present[nth, column.values] = True
        ranks = np.cumsum(present, axis=1) - 1
        return ranks[nth, column.values], present.sum(axis=1), np.nonzero(present)[1].tolist()
    pairs, inverse = np.unique(nth * width + column.values, return_inverse=True)
    of_page = np.bincount(pairs // width, minlength=pages)
    return inverse - np.repeat(np.cumsum(of_page) - of_page, of_page)[inverse], of_page, (pairs % width).tolist()
