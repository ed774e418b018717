"""Lines of a list, many at once: the numbers and flags of those that have the common shape.

Edge.  What a list of millions is made of: `3331234567,1`, with or without +39, CR and further columns.  Whatever looks
otherwise is not judged here: it is left to the reader that goes line by line and knows the words for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers

NOT_READ = -1
_PADDING = bytes(16)
_LF, _CR, _PLUS, _0, _3, _5, _9 = b"\n\r+0359"
_MAX_DIGITS = 12
_COUNTRY = 39


def read_lines(chunk: bytes, separator: bytes) -> tuple[Numbers, NDArray[np.bool_], NDArray[np.int64]]:
    """Read whole lines, each with its line end.

    Returns, a line each: the number (E.164 digits; NOT_READ where the line has another shape), whether its flag is 1,
    and where the line starts in the chunk.
    """
    data = np.frombuffer(chunk + _PADDING, np.uint8)
    ends = np.flatnonzero(data == _LF)
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    # a number's end: the line's first separator, or the line's end where there is none
    separators = np.flatnonzero(data == separator[0])
    if len(separators) == len(ends) and (separators < ends).all() and (separators > starts).all():
        number_ends = separators
    else:
        places = np.searchsorted(separators, starts)
        number_ends = np.minimum(np.append(separators, len(data))[places], ends)
    flag_at = number_ends + 1
    flags, after = data[flag_at], data[flag_at + 1]
    readable = (flags == _0) | (flags == _0 + 1)
    readable &= (after == _LF) | (after == separator[0]) | ((after == _CR) & (data[flag_at + 2] == _LF))
    begins = np.where((data[starts] == _PLUS) & (data[starts + 1] == _3) & (data[starts + 2] == _9), starts + 3, starts)
    digits, is_number = _digits(data, begins, number_ends)
    numbers = np.where(readable & is_number, digits, NOT_READ)
    return numbers, flags == _0 + 1, starts


def _digits(data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64],
            ) -> tuple[Numbers, NDArray[np.bool_]]:
    """The Italian numbers in national form between two places, and which of them are subscriber numbers by shape."""
    lengths = ends - begins
    first, second = data[begins], data[begins + 1]
    is_number = (first == _3) & ((lengths == 9) | (lengths == 10))
    is_number |= (first == _0) & (second != _0) & (lengths >= 6) & (lengths <= _MAX_DIGITS)
    is_number |= (first == _5) & (second == _5) & (lengths == 10)
    value, power = np.zeros(len(begins), np.int64), 1
    for place in range(1, int(lengths.max(initial=0, where=is_number)) + 1):
        digit = data[ends - place] - np.uint8(_0)  # below `0` it wraps around to more than 9
        inside = lengths >= place
        is_number &= (digit <= 9) | ~inside
        value += np.where(inside, digit, 0) * np.int64(power)
        power *= 10
    powers = 10 ** np.arange(_MAX_DIGITS + 1, dtype=np.int64)
    return value + _COUNTRY * powers[np.clip(lengths, 0, _MAX_DIGITS)], is_number
