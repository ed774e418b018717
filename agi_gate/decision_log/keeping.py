"""Keep: the files of a log are rotated, sealed, compressed, indexed, masked and, past retention, removed.

Edge.  Each step leaves files that are whole and verify, so that it may be killed behind any: the next time goes on from
there.  A file that does not verify is left as it is, and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agi_gate.clock import Time
from agi_gate.decision_log import files, index, keep_state, rotation, sealing, segment, terms, time_seen
from agi_gate.decision_log.files import Segment
from agi_gate.decision_log.keep_state import State
from agi_gate.decision_log.masking import Masking
from agi_gate.decision_log.rotation import RotationBusy
from agi_gate.decision_log.sealing import Seal, SealError
from agi_gate.decision_log.segment import SegmentError
from agi_gate.decision_log.terms import Retention, Terms
from agi_gate.disk import sync_folder
from agi_gate.record import instant

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    rotate_mb: int = 256
    pseudonymise_after_days: int | None = None
    decisions_days: int = 1827

    def due_at(self, seal: Seal) -> datetime | None:
        """When a sealed file is to be masked or removed next; None: never."""
        if seal.was_removed:
            return None
        days = (self.decisions_days if self.pseudonymise_after_days is None or "masked_at" in seal.file
                else min(self.pseudonymise_after_days, self.decisions_days))
        return seal.older_by(days)

    @property
    def retention(self) -> Retention:
        return Retention(self.pseudonymise_after_days, self.decisions_days)

    def wants_removed(self, seal: Seal, now: datetime) -> bool:
        at = seal.older_by(self.decisions_days)
        return at is not None and at <= now

    def wants_masked(self, seal: Seal, now: datetime) -> bool:
        if self.pseudonymise_after_days is None or "masked_at" in seal.file:
            return False
        at = seal.older_by(self.pseudonymise_after_days)
        return at is not None and at <= now

    def __str__(self) -> str:
        return f"{self.pseudonymise_after_days} {self.decisions_days}"


def is_due(log: Path, plan: Plan, time: Time) -> bool:
    """Say whether `keep` has something to do: a look at the folder, and no file read whole.  Raises OSError."""
    is_sure = time.doubt is None
    if rotation.is_due(log, plan.rotate_mb, time.now if is_sure else None):
        return True
    state, segments = keep_state.read(log), files.segments(log)
    if not segments:
        return False
    return (is_sure and (state is None or state.plan != str(plan) or (state.due_at is not None and state.due_at <= time.now))
            or any(one.plain.exists() or not one.seal.exists() for one in segments[-2:]))


def keep(log: Path, plan: Plan, clock: datetime, did: Tell, complain: Tell, took: Tell | None = None, *,
         rotate_now: bool = False) -> None:
    """Do what is due; `did` is told each step, `took` what was masked or removed, `complain` what could not be done.

    Where the clock is in doubt nothing is masked or removed, and `complain` is told so first.  Raises KeepBusy, OSError.
    """
    with keep_state.alone(log):
        now, doubt = time_seen.time_of(log, clock)
        if doubt is not None:
            complain(doubt)
        if rotate_now or rotation.is_due(log, plan.rotate_mb, now if doubt is None else None):
            _rotate(log, now, did, complain)
        seals = list(_sealed(log, plan, now, did, complain, is_sure=doubt is None))
        if doubt is None and _is_not_stated(seals, plan, now):
            # what is done to a file must be due by what a seal states: the retention is another since the newest one
            _rotate(log, now, did, complain, even_empty=True)
            seals = list(_sealed(log, plan, now, did, lambda words: None))
        for (one, seal), allowed in zip(seals, _terms(seals, plan), strict=True):
            try:
                _compress(one, seal, did)
                if doubt is None:
                    _remove_or_mask(one, seal, plan, allowed, now, took or did, complain)
            except (_Unlike, SegmentError) as error:
                complain(f"{one.name}: {error}; it is left as it is: see `agi-gate log verify`")
        due = [at for _, seal in seals if (at := plan.due_at(seal)) is not None and (at > now or doubt is not None)]
        newest = _newest(log, [seal.digest for _, seal in seals])
        keep_state.write(log, State(newest, min(due, default=None), str(plan)))


class _Unlike(Exception):
    """A file is not what its seal says."""


def _rotate(log: Path, now: datetime, did: Tell, complain: Tell, *, even_empty: bool = False) -> None:
    try:
        if (rotated := rotation.rotate(log, now, even_empty=even_empty)) is not None:
            did(f"rotated {log.name} to {rotated.plain.name}")
    except RotationBusy as error:
        complain(str(error))


def _terms(seals: Sequence[tuple[Segment, Seal]], plan: Plan) -> list[Terms]:
    return terms.of([seal for _, seal in seals], plan.retention)


def _is_not_stated(seals: Sequence[tuple[Segment, Seal]], plan: Plan, now: datetime) -> bool:
    """Whether something is due by a retention that no seal states."""
    return any(one.file is not None and (
        plan.wants_removed(seal, now) and not allowed.may_remove(seal, now)
        or plan.wants_masked(seal, now) and not allowed.may_mask(seal, now))
        for (one, seal), allowed in zip(seals, _terms(seals, plan), strict=True))


def _sealed(log: Path, plan: Plan, now: datetime, did: Tell, complain: Tell, *,
            is_sure: bool = True) -> Iterator[tuple[Segment, Seal]]:
    """Each segment with its seal, which is made where there is none; the oldest first."""
    digests: list[str] = []
    segments = files.segments(log)
    last_sealed = max((place for place, one in enumerate(segments) if one.seal.exists()), default=-1)
    for place, one in enumerate(segments):
        try:
            seal = sealing.read(one.seal)
        except FileNotFoundError:
            if not one.plain.exists():
                complain(f"{one.compressed.name} has no seal: see `agi-gate log verify`")
                continue
            if place < last_sealed:  # files are sealed in their order: no crash leaves one behind
                complain(f"{one.plain.name} has no seal, and files after it have: it is not sealed: see `agi-gate log verify`")
                continue
            begun_at = segments[place - 1].rotated_at if place else None
            seal = sealing.made(one, _newest(log, digests), now, plan.retention.stated(), begun_at, is_sure=is_sure)
            sealing.write(one, seal)
            keep_state.write(log, State(seal.digest))
            did(f"sealed {one.plain.name}: {seal.seal['records']:,} records, digest {seal.digest}")
        except SealError as error:
            complain(f"{error}: see `agi-gate log verify`")
            continue
        digests.append(seal.digest)
        yield one, seal


def _newest(log: Path, digests: Sequence[str]) -> str | None:
    """The digest of the seal that was made last; `digests` are those of all that can be read.

    Where it cannot be read itself, it is known from its making: it may come back from a backup, and must then be the one
    before the next.
    """
    state = keep_state.read(log)
    if state is not None and state.newest_seal is not None and state.newest_seal not in digests:
        return state.newest_seal
    return digests[-1] if digests else None


def _compress(one: Segment, seal: Seal, did: Tell) -> None:
    if not one.plain.exists() or seal.was_removed:
        return
    if _digest(files.pieces(one.plain)) != seal.file["sha256"]:
        raise _Unlike(sealing.beside(one) if one.compressed.exists() and _is(one.compressed, seal) else "it is not what was sealed")
    if not one.compressed.exists() or not _is(one.compressed, seal):
        segment.compress(one.plain, one.compressed)
        one.compressed.chmod(sealing.MODE)
        if not _is(one.compressed, seal):
            raise _Unlike("what was compressed is not what was sealed")
    index.build(one.compressed)
    one.plain.unlink()
    sync_folder(one.plain.parent)
    did(f"compressed {one.plain.name}")


def _remove_or_mask(one: Segment, seal: Seal, plan: Plan, allowed: Terms, now: datetime, took: Tell, complain: Tell) -> None:
    for words in allowed.broken_by(seal, now):
        if one.file is not None:
            raise _Unlike(words)
    if seal.was_removed or plan.wants_removed(seal, now) and allowed.may_remove(seal, now):
        _remove(one, seal, now, took)
    elif plan.wants_masked(seal, now) and allowed.may_mask(seal, now) and one.compressed.exists():
        _mask(one, seal, now, took, complain)


def _remove(one: Segment, seal: Seal, now: datetime, took: Tell) -> None:
    there = [path for path in (one.plain, one.compressed, one.index) if path.exists()]
    if not there and seal.was_removed:
        return
    if not seal.was_removed:
        seal.file["removed_at"] = instant(now)
        sealing.write(one, seal)  # before the file goes: without this it would be one that somebody took away
    for path in there:
        path.unlink()
    sync_folder(one.seal.parent)
    took(f"removed {one.name}, past retention: {_what(seal)}; its seal stays")


def _mask(one: Segment, seal: Seal, now: datetime, took: Tell, complain: Tell) -> None:
    first = Masking(one.compressed)
    for _ in first.lines():
        pass
    if (first.before.hexdigest() not in (seal.file["sha256"], seal.file.get("masking"))
            or first.tally.sealed()["content_sha256"] != seal.seal["content_sha256"]):
        raise _Unlike("it is not what was sealed, so it is not masked")
    # named before it is there: killed between the two, each of both is known
    seal.file |= {"masking": first.after.hexdigest(), "masking_at": instant(now)}
    sealing.write(one, seal)
    segment.write(Masking(one.compressed).lines(), one.compressed, sealing.MODE)
    seal.file = {"sha256": first.after.hexdigest(), "bytes": first.size, "masked_at": instant(now),
                 "masked": first.masked, "not_masked": first.without_pseudonym}
    index.build(one.compressed)
    sealing.write(one, seal)
    took(f"masked {first.masked:,} records of {one.name}: {_what(seal)}")
    if first.without_pseudonym:
        complain(f"{one.name}: {first.without_pseudonym:,} records have no pseudonym, for no key was there when they were "
                 "written: they are not masked, since nobody could find them by their number again")


def _what(seal: Seal) -> str:
    return f"{seal.seal['records']:,} records from {seal.seal['first_at']} to {seal.seal['last_at']}"


def _is(compressed: Path, seal: Seal) -> bool:
    try:
        return bool(_digest(segment.lines(compressed)) == seal.file["sha256"])
    except SegmentError:
        return False


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
