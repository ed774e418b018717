"""Facts survive their bytes, and what is loaded twice or in another order means the same."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.facts import Callback, Check, Consent, Contact, Enrolment, Facts, Objection
from agi_gate.store import keys, values
from agi_gate.store.reader import UNREADABLE
from tests.store.loads import day

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CONSENTS = st.builds(
    Consent, granted_at=INSTANTS, purpose=st.sampled_from(["marketing", "market_research"]), category=WORDS,
    channel=st.sampled_from(["human", "automated", "both"]), origin=WORDS, evidence=WORDS, notice=WORDS,
    expires_at=st.none() | INSTANTS, revoked_at=st.none() | INSTANTS, contract=st.booleans(),
    contract_ended_on=st.none() | DAYS)
CALLBACKS = st.builds(Callback, requested_at=INSTANTS, valid_until=st.none() | INSTANTS,
                      via=st.sampled_from(("", "own_web", "web", "phone", "branch", "other")))


@given(CONSENTS)
def test_a_consent_survives(consent: Consent) -> None:
    assert values.consents_from(values.consents_bytes([consent, consent])) == (consent, consent)


def test_a_usual_consent_takes_few_bytes() -> None:
    usual = Consent(day(1), "marketing", "telecom", "both", "web form spring", "session ea7b5bf55eb561a4x", notice="v3")
    assert len(usual.origin + usual.evidence) == 40 and len(values.consents_bytes([usual])) <= 84


@pytest.mark.parametrize("word", ("m", "b", "", "null", "0", ",0", ",", ',"', ',""', ",null", 'say "no"', "a\\b\n\t\x00\x7f\u2028", "è€𝄞"))
def test_any_text_of_a_consent_survives(word: str) -> None:
    for notice, ended_on in ((word, date(2026, 10, 1)), (word, None), ("", None)):
        whole = Consent(day(1), "marketing", word, "both", word, word, notice, contract_ended_on=ended_on)
        assert values.consents_from(values.consents_bytes([whole, whole])) == (whole, whole)
    assert json.loads(values.consents_bytes([Consent(day(1), "marketing", "x", "both", word, "x")]))[0][4] == word


EDGES = [datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC), day(1)]


@pytest.mark.parametrize("at", [at + timedelta(microseconds=more) for at in EDGES for more in (0, 1, 999_999)], ids=str)
def test_instants_with_and_without_a_part_of_a_second_survive(at: datetime) -> None:
    assert values.silent_calls_from(values.silent_calls_bytes([at])) == (at,)
    # as they were written before whole seconds were
    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert values.silent_calls_from(f"[{microseconds}]".encode()) == (at,)


RECIPIENTS = st.sampled_from(("", "consumer", "business"))


@given(st.builds(Contact, source=WORDS, directory=st.booleans(), acquired_on=st.none() | DAYS, recipient=RECIPIENTS))
def test_a_contact_survives(contact: Contact) -> None:
    assert values.contact_from(values.contact_bytes(contact)) == contact


@given(st.builds(Objection, INSTANTS, WORDS) | st.builds(Objection, INSTANTS, WORDS, INSTANTS, st.lists(INSTANTS).map(tuple)))
def test_an_objection_survives(objection: Objection) -> None:
    assert values.objection_from(values.objection_bytes(objection)) == objection


@given(st.lists(CALLBACKS, max_size=4))
def test_callbacks_survive(callbacks: list[Callback]) -> None:
    assert values.callbacks_from(values.callbacks_bytes(callbacks)) == tuple(callbacks)


@given(st.lists(INSTANTS, max_size=4))
def test_silent_calls_survive(silent_calls: list[datetime]) -> None:
    assert values.silent_calls_from(values.silent_calls_bytes(silent_calls)) == tuple(silent_calls)


@given(INSTANTS, st.integers(0, values.MAX_CHECKS_OF_AN_INSTANT - 1), st.booleans())
def test_a_check_survives_to_the_millisecond(at: datetime, serial: int, enrolled: bool) -> None:
    rounded = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert values.checks_from(values.check_bytes(at, serial, enrolled)) == (
        Check(rounded, enrolled, values.check_id(at, serial)),)


def test_a_callback_is_known_by_its_instant_alone() -> None:
    tokens = {values.callback_token(one) for one in (Callback(day(1)), Callback(day(1), day(3), True, "own_web"))}
    assert len(tokens) == 1 and values.callback_token(Callback(day(2))) not in tokens


@pytest.mark.parametrize("length", (1, 7, 9, 15))
def test_half_a_check_history_is_unreadable(length: int) -> None:
    with pytest.raises(values.ValueUnreadable):
        values.checks_from(b"x" * length)


# --- merging

HISTORIES = st.lists(
    st.tuples(st.integers(1, 6), st.booleans()).map(lambda result: values.check_bytes(day(result[0]), 0, result[1])),
    min_size=1, max_size=5)


def merged(kind: keys.Kind, *loaded: bytes) -> bytes:
    return reduce(values.MERGES[kind], loaded, loaded[0])


@given(HISTORIES)
def test_check_histories_merge_alike_in_any_order(history: list[bytes]) -> None:
    expected = merged(keys.REGISTRY, *history)
    assert {merged(keys.REGISTRY, *order) for order in permutations(history)} == {expected}


@given(st.tuples(HISTORIES, HISTORIES, HISTORIES))
def test_check_histories_merge_alike_in_any_grouping(histories: tuple[list[bytes], ...]) -> None:
    merge = values.MERGES[keys.REGISTRY]
    one, two, three = (merged(keys.REGISTRY, *history) for history in histories)
    assert merge(one, merge(two, three)) == merge(merge(one, two), three)


@given(HISTORIES)
def test_a_check_history_merged_with_a_part_of_itself_stays(history: list[bytes]) -> None:
    whole = merged(keys.REGISTRY, *history)
    assert all(values.MERGES[keys.REGISTRY](whole, part) == whole for part in [whole, *history])


def test_an_older_result_never_overwrites_a_newer_one() -> None:
    loaded = [values.check_bytes(day(number), 0, enrolled)
              for number, enrolled in ((1, True), (2, False), (3, True), (4, True))]
    for order in permutations(loaded):
        facts = Facts(checks=values.checks_from(merged(keys.REGISTRY, *order)))
        first, last, clear = (Check(day(nth), enrolled, values.check_id(day(nth), 0)) for nth, enrolled in (
            (3, True), (4, True), (2, False)))
        assert (facts.last_check, facts.enrolment) == (last, Enrolment(first, last, clear))


def test_two_results_of_one_instant_that_differ_are_both_kept() -> None:
    both = merged(keys.REGISTRY, values.check_bytes(day(1), 1, False), values.check_bytes(day(1), 0, True))
    assert {check.enrolled for check in values.checks_from(both)} == {True, False}


def consent(**changes: object) -> Consent:
    return Consent(**{"granted_at": day(1), "purpose": "marketing", "category": "telecom", "channel": "both",
                      "origin": "web", "evidence": "ip", **changes})  # type: ignore[arg-type]


def merged_consents(*loaded: Consent) -> tuple[Consent, ...]:
    return values.consents_from(merged(keys.CONSENTS, *(values.consents_bytes([consent]) for consent in loaded)))


@pytest.mark.parametrize("end", (
    {"revoked_at": day(9)}, {"expires_at": day(9)}, {"contract_ended_on": date(2026, 10, 9)}), ids=str)
def test_an_end_that_was_recorded_is_not_undone_by_an_older_copy(end: dict[str, object]) -> None:
    for order in permutations((consent(), consent(**end), consent())):
        assert merged_consents(*order) == (consent(**end),)


@pytest.mark.parametrize("moments", list(permutations((5, 7, 9))), ids=str)
def test_of_several_revocations_each_is_known(moments: tuple[int, ...]) -> None:
    """One that is dated ahead hides none that was said."""
    loaded = merged_consents(*(consent(revoked_at=day(number)) for number in moments))
    assert loaded == tuple(consent(revoked_at=day(number)) for number in (5, 7, 9))
    # and all take on what a newer row says, and stay as many
    assert merged_consents(*loaded, consent(origin="paper")) == tuple(replace(one, origin="paper") for one in loaded)


def test_what_was_loaded_last_describes_a_consent() -> None:
    assert merged_consents(consent(origin="web"), consent(origin="paper")) == (consent(origin="paper"),)


@pytest.mark.parametrize("difference", (
    {"granted_at": day(2)}, {"purpose": "market_research"}, {"category": "energy"}, {"channel": "human"}), ids=str)
def test_another_consent_stands_beside_a_revoked_one(difference: dict[str, object]) -> None:
    revoked, other = consent(revoked_at=day(9)), consent(**difference)
    assert set(merged_consents(revoked, other)) == set(merged_consents(other, revoked)) == {revoked, other}


@pytest.mark.parametrize("order", list(permutations((3, 5, 7))), ids=str)
def test_the_earliest_objection_holds_and_the_later_ones_are_known(order: tuple[int, ...]) -> None:
    loaded = (values.objection_bytes(Objection(day(number), f"call {number}")) for number in order)
    assert values.objection_from(merged(keys.OBJECTIONS, *loaded)) == Objection(day(3), "call 3", day(7), (day(5),))


@pytest.mark.parametrize(("loaded", "holds"), (
    ((2026, 2020), 2026), ((2020, 2026), 2026), ((2026, None), None), ((None, 2020), 2020)))
def test_an_older_list_does_not_bring_a_contact_back(loaded: tuple[int | None, ...], holds: int | None) -> None:
    rows = {year: Contact(f"list of {year}", directory=year != 2026, acquired_on=year and date(year, 9, 1))
            for year in loaded}
    found = values.contact_from(merged(keys.CONTACTS, *(values.contact_bytes(rows[year]) for year in loaded)))
    assert found == rows[holds]


def test_of_two_contacts_of_one_day_the_one_loaded_last_counts() -> None:
    first, second = (Contact("a list", directory, date(2026, 9, 1)) for directory in (True, False))
    for rows in ((first, second), (second, first)):
        assert values.contact_from(merged(keys.CONTACTS, *map(values.contact_bytes, rows))) == rows[1]


@given(st.lists(INSTANTS, min_size=1, max_size=4))
def test_silent_calls_and_requests_add_up(moments: list[datetime]) -> None:
    silent = merged(keys.RESTS, *(values.silent_calls_bytes([at]) for at in moments))
    requests = merged(keys.CALLBACKS, *(values.callbacks_bytes([Callback(at)]) for at in moments))
    assert values.silent_calls_from(silent) == tuple(sorted(set(moments)))
    assert values.callbacks_from(requests) == tuple(Callback(at) for at in sorted(set(moments)))


def test_the_end_of_a_request_is_not_undone_by_an_older_copy() -> None:
    standing, ending = Callback(day(1)), Callback(day(1), day(5))
    for order in permutations((standing, ending, standing)):
        requests = merged(keys.CALLBACKS, *(values.callbacks_bytes([callback]) for callback in order))
        assert values.callbacks_from(requests) == (ending,)


@pytest.mark.parametrize("ends", ((5, 9), (9, 5)))
def test_what_was_loaded_last_says_when_a_request_ends(ends: tuple[int, int]) -> None:
    loaded = (values.callbacks_bytes([Callback(day(1), day(end))]) for end in ends)
    assert values.callbacks_from(merged(keys.CALLBACKS, *loaded)) == (Callback(day(1), day(ends[-1])),)


# whose a number is and how a request was made: the row that denies energy the call is never lost

def recipient_of(*loaded: tuple[str, int | None]) -> str:
    """What is known after rows of such a recipient, acquired on such a day of October, were loaded."""
    rows = (Contact("Elenco", False, None if on is None else date(2026, 10, on), recipient) for recipient, on in loaded)
    return values.contact_from(merged(keys.CONTACTS, *map(values.contact_bytes, rows))).recipient


@pytest.mark.parametrize(("loaded", "known"), (
    # of two rows that contradict each other, and of which nobody knows which is later, the consumer's wins
    ((("consumer", None), ("business", None)), "consumer"), ((("business", None), ("consumer", None)), "consumer"),
    ((("consumer", 1), ("business", None)), "consumer"), ((("consumer", None), ("business", 1)), "consumer"),
    ((("consumer", 1), ("business", 1)), "consumer"),
    # a later row says what has become of it
    ((("consumer", 1), ("business", 2)), "business"), ((("business", 2), ("consumer", 1)), "business"),
    ((("business", 1), ("consumer", 2)), "consumer"), ((("consumer", 2), ("business", 1)), "consumer"),
    # a row that says nothing names no company, and takes no consumer back
    ((("business", None), ("", None)), ""), ((("", None), ("business", None)), "business"),
    ((("consumer", 1), ("", 2)), "consumer"), ((("consumer", None), ("", None), ("business", None)), "consumer"),
    ((("consumer", 1), ("", 2), ("business", 2)), "consumer"), ((("business", 2), ("", 1)), "business"),
    ((("business", None), ("business", None)), "business")), ids=str)
def test_a_company_is_one_only_where_no_row_that_may_be_later_says_otherwise(
        loaded: tuple[tuple[str, int | None], ...], known: str) -> None:
    assert recipient_of(*loaded) == known
    assert recipient_of(*loaded, loaded[-1]) == known  # loading the same again changes nothing


@given(st.lists(st.tuples(st.sampled_from(("", "consumer", "business")), st.none() | st.integers(1, 3)), min_size=1, max_size=5))
def test_a_company_is_one_only_where_the_last_row_says_so_after_every_consumers(
        loaded: list[tuple[str, int | None]]) -> None:
    if recipient_of(*loaded) == "business":
        latest = max((on for recipient, on in loaded if recipient == "business" and on is not None), default=None)
        assert all(on is None or latest is None or on < latest for recipient, on in loaded if recipient == "consumer") \
            or not any(recipient == "consumer" for recipient, _ in loaded)


@pytest.mark.parametrize(("vias", "known"), (
    (("own_web", "phone"), "phone"), (("own_web", "other"), "other"), (("own_web", "web", "own_web"), "web"),
    (("", "own_web"), "own_web"), (("", "phone"), "phone"), (("", "", "own_web"), "own_web"), (("own_web",), "own_web")), ids=str)
def test_a_request_was_made_on_the_own_site_only_where_no_row_says_otherwise(vias: tuple[str, ...], known: str) -> None:
    for order in permutations(vias):
        for until in (None, day(5)):
            rows = (values.callbacks_bytes([Callback(day(1), until, via=via)]) for via in order)
            assert values.callbacks_from(merged(keys.CALLBACKS, *rows)) == (Callback(day(1), until, via=known),)


def test_an_end_and_a_way_of_different_rows_are_both_kept() -> None:
    rows = Callback(day(1), day(5)), Callback(day(1), via="phone"), Callback(day(1), via="own_web")
    for order in permutations(rows):
        loaded = (values.callbacks_bytes([row]) for row in order)
        assert values.callbacks_from(merged(keys.CALLBACKS, *loaded)) == (Callback(day(1), day(5), via="phone"),)


def test_a_new_description_of_a_contact_replaces_the_old_one() -> None:
    old, new = Contact("Elenco 2025", True), Contact("Elenco 2026", False, date(2026, 9, 1))
    loaded = (values.contact_bytes(contact) for contact in (old, new))
    assert values.contact_from(merged(keys.CONTACTS, *loaded)) == new


JSON_GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2), max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@given(st.sampled_from(list(keys.KINDS)), st.binary(max_size=12) | JSON_GARBAGE)
def test_garbage_is_an_error_that_the_reader_knows(kind: keys.Kind, garbage: bytes) -> None:
    decode = {keys.REGISTRY: values.checks_from, keys.CONTACTS: values.contact_from,
              keys.CONSENTS: values.consents_from, keys.DENSE_CONSENTS: values.consents_from,
              keys.OBJECTIONS: values.objection_from,
              keys.CALLBACKS: values.callbacks_from, keys.RESTS: values.silent_calls_from}[kind]
    with contextlib.suppress(*UNREADABLE):
        decode(garbage)  # type: ignore[operator]


def test_microseconds_of_an_instant_are_not_lost_on_the_way() -> None:
    at = day(1) + timedelta(microseconds=1)
    assert values.objection_from(values.objection_bytes(Objection(at, ""))).objected_at == at
