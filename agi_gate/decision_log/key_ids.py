"""Which keys have made pseudonyms in a log, found without reading all of it: for whoever is about to make a key anew.

Edge.  A key writes for months, so the first and the last records of each file name all keys that count.
"""

from __future__ import annotations

import re
from pathlib import Path

from agi_gate.decision_log import files
from agi_gate.decision_log.segment import SUFFIX, Segment, SegmentError

_ID = re.compile(rb'"pseudonyms":\{"destination":"(k[1-9][0-9]{0,5}(?:-[0-9a-f]{8})?):[0-9a-f]{32}"\}')
_BYTES = 1 << 20


def known_to(log: Path) -> set[str]:
    """The ids of keys that the log's records name.  Raises OSError; what is damaged is passed over."""
    found: set[bytes] = set()
    for path in files.of(log):
        if path.exists():
            for data in _segment_ends(path) if path.suffix == SUFFIX else _plain_ends(path):
                found.update(_ID.findall(data))
    return {id_.decode() for id_ in found}


def _segment_ends(path: Path) -> list[bytes]:
    with Segment(path) as segment:
        frames = segment.frames or []
        ends = []
        for number in sorted({0, len(frames) - 1} & set(range(len(frames)))):
            try:
                ends.append(segment.read(number))
            except SegmentError:
                continue
        return ends


def _plain_ends(path: Path) -> list[bytes]:
    with path.open("rb") as stream:
        first = stream.read(_BYTES)
        stream.seek(max(0, path.stat().st_size - _BYTES))
        return [first, stream.read(_BYTES)]
