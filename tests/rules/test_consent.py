"""CONSENT_VALID, and each fault that a consent can have, in their order."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from agi_gate.facts import Consent, Facts
from agi_gate.policy import Agent, Purpose
from agi_gate.rules import consent
from agi_gate.verdict import Finding, Reason
from tests.support.builders import CLEAR, ENERGY_RULE, NOTHING, NOW, SECOND, a_call, a_consent

# each fault, and what alone brings it, in the order in which they are looked for
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("CONSENT_REVOKED", {"revoked_at": NOW - SECOND}),
    ("CONSENT_EXPIRED", {"expires_at": NOW - SECOND}),
    ("CONSENT_NO_EVIDENCE", {"evidence": ""}),
    ("CONSENT_OTHER_PURPOSE", {"purpose": "market_research"}),
    ("CONSENT_GENERIC", {"category": ""}),
    ("CONSENT_OTHER_CATEGORY", {"category": "energy"}),
    ("CONSENT_OTHER_CHANNEL", {"channel": "automated"}),
)


def allowed(*consents: Consent, **call: Any) -> Finding | None:
    return consent.check(a_call(**call), Facts(CLEAR, consents), ENERGY_RULE)


def fault(*consents: Consent, **call: Any) -> str:
    finding = consent.check_fault(a_call(**call), Facts(CLEAR, consents), ENERGY_RULE)
    assert finding is not None
    return finding.reason.name


def test_a_consent_in_order_is_consent_valid() -> None:
    finding = allowed(a_consent())
    assert finding is not None and finding.reason.name == "CONSENT_VALID"
    assert (finding.consent, finding.check) == (a_consent(), CLEAR[0])


def test_without_a_consent_there_is_consent_none() -> None:
    assert consent.check(a_call(), NOTHING, ENERGY_RULE) is None
    assert fault() == "CONSENT_NONE"


@pytest.mark.parametrize("reason, changes", FAULTS, ids=[reason for reason, _ in FAULTS])
def test_each_fault_takes_the_consent_away(reason: str, changes: dict[str, Any]) -> None:
    assert allowed(a_consent(**changes)) is None
    assert fault(a_consent(**changes)) == reason


# a generic consent cannot be one for another category
@pytest.mark.parametrize("first, second", [
    pair for pair in combinations(FAULTS, 2) if not ("category" in pair[0][1] and "category" in pair[1][1])],
    ids=lambda fault_: fault_[0])
def test_of_two_faults_the_first_in_order_is_told(
        first: tuple[str, dict[str, Any]], second: tuple[str, dict[str, Any]]) -> None:
    assert fault(a_consent(**first[1] | second[1])) == first[0]


@pytest.mark.parametrize("ends", ["revoked_at", "expires_at"])
@pytest.mark.parametrize("after, valid", [(-1, False), (0, False), (1, True)])
def test_a_revocation_or_an_expiry_counts_from_its_own_instant_on(ends: str, after: int, valid: bool) -> None:
    assert (allowed(a_consent(**{ends: NOW + after * SECOND})) is not None) is valid


@pytest.mark.parametrize("changes", [
    {"origin": ""}, {"origin": " "}, {"evidence": ""}, {"evidence": " "}, {"origin": "", "evidence": ""}])
def test_origin_and_evidence_are_both_needed(changes: dict[str, str]) -> None:
    assert fault(a_consent(**changes)) == "CONSENT_NO_EVIDENCE"


@pytest.mark.parametrize("agent, channel, valid", [
    (Agent.HUMAN, "human", True), (Agent.HUMAN, "both", True), (Agent.HUMAN, "automated", False),
    (Agent.AUTOMATED, "human", False), (Agent.AUTOMATED, "both", True), (Agent.AUTOMATED, "automated", True),
    (Agent.AI, "human", False), (Agent.AI, "both", True), (Agent.AI, "automated", True),
])
def test_a_consent_is_for_its_channel(agent: Agent, channel: str, valid: bool) -> None:
    assert (allowed(a_consent(channel=channel), agent=agent) is not None) is valid
    if not valid:
        assert fault(a_consent(channel=channel), agent=agent) == "CONSENT_OTHER_CHANNEL"


@pytest.mark.parametrize("purpose, of_consent, valid", [
    (Purpose.MARKETING, "marketing", True), (Purpose.MARKETING, "market_research", False),
    (Purpose.MARKET_RESEARCH, "market_research", True), (Purpose.MARKET_RESEARCH, "marketing", False),
])
def test_a_consent_is_for_its_purpose(purpose: Purpose, of_consent: str, valid: bool) -> None:
    assert (allowed(a_consent(purpose=of_consent), purpose=purpose) is not None) is valid


def test_a_consent_has_no_age() -> None:
    assert allowed(a_consent(granted_at="1999-01-01T10:00:00+01:00")) is not None


def test_one_valid_consent_is_enough() -> None:
    older, newer = a_consent(), a_consent(granted_at="2026-05-10T10:00:00+02:00", category="")
    for consents in ((older, newer), (newer, older)):
        finding = allowed(*consents)
        assert finding is not None and finding.consent == older


def test_the_newest_consents_fault_is_told() -> None:
    older = a_consent(expires_at=NOW - SECOND)
    newer = a_consent(granted_at="2026-05-10T10:00:00+02:00", category="")
    assert fault(older, newer) == fault(newer, older) == "CONSENT_GENERIC"


@pytest.mark.parametrize("after, valid", [(0, True), (1, False)])
def test_a_consent_dated_after_the_call_is_not_known(after: int, valid: bool) -> None:
    facts = Facts(CLEAR, (a_consent(granted_at=NOW + after * SECOND),)).known_at(NOW)
    assert (consent.check(a_call(), facts, ENERGY_RULE) is not None) is valid


def test_a_consent_given_again_after_a_revocation_counts() -> None:
    revoked = a_consent(revoked_at="2026-04-10T10:00:00+02:00")
    assert allowed(revoked, a_consent(granted_at="2026-05-10T10:00:00+02:00")) is not None


REVOKED_LATER = a_consent(granted_at="2026-05-10T10:00:00+02:00", revoked_at="2026-06-10T10:00:00+02:00")


@pytest.mark.parametrize("revoked, older_counts", [
    (REVOKED_LATER, False),
    (replace(REVOKED_LATER, category=""), False),
    (replace(REVOKED_LATER, category="energy"), True),
    (replace(REVOKED_LATER, purpose="market_research"), True),
    (replace(REVOKED_LATER, channel="automated"), True),
    (replace(REVOKED_LATER, revoked_at=NOW + SECOND), True),
], ids=["the same", "generic", "other category", "other purpose", "other channel", "to come"])
def test_a_revocation_takes_older_consents_to_the_same_along(revoked: Consent, older_counts: bool) -> None:
    assert (allowed(a_consent(), revoked) is not None) is older_counts


def test_a_consent_that_was_taken_along_is_denied_as_revoked() -> None:
    older = a_consent(granted_at="2026-04-10T10:00:00+02:00")
    revoked = a_consent(revoked_at="2026-06-10T10:00:00+02:00")  # given before, revoked after
    finding = consent.check_fault(a_call(), Facts(CLEAR, (older, revoked)), ENERGY_RULE)
    assert finding is not None and finding.reason is Reason.CONSENT_REVOKED
