"""Builders with everything in order: a test names only what it is about.

By default a human sells telecom for `acme` on a Wednesday at eleven, presents acme's own declared landline on an
Italian trunk, and calls a mobile that a list names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.policy import CALL_CENTRE, Agent, CallerId, Campaign, Controller, Policy, Purpose, Trunk
from agi_gate.regime import REGIMES, Regime

OWN = "+390212340000"
OF_THE_CALL_CENTRE = "+390212340001"
NOT_DECLARED = "+390212340002"
OF_ANOTHER = "+390212340003"
OWN_MOBILE = "+393391234567"
COMMERCIAL = "+39084412345"
STATISTICAL = "+39084312345"
FREEPHONE = "+39800123456"
OF_THE_CALL_CENTRE_FREEPHONE = "+39800123457"
THREE_DIGITS = "187"
FOUR_DIGITS = "1254"
CALLER_IDS = (OWN, OF_THE_CALL_CENTRE, NOT_DECLARED, OF_ANOTHER, OWN_MOBILE, COMMERCIAL, STATISTICAL, FREEPHONE,
              OF_THE_CALL_CENTRE_FREEPHONE, THREE_DIGITS, FOUR_DIGITS)
MOBILE = "3331234500"
LANDLINE = "0212345600"


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


NOW = time("2026-10-14T11:00:00+02:00")
SECOND = seconds(1)
IN_2017 = time("2017-03-07T11:00:00+01:00")


def regime(first_day: str) -> Regime:
    return next(regime for regime in REGIMES if regime.id == first_day)


FOUNDING, NEW_REGISTRY, CODE_OF_CONDUCT, FIXED_TRUNKS, MOBILE_TRUNKS, ENERGY_RULE, AI_ACT = map(regime, (
    "2011-02-01", "2022-07-27", "2024-09-28", "2025-08-19", "2025-11-19", "2026-06-19", "2026-08-02"))


def a_campaign(**changes: Any) -> Campaign:
    sector = changes.pop("sector", "telecom")
    defaults: dict[str, Any] = {
        "id": "fibra", "controller": Controller("acme", sector), "purpose": Purpose.MARKETING, "agent": Agent.HUMAN,
        "category": "telecom", "caller_ids": CALLER_IDS, "trunk": "it", "source": "Lista 2026-09",
        "ai_disclosure": True}
    return Campaign(**defaults | changes)


def a_policy(campaign: Campaign, **changes: Any) -> Policy:
    holders = {OF_THE_CALL_CENTRE: CALL_CENTRE, OF_THE_CALL_CENTRE_FREEPHONE: CALL_CENTRE, OF_ANOTHER: "other"}
    return Policy(
        campaigns={campaign.id: campaign},
        caller_ids={number: CallerId(number, holders.get(number, "acme"), number != NOT_DECLARED)
                    for number in CALLER_IDS},
        trunks={"it": Trunk("it", "IT"), "fr": Trunk("fr", "FR")}, **changes)


def a_call(destination: str = MOBILE, *, at: datetime = NOW, caller_id: str = OWN, trunk: str = "",
           presentation: Presentation = Presentation.ALLOWED, campaign_asked: str = "fibra",
           policy: dict[str, Any] | None = None, **campaign: Any) -> Call:
    """A call; keywords that are not its own change the campaign."""
    return understand(Request(destination, campaign_asked, caller_id, presentation, trunk),
                      a_policy(a_campaign(**campaign), **policy or {}), at)


def a_consent(**changes: Any) -> Consent:
    """A consent that covers the default call; `granted_at` and the like may be text."""
    defaults: dict[str, Any] = {
        "granted_at": time("2026-03-10T10:00:00+01:00"), "purpose": "marketing", "category": "telecom",
        "channel": "both", "origin": "web form", "evidence": "ip and sms"}
    return Consent(**defaults | {name: time(value) if name.endswith("_at") and isinstance(value, str) else value
                                 for name, value in changes.items()})


def checks(*results: str) -> tuple[Check, ...]:
    """Registry results as in the decision cases: `TIME=FLAG`, 1 = enrolled."""
    return tuple(Check(time(at), flag == "1", f"check-{number}")
                 for number, (at, flag) in enumerate(result.rsplit("=", 1) for result in results))


CLEAR = checks("2026-10-11T11:00:00+02:00=0")
ENROLLED = checks("2026-10-11T11:00:00+02:00=1")
LISTED = Contact("Elenco 2026-09", directory=True)
UNLISTED = Contact("Elenco 2026-09", directory=False)
OBJECTION = Objection(time("2026-09-02T15:00:00+02:00"), "call")
REQUEST = Callback(time("2026-10-14T09:00:00+02:00"))
NOTHING = Facts()
