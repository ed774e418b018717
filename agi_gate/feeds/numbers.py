"""A column of number cells -> integers, many at once.

Edge, no file in it.  Says what `parse_listed` says, only sooner: cells of plain digits, with or without their +39, are
read as a table of digits, every other one by `parse_listed` itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers, number_of
from agi_gate.national import COUNTRY, is_a_persons
from agi_gate.number import digits_of, parse_listed

NOT_A_NUMBER = 0
# what may stand before the national number
_PREFIXES = (b"", b"+39", b"0039")
_MIN_DIGITS, _MAX_DIGITS = 6, 12  # of a national number of a common shape
_WIDTH = _MAX_DIGITS + max(map(len, _PREFIXES))


def read_numbers(cells: Sequence[str]) -> Numbers:
    """Each cell's number as `agi_gate.columns` writes it, or NOT_A_NUMBER."""
    numbers = _common(cells)
    left = np.flatnonzero(numbers == NOT_A_NUMBER)
    if len(left):
        # most of them are grouped digits, and are of a common shape once their signs were judged
        numbers[left] = _common([digits_of(cells[place]) or "" for place in left.tolist()])
    for place in np.flatnonzero(numbers == NOT_A_NUMBER).tolist():
        e164 = parse_listed(cells[place])
        if e164 is not None:
            numbers[place] = number_of(e164)
    return numbers


def _common(cells: Sequence[str]) -> Numbers:
    numbers = np.full(len(cells), NOT_A_NUMBER, np.int64)
    try:
        letters = np.array(cells, dtype=f"S{_WIDTH}").view(np.uint8).reshape(len(cells), _WIDTH)
    except UnicodeEncodeError:  # one of them is not ASCII
        return numbers
    # not what numpy says: it cuts long cells
    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    for length in np.unique(lengths[(lengths >= _MIN_DIGITS) & (lengths <= _WIDTH)]).tolist():
        rows = np.flatnonzero(lengths == length)
        of_length = letters[rows, :length]
        for prefix in _PREFIXES:
            if not _MIN_DIGITS <= length - len(prefix) <= _MAX_DIGITS:
                continue
            begun = (of_length[:, :len(prefix)] == np.frombuffer(prefix, np.uint8)).all(axis=1)
            if begun.any():
                places, digits = rows[begun], of_length[begun, len(prefix):] - np.uint8(ord("0"))
                plain = np.flatnonzero(np.all(digits < 10, axis=1))
                national = _joined(digits[plain])
                common = is_a_persons(national, length - len(prefix))
                numbers[places[plain[common]]] = national[common] + COUNTRY * 10**(length - len(prefix))
    return numbers


def _joined(digits: NDArray[np.uint8]) -> Numbers:
    numbers = np.zeros(len(digits), np.int64)
    for place in range(digits.shape[1]):
        numbers = numbers * 10 + digits[:, place]
    return numbers
