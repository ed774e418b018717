"""REGISTRY_OPPOSED, CONSENT_AFTER_ENROLMENT, CONSENT_DATE_UNPROVEN, CONSENT_VOIDED_BY_REGISTRY: the number is enrolled.

Step 13.  Source: L. 5/2018 art. 1 c. 5 (enrolment annuls earlier consents) and c. 6 (a later one is valid).  The
registry gives a flag without a date, so the enrolment lies between the last check that was clear and the first that
was not; a consent between the two cannot be proven to be later.
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.rules.consent import valid_consents
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    last = facts.last_check
    if last is None or not last.enrolled:
        return None
    first_enrolled, last_clear = facts.first_enrolled or last, facts.last_clear
    valid = valid_consents(call, facts)
    if not valid:
        return Finding(Reason.REGISTRY_OPPOSED, check=last)
    for consent in valid:
        # a check that was clear and one that was not at the same instant: what is not later is voided
        if consent.granted_at >= first_enrolled.at and (last_clear is None or consent.granted_at > last_clear.at):
            return Finding(Reason.CONSENT_AFTER_ENROLMENT, check=last, consent=consent)
    for consent in valid:
        if last_clear is not None and consent.granted_at > last_clear.at:
            return Finding(Reason.CONSENT_DATE_UNPROVEN, check=last, consent=consent)
    return Finding(Reason.CONSENT_VOIDED_BY_REGISTRY, check=last, consent=valid[0])
