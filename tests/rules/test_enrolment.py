"""REGISTRY_OPPOSED, CONSENT_AFTER_ENROLMENT, or why a consent does not count: enrolled numbers."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from agi_gate.facts import Check, Consent, Facts
from agi_gate.rules import enrolment
from tests.support.builders import CLEAR, ENERGY_RULE, ENROLLED, NOW, SECOND, a_call, a_consent, checks, time

T0, T1 = time("2026-09-01T09:00:00+02:00"), time("2026-10-01T09:00:00+02:00")
CLEAR_THEN_ENROLLED = checks(f"{T0}=0", f"{T1}=1", "2026-10-11T11:00:00+02:00=1")
AFTER = a_consent(granted_at=T1)
BETWEEN = a_consent(granted_at=T0 + SECOND)
BEFORE = a_consent(granted_at=T0)


def found(history: tuple[Check, ...], *consents: Consent, **call: Any) -> str | None:
    finding = enrolment.check(a_call(**call), Facts(history, consents), ENERGY_RULE)
    return None if finding is None else finding.reason.name


@pytest.mark.parametrize("history, reason", [
    ((), None), (CLEAR, None), (ENROLLED, "REGISTRY_OPPOSED"), (CLEAR_THEN_ENROLLED, "REGISTRY_OPPOSED"),
    (checks("2026-09-01T09:00:00+02:00=1", "2026-10-11T11:00:00+02:00=0"), None)])
def test_the_newest_result_says_whether_a_number_is_enrolled(history: tuple[Check, ...], reason: str | None) -> None:
    assert found(history) == reason


@pytest.mark.parametrize("granted_at, reason", [
    (T0 - SECOND, "CONSENT_VOIDED_BY_REGISTRY"),
    (T0, "CONSENT_VOIDED_BY_REGISTRY"),
    (T0 + SECOND, "CONSENT_DATE_UNPROVEN"),
    (T1 - SECOND, "CONSENT_DATE_UNPROVEN"),
    (T1, "CONSENT_AFTER_ENROLMENT"),
    (T1 + SECOND, "CONSENT_AFTER_ENROLMENT"),
])
def test_an_enrolment_lies_between_the_last_clear_and_the_first_enrolled_result(granted_at: Any, reason: str) -> None:
    for history in permutations(CLEAR_THEN_ENROLLED):
        assert found(history, a_consent(granted_at=granted_at)) == reason


@pytest.mark.parametrize("granted_at, reason", [
    (T1 - SECOND, "CONSENT_VOIDED_BY_REGISTRY"), (T1, "CONSENT_AFTER_ENROLMENT")])
def test_a_number_never_seen_clear_was_enrolled_before_its_first_result(granted_at: Any, reason: str) -> None:
    assert found(checks(f"{T1}=1", "2026-10-11T11:00:00+02:00=1"), a_consent(granted_at=granted_at)) == reason


def test_only_the_enrolled_results_since_the_last_clear_one_count() -> None:
    history = checks("2026-08-01T09:00:00+02:00=1", f"{T0}=0", f"{T1}=1")
    for granted_at, reason in (("2026-08-15T09:00:00+02:00", "CONSENT_VOIDED_BY_REGISTRY"),
                               (BETWEEN.granted_at, "CONSENT_DATE_UNPROVEN"), (T1, "CONSENT_AFTER_ENROLMENT")):
        for order in permutations(history):
            assert found(order, a_consent(granted_at=granted_at)) == reason


@pytest.mark.parametrize("granted_at, reason", [
    ("2026-08-20T09:00:00+02:00", "CONSENT_VOIDED_BY_REGISTRY"),
    (T0, "CONSENT_VOIDED_BY_REGISTRY"), (BETWEEN.granted_at, "CONSENT_DATE_UNPROVEN"), (T1, "CONSENT_AFTER_ENROLMENT")])
def test_the_latest_of_several_clear_results_counts(granted_at: Any, reason: str) -> None:
    history = checks("2026-08-01T09:00:00+02:00=0", "2026-08-15T09:00:00+02:00=1", f"{T0}=0", f"{T1}=1")
    for order in permutations(history):
        assert found(order, a_consent(granted_at=granted_at)) == reason


@pytest.mark.parametrize("after, reason", [(0, "CONSENT_VOIDED_BY_REGISTRY"), (1, "CONSENT_AFTER_ENROLMENT")])
def test_of_two_results_of_one_instant_the_enrolled_one_protects(after: int, reason: str) -> None:
    for history in permutations(checks(f"{T1}=0", f"{T1}=1")):
        assert found(history) == "REGISTRY_OPPOSED"
        assert found(history, a_consent(granted_at=T1 + after * SECOND)) == reason


@pytest.mark.parametrize("changes", [
    {"revoked_at": NOW}, {"expires_at": NOW - SECOND}, {"evidence": ""}, {"origin": ""}, {"purpose": "market_research"},
    {"category": ""}, {"category": "energy"}, {"channel": "automated"}], ids=str)
def test_a_later_consent_that_is_not_valid_is_none(changes: dict[str, Any]) -> None:
    assert found(CLEAR_THEN_ENROLLED, a_consent(granted_at=T1, **changes)) == "REGISTRY_OPPOSED"


@pytest.mark.parametrize("consents, reason", [
    ((BEFORE, AFTER), "CONSENT_AFTER_ENROLMENT"),
    ((BETWEEN, AFTER), "CONSENT_AFTER_ENROLMENT"),
    ((BEFORE, BETWEEN), "CONSENT_DATE_UNPROVEN"),
    ((BEFORE, a_consent(granted_at=T1, category="")), "CONSENT_VOIDED_BY_REGISTRY"),
    ((BETWEEN, a_consent(granted_at=T1, category="")), "CONSENT_DATE_UNPROVEN"),
])
def test_of_several_consents_the_best_decides(consents: tuple[Consent, ...], reason: str) -> None:
    for order in permutations(consents):
        assert found(CLEAR_THEN_ENROLLED, *order) == reason


def test_an_enrolment_found_after_the_call_is_not_known() -> None:
    facts = Facts((*CLEAR, *checks(f"{NOW + SECOND}=1")), (a_consent(),))
    assert enrolment.check(a_call(), facts.known_at(NOW), ENERGY_RULE) is None
    assert enrolment.check(a_call(), facts.known_at(NOW + SECOND), ENERGY_RULE) is not None
