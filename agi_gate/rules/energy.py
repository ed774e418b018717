"""SECTOR_CUSTOMERS_ONLY: electricity and gas are offered by phone only to the seller's own customers (steps 11, 13, 14).

Source: Codice del consumo art. 51 c. 8-bis (DL 21/2026, L. 49/2026), from 2026-06-19.  A consent counts only from a
customer whose contract is in force on the day of the call, with no days of grace; a request to be called counts only
where the person made it on the seller's own site (step 7).  Companies are no consumers, and are not bound; a number of
which nobody says that it is a company's is a consumer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agi_gate.call import Call
from agi_gate.facts import Check, Consent, Facts
from agi_gate.regime import Regime, local_day
from agi_gate.verdict import Finding, Reason


def binds(call: Call, facts: Facts, regime: Regime) -> bool:
    """Say whether the rule binds a call: on its day, for energy, towards a consumer."""
    return (regime.energy_to_customers_only and call.known_campaign.is_energy
            and not (facts.contact is not None and facts.contact.is_business))


def is_customers(consent: Consent, at: datetime) -> bool:
    """Say whether a consent is of a customer in contract on the day of the call; the contract's last day counts."""
    ended_on = consent.contract_ended_on
    return consent.contract and (ended_on is None or local_day(at) <= ended_on)


def allow(reason: Reason, consents: Sequence[Consent], call: Call, facts: Facts, regime: Regime,
          check: Check | None = None) -> Finding | None:
    """Allow on the first of the consents that allow the call by every other rule, and that counts by this one.

    Where there are such consents and none counts: SECTOR_CUSTOMERS_ONLY.
    """
    if not consents:
        return None
    if not binds(call, facts, regime):
        return Finding(reason, check=check, consent=consents[0])
    for consent in consents:
        if is_customers(consent, call.at):
            return Finding(reason, check=check, consent=consent)
    return Finding(Reason.SECTOR_CUSTOMERS_ONLY, check=check, consent=consents[0])
