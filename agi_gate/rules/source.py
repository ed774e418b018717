"""SOURCE_UNKNOWN: every destination comes from a row with a recorded source (step 8).

Sources: L. 5/2018 art. 1 c. 14 (no random or sequential dialling); GDPR 14(2)(f).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def source_of(call: Call, facts: Facts) -> str | None:
    """Where the contact came from: its row, else the origin of its newest consent, else the campaign's list."""
    if facts.contact is not None and facts.contact.source.strip():
        return facts.contact.source
    for consent in sorted(facts.consents, key=lambda consent: consent.granted_at, reverse=True):
        if consent.origin.strip():
            return consent.origin
    return call.campaign.source if call.campaign is not None and call.campaign.source else None


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    return Finding(Reason.SOURCE_UNKNOWN) if source_of(call, facts) is None else None
