"""REGISTRY_OPPOSED, CONSENT_AFTER_ENROLMENT, or why a consent does not count: the number is enrolled (step 13).

Source: L. 5/2018 art. 1 c. 5 (enrolment annuls earlier consents) and c. 6 (a later one is valid).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.rules import dating, energy
from agi_gate.rules.consent import valid_consents
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    last = facts.last_check
    if last is None or not last.enrolled:
        return None
    valid = valid_consents(call, facts)
    if not valid:
        return Finding(Reason.REGISTRY_OPPOSED, check=last)
    later = dating.later(valid, facts)
    return (energy.allow(Reason.CONSENT_AFTER_ENROLMENT, later, call, facts, regime, last)
            or dating.deny(valid, facts))
