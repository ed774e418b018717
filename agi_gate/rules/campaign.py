"""CAMPAIGN_UNKNOWN: a call needs a controller and a purpose, and the campaign names them (step 3)."""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    return Finding(Reason.CAMPAIGN_UNKNOWN) if call.campaign is None else None
