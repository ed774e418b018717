"""Since when the rule behind a reason is law, and which source it had on the day of a call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agi_gate.call import Call
from agi_gate.number import NumberClass
from agi_gate.regime import REGIMES, Regime, regime_at
from agi_gate.verdict import Reason

HOURS = (Reason.HOURS_SUNDAY, Reason.HOURS_HOLIDAY, Reason.HOURS_CLOSED)
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
# sources that are older than the registry of 2022, or no law at all
_OLD = frozenset({
    Reason.EMERGENCY, Reason.DESTINATION_INVALID, Reason.DESTINATION_PREMIUM, Reason.DESTINATION_CLASS,
    Reason.DESTINATION_FOREIGN, Reason.REST_AFTER_SILENT_CALL, Reason.CONSENT_NONE, Reason.AUTOMATED_NEEDS_CONSENT,
    Reason.STORE_UNAVAILABLE, Reason.GATE_ERROR, *FOUNDING_SOURCES})
ALL_SOURCES = frozenset({*(reason.source for reason in Reason), *FOUNDING_SOURCES.values()})


def is_founding(at: datetime) -> bool:
    """Say whether the law of 2011 decided, which knew another registry."""
    regime = regime_at(at)
    return regime is not None and not regime.mobiles_in_registry


def source_of(reason: Reason, at: datetime) -> str:
    """The legal source of a rule on the day of the call."""
    return (FOUNDING_SOURCES.get(reason) if is_founding(at) else None) or reason.source


def is_source_later(reason: Reason, at: datetime) -> bool:
    """Say whether the source that is named is of a later day than a call under the law of 2011."""
    return is_founding(at) and reason not in _OLD


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
    if reason in (Reason.CALLER_ID_NOT_CONTROLLER, Reason.SECTOR_NEEDS_CONSENT):
        return _first(lambda regime: regime.energy_by_consent_only)
    if reason in _GROUNDS:
        return REGIMES[0] if is_founding(call.at) else _first(lambda regime: regime.mobiles_in_registry)
    return None


def _first(has: Callable[[Regime], bool]) -> Regime:
    return next(regime for regime in REGIMES if has(regime))
