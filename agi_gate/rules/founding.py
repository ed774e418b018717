"""The law of 2011-02-01 (DPR 178/2010), the one of the founding article: replaces steps 11 to 14 before 2022-07-27.

Mobiles: consent, and no registry.  Fixed lines: consent, and no registry; or else a fresh check that is clear, listed
or bought alike.  What holds on any day still holds: automated calls need consent (art. 130 c. 1-2 Codice privacy),
and a revoked consent is an objection (GDPR 7(3); art. 7 Codice privacy before it).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.number import NumberClass
from agi_gate.regime import Regime
from agi_gate.rules import registry
from agi_gate.rules.consent import is_revoked, valid_consents
from agi_gate.rules.directory import closed_to
from agi_gate.verdict import Finding, Reason

_FIXED = (NumberClass.GEOGRAPHIC, NumberClass.NOMADIC)


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    for consent in valid_consents(call, facts):
        return Finding(Reason.CONSENT_VALID, consent=consent)
    if call.destination is None or call.destination.number_class not in _FIXED:
        return Finding(Reason.CONSENT_NONE)
    last = facts.last_check
    not_good = registry.check(call, facts, regime)
    # the regime orders: stale and unknown deny whatever the old answer was, except that an old "enrolled" is stale too
    if not_good is not None or last is None:
        return not_good
    if last.enrolled:
        return Finding(Reason.REGISTRY_OPPOSED, check=last)
    for consent in facts.consents:
        if is_revoked(consent, call):
            return Finding(Reason.CONSENT_REVOKED, check=last, consent=consent)
    return Finding(closed_to(call, facts, regime) or Reason.DIRECTORY_NOT_OPPOSED, check=last)
