"""`agi-gate explain`: every decision has its story, in Italian and in English, and nothing in it is made up."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config, record
from agi_gate.call import Presentation, Request
from agi_gate.decide import decide
from agi_gate.decision_log import DecisionLog
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import add_key
from agi_gate.decision_log.search import search
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import Language, law, tell
from agi_gate.explaining.calling_hours import closed
from agi_gate.explaining.clauses import meaning
from agi_gate.explaining.remedies import BY_CONSENT
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.gate import Gate
from agi_gate.ops.exit_codes import DONE, NOT_ON_RECORD, NOT_PROVEN, UNREACHABLE, USAGE
from agi_gate.ops.main import main
from agi_gate.policy import Agent, Hours, Purpose, Trunk
from agi_gate.regime import REGIMES, ROME
from agi_gate.remedy import REMEDIES
from agi_gate.rules import hours
from agi_gate.store.reader import Store, connect
from agi_gate.verdict import Finding, Reason, Verdict
from tests.support.builders import CLEAR as CHECKED_CLEAR
from tests.support.builders import (LISTED, NOT_DECLARED, OF_ANOTHER, OF_THE_CALL_CENTRE_FREEPHONE, a_call, a_consent,
                                    checks)
from tests.support.builders import time as at_time
from tests.support.cases import Case, all_cases, call_of, facts_of, policy
from tests.support.gate_toml import CALLBACK, CALLER_ID, CLEAR, ENROLLED, NEVER_CHECKED, load_feeds, write_gate_toml
from tests.support.stories import EN, ID, IT, both, entry_of, no_gaps, told


# --- words

@pytest.mark.parametrize("reason", Reason, ids=str)
@both
def test_each_reason_has_words_a_remedy_and_a_source(language: Language, reason: Reason) -> None:
    assert language.reasons[reason] and language.remedies[reason] and language.sources[reason.source]
    assert not re.search("[A-Z]_[A-Z]", language.reasons[reason] + language.remedies[reason])


def test_the_english_remedies_are_those_of_preflight() -> None:
    assert EN.remedies is REMEDIES


@both
def test_each_regime_and_each_source_has_words(language: Language) -> None:
    assert set(language.regimes) == {regime.id for regime in REGIMES}
    assert set(language.sources) == law.ALL_SOURCES
    assert set(language.laws) == set(law.FIRST_DAYS)
    assert all(language.regimes.values()) and all(language.sources.values())


def test_both_languages_say_the_same_things() -> None:
    assert set(IT.texts) == set(EN.texts) and set(IT.founding_reasons) == set(EN.founding_reasons)
    for key, text in EN.texts.items():
        assert fields(IT.texts[key]) == fields(text), key


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


# --- every decision case

@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_each_decision_case_is_told_in_both_languages(case: Case) -> None:
    call, facts = call_of(case, policy()), facts_of(case, policy())
    entry = entry_of(call, facts)
    texts = set()
    for language in (IT, EN):
        text = told(entry, language)
        no_gaps(text)
        for name in entry["reasons"]:
            reason = Reason[name]
            assert meaning(reason, call, language) in text
            assert language.source(law.source_of(reason, call.at, call.hours is not None)) in text
        if entry["verdict"] == "DENY":
            assert all(f"\n{name}: " in text for name in entry["reasons"])
            assert all(language.remedies[Reason[name]] in text for name in entry["reasons"]
                       if Reason[name] not in (*BY_CONSENT, Reason.HOURS_CLOSED, Reason.CALLER_ID_NOT_ASSIGNED))
        # a code never stands without words of its meaning before it or its remedy behind it
        for match in re.finditer(r"\b[A-Z]{4,}(?:_[A-Z]+)+\b", text):
            assert match[0] in Reason.__members__
            assert text[match.start() - 1:match.end() + 1] == f"({match[0]})" or text[match.end()] == ":"
        assert "decide" not in text or language is EN  # neither language leaks into the other
        texts.add(text)
    assert len(texts) == 2
    assert json.loads(json.dumps(tell(entry, IT).as_json()))["reason"] == case.reason


def test_the_cases_come_by_every_reason_but_the_gates_own_failures() -> None:
    assert {case.reason for case in all_cases()} >= set(Reason.__members__) - {
        "CLOCK_BEHIND", "STORE_UNAVAILABLE", "LOG_UNAVAILABLE", "GATE_ERROR"}


# --- what is said of one call

def test_who_calls_whom_for_whom_and_when() -> None:
    text = told(entry_of(a_call(), Facts(checks=CHECKED_CLEAR, consents=(a_consent(),))))
    assert "On Wednesday 14 October 2026 at 11:00:00 CEST (Italian time, UTC+02:00)" in text
    for words in ("+393331234500 (mobile)", "controller `acme`", "campaign `fibra`", "marketing", "by a human", "+390212340000",
                  "held by the controller itself, declared to the ROC", "Trunk: `it`"):
        assert words in text, words


def test_the_controllers_name_is_the_records_else_the_configurations() -> None:
    entry = entry_of(a_call(), Facts())
    assert "Acme S.p.A. (controller `acme`)" in "".join(
        tell(entry, EN, controllers={"acme": "Acme S.p.A."}).sections[0].sentences)
    entry["policy"]["campaign"]["controller"]["name"] = "Acme of then"
    assert "Acme of then (controller" in "".join(
        tell(entry, EN, controllers={"acme": "Acme S.p.A."}).sections[0].sentences)


def test_the_law_is_the_one_of_the_calls_day_and_the_rule_may_be_older() -> None:
    sunday = told(entry_of(a_call(at=at_time("2026-10-18T11:00:00+02:00")), Facts()))
    assert "The rule that was applied was in force since 28 September 2024: Code of conduct" in sunday
    assert "State of the law on the day of the call: that of 2 August 2026" in sunday


@pytest.mark.parametrize(("changes", "concerned"), (({}, False), ({"category": "energy"}, True), ({"sector": "energy"}, True)))
def test_the_energy_law_is_not_said_to_be_applied_to_other_calls(changes: dict[str, Any], concerned: bool) -> None:
    consent = a_consent(category=changes.get("category", "telecom"), contract=True)
    entry = entry_of(a_call(at=at_time("2026-07-14T11:00:00+02:00"), **changes), Facts(consents=(consent,)))
    text, italian = told(entry), told(entry, IT)
    assert "in force since 27 July 2022: new RPO (DPR 26/2022, L. 5/2018)." in text and "is the regime" not in text
    assert "La regola applicata era in vigore dal 27 luglio 2022: nuovo Registro" in italian
    assert "alla data della chiamata: quello del 19 giugno 2026 (ultima modifica: disciplina per l'energia" in italian
    assert tell(entry, EN).data["regime"]["concerns_the_call"] is concerned
    assert ("qui non rilevante" not in italian) is concerned and ("does not concern this call" not in text) is concerned


@pytest.mark.parametrize(("agent", "concerned"), ((Agent.HUMAN, False), (Agent.AUTOMATED, False), (Agent.AI, True)))
def test_the_ai_act_is_said_to_be_applied_to_ai_agents_alone(agent: Agent, concerned: bool) -> None:
    entry = entry_of(a_call(agent=agent), Facts(checks=CHECKED_CLEAR, consents=(a_consent(),)))
    assert "(last change: AI Act (Reg. (EU) 2024/1689) art. 50(1)" in told(entry)
    assert tell(entry, EN).data["regime"]["concerns_the_call"] is concerned
    discloses = "The campaign declares that its AI agent says at once that it is one."
    assert (discloses in told(entry)) is concerned and tell(entry, EN).data["call"]["ai_disclosure"] is True


@pytest.mark.parametrize(("facts", "at", "words"), (
    (Facts(checks=checks("2022-08-01T11:00:00+02:00=0"),
           consents=(a_consent(granted_at="2022-08-01T11:00:00+02:00", evidence=""),)),
     "2022-08-03T11:00:00+02:00", "Younger than the call: Code of conduct (28 September 2024)."),
    (Facts(checks=checks("2024-10-01T11:00:00+02:00=0"),
           consents=(a_consent(granted_at="2024-10-01T11:00:00+02:00", category=""),)),
     "2024-10-03T11:00:00+02:00", "Younger than the call: Garante, docweb 10114967 (27 February 2025)."),
    (Facts(silent_calls=(at_time("2013-03-06T11:00:00+01:00"),)), "2013-03-07T11:00:00+01:00",
     "Younger than the call: Garante 83/2014 (20 February 2014)."),
    (Facts(objection=Objection(at_time("2022-11-01T11:00:00+01:00"), "")), "2022-11-25T11:00:00+01:00",
     "Younger than the call: Garante, February 2023."),
    (Facts(), "2024-10-03T11:00:00+02:00", None),
), ids=lambda value: value if isinstance(value, str) else None)
def test_a_source_that_is_younger_than_the_call_is_said_to_be(facts: Facts, at: str, words: str | None) -> None:
    text = told(entry_of(a_call(at=at_time(at)), facts))
    assert (words is None) is ("Younger than" not in text) is ("of a later day than the call" not in text)
    assert words is None or words in text


def test_a_rule_of_the_gate_itself_has_no_legal_source() -> None:
    entry = entry_of(a_call(), None, Verdict((Finding(Reason.STORE_UNAVAILABLE),)))
    assert "Legal source: none; it is a rule of the gate" in told(entry)
    assert "Fonte: nessuna; è una regola del sistema" in told(entry, IT)


def test_a_call_of_2017_is_told_by_the_law_of_2017() -> None:
    call = a_call("0212345600", at=at_time("2017-03-07T11:00:00+01:00"))
    text = told(entry_of(call, Facts(checks=checks("2017-03-01T11:00:00+01:00=0"))))
    assert "DPR 178/2010" in text and "26/2022" not in text and "since 1 February 2011" in text
    assert "listed in the public directory, and" not in text
    later = told(entry_of(a_call("0212345600", at=call.at, source=None), Facts()))
    assert "of a later day than the call" in later


@pytest.mark.parametrize(("changes", "words"), (
    ({"checks": CHECKED_CLEAR}, "That check is good for 15 days, until 26 October 2026 at 10:00 CET."),
    ({"checks": checks("2026-09-01T11:00:00+02:00=0")}, "until 16 September 2026 at 11:00 CEST, and so no longer"),
    ({}, "the number had never been checked"),
    ({"checks": checks("2026-09-01T11:00:00+02:00=0", "2026-10-11T11:00:00+02:00=1")},
     "found the number not enrolled is of 1 September 2026 at 11:00 CEST; the enrolment lies between the two"),
    ({"consents": (a_consent(origin=""),)}, "origin: not recorded"),
    ({"consents": (a_consent(category="energy"),)}, "It did not cover this call: the consent was given for another product "
                                                    "category (CONSENT_OTHER_CATEGORY)"),
    ({"consents": (a_consent(expires_at="2026-12-01T00:00:00+01:00"),)}, "; valid until 1 December 2026 at 00:00 CET"),
    ({"consents": (a_consent(granted_at="2026-10-14T12:00:00+02:00"),)}, "is dated after the call, and did not count"),
    ({"objection": Objection(at_time("2026-09-02T15:00:00+02:00"), "call")},
     "the person objected on 2 September 2026 at 15:00 CEST (via: call)"),
    ({"callbacks": (Callback(at_time("2026-10-13T09:00:00+02:00"), used=True),)}, "used up by an earlier call"),
    ({"callbacks": (Callback(at_time("2026-10-13T09:00:00+02:00")),)}, "made in another way, or in one that is not recorded, without an end of its own, and so open until 12 November 2026 at "
     "08:00 CET ([policy] callback_days); used up by this call"),
    ({"silent_calls": (at_time("2026-10-13T09:00:00+02:00"),)}, "the number rests until 18 October 2026 at 09:00 CEST"),
    ({"contact": Contact("Elenco", True, at_time("2026-09-03T00:00:00+02:00").date())},
     "it comes from “Elenco”, acquired on 3 September 2026; the number is listed"),
), ids=lambda value: value if isinstance(value, str) else None)
def test_what_was_known_and_since_when(changes: dict[str, Any], words: str) -> None:
    assert words in told(entry_of(a_call(), Facts(**changes)))


LATER = at_time("2026-10-14T12:00:00+02:00")


@pytest.mark.parametrize(("facts", "words", "absent"), (
    (Facts(contact=Contact("Elenco", True, LATER.date() + timedelta(days=1))),
     "was acquired on 15 October 2026, after the call, and did not count", "no row of a contact list"),
    (Facts(checks=(Check(LATER, True, "c1"),)), "A check of the registry of 14 October 2026 at 12:00 CEST is dated after",
     "RPO): the number had never"),
    (Facts(consents=(a_consent(revoked_at=LATER),), checks=CHECKED_CLEAR),
     "The revocation of 14 October 2026 at 12:00 CEST of the consent of 10 March 2026 at 10:00 CET is dated", "; revoked on"),
    (Facts(objection=Objection(LATER, "call")), "An objection of 14 October 2026 at 12:00 CEST is dated after the call",
     "Objection: none"),
    (Facts(objection=Objection(at_time("2026-09-02T15:00:00+02:00"), "call", LATER)),
     "An objection of 14 October 2026 at 12:00 CEST is dated after the call", "and again on"),
    (Facts(callbacks=(Callback(LATER),)), "A request to be called of 14 October 2026 at 12:00 CEST is dated after",
     "Request to be called: none"),
    (Facts(silent_calls=(LATER,)), "A silent call of 14 October 2026 at 12:00 CEST is dated after", "Silent call: none"),
), ids=str)
def test_what_is_dated_after_the_call_is_not_called_absent(facts: Facts, words: str, absent: str) -> None:
    entry = entry_of(a_call(), facts)
    assert words in told(entry) and absent not in told(entry)
    assert tell(entry, EN).data["known"]["later"][0]["at"].startswith("2026-10-1")
    no_gaps(told(entry, IT))


def test_a_row_without_a_date_says_so() -> None:
    assert "the row carries no date" in told(entry_of(a_call(), Facts(contact=LISTED)))
    dated = Facts(contact=Contact("Elenco", True, at_time("2026-09-03T00:00:00+02:00").date()))
    assert "the row carries no date" not in told(entry_of(a_call(), dated))


@pytest.mark.parametrize(("changes", "facts", "heard"), (
    ({}, Facts(checks=CHECKED_CLEAR, contact=LISTED), True), ({}, Facts(contact=LISTED), False),
    ({"agent": Agent.AI}, Facts(checks=CHECKED_CLEAR, contact=LISTED, consents=(a_consent(),)), False)), ids=str)
def test_only_a_human_of_an_allowed_call_was_told_the_source(changes: dict[str, Any], facts: Facts, heard: bool) -> None:
    entry = entry_of(a_call(**changes), facts)
    assert ("as it was told to the agent" in told(entry)) is heard and "“Elenco 2026-09”" in told(entry)
    assert ("come comunicata all'operatore" in told(entry, IT)) is heard


def test_beside_an_objection_a_consent_and_a_request_are_told_for_what_they_are() -> None:
    objection = Objection(at_time("2026-09-02T15:00:00+02:00"), "call")
    refused = entry_of(a_call(), Facts(checks=CHECKED_CLEAR, consents=(a_consent(),), objection=objection))
    assert "By itself it covered this call." in told(refused) and "Di per sé copriva questa chiamata." in told(refused, IT)
    called = Facts(callbacks=(Callback(at_time("2026-10-13T09:00:00+02:00")),), objection=objection)
    assert "La richiesta di essere chiamato è successiva all'opposizione." in told(entry_of(a_call(), called), IT)
    assert "later than the objection" not in told(refused)


def test_countries_are_named() -> None:
    fr = entry_of(a_call("+33123456789", trunk="fr"), None)
    assert "country where it enters the network: France." in told(fr) and "number of another country: France" in told(fr)
    assert "Paese di ingresso in rete: Italia." in told(entry_of(a_call(), None), IT)
    assert "network: ZZ." in told(entry_of(replace(a_call(), trunk=Trunk("it", "ZZ")), None))


def test_italian_dates_and_words_read_as_italian() -> None:
    at = datetime.fromisoformat("2026-11-05T09:51:10+01:00").astimezone(ROME)
    assert IT.text("opposite.rest_ended", at=at).endswith(" dalle ore 09:51:10 CET del 5 novembre 2026.")
    assert not any("luce" in words for words in IT.reasons.values())


@both
def test_where_the_configuration_had_no_part_that_is_said(language: Language) -> None:
    text = told(entry_of(a_call(), Facts()), language)
    assert language.texts["policy.none"] in text and "Null'altro" not in text and "Nothing else" not in text


def test_a_number_behind_a_code_is_a_number() -> None:
    hidden = entry_of(a_call("#31#3331234500"), None)
    assert "whether `#31#3331234500`, a number (mobile) behind a code, may be" in told(hidden)
    assert "che non è un numero" not in told(hidden, IT)
    assert "`#31#nobody`, which is no telephone number" in told(entry_of(a_call("#31#nobody"), None))


def test_a_consent_that_the_enrolment_stands_against_is_not_said_to_count() -> None:
    facts = Facts(checks=checks("2026-10-11T11:00:00+02:00=1"), consents=(a_consent(),))
    entry = entry_of(a_call(), facts)
    assert "the enrolment in the registry stands against it" in told(entry) and "It covered" not in told(entry)
    consent = tell(entry, EN).data["known"]["consents"][0]
    assert (consent["covers"], consent["fault"], consent["barred_by_enrolment"]) == (False, None, True)


@pytest.mark.parametrize(("changes", "english", "italian"), (
    ({"presentation": Presentation.FAILED_SCREENING}, "the caller ID was not the caller's, as the network found (",
     "il numero chiamante per la rete non era di chi chiamava ("),
    ({"caller_ids": (OF_ANOTHER,)}, "the caller ID was not among the numbers of the campaign `fibra` (",
     "non era tra i numeri della campagna `fibra` ("),
    ({"caller_id": "+390212349999"}, "the caller ID was not among the numbers of the campaign `fibra` (",
     "non era tra i numeri della campagna `fibra` ("),
    ({"caller_id": NOT_DECLARED}, "the caller ID was not declared to the ROC (", "non era dichiarato al ROC ("),
    ({"caller_id": OF_ANOTHER}, "the caller ID was held by `other` (", "era nella disponibilità di `other` ("),
    ({"caller_id": OF_THE_CALL_CENTRE_FREEPHONE}, "was held by the call centre, where a short",
     "mentre un numero breve o verde"),
    ({"caller_id": NOT_DECLARED, "caller_ids": ()}, "of the campaign `fibra` and was not declared to the ROC (",
     "della campagna `fibra` e non era dichiarato al ROC ("),
), ids=str)
def test_a_caller_id_that_is_not_assigned_is_told_by_the_condition_that_failed(
        changes: dict[str, Any], english: str, italian: str) -> None:
    entry = entry_of(a_call(**changes), None)
    assert entry["reason"] == "CALLER_ID_NOT_ASSIGNED"
    assert english in told(entry) and italian in told(entry, IT)
    assert "held by somebody else" not in told(entry) and "di chi ne ha" not in told(entry, IT)


# --- what would change it

@pytest.mark.parametrize(("facts", "changes", "words"), (
    (Facts(checks=CHECKED_CLEAR, consents=(a_consent(),)), {}, "the end of the check's 15 days, on 26 October 2026 at 10:00"),
    (Facts(checks=CHECKED_CLEAR, consents=(a_consent(expires_at="2026-12-01T00:00:00+01:00"),)), {},
     "the consent's own end, on 1 December 2026"),
    (Facts(consents=(a_consent(contract=True, contract_ended_on=at_time("2026-10-01T00:00:00+02:00").date()),)), {},
     "the last of which is 31 October 2026"),
    (Facts(consents=(a_consent(contract=True),)), {}, "the end of the contract, once 30 days"),
    (Facts(checks=CHECKED_CLEAR, contact=LISTED), {}, "the listing in the public directory and the check of 11 October 2026"),
    (Facts(), {"purpose": Purpose.SERVICE}, "The permission rests on the purpose of the call"),
    (Facts(contact=LISTED), {}, "needed in this respect: the permission would have rested on the listing"),
    (Facts(), {}, "the call would still have been refused: there was no consent"),
    (Facts(checks=checks("2026-10-11T11:00:00+02:00=1")), {}, ", given on 11 October 2026 at 11:00 CEST or later"),
    (Facts(silent_calls=(at_time("2026-10-13T09:00:00+02:00"),)), {}, "The rest ends on 18 October 2026 at 09:00 CEST"),
    (Facts(), {"at": at_time("2026-10-14T20:00:00+02:00")}, "next time within the calling hours is 15 October 2026 at 09:00"),
    # Saturday evening; Sunday is closed
    (Facts(), {"at": at_time("2026-10-17T19:00:00+02:00")}, "within the calling hours is 19 October 2026 at 09:00 CEST"),
    # Christmas on a Friday, St Stephen on a Saturday, a Sunday
    (Facts(), {"at": at_time("2026-12-24T19:00:00+01:00")}, "within the calling hours is 28 December 2026 at 09:00 CET"),
    (Facts(), {"caller_id": ""}, "which this decision did not look at"),
), ids=lambda value: value if isinstance(value, str) else None)
def test_what_would_change_the_verdict_with_its_dates(facts: Facts, changes: dict[str, Any], words: str) -> None:
    assert words in told(entry_of(a_call(**changes), facts))


def test_several_reasons_would_all_have_to_go() -> None:
    text = told(entry_of(a_call(at=at_time("2026-10-18T11:00:00+02:00")), Facts(objection=Objection(
        at_time("2026-09-02T15:00:00+02:00"), ""))))
    assert "refused for 3 reasons.  Unless the person asks to be called, all of them would have to be lifted" in text
    for reason in ("OBJECTION_RECORDED", "HOURS_SUNDAY", "REGISTRY_UNKNOWN"):
        assert f"\n{reason}: " in text


# --- what failed, what was on trial

@both
@pytest.mark.parametrize(("reason", "fail", "key"), (
    (Reason.STORE_UNAVAILABLE, {"cause": "store", "applied": "deny"}, "known.store"),
    (Reason.STORE_UNAVAILABLE, {"cause": "overload", "applied": "deny"}, "known.overload"),
    (Reason.GATE_ERROR, None, "known.error"), (Reason.LOG_UNAVAILABLE, None, "known.not_asked")), ids=str)
def test_a_call_without_facts_says_why_there_are_none(language: Language, reason: Reason, fail: dict[str, str] | None,
                                                      key: str) -> None:
    text = told(entry_of(a_call(), None, Verdict((Finding(reason),)), fail=fail), language)
    assert language.texts[key] in text and language.reasons[reason] in text
    no_gaps(text)


@both
def test_a_clock_before_the_first_law_is_told(language: Language) -> None:
    text = told(entry_of(a_call(at=at_time("1970-01-01T10:00:00+01:00")), None), language)
    assert language.texts["known.before_law"] in text and language.texts["decision.no_regime"] in text
    no_gaps(text)


@both
@pytest.mark.parametrize("shadow", (
    {"verdict": "DENY", "reasons": ["HOURS_CLOSED"], "config": "abc"}, {"skipped": "controller", "config": "abc"},
    {"skipped": "facts", "config": "abc"}, {"skipped": "error", "config": "abc"}), ids=str)
def test_a_configuration_on_trial_is_told(language: Language, shadow: dict[str, Any]) -> None:
    text = told(entry_of(a_call(), Facts(), shadow=shadow), language)
    assert "(abc)" in text and language.texts["policy.none"] not in text


def test_calling_hours_that_are_the_controllers_own_or_off_are_told() -> None:
    assert "switched off" in told(entry_of(a_call(policy={"hours_off": True}), Facts()))
    assert "switched off" not in told(entry_of(a_call(), Facts()))


def test_the_controllers_own_hours_are_kept_on_any_day_and_end_when_it_says() -> None:
    own = Hours((8 * 60, 9 * 60), None, (8 * 60, 9 * 60))
    text = told(entry_of(a_call(policy={"hours": own}), Facts()))
    assert "The calling hours were the controller's own, kept on any day." in text and "28 September 2024" not in text
    assert "not those of the Code of conduct" in text and "calling hours is 15 October 2026 at 08:00 CEST" in text


@pytest.mark.parametrize(("at", "english", "italian"), (
    ("2026-12-24T19:30:00+01:00", "on the day before a holiday (Christmas Day) are 10:00-19:00 (HOURS_CLOSED)",
     "alla vigilia di una festività (Natale) sono: 10:00-19:00 (HOURS_CLOSED)"),
    ("2026-04-04T19:30:00+02:00", "on the day before a holiday (Easter Sunday) are 10:00-19:00", "(Pasqua)"),
    ("2026-04-06T11:00:00+02:00", "it was a national holiday (Easter Monday), when", "(Lunedì dell'Angelo)"),
    ("2026-12-08T11:00:00+01:00", "it was a national holiday (Immaculate Conception), when", "(Immacolata Concezione)"),
    ("2026-10-14T20:00:00+02:00", "which from Monday to Friday are 9:00-20:00 (",
     "che dal lunedì al venerdì sono: 9:00-20:00 ("),
    ("2026-10-17T20:00:00+02:00", "which on Saturday are 10:00-19:00 (", "che il sabato sono: 10:00-19:00 ("),
))
def test_closed_hours_are_told_with_the_window_of_that_day_and_its_reason(at: str, english: str, italian: str) -> None:
    entry = entry_of(a_call(at=at_time(at)), Facts())
    assert english in told(entry) and italian in told(entry, IT)


def test_hours_of_the_controllers_own_are_told_and_have_no_legal_source() -> None:
    own = Hours((8 * 60, 9 * 60), None, (8 * 60, 9 * 60))
    text = told(entry_of(a_call(policy={"hours": own}), Facts()))
    assert "outside the controller's own calling hours, which from Monday to Friday are 8:00-9:00" in text
    assert "HOURS_CLOSED: call within the calling hours: from Monday to Friday 8:00-9:00, on the day before a holiday" in text
    assert "Legal source: none; they are the controller's own calling hours" in text
    assert "9-20" not in text and "docweb" not in text
    sunday = told(entry_of(a_call(policy={"hours": own}, at=at_time("2026-10-18T11:00:00+02:00")), Facts()))
    assert "it was a Sunday" in sunday and "docweb" not in sunday
    assert "which on Saturday are none" in told(entry_of(a_call(
        policy={"hours": own}, at=at_time("2026-10-17T11:00:00+02:00")), Facts()))


@both
def test_every_holiday_has_a_name(language: Language) -> None:
    days = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for year in (2011, 2026) for day in range(365)]
    names = {closed(Reason.HOURS_HOLIDAY, a_call(at=day), language) for day in days if hours.is_holiday(day.date())}
    assert None not in names and len(names) == 14


def test_an_enrolment_does_not_end_what_rests_on_a_consent_after_it() -> None:
    consent = a_consent(granted_at="2026-10-12T10:00:00+02:00")
    words = "a later check that finds the number enrolled"
    after = entry_of(a_call(), Facts(checks=checks("2026-10-11T11:00:00+02:00=1"), consents=(consent,)))
    assert after["reason"] == "CONSENT_AFTER_ENROLMENT" and words not in told(after)
    assert words in told(entry_of(a_call(), Facts(checks=CHECKED_CLEAR, consents=(consent,))))


def test_other_rules_than_those_of_the_day_are_admitted() -> None:
    entry = entry_of(a_call(), Facts(contact=LISTED, checks=CHECKED_CLEAR), Verdict((Finding(Reason.CONSENT_NONE),)))
    assert "would decide the same facts otherwise: DIRECTORY_NOT_OPPOSED" in told(entry)
    assert "otherwise" not in told(entry_of(a_call(), Facts())).replace("no configuration on trial decided otherwise", "")


# --- the command

Explain = Callable[..., str]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path, ('path = "decisions.jsonl"', 'path = "decisions.jsonl"\nkey = "keys"'))


@pytest.fixture
def decided(gate_toml: Path) -> Callable[..., str]:
    """Decide a call through the gate, on a real store and into the log: its id."""
    load_feeds(gate_toml)
    settings = config.load(gate_toml)
    keys = add_key(gate_toml.parent / "keys", datetime.now(UTC))

    def decide_one(number: str = CLEAR, campaign: str = "fibra", caller_id: str = CALLER_ID, at: datetime | None = None,
                   channel: str = "PJSIP/201-00000001") -> str:
        with connect(settings.store.url, 5_000) as client:
            gate = Gate(settings.policy, Store(client), DecisionLog(settings.log_path),
                        (lambda: at) if at else lambda: datetime.now(UTC), keys.pseudonym)
            return gate.decide(Request(number, campaign, caller_id, Presentation.ALLOWED, channel=channel)).id
    return decide_one


@pytest.fixture
def explain(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> Explain:
    """stdout, or stderr where it is no success; nothing personal is ever on stderr."""
    def run(*arguments: str, code: int = DONE) -> str:
        capsys.readouterr()
        assert main(["--config", str(gate_toml), "explain", *arguments]) == code
        said = capsys.readouterr()
        assert not any(number in said.err for number in (CLEAR, ENROLLED, NEVER_CHECKED, CALLBACK))
        return said.out if code == DONE else said.err
    return run


def test_a_live_decision_is_told_with_the_receipt_of_its_check(decided: Callable[..., str], explain: Explain) -> None:
    text = explain(decided(), "--language", "en")
    for words in ("ALLOWED", f"+39{CLEAR} (landline)", "Acme Telecom (controller `acme`)", "DIRECTORY_NOT_OPPOSED",
                  "file esito.txt (SHA-256 ", "“Elenco”", "PJSIP/201-00000001", "record hash "):
        assert words in text, words
    text = explain(decided(ENROLLED), "--language", "it")
    for words in ("NEGATA", "REGISTRY_OPPOSED", "ISCRITTO", "per conto di Acme Telecom (titolare `acme`)"):
        assert words in text, words


def test_an_archive_that_cannot_be_read_leaves_the_story(
        decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    id_ = decided()
    next((gate_toml.parent / "archive/receipts").iterdir()).write_text("{")
    text = explain(id_, "--language", "en")
    assert "The receipts of the checks could not be read" in text and "DIRECTORY_NOT_OPPOSED" in text


def test_a_callback_is_used_up_by_the_call_that_is_told(decided: Callable[..., str], explain: Explain) -> None:
    first, second = decided(CALLBACK), decided(CALLBACK)
    assert "used up by this call" in explain(first, "--language", "en")
    assert "used up by an earlier call" in explain(second, "--language", "en")


@pytest.mark.parametrize(("environment", "language"), (
    ({"LC_ALL": "it_IT.UTF-8", "LANG": "en_US.UTF-8"}, "it"), ({"LANG": "it_CH"}, "it"), ({"LANG": "it"}, "it"),
    ({"LC_ALL": "C", "LANG": "it_IT.UTF-8"}, "en"), ({"LC_ALL": "", "LANG": "it_IT.UTF-8"}, "it"), ({}, "en"),
    ({"LANG": "item"}, "en"), ({"LANG": "de_DE.UTF-8"}, "en")), ids=str)
def test_the_language_is_the_environments(decided: Callable[..., str], explain: Explain, monkeypatch: pytest.MonkeyPatch,
                                          environment: dict[str, str], language: str) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert explain(decided()).startswith("Decisione" if language == "it" else "Decision ")


def test_json_has_the_same_as_data(decided: Callable[..., str], explain: Explain) -> None:
    id_ = decided(ENROLLED)
    said = json.loads(explain(id_, "--json", "--language", "it"))
    assert (said["decision"], said["verdict"], said["reason"]) == (id_, "DENY", "REGISTRY_OPPOSED")
    assert said["call"]["controller_name"] == "Acme Telecom" and said["call"]["destination"] == f"+39{ENROLLED}"
    assert said["known"]["registry"]["enrolled"] is True and said["known"]["registry"]["receipt"]["file"] == "esito.txt"
    assert said["opposite"][0]["remedy"].startswith("un consenso documentato dell'interessato (finalità marketing,")
    plain = explain(id_, "--language", "it")
    assert all(sentence in plain for sentences in said["told"].values() for sentence in sentences)


def test_the_beginning_of_an_id_is_enough_where_there_is_one_such(decided: Callable[..., str], explain: Explain) -> None:
    first, second = decided(), decided(ENROLLED)
    assert first in explain(first[:-3])
    common = first[:8]
    assert second.startswith(common)
    said = explain(common, code=USAGE)
    assert "2 decisions begin with" in said and first in said and second in said and "more characters" in said
    assert first in explain(first.upper()) and first in explain(first[:-3].upper())
    assert "too short" in explain(first[:7], code=USAGE)
    assert "no decision in the log begins with `deadbeef`" in explain("deadbeef", code=NOT_ON_RECORD)
    assert "no decision in the log begins with `[x]\\\"é zzzz`" in explain("[x]\\\"é zzzz", code=NOT_ON_RECORD)


def sealed_and_masked(gate_toml: Path) -> None:
    settings = config.load(gate_toml)
    for days in (2, 4):
        complaints: list[str] = []
        keep(settings.log.path, Plan(pseudonymise_after_days=1), datetime.now(UTC) + timedelta(days=days), lambda words: None,
             complaints.append)
        assert complaints == []


def test_sealed_and_masked_decisions_are_told_and_say_what_was_masked(
        decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    id_ = decided(ENROLLED)
    sealed_and_masked(gate_toml)
    assert not (gate_toml.parent / "decisions.jsonl").exists() or not (gate_toml.parent / "decisions.jsonl").stat().st_size
    text = explain(id_[:12], "--language", "en")
    assert ENROLLED not in text
    for words in ("a number (landline) that is masked by now",
                  "the number, what was dialled, Asterisk's channel, its unique ID and the consents' origin, evidence and notice",
                  "made with key `k1", "It was masked on", "REGISTRY_OPPOSED"):
        assert words in text, words
    no_gaps(text.replace("decisions.jsonl", ""))
    said = json.loads(explain(id_, "--json"))
    assert said["record"]["masked"] and said["record"]["seal"] and said["call"]["destination"] is None
    (gate_toml.parent / "keys").unlink()
    assert explain(id_, "--language", "en") == text  # by its id it needs no key


def test_evidence_that_is_masked_is_said_to_be(tmp_path: Path) -> None:
    call, facts = a_call(), Facts(checks=CHECKED_CLEAR, consents=(a_consent(),))
    begun = record.draft(ID, call, salt="5a17", pseudonym="k3:abc")
    line, _ = record.write(begun, facts, decide(call, facts), 1).linked("c", 7, "0" * 64, 0)
    assert record.parse(line.decode())["source"] == "web form"
    cut = line[:line.index(b',"salt"')] + b',"masked":["destination","dialled","evidence"]}'
    assert b"web form" not in cut and record.parse(cut.decode())["source"] == record.MASKED
    for language in (IT, EN):
        text = told(record.parse(cut.decode()), language)
        assert language.texts["consent.masked"] in text and "k3:abc" in text and "ip and sms" not in text
        # the origin of a consent is not told as the contact's source either
        assert language.texts["source.masked"] in text and "web form" not in text
        no_gaps(text)


def test_a_record_of_version_1_is_told(decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    id_ = decided(ENROLLED)
    log = gate_toml.parent / "decisions.jsonl"
    new = json.loads(log.read_text())
    old = {"v": 1} | {key: new[key] for key in ("id", "at", "verdict", "reason", "reasons", "regime")} | {
        "destination": new["destination"], "source": new["source"], "rests_on": new["rests_on"],
        "call": {"destination": new["dialled"]} | new["call"], "policy": new["policy"], "facts": new["facts"],
        "elapsed_us": new["elapsed_us"]}
    log.write_text(json.dumps(old, separators=(",", ":")) + "\n")
    text = explain(id_, "--language", "en")
    assert "The record is of version 1" in text and f"+39{ENROLLED} (landline)" in text and "REGISTRY_OPPOSED" in text
    no_gaps(text)


def test_a_personal_part_that_was_changed_is_told(decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    id_ = decided(ENROLLED)
    log = gate_toml.parent / "decisions.jsonl"
    log.write_text(log.read_text().replace(f'"destination":"+39{ENROLLED}"', f'"destination":"+39{CLEAR}"'))
    assert "THE RECORD WAS CHANGED" in explain(id_, "--language", "en")


def test_a_record_that_holds_something_else_is_exit_7(decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    id_ = decided(ENROLLED)
    log = gate_toml.parent / "decisions.jsonl"
    good = json.loads(log.read_text())
    for name, value in (("policy", {}), ("facts", {"consents": [], "checks": 5}), ("reasons", ["NO_SUCH"]),
                        ("rests_on", {"consent": None, "callback": 5}), ("fail", 3)):
        log.write_text(json.dumps(good | {name: value}, separators=(",", ":")) + "\n")
        assert "cannot be told" in explain(id_, code=NOT_PROVEN), name


def test_a_log_that_cannot_be_read_is_exit_4(decided: Callable[..., str], explain: Explain, gate_toml: Path) -> None:
    assert "cannot be read" in explain("0199e2ab", code=UNREACHABLE)
    id_ = decided()
    sealed_and_masked(gate_toml)
    [segment] = gate_toml.parent.glob("*.zst")
    data = segment.read_bytes()
    segment.write_bytes(data[:30] + b"\0" * 40 + data[70:])
    assert "it may be there" in explain(id_, code=UNREACHABLE)


def test_what_phones_sent_is_no_more_than_text(decided: Callable[..., str], explain: Explain) -> None:
    id_ = decided(caller_id="[/x] \x1b[2J{0}", channel="PJSIP/\udcff{x}")
    text = explain(id_, "--language", "it")
    assert "[/x] ?[2J{0}" in text and "\x1b" not in text and "PJSIP/?{x}" in text


def test_a_record_that_stands_twice_is_told_of(decided: Callable[..., str], gate_toml: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    id_ = decided()
    log = gate_toml.parent / "decisions.jsonl"
    log.write_text(log.read_text() * 2)
    assert main(["--config", str(gate_toml), "explain", id_]) == DONE
    assert "stands 2 times in the log" in capsys.readouterr().err


# --- search by the beginning of an id

def test_a_search_by_the_beginning_of_an_id_finds_what_a_whole_id_finds(
        decided: Callable[..., str], gate_toml: Path) -> None:
    ids = [decided() for _ in range(3)]
    log = gate_toml.parent / "decisions.jsonl"

    def found(**wanted: Any) -> list[str]:
        return [entry["id"] for _, entry in search(log, Wanted(**wanted), None, lambda words: None)]

    for _ in ("open", "sealed"):
        for id_ in ids:
            for length in (8, 12, 13, 20, 25):
                prefix = id_[:length]
                assert found(decision_prefix=prefix) == [other for other in ids if other.startswith(prefix)]
            assert found(decision_prefix=id_) == found(decision=id_) == [id_]
        assert found(decision_prefix="zz") == found(decision_prefix="0000000000") == []
        sealed_and_masked(gate_toml)


def test_facts_are_told_whatever_is_in_them() -> None:
    nasty = "{x} %s <b> \n\x1b[0m «»"
    facts = Facts(checks=(Check(at_time("2026-10-11T11:00:00+02:00"), False, nasty),), contact=Contact(nasty, True),
                  consents=(Consent(at_time("2026-03-10T10:00:00+01:00"), nasty, nasty, nasty, nasty, nasty, nasty),),
                  objection=Objection(at_time("2026-09-02T15:00:00+02:00"), nasty))
    for language in (IT, EN):
        assert nasty in told(entry_of(a_call(), facts), language)
