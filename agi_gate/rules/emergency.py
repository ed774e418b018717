"""EMERGENCY: emergency and social-value numbers are always let through, with no store, caller ID or hours (step 2)."""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.number import NumberClass
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    if call.destination is not None and call.destination.number_class is NumberClass.EMERGENCY:
        return Finding(Reason.EMERGENCY)
    return None
