"""CONSENT_DATE_UNPROVEN, CONSENT_VOIDED_BY_REGISTRY: a consent counts only where it is later than the latest enrolment.

Steps 13 and 14, so also where the number is clear again.  Sources: L. 5/2018 art. 1 c. 5-6 (enrolment annuls earlier
consents, a later one is valid); DPR 26/2022 art. 7 c. 4-5 (so does a renewal; an opposition that was withdrawn frees
directory-listed numbers only).

The registry gives a flag without a date.  The enrolment lies between the last check that was clear and the first of
the run that was not; a consent between the two cannot be proven to be later.  A renewal does not show in the flag, so
a consent later than the first result "enrolled" counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from agi_gate.facts import Consent, Enrolment, Facts
from agi_gate.verdict import Finding, Reason


def fault(consent: Consent, facts: Facts) -> Reason | None:
    """Why a consent does not count beside the latest enrolment; None if it does."""
    return _fault(consent, facts.enrolment)


def _fault(consent: Consent, enrolment: Enrolment | None) -> Reason | None:
    if enrolment is None:
        return None
    clear = enrolment.clear_before
    # a check that was clear and one that was not at the same instant: what is not later is voided
    is_after_clear = clear is not None and consent.granted_at > clear.at
    if consent.granted_at >= enrolment.first.at and (clear is None or is_after_clear):
        return None
    return Reason.CONSENT_DATE_UNPROVEN if is_after_clear else Reason.CONSENT_VOIDED_BY_REGISTRY


def later(consents: Sequence[Consent], facts: Facts) -> Sequence[Consent]:
    """The consents that no enrolment voids, or may have voided."""
    enrolment = facts.enrolment if consents else None
    return consents if enrolment is None else [one for one in consents if _fault(one, enrolment) is None]


def deny(consents: Sequence[Consent], facts: Facts) -> Finding:
    """Deny on consents, newest first, of which none is later: one that may be is the reason before those that are not."""
    enrolment = facts.enrolment
    unproven = [consent for consent in consents if _fault(consent, enrolment) is Reason.CONSENT_DATE_UNPROVEN]
    if unproven:
        return Finding(Reason.CONSENT_DATE_UNPROVEN, check=facts.last_check, consent=unproven[0])
    return Finding(Reason.CONSENT_VOIDED_BY_REGISTRY, check=facts.last_check, consent=consents[0])
