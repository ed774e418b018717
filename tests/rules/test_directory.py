"""DIRECTORY_NOT_OPPOSED, AUTOMATED_NEEDS_CONSENT, SECTOR_NEEDS_CONSENT: the path without consent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agi_gate.facts import Consent, Contact, Facts
from agi_gate.policy import Agent
from agi_gate.regime import Regime
from agi_gate.rules import directory
from tests.support.builders import (AI_ACT, CLEAR, CODE_OF_CONDUCT, ENERGY_RULE, LISTED, MOBILE_TRUNKS, NEW_REGISTRY, NOW,
                                    SECOND, UNLISTED, a_call, a_consent)


def found(contact: Contact | None, *consents: Consent, regime: Regime = ENERGY_RULE, **call: Any) -> str | None:
    finding = directory.check(a_call(**call), Facts(CLEAR, consents, contact), regime)
    return None if finding is None else finding.reason.name


@pytest.mark.parametrize("contact, reason", [(LISTED, "DIRECTORY_NOT_OPPOSED"), (UNLISTED, None), (None, None)])
def test_only_a_listed_number_takes_the_path(contact: Contact | None, reason: str | None) -> None:
    assert found(contact) == reason


@pytest.mark.parametrize("agent", [Agent.AUTOMATED, Agent.AI])
def test_automated_and_ai_calls_need_consent(agent: Agent) -> None:
    assert found(LISTED, agent=agent) == "AUTOMATED_NEEDS_CONSENT"
    assert found(UNLISTED, agent=agent) is None
    assert found(None, agent=agent) is None


@pytest.mark.parametrize("energy", [{"sector": "energy"}, {"category": "energy"}], ids=str)
@pytest.mark.parametrize("regime, reason", [
    (NEW_REGISTRY, "DIRECTORY_NOT_OPPOSED"), (CODE_OF_CONDUCT, "DIRECTORY_NOT_OPPOSED"),
    (MOBILE_TRUNKS, "DIRECTORY_NOT_OPPOSED"), (ENERGY_RULE, "SECTOR_NEEDS_CONSENT"), (AI_ACT, "SECTOR_NEEDS_CONSENT")])
def test_energy_needs_consent_from_2026_06_19(energy: dict[str, str], regime: Regime, reason: str) -> None:
    assert found(LISTED, regime=regime, **energy) == reason
    assert found(UNLISTED, regime=regime, **energy) is None


def test_automated_energy_calls_are_told_of_the_agent_first() -> None:
    assert found(LISTED, agent=Agent.AI, category="energy") == "AUTOMATED_NEEDS_CONSENT"


@pytest.mark.parametrize("after, reason", [
    (-1, None), (0, None), (1, "DIRECTORY_NOT_OPPOSED")])
def test_a_revoked_consent_closes_the_directory_path(after: int, reason: str | None) -> None:
    assert found(LISTED, a_consent(revoked_at=NOW + after * SECOND, category="energy")) == reason


def test_a_revoked_consent_closes_the_path_also_behind_a_newer_one() -> None:
    revoked = a_consent(revoked_at=NOW - SECOND)
    newer = a_consent(granted_at="2026-05-10T10:00:00+02:00", category="")
    assert found(LISTED, revoked, newer) is None
    assert found(LISTED, newer, revoked) is None


@pytest.mark.parametrize("changes", [
    {"expires_at": NOW - SECOND}, {"evidence": ""}, {"purpose": "market_research"}, {"category": ""},
    {"category": "energy"}, {"channel": "automated"}], ids=str)
def test_other_faults_leave_the_path_open(changes: dict[str, Any]) -> None:
    assert found(LISTED, a_consent(**changes)) == "DIRECTORY_NOT_OPPOSED"


@pytest.mark.parametrize("call", [{"agent": Agent.AI}, {"category": "energy"}], ids=str)
def test_where_the_path_is_closed_a_faulty_consent_gives_the_reason(call: dict[str, Any]) -> None:
    assert found(LISTED, a_consent(evidence=""), **call) is None


@pytest.mark.parametrize("acquired_on, listed", [
    (None, True), (date(2026, 10, 13), True), (date(2026, 10, 14), True), (date(2026, 10, 15), False)])
def test_a_list_acquired_after_the_day_of_the_call_is_not_known(acquired_on: date | None, listed: bool) -> None:
    facts = Facts(CLEAR, (), Contact("Elenco", True, acquired_on)).known_at(NOW)
    assert (directory.check(a_call(), facts, ENERGY_RULE) is not None) is listed
