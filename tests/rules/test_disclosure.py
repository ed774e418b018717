"""AI_DISCLOSURE_MISSING: an AI agent says that it is one."""

from __future__ import annotations

import pytest

from agi_gate.decide import decide
from agi_gate.facts import Facts
from agi_gate.policy import Agent, Purpose
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import disclosure
from tests.support.builders import AI_ACT, CLEAR, LISTED, NOTHING, OF_THE_CALL_CENTRE, a_call, a_consent, time


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
def test_only_an_ai_that_does_not_say_so_is_denied_and_only_under_the_ai_act(regime: Regime) -> None:
    for agent in Agent:
        for discloses in (False, True):
            finding = disclosure.check(a_call(agent=agent, ai_disclosure=discloses), NOTHING, regime)
            is_denied = regime is AI_ACT and agent is Agent.AI and not discloses
            assert (finding is not None and finding.reason.name == "AI_DISCLOSURE_MISSING") is is_denied


@pytest.mark.parametrize("purpose", Purpose)
def test_it_holds_for_every_purpose(purpose: Purpose) -> None:
    call = a_call(agent=Agent.AI, ai_disclosure=False, purpose=purpose)
    assert decide(call, Facts(CLEAR, (a_consent(),), LISTED)).reason.name == "AI_DISCLOSURE_MISSING"
    assert decide(call, None).reason.name == "AI_DISCLOSURE_MISSING"


@pytest.mark.parametrize("at, reason", [
    ("2026-08-01T23:59:59+02:00", "SERVICE"), ("2026-08-02T00:00:00+02:00", "AI_DISCLOSURE_MISSING"),
    ("2026-08-01T21:59:59+00:00", "SERVICE"), ("2026-08-01T22:00:00+00:00", "AI_DISCLOSURE_MISSING")])
def test_its_first_day_begins_at_midnight_in_rome(at: str, reason: str) -> None:
    assert decide(a_call(at=time(at), agent=Agent.AI, ai_disclosure=False, purpose=Purpose.SERVICE), None).reason.name == reason


def test_it_comes_after_the_caller_id_and_never_before_an_emergency() -> None:
    assert decide(a_call(agent=Agent.AI, ai_disclosure=False, caller_id="201"), None).reason.name == "CALLER_ID_MALFORMED"
    of_energy = a_call(agent=Agent.AI, ai_disclosure=False, caller_id=OF_THE_CALL_CENTRE, sector="energy")
    assert decide(of_energy, None).reason.name == "CALLER_ID_NOT_CONTROLLER"
    assert decide(a_call("112", agent=Agent.AI, ai_disclosure=False), None).reason.name == "EMERGENCY"
