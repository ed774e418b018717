"""`agi-gate explain`, the law of 2026: whose consent counts, what an earlier enrolment voids, what an AI agent declares."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agi_gate.explaining import Language, tell
from agi_gate.facts import Callback, Contact, Facts
from agi_gate.policy import Agent, Purpose
from tests.support.builders import CLEAR, LANDLINE, LISTED, UNLISTED, a_call, a_consent, checks, time
from tests.support.stories import EN, IT, both, entry_of, no_gaps, section, told

ENERGY: dict[str, Any] = {"sector": "energy", "category": "energy"}
CONSENT = a_consent(category="energy")
CUSTOMER = replace(CONSENT, contract=True)
ASKED = Callback(time("2026-10-10T10:00:00+02:00"))
CLEAR_AGAIN = checks("2026-08-01T09:00:00+02:00=0", "2026-09-01T09:00:00+02:00=1", "2026-10-11T11:00:00+02:00=0")


def test_a_consent_of_no_customer_is_told_with_what_would_lift_the_refusal() -> None:
    entry = entry_of(a_call(**ENERGY), Facts(CLEAR, (CONSENT,), UNLISTED))
    assert "only to customers whose contract is in force on the day." in section("known", entry)
    assert "in force since 19 June 2026: energy rule (Codice del consumo art. 51" in section("decision", entry)
    opposite = section("opposite", entry)
    assert "consent of the person as a customer in contract (marketing, category `energy`, calls by humans); or where the " \
        "number is a company's, a contact row that says so (recipient=business)." in opposite
    assert "a request of the person on the controller's own site" in opposite
    assert "con il contratto in essere (finalità marketing" in section("opposite", entry, IT)
    consent = tell(entry, EN).data["known"]["consents"][0]
    assert (consent["covers"], consent["fault"], consent["barred_by_sector"]) == (False, None, True)


@pytest.mark.parametrize(("consent", "words", "ends_at"), (
    (CUSTOMER, "- the end of the contract, from the day after it on;", None),
    (replace(CUSTOMER, contract_ended_on=date(2026, 10, 14)), "- the end of the contract, whose last day is 14 October 2026;",
     "2026-10-14"),
))
def test_a_customers_consent_ends_with_the_contract(consent: Any, words: str, ends_at: str | None) -> None:
    entry = entry_of(a_call(**ENERGY), Facts(CLEAR, (consent,)))
    assert words in section("opposite", entry) and "It covered this call." in section("known", entry)
    assert not any("carries_on_after" in change for change in tell(entry, EN).data["opposite"])
    assert [change["at"] for change in tell(entry, EN).data["opposite"]
            if str(change.get("ends_with")).startswith("contract")] == [ends_at]


def test_a_request_that_does_not_count_for_energy_is_told_with_why() -> None:
    entry = entry_of(a_call(**ENERGY), Facts(CLEAR, callbacks=(replace(ASKED, via="phone"),)))
    known = section("known", entry)
    assert "made by phone" in known and "counts only where it was made on the controller's own site" in known
    assert tell(entry, EN).data["known"]["callbacks"][0]["via"] == "phone"
    assert "counts only where" not in section("known", entry_of(a_call(), Facts(CLEAR, callbacks=(ASKED,))))
    own = entry_of(a_call(**ENERGY), Facts(CLEAR, callbacks=(replace(ASKED, via="own_web"),)))
    assert own["reason"] == "CALLBACK_REQUESTED" and "counts only where" not in section("known", own)


def test_a_company_is_told_and_what_would_end_it_being_one() -> None:
    entry = entry_of(a_call(LANDLINE, **ENERGY), Facts(CLEAR, (), replace(LISTED, recipient="business")))
    assert "The row says that the number is a company's." in section("known", entry)
    assert "does not say any more that the number is a company's" in section("opposite", entry)
    assert tell(entry, EN).data["known"]["contact"]["recipient"] == "business"
    assert "company" not in section("opposite", entry_of(a_call(LANDLINE), Facts(CLEAR, (), replace(
        LISTED, recipient="business"))))


def test_an_earlier_enrolment_is_told_with_its_dates_and_from_when_a_consent_counts() -> None:
    entry = entry_of(a_call(), Facts(CLEAR_AGAIN, (a_consent(),), UNLISTED))
    known = section("known", entry)
    assert "was enrolled before: that enrolment was first found by the check of 1 September 2026 at 09:00 CEST" in known
    assert "not enrolled is of 1 August 2026 at 09:00 CEST; the enrolment lies between the two." in known
    assert "but the enrolment in the registry stands against it" in known
    assert "given on 1 September 2026 at 09:00 CEST or later; or a listing of the number" in section("opposite", entry)
    data = tell(entry, EN).data
    assert data["known"]["registry"]["first_enrolled_at"] == "2026-09-01T07:00:00.000000Z"
    assert data["known"]["consents"][0]["barred_by_enrolment"] is True
    assert data["opposite"][0]["consent_counts_from"] == "2026-09-01T07:00:00.000000Z"


@both
def test_a_request_without_an_end_is_told_with_the_end_that_it_has(language: Language) -> None:
    entry = entry_of(a_call(policy={"callback_days": 7}), Facts(CLEAR, callbacks=(ASKED,)))
    assert entry["policy"]["callback_days"] == 7
    until = {"en": "17 October 2026 at 10:00 CEST", "it": "17 ottobre 2026 alle ore 10:00 CEST"}[language.code]
    assert until in section("known", entry, language) and until in section("opposite", entry, language)


@pytest.mark.parametrize("purpose", Purpose)
def test_an_ai_that_does_not_say_so_is_told_with_the_key_to_set(purpose: Purpose) -> None:
    entry = entry_of(a_call(agent=Agent.AI, ai_disclosure=False, purpose=purpose, statistics_basis="survey 12"), None)
    assert "does not declare that its AI agent says at once that it is one" in section("call", entry)
    assert "Legal source: AI Act (Reg. (EU) 2024/1689) art. 50(1)." in section("decision", entry)
    assert "ai_disclosure = true" in section("opposite", entry) and "ai_disclosure = true" in section("opposite", entry, IT)
    for language in (EN, IT):
        no_gaps(told(entry, language))


def test_what_an_ai_declares_would_end_its_permission() -> None:
    entry = entry_of(a_call(agent=Agent.AI), Facts(CLEAR, (a_consent(),)))
    assert "a campaign that does not declare that its AI agent says that it is one" in section("opposite", entry)
    assert "AI agent" not in section("opposite", entry_of(a_call(), Facts(CLEAR, (a_consent(),))))


@both
def test_what_a_survey_rests_on_is_told(language: Language) -> None:
    entry = entry_of(a_call(purpose=Purpose.STATISTICS, statistics_basis="survey 12 of 2026"), None)
    assert entry["policy"]["campaign"]["statistics_basis"] == "survey 12 of 2026"
    assert "survey 12 of 2026" in section("call", entry, language)


@both
def test_a_contact_of_a_word_that_nobody_knows_is_a_consumers(language: Language) -> None:
    """A record that somebody changed."""
    entry = entry_of(a_call(**ENERGY), Facts(CLEAR, (CONSENT,), Contact("Elenco", True, None, "spaceship")))
    assert entry["reason"] == "SECTOR_CUSTOMERS_ONLY" and "spaceship" not in told(entry, language)
