"""SECTOR_CUSTOMERS_ONLY: electricity and gas are offered by phone only to the seller's own customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from agi_gate.decide import decide
from agi_gate.facts import Callback, Consent, Contact, Facts
from agi_gate.policy import Agent, Purpose
from tests.support.builders import (CLEAR, ENROLLED, LISTED, NOW, OBJECTION, OF_THE_CALL_CENTRE, SECOND, UNLISTED, a_call,
                                    a_consent, checks, time)

ENERGY: dict[str, Any] = {"sector": "energy", "category": "energy"}
CONSENT = a_consent(category="energy")
CUSTOMER = replace(CONSENT, contract=True)
LAST_DAY = replace(CUSTOMER, contract_ended_on=date(2026, 10, 14))
DAY_BEFORE = replace(CUSTOMER, contract_ended_on=date(2026, 10, 13))
BY_SITE = Callback(time("2026-10-10T10:00:00+02:00"), via="own_web")
EVENING_BEFORE, FIRST_MORNING = map(time, ("2026-06-18T19:00:00+02:00", "2026-06-19T09:00:00+02:00"))
COMPANY, PERSON = replace(UNLISTED, recipient="business"), replace(UNLISTED, recipient="consumer")


def decided(*consents: Consent, **call: Any) -> str:
    facts = Facts(call.pop("checks", CLEAR), consents, call.pop("contact", UNLISTED), call.pop("objection", None),
                  call.pop("callbacks", ()))
    return decide(a_call(**(ENERGY | call)), facts).reason.name


# --- whose consent counts

@pytest.mark.parametrize("consent, reason", [
    (CUSTOMER, "CONTRACT_CONSENT"), (LAST_DAY, "CONTRACT_CONSENT"), (DAY_BEFORE, "SECTOR_CUSTOMERS_ONLY"),
    (replace(CUSTOMER, contract_ended_on=date(2026, 10, 15)), "CONTRACT_CONSENT"),
    (replace(CUSTOMER, contract_ended_on=date(2026, 9, 13)), "SECTOR_CUSTOMERS_ONLY"),
    (CONSENT, "SECTOR_CUSTOMERS_ONLY"),
    (replace(CONSENT, contract_ended_on=date(2026, 12, 31)), "SECTOR_CUSTOMERS_ONLY")], ids=str)
@pytest.mark.parametrize("agent", (Agent.HUMAN, Agent.AUTOMATED))
def test_only_a_customer_in_contract_on_the_day_can_consent(consent: Consent, reason: str, agent: Agent) -> None:
    assert decided(consent, agent=agent) == reason
    assert decided(consent, agent=agent, contact=LISTED) == reason


@pytest.mark.parametrize("at, reason", [
    ("2026-10-13T19:59:59+02:00", "CONTRACT_CONSENT"), ("2026-10-14T09:00:00+02:00", "SECTOR_CUSTOMERS_ONLY"),
    ("2026-10-13T21:59:59+00:00", "CONTRACT_CONSENT"), ("2026-10-13T22:00:00+00:00", "SECTOR_CUSTOMERS_ONLY")])
def test_the_contracts_last_day_is_a_day_in_rome(at: str, reason: str) -> None:
    assert decided(DAY_BEFORE, at=time(at), policy={"hours_off": True}) == reason


@pytest.mark.parametrize("energy", [{"sector": "energy"}, {"category": "energy"}], ids=str)
def test_energy_is_who_sells_or_what_is_sold(energy: dict[str, str]) -> None:
    category = energy.get("category", "telecom")
    call = {"sector": "telecom", "category": "telecom"} | energy
    assert decided(replace(CONSENT, category=category), **call) == "SECTOR_CUSTOMERS_ONLY"
    assert decided(replace(CUSTOMER, category=category), **call) == "CONTRACT_CONSENT"


def test_other_sectors_are_not_bound() -> None:
    assert decided(a_consent(), sector="telecom", category="telecom") == "CONSENT_VALID"


def test_market_research_of_a_seller_of_energy_is_bound_too() -> None:
    consent = replace(CONSENT, purpose="market_research")
    assert decided(consent, purpose=Purpose.MARKET_RESEARCH) == "SECTOR_CUSTOMERS_ONLY"


@pytest.mark.parametrize("consent, before", [
    (CONSENT, "CONSENT_VALID"), (CUSTOMER, "CONTRACT_CONSENT"),
    (replace(CUSTOMER, contract_ended_on=date(2026, 6, 1)), "CONTRACT_CONSENT")], ids=str)
def test_it_binds_from_its_first_day_on(consent: Consent, before: str) -> None:
    clear = checks("2026-06-15T10:00:00+02:00=0")
    assert decided(consent, at=EVENING_BEFORE, checks=clear) == before
    in_force = consent.contract and consent.contract_ended_on is None
    assert decided(consent, at=FIRST_MORNING, checks=clear) == (before if in_force else "SECTOR_CUSTOMERS_ONLY")


# --- where another consent would have allowed the call, and where none would

@pytest.mark.parametrize("history, consent, reason", [
    # step 11: the 30 days would have allowed it, without any check
    ((), DAY_BEFORE, "SECTOR_CUSTOMERS_ONLY"),
    (checks("2026-08-01T11:00:00+02:00=0"), DAY_BEFORE, "SECTOR_CUSTOMERS_ONLY"),
    (ENROLLED, DAY_BEFORE, "SECTOR_CUSTOMERS_ONLY"),
    # step 12: no consent would have
    ((), CONSENT, "REGISTRY_UNKNOWN"),
    (checks("2026-08-01T11:00:00+02:00=0"), CONSENT, "REGISTRY_STALE"),
    # step 13
    (ENROLLED, CONSENT, "CONSENT_VOIDED_BY_REGISTRY"),
    (ENROLLED, replace(CONSENT, granted_at=CLEAR[0].at), "SECTOR_CUSTOMERS_ONLY"),
    (checks("2026-09-01T09:00:00+02:00=0", "2026-10-11T11:00:00+02:00=1"),
     replace(CONSENT, granted_at=time("2026-09-20T10:00:00+02:00")), "CONSENT_DATE_UNPROVEN"),
    # step 14
    (CLEAR, CONSENT, "SECTOR_CUSTOMERS_ONLY"),
    (checks("2026-09-01T09:00:00+02:00=1", "2026-10-11T11:00:00+02:00=0"), CONSENT, "CONSENT_VOIDED_BY_REGISTRY"),
    (checks("2026-09-01T09:00:00+02:00=1", "2026-10-11T11:00:00+02:00=0"),
     replace(CONSENT, granted_at=time("2026-09-20T10:00:00+02:00")), "SECTOR_CUSTOMERS_ONLY"),
    # the contract keeps a customer's consent from being voided
    (ENROLLED, CUSTOMER, "CONTRACT_CONSENT"),
    ((), CUSTOMER, "CONTRACT_CONSENT")], ids=str)
def test_the_reason_is_the_sectors_where_another_consent_would_have_allowed_it(
        history: Any, consent: Consent, reason: str) -> None:
    assert decided(consent, checks=history) == reason


@pytest.mark.parametrize("changes, reason", [
    ({"revoked_at": NOW - SECOND}, "CONSENT_REVOKED"), ({"expires_at": NOW}, "CONSENT_EXPIRED"),
    ({"evidence": ""}, "CONSENT_NO_EVIDENCE"), ({"purpose": "market_research"}, "CONSENT_OTHER_PURPOSE"),
    ({"category": ""}, "CONSENT_GENERIC"), ({"category": "telecom"}, "CONSENT_OTHER_CATEGORY"),
    ({"channel": "automated"}, "CONSENT_OTHER_CHANNEL")], ids=str)
@pytest.mark.parametrize("consent", (CONSENT, CUSTOMER, DAY_BEFORE), ids=("consent", "customer", "ended"))
def test_a_fault_of_the_consents_own_keeps_its_place(consent: Consent, changes: dict[str, Any], reason: str) -> None:
    assert decided(replace(consent, **changes)) == reason


def test_where_there_is_no_consent_the_reasons_are_as_before() -> None:
    assert decided() == "CONSENT_NONE"
    assert decided(contact=None) == "CONSENT_NONE"
    assert decided(contact=LISTED) == "SECTOR_NEEDS_CONSENT"
    assert decided(contact=LISTED, agent=Agent.AUTOMATED) == "AUTOMATED_NEEDS_CONSENT"
    assert decided(checks=ENROLLED) == "REGISTRY_OPPOSED"


def test_of_several_consents_one_of_a_customer_is_enough() -> None:
    for consents in ((CONSENT, CUSTOMER), (CUSTOMER, replace(CONSENT, granted_at=time("2026-09-20T10:00:00+02:00")))):
        assert decided(*consents) == decided(*reversed(consents)) == "CONTRACT_CONSENT"
    # the contract of one consent lends nothing to another
    assert decided(CONSENT, replace(CUSTOMER, category="telecom")) == "SECTOR_CUSTOMERS_ONLY"


def test_a_withdrawal_of_the_same_takes_a_customers_consent_along() -> None:
    revoked = a_consent(category="energy", granted_at="2026-02-10T10:00:00+01:00", revoked_at="2026-04-01T10:00:00+02:00")
    assert decided(CUSTOMER, revoked) == "CONSENT_REVOKED"
    assert decided(CONSENT, revoked) == "CONSENT_REVOKED"


def test_what_denies_before_it_still_does() -> None:
    assert decided(CONSENT, objection=OBJECTION) == "OBJECTION_RECORDED"
    assert decided(CONSENT, at=time("2026-10-18T11:00:00+02:00")) == "HOURS_SUNDAY"


# --- requests to be called

@pytest.mark.parametrize("via", ("", "web", "phone", "branch", "other", "own-web", "OWN_WEB"))
def test_a_request_counts_only_where_it_was_made_on_the_sellers_own_site(via: str) -> None:
    assert decided(callbacks=(BY_SITE,)) == "CALLBACK_REQUESTED"
    assert decided(callbacks=(replace(BY_SITE, via=via),)) == "CONSENT_NONE"
    assert decided(callbacks=(replace(BY_SITE, via=via),), category="telecom", sector="telecom") == "CALLBACK_REQUESTED"
    of_june = replace(BY_SITE, via=via, requested_at=time("2026-06-18T10:00:00+02:00"))
    assert decided(callbacks=(of_june,), at=EVENING_BEFORE) == "CALLBACK_REQUESTED"
    assert decided(callbacks=(of_june,), at=FIRST_MORNING, checks=checks("2026-06-15T10:00:00+02:00=0")) == "CONSENT_NONE"


def test_a_request_that_does_not_count_does_not_stand_before_one_that_does() -> None:
    by_phone = replace(BY_SITE, via="phone", valid_until=NOW + SECOND)
    facts = Facts(CLEAR, callbacks=(by_phone, BY_SITE))
    finding = decide(a_call(**ENERGY), facts).findings[0]
    assert finding.callback == BY_SITE


@pytest.mark.parametrize("changes", [
    {"used": True}, {"valid_until": NOW - SECOND}, {"requested_at": NOW + SECOND},
    {"requested_at": time("2026-09-14T10:59:59+02:00")}], ids=str)
def test_a_request_on_the_own_site_has_its_bounds_all_the_same(changes: dict[str, Any]) -> None:
    assert decided(callbacks=(replace(BY_SITE, **changes),)) == "CONSENT_NONE"


# --- companies

def test_a_company_is_not_bound() -> None:
    assert decided(contact=replace(LISTED, recipient="business")) == "DIRECTORY_NOT_OPPOSED"
    assert decided(CONSENT, contact=COMPANY) == "CONSENT_VALID"
    assert decided(DAY_BEFORE, contact=COMPANY) == "CONTRACT_CONSENT"
    assert decided(replace(CONSENT, granted_at=CLEAR[0].at), contact=COMPANY, checks=ENROLLED) == "CONSENT_AFTER_ENROLMENT"
    assert decided(contact=COMPANY, callbacks=(replace(BY_SITE, via="phone"),)) == "CALLBACK_REQUESTED"


def test_all_else_binds_a_company_too() -> None:
    assert decided(contact=COMPANY) == "CONSENT_NONE"
    assert decided(contact=COMPANY, checks=ENROLLED) == "REGISTRY_OPPOSED"
    assert decided(contact=replace(COMPANY, directory=True), agent=Agent.AUTOMATED) == "AUTOMATED_NEEDS_CONSENT"
    assert decided(CONSENT, contact=COMPANY, caller_id=OF_THE_CALL_CENTRE) == "CALLER_ID_NOT_CONTROLLER"


@pytest.mark.parametrize("contact", [
    None, UNLISTED, PERSON, replace(COMPANY, acquired_on=date(2026, 10, 15)), replace(COMPANY, recipient="Business")], ids=str)
def test_a_number_of_which_nobody_says_so_is_a_consumers(contact: Contact | None) -> None:
    assert decided(CONSENT, contact=contact) == "SECTOR_CUSTOMERS_ONLY"


def test_a_company_is_known_from_the_day_on_which_its_row_was_acquired() -> None:
    assert decided(CONSENT, contact=replace(COMPANY, acquired_on=date(2026, 10, 14))) == "CONSENT_VALID"


def test_a_customer_is_one_at_the_very_instant_at_which_the_rule_begins() -> None:
    first: datetime = time("2026-06-19T00:00:00+02:00")
    clear = checks("2026-06-15T10:00:00+02:00=0")
    for at, reason in ((first - SECOND, "CONSENT_VALID"), (first, "SECTOR_CUSTOMERS_ONLY")):
        assert decided(CONSENT, at=at, checks=clear, policy={"hours_off": True}) == reason
        assert decided(CONSENT, at=at.astimezone(), checks=clear, policy={"hours_off": True}) == reason
