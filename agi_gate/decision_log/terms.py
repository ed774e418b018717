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


@dataclass(frozen=True, slots=True)
class Terms:
    """The shortest days that are stated, each with the name of what states it; None: nothing does."""

    mask: tuple[int, str] | None = None
    remove: tuple[int, str] | None = None

    def may_mask(self, seal: Seal, at: datetime) -> bool:
        return _is_due(seal, self.mask, at)

    def may_remove(self, seal: Seal, at: datetime) -> bool:
        return _is_due(seal, self.remove, at)

    def broken_by(self, seal: Seal, now: datetime | None) -> Iterator[str]:
        """What a seal says was done to its file, and was not to be done yet."""
        for key, what, terms in (("removed_at", "removed", self.remove), ("masked_at", "masked", self.mask),
                                 ("masking_at", "masked", self.mask)):
            if key in seal.file or key == "masking_at" and "masking" in seal.file:
                if (words := _broken(seal, key, terms, now)) is not None:
                    yield f"its seal says that it was {what} ({key} {seal.file.get(key)}), {words}"


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

    `configured` counts where no seal states any: those of earlier builds.
    """
    found: list[Terms] = []
    mask: tuple[int, str] | None = None
    remove: tuple[int, str] | None = None
    for seal in reversed(seals):
        said = None if seal is None else stated(seal)
        if seal is not None and said is not None:
            name = f"{seal.seal['segment']}.seal"
            remove = min(remove, (said.decisions_days, name), key=_days) if remove else (said.decisions_days, name)
            if said.pseudonymise_after_days is not None:
                mask = min(mask, (said.pseudonymise_after_days, name), key=_days) if mask else (
                    said.pseudonymise_after_days, name)
        found.append(_configured(configured) if remove is None else Terms(mask, remove))
    return found[::-1]


def _configured(retention: Retention | None) -> Terms:
    if retention is None:
        return Terms()
    mask, name = retention.pseudonymise_after_days, "the configuration"
    return Terms(None if mask is None else (mask, name), (retention.decisions_days, name))


def _days(one: tuple[int, str]) -> int:
    return one[0]


def _is_due(seal: Seal, terms: tuple[int, str] | None, at: datetime) -> bool:
    return terms is not None and (due_at := seal.older_by(terms[0])) is not None and at >= due_at


def _broken(seal: Seal, key: str, terms: tuple[int, str] | None, now: datetime | None) -> str | None:
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
