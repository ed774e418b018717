"""Search: the records of a log that are wanted, in the order of files and lines.

Edge.  Sealed segments are asked by their index, so that only frames which can hold such a record are read; all else is
read whole.  Whatever points to a line, the record in it is parsed and compared before it counts.  What cannot be read
is told, and the rest is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from agi_gate.decision_log import files, index, scan, segment
from agi_gate.decision_log.gone import cut, gone
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.decision_log.scan import Scan
from agi_gate.decision_log.segment import Segment, SegmentError
from agi_gate.decision_log.wanted import Complain, Found, Sought, Unread, Wanted

__all__ = ("Unread", "Wanted", "search")


def search(log: Path | Sequence[Path], wanted: Wanted, keys: Keys | None, complain: Complain,
           newest: int | None = None) -> Iterator[Found]:
    """The lines that are wanted, and the records in them; with `newest` so many at most, the last ones.

    `log` is the [log] path, which stands for all files of that log, or the files to read.
    """
    sought = Sought(wanted, keys)
    # the open file is opened before all else: what is rotated away while others are read is still read
    stream: IO[bytes] | None = None
    if isinstance(log, Path):
        segments, stream = _opened(log)
        chosen = [path for one in segments if (path := one.file) is not None]
        chosen += [log] if stream is not None or not segments or log.exists() else []
        for words in gone(segments, wanted.since, wanted.until):
            complain(Unread(f"{words}; the rest is still read: see `agi-gate log verify`"))
    else:
        chosen = list(filter(files.holds_records, log))

    def found(path: Path) -> Iterator[Found]:
        return _in_file(path, stream if path == log else None, sought, complain, newest)

    try:
        if newest is None:
            for path in chosen:
                yield from found(path)
        else:
            backwards = (one for path in reversed(chosen) for one in found(path))
            yield from reversed(list(islice(backwards, newest)))
    finally:
        if stream is not None:
            stream.close()


def _opened(log: Path) -> tuple[list[files.Segment], IO[bytes] | None]:
    try:
        return files.at_one_moment(log)
    except OSError:  # of the open file: whoever reads it is told
        return files.segments(log), None


def _in_file(path: Path, stream: IO[bytes] | None, sought: Sought, complain: Complain,
             newest: int | None) -> Iterator[Found]:
    """With `newest` the last record comes first, and there may be more than so many."""
    this = Scan(path, sought, complain)
    try:
        if stream is None and (now_at := files.now_at(path)) is not None and not path.exists():
            yield from _in_file(now_at, None, sought, complain, newest)  # it was compressed meanwhile
        elif path.suffix == segment.SUFFIX:
            yield from _in_segment(this, newest)
        elif path.suffix == ".gz":
            yield from _forwards((this.piece(*piece) for piece in scan.gzip_pieces(path)), newest)
            this.end()
        else:
            yield from _in_plain(this, stream, newest)
    except (OSError, EOFError) as error:
        this.unread(f"cannot be read: {getattr(error, 'strerror', None) or 'it is damaged or cut short'}")


def _in_plain(this: Scan, stream: IO[bytes] | None, newest: int | None) -> Iterator[Found]:
    backwards = newest is not None
    with nullcontext(stream) if stream is not None else this.path.open("rb") as opened:
        for piece in scan.pieces(opened, backwards=backwards):
            yield from _in_order(this.piece(*piece), backwards)
    this.end()


def _in_segment(this: Scan, newest: int | None) -> Iterator[Found]:
    with Segment(this.path) as opened:
        known = _index(this, opened)
        if known is None:
            this.complain(f"{this.path} has no table of its frames (another program compressed it, or its end is "
                          "missing): it is read from its start to its end")
            yield from _forwards(_unindexed(this, opened), newest)
            this.end()
            return
        _tell_broken(this, opened, known)
        frames = _frames(this.sought, known)
        for frame in frames if newest is None else reversed(frames):
            try:
                plain = opened.read(frame)
            except SegmentError as error:
                this.unread(str(error))
                continue
            yield from _in_order(this.piece(plain, partial(known.lines_before.__getitem__, frame), indexed=True),
                                 newest is not None)
        this.end(dict(known.masked))


def _tell_broken(this: Scan, opened: Segment, known: index.Index) -> None:
    """Lines that are no records, wherever they are; the index knows them."""
    read: tuple[int, list[bytes]] = (-1, [])
    for number in known.broken:
        frame = bisect_left(known.lines_before, number) - 1
        if frame != read[0]:
            try:
                read = frame, opened.read(frame).split(b"\n")
            except (SegmentError, IndexError):
                continue  # it is told where it is read
        place = number - known.lines_before[frame] - 1
        if 0 <= place < len(read[1]):
            this.no_record(number, read[1][place])
            this.known_broken.add(number)


def _index(this: Scan, opened: Segment) -> index.Index | None:
    if opened.frames is None:
        return None
    try:
        return index.load(this.path, opened)
    except index.NoIndex:
        return index.renew(this.path, opened)


def _frames(sought: Sought, known: index.Index) -> list[int]:
    """The frames that can hold what is wanted, and those of which nobody knows."""
    wanted = sought.wanted
    bits = known.between(wanted.since, wanted.until)
    if wanted.number is not None:
        bits &= known.with_number(sought.numbers)
    if wanted.decision is not None:
        bits &= known.with_decision(wanted.decision)
    if wanted.decision_prefix is not None:
        bits &= known.with_decision_prefix(wanted.decision_prefix)
    for kind in index.NAMED:
        if (name := getattr(wanted, kind)) is not None:
            bits &= known.with_name(kind, name)
    bits |= known.damaged
    return [frame for frame in range(bits.bit_length()) if bits >> frame & 1]


def _unindexed(this: Scan, opened: Segment) -> Iterator[list[Found]]:
    lines, damaged = 0, list[SegmentError]()
    for plain in opened.pieces(damaged.append):
        yield this.piece(plain, partial(int, lines))
        lines += plain.count(b"\n")
    words = str(damaged[0]) if damaged else cut(this.path, lines)
    if words is not None:
        this.unread(words)


def _forwards(found: Iterable[list[Found]], newest: int | None) -> Iterator[Found]:
    """Of what can only be read from its start."""
    each = (one for piece in found for one in piece)
    return each if newest is None else reversed(deque(each, newest))


def _in_order(found: list[Found], backwards: bool) -> Iterable[Found]:
    return reversed(found) if backwards else found
