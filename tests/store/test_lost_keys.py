"""A key that a server lost, that is older than the rest, or that came from elsewhere never reads as "nothing known"."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate.facts import Facts
from agi_gate.store import keys, values
from agi_gate.store.loader import Load
from agi_gate.store.reader import Question, Store, StoreUnavailable
from agi_gate.store.seen import Seen
from agi_gate.store.survey import Survey
from lab.waiting import PATIENT_MS
from tests.store.loads import CONTROLLER, NUMBER, ONE_OF_EACH, day, load, load_one_of_each, stage

STRANGER = "+393471234500"
LATER_NO = {keys.OBJECTIONS: {NUMBER: values.objection_bytes(values.Objection(day(9), "call"))}}


def names(client: redis.Redis) -> list[str]:
    found: Any = client.keys("agi:{acme}:*")
    return sorted(name.decode() for name in found if name.decode() not in (
        keys.lock_key(CONTROLLER), keys.checks_key(CONTROLLER), keys.loads_key(CONTROLLER)))


def assert_unavailable(store: Store, number: str = NUMBER) -> None:
    with pytest.raises(StoreUnavailable):
        store.facts_for(CONTROLLER, number)


def test_any_key_that_is_lost_makes_the_store_unavailable(client: redis.Redis) -> None:
    """For a gate that has not seen the store before: all other keys are there and vouch for the one that is gone."""
    load_one_of_each(client)
    all_names = names(client)
    assert len(all_names) == 10  # the load, the set, the marks, the manifest, six pages
    for name in all_names:
        kept: Any = client.dump(name)
        client.delete(name)
        assert_unavailable(Store(client))
        client.restore(name, 0, kept)
        assert Store(client).facts_for(CONTROLLER, NUMBER) != Facts()


def test_a_committed_page_that_is_lost_before_it_was_taken_home_is_missed(client: redis.Redis) -> None:
    load_one_of_each(client)
    work = Load(client, [CONTROLLER])
    with work:
        stage(work, keys.OBJECTIONS, CONTROLLER, LATER_NO[keys.OBJECTIONS])
        assert work.commit({"loaded_at": "now"})
        for name in [name for name in names(client) if name.endswith(keys.STAGED)]:
            kept: Any = client.dump(name)
            client.delete(name)
            assert_unavailable(Store(client))
            client.restore(name, 0, kept)
        facts = Store(client).facts_for(CONTROLLER, NUMBER)
        assert facts.objection is not None and facts.objection.last_at == day(9)


@pytest.mark.parametrize("older", ("the objections", "the manifest"))
def test_a_key_that_is_older_than_the_rest_is_found_out(client: redis.Redis, older: str) -> None:
    load_one_of_each(client)
    kind = keys.OBJECTIONS if older == "the objections" else keys.MANIFEST
    name = keys.page_key(CONTROLLER, kind, keys.place(kind, NUMBER)[0])
    kept: Any = client.dump(name)
    load(client, LATER_NO)
    assert Store(client).facts_for(CONTROLLER, NUMBER).objection is not None
    client.restore(name, 0, kept, replace=True)
    assert_unavailable(Store(client))
    with pytest.raises(StoreUnavailable), Load(client, [CONTROLLER]) as work:
        stage(work, keys.OBJECTIONS, CONTROLLER, LATER_NO[keys.OBJECTIONS])
    with pytest.raises(StoreUnavailable):
        Survey(client, CONTROLLER).column(keys.OBJECTIONS)


@pytest.mark.parametrize("kind", keys.KINDS[:3] + keys.KINDS[4:], ids=lambda kind: kind.name)
def test_a_page_of_another_number_controller_or_kind_is_not_believed(client: redis.Redis, kind: keys.Kind) -> None:
    """A copy, a mixed restore, a confused proxy: both pages are whole, and each is under the other's key."""
    load_one_of_each(client)
    load_one_of_each(client, STRANGER)
    load(client, {one: {NUMBER: value} for one, value in ONE_OF_EACH.items()}, "beta")
    own = keys.page_key(CONTROLLER, kind, keys.place(kind, NUMBER)[0])
    others = [keys.page_key(CONTROLLER, kind, keys.place(kind, STRANGER)[0]),
              keys.page_key("beta", kind, keys.place(kind, NUMBER)[0])]
    others += [keys.page_key(CONTROLLER, other, keys.place(other, NUMBER)[0]) for other in keys.KINDS
               if other is not kind and other.offset_digits == kind.offset_digits and other is not keys.DENSE_CONSENTS]
    kept: Any = client.dump(own)
    for other in others:
        client.copy(other, own, replace=True)
        assert_unavailable(Store(client))
        client.restore(own, 0, kept, replace=True)
    assert Store(client).facts_for(CONTROLLER, NUMBER) != Facts()


def test_a_load_does_not_write_over_a_page_that_was_lost(client: redis.Redis) -> None:
    """It would take what is left for all that is known, and nobody would find out any more."""
    load_one_of_each(client)
    client.delete(keys.page_key(CONTROLLER, keys.OBJECTIONS, keys.place(keys.OBJECTIONS, NUMBER)[0]))
    other = {keys.OBJECTIONS: {NUMBER[:-1] + "7": ONE_OF_EACH[keys.OBJECTIONS]}}
    for dry_run in (True, False):
        with pytest.raises(StoreUnavailable, match="lost"):
            load(client, other, dry_run=dry_run)
    assert_unavailable(Store(client))


def test_every_survey_misses_a_page_that_was_lost(client: redis.Redis) -> None:
    load_one_of_each(client)
    client.delete(keys.page_key(CONTROLLER, keys.OBJECTIONS, keys.place(keys.OBJECTIONS, NUMBER)[0]))
    with pytest.raises(StoreUnavailable, match="lost"):
        Survey(client, CONTROLLER).numbers(keys.OBJECTIONS)


def lose_everything(client: redis.Redis) -> None:
    client.flushdb()


def lose_a_block(client: redis.Redis) -> None:
    client.delete(*[name for name in names(client) if NUMBER[1:-4] in name], keys.blocks_key(CONTROLLER))


@pytest.mark.parametrize("lose", (lose_everything, lose_a_block))
def test_a_gate_that_has_seen_the_store_knows_an_emptied_one(
        client: redis.Redis, tmp_path: Path, lose: Callable[[redis.Redis], None]) -> None:
    load_one_of_each(client)
    path = tmp_path / "seen.json"
    first = Store(client, PATIENT_MS, Seen(path))
    first.facts_for(CONTROLLER, NUMBER)
    first.seen.save()
    lose(client)
    for store in (first, Store(client, PATIENT_MS, Seen(path))):
        assert_unavailable(store)


def test_a_store_that_was_restored_from_an_older_copy_is_known_and_so_is_the_whole_one(
        client: redis.Redis, tmp_path: Path) -> None:
    load_one_of_each(client)
    older: dict[str, Any] = {name: client.dump(name) for name in names(client)}
    load(client, LATER_NO)
    gates = [Store(client, PATIENT_MS, Seen(tmp_path / "seen.json")) for _ in range(2)]
    gates[0].facts_for(CONTROLLER, NUMBER)
    gates[0].seen.save()
    newer: dict[str, Any] = {name: client.dump(name) for name in names(client)}
    for copy, is_whole in ((older, False), (newer, True)):
        client.delete(*names(client))
        for name, dumped in copy.items():
            client.restore(name, 0, dumped)
        for store in (*gates, Store(client, PATIENT_MS, Seen(tmp_path / "seen.json"))):
            if is_whole:
                assert store.facts_for(CONTROLLER, NUMBER) != Facts()
            else:
                assert_unavailable(store)


def test_a_replica_is_not_asked(client: redis.Redis, store: Store) -> None:
    load_one_of_each(client)
    try:
        client.replicaof("127.0.0.1", "1")
        assert_unavailable(store)
    finally:
        client.replicaof("NO", "ONE")
    assert store.facts_for(CONTROLLER, NUMBER) != Facts()


def test_random_losses_never_read_as_less_than_all(client: redis.Redis) -> None:
    """Any set of keys may go at once: an answer is all that was loaded, nothing at all with nothing to rest on, or none."""
    chance = random.Random(7)
    numbers = [NUMBER, STRANGER, "+390212345600", "+393331239900"]
    for number in numbers:
        load_one_of_each(client, number)
    whole = {number: Store(client).facts_for(CONTROLLER, number) for number in numbers}
    copy: dict[str, Any] = {name: client.dump(name) for name in names(client)}
    for _ in range(150):
        lost = chance.sample(sorted(copy), chance.randrange(1, len(copy)))
        client.delete(*lost)
        store = Store(client)
        for number in numbers:
            (answer,) = store.facts_of([Question(CONTROLLER, number)])
            assert isinstance(answer, StoreUnavailable) or answer in (whole[number], Facts()), lost
            if answer == Facts():  # to a gate that has seen nothing, this is an empty store
                assert not any(name in copy and name not in lost for name in keys.keys_of_call(CONTROLLER, number, staged=True)), lost
        for name in lost:
            client.restore(name, 0, copy[name])
