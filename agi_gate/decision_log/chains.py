"""The chains of a log, followed record by record: what was changed, removed, inserted, moved or cut, and where.

Edge, pure.  A record whose successor holds another hash of it was changed, or one of the two was put in: which of them,
the record after tells.  So a break is settled one record later, and what is still open at the end by whoever knows where
the chain ends: the seal, or the chain's head.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agi_gate.decision_log.findings import Place, Problems, name
from agi_gate.decision_log.linked import Link, Personal, Torn
from agi_gate.decision_log.positions import Positions

START = b"0" * 64
FIRST_SEQ = 1


class End(NamedTuple):
    """The last record of a chain, so far."""

    seq: int
    hash: bytes
    prev: bytes
    place: Place
    ended: int | None  # byte position behind it in its file


@dataclass(slots=True)
class _Gap:
    first: int
    last: int
    before: Place | None  # the record before what is missing
    behind: Place


@dataclass(slots=True)
class _Chain:
    end: End | None
    rival: End | None = None  # what the end may have taken the place of
    broken: bool = False  # the end does not follow on the rival
    moved: End | None = None  # the last that stood behind its place: of those in a row the first is told
    gaps: list[_Gap] = field(default_factory=list)
    torn: list[tuple[int, Place]] = field(default_factory=list)


class Chains:
    def __init__(self, problems: Problems, *, from_start: bool = True) -> None:
        """`from_start`: a chain's first record must be the first that it ever had."""
        self._chains: dict[bytes, _Chain] = {}
        self._problems = problems
        self._from_start = from_start
        self._positions = Positions()
        self._loose_torn: list[Place] = []
        self.torn: list[Place] = []  # by a crash, as far as chains can tell

    @property
    def ends(self) -> dict[bytes, End]:
        return {chain: known.end for chain, known in self._chains.items() if known.end is not None}

    def add(self, link: Link, place: Place, ended: int | None) -> None:
        """The next record of the log; `ended` is None where positions are not those of its writing."""
        known = self._chains.get(link.chain)
        if known is None:
            known = self._chains[link.chain] = _Chain(None)
        end = known.end
        record = End(link.seq, link.hash, link.prev, place, ended)
        if link.personal is Personal.CHANGED:
            self._problems.of("changed", place, link.chain, link.seq,
                              "was changed: its personal part is not the one that was written")
        if end is not None and link.seq == end.seq + 1 and link.prev == end.hash:
            if known.rival is not None:
                self._settle(link.chain, known)
            if (link.after is not None and ended is not None and end.ended is not None
                    and end.place.file == place.file):
                self._positions.see(end.place, end.ended - link.after, place, link.chain, link.seq)
            known.end = record
        else:
            self._odd(link.chain, known, record)

    def add_torn(self, torn: Torn, place: Place) -> None:
        """A line that is only the beginning of a record."""
        if torn.chain is None or torn.seq is None:
            self._loose_torn.append(place)
        else:
            self._chains.setdefault(torn.chain, _Chain(None)).torn.append((torn.seq, place))

    def pass_over(self, chain: bytes, first_seq: int, first_prev: bytes, last: End) -> None:
        """A file that is not there, but whose seal says where it began and ended."""
        known = self._chains.setdefault(chain, _Chain(None))
        first = End(first_seq, b"", first_prev, last.place, None)
        if not (known.end is None and not self._from_start or self._follows(known.end, first)):
            self._odd(chain, known, first)
        known.end, known.rival = last, None

    def told_end(self, chain: bytes, seq: int, hash_: bytes, who: str) -> None:
        """Compare with what a seal or a head says is the last record; `who` names it."""
        known = self._chains.get(chain)
        end = known.end if known else None
        if known is None or end is None or seq > end.seq:
            first = end.seq + 1 if end else FIRST_SEQ
            where = end.place if end else Place("", 0)
            self._missing(chain, _Gap(first, seq, end.place if end else None, where), who)
            # what follows on it in the next file is in order
            self._chains[chain].end, self._chains[chain].rival = End(seq, hash_, b"", where, None), None
        elif seq < end.seq:
            self._problems.of("inserted", end.place, chain, end.seq,
                              f"was put in, or its number was changed: {who} says that the chain ended with record {seq}")
            known.gaps = [replace(gap, last=min(gap.last, seq)) for gap in known.gaps if gap.first <= seq]
            known.end, known.rival, known.moved = End(seq, hash_, b"", end.place, None), None, None
        elif seq == end.seq and known.rival is not None and known.rival.seq == seq and known.rival.hash == hash_:
            self._inserted(chain, end)
            known.end, known.rival = known.rival, None
        elif seq == end.seq and end.hash != hash_:
            if known.rival is not None and known.broken:  # it was changed together with what it says of the one before
                known.rival = None
            self._problems.of("changed", end.place, chain, seq, f"was changed: {who} has another hash of it")
            known.end = end._replace(hash=hash_)
        elif seq == end.seq and known.rival is not None:
            self._settle(chain, known)

    def finish(self) -> None:
        """Tell what is still open."""
        for chain, known in self._chains.items():
            if known.rival is not None:
                self._settle(chain, known)
            for gap in known.gaps:
                self._missing(chain, gap, None)
            known.gaps.clear()
            self.torn += [place for _, place in known.torn]
        self._positions.tell(self._problems)
        self.torn += self._loose_torn
        self.torn.sort()

    def _follows(self, end: End | None, record: End) -> bool:
        if end is None:
            return record.seq == FIRST_SEQ and record.prev == START
        return record.seq == end.seq + 1 and record.prev == end.hash

    def _odd(self, chain: bytes, known: _Chain, record: End) -> None:
        """A record that does not simply follow."""
        end, rival = known.end, known.rival
        if end is None:
            if self._from_start and not self._follows(None, record):
                if record.seq > FIRST_SEQ:
                    known.gaps.append(_Gap(FIRST_SEQ, record.seq - 1, None, record.place))
                else:
                    self._problems.of("changed", record.place, chain, record.seq,
                                      "was changed: it is the first, and names one before it")
            known.end = record
        elif rival is not None and self._follows(rival, record):
            # what came between was put in: nothing goes on from it
            self._inserted(chain, end)
            known.end, known.rival = record, None
        elif record.seq == end.seq + 1:
            if rival is not None:
                self._settle(chain, known)
            known.end, known.rival, known.broken = record, end, True
        elif record.seq > end.seq:
            if rival is not None:
                self._settle(chain, known)
            known.gaps.append(_Gap(end.seq + 1, record.seq - 1, end.place, record.place))
            known.end = record
        elif self._fills(known, record.seq):
            if known.moved is None or not self._follows(known.moved, record):
                self._problems.of("moved", record.place, chain, record.seq,
                                  f"is not where it was written: record {end.seq} stands before it, on line "
                                  f"{end.place.line}" + ("" if end.place.file == record.place.file
                                                         else f" of {end.place.file}"))
            known.moved = record
        elif record.seq == end.seq and record.prev == end.prev and record.hash != end.hash and rival is None:
            known.end, known.rival, known.broken = record, end, False
        else:
            self._inserted(chain, record)

    def _settle(self, chain: bytes, known: _Chain) -> None:
        """The end stands; what its rival was, follows from that."""
        rival, end = known.rival, known.end
        known.rival = None
        assert rival is not None and end is not None
        if known.broken:
            self._problems.of("changed", rival.place, chain, rival.seq,
                              f"was changed: record {end.seq} (line {end.place.line}"
                              + ("" if end.place.file == rival.place.file else f" of {end.place.file}")
                              + ") has another hash of it")
        else:
            self._inserted(chain, rival)

    def _inserted(self, chain: bytes, record: End) -> None:
        self._problems.of("inserted", record.place, chain, record.seq,
                          "was put in: the chain does not go on from it")

    def _fills(self, known: _Chain, seq: int) -> bool:
        """Whether a record was missing until now; then it is not any more."""
        for gap in known.gaps:
            if gap.first <= seq <= gap.last:
                known.gaps.remove(gap)
                known.gaps += [part for part in (_Gap(gap.first, seq - 1, gap.before, gap.behind),
                                                 _Gap(seq + 1, gap.last, gap.before, gap.behind)) if part.first <= part.last]
                return True
        return False

    def _missing(self, chain: bytes, gap: _Gap, who: str | None) -> None:
        """`who` knows of them, where no record behind them does."""
        known = self._chains.setdefault(chain, _Chain(None))
        for torn in [torn for torn in known.torn if gap.first <= torn[0] <= gap.last]:
            known.torn.remove(torn)
            self._problems.of("cut", torn[1], chain, torn[0], "was cut: " + (
                f"{who} knows all of it" if who else "the chain goes on behind it, so it was whole once"))
            if gap.first == gap.last:
                return
        between = [place for place in self._loose_torn if (gap.before is None or place > gap.before)
                   and (who is not None or place < gap.behind)]
        if len(between) == 1 and gap.first == gap.last:
            self._loose_torn.remove(between[0])
            self._problems.of("cut", between[0], chain, gap.first, "was cut: this is all that is left of it")
            return
        which = f"record {gap.first}" if gap.first == gap.last else f"records {gap.first} to {gap.last}"
        verb = "is" if gap.first == gap.last else "are"
        where = gap.behind if who is None or gap.before is None else gap.before
        if who is not None:
            at = f" behind {gap.before}" if gap.before else ""
            words = f"{which} of chain {name(chain)} {verb} missing{at}: {who} knows of record {gap.last}"
        elif gap.before is None:
            words = f"{gap.behind}: {which} of chain {name(chain)}, before it, {verb} missing"
        else:
            words = (f"{gap.behind}: {which} of chain {name(chain)} {verb} missing; the one before stands on line "
                     f"{gap.before.line}" + ("" if gap.before.file == gap.behind.file else f" of {gap.before.file}"))
        self._problems.add(words, "missing", where if where.file else None, chain, gap.first)
