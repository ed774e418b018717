"""A file of the registry -> its lines, many at once: the numbers and flags of those that have the common shape.

Edge.  What a list of millions is made of: `3331234567,1`, with or without +39 and further columns.  Whatever looks
otherwise is not judged here: it is left to the reader that goes line by line and knows the words for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agi_gate.columns import Numbers
from agi_gate.feeds.files import FeedFile, separator_of
from agi_gate.feeds.lines import Lines, named_separator
from agi_gate.national import COUNTRY, is_a_persons

NOT_READ = -1
CLEAR, ENROLLED, NO_FLAG, OTHER_FLAG = range(4)
_PADDING = bytes(16)
_LF, _PLUS, _0, _3, _9 = b"\n+039"
_MIN_DIGITS, _MAX_DIGITS = 6, 12


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file.  Shapes: `numbers` and `flags` (lines,), as `read_lines` has them."""

    numbers: Numbers
    flags: NDArray[np.int8]
    starts: NDArray[np.int64]
    chunk: bytes
    first_line: int
    separator: str

    def line_of(self, place: int) -> int:
        return self.first_line + place

    def text_of(self, place: int) -> str:
        start = int(self.starts[place])
        return decoded(self.chunk[start:self.chunk.index(b"\n", start)])


class Blocks:
    """The lines of a file, read once.  Raises FeedError.  `is_ended`: whether the last line has an end, once read."""

    def __init__(self, file: FeedFile, progress: Callable[[int], object] = lambda raw_bytes: None) -> None:
        self.is_ended = True
        self._file, self._progress = file, progress

    def __iter__(self) -> Iterator[Block]:
        lines, line, told, separator = Lines(self._file), 1, 0, ""
        for chunk in lines:
            if not separator:
                first = chunk[:chunk.index(b"\n") + 1]
                named = named_separator(self._file.name, decoded(first))
                separator = named or separator_of(decoded(first))
                if named is not None:
                    chunk, line = chunk[len(first):], 2
            yield Block(*read_lines(chunk, separator.encode()), chunk, line, separator)
            line += chunk.count(b"\n")
            self._progress(self._file.bytes_read - told)
            told = self._file.bytes_read
        self.is_ended = lines.is_ended


def decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def read_lines(chunk: bytes, separator: bytes) -> tuple[Numbers, NDArray[np.int8], NDArray[np.int64]]:
    """Read whole lines, each with its `\\n`.

    Returns, a line each: the number (E.164 digits; NOT_READ where it has another shape), its flag (CLEAR, ENROLLED,
    NO_FLAG where the line ends behind the number, OTHER_FLAG where another reader must look), and where the line starts
    in the chunk.
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
    is_flag = ((flags == _0) | (flags == _0 + 1)) & ((after == _LF) | (after == separator[0])) & (number_ends < ends)
    said = np.where(is_flag, flags - np.uint8(_0), np.where(number_ends < ends, OTHER_FLAG, NO_FLAG)).astype(np.int8)
    begins = np.where((data[starts] == _PLUS) & (data[starts + 1] == _3) & (data[starts + 2] == _9), starts + 3, starts)
    return _numbers(data, begins, number_ends), said, starts


def _numbers(data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Numbers:
    """The numbers in national form between two places, as E.164; NOT_READ of what is no subscriber's in Italy."""
    lengths = ends - begins
    is_number = (lengths >= _MIN_DIGITS) & (lengths <= _MAX_DIGITS)
    value, power = np.zeros(len(begins), np.int64), 1
    for place in range(1, int(lengths.max(initial=0, where=is_number)) + 1):
        digit = data[ends - place] - np.uint8(_0)  # below `0` it wraps around to more than 9
        inside = is_number & (lengths >= place)
        is_number &= (digit <= 9) | ~inside
        value += np.where(inside, digit, 0) * np.int64(power)
        power *= 10
    lengths = np.where(is_number, lengths, _MIN_DIGITS)
    is_number &= is_a_persons(np.where(is_number, value, 0), lengths)
    powers = 10 ** np.arange(_MAX_DIGITS + 1, dtype=np.int64)
    return np.where(is_number, value + COUNTRY * powers[lengths], NOT_READ)
