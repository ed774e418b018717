"""Masking: what a record says of a person is taken out of a sealed file; its pseudonym, its chain and its seal stay.

Edge.  Nothing that does not verify is masked: that would wipe out the trace of whoever changed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from agi_gate.decision_log import linked, segment
from agi_gate.decision_log.linked import Link, Personal, Torn
from agi_gate.decision_log.tally import Tally


@dataclass(slots=True)
class Masking:
    """A file's lines, masked, and what was seen on the way."""

    path: Path
    tally: Tally = field(default_factory=Tally)
    before: Any = field(default_factory=sha256)
    after: Any = field(default_factory=sha256)
    masked: int = 0
    without_pseudonym: int = 0  # left as they are: nobody could find them by their number again
    size: int = 0

    def lines(self) -> Iterator[bytes]:
        """Raises OSError, SegmentError."""
        for line in segment.lines(self.path):
            self.before.update(line)
            new = self._masked(line)
            self.after.update(new)
            self.size += len(new)
            yield new

    def _masked(self, line: bytes) -> bytes:
        text = line.removesuffix(b"\n")
        newline = line[len(text):]
        what = linked.read(text)
        self.tally.add(text, what)
        if isinstance(what, Torn):
            return linked.lasting(text) + newline
        if not isinstance(what, Link) or what.personal is Personal.CHANGED:
            self.without_pseudonym += isinstance(what, linked.Version1)
            return line
        if what.personal is Personal.MASKED:
            self.masked += 1
            return line
        if not linked.can_be_masked(linked.lasting(text)):
            self.without_pseudonym += 1
            return line
        self.masked += 1
        return linked.masked(text) + newline
