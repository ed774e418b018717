"""The order of the decision, and its one promise: no ALLOW without all that the law asks for it.

`permitted` states what an ALLOW needs a second time, from the law and not from the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agi_gate import decide as decide_module
from agi_gate.call import Call, Presentation
from agi_gate.decide import decide, decide_without_facts
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.policy import Agent, Purpose
from agi_gate.verdict import Outcome, Reason
from tests.support.almanac import is_national_holiday
from tests.support.builders import (CLEAR, COMMERCIAL, ENROLLED, LANDLINE, LISTED, MOBILE, NOT_DECLARED, NOTHING, NOW,
                                    OBJECTION, OF_ANOTHER, OF_THE_CALL_CENTRE, OWN, OWN_MOBILE, REQUEST, SECOND,
                                    STATISTICAL, UNLISTED, a_call, a_consent, checks, time)

IN_ORDER = Facts(CLEAR, (a_consent(),), LISTED)

# --- the order: each step's own reason, and what brings it; every step is tried with all later ones wrong as well

Step = tuple[str, dict[str, Any], dict[str, Any]]
SUNDAY, HOLIDAY, NIGHT = map(time, ("2026-10-18T11:00:00+02:00", "2026-12-08T11:00:00+01:00",
                                    "2026-10-14T20:00:00+02:00"))
STEPS: tuple[Step, ...] = (
    ("CALLER_ID_WITHHELD", {"destination": "#31#" + MOBILE}, {}),
    ("DESTINATION_INVALID", {"destination": "021"}, {}),
    ("EMERGENCY", {"destination": "112"}, {}),
    ("CAMPAIGN_UNKNOWN", {"campaign_asked": "nobody"}, {}),
    ("DESTINATION_PREMIUM", {"destination": "899123456"}, {}),
    ("DESTINATION_CLASS", {"destination": "800123456"}, {}),
    ("DESTINATION_FOREIGN", {"destination": "+41223456789"}, {}),
    ("CALLER_ID_WITHHELD", {"presentation": Presentation.RESTRICTED}, {}),
    ("CALLER_ID_MISSING", {"presentation": Presentation.UNAVAILABLE}, {}),
    ("CALLER_ID_FOREIGN", {"caller_id": "+41223456789"}, {}),
    ("CALLER_ID_MALFORMED", {"caller_id": "201"}, {}),
    ("CALLER_ID_NOT_ASSIGNED", {"caller_id": NOT_DECLARED}, {}),
    ("CALLER_ID_PURPOSE", {"caller_id": STATISTICAL}, {}),
    ("CALLER_ID_TRUNK_FOREIGN", {"trunk": "fr"}, {}),
    ("CALLER_ID_NOT_CONTROLLER", {"caller_id": OF_THE_CALL_CENTRE, "sector": "energy"}, {}),
    ("CALLBACK_REQUESTED", {}, {"callbacks": (REQUEST,)}),
    ("SOURCE_UNKNOWN", {"source": None}, {"contact": None, "consents": ()}),
    ("OBJECTION_RECORDED", {}, {"objection": OBJECTION}),
    ("HOURS_SUNDAY", {"at": SUNDAY}, {}),
    ("HOURS_HOLIDAY", {"at": HOLIDAY}, {}),
    ("HOURS_CLOSED", {"at": NIGHT}, {}),
    ("REST_AFTER_SILENT_CALL", {}, {"silent_calls": (NOW - timedelta(days=1),)}),
    ("CONTRACT_CONSENT", {}, {"consents": (a_consent(contract=True),)}),
    ("REGISTRY_UNKNOWN", {}, {"checks": ()}),
    ("REGISTRY_STALE", {}, {"checks": checks("2026-09-20T10:00:00+02:00=1")}),
    ("REGISTRY_OPPOSED", {}, {"checks": ENROLLED, "consents": ()}),
    ("DIRECTORY_NOT_OPPOSED", {}, {"consents": (), "checks": CLEAR}),
)


@pytest.mark.parametrize("index", range(len(STEPS)), ids=[f"{index}-{step[0]}" for index, step in enumerate(STEPS)])
def test_each_step_beats_all_later_ones(index: int) -> None:
    alone = STEPS[index:index + 1]
    for steps in (alone, STEPS[index:]):
        of_call: dict[str, Any] = {}
        of_facts: dict[str, Any] = {}
        for _, call_changes, facts_changes in reversed(steps):
            of_call |= call_changes
            of_facts |= facts_changes
        # the world of the later steps may be on another day; a call-back asked for that morning is known on each
        verdict = decide(a_call(**of_call), replace(IN_ORDER, **of_facts))
        assert verdict.reason.name == STEPS[index][0]


@pytest.mark.parametrize("purpose, reason", [(Purpose.SERVICE, "SERVICE"), (Purpose.STATISTICS, "STATISTICS")])
def test_service_and_statistics_beat_all_that_facts_say(purpose: Purpose, reason: str) -> None:
    facts = Facts(ENROLLED, (), None, OBJECTION, (REQUEST,), (NOW,))
    assert decide(a_call(purpose=purpose, at=SUNDAY, source=None), facts).reason.name == reason
    assert decide(a_call(purpose=purpose, trunk="fr"), facts).reason is Reason.CALLER_ID_TRUNK_FOREIGN


def test_everything_in_order_allows() -> None:
    assert decide(a_call(), IN_ORDER).reason is Reason.CONSENT_VALID


def test_a_denial_takes_the_others_along_in_their_order() -> None:
    facts = replace(IN_ORDER, checks=(), objection=OBJECTION, silent_calls=(SUNDAY - SECOND,))
    assert decide(a_call(at=SUNDAY), facts).reasons == (
        "OBJECTION_RECORDED", "HOURS_SUNDAY", "REST_AFTER_SILENT_CALL", "REGISTRY_UNKNOWN")


def test_an_allow_is_never_among_the_reasons_of_a_denial() -> None:
    verdict = decide(a_call(at=SUNDAY), IN_ORDER)
    assert (verdict.outcome, verdict.reasons) == (Outcome.DENY, ("HOURS_SUNDAY",))


@pytest.mark.parametrize("at, expected", [
    (NOW, ("CONSENT_VALID",)), (time("2017-03-07T11:00:00+01:00"), ("CONSENT_VALID",))])
def test_what_no_rule_allows_is_denied(at: datetime, expected: tuple[str, ...],
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    call, facts = a_call(at=at), Facts(checks(f"{at}=0"), (a_consent(granted_at="2016-05-01T10:00:00+02:00"),))
    assert decide(call, facts).reasons == expected
    monkeypatch.setattr(decide_module, "GROUNDS", ())
    monkeypatch.setattr(decide_module, "GROUNDS_OF_2011", ())
    verdict = decide(call, facts)
    assert (verdict.outcome, verdict.reason) == (Outcome.DENY, Reason.GATE_ERROR)


@pytest.mark.parametrize("purpose, reason", [
    (Purpose.MARKETING, "STORE_UNAVAILABLE"), (Purpose.MARKET_RESEARCH, "STORE_UNAVAILABLE"),
    (Purpose.SERVICE, "SERVICE"), (Purpose.STATISTICS, "STATISTICS")])
def test_without_the_store_only_what_needs_none_goes_on(purpose: Purpose, reason: str) -> None:
    assert decide(a_call(purpose=purpose), None).reason.name == reason
    assert decide(a_call(purpose=purpose, caller_id=NOT_DECLARED), None).reason is Reason.CALLER_ID_NOT_ASSIGNED
    assert decide(a_call("112", purpose=purpose, caller_id=""), None).reason is Reason.EMERGENCY


def test_what_is_decided_without_facts_is_decided_alike_with_them() -> None:
    for _, changes, _ in STEPS[:15]:
        call = a_call(**changes)
        without = decide_without_facts(call)
        assert without is not None and without.reason is decide(call, IN_ORDER).reason
    assert decide_without_facts(a_call()) is None


@pytest.mark.parametrize("purpose", Purpose)
def test_before_the_first_law_only_emergencies_are_let_through(purpose: Purpose) -> None:
    last = time("2011-01-31T23:59:59+01:00")
    consents = tuple(a_consent(granted_at="2010-05-01T10:00:00+02:00", purpose=of) for of in ("marketing",
                                                                                           "market_research"))
    facts = Facts(checks(f"{last}=0"), consents, LISTED)
    assert decide(a_call(at=last, purpose=purpose), facts).outcome is Outcome.DENY
    assert decide(a_call("112", at=last, purpose=purpose), facts).reason is Reason.EMERGENCY
    assert decide(a_call(at=last + SECOND, purpose=purpose), facts).outcome is Outcome.ALLOW


def test_the_source_of_the_contact_goes_with_the_verdict() -> None:
    assert decide(a_call(), IN_ORDER).source == "Elenco 2026-09"
    assert decide(a_call(), replace(IN_ORDER, contact=None)).source == "web form"
    assert decide(a_call(), Facts(CLEAR)).source == "Lista 2026-09"
    assert decide(a_call(source=None), Facts(CLEAR)).source is None


# --- the promise, over worlds made at random

ALLOWS = tuple(reason for reason in Reason if reason.outcome is Outcome.ALLOW)
ROME = ZoneInfo("Europe/Rome")
DAY = timedelta(days=1)
HELD_BY_CONTROLLER = {OWN, OWN_MOBILE, COMMERCIAL, STATISTICAL}
PERSONS = {MOBILE: "mobile", LANDLINE: "fixed", "021234": "fixed", "0039 02 12345600": "fixed"}
DIALLED = (*PERSONS, "112", "1522", "899123456", "800123456", "190", "+41223456789", "0549886123", "0669812345", "021",
           "#31#3331234500", "3331234500,,1")
PRESENTED = (OWN, OWN_MOBILE, COMMERCIAL, STATISTICAL, OF_THE_CALL_CENTRE, NOT_DECLARED, OF_ANOTHER, "+390212349999",
             "+41223456789", "201", "unknown", "")


@dataclass(frozen=True)
class World:
    destination: str = MOBILE
    campaign: str = "fibra"
    caller_id: str = OWN
    presentation: Presentation = Presentation.ALLOWED
    trunk: str = "it"
    at: datetime = NOW
    purpose: Purpose = Purpose.MARKETING
    agent: Agent = Agent.HUMAN
    category: str = "telecom"
    sector: str = "telecom"
    source: str | None = "Lista"
    checks: tuple[Check, ...] = ()
    consents: tuple[Consent, ...] = ()
    contact: Contact | None = None
    objection: Objection | None = None
    callbacks: tuple[Callback, ...] = ()
    silent_calls: tuple[datetime, ...] = field(default_factory=tuple)

    def call(self) -> Call:
        return a_call(self.destination, at=self.at, caller_id=self.caller_id, trunk=self.trunk,
                      presentation=self.presentation, campaign_asked=self.campaign, purpose=self.purpose,
                      agent=self.agent, category=self.category, sector=self.sector, source=self.source)

    def facts(self) -> Facts:
        return Facts(self.checks, self.consents, self.contact, self.objection, self.callbacks, self.silent_calls)

    @property
    def day(self) -> date:
        return self.at.astimezone(ROME).date()


def permitted(world: World, reason: Reason) -> bool:
    """Say whether the law lets the call through for this reason, steps before it apart."""
    if reason is Reason.EMERGENCY:
        return world.destination in ("112", "1522")
    if world.day < date(2011, 2, 1) or world.campaign != "fibra" or not _may_dial(world) or not _may_present(world):
        return False
    if reason in (Reason.SERVICE, Reason.STATISTICS):
        return world.purpose.value == reason.name.lower()
    if world.purpose not in (Purpose.MARKETING, Purpose.MARKET_RESEARCH):
        return False
    if reason is Reason.CALLBACK_REQUESTED:
        return any(not callback.used and callback.requested_at <= world.at
                   and (callback.valid_until is None or world.at <= callback.valid_until)
                   and all(callback.requested_at > said_at for said_at in _noes(world))
                   for callback in world.callbacks)
    return _may_disturb(world) and {
        Reason.CONTRACT_CONSENT: _in_contract, Reason.CONSENT_AFTER_ENROLMENT: _consented_after_enrolment,
        Reason.CONSENT_VALID: _consented, Reason.DIRECTORY_NOT_OPPOSED: _listed}[reason](world)


def _may_dial(world: World) -> bool:
    if world.destination in ("800123456", "190"):
        return world.purpose is Purpose.SERVICE
    return world.destination in PERSONS or world.destination == "3331234500,,1"


def _may_present(world: World) -> bool:
    if world.presentation is not Presentation.ALLOWED or world.caller_id not in (
            *HELD_BY_CONTROLLER, OF_THE_CALL_CENTRE):
        return False
    if world.caller_id == STATISTICAL and world.purpose is not Purpose.STATISTICS:
        return False
    if world.caller_id == COMMERCIAL and world.purpose in (Purpose.STATISTICS, Purpose.SERVICE):
        return False
    if world.trunk == "nowhere":
        return False
    fixed_binds, mobile_binds = world.day >= date(2025, 8, 19), world.day >= date(2025, 11, 19)
    if world.trunk != "it" and (mobile_binds if world.caller_id == OWN_MOBILE else fixed_binds):
        return False
    return not _energy_rule(world) or world.caller_id in HELD_BY_CONTROLLER


def _energy_rule(world: World) -> bool:
    return world.day >= date(2026, 6, 19) and "energy" in (world.category, world.sector)


def _may_disturb(world: World) -> bool:
    if world.objection is not None and world.objection.objected_at <= world.at:
        return False
    if any(silent_at <= world.at and not _days_over(silent_at, 5, world.at) for silent_at in world.silent_calls):
        return False
    named = (world.source, _contact(world) and _contact(world).source, *(c.origin for c in _known(world)))
    return any(named) and (world.day < date(2024, 9, 28) or _open(world))


def _open(world: World) -> bool:
    wall = world.at.astimezone(ROME)
    if wall.weekday() == 6 or is_national_holiday(world.day):
        return False
    short = wall.weekday() == 5 or is_national_holiday(world.day + DAY)
    return (10 <= wall.hour < 19) if short else (9 <= wall.hour < 20)


def _wall(at: datetime) -> datetime:
    return at.astimezone(ROME).replace(tzinfo=None)


def _days_over(start: datetime, days: int, at: datetime) -> bool:
    """Say whether days are over by the clock and by the calendar, both."""
    return at - start >= days * DAY and _wall(at) - _wall(start) >= days * DAY


def _contact(world: World) -> Any:
    known = world.contact is not None and (
        world.contact.acquired_on is None or world.contact.acquired_on <= world.day)
    return world.contact if known else None


def _known(world: World) -> list[Consent]:
    return [consent for consent in world.consents if consent.granted_at <= world.at]


def _noes(world: World) -> list[datetime]:
    no = world.objection
    said = [] if no is None else [no.objected_at, *no.between, no.repeated_at]
    return [at for at in said if at is not None and at <= world.at]


def _good(world: World) -> list[Consent]:
    channels = ("human", "both") if world.agent is Agent.HUMAN else ("automated", "both")
    taken_back = [consent.revoked_at for consent in _known(world)
                  if consent.revoked_at is not None and consent.revoked_at <= world.at
                  and consent.purpose == world.purpose.value and consent.category in ("", world.category)
                  and consent.channel in channels]
    return [consent for consent in _known(world) if all(consent.granted_at > at for at in taken_back)
            if (consent.revoked_at is None or consent.revoked_at > world.at)
            and (consent.expires_at is None or consent.expires_at > world.at)
            and consent.origin and consent.evidence and consent.purpose == world.purpose.value
            and consent.category == world.category and consent.channel in channels]


def _history(world: World) -> list[Check]:
    # of two results of one instant the enrolled one counts
    known = (check for check in world.checks if check.at <= world.at)
    return sorted(known, key=lambda check: (check.at, check.enrolled))


def _fresh(world: World, enrolled: bool) -> bool:
    history = _history(world)
    return bool(history) and history[-1].enrolled is enrolled and (
        world.at - history[-1].at <= 15 * DAY and _wall(world.at) <= _wall(history[-1].at) + 15 * DAY)


def _new_registry(world: World) -> bool:
    return world.day >= date(2022, 7, 27)


def _in_contract(world: World) -> bool:
    return _new_registry(world) and any(
        consent.contract and (
            consent.contract_ended_on is None or world.day - consent.contract_ended_on <= 30 * DAY
            and consent.granted_at.astimezone(ROME).date() <= consent.contract_ended_on)
        for consent in _good(world))


def _consented_after_enrolment(world: World) -> bool:
    if not _new_registry(world) or not _fresh(world, enrolled=True):
        return False
    first_enrolled, last_clear = None, datetime.min.replace(tzinfo=UTC)
    for check in _history(world):
        if check.enrolled:
            first_enrolled = first_enrolled or check.at
        else:
            first_enrolled, last_clear = None, check.at
    return first_enrolled is not None and any(
        first_enrolled <= consent.granted_at > last_clear for consent in _good(world))


def _consented(world: World) -> bool:
    return bool(_good(world)) and (not _new_registry(world) or _fresh(world, enrolled=False))


def _listed(world: World) -> bool:
    if world.agent is not Agent.HUMAN or not _fresh(world, enrolled=False):
        return False
    if any(consent.revoked_at is not None and consent.revoked_at <= world.at for consent in _known(world)):
        return False
    if not _new_registry(world):
        return PERSONS.get(world.destination) == "fixed"
    return _contact(world) is not None and _contact(world).directory and not _energy_rule(world)


# the first days of the laws, the edges of the hours and of daylight saving, and ordinary days between
MOMENTS: Sequence[datetime] = tuple(map(time, (
    "2011-02-01T00:00:00+01:00", "2017-03-07T11:00:00+01:00", "2022-07-27T00:00:00+02:00",
    "2023-10-15T00:00:00+02:00", "2024-09-28T00:00:00+02:00", "2024-10-28T11:00:00+01:00",
    "2025-08-19T09:00:00+02:00", "2025-11-19T09:00:00+01:00", "2026-04-01T11:00:00+02:00",
    "2026-06-19T09:00:00+02:00", "2026-10-14T09:00:00+02:00", "2026-10-14T20:00:00+02:00", "2026-10-17T19:00:00+02:00",
    "2026-10-18T11:00:00+02:00", "2026-11-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00",
    "2026-12-08T11:00:00+01:00", "2026-10-14T11:00:00+02:00", "2026-10-14T11:00:00+02:00")))
NUDGES = (timedelta(0), SECOND, -SECOND, timedelta(hours=1), -timedelta(hours=1))
AGES = (timedelta(0), SECOND, 3 * DAY, 5 * DAY, 10 * DAY, 15 * DAY, 30 * DAY, 31 * DAY, 60 * DAY, 400 * DAY, -DAY)


def a_world(dice: Random) -> World:
    """A world in order, with some things in it changed."""
    at = (dice.choice(MOMENTS) + dice.choice(NUDGES)).astimezone(UTC)

    def some(usual: Any, *others: Any, odds: int = 8) -> Any:
        """The usual, but once in so many times another; a callable is asked for it."""
        if dice.randrange(odds):
            return usual
        other = dice.choice(others)
        return other() if callable(other) else other

    def past() -> datetime:
        return at - dice.choice(AGES) + dice.choice(NUDGES)

    def past_day() -> date:
        return past().astimezone(ROME).date()

    purpose, category = some(Purpose.MARKETING, *Purpose, odds=3), some("telecom", "energy")

    def consent() -> Consent:
        return Consent(
            granted_at=some(at - 40 * DAY, past, odds=2), purpose=some(purpose.value, "market_research", "marketing"),
            category=some(category, "", "energy", "telecom"), channel=some("both", "human", "automated", odds=4),
            origin=some("web form", ""), evidence=some("ip and sms", ""), expires_at=some(None, past),
            revoked_at=some(None, past), contract=some(False, True, odds=4),
            contract_ended_on=some(None, past_day, odds=3))

    return World(
        destination=some(MOBILE, *DIALLED, odds=3), campaign=some("fibra", "nobody", odds=50),
        caller_id=some(OWN, *PRESENTED, odds=4),
        presentation=some(Presentation.ALLOWED, *Presentation, odds=20),
        trunk=some("it", "fr", "nowhere", odds=10), at=at, purpose=purpose, agent=some(Agent.HUMAN, *Agent),
        category=category, sector=some("telecom", "energy", odds=12), source=some("Lista", None),
        checks=tuple(Check(past(), dice.random() < .5, f"check-{number}") for number in range(dice.randrange(6))),
        consents=tuple(consent() for _ in range(dice.randrange(3))),
        contact=some(LISTED, None, UNLISTED, Contact("", directory=True),
                     lambda: Contact("Elenco", dice.random() < .5, past_day()), odds=2),
        objection=some(None, lambda: Objection(past(), "call"),
                       lambda: Objection(at - 90 * DAY, "call", past()),
                       lambda: Objection(at - 90 * DAY, "call", at + DAY, (past(),)), odds=10),
        callbacks=some((), lambda: (Callback(past(), some(None, past, odds=2), dice.random() < .3),)),
        silent_calls=some((), lambda: (past(),)))


def test_an_allow_is_given_where_the_law_permits_it_and_nowhere_else() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60_000):
        world = a_world(Random(seed))
        verdict = decide(world.call(), world.facts())
        seen[verdict.reason.name] += 1
        assert not verdict.allows or permitted(world, verdict.reason), (verdict.reason, seed, world)
        assert verdict.allows or not any(permitted(world, reason) for reason in ALLOWS), (verdict.reason, seed, world)
        assert all(Reason[name].outcome is verdict.outcome for name in verdict.reasons)
    # a promise that was never put to the test is none
    assert [reason.name for reason in Reason if seen[reason.name] < 10] == ["STORE_UNAVAILABLE", "LOG_UNAVAILABLE"]


def test_two_results_of_one_instant_never_allow_by_the_milder_one() -> None:
    for history in (checks(f"{NOW}=0", f"{NOW}=1"), checks(f"{NOW}=1", f"{NOW}=0")):
        assert decide(a_call(), Facts(history, (a_consent(),), LISTED)).outcome is Outcome.DENY


def test_no_facts_never_allow_marketing() -> None:
    for purpose in (Purpose.MARKETING, Purpose.MARKET_RESEARCH):
        for destination in PERSONS:
            for at in MOMENTS:
                assert not decide(a_call(destination, at=at, purpose=purpose), NOTHING).allows
