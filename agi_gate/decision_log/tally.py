"""What a seal says of a file's lines, counted and hashed line by line; masking changes nothing of it.

Edge, pure.  Each line counts with the hash of what masking leaves of it (`linked.lasting`), of a record that is its
record hash; the hashes are hashed again, in hex with a newline each, as `sha256sum` would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from agi_gate.decision_log.linked import Link, Read, Torn, Version1, lasting
from agi_gate.record.shape import is_time

# a change is found within so many lines even where no chain tells of it
BLOCK_LINES = 1_000
_BLOCK_HEX = 16


def _is_time(at: bytes) -> bool:
    """Whether it is one that a record may have (`record.shape`): the 30th of February has that form, too."""
    try:
        return is_time(at.decode())
    except UnicodeDecodeError:
        return False


@dataclass(slots=True)
class Ends:
    """Where a chain begins and ends in one file."""

    first_seq: int
    first_prev: str
    last_seq: int
    last_hash: str


@dataclass(slots=True)
class Tally:
    lines: int = 0
    records: int = 0
    version_1: int = 0
    torn: int = 0
    first_at: bytes | None = None
    last_at: bytes | None = None
    chains: dict[bytes, Ends] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    _content: Any = field(default_factory=sha256)
    _block: list[bytes] = field(default_factory=list)

    def add(self, line: bytes, what: Read) -> None:
        self.lines += 1
        if type(what) is Link:
            self._add_record(what)
            self._block.append(what.hash)
        else:
            self.torn += isinstance(what, Torn)
            if isinstance(what, Version1):
                self.version_1 += 1
                self._add_time(what.at)
            self._block.append(sha256(lasting(line)).hexdigest().encode())
        if len(self._block) == BLOCK_LINES:
            self._end_block()

    def sealed(self) -> dict[str, Any]:
        """What of a seal is told by the lines."""
        self._end_block()
        return {
            "lines": self.lines, "records": self.records, "version_1": self.version_1, "torn": self.torn,
            "first_at": self.first_at and self.first_at.decode(), "last_at": self.last_at and self.last_at.decode(),
            "chains": {chain.decode("utf-8", "backslashreplace"): {
                "first_seq": ends.first_seq, "first_prev": ends.first_prev, "last_seq": ends.last_seq,
                "last_hash": ends.last_hash} for chain, ends in sorted(self.chains.items())},
            "content_sha256": self._content.hexdigest(), "blocks": self.blocks}

    def _add_record(self, link: Link) -> None:
        self.records += 1
        ends = self.chains.get(link.chain)
        if ends is None:
            self.chains[link.chain] = Ends(link.seq, link.prev.decode(), link.seq, link.hash.decode())
        elif link.seq >= ends.last_seq:
            ends.last_seq, ends.last_hash = link.seq, link.hash.decode()
        if link.at is not None:
            self._add_time(link.at)

    def _add_time(self, at: bytes) -> None:
        # as they are written, so they sort
        if self.first_at is None or self.last_at is None or not self.first_at <= at <= self.last_at:
            if not _is_time(at):
                return
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)

    def _end_block(self) -> None:
        if self._block:
            data = b"\n".join(self._block) + b"\n"
            self._content.update(data)
            self.blocks.append(sha256(data).hexdigest()[:_BLOCK_HEX])
            self._block.clear()
