"""DESTINATION_INVALID, DESTINATION_PREMIUM, DESTINATION_CLASS, DESTINATION_FOREIGN: may this number be dialled at all?

Order of the decision: steps 1 and 4.
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.number import NumberClass
from agi_gate.policy import Purpose
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason

# caller ID prefixes are service codes when somebody dials them
_SERVICE_CODES = (NumberClass.FREEPHONE, NumberClass.SHORT, NumberClass.COMMERCIAL, NumberClass.STATISTICAL)


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny what is no number (step 1)."""
    return Finding(Reason.DESTINATION_INVALID) if call.destination is None else None


def check_class(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny classes of numbers that the campaign may not call (step 4): premium for every purpose."""
    number, campaign = call.destination, call.known_campaign
    if number is None:
        return None
    if number.number_class is NumberClass.PREMIUM:
        return Finding(Reason.DESTINATION_PREMIUM)
    if number.number_class in _SERVICE_CODES and campaign.purpose is not Purpose.SERVICE:
        return Finding(Reason.DESTINATION_CLASS)
    if number.country != "IT" and number.country not in campaign.countries:
        return Finding(Reason.DESTINATION_FOREIGN)
    return None
