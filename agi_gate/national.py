"""Italian subscriber numbers, many at once: which of a list are any, and how the registry wants them written.

Core: arrays in, arrays and bytes out.  `number` says what a number is, one at a time; this says the same of millions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers

_COUNTRY = 39
_LENGTHS = range(6, 13)  # digits of a national number, as `number` counts them
_LINE_END = b"\r\n"
_LINES_A_PIECE = 1 << 18  # what is in work at a time stays within the processor's cache


def is_subscriber(numbers: Numbers) -> NDArray[np.bool_]:
    """Which numbers are Italian geographic, mobile or nomadic ones, by shape: whom the registry may be asked about.

    San Marino (0549) and the Vatican (06698) are other countries; 0843, 0844 and 0878 are services.
    """
    found = np.zeros(len(numbers), np.bool_)
    for length in _LENGTHS:
        power = 10**length
        # +39 and so many digits: a leading 0 is a digit like any other
        inside = (numbers >= _COUNTRY * power) & (numbers < (_COUNTRY + 1) * power)
        begin = (numbers - _COUNTRY * power) // 10**(length - 5)  # the first five digits
        ranges = [(1_000, 10_000, True), (5_490, 5_500, False), (6_698, 6_699, False), (8_780, 8_790, False)]
        if length <= 11:
            ranges.append((8_430, 8_450, False))
        if length in (9, 10):
            ranges.append((30_000, 40_000, True))
        if length == 10:
            ranges.append((55_000, 56_000, True))
        for first, end, is_one in ranges:
            found[inside & (begin >= first) & (begin < end)] = is_one
    return found


def line_bytes(numbers: Numbers) -> NDArray[np.int64]:
    """How many bytes each subscriber number takes in `lines`."""
    result = np.zeros(len(numbers), np.int64)
    for length in _LENGTHS:
        power = 10**length
        result[(numbers >= _COUNTRY * power) & (numbers < (_COUNTRY + 1) * power)] = length + len(_LINE_END)
    return result


def lines(numbers: Numbers) -> Iterator[bytes]:
    """The list as it is uploaded, piece by piece: ascending subscriber numbers in national form, a line each, CRLF.

    >>> b"".join(lines(np.array([390212345600, 393331234500])))
    b'0212345600\\r\\n3331234500\\r\\n'
    """
    for length in _LENGTHS:
        power = 10**length
        begin, end = np.searchsorted(numbers, [_COUNTRY * power, (_COUNTRY + 1) * power])
        for start in range(begin, end, _LINES_A_PIECE):
            yield _formatted(numbers[start:min(start + _LINES_A_PIECE, end)] - _COUNTRY * power, length)


def _formatted(rest: Numbers, length: int) -> bytes:
    text = np.empty((len(rest), length + len(_LINE_END)), np.uint8)
    text[:, length:] = np.frombuffer(_LINE_END, np.uint8)
    for place in range(length - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] = digit + ord("0")
    return text.tobytes()
