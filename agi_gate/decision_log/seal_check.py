"""Seals, against themselves, each other, and the files that they are of.

Edge.  What no chain tells, a seal does: a record of version 1 that was changed, lines in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from agi_gate.decision_log import files, gone, keep_state, sealing, terms
from agi_gate.decision_log.chains import Chains
from agi_gate.decision_log.files import Segment
from agi_gate.decision_log.findings import Place, Problem, Problems
from agi_gate.decision_log.sealing import Seal, SealError, SealUnread
from agi_gate.decision_log.tally import BLOCK_LINES, Tally
from agi_gate.decision_log.terms import Terms


class Seals:
    def __init__(self, problems: Problems, unreadable: list[str], chains: Chains) -> None:
        self.problems, self.unreadable, self.chains = problems, unreadable, chains
        self.count = 0
        self.digests: set[str] = set()
        self._is_unread = False  # the digest of one is not known
        self.too_early: set[str] = set()  # names of files of which a seal says what it must not
        self._shortened: dict[str, str] = {}
        self._changed: list[tuple[dict[str, Any], dict[str, Any], str]] = []  # seal, lines, name of a file unlike its seal

    def read(self, segment: Segment) -> Seal | None:
        try:
            seal = sealing.read(segment.seal)
        except FileNotFoundError:
            return None
        except SealUnread as error:
            self.unreadable.append(str(error))
            self._is_unread |= error.digest is None
            if error.digest is not None:
                self.digests.add(error.digest)
            return None
        except SealError as error:
            self.problems.add(str(error), "seal", Place(segment.seal.name, 1))
            return None
        self.count += 1
        self.digests.add(seal.digest)
        if seal.seal["segment"] != segment.name:
            self.problems.add(f"{segment.seal.name}: it is the seal of {seal.seal['segment']}: they were exchanged", "seal",
                              Place(segment.seal.name, 1))
            return None
        if sealing.digest_of(seal.seal) != seal.digest:
            self.problems.add(f"{segment.seal.name}: the seal was changed: its digest is another", "seal",
                              Place(segment.seal.name, 1))
        return seal

    def follows(self, segment: Segment, seal: Seal, before: Seal | None, is_told: bool) -> None:
        """The seal against the one before it."""
        names, digest = seal.seal["prev_seal"], None if before is None else before.digest
        if names == digest or is_told:
            return
        if before is None:
            words = f"{segment.seal.name}: the seal before it is missing"
        elif names is None:
            words = f"{segment.seal.name}: it names no seal before it, and {before.seal['segment']}.seal stands there"
        else:
            words = (f"{segment.seal.name}: it holds another digest of the seal before it than that of "
                     f"{before.seal['segment']}.seal: that one was changed, or one between the two is missing")
        self.problems.add(words, "seal", Place(segment.seal.name, 1))

    def judge(self, seals: Sequence[Seal | None], allowed: Sequence[Terms], now: datetime | None) -> None:
        """What seals say was done to their files, against what was due by all of them."""
        for seal, one in zip(seals, allowed, strict=True):
            if seal is None:
                continue
            name = seal.seal["segment"]
            for words in one.broken_by(seal, now):
                self.problems.add(f"{name}: {words}", "too early", Place(f"{name}.seal", 1))
                self.too_early.add(name)
            own = terms.stated(seal)
            if own is not None and one.remove is not None and one.remove[0] < own.decisions_days:
                self._shortened[name] = (f" (retention was {own.decisions_days} days when it was made, and {one.remove[0]} "
                                         f"by {one.remove[1]})")

    def doubts(self, segment: Segment, seal: Seal) -> Iterator[str]:
        """The same of one file by the seals that are beside it, which need not be all: no finding, but notes."""
        onwards = [gone.seal_of(one) for one in files.segments(segment.log) if one.stamp >= segment.stamp]
        for words in terms.of(onwards, None)[0].broken_by(seal, None):
            yield f"{segment.name}: {words}, as far as the seals beside it tell: verify the whole log"

    def shortened(self, segment: Segment) -> str:
        """Words on a retention that was made shorter after a file was sealed; empty where it was not."""
        return self._shortened.get(segment.name, "")

    def newest(self, log: Path) -> None:
        """Whether the seal is there that was made last, as far as `keep` has come to note it."""
        state = keep_state.read(log)
        known = None if state is None else state.newest_seal
        if known is not None and known not in self.digests and not self._is_unread:
            self.problems.add(f"the newest seal that was made ({known[:16]}...) is not there: it was changed or removed",
                              "seal")

    def compare(self, seal: Seal, tally: Tally, whole: str, file: str, told_before: set[Problem]) -> None:
        """A file's lines against its seal."""
        body, now = seal.seal, tally.sealed()
        for chain, ends in body["chains"].items():
            self.chains.told_end(chain.encode(), ends["last_seq"], ends["last_hash"].encode(),
                                 f"the seal {body['segment']}.seal")
        for chain in now["chains"]:
            if chain not in body["chains"]:
                self.problems.add(f"{file}: records of chain {chain}, which the seal does not know, were put in", "inserted",
                                  Place(file, 1), chain.encode())
        told = [problem for problem in self.problems.told if problem not in told_before and problem.file == file]
        if now["content_sha256"] != body["content_sha256"]:
            self._changed.append((body, now, file))
        elif not told and whole not in (seal.file.get("sha256"), seal.file.get("masking")):
            self.problems.add(f"{file}: it is not, to the byte, the file that was sealed, though every record is: a personal "
                              "part was taken out, or the seal's `file` was changed", "changed", Place(file, 1))

    def beside(self, segment: Segment, seal: Seal) -> None:
        """A plain file beside the sealed one: the same, where `keep` was killed between two steps.  Raises OSError."""
        digest = sha256()
        for piece in files.pieces(segment.plain):
            digest.update(piece)
        if digest.hexdigest() != seal.file.get("sha256"):
            self.problems.add(f"{segment.plain.name}: {sealing.beside(segment)}", "put back", Place(segment.plain.name, 1))

    def finish(self) -> None:
        """Tell what the chains, which are finished, have not told."""
        for one in self._changed:
            self._tell_blocks(*one)

    def _tell_blocks(self, sealed: dict[str, Any], now: dict[str, Any], file: str) -> None:
        """Where no chain tells what is another than it was, the seal tells it to a thousand lines."""
        told = {problem.line for problem in self.problems.told if problem.file == file and problem.line is not None}
        more = now["lines"] - sealed["lines"]
        if more and not told:
            self.problems.add(f"{file}: has {now['lines']:,} lines, and {sealed['lines']:,} were sealed: "
                              f"{abs(more):,} {'put in' if more > 0 else 'taken out'}", "lines", Place(file, now["lines"]))
        for number, (old, new) in enumerate(zip(sealed["blocks"], now["blocks"])):
            first, last = number * BLOCK_LINES + 1, min((number + 1) * BLOCK_LINES, now["lines"])
            if old != new:
                if not any(first <= line <= last + 1 for line in told):
                    self.problems.add(f"{file}: lines {first} to {last} are not those that were sealed: they were changed, "
                                      "or stand in another order", "changed", Place(file, first))
                if more:
                    return  # all behind it have moved
