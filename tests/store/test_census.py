"""The census: each number and each consent counted once, under what it is as of now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from agi_gate.columns import e164_of
from agi_gate.facts import Consent, Contact
from agi_gate.store import census, keys, values
from agi_gate.store.reader import StoreUnavailable, connect
from lab.waiting import PATIENT_MS
from tests.store.loads import load

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOBILE = 393_331_234_500
CONSENT = Consent(NOW - 100 * DAY, "marketing", "telecom", "human", "web", "ip 192.0.2.1")


@pytest.fixture
def client(store_url: str) -> redis.Redis:
    return connect(store_url, PATIENT_MS)


def put(client: redis.Redis, kind: keys.Kind, rows: dict[int, bytes]) -> None:
    load(client, {kind: {e164_of(number): value for number, value in rows.items()}})


def check(days: float, enrolled: bool = False) -> bytes:
    return values.check_bytes(NOW - days * DAY, 0, enrolled)


def take(client: redis.Redis) -> census.Census:
    return census.take(client, "acme", NOW)


def test_an_empty_store_counts_nothing(client: redis.Redis) -> None:
    assert take(client) == census.Census(key_bytes=0)


def test_a_number_counts_once_by_its_last_check(client: redis.Redis) -> None:
    put(client, keys.REGISTRY, {MOBILE: check(30) + check(2, True), MOBILE + 1: check(30), MOBILE + 2: check(30)})
    assert {(last.at, last.enrolled): count for last, count in take(client).last_checks.items()} == {
        (NOW - 2 * DAY, True): 1, (NOW - 30 * DAY, False): 2}


def test_a_check_that_is_still_to_come_is_not_known_yet(client: redis.Redis) -> None:
    put(client, keys.REGISTRY, {MOBILE: check(3) + check(-1), MOBILE + 1: check(-1)})
    put(client, keys.CONTACTS, {MOBILE + 1: values.contact_bytes(Contact("x", True))})
    counts = take(client)
    assert [last.at for last in counts.last_checks] == [NOW - 3 * DAY] and counts.last_checks.total() == 1
    assert counts.unknown == 1


def test_numbers_to_be_called_have_a_contact_or_a_consent_and_count_once(client: redis.Redis) -> None:
    contact = values.contact_bytes(Contact("Elenco", True))
    put(client, keys.REGISTRY, {MOBILE + n: check(1) for n in range(4)})
    put(client, keys.CONTACTS, {MOBILE: contact, MOBILE + 1: contact, MOBILE + 10: contact})
    put(client, keys.CONSENTS, {MOBILE + 1: values.consents_bytes([CONSENT])})
    put(client, keys.DENSE_CONSENTS, {MOBILE + 20_002: values.consents_bytes([CONSENT])})
    counts = take(client)
    assert (counts.last_checks.total(), counts.last_checks_to_call.total(), counts.unknown) == (4, 2, 2)
    assert (counts.contacts, counts.consents.total()) == (3, 2)


def test_the_registry_knows_nothing_of_numbers_that_are_no_italian_subscriber(client: redis.Redis) -> None:
    contact = values.contact_bytes(Contact("Elenco", True))
    put(client, keys.CONTACTS, {number: contact for number in (
        390_212_345_600, 393_331_234_500, 33_142_685_300, 390_549_123_456, 39_800_123_456)})
    assert take(client).unknown == 2


@pytest.mark.parametrize(("consent", "state"), (
    (CONSENT, "valid"),
    (replace(CONSENT, revoked_at=NOW), "revoked"), (replace(CONSENT, revoked_at=NOW + DAY), "valid"),
    (replace(CONSENT, expires_at=NOW), "expired"), (replace(CONSENT, expires_at=NOW + DAY), "valid"),
    (replace(CONSENT, expires_at=NOW, revoked_at=NOW), "revoked"),
    (replace(CONSENT, origin=""), "no_evidence"), (replace(CONSENT, evidence=" "), "no_evidence"),
    (replace(CONSENT, category=""), "generic"), (replace(CONSENT, category="", contract=True), "generic"),
    (replace(CONSENT, granted_at=NOW + DAY), "not_yet"),
    (replace(CONSENT, contract=True), "contract"),
    (replace(CONSENT, contract=True, contract_ended_on=NOW.date() - 30 * DAY), "contract"),
    (replace(CONSENT, contract=True, contract_ended_on=NOW.date() - 31 * DAY), "valid"),
    (replace(CONSENT, contract=True, evidence=""), "no_evidence")), ids=str)
def test_each_consent_has_one_state(client: redis.Redis, consent: Consent, state: str) -> None:
    put(client, keys.CONSENTS, {MOBILE: values.consents_bytes([consent])})
    assert take(client).consents == {state: 1} and state in census.CONSENT_STATES


@pytest.mark.parametrize(("other", "states"), (
    ({}, {"revoked": 2}), ({"channel": "both"}, {"revoked": 2}), ({"category": ""}, {"revoked": 2}),
    ({"channel": "automated"}, {"revoked": 1, "valid": 1}), ({"category": "energy"}, {"revoked": 1, "valid": 1}),
    ({"purpose": "market_research"}, {"revoked": 1, "valid": 1}),
    ({"revoked_at": CONSENT.granted_at - DAY}, {"revoked": 1, "valid": 1})), ids=str)
def test_a_withdrawal_takes_along_what_was_given_before_to_the_same(
        client: redis.Redis, other: dict[str, object], states: dict[str, int]) -> None:
    changes: dict[str, Any] = {"granted_at": NOW - 200 * DAY, "revoked_at": NOW - DAY, **other}
    withdrawn = replace(CONSENT, **changes)
    put(client, keys.CONSENTS, {MOBILE: values.consents_bytes([withdrawn, CONSENT])})
    assert take(client).consents == states


def test_what_is_shared_by_many_numbers_is_decoded_once(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    put(client, keys.REGISTRY, {MOBILE + 10_000 * page: check(1) for page in range(50)})
    decoded, decode = [], values.checks_from
    monkeypatch.setattr(values, "checks_from", lambda value: decoded.append(value) or decode(value))
    assert take(client).last_checks.total() == 50 and len(decoded) == 1


def test_a_load_between_is_read_again_and_at_last_told(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter((False, True))
    monkeypatch.setattr(census.Survey, "is_current", lambda survey: next(answers))
    assert take(client).is_steady
    looks: list[bool] = []
    monkeypatch.setattr(census.Survey, "is_current", lambda survey: bool(looks.append(False)))
    assert not take(client).is_steady and len(looks) == 3


def test_memory_counts_every_key_of_the_controller_and_no_other(client: redis.Redis) -> None:
    put(client, keys.REGISTRY, {MOBILE: check(1)})
    client.set("agi:{lume}:load", b"x" * 100_000)
    key_bytes, used = take(client).key_bytes, census.used_memory(client)
    assert key_bytes is not None and used is not None and 20 < key_bytes < 1_000 < used


def test_what_cannot_be_read_is_an_error_and_not_nothing(client: redis.Redis) -> None:
    put(client, keys.REGISTRY, {MOBILE: check(1)})
    client.set(keys.page_key("acme", keys.REGISTRY, "39333123"), bytes(keys.LOAD_ID_BYTES) + b"nonsense")
    with pytest.raises(StoreUnavailable):
        take(client)
