"""Search: the records of a log that are wanted, in the order of files and lines.

Edge.  Sealed segments are asked by their index, so that only frames which can hold such a record are read; all else is
read whole.  Whatever points to a line, the record in it is parsed and compared before it counts.  What cannot be read
is told, and the rest is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from agi_gate.decision_log import files, index, scan, segment
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
    chosen = files.of(log) if isinstance(log, Path) else list(log)
    if newest is None:
        for path in chosen:
            yield from _in_file(Scan(path, sought, complain), None)
        return
    backwards = (one for path in reversed(chosen) for one in _in_file(Scan(path, sought, complain), newest))
    yield from reversed(list(islice(backwards, newest)))


def _in_file(this: Scan, newest: int | None) -> Iterator[Found]:
    """With `newest` the last record comes first, and there may be more than so many."""
    try:
        if this.path.suffix == segment.SUFFIX:
            yield from _in_segment(this, newest)
        elif this.path.suffix == ".gz":
            yield from _forwards((this.piece(*piece) for piece in scan.gzip_pieces(this.path)), newest)
            this.end()
        else:
            backwards = newest is not None
            for piece in scan.pieces(this.path, backwards=backwards):
                yield from _in_order(this.piece(*piece), backwards)
            this.end()
    except (OSError, EOFError) as error:
        this.unread(f"cannot be read: {getattr(error, 'strerror', None) or 'it is damaged or cut short'}")


def _in_segment(this: Scan, newest: int | None) -> Iterator[Found]:
    with Segment(this.path) as opened:
        known = _index(this, opened)
        if known is None:
            this.complain(f"{this.path} has no table of its frames (another program compressed it, or its end is "
                          "missing): it is read from its start to its end")
            yield from _forwards(_unindexed(this, opened), newest)
            this.end()
            return
        for number in known.broken:
            this.no_record(number)
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
    lines = 0
    for plain in opened.pieces(lambda error: this.unread(str(error))):
        yield this.piece(plain, partial(int, lines))
        lines += plain.count(b"\n")


def _forwards(found: Iterable[list[Found]], newest: int | None) -> Iterator[Found]:
    """Of what can only be read from its start."""
    each = (one for piece in found for one in piece)
    return each if newest is None else reversed(deque(each, newest))


def _in_order(found: list[Found], backwards: bool) -> Iterable[Found]:
    return reversed(found) if backwards else found
