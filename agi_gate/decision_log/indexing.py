"""The making of an index: what a frame's lines hold, frame by frame, and the bytes of the file.

Edge, pure: no file is opened here.  `index.py` has the layout and reads it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import chain
from typing import Any
from zlib import crc32

from agi_gate.decision_log.glance import Glance, glance
from agi_gate.decision_log.wanted import key_of

MAGIC = f"agi-gate index 1 {sys.byteorder}\n".encode()
ALL_TIME = (-1 << 63, (1 << 63) - 1)
NAMED = ("campaign", "controller", "reason", "verdict")
# a dialplan that names a new campaign for each call must not swell the index
_MOST_NAMES, _MOST_BROKEN = 1_000, 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Builder:
    def __init__(self) -> None:
        self._times = [array(code) for code in "qqqq"]
        self._lines_before, self._lines = array("I"), 0
        self._pairs = array("Q")
        self._broken: list[int] = []
        self._damaged: list[int] = []
        self._masked: dict[str, int] = {}
        self._names: dict[str, dict[bytes, int]] = {kind: {} for kind in NAMED}

    def add(self, plain: bytes | None) -> None:
        """One frame, in their order; None is one that cannot be read."""
        frame = len(self._lines_before)
        self._lines_before.append(self._lines)
        seen = list(self._glances(plain or b""))
        if plain is None:
            self._damaged.append(frame)
        self._pairs.extend({hash_of(text) << 32 | frame for one in seen
                            if (text := one.destination or one.pseudonym) is not None})
        ids = [made_ms(one.id) for one in seen]
        times = [time for time in ids if time is not None]
        first_id, last_id = (min(times), max(times)) if times and len(times) == len(ids) else ALL_TIME
        last_at, first_at = ALL_TIME
        if seen:
            first_at, last_at = _us(min(one.at for one in seen)), _us(max(one.at for one in seen))
        for column, value in zip(self._times, (first_at, last_at, first_id, last_id), strict=True):
            column.append(value)
        found: tuple[set[Any], ...] = (
            {one.campaign for one in seen}, {one.controller for one in seen},
            set(chain.from_iterable(one.reasons for one in seen)), {one.verdict for one in seen})
        for kind, names in zip(NAMED, found, strict=True):
            bits = self._names[kind]
            for name in names:
                if name is not None and len(bits) <= _MOST_NAMES:
                    bits[name] = bits.get(name, 0) | 1 << frame

    def _glances(self, plain: bytes) -> Iterator[Glance]:
        for line in BytesIO(plain):
            self._lines += 1
            try:
                one = glance(line)
                datetime.fromisoformat(one.at.decode())  # there is no 30th of February
            except ValueError:
                if line.strip() and len(self._broken) < _MOST_BROKEN:
                    self._broken.append(self._lines)
                continue
            if one.masked:
                key = key_of((one.pseudonym or b"").decode("utf-8", "replace"))
                self._masked[key] = self._masked.get(key, 0) + 1
            yield one

    def finished(self, digest: bytes) -> bytes:
        import numpy as np  # here, for a search that has its index needs none of it

        pairs = np.unique(np.frombuffer(self._pairs, np.uint64))
        frame_code = "H" if len(self._lines_before) <= 1 << 16 else "I"
        columns: tuple[Any, ...] = (*self._times, self._lines_before, (pairs >> np.uint64(32)).astype(np.uint32),
                   pairs.astype(np.uint32).astype(frame_code))
        header = json.dumps({
            "segment": digest.hex(), "frames": len(self._lines_before), "lines": self._lines, "pairs": len(pairs),
            "frame_code": frame_code, "broken": self._broken, "damaged": self._damaged, "masked": self._masked,
            "names": {kind: None if len(names) > _MOST_NAMES else {
                name.decode("utf-8", "surrogatepass"): f"{bits:x}" for name, bits in names.items()}
                for kind, names in self._names.items()}}).encode()
        body = b"".join((MAGIC, len(header).to_bytes(4, "little"), header, *(column.tobytes() for column in columns)))
        return body + crc32(body).to_bytes(4, "little")


def microseconds(at: datetime) -> int:
    """Since 1970; no float, whose last digit is another."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _us(at: bytes) -> int:
    return microseconds(datetime.fromisoformat(at.decode()))


def made_ms(id_: bytes) -> int | None:
    """The time that a decision's id begins with; None of one that is not of that form."""
    try:
        return int(id_[:12], 16) if id_[12:13] == b"-" else None
    except ValueError:
        return None


def hash_of(text: bytes) -> int:
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "little")
