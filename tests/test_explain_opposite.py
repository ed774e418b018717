"""`agi-gate explain`, what would change a decision: nothing is told that the gate, asked again, would not confirm."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agi_gate.call import Presentation
from agi_gate.decide import decide
from agi_gate.explaining import tell
from agi_gate.explaining.remedies import BY_CONSENT, Since, consent_counts_since, ways
from agi_gate.facts import Callback, Facts
from agi_gate.policy import Agent, Hours, Purpose
from agi_gate.verdict import Reason
from tests.support.builders import (CLEAR, ENROLLED, LANDLINE, LISTED, OBJECTION, UNLISTED, a_call, a_consent, checks,
                                    time)
from tests.support.cases import Case, all_cases, call_of, facts_of, policy
from tests.support.stories import EN, IT, both, entry_of, no_gaps, section

REQUEST = Callback(time("2026-10-13T09:00:00+02:00"), time("2026-10-20T09:00:00+02:00"))
OFF = {"policy": {"hours_off": True}}


def ends(call: Any, facts: Facts) -> set[str]:
    return {change["ends_with"] for change in tell(entry_of(call, facts), EN).data["opposite"] if "ends_with" in change}


def carried(call: Any, facts: Facts) -> dict[str, str]:
    return {change["carries_on_after"]: change["by"] for change in tell(entry_of(call, facts), EN).data["opposite"]
            if "carries_on_after" in change}


# --- an allowed call

ALWAYS = {"objection", "hours", "rest", "caller_id"}
LIMITED = a_consent(expires_at="2026-12-01T00:00:00+01:00")
CONTRACT = a_consent(contract=True, contract_ended_on=date(2026, 10, 1))


@pytest.mark.parametrize(("facts", "ended", "carried_on"), (
    (Facts(checks=CLEAR, consents=(LIMITED,)), {"check", "enrolment", "revocation", "consent_expires"}, {}),
    # listed as well: the consent's own end ends nothing
    (Facts(checks=CLEAR, consents=(LIMITED,), contact=LISTED), {"check", "enrolment", "revocation"},
     {"consent_expires": "DIRECTORY_NOT_OPPOSED"}),
    # two consents: the end of one leaves the other
    (Facts(checks=CLEAR, consents=(LIMITED, a_consent(granted_at="2026-01-10T10:00:00+01:00"))),
     {"check", "enrolment", "revocation", "revocation_of"}, {"consent_expires": "CONSENT_VALID"}),
    (Facts(consents=(CONTRACT,)), {"contract_ended", "revocation"}, {}),
    (Facts(checks=CLEAR, consents=(CONTRACT,)), {"revocation"}, {"contract_ended": "CONSENT_VALID"}),
    (Facts(consents=(a_consent(contract=True),)), {"contract", "revocation"}, {}),
    (Facts(checks=CLEAR, contact=LISTED), {"check", "enrolment", "listing"}, {}),
    # any consent on file that is revoked is an objection for the directory, too
    (Facts(checks=CLEAR, contact=LISTED, consents=(a_consent(category="insurance"),)),
     {"check", "enrolment", "listing", "revocation_of"}, {}),
), ids=str)
def test_only_what_ends_a_permission_is_told(facts: Facts, ended: set[str], carried_on: dict[str, str]) -> None:
    assert ends(a_call(), facts) == ended | ALWAYS
    assert carried(a_call(), facts) == carried_on
    assert ends(a_call(**OFF), facts) == ended | ALWAYS - {"hours"}


def test_a_request_ends_only_where_nothing_else_carries_the_call() -> None:
    alone = Facts(callbacks=(REQUEST,), contact=UNLISTED)
    assert ends(a_call(), alone) == {"callback_used", "callback_until", "callback_objection", "caller_id"}
    beside = Facts(callbacks=(REQUEST,), checks=CLEAR, consents=(a_consent(),))
    assert ends(a_call(), beside) == {"callback_objection", "caller_id"}
    assert carried(a_call(), beside) == {"callback_used": "CONSENT_VALID", "callback_until": "CONSENT_VALID"}
    assert "It would not have ended with a second call, since this one uses the request up: the call would then have been " \
        "allowed because there was a valid consent" in section("opposite", entry_of(a_call(), beside))


def test_a_call_of_2017_knows_neither_hours_nor_a_listing() -> None:
    sunday = a_call(LANDLINE, at=time("2017-03-05T23:00:00+01:00"))
    facts = Facts(checks=checks("2017-03-01T11:00:00+01:00=0"), contact=UNLISTED)
    assert ends(sunday, facts) == {"check", "enrolment", "objection", "rest", "caller_id"}
    for language, listing, check in ((EN, "listing", "rests on the check of 1 March 2017"),
                                     (IT, "elenchi", "in base alla verifica del 1° marzo 2017")):
        words = section("opposite", entry_of(sunday, facts), language)
        assert listing not in words and check in words
    listed = Facts(checks=facts.checks, contact=LISTED)
    assert "listing" not in ends(sunday, listed)


def test_windows_that_are_never_closed_end_nothing() -> None:
    day = (0, 24 * 60)
    facts = Facts(checks=CLEAR, consents=(a_consent(),))
    assert "hours" not in ends(a_call(policy={"hours": Hours(day, day, day, day, day)}), facts)
    assert "hours" in ends(a_call(policy={"hours": Hours(day, day, day)}), facts)


@pytest.mark.parametrize("case", [case for case in all_cases() if case.verdict == "ALLOW"], ids=str)
def test_every_allowed_case_tells_what_ends_it_in_sentences(case: Case) -> None:
    call = call_of(case, policy())
    for language in (EN, IT):
        words = section("opposite", entry_of(call, facts_of(case, policy())), language)
        no_gaps(words)
        assert ";." not in words and words.endswith(".")


def test_a_purpose_that_needs_no_ground_is_told_in_a_sentence() -> None:
    entry = entry_of(a_call(purpose=Purpose.SERVICE), Facts())
    assert "Nothing that is known of the number would change it, only another caller ID" in section("opposite", entry)
    assert "A cambiarla non sarebbe nulla di quanto si sa del numero, ma soltanto" in section("opposite", entry, IT)


@both
def test_ends_are_told_without_a_tense(language: Any) -> None:
    words = section("opposite", entry_of(a_call(), Facts(checks=CLEAR, consents=(LIMITED,))), language)
    assert "ended on" not in words and "era il" not in words


def test_the_end_of_a_contract_that_is_still_in_force_is_not_told_as_past() -> None:
    entry = entry_of(a_call(), Facts(consents=(a_consent(contract=True, contract_ended_on=date(2026, 12, 31)),)))
    assert "; given within a contract whose end is 31 December 2026.  It covered this call." in section("known", entry)
    assert "; prestato nell'ambito di un contratto con cessazione il 31 dicembre 2026." in section("known", entry, IT)


def test_a_consent_that_was_withdrawn_with_another_names_that_one() -> None:
    revoked = a_consent(revoked_at="2026-10-09T10:00:00+02:00")
    entry = entry_of(a_call(), Facts(checks=CLEAR, consents=(revoked, a_consent(granted_at="2026-05-01T10:00:00+02:00"))))
    assert entry["reason"] == "CONSENT_REVOKED"
    assert "It did not cover this call: it was revoked together with that of 10 March 2026 at 10:00 CET, on 9 October 2026 at " \
        "10:00 CEST (CONSENT_REVOKED)." in section("known", entry)
    assert "era stato revocato insieme a quello del 10 marzo 2026 alle ore 10:00 CET, il 9 ottobre 2026" in section(
        "known", entry, IT)
    assert section("known", entry).count("revoked together") == 1


# --- a refused call

def remedy(call: Any, facts: Facts, reason: str = "", language: Any = EN) -> str:
    """What is told of one reason, the deciding one by default."""
    entry = entry_of(call, facts)
    [line] = [line for line in section("opposite", entry, language).splitlines()
              if line.startswith(f"{reason or entry['reason']}: ")]
    return line


DOCUMENTED = "a documented consent of the person (marketing, category `telecom`, calls by humans)"
REQUEST_LIFTS = "In any case a request of the person to be called, later than any objection, would allow one call."


def test_a_request_of_the_person_lifts_all_reasons_at_once() -> None:
    facts = Facts(objection=OBJECTION, checks=ENROLLED)
    sunday = a_call(at=time("2026-10-18T11:00:00+02:00"))
    entry = entry_of(sunday, facts)
    assert entry["reasons"] == ["OBJECTION_RECORDED", "HOURS_SUNDAY", "REGISTRY_OPPOSED"]
    words = section("opposite", entry)
    assert "Unless the person asks to be called, all of them would have to be lifted" in words
    assert words.endswith(REQUEST_LIFTS)
    assert section("opposite", entry, IT).endswith(
        "In ogni caso una richiesta dell'interessato di essere chiamato, successiva all'eventuale opposizione, consentirebbe "
        "una chiamata.")


def test_a_revoked_consent_is_not_the_persons_last_word() -> None:
    facts = Facts(checks=CLEAR, consents=(a_consent(revoked_at="2026-10-09T10:00:00+02:00"),))
    assert remedy(a_call(), facts) == f"CONSENT_REVOKED: {DOCUMENTED}, given after 9 October 2026 at 10:00 CEST."
    assert section("opposite", entry_of(a_call(), facts)).endswith(REQUEST_LIFTS)
    assert "only the person" not in section("opposite", entry_of(a_call(), facts))


def test_a_consent_counts_from_the_later_of_the_enrolment_and_the_revocation() -> None:
    enrolled = checks("2026-09-24T11:00:00+02:00=1", "2026-10-11T11:00:00+02:00=1")
    revoked = a_consent(revoked_at="2026-10-09T10:00:00+02:00")
    assert ", given on 24 September 2026 at 11:00 CEST or later." in remedy(a_call(), Facts(checks=enrolled))
    assert ", given after 9 October 2026 at 10:00 CEST." in remedy(a_call(), Facts(checks=enrolled, consents=(revoked,)))
    assert ", prestato dopo il 9 ottobre 2026 alle ore 10:00 CEST." in remedy(
        a_call(), Facts(checks=enrolled, consents=(revoked,)), language=IT)
    # a consent of a day between the two is withdrawn, too: the gate says the same
    between = a_consent(granted_at="2026-10-04T10:00:00+02:00")
    assert decide(a_call(), Facts(checks=enrolled, consents=(revoked, between))).reason is Reason.REGISTRY_OPPOSED


@pytest.mark.parametrize(("consent", "changes", "words"), (
    # two faults: mending the first would not do
    ({"evidence": "", "category": "insurance"}, {}, f"CONSENT_NO_EVIDENCE: {DOCUMENTED}."),
    ({"evidence": ""}, {}, "CONSENT_NO_EVIDENCE: loading the consent with its origin and evidence, where they are on record; "
                           f"or {DOCUMENTED}."),
    ({"channel": "human"}, {"agent": Agent.AI}, "calls by automatic devices); or a call by a human."),
    ({"channel": "human", "category": "insurance"}, {"agent": Agent.AI}, "calls by automatic devices)."),
    ({"channel": "automated"}, {}, "calls by humans); or an automated call."),
), ids=str)
def test_a_remedy_lifts_every_fault_of_a_consent(consent: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    told = remedy(a_call(**changes), Facts(checks=CLEAR, consents=(a_consent(**consent),), contact=UNLISTED))
    assert words in told.replace("; or a listing of the number in the public directory", "")


@pytest.mark.parametrize(("changes", "helps"), (
    ({}, True), ({"agent": Agent.AUTOMATED}, False), ({"category": "energy"}, False)), ids=str)
def test_a_listing_is_offered_only_where_it_helps(changes: dict[str, Any], helps: bool) -> None:
    entry = entry_of(a_call(**changes), Facts(checks=CLEAR, contact=UNLISTED))
    assert entry["reason"] == "CONSENT_NONE"
    assert ("listing" in section("opposite", entry)) is helps and ("elenchi" in section("opposite", entry, IT)) is helps


def test_what_a_check_was_never_made_of_is_told_as_a_condition() -> None:
    entry = entry_of(a_call(), Facts(consents=(a_consent(),)))
    assert "the permission would have rested on the consent of 10 March 2026" in section("opposite", entry)
    assert "was not enrolled" not in section("opposite", entry)
    assert "sarebbe stata consentita in base al consenso del 10 marzo 2026" in section("opposite", entry, IT)


def test_of_a_number_that_was_enrolled_the_other_answer_is_told_too() -> None:
    stale = checks("2026-08-11T11:00:00+02:00=1")
    entry = entry_of(a_call(), Facts(checks=stale, consents=(a_consent(),), contact=LISTED))
    assert entry["reason"] == "REGISTRY_STALE"
    words = section("opposite", entry)
    assert "Had it found the number still enrolled, the call would still have been refused: the enrolment of the number in " \
        "the registry voided the consent, which had been given before it (CONSENT_VOIDED_BY_REGISTRY).  What would lift that: a documented consent" in words
    assert "Per rimuovere tale motivo: un consenso documentato" in section("opposite", entry, IT)
    data = tell(entry, EN).data["opposite"][0]
    assert (data["if_checked_clear"], data["if_checked_enrolled"]) == ("DIRECTORY_NOT_OPPOSED", "CONSENT_VOIDED_BY_REGISTRY")
    assert "still enrolled" not in section("opposite", entry_of(a_call(), Facts(checks=checks("2026-08-11T11:00:00+02:00=0"))))


@pytest.mark.parametrize(("changes", "words"), (
    ({"destination": "+33123456789"}, "go on to what is known of the number"),
    ({"destination": "+33123456789", "caller_id": ""},
     "With that put right, the call would still have been refused: there was no caller ID (CALLER_ID_MISSING)."),
    ({"destination": "+33123456789", "purpose": Purpose.SERVICE},
     "With that put right, the call would have been allowed because it was a service call"),
    ({"campaign_asked": "none"}, "go on to the kind of number, caller ID and trunk and what is known of the number"),
    ({"destination": "nobody"}, "go on to the kind of number, caller ID and trunk and what is known of the number"),
    ({"caller_id": ""}, "go on to what else is asked of caller ID and trunk and what is known of the number"),
    ({"caller_id": "", "purpose": Purpose.SERVICE}, "go on to what else is asked of caller ID and trunk, which this"),
    ({"trunk": "fr"}, "go on to what is known of the number"),
    ({"presentation": Presentation.RESTRICTED, "trunk": "fr"},
     "With that put right, the call would still have been refused: an Italian caller ID"),
    ({"presentation": Presentation.FAILED_SCREENING}, "present a number that the network finds to be the caller's own"),
), ids=str)
def test_what_comes_after_a_rule_that_looked_at_the_call_alone(changes: dict[str, Any], words: str) -> None:
    assert words in section("opposite", entry_of(a_call(**changes), None))


@pytest.mark.parametrize("case", [case for case in all_cases() if case.verdict == "DENY"], ids=str)
def test_every_refusal_for_want_of_consent_has_a_way_that_lifts_it(case: Case) -> None:
    call, facts = call_of(case, policy()), facts_of(case, policy())
    reasons = [Reason[name] for name in decide(call, facts).reasons]
    for reason in {*reasons} & {*BY_CONSENT}:
        since = consent_counts_since(call, facts.known_at(call.at))
        # of a revocation at the instant of the call itself nothing can be later yet
        assert ways(reason, reasons, call, facts.known_at(call.at)) or since == Since(call.at, after=True), reason
    for language in (EN, IT):
        no_gaps(section("opposite", entry_of(call, facts), language))
