"""CONSENT_DATE_UNPROVEN, CONSENT_VOIDED_BY_REGISTRY: a consent measured by the latest enrolment, now or once."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from agi_gate.decide import decide
from agi_gate.facts import Check, Consent, Contact, Facts
from agi_gate.policy import Agent
from agi_gate.rules import dating
from tests.support.builders import LANDLINE, LISTED, NOW, SECOND, UNLISTED, a_call, a_consent, checks, time

T0, T1, T2 = map(time, ("2026-08-01T09:00:00+02:00", "2026-09-01T09:00:00+02:00", "2026-10-11T11:00:00+02:00"))
UNPROVEN, VOIDED = "CONSENT_DATE_UNPROVEN", "CONSENT_VOIDED_BY_REGISTRY"


def fault(history: tuple[Check, ...], granted_at: Any) -> str | None:
    reasons = {dating.fault(a_consent(granted_at=granted_at), Facts(order)) for order in permutations(history)}
    (reason,) = reasons
    return None if reason is None else reason.name


# section 2 of the regulation, "dating an enrolment without a date": each row with both sides of each boundary
TABLE: tuple[tuple[str, tuple[Check, ...], dict[datetime, str | None]], ...] = (
    ("never enrolled", checks(f"{T0}=0", f"{T2}=0"), {T0 - SECOND: None, T2: None}),
    ("never checked", (), {T0: None}),
    ("now enrolled, clear before", checks(f"{T0}=0", f"{T1}=1", f"{T2}=1"), {
        T0 - SECOND: VOIDED, T0: VOIDED, T0 + SECOND: UNPROVEN, T1 - SECOND: UNPROVEN, T1: None, T2: None}),
    ("now enrolled, never clear", checks(f"{T1}=1", f"{T2}=1"), {T1 - SECOND: VOIDED, T1: None}),
    ("now clear, clear before", checks(f"{T0}=0", f"{T1}=1", f"{T2}=0"), {
        T0 - SECOND: VOIDED, T0: VOIDED, T0 + SECOND: UNPROVEN, T1 - SECOND: UNPROVEN, T1: None, T1 + SECOND: None,
        T2: None}),
    ("now clear, never clear before", checks(f"{T1}=1", f"{T2}=0"), {T1 - SECOND: VOIDED, T1: None, T2: None}),
    ("now clear, enrolled by several results", checks(f"{T0}=0", f"{T1}=1", "2026-09-15T09:00:00+02:00=1", f"{T2}=0"), {
        T0: VOIDED, T0 + SECOND: UNPROVEN, T1: None}),
    ("now clear, enrolled twice: the latest counts",
     checks("2026-06-01T09:00:00+02:00=0", "2026-07-01T09:00:00+02:00=1", f"{T0}=0", f"{T1}=1", f"{T2}=0"), {
         time("2026-06-15T09:00:00+02:00"): VOIDED, time("2026-07-15T09:00:00+02:00"): VOIDED, T0: VOIDED,
         T0 + SECOND: UNPROVEN, T1 - SECOND: UNPROVEN, T1: None}),
    ("now clear, several clear results before", checks("2026-06-01T09:00:00+02:00=0", f"{T0}=0", f"{T1}=1", f"{T2}=0"), {
        time("2026-06-15T09:00:00+02:00"): VOIDED, T0: VOIDED, T0 + SECOND: UNPROVEN, T1: None}),
    ("clear and enrolled at one instant, now clear", checks(f"{T1}=0", f"{T1}=1", f"{T2}=0"), {
        T1 - SECOND: VOIDED, T1: VOIDED, T1 + SECOND: None}),
    ("enrolled at one instant beside clear: a run of its own", checks(f"{T0}=1", f"{T1}=0", f"{T1}=1", f"{T2}=0"), {
        T0: VOIDED, T1: VOIDED, T1 + SECOND: None}),
)


@pytest.mark.parametrize(("history", "findings"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_consent_is_dated_by_the_latest_enrolment(history: tuple[Check, ...],
                                                    findings: dict[datetime, str | None]) -> None:
    for granted_at, reason in findings.items():
        assert fault(history, granted_at) == reason, granted_at


CLEAR_AGAIN = checks(f"{T0}=0", f"{T1}=1", f"{T2}=0")


def decided(*consents: Consent, contact: Contact | None = UNLISTED, at: datetime = NOW, **call: Any) -> str:
    return decide(a_call(at=at, **call), Facts(CLEAR_AGAIN, consents, contact)).reason.name


@pytest.mark.parametrize("agent", Agent)
@pytest.mark.parametrize("granted_at, reason", [
    (T0, VOIDED), (T0 + SECOND, UNPROVEN), (T1 - SECOND, UNPROVEN), (T1, "CONSENT_VALID")])
def test_a_number_that_is_clear_again_needs_a_later_consent(agent: Agent, granted_at: datetime, reason: str) -> None:
    assert decided(a_consent(granted_at=granted_at), agent=agent) == reason


@pytest.mark.parametrize("agent, reason", [
    (Agent.HUMAN, "DIRECTORY_NOT_OPPOSED"), (Agent.AUTOMATED, VOIDED), (Agent.AI, VOIDED)])
def test_a_withdrawn_opposition_frees_a_listed_number_for_humans(agent: Agent, reason: str) -> None:
    old = a_consent(granted_at=T0)
    assert decided(old, contact=LISTED, agent=agent) == reason
    assert decided(old, contact=LISTED, destination=LANDLINE, agent=agent) == reason


def test_a_consent_that_is_good_but_for_the_enrolment_gives_the_reason() -> None:
    old, between, of_another_kind = (a_consent(granted_at=T0), a_consent(granted_at=T0 + SECOND),
                                     a_consent(granted_at=T2, category="energy"))
    for consents in permutations((old, between, of_another_kind)):
        assert decided(*consents) == UNPROVEN
    for consents in permutations((old, of_another_kind)):
        assert decided(*consents) == VOIDED
    assert decided(of_another_kind) == "CONSENT_OTHER_CATEGORY"
    assert decided(a_consent(granted_at=T0, evidence="")) == "CONSENT_NO_EVIDENCE"
    assert decided(old, a_consent(granted_at=T1)) == "CONSENT_VALID"


def test_a_revoked_consent_closes_the_path_of_a_listed_number_that_is_clear_again() -> None:
    revoked = a_consent(granted_at="2026-02-10T10:00:00+01:00", revoked_at="2026-02-11T10:00:00+01:00")
    assert decided(revoked, contact=LISTED) == "CONSENT_REVOKED"
    assert decided(revoked, a_consent(granted_at=T0), contact=LISTED) == VOIDED


def test_a_consent_within_a_contract_is_not_voided() -> None:
    assert decided(a_consent(granted_at=T0, contract=True)) == "CONTRACT_CONSENT"


def test_before_the_new_registry_no_enrolment_voided_a_consent() -> None:
    at = time("2022-07-26T11:00:00+02:00")
    facts = Facts(checks("2022-06-01T09:00:00+02:00=1", "2022-07-20T09:00:00+02:00=0"),
                  (a_consent(granted_at="2021-03-10T10:00:00+01:00"),), UNLISTED)
    assert decide(a_call(at=at), facts).reason.name == "CONSENT_VALID"
    later = Facts((*facts.checks, *checks("2022-07-25T09:00:00+02:00=0")), facts.consents, UNLISTED)
    assert decide(a_call(at=time("2022-07-27T11:00:00+02:00")), later).reason.name == VOIDED
