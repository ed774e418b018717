"""`agi-gate explain`, what would change a decision: nothing is told that the gate, asked again, would not confirm."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agi_gate.explaining import tell
from agi_gate.facts import Callback, Contact, Facts
from agi_gate.policy import Hours, Purpose
from tests.support.builders import CLEAR, LANDLINE, LISTED, UNLISTED, a_call, a_consent, checks, time
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
