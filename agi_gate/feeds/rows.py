"""A CSV file -> its header and its rows, thousands at a time, each with the line on which it begins.

Edge.  UTF-8, any of three separators.  Knows what can be wrong with a text and with its quotes; nothing of what columns
mean.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice

from agi_gate.feeds.files import CHUNK_BYTES, FeedError, FeedFile, separator_of
from agi_gate.feeds.lines import named_separator

CHUNK_ROWS = 2_000  # what is in work at a time stays within the processor's cache: 20,000 take half as long again
_SHOWN_CHARACTERS = 40
_KEPT_CHARACTERS = 1 << 20  # some rows of the longest cells that the csv module takes
_SAVE = "save the file as UTF-8"


@dataclass(slots=True)
class Chunk:
    """Rows in the order of the file; an empty line is a row without cells."""

    rows: list[list[str]]
    first_line: int
    next_line: int  # behind the last row
    _lines: list[int] = field(default_factory=list)

    def is_a_line_each(self) -> bool:
        return self.next_line - self.first_line == len(self.rows)

    def line_of(self, row: int) -> int:
        if self.is_a_line_each():
            return self.first_line + row
        if not self._lines:  # a quoted cell may span lines: a row is where it begins
            self._lines += accumulate(map(_lines_of, self.rows), initial=self.first_line)
        return self._lines[row]


def _lines_of(row: list[str]) -> int:
    return 1 + _line_ends("\0".join(row))


def _line_ends(text: str) -> int:
    """Count `\\n`, `\\r\\n` and lone `\\r`, as the lines that the csv module is given are told apart."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class Rows:
    """The rows of a file, read once.  Raises FeedError where they cannot be told apart."""

    def __init__(self, file: FeedFile, progress: Callable[[int], object] | None = None) -> None:
        self._name = file.name
        self._text = _Text(file, progress)
        blocks = iter(self._text)
        first = next(blocks, "")
        if not first.strip():
            raise FeedError(f"{file.name}: is empty")
        line = next(_lines(first))
        named = named_separator(file.name, line)
        self.separator = named or separator_of(line)
        self._reader = csv.reader(chain.from_iterable(map(_lines, chain((first,), blocks))),
                                  delimiter=self.separator, strict=True)
        self.header = self._take(1)[0]
        if named is not None:
            self.header = next(iter(self._take(1)), [])

    @property
    def is_ended(self) -> bool:
        """Whether the last line has an end, once all was read."""
        return self._text.is_ended

    def chunks(self) -> Iterator[Chunk]:
        while True:
            first_line = self._reader.line_num + 1
            rows = self._take(CHUNK_ROWS)
            if not rows:
                return
            yield Chunk(rows, first_line, self._reader.line_num + 1)

    def _take(self, count: int) -> list[list[str]]:
        first_line = self._reader.line_num + 1
        rows: list[list[str]] = []
        try:
            rows.extend(islice(self._reader, count))
        except csv.Error as error:
            # those before the broken one were kept
            raise self._broken(first_line + sum(map(_lines_of, rows)), error) from error
        return rows

    def _broken(self, line: int, error: csv.Error) -> FeedError:
        """Say which cell of the row that begins on a line confused the csv module, which tells where it gave up."""
        text, seen, limit = self._text.of_line(line), self._reader.line_num, csv.field_size_limit()
        place, column = 0, 1
        while (cell := _whole_cell(self.separator).match(text, place)) is not None and len(cell[0]) <= limit:
            if text[cell.end():cell.end() + 1] != self.separator:
                return FeedError(f"{self._name}: line {line}: {error}")
            place, column = cell.end() + 1, column + 1
        line += _line_ends(text[:place])
        begin = text[place:place + _SHOWN_CHARACTERS].splitlines()[0]
        where = f"{self._name}: line {line}: cell {column}, `{begin}…`,"
        if text[place] != '"':
            return FeedError(f"{where} holds over {limit:,} characters, more than any cell; is the file a list?")
        return FeedError(f"{where} opens a quote that is not closed before a separator or the end of a line (seen in "
                         f"line {seen}); close it, or leave it out")


def _lines(text: str) -> io.StringIO:
    # newline="": line ends in quoted cells are kept as they are
    return io.StringIO(text, newline="")


def _whole_cell(separator: str) -> re.Pattern[str]:
    return re.compile(rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{separator}\r\n][^{separator}\r\n]*+|)(?=[{separator}\r\n]|\Z)')


class _Text:
    """A file's text in blocks of whole lines; the last ones are kept, to look at when a row goes wrong."""

    def __init__(self, file: FeedFile, progress: Callable[[int], object] | None) -> None:
        self.is_ended = True
        self._file, self._progress = file, progress
        self._told_bytes = 0
        self._next_line = 1
        self._recent: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[str]:
        left = b""
        for piece in self._file:
            self._tell_progress()
            whole = left + piece
            # a `\r` at the very end may be half a line end
            end = whole.rfind(b"\n") + 1 or whole.rfind(b"\r", 0, len(whole) - 1) + 1
            if end:
                yield self._decoded(whole[:end])
            left = whole[end:]
            if len(left) > CHUNK_BYTES:
                self._check_text(left)
                raise FeedError(f"{self._file.name}: line {self._next_line} is longer than {CHUNK_BYTES >> 20} MB; "
                                "is the file a list?")
        if left:
            self.is_ended = left.endswith((b"\n", b"\r"))
            yield self._decoded(left)
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._progress is not None:
            come = self._file.bytes_read
            self._progress(come - self._told_bytes)
            self._told_bytes = come

    def of_line(self, line: int) -> str:
        """What is there from the begin of a line on; nothing where that was too long ago."""
        text = ""
        if line < self._recent[0][0]:
            return text
        for first_line, block in self._recent:
            lines = _lines(block)
            for _ in range(line - first_line):
                lines.readline()
            text += lines.read()
        return text

    def _decoded(self, data: bytes) -> str:
        self._check_text(data)
        try:
            text = data.decode("utf-8-sig" if self._next_line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            before = data[:error.start]
            line = self._next_line + _line_ends(before.decode(errors="replace"))
            begin = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
            guess = data[begin:error.start + _SHOWN_CHARACTERS].splitlines()[0].decode("cp1252", errors="replace")
            raise FeedError(f"{self._file.name}: line {line} is not UTF-8; {_SAVE} (in Windows-1252 the line would be "
                            f"`{guess[-2 * _SHOWN_CHARACTERS:]}`)") from error
        self._recent.append((self._next_line, text))
        while sum(len(block) for _, block in islice(self._recent, 1, None)) > _KEPT_CHARACTERS + len(text):
            self._recent.popleft()
        self._next_line += _line_ends(text)
        return text

    def _check_text(self, data: bytes) -> None:
        nul = data.find(b"\0")
        utf_16 = self._next_line == 1 and data[:2] in (b"\xff\xfe", b"\xfe\xff")
        if utf_16 or nul >= 0 and data.count(b"\0") > len(data) // 4:  # ASCII in UTF-16 is every second byte a NUL
            raise FeedError(f"{self._file.name}: is UTF-16, as a spreadsheet's `Unicode text` is; {_SAVE} "
                            "(`CSV UTF-8`)")
        if nul >= 0:
            line = self._next_line + _line_ends(data[:nul].decode(errors="replace"))
            raise FeedError(f"{self._file.name}: line {line} holds a NUL byte, which no list does; ask for the file "
                            "again")
