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
from agi_gate.policy import CALLBACK_DAYS
from agi_gate.regime import local_day
from agi_gate.rules.callback import ends_at

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
    callback_end_days: int = CALLBACK_DAYS  # `[policy] callback_days`: when a request ends that names no end


def reaches_back_to(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def kept_checks(checks: Sequence[Check], before: datetime) -> tuple[Check, ...]:
    """What decisions rest on, besides the younger results; none where the last check is too old and none was enrolled.

    Never checked denies, as stale does.  But an enrolment voids the consents before it for good, also where the number
    is clear again (`rules.dating`).  So of the old results the latest run "enrolled" stays by its first and its last,
    with the clear results on either side, and so does the last: without them an answer that is loaded later would make
    one run of two, and a consent between the two later than the enrolment.
    """
    old = Facts(checks=tuple(check for check in checks if check.at < before))
    enrolment = old.enrolment
    if enrolment is None and len(old.checks) == len(checks):
        return ()
    needed = {old.last_check}
    if enrolment is not None:
        clear_since = [check for check in old.checks if not check.enrolled and check.at > enrolment.last.at]
        needed |= {enrolment.first, enrolment.last, enrolment.clear_before, *sorted(clear_since, key=_at)[:1]}
    return tuple(check for check in checks if check.at >= before or check in needed)


def _at(check: Check) -> datetime:
    return check.at


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


def kept_callbacks(callbacks: Sequence[Callback], before: datetime, end_days: int) -> tuple[Callback, ...]:
    """Requests stay until their end, whenever they were made, the used ones too: their list may be loaded again."""
    return tuple(callback for callback in callbacks
                 if callback.requested_at >= before or ends_at(callback, end_days) >= before)


def kept_silent_calls(silent_calls: Sequence[datetime], before: datetime) -> tuple[datetime, ...]:
    return tuple(silent_at for silent_at in silent_calls if silent_at >= before)
