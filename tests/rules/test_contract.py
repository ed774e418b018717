"""CONTRACT_CONSENT: a consent within a contract in force, or ended at most 30 days ago."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from agi_gate.facts import Consent, Facts
from agi_gate.policy import Agent
from agi_gate.rules import contract
from agi_gate.verdict import Reason
from tests.support.builders import CLEAR, ENERGY_RULE, ENROLLED, NOTHING, NOW, SECOND, a_call, a_consent, time


def allows(*consents: Consent, facts: Facts = NOTHING, **call: Any) -> bool:
    finding = contract.check(a_call(**call), Facts(facts.checks, consents), ENERGY_RULE)
    assert finding is None or finding.reason is Reason.CONTRACT_CONSENT
    return finding is not None


@pytest.mark.parametrize("checks", [(), CLEAR, ENROLLED], ids=["never-checked", "clear", "enrolled"])
def test_a_contract_in_force_allows_whatever_the_registry_says(checks: Any) -> None:
    assert allows(a_consent(contract=True), facts=Facts(checks))


def test_without_a_contract_the_rule_says_nothing() -> None:
    assert not allows()
    assert not allows(a_consent())
    assert not allows(a_consent(contract_ended_on=date(2026, 10, 1)))


@pytest.mark.parametrize("ended_on, expected", [
    (date(2026, 10, 15), True), (date(2026, 10, 14), True), (date(2026, 9, 14), True), (date(2026, 9, 13), False)])
def test_a_contract_outlives_its_end_by_30_days(ended_on: date, expected: bool) -> None:
    assert allows(a_consent(contract=True, contract_ended_on=ended_on)) is expected


@pytest.mark.parametrize("at, expected", [
    (time("2026-10-14T23:59:59+02:00"), True),
    (time("2026-10-14T21:59:59+00:00"), True),
    (time("2026-10-14T22:00:00+00:00"), False),
    (time("2026-10-15T00:00:00+02:00"), False),
])
def test_the_30_days_are_days_in_rome(at: datetime, expected: bool) -> None:
    assert allows(a_consent(contract=True, contract_ended_on=date(2026, 9, 14)), at=at) is expected


@pytest.mark.parametrize("changes", [
    {"revoked_at": NOW}, {"expires_at": NOW - SECOND}, {"evidence": ""}, {"origin": ""}, {"purpose": "market_research"},
    {"category": ""}, {"category": "energy"}, {"channel": "automated"}], ids=str)
def test_a_consent_within_a_contract_must_be_valid_in_all_else(changes: dict[str, Any]) -> None:
    assert not allows(a_consent(contract=True, **changes))


@pytest.mark.parametrize("agent", [Agent.AUTOMATED, Agent.AI])
def test_a_contract_covers_automated_calls_only_where_its_consent_does(agent: Agent) -> None:
    assert not allows(a_consent(contract=True, channel="human"), agent=agent)
    assert allows(a_consent(contract=True, channel="automated"), agent=agent)


def test_a_valid_consent_outside_the_contract_does_not_lend_its_validity() -> None:
    assert not allows(a_consent(contract=True, category=""), a_consent())


def test_of_several_contracts_one_is_enough() -> None:
    ended = a_consent(contract=True, contract_ended_on=date(2026, 5, 1))
    assert allows(ended, a_consent(contract=True)) and allows(a_consent(contract=True), ended)


@pytest.mark.parametrize("after, expected", [(0, True), (1, False)])
def test_a_contract_consent_dated_after_the_call_is_not_known(after: int, expected: bool) -> None:
    facts = Facts(consents=(a_consent(contract=True, granted_at=NOW + after * SECOND),)).known_at(NOW)
    assert (contract.check(a_call(), facts, ENERGY_RULE) is not None) is expected


@pytest.mark.parametrize("granted_at, expected", [
    ("2026-09-20T23:59:59+02:00", True), ("2026-09-21T00:00:00+02:00", False)])
def test_a_consent_given_after_the_contract_was_not_given_within_it(granted_at: str, expected: bool) -> None:
    ended_on = date(2026, 9, 20)
    assert allows(a_consent(granted_at=granted_at, contract=True, contract_ended_on=ended_on)) is expected
