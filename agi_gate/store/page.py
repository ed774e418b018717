"""One page of the store: what is known of the neighbours that share all but their last digits.

Edge, codec only: bytes in, bytes out, no server.  A page holds, for sorted offsets, one value each; equal values are
kept once, because whole files of numbers share one history.  A number costs 2 bytes of offset and 1 of index
(2 where a page holds over 255 distinct values), so 15 million numbers take some 4 bytes each with their history.

The checksum covers the name of the page's key, too: a page that was copied to another number's, controller's or kind's
key is damaged there.

    bytes 0-3   CRC-32 of the key's name and all the rest of the page, little-endian like all that follows: one flipped bit
                must not read as "nothing known"
    4           layout version (3)
    5           width of a value index: 1 or 2
    6-7         count of offsets
    8-9         count of distinct values
    ...         offsets, 2 bytes each, ascending
    ...         value indexes, `width` bytes each
    ...         ends of the values, 4 bytes each, counted from the first value's start
    ...         the values
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate
from zlib import crc32

HEADER = struct.Struct("<IBBHH")
VERSION = 3
_CRC_BYTES = 4
_FIELDS = struct.Struct("<BBHH")
_INDEX_TYPES = {1: "B", 2: "H"}
_PAST = "a value index points past the values"
_EMPTY = "a value ends before it begins"  # no value is empty: an empty one would pass for "nothing known"


class PageError(ValueError):
    """The bytes are no page: something else was written under our key, or half of it is gone."""


def encode(values: Mapping[int, bytes], name: bytes) -> bytes:
    """Make a page of at most 10,000 offsets; `name` is its key's."""
    offsets = array("H", sorted(values))
    distinct = {value: index for index, value in enumerate(dict.fromkeys(values[offset] for offset in offsets))}
    width = 1 if len(distinct) <= 256 else 2
    indexes = array(_INDEX_TYPES[width], (distinct[values[offset]] for offset in offsets))
    if sys.byteorder == "big":
        for numbers in (offsets, indexes):
            numbers.byteswap()
    return assemble(width, offsets.tobytes(), indexes.tobytes(), list(distinct), name)


def assemble(width: int, offsets: bytes, indexes: bytes, values: Sequence[bytes], name: bytes) -> bytes:
    """Put a page together: `offsets` and `indexes` as they lie in it, the distinct values in their order."""
    ends = tuple(accumulate(map(len, values)))
    rest = b"".join((offsets, indexes, struct.pack(f"<{len(ends)}I", *ends), *values))
    fields = _FIELDS.pack(VERSION, width, len(offsets) // 2, len(values))
    return crc32(rest, crc32(fields, crc32(name))).to_bytes(_CRC_BYTES, "little") + fields + rest


def split(name: bytes) -> bytes:
    """A page of none: its numbers lie in denser pages (see keys)."""
    return assemble(2, b"", b"", [], name)


def is_split(page: bytes) -> bool:
    return len(page) == HEADER.size


def checksum(page: bytes) -> bytes:
    """What tells this page from every other one, of the same name too: 4 bytes."""
    return page[:_CRC_BYTES]


def is_whole(page: bytes, crc_of_name: int) -> bool:
    """Say whether these are the bytes that were written under this name, by their checksum."""
    return crc32(memoryview(page)[_CRC_BYTES:], crc_of_name) == int.from_bytes(page[:_CRC_BYTES], "little")


def find(page: bytes, offset: int, crc_of_name: int) -> bytes | None:
    """One offset's value, without decoding the rest; None where the page does not hold it.  Raises PageError.

    `crc_of_name`: the CRC-32 of the name of the page's key, of which a call has the beginning ready.
    """
    try:
        crc, version, width, count, distinct = HEADER.unpack_from(page)
    except struct.error:
        raise PageError("no page header") from None
    indexes = HEADER.size + 2 * count
    ends = indexes + width * count
    values = ends + 4 * distinct
    length = values + (int.from_bytes(page[values - 4:values], "little") if distinct else 0)
    if version != VERSION or width not in _INDEX_TYPES or len(page) != length or crc32(
            memoryview(page)[_CRC_BYTES:], crc_of_name) != crc:
        raise PageError("the page has another version, length, checksum or name")
    wanted = offset.to_bytes(2, "little")
    place = page.find(wanted, HEADER.size, indexes)
    while (place - HEADER.size) % 2 and place >= 0:  # two halves of neighbours
        place = page.find(wanted, place + 1, indexes)
    if place < 0:
        return None
    index = indexes + (place - HEADER.size) // 2 * width
    end = ends + 4 * int.from_bytes(page[index:index + width], "little")
    if end >= values:
        raise PageError(_PAST)
    starts = int.from_bytes(page[end - 4:end], "little") if end > ends else 0
    value = page[values + starts:values + int.from_bytes(page[end:end + 4], "little")]
    if not value:
        raise PageError(_EMPTY)
    return value


def decode(page: bytes, name: bytes) -> dict[int, bytes]:
    """The whole page.  Raises PageError."""
    offsets, indexes, ends, values = _parts(page, name)
    distinct = [_value(index, ends, values) for index in range(len(ends))]
    try:
        return {offset: distinct[index] for offset, index in zip(offsets, indexes, strict=True)}
    except IndexError:
        raise PageError(_PAST) from None


def _parts(page: bytes, name: bytes) -> tuple[array[int], array[int], array[int], bytes]:
    try:
        _crc, version, width, count, distinct = HEADER.unpack_from(page)
        offsets, indexes, ends = array("H"), array(_INDEX_TYPES[width]), array("I")
    except (struct.error, KeyError):
        raise PageError("no page header") from None
    start = HEADER.size
    for numbers, length in ((offsets, count), (indexes, count), (ends, distinct)):
        size = length * numbers.itemsize
        if start + size > len(page):
            raise PageError("the page is cut short")
        numbers.frombytes(page[start:start + size])
        start += size
        if sys.byteorder == "big":
            numbers.byteswap()
    if version != VERSION or len(page) != start + (ends[-1] if ends else 0) or not is_whole(page, crc32(name)):
        raise PageError("the page has another version, length, checksum or name")
    return offsets, indexes, ends, page[start:]


def _value(index: int, ends: array[int], values: bytes) -> bytes:
    if index >= len(ends):
        raise PageError(_PAST)
    start, end = ends[index - 1] if index else 0, ends[index]
    if not start < end <= len(values):
        raise PageError(_EMPTY)
    return values[start:end]
