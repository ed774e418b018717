"""Verify: whether a log is what was written, and where it is not.

Edge.  One pass over all files, in order of time: each record against its chain, each sealed file against its seal, each
seal against the seal after it, the end of each chain against its head.  Nothing is kept of a record that was seen, so
that a million of them take no memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from agi_gate.decision_log import files, head_check, heads, keep_state, linked, terms
from agi_gate.decision_log.chains import Chains, End
from agi_gate.decision_log.files import Segment
from agi_gate.decision_log.findings import Place, Report, name
from agi_gate.decision_log.heads import Damaged, Head
from agi_gate.decision_log.linked import Link, OtherVersion, Personal, Torn, Version1
from agi_gate.decision_log.seal_check import Seals
from agi_gate.decision_log.sealing import Seal
from agi_gate.decision_log.segment import SUFFIX, SegmentError
from agi_gate.decision_log.segment import Segment as Compressed
from agi_gate.decision_log.tally import Tally
from agi_gate.decision_log.terms import Retention

Advance = Callable[[int, int], None]  # bytes and lines that were read
_SETTLED_S = 0.05
_MOST_VERSIONS = 100
_KEEP_WAIT_S = 60.0


def verify(log: Path, expected: Iterable[str] = (), advance: Advance = lambda done, rows: None, *,
           retention: Retention | None = None, now: datetime | None = None) -> Report:
    """Verify all files of a log.  Raises OSError where there is nothing that can be read.

    `retention`, the configuration's, counts where no seal states any.
    """
    report = Report()
    with keep_state.undisturbed(log, _KEEP_WAIT_S) as is_undisturbed:
        if not is_undisturbed:
            report.notices.append("`agi-gate log keep` is at work on these files: what it replaces meanwhile may look "
                                  "wrong; run this again when it is done")
        _Verification(report, set(expected), advance, whole=True).log(log, retention, now)
    return report


def verify_files(paths: Iterable[Path], expected: Iterable[str] = (),
                 advance: Advance = lambda done, rows: None) -> Report:
    """Verify some files alone: what is before and behind them is not known."""
    report = Report()
    _Verification(report, set(expected), advance, whole=False).some(paths)
    return report


class _Verification:
    def __init__(self, report: Report, expected: set[str], advance: Advance, *, whole: bool) -> None:
        self.report, self.expected, self.advance = report, expected, advance
        self.problems = report.problems
        self.chains = Chains(report.problems, from_start=whole)
        self.seals = Seals(report.problems, report.unreadable, self.chains)
        self._other_versions: dict[tuple[str, int], tuple[int, int]] = {}  # file, version -> first line, count
        self._is_chained = False  # a record of version 2 was seen, so that none of version 1 can follow

    def log(self, log: Path, retention: Retention | None, now: datetime | None) -> None:
        before: Seal | None = None
        segments = files.segments(log)
        seals = [self.seals.read(segment) for segment in segments]
        self.seals.judge(seals, terms.of(seals, retention), now)
        heads_before = self._heads(log)
        seal_is_lost = False
        for segment, seal in zip(segments, seals, strict=True):
            if seal is not None:
                self.seals.follows(segment, seal, before, seal_is_lost)
                before, seal_is_lost = seal, False
            elif segment.seal.exists():
                seal_is_lost = True  # it was told
            elif segment.compressed.exists():
                self.problems.add(f"{segment.compressed.name}: its seal {segment.seal.name} is missing", "seal")
                seal_is_lost = True
            elif any(later.seal.exists() for later in reversed(segments) if later.stamp > segment.stamp):
                self.problems.add(f"{segment.plain.name}: has no seal, and a file after it has: it was put in, or its seal was "
                                  "removed", "seal", Place(segment.plain.name, 1))
            self._segment(segment, seal)
        if before is not None:
            self.report.newest_seal = before.digest
        self.seals.newest(log)
        is_read = True
        if log.exists() or not segments:
            try:
                self._plain(log, None)
                self.report.files += 1
            except OSError as error:
                if not segments:
                    raise
                is_read = False  # so nobody can say where the chains end
                self.report.unreadable.append(f"{log} cannot be read: {error.strerror}")
        if heads_before is not None and is_read:
            head_check.compare(log, self.chains, self.problems, self.report.unreadable, heads_before)
        self._finish()

    def some(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if not files.holds_records(path):
                self.report.notices.append(f"{path.name}: holds no records; a seal is read with the file that it is of")
                continue
            segment = files.segment_of(path)
            seal = self.seals.read(segment) if segment is not None else None
            if segment is not None and seal is not None:
                self.report.notices += self.seals.doubts(segment, seal)
            elif path.exists():
                self.report.notices.append(f"{path.name}: no seal is beside it: it is not proven that nothing is missing at its "
                                           "beginning and its end, nor that its last records are as they were written")
            try:
                if path.suffix == SUFFIX:
                    self._sealed(path, seal)
                else:
                    self._plain(path, seal)
                self.report.files += 1
            except OSError as error:
                self.report.unreadable.append(f"{path} cannot be read: {error.strerror}")
        self._finish()

    def _heads(self, log: Path) -> dict[bytes, Head | Damaged] | None:
        try:
            return heads.read_all(log)
        except OSError as error:
            self.report.unreadable.append(f"{heads.folder(log)} cannot be read: {error.strerror}; where the chains end is not "
                                          "proven; run this as the gate's user")
            return None

    # --- files

    def _segment(self, segment: Segment, seal: Seal | None) -> None:
        path = segment.file
        if path is None:
            if seal is not None:
                self._absent(segment, seal)
            return
        self.report.files += 1
        try:
            if path == segment.compressed:
                if seal is not None and segment.plain.exists():
                    self.seals.beside(segment, seal)
                self._sealed(path, seal)
            else:
                self._plain(path, seal)
        except OSError as error:
            self.report.unreadable.append(f"{path} cannot be read: {error.strerror}")
            if seal is not None:
                self._pass_over(segment, seal)

    def _absent(self, segment: Segment, seal: Seal) -> None:
        what = f"{seal.seal['records']:,} records from {seal.seal['first_at']} to {seal.seal['last_at']}"
        removed_at = seal.file.get("removed_at")
        if segment.name in self.seals.too_early:
            pass  # it was told
        elif removed_at is None:
            self.problems.add(f"{segment.compressed.name} is missing: {what}; its seal is there, and does not say that it "
                              "was removed", "missing file", Place(segment.compressed.name, 1))
        else:
            self.report.notices.append(f"{segment.name}: past retention, removed at {removed_at} ({what}); its seal is kept"
                                       f"{self.seals.shortened(segment)}")
        self._pass_over(segment, seal)

    def _pass_over(self, segment: Segment, seal: Seal) -> None:
        place = Place(segment.compressed.name, seal.seal["lines"])
        for chain, ends in seal.seal["chains"].items():
            self._is_chained = True
            self.chains.pass_over(chain.encode(), ends["first_seq"], ends["first_prev"].encode(),
                                  End(ends["last_seq"], ends["last_hash"].encode(), b"", place, None))
            self._expect(ends["last_hash"])

    def _sealed(self, path: Path, seal: Seal | None) -> None:
        damaged: list[SegmentError] = []
        with Compressed(path) as opened:
            self._lines(path, opened.pieces(damaged.append), seal)
        for error in damaged:
            self.problems.add(f"{path.name}: {error}; lines behind it are counted without it", "damaged",
                              Place(path.name, 1))

    def _plain(self, path: Path, seal: Seal | None) -> None:
        if path.suffix != ".gz":
            _settle(path)
        self._lines(path, files.pieces(path), seal)

    def _lines(self, path: Path, pieces: Iterator[bytes], seal: Seal | None) -> None:
        tally, whole, file, ended = Tally(), sha256(), path.name, 0
        state = {} if seal is None else seal.file
        positions = not (state.get("masked_at") or state.get("masking"))
        # where its seal is missing, or cannot be read, that was told, and what it said is not known
        may_be_masked = not positions or seal is None and path.suffix == SUFFIX
        told_before, lines = set(self.problems.told), 0
        chains, problems, expected = self.chains, self.problems, self.expected
        for piece in pieces:
            whole.update(piece)
            for line in BytesIO(piece):
                ended += len(line)
                if line[-1:] == b"\n":
                    line = line[:-1]
                what = linked.read(line)
                tally.add(line, what)
                if isinstance(what, Link):
                    positions = positions and not (may_be_masked and what.personal is Personal.MASKED)
                    chains.add(what, Place(file, tally.lines), ended if positions else None)
                    if what.personal is Personal.MASKED:
                        self.report.masked += 1
                        if not linked.can_be_masked(line):
                            problems.of("changed", Place(file, tally.lines), what.chain, what.seq,
                                        "was masked, and has no pseudonym: `keep` masks none such, so its personal part was taken "
                                        "out by somebody else")
                        elif not may_be_masked:
                            problems.of("changed", Place(file, tally.lines), what.chain, what.seq,
                                        "was masked, and no seal says so: its personal part was taken out by somebody else")
                    if expected and what.hash.decode() in expected:
                        self.report.found.add(what.hash.decode())
                else:
                    self._other(what, line, Place(file, tally.lines))
            self._is_chained = self._is_chained or tally.records > 0
            self.advance(len(piece), tally.lines - lines)
            lines = tally.lines
        self.report.records += tally.records + tally.version_1
        self.report.version_1 += tally.version_1
        if seal is not None:
            self.seals.compare(seal, tally, whole.hexdigest(), file, told_before)

    def _other(self, what: Torn | Version1 | OtherVersion | None, line: bytes, place: Place) -> None:
        if isinstance(what, Torn):
            self.chains.add_torn(what, place)
        elif isinstance(what, OtherVersion):
            first, count = self._other_versions.get((place.file, what.version), (place.line, 0))
            self._other_versions[place.file, what.version] = first, count + 1
        elif isinstance(what, Version1):
            if self._is_chained or self.chains.ends:
                self.problems.add(f"{place}: a record of version 1 behind records of version 2: it was put in", "inserted",
                                  place)
        elif not line:
            self.problems.add(f"{place}: an empty line, which nothing here writes", "no record", place)
        else:
            self.problems.add(f"{place}: is no record of this program: it was changed, or put in", "no record", place)

    def _finish(self) -> None:
        self.chains.finish()
        self.seals.finish()
        self.report.seals = self.seals.count
        self.report.found |= self.expected & self.seals.digests
        for place in self.chains.torn:
            self.report.notices.append(f"{place}: torn by a crash: the beginning of a record that was never answered for; "
                                       "no chain goes on from it")
        for digest in sorted(self.expected - self.report.found):
            self.problems.add(f"{digest} was expected, and is the digest of no seal and the hash of no record: what it "
                              "stood for was rewritten or removed", "expected")
        for (file, version), (first, count) in list(self._other_versions.items())[:_MOST_VERSIONS]:
            self.report.unreadable.append(f"{file}: {count:,} line(s) from line {first} on are records of version {version}, and "
                                          "this program reads versions 1 and 2: verify them with a newer one")
        self.report.ends = {name(chain): (end.seq, end.hash.decode()) for chain, end in self.chains.ends.items()}
        if self.report.version_1:
            self.report.notices.append(f"{self.report.version_1:,} records of version 1, not chained: a change of one is "
                                       "found only once its file is sealed")

    def _expect(self, digest: str) -> None:
        if digest in self.expected:
            self.report.found.add(digest)


def _settle(path: Path) -> None:
    """Where a file's last line is being written just now, wait a moment."""
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                time.sleep(_SETTLED_S)
