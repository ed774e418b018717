"""Since when the rule behind a reason is law, and which source it had on the day of a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agi_gate.call import Call
from agi_gate.number import NumberClass
from agi_gate.policy import Agent, Purpose
from agi_gate.regime import REGIMES, Regime, local_day, regime_at
from agi_gate.verdict import Reason

HOURS = (Reason.HOURS_SUNDAY, Reason.HOURS_HOLIDAY, Reason.HOURS_CLOSED)
SOLD = (Purpose.MARKETING, Purpose.MARKET_RESEARCH)
# what the registry has a part in
_GROUNDS = frozenset({
    Reason.CONTRACT_CONSENT, Reason.CONSENT_AFTER_ENROLMENT, Reason.CONSENT_VALID, Reason.DIRECTORY_NOT_OPPOSED,
    Reason.REGISTRY_UNKNOWN, Reason.REGISTRY_STALE, Reason.REGISTRY_OPPOSED, Reason.CONSENT_DATE_UNPROVEN,
    Reason.CONSENT_VOIDED_BY_REGISTRY})

_DPR_178 = "art. 130 c. 3-bis Codice privacy; DPR 178/2010"
FOUNDING_SOURCES = {
    Reason.REGISTRY_UNKNOWN: _DPR_178, Reason.REGISTRY_STALE: _DPR_178, Reason.REGISTRY_OPPOSED: _DPR_178,
    Reason.DIRECTORY_NOT_OPPOSED: _DPR_178, Reason.CONSENT_VALID: "art. 130 Codice privacy",
    Reason.CONSENT_REVOKED: "art. 7 Codice privacy"}
OWN_HOURS = "the controller's own calling hours ([policy] hours)"
ALL_SOURCES = frozenset({*(reason.source for reason in Reason), *FOUNDING_SOURCES.values(), OWN_HOURS})

# Words of a source -> its first day, or its month or year where no day is told: within that it is not said to be later.
# Sources that are older than the first regime, and the gate's own rules, have none.
FIRST_DAYS = {
    "Garante 83/2014": "2014-02-20",
    "L. 5/2018": "2018-02-04",
    "GDPR": "2018-05-25",
    "AGCOM 156/18/CIR": "2018",
    "Garante, docweb 9486485": "2020",
    "DPR 26/2022": "2022-07-27",
    "RPO operator FAQ": "2022-07-27",
    "Garante, Feb 2023": "2023-02",
    "Code of conduct": "2024-09-28",
    "Garante, docweb 10114967": "2025-02-27",
    "106/25/CONS": "2025-08-19",
    "60/25/CIR": "2025",
    "271/25/CONS": "2025-11-19",
    "21/26/CIR": "2026-04-14",
    "Codice del consumo art. 51": "2026-06-19",
    "AI Act": "2026-08-02",
}


def is_founding(at: datetime) -> bool:
    """Say whether the law of 2011 decided, which knew another registry."""
    regime = regime_at(at)
    return regime is not None and not regime.mobiles_in_registry


def source_of(reason: Reason, at: datetime, own_hours: bool = False) -> str:
    """The legal source of a rule on the day of the call; of hours that the controller set itself there is none."""
    if own_hours and reason in HOURS:
        return OWN_HOURS
    return (FOUNDING_SOURCES.get(reason) if is_founding(at) else None) or reason.source


def later_than(source: str, at: datetime) -> dict[str, str]:
    """The parts of a source that are of a later day than a call, each with its day, month or year.

    >>> later_than("GDPR 21(3); Garante, Feb 2023", datetime.fromisoformat("2022-11-25T11:00:00+01:00"))
    {'Garante, Feb 2023': '2023-02'}
    """
    day = local_day(at).isoformat()
    return {part: first for part, first in FIRST_DAYS.items() if part in source and day[:len(first)] < first}


def since(reason: Reason, call: Call) -> Regime | None:
    """The first regime that has the rule; None where it is tied to none of them.

    The calling hours are so only where the controller has no windows of its own, which are kept on any day.
    """
    if reason in HOURS:
        return None if call.hours is not None else _first(lambda regime: regime.code_of_conduct_hours)
    if reason is Reason.CALLER_ID_TRUNK_FOREIGN:
        if call.trunk is None or call.caller_id is None:
            return None
        if call.caller_id.number_class is NumberClass.MOBILE:
            return _first(lambda regime: regime.mobile_caller_id_national)
        return _first(lambda regime: regime.fixed_caller_id_national)
    if reason in (Reason.CALLER_ID_NOT_CONTROLLER, Reason.SECTOR_NEEDS_CONSENT, Reason.SECTOR_CUSTOMERS_ONLY):
        return _first(lambda regime: regime.energy_to_customers_only)
    if reason is Reason.AI_DISCLOSURE_MISSING:
        return _first(lambda regime: regime.ai_discloses_itself)
    if reason in _GROUNDS:
        return REGIMES[0] if is_founding(call.at) else _first(lambda regime: regime.mobiles_in_registry)
    return None


def concerns(regime: Regime, call: Call) -> bool:
    """Say whether what a regime brought can concern a call of this kind at all; in doubt it does."""
    campaign, presents = call.campaign, call.caller_id
    if campaign is None:
        return True
    if regime is _first(lambda one: one.energy_to_customers_only):
        return campaign.is_energy
    if regime is _first(lambda one: one.ai_discloses_itself):
        return campaign.agent is Agent.AI
    if regime is _first(lambda one: one.code_of_conduct_hours):
        return campaign.purpose in SOLD and not call.hours_off and call.hours is None
    if presents is not None and regime in (_first(lambda one: one.fixed_caller_id_national),
                                           _first(lambda one: one.mobile_caller_id_national)):
        return regime.mobile_caller_id_national is (presents.number_class is NumberClass.MOBILE)
    return True


def _first(has: Callable[[Regime], bool]) -> Regime:
    return next(regime for regime in REGIMES if has(regime))
