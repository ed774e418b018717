"""The order of the decision: each step beats all later ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agi_gate import decide as decide_module
from agi_gate.call import Presentation
from agi_gate.decide import decide, decide_without_facts
from agi_gate.facts import Facts
from agi_gate.policy import Agent, Purpose
from agi_gate.verdict import Outcome, Reason
from tests.support.builders import (CLEAR, ENROLLED, LANDLINE, LISTED, MOBILE, NOT_DECLARED, NOTHING, NOW, OBJECTION,
                                    OF_THE_CALL_CENTRE, REQUEST, SECOND, STATISTICAL, a_call, a_consent, checks, time)
from tests.support.worlds import MOMENTS

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
    ("AI_DISCLOSURE_MISSING", {"agent": Agent.AI, "ai_disclosure": False}, {}),
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
    for _, changes, _ in STEPS[:16]:
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


def test_two_results_of_one_instant_never_allow_by_the_milder_one() -> None:
    for history in (checks(f"{NOW}=0", f"{NOW}=1"), checks(f"{NOW}=1", f"{NOW}=0")):
        assert decide(a_call(), Facts(history, (a_consent(),), LISTED)).outcome is Outcome.DENY


def test_no_facts_never_allow_marketing() -> None:
    for purpose in (Purpose.MARKETING, Purpose.MARKET_RESEARCH):
        for destination in (MOBILE, LANDLINE):
            for at in MOMENTS:
                assert not decide(a_call(destination, at=at, purpose=purpose), NOTHING).allows
