"""CONTRACT_CONSENT: a consent within a contract in force, or ended at most 30 days ago (step 11).

Source: L. 5/2018 art. 1 c. 5; the registry's FAQ for operators: the registry does not void it, and no check is owed.
"""

from __future__ import annotations

from datetime import datetime

from agi_gate.call import Call
from agi_gate.facts import Consent, Facts
from agi_gate.regime import CONTRACT_GRACE_DAYS, Regime, local_day
from agi_gate.rules import energy
from agi_gate.rules.consent import valid_consents
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Allow on a consent that is valid in all else: purpose, category, channel, evidence."""
    within = [consent for consent in valid_consents(call, facts) if consent.contract and covers(consent, call.at)]
    return energy.allow(Reason.CONTRACT_CONSENT, within, call, facts, regime)


def covers(consent: Consent, at: datetime) -> bool:
    """Say whether the consent was given within the contract, and the contract is in force or ended lately."""
    ended_on = consent.contract_ended_on
    return ended_on is None or (
        local_day(consent.granted_at) <= ended_on and (local_day(at) - ended_on).days <= CONTRACT_GRACE_DAYS)
