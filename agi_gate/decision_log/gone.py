"""Files of a log that are gone, and not by retention: what a search or a replay cannot have read.

Edge.  It looks at seals alone; `verify` says more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agi_gate.decision_log import sealing, terms
from agi_gate.decision_log.files import Segment, segment_of
from agi_gate.decision_log.sealing import Seal, SealError


def gone(segments: Sequence[Segment], since: datetime | None = None, until: datetime | None = None) -> Iterator[str]:
    """Words on each that should be there, and can hold a record of that time."""
    first = next((place for place, one in enumerate(segments) if can_hold(one, since)), len(segments))
    before: Seal | None = None
    # the one before those of that time is looked at, too: what is missing with its seal is told by the seals around it
    for place, one in list(enumerate(segments))[max(0, first - 1):]:
        seal = seal_of(one)
        if seal is not None and (before is None or not _is_of_another_time(before, None, until)):
            named = seal.seal["prev_seal"]
            if before is None and place == 0 and named is not None:
                yield f"{one.name} names a file before it, which is missing, and so is its seal"
            elif before is not None and named not in (None, before.digest):
                yield (f"{one.name} names another file before it than {before.seal['segment']}: one between the two is missing, "
                       "and so is its seal, or a seal was changed")
        before = seal
        if one.file is not None or place < first:
            continue
        if seal is None:
            yield f"{one.compressed} is missing, and its seal cannot be read"
        elif not _is_of_another_time(seal, since, until) and not _went_when_due(seal, segments[place:]):
            yield (f"{one.compressed} is missing ({seal.seal['records']:,} records from {seal.seal['first_at']} to "
                   f"{seal.seal['last_at']})")


def cut(path: Path, lines: int) -> str | None:
    """Words on a file that has fewer lines than its seal says; None where it has not, or no seal."""
    segment = segment_of(path)
    seal = None if segment is None else seal_of(segment)
    if seal is None or lines >= seal.seal["lines"]:
        return None
    return f"it has {lines:,} lines, and {seal.seal['lines']:,} were sealed: the others are missing"


def can_hold(one: Segment, since: datetime | None) -> bool:
    """Whether a record of that time, or a later one, can be in it; a clock that was ahead has written such before a rotation."""
    if since is None or one.rotated_at >= since:
        return True
    seal = seal_of(one)
    return seal is None or seal.last_at is not None and seal.last_at >= since


def seal_of(one: Segment) -> Seal | None:
    """A seal, where there is one that can be read."""
    try:
        return sealing.read(one.seal)
    except (SealError, FileNotFoundError):
        return None


def _is_of_another_time(seal: Seal, since: datetime | None, until: datetime | None) -> bool:
    first_at, last_at = seal.first_at, seal.last_at
    return (since is not None and last_at is not None and last_at < since
            or until is not None and first_at is not None and first_at >= until)


def _went_when_due(seal: Seal, onwards: Sequence[Segment]) -> bool:
    """`onwards`: its segment and those behind it."""
    if not seal.was_removed:
        return False
    if not any(terms.of([seal], None)[0].broken_by(seal, None)):
        return True
    # a retention that was made shorter stands in a later seal; rare, so they are not read before
    return not any(terms.of([seal_of(one) for one in onwards], None)[0].broken_by(seal, None))
