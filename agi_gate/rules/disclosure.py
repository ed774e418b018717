"""AI_DISCLOSURE_MISSING: an AI agent says at once that it is one, and the campaign declares so (end of step 5).

Source: AI Act (Reg. (EU) 2024/1689) art. 50(1), from 2026-08-02, for every purpose.
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.policy import Agent
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    campaign = call.known_campaign
    if regime.ai_discloses_itself and campaign.agent is Agent.AI and not campaign.ai_disclosure:
        return Finding(Reason.AI_DISCLOSURE_MISSING)
    return None
