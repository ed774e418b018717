"""Italian subscriber numbers, many at once: which of a list are any, and how the registry wants them written.

Core: arrays in, arrays and bytes out.  `number` says what a number is, one at a time; this says the same of millions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers
from agi_gate.number import is_a_persons_italian, may_lack_its_zero

COUNTRY = 39
_LENGTHS = range(6, 13)  # digits of a national number
_PREFIX_DIGITS = 5  # nothing in the numbering plan depends on more digits, but for their count
_UNKNOWN, _NOBODYS, _SOMEBODYS = range(3)
_plan = np.zeros((_LENGTHS.stop, 10**_PREFIX_DIGITS), np.int8)  # by count of digits and prefix, filled when it is asked
_POWERS = 10 ** np.arange(_LENGTHS.stop, dtype=np.int64)
_LINE_END = b"\r\n"
_LINES_A_PIECE = 1 << 18  # what is in work at a time stays within the processor's cache


def is_a_persons(national: Numbers, length: int | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which national numbers are Italian geographic, mobile or nomadic ones that somebody may have.

    `national` has the digits as integers, their leading 0 lost; `length`, 6 to 12, counts the digits with it.  Says of
    each what `number.parse_destination` says, at once.
    """
    lengths = np.broadcast_to(np.asarray(length, np.int64), national.shape)
    prefixes = national // _POWERS[np.maximum(lengths - _PREFIX_DIGITS, 0)]
    found = _plan[lengths, prefixes]
    unknown = found == _UNKNOWN
    if unknown.any():
        for place in np.unique(lengths[unknown] * 10**_PREFIX_DIGITS + prefixes[unknown]).tolist():
            count, prefix = divmod(place, 10**_PREFIX_DIGITS)
            digits = f"{prefix:0{_PREFIX_DIGITS}}".ljust(count, "0")
            _plan[count, prefix] = _SOMEBODYS if is_a_persons_italian(digits) else _NOBODYS
        found = _plan[lengths, prefixes]
    return np.asarray(found == _SOMEBODYS, np.bool_)


def is_subscriber(numbers: Numbers) -> NDArray[np.bool_]:
    """Which E.164 numbers are Italian geographic, mobile or nomadic ones: whom the registry may be asked about.

    San Marino (0549) and the Vatican (06698) are other countries; 0843, 0844 and 0878 are services.
    """
    found = np.zeros(len(numbers), np.bool_)
    for length, inside, national in _by_length(numbers):
        found[inside] = is_a_persons(national, length)
    return found


def is_doubtful(numbers: Numbers) -> NDArray[np.bool_]:
    """Which E.164 numbers are more often landlines whose 0 a spreadsheet took than what they are.

    Old mobiles of nine digits (`331234567`, of 0331), and service numbers (`70234567`, of 070).
    """
    found = np.zeros(len(numbers), np.bool_)
    for length, inside, national in _by_length(numbers):
        first = national // _POWERS[length - 1]
        doubtful = (first == 3) & (length == 9)
        services = np.flatnonzero((first != 0) & (first != 3))
        services = services[~is_a_persons(national[services], length)]
        for place in services.tolist():  # few: nobody lists them
            doubtful[place] = may_lack_its_zero(str(national[place]))
        found[inside] = doubtful
    return found


def may_be_mobile(numbers: Numbers) -> NDArray[np.bool_]:
    """Which E.164 numbers are landlines that would be mobiles without their 0: `03451234567`."""
    found = np.zeros(len(numbers), np.bool_)
    power = 10**11
    places = np.flatnonzero((numbers >= COUNTRY * power + 3 * power // 100) & (numbers < COUNTRY * power + 4 * power // 100))
    national = numbers[places] - COUNTRY * power
    found[places] = is_a_persons(national, 11) & is_a_persons(national, 10)
    return found


def _by_length(numbers: Numbers) -> Iterator[tuple[int, NDArray[np.int64], Numbers]]:
    """The Italian numbers by their count of digits: that, their places, their digits."""
    for length in _LENGTHS:
        power = 10**length
        # +39 and so many digits: a leading 0 is a digit like any other
        inside = np.flatnonzero((numbers >= COUNTRY * power) & (numbers < (COUNTRY + 1) * power))
        if len(inside):
            yield length, inside, numbers[inside] - COUNTRY * power


def line_bytes(numbers: Numbers) -> NDArray[np.int64]:
    """How many bytes each subscriber number takes in `lines`."""
    result = np.zeros(len(numbers), np.int64)
    for length in _LENGTHS:
        power = 10**length
        result[(numbers >= COUNTRY * power) & (numbers < (COUNTRY + 1) * power)] = length + len(_LINE_END)
    return result


def lines(numbers: Numbers) -> Iterator[bytes]:
    """The list as it is uploaded, piece by piece: ascending subscriber numbers in national form, a line each, CRLF.

    >>> b"".join(lines(np.array([390212345600, 393331234500])))
    b'0212345600\\r\\n3331234500\\r\\n'
    """
    for length in _LENGTHS:
        power = 10**length
        begin, end = np.searchsorted(numbers, [COUNTRY * power, (COUNTRY + 1) * power])
        for start in range(begin, end, _LINES_A_PIECE):
            yield _formatted(numbers[start:min(start + _LINES_A_PIECE, end)] - COUNTRY * power, length)


def _formatted(rest: Numbers, length: int) -> bytes:
    text = np.empty((len(rest), length + len(_LINE_END)), np.uint8)
    text[:, length:] = np.frombuffer(_LINE_END, np.uint8)
    for place in range(length - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] = digit + ord("0")
    return text.tobytes()
