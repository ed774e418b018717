"""DIRECTORY_NOT_OPPOSED, AUTOMATED_NEEDS_CONSENT, SECTOR_NEEDS_CONSENT: the path without consent (step 14).

Source: art. 130 c. 3-bis Codice privacy: directory-listed numbers that are not in the registry may be called by a
human, also where they were enrolled once (DPR 26/2022 art. 7 c. 5).  Closed to automated and AI calls (art. 130
c. 1-2), to energy towards consumers (Codice del consumo art. 51 c. 8-bis), and by any revoked consent, which is an
objection for this path too (GDPR 7(3), 21(3)).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.policy import Agent
from agi_gate.regime import Regime
from agi_gate.rules import energy
from agi_gate.rules.consent import is_revoked
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Allow a listed number; deny where only the kind of call closes the path; None where consent decides."""
    if facts.contact is None or not facts.contact.directory:
        return None
    closed = closed_to(call, facts, regime)
    if closed is None and not any(is_revoked(consent, call) for consent in facts.consents):
        return Finding(Reason.DIRECTORY_NOT_OPPOSED, check=facts.last_check)
    # with a consent on record its fault is the reason, not the path that it does not need
    return Finding(closed, check=facts.last_check) if closed is not None and not facts.consents else None


def closed_to(call: Call, facts: Facts, regime: Regime) -> Reason | None:
    """Why the path is closed to this kind of call; None where it is open."""
    if call.known_campaign.agent is not Agent.HUMAN:
        return Reason.AUTOMATED_NEEDS_CONSENT
    return Reason.SECTOR_NEEDS_CONSENT if energy.binds(call, facts, regime) else None
