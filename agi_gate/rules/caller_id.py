"""A valid, declared, own number must be presented in clear (steps 1 and 5, every purpose).

In this order: CALLER_ID_WITHHELD, CALLER_ID_MISSING, CALLER_ID_FOREIGN, CALLER_ID_MALFORMED, CALLER_ID_NOT_ASSIGNED,
CALLER_ID_PURPOSE, CALLER_ID_TRUNK_FOREIGN, CALLER_ID_NOT_CONTROLLER.

Sources: L. 5/2018 art. 2, DPR 26/2022 art. 9 (presented); AGCOM 156/18/CIR, 60/25/CIR, 21/26/CIR (which numbers);
Code of conduct art. 7 (held and declared); AGCOM 106/25/CONS, 271/25/CONS (foreign trunks); Codice del consumo art. 51
c. 8-ter (energy).
"""

from __future__ import annotations

from enum import Enum

from agi_gate.call import Call, Presentation
from agi_gate.facts import Facts
from agi_gate.number import Number, NumberClass
from agi_gate.policy import CALL_CENTRE, Purpose
from agi_gate.regime import SHORT_CALLER_IDS_FIRST_DAY, Regime, local_day
from agi_gate.verdict import Finding, Reason

# what Asterisk writes where there is no number (AGI: agi_callerid), and what networks write for a hidden one
_ABSENT = frozenset({"", "unknown", "<unknown>", "(null)"})
_HIDDEN = frozenset({"anonymous", "restricted", "private"})
_ORDINARY = (NumberClass.GEOGRAPHIC, NumberClass.MOBILE, NumberClass.COMMERCIAL, NumberClass.STATISTICAL)


def check_code(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny a dialled string that asks the network to hide the caller ID (step 1)."""
    return Finding(Reason.CALLER_ID_WITHHELD) if call.withholding_code else None


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny unless the caller ID may be presented by this campaign, on this trunk, on this day (step 5)."""
    reason = _presented(call)
    if reason is None:
        number = call.caller_id
        reason = Reason.CALLER_ID_MALFORMED if number is None else (
            _number(number) or _assigned(call, number) or _purpose(call, number) or _trunk(call, number, regime)
            or _controller(call, regime))
    return None if reason is None else Finding(reason)


def _presented(call: Call) -> Reason | None:
    presented = call.request.caller_id.strip().lower()
    if call.request.presentation is Presentation.RESTRICTED or presented in _HIDDEN:
        return Reason.CALLER_ID_WITHHELD
    if call.request.presentation is Presentation.UNAVAILABLE or presented in _ABSENT:
        return Reason.CALLER_ID_MISSING
    return None


def _number(number: Number) -> Reason | None:
    if number.country != "IT":
        return Reason.CALLER_ID_FOREIGN
    return None if may_present(number) else Reason.CALLER_ID_MALFORMED


def may_present(number: Number) -> bool:
    """Say whether any rule lets an Italian number of this class be presented, on some day and by somebody."""
    return number.number_class in _ORDINARY or is_short(number)


def is_short(number: Number) -> bool:
    """A three-digit or freephone number: may present where it is assigned to the controller itself."""
    return number.number_class is NumberClass.FREEPHONE or (
        number.number_class is NumberClass.SHORT and len(number.e164) == 3)


def _assigned(call: Call, number: Number) -> Reason | None:
    if is_short(number) and (call.declared_caller_id is None or local_day(call.at) < SHORT_CALLER_IDS_FIRST_DAY):
        return Reason.CALLER_ID_MALFORMED
    return Reason.CALLER_ID_NOT_ASSIGNED if not_assigned(call, number) else None


class NotAssigned(Enum):
    """A condition of assignment that a caller ID does not meet."""

    FAILED_SCREENING = "failed_screening"  # the network itself found that it is not the caller's (Q.931 presentation 2)
    NOT_THE_CAMPAIGNS = "not_the_campaigns"
    NOT_DECLARED = "not_declared"  # to the ROC
    OTHER_HOLDER = "other_holder"


def not_assigned(call: Call, number: Number) -> tuple[NotAssigned, ...]:
    """The conditions that a caller ID fails; none where it is assigned."""
    declared, campaign = call.declared_caller_id, call.known_campaign
    failed = []
    if call.request.presentation is Presentation.FAILED_SCREENING:
        failed.append(NotAssigned.FAILED_SCREENING)
    if declared is None or number.e164 not in campaign.caller_ids:
        failed.append(NotAssigned.NOT_THE_CAMPAIGNS)
    if declared is not None and not declared.roc_declared:
        failed.append(NotAssigned.NOT_DECLARED)
    if declared is not None and declared.holder != campaign.controller.id and (
            declared.holder != CALL_CENTRE or is_short(number)):
        failed.append(NotAssigned.OTHER_HOLDER)
    return tuple(failed)


def _purpose(call: Call, number: Number) -> Reason | None:
    purpose = call.known_campaign.purpose
    if number.number_class is NumberClass.STATISTICAL and purpose is not Purpose.STATISTICS:
        return Reason.CALLER_ID_PURPOSE
    if number.number_class is NumberClass.COMMERCIAL and purpose not in (
            Purpose.MARKETING, Purpose.MARKET_RESEARCH):
        return Reason.CALLER_ID_PURPOSE
    return None


def _trunk(call: Call, number: Number, regime: Regime) -> Reason | None:
    """A trunk that is not declared could enter from anywhere, and a country not known is never taken for Italy."""
    if call.trunk is None:
        return Reason.CALLER_ID_TRUNK_FOREIGN
    binds = (regime.mobile_caller_id_national if number.number_class is NumberClass.MOBILE
             else regime.fixed_caller_id_national)
    return Reason.CALLER_ID_TRUNK_FOREIGN if binds and call.trunk.country != "IT" else None


def _controller(call: Call, regime: Regime) -> Reason | None:
    """For energy a number that identifies the seller, to companies too: whom a number belongs to is not known yet."""
    campaign, declared = call.known_campaign, call.declared_caller_id
    if (regime.energy_to_customers_only and campaign.is_energy
            and (declared is None or declared.holder != campaign.controller.id)):
        return Reason.CALLER_ID_NOT_CONTROLLER
    return None
