"""Terms: when a sealed file may be masked or removed at the earliest, by what the seals themselves state.

Edge, pure.  What a seal says of its file (`removed_at`, `masked_at`) is no part of its digest, for it is written later:
alone it proves nothing.  But each seal states, within its digest, the retention under which it was made, and the time of
the last call.  So a file may go no earlier than by the shortest retention that a seal states, from its own on; `keep`
does nothing by a retention that no seal states yet, and makes such a seal first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from agi_gate.decision_log.sealing import Seal, digest_of

_AHEAD = timedelta(days=1)  # another machine's clock may be so far behind
_MOST_DAYS = 1_000_000


class Retention(NamedTuple):
    """Days after a file's last call; None for masking: never."""

    pseudonymise_after_days: int | None
    decisions_days: int

    def stated(self) -> dict[str, Any]:
        return self._asdict()


Stated = tuple[int, str]  # days, and the name of what states them


@dataclass(frozen=True, slots=True)
class Terms:
    """The shortest days that are stated; None: nothing states any."""

    mask: Stated | None = None
    remove: Stated | None = None
    is_proof: bool = True  # not where its own seal states none, and a retention of that time may be known to nobody

    def may_mask(self, seal: Seal, at: datetime) -> bool:
        return _is_due(seal, self.mask, at)

    def may_remove(self, seal: Seal, at: datetime) -> bool:
        return _is_due(seal, self.remove, at)

    def broken_by(self, seal: Seal, now: datetime | None) -> Iterator[str]:
        """What a seal says was done to its file, and was not to be done yet."""
        if self.remove is None:
            return
        doubt = "" if self.is_proof else " (this seal is of an earlier build and states none: was it shorter then?)"
        for key, what, terms in (("removed_at", "removed", self.remove), ("masked_at", "masked", self.mask),
                                 ("masking_at", "masked", self.mask)):
            if key in seal.file or key == "masking_at" and "masking" in seal.file:
                if (words := _broken(seal, key, terms, now)) is not None:
                    yield f"its seal says that it was {what} ({key} {seal.file.get(key)}), {words}{doubt}"


def stated(seal: Seal) -> Retention | None:
    """The retention under which a seal was made; None of one of an earlier build, or that was changed."""
    said = seal.seal.get("retention")
    if not isinstance(said, dict) or digest_of(seal.seal) != seal.digest:
        return None
    mask, remove = said.get("pseudonymise_after_days"), said.get("decisions_days")
    fine = all(type(days) is int and 0 <= days <= _MOST_DAYS for days in (remove, 0 if mask is None else mask))
    return Retention(mask, remove) if fine else None  # type: ignore[arg-type]


def of(seals: Sequence[Seal | None], configured: Retention | None) -> list[Terms]:
    """The terms of each file by all seals of a log, the oldest first; None where one cannot be read.

    `configured` counts for those whose own seal states none, which is of an earlier build.
    """
    found: list[Terms] = []
    mask: Stated | None = None
    remove: Stated | None = None
    for seal in reversed(seals):
        said = None if seal is None else stated(seal)
        if seal is not None and said is not None:
            mask, remove = _shorter(mask, remove, said, f"{seal.seal['segment']}.seal")
            found.append(Terms(mask, remove))
        elif configured is not None:
            found.append(Terms(*_shorter(mask, remove, configured, "the configuration"), is_proof=False))
        else:
            found.append(Terms(mask, remove, is_proof=False))
    return found[::-1]


def _shorter(mask: Stated | None, remove: Stated | None, said: Retention, name: str) -> tuple[Stated | None, Stated]:
    if remove is None or said.decisions_days < remove[0]:
        remove = said.decisions_days, name
    days = said.pseudonymise_after_days
    if days is not None and (mask is None or days < mask[0]):
        mask = days, name
    return mask, remove


def _is_due(seal: Seal, terms: Stated | None, at: datetime) -> bool:
    return terms is not None and (due_at := seal.older_by(terms[0])) is not None and at >= due_at


def _broken(seal: Seal, key: str, terms: Stated | None, now: datetime | None) -> str | None:
    try:
        at = datetime.fromisoformat(seal.file[key])
        is_ahead = now is not None and at > now + _AHEAD
    except (KeyError, TypeError, ValueError):
        return "and that is no time"
    if is_ahead:
        return "and that time has not come yet"
    if seal.last_at is None:
        return "and no call is in it, by whose age it could have been due"
    if terms is None:
        return "and neither a seal nor the configuration has that done at all"
    if _is_due(seal, terms, at):
        return None
    due_at = seal.older_by(terms[0])
    return f"and that was not due before {due_at and due_at.date()}: {terms[1]} states {terms[0]} days, and none shorter"
