"""OBJECTION_RECORDED: a no, once said, holds for every later campaign of that controller (step 9).

Sources: GDPR 21(3); Garante, February 2023 (an objection spoken during a call counts at once).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    return None if facts.objection is None else Finding(Reason.OBJECTION_RECORDED)
