"""The law of the founding article, 2011-02-01 to 2022-07-26: mobiles by consent, fixed lines by consent or check."""

from __future__ import annotations

from typing import Any

import pytest

from agi_gate.facts import Check, Consent, Contact, Facts
from agi_gate.policy import Agent
from agi_gate.rules import founding
from tests.support.builders import (FOUNDING, IN_2017, LANDLINE, LISTED, MOBILE, SECOND, UNLISTED, a_call, a_consent,
                                    checks)

CLEAR = checks("2017-03-01T10:00:00+01:00=0")
ENROLLED = checks("2017-03-01T10:00:00+01:00=1")
STALE = checks("2017-02-20T10:59:59+01:00=0")
STALE_ENROLLED = checks("2017-02-20T10:59:59+01:00=1")
JUST_FRESH = checks("2017-02-20T11:00:00+01:00=0")
CONSENT = a_consent(granted_at="2016-05-01T10:00:00+02:00")


def consent(**changes: Any) -> Consent:
    return a_consent(granted_at="2016-05-01T10:00:00+02:00", **changes)


def found(destination: str, history: tuple[Check, ...] = (), *consents: Consent, contact: Contact | None = None,
          **call: Any) -> str:
    finding = founding.check(a_call(destination, at=IN_2017, **call), Facts(history, consents, contact), FOUNDING)
    assert finding is not None
    return finding.reason.name


@pytest.mark.parametrize("history", [(), CLEAR, ENROLLED, STALE], ids=["never", "clear", "enrolled", "stale"])
@pytest.mark.parametrize("destination", [MOBILE, LANDLINE])
def test_a_valid_consent_needs_no_registry(destination: str, history: tuple[Check, ...]) -> None:
    assert found(destination, history, CONSENT) == "CONSENT_VALID"


@pytest.mark.parametrize("history", [(), CLEAR, ENROLLED, STALE], ids=["never", "clear", "enrolled", "stale"])
@pytest.mark.parametrize("contact", [None, LISTED, UNLISTED], ids=["no-row", "listed", "unlisted"])
def test_a_mobile_without_consent_is_never_called(history: tuple[Check, ...], contact: Contact | None) -> None:
    assert found(MOBILE, history, contact=contact) == "CONSENT_NONE"


@pytest.mark.parametrize("history, reason", [
    ((), "REGISTRY_UNKNOWN"), (CLEAR, "DIRECTORY_NOT_OPPOSED"), (JUST_FRESH, "DIRECTORY_NOT_OPPOSED"),
    (STALE, "REGISTRY_STALE"), (ENROLLED, "REGISTRY_OPPOSED"), (STALE_ENROLLED, "REGISTRY_STALE"),
    ((*STALE, *ENROLLED), "REGISTRY_OPPOSED"), ((*STALE_ENROLLED, *CLEAR), "DIRECTORY_NOT_OPPOSED")])
@pytest.mark.parametrize("contact", [None, LISTED, UNLISTED], ids=["no-row", "listed", "bought"])
def test_a_fixed_line_without_consent_rests_on_its_check(
        history: tuple[Check, ...], contact: Contact | None, reason: str) -> None:
    assert found(LANDLINE, history, contact=contact) == reason


@pytest.mark.parametrize("changes", [
    {"category": ""}, {"category": "energy"}, {"purpose": "market_research"}, {"evidence": ""},
    {"expires_at": IN_2017 - SECOND}, {"channel": "automated"}], ids=str)
def test_a_consent_that_is_not_valid_counts_for_nothing(changes: dict[str, Any]) -> None:
    assert found(MOBILE, CLEAR, consent(**changes)) == "CONSENT_NONE"
    assert found(LANDLINE, CLEAR, consent(**changes)) == "DIRECTORY_NOT_OPPOSED"
    assert found(LANDLINE, (), consent(**changes)) == "REGISTRY_UNKNOWN"


@pytest.mark.parametrize("after, closed", [(-1, True), (0, True), (1, False)])
def test_a_revoked_consent_is_an_objection_then_too(after: int, closed: bool) -> None:
    revoked = consent(category="energy", revoked_at=IN_2017 + after * SECOND)
    assert found(LANDLINE, CLEAR, revoked) == ("CONSENT_REVOKED" if closed else "DIRECTORY_NOT_OPPOSED")
    assert found(MOBILE, CLEAR, revoked) == "CONSENT_NONE"


@pytest.mark.parametrize("agent", [Agent.AUTOMATED, Agent.AI])
def test_automated_calls_needed_consent_then_too(agent: Agent) -> None:
    assert found(LANDLINE, CLEAR, agent=agent) == "AUTOMATED_NEEDS_CONSENT"
    assert found(LANDLINE, CLEAR, consent(channel="human"), agent=agent) == "AUTOMATED_NEEDS_CONSENT"
    assert found(LANDLINE, CLEAR, consent(channel="automated"), agent=agent) == "CONSENT_VALID"


def test_the_energy_rule_was_still_to_come() -> None:
    assert found(LANDLINE, CLEAR, sector="energy", category="energy") == "DIRECTORY_NOT_OPPOSED"


def test_a_contract_was_a_consent_like_any_other() -> None:
    assert found(MOBILE, ENROLLED, consent(contract=True)) == "CONSENT_VALID"
    assert found(MOBILE, (), consent(contract=True, category="")) == "CONSENT_NONE"
