"""What may be forgotten of a number, and when: retention by kind of fact.

Core.  A purge never turns a DENY into an ALLOW, for any call from then on.  So only what cannot deny any more goes:
a no (an objection, a revocation) stays for good, and of a number's checks those stay that a consent is measured by.
`before` is the instant that a retention reaches back to; what is dated at it or later stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agi_gate.facts import Callback, Check, Consent, Contact, Facts
from agi_gate.regime import local_day

# administrative prescription is five years, and two of them may be leap years
FIVE_YEARS_DAYS = 1827


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that each kind of fact, the archive's evidence of it, and the decisions on it are kept."""

    checks_days: int = FIVE_YEARS_DAYS
    consents_days: int = FIVE_YEARS_DAYS
    contacts_days: int = FIVE_YEARS_DAYS
    callbacks_days: int = FIVE_YEARS_DAYS
    rests_days: int = FIVE_YEARS_DAYS
    feeds_days: int = FIVE_YEARS_DAYS
    decisions_days: int = FIVE_YEARS_DAYS


def reaches_back_to(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def kept_checks(checks: Sequence[Check], before: datetime, now: datetime) -> tuple[Check, ...]:
    """None where the last check is too old (never checked denies, as stale does); else what decisions rest on.

    Besides the younger results: the last one, the last that was clear, and the first "enrolled" since, as of now.
    Without the last clear one an earlier "enrolled" would pass for the first, and a consent between the two for later
    than the enrolment: the three go together or not at all.
    """
    if all(check.at < before for check in checks):
        return ()
    known = Facts(checks=tuple(checks)).known_at(now)
    needed = known.last_check, known.last_clear, known.first_enrolled
    return tuple(check for check in checks if check.at >= before or check in needed)


def kept_consents(consents: Sequence[Consent], before: datetime) -> tuple[Consent, ...]:
    """Those that may still cover a call, and each revoked one; of an old revocation, all but what proved the yes.

    A consent without an end is in force however old it is.  A contract that ended ends no consent.
    """
    return tuple(_without_proof(consent) if _is_revoked_since_long(consent, before) else consent
                 for consent in consents if consent.revoked_at is not None or not is_over(consent, before))


def is_over(consent: Consent, before: datetime) -> bool:
    """Say whether a consent has covered no call since: it expired, or was never valid (see `rules.consent`)."""
    if consent.granted_at >= before:
        return False
    return ((consent.expires_at is not None and consent.expires_at < before) or not consent.category.strip()
            or not consent.origin.strip() or not consent.evidence.strip())


def _is_revoked_since_long(consent: Consent, before: datetime) -> bool:
    return consent.granted_at < before and consent.revoked_at is not None and consent.revoked_at < before


def _without_proof(consent: Consent) -> Consent:
    return replace(consent, origin="", evidence="", notice="")


def kept_contact(contact: Contact, before: datetime) -> Contact | None:
    """A contact that does not say since when it is known has no age, and stays."""
    return None if contact.acquired_on is not None and contact.acquired_on < local_day(before) else contact


def kept_callbacks(callbacks: Sequence[Callback], before: datetime) -> tuple[Callback, ...]:
    """Requests that stand open stay, whenever they were made."""
    return tuple(callback for callback in callbacks if callback.requested_at >= before or not (
        callback.used or (callback.valid_until is not None and callback.valid_until < before)))


def kept_silent_calls(silent_calls: Sequence[datetime], before: datetime) -> tuple[datetime, ...]:
    return tuple(silent_at for silent_at in silent_calls if silent_at >= before)
