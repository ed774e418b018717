"""A load shows all of itself or nothing, wherever it breaks; two never mix; the order of files does not matter."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from contextlib import ExitStack
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
import redis

from agi_gate.facts import Facts
from agi_gate.store import keys, loader, merging, values
from agi_gate.store.loader import Load, serial_of_check
from agi_gate.store.lock import LoadConflict
from agi_gate.store.reader import Store, StoreUnavailable, connect
from agi_gate.store.survey import Survey
from lab.store_server import StoreServer
from lab.waiting import PATIENT_MS, eventually
from tests.store.loads import (CONTROLLER, DAY_1, NUMBER, ONE_OF_EACH, day, everything, load, load_check,
                               load_one_of_each, stage)
from tests.support.faults import AFTER_SENDING, BEFORE_SENDING, Fault

# one on each of five pages of check histories
SPREAD = [f"+39334{page}234500" for page in range(5)]
MANY = [f"+393{number:05d}{number % 10_000:04d}" for number in range(20_000, 21_200)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load of a few pages takes several transactions, as one of millions does."""
    monkeypatch.setattr(merging, "MAX_PAGES", 2)
    monkeypatch.setattr(loader, "_KEYS_AT_ONCE", 2)


def flags_at(client: redis.Redis, at: datetime, numbers: list[str]) -> set[bool | None]:
    """What calls see of a check for these numbers: one value where they see all or nothing of it."""
    store = Store(client)
    seen = set()
    for number in numbers:
        checks = store.facts_for(CONTROLLER, number).checks
        seen.add(next((check.enrolled for check in checks if check.at == at), None))
    return seen


def unlock(client: redis.Redis) -> None:
    """What a minute does."""
    client.delete(keys.lock_key(CONTROLLER))


def staged_keys(client: redis.Redis) -> list[bytes]:
    return [name for name in everything(client) if name.endswith(keys.STAGED.encode())]


# --- what a load says and leaves

def test_a_load_says_what_it_changed(client: redis.Redis) -> None:
    assert load_check(client, day(1), {NUMBER: False}) == {"new": 1}
    assert load_check(client, day(2), {NUMBER: True, SPREAD[0]: True}) == {"new": 1, "changed": 1}
    assert load_check(client, day(2), {NUMBER: True, SPREAD[0]: True}) == {"unchanged": 2}


def test_the_same_load_twice_leaves_every_key_as_it_was(client: redis.Redis) -> None:
    load_one_of_each(client)
    load_check(client, day(2), dict.fromkeys(SPREAD, True))
    before = everything(client)
    load_one_of_each(client)
    load_check(client, day(2), dict.fromkeys(SPREAD, True))
    assert everything(client) == before


def test_nothing_but_pages_and_records_is_left_behind(client: redis.Redis) -> None:
    load_check(client, day(1), dict.fromkeys(SPREAD, False))
    assert staged_keys(client) == []
    assert not client.exists(keys.lock_key(CONTROLLER))


def test_a_dry_run_counts_as_a_load_would_and_writes_nothing(client: redis.Redis) -> None:
    load_check(client, day(1), {NUMBER: False})
    before = everything(client)
    rows = {keys.REGISTRY: dict.fromkeys([NUMBER, *SPREAD], values.check_bytes(day(2), 0, True))}
    assert load(client, rows, dry_run=True) == {"new": 5, "changed": 1}
    assert everything(client) == before
    assert load(client, rows) == {"new": 5, "changed": 1}


def test_a_dry_run_beside_a_load_neither_waits_nor_disturbs(client: redis.Redis) -> None:
    with Load(client, [CONTROLLER]) as work:
        stage(work, keys.REGISTRY, CONTROLLER, {NUMBER: values.check_bytes(day(1), 0, True)})
        assert load(client, {keys.REGISTRY: {NUMBER: values.check_bytes(day(1), 0, True)}}, dry_run=True) == {"new": 1}
        assert work.commit({})
    assert flags_at(client, day(1), [NUMBER]) == {True}


CHECKS = ((1, False), (2, True), (3, False), (4, True))


def test_the_order_of_registry_files_does_not_matter(client: redis.Redis) -> None:
    seen = set()
    for order in permutations(CHECKS):
        client.flushdb()
        for number, enrolled in order:
            # each file knows numbers that the others do not
            load_check(client, day(number), {NUMBER: enrolled, SPREAD[number]: enrolled})
        store = Store(client)
        seen.add(tuple(store.facts_for(CONTROLLER, number) for number in [NUMBER, *SPREAD]))
    assert len(seen) == 1
    assert [check.enrolled for check in seen.pop()[0].checks] == [False, True, False, True]


def test_one_load_may_serve_several_controllers_at_one_instant(client: redis.Redis) -> None:
    with Load(client, ["t1", "t2"]) as work:
        for controller in ("t1", "t2"):
            stage(work, keys.REGISTRY, controller, {NUMBER: ONE_OF_EACH[keys.REGISTRY]})
        store = Store(client)
        assert store.facts_for("t1", NUMBER) == store.facts_for("t2", NUMBER) == Facts()
        work.commit({})
        assert store.facts_for("t1", NUMBER) == store.facts_for("t2", NUMBER) != Facts()


def test_two_files_of_one_instant_are_two_checks(client: redis.Redis) -> None:
    with Load(client, [CONTROLLER]) as work:
        assert serial_of_check(client, CONTROLLER, DAY_1, "first file") == (0, False)
        work.commit({}, {CONTROLLER: {values.check_id(DAY_1, 0): {"sha256": "first file"}}})
    assert serial_of_check(client, CONTROLLER, DAY_1, "first file") == (0, True)
    assert serial_of_check(client, CONTROLLER, DAY_1, "second file") == (1, False)


# --- a load that does not end

def test_a_load_that_is_left_without_a_commit_has_changed_nothing(client: redis.Redis) -> None:
    load_check(client, day(1), dict.fromkeys(SPREAD, False))
    before = everything(client)
    with pytest.raises(ZeroDivisionError), Load(client, [CONTROLLER]) as work:
        stage(work, keys.REGISTRY, CONTROLLER, dict.fromkeys(SPREAD, values.check_bytes(day(2), 0, True)))
        raise ZeroDivisionError
    assert everything(client) == before


def _sendings_of_a_load(port: int) -> int:
    fault = Fault()
    with fault.client(port) as client:
        load_check(client, day(9), dict.fromkeys(SPREAD, True))
    return fault.sent


@pytest.mark.parametrize("moment", (BEFORE_SENDING, AFTER_SENDING))
@pytest.mark.parametrize("lasting", (False, True), ids=("once", "for ever"))
def test_a_connection_that_breaks_anywhere_leaves_all_or_nothing(
        client: redis.Redis, store_server: StoreServer, small_batches: None, moment: str, lasting: bool) -> None:
    total = _sendings_of_a_load(store_server.port)
    assert total > 15
    outcomes = set()
    for number in range(total):
        client.flushdb()
        load_check(client, day(1), dict.fromkeys(SPREAD, False))
        with Fault(number, moment, lasting=lasting).client(store_server.port) as breaking:
            try:
                load_check(breaking, day(2), dict.fromkeys(SPREAD, True))
                outcome = "done"
            except LoadConflict:
                outcome = "nothing was changed"
            except StoreUnavailable:
                outcome = "broken"
        seen = flags_at(client, day(2), SPREAD)
        outcomes.add((outcome, *seen))
        assert flags_at(client, day(1), SPREAD) == {False}, number
        unlock(client)
        load_check(client, day(2), dict.fromkeys(SPREAD, True))
        assert flags_at(client, day(2), SPREAD) == {True} and staged_keys(client) == [], number
    # all of it or nothing; "done" and "nothing was changed" are never wrong
    assert outcomes <= {("done", True), ("nothing was changed", None), ("broken", None), ("broken", True)}
    assert ("broken", None) in outcomes


def _load_many(url: str, at: datetime) -> None:
    with connect(url, PATIENT_MS) as client:
        load_check(client, at, dict.fromkeys(MANY, True))


def test_a_load_that_is_killed_leaves_all_or_nothing_and_the_next_one_repairs(
        client: redis.Redis, store_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    load_check(client, day(1), dict.fromkeys(MANY, False))
    started = time.monotonic()
    load_check(client, day(2), dict.fromkeys(MANY, True))
    duration_s = time.monotonic() - started
    sample = random.Random(0).sample(MANY, 60)
    for number in range(3, 11):
        child = fork.Process(target=_load_many, args=(store_url, day(number)))
        child.start()
        time.sleep(duration_s * (number - 3) / 7 + 0.01)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        assert flags_at(client, day(number), sample) in ({True}, {None})
        assert flags_at(client, day(2), sample) == {True}
        unlock(client)
        load_check(client, day(number), dict.fromkeys(MANY, True))
        assert flags_at(client, day(number), sample) == {True} and staged_keys(client) == []
    assert len(Survey(client, CONTROLLER).numbers(keys.REGISTRY)) == len(MANY)


def test_a_full_server_refuses_and_nothing_is_changed(own_server: StoreServer) -> None:
    with connect(own_server.url, PATIENT_MS) as client:
        load_check(client, day(1), dict.fromkeys(MANY, False))
        before = everything(client)
        for room_bytes in (0, 20_000, 200_000):
            client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + room_bytes)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                load_check(client, day(2), {
                    f"{number[:-4]}{offset:04d}": True for number in MANY[:500] for offset in range(0, 10_000, 40)})
            client.config_set("maxmemory", 0)
            assert everything(client) == before


@pytest.mark.parametrize("name", ("loads", "checks", "load", "lock"))
def test_a_record_key_of_another_type_is_found_before_anything_is_shown(client: redis.Redis, name: str) -> None:
    load_check(client, day(1), {NUMBER: False})
    client.delete(keys.base(CONTROLLER) + name)
    client.sadd(keys.base(CONTROLLER) + name, "somebody else's")
    before = everything(client)
    with pytest.raises((StoreUnavailable, LoadConflict)):
        load_check(client, day(2), {NUMBER: True})
    assert everything(client) == before


def test_a_page_key_of_another_type_is_not_written_over(client: redis.Redis) -> None:
    name = keys.page_key(CONTROLLER, keys.REGISTRY, keys.place(keys.REGISTRY, NUMBER)[0])
    client.hset(name, "somebody", "else's")
    before = everything(client)
    with pytest.raises(StoreUnavailable):
        load_check(client, day(2), {NUMBER: True})
    assert everything(client) == before


# --- two loads

def test_of_two_loads_at_once_one_is_refused_and_told_when_to_come_back(client: redis.Redis) -> None:
    with Load(client, [CONTROLLER]) as first:
        stage(first, keys.REGISTRY, CONTROLLER, {NUMBER: values.check_bytes(day(1), 0, True)})
        with pytest.raises(LoadConflict, match=r"`acme` is at work.*within \d\d s"):
            load_check(client, day(2), {NUMBER: False})
        assert first.commit({})
    assert flags_at(client, day(1), [NUMBER]) == {True}
    assert flags_at(client, day(2), [NUMBER]) == {None}


def test_loads_of_two_controllers_do_not_wait_for_each_other(client: redis.Redis) -> None:
    with Load(client, [CONTROLLER]):
        assert load(client, {keys.RESTS: {NUMBER: ONE_OF_EACH[keys.RESTS]}}, "other") == {"new": 1}


def test_a_refused_load_of_two_controllers_keeps_neither_lock(client: redis.Redis) -> None:
    with Load(client, ["t2"]):
        with pytest.raises(LoadConflict), Load(client, ["t1", "t2"]):
            pass
        assert load(client, {keys.RESTS: {NUMBER: ONE_OF_EACH[keys.RESTS]}}, "t1") == {"new": 1}


def test_a_load_that_lost_its_lock_is_not_committed(client: redis.Redis) -> None:
    load_check(client, day(1), {NUMBER: False})
    with Load(client, [CONTROLLER]) as work:
        stage(work, keys.REGISTRY, CONTROLLER, {NUMBER: values.check_bytes(day(2), 0, True)})
        unlock(client)
        with pytest.raises(LoadConflict, match="overtaken"):
            work.commit({})
    assert flags_at(client, day(2), [NUMBER]) == {None}


def test_a_load_that_was_overtaken_touches_nothing_of_the_one_that_came_after(client: redis.Redis) -> None:
    late = {SPREAD[0]: values.check_bytes(day(1), 0, True)}
    with ExitStack() as sleeper:
        asleep = sleeper.enter_context(Load(client, [CONTROLLER]))
        stage(asleep, keys.REGISTRY, CONTROLLER, late)
        unlock(client)
        with Load(client, [CONTROLLER]) as awake:
            stage(awake, keys.REGISTRY, CONTROLLER, dict.fromkeys(SPREAD, values.check_bytes(day(2), 0, True)))
            with pytest.raises(LoadConflict, match="overtaken"):
                stage(asleep, keys.REGISTRY, CONTROLLER, late)
            sleeper.close()
            assert awake.commit({})
    assert flags_at(client, day(2), SPREAD) == {True}
    assert flags_at(client, day(1), SPREAD) == {None}


def test_a_load_that_is_overtaken_at_any_moment_mixes_with_no_other(
        client: redis.Redis, store_server: StoreServer, small_batches: None) -> None:
    def overtake() -> None:
        unlock(client)
        load_check(client, day(3), dict.fromkeys(SPREAD, False))

    outcomes = set()
    for number in range(_sendings_of_a_load(store_server.port)):
        client.flushdb()
        with Fault(number, meanwhile=overtake).client(store_server.port) as slow:
            try:
                load_check(slow, day(2), dict.fromkeys(SPREAD, True))
                outcome = "done"
            except LoadConflict:
                outcome = "nothing was changed"
        seen = flags_at(client, day(2), SPREAD)
        outcomes.add((outcome, *seen))
        assert flags_at(client, day(3), SPREAD) == {False}, number
    assert outcomes == {("done", True), ("nothing was changed", None)}


def test_calls_see_whole_loads_and_are_always_answered_while_files_are_loaded(
        client: redis.Redis, store_url: str) -> None:
    load_check(client, day(1), dict.fromkeys(SPREAD, False))
    fork = multiprocessing.get_context("fork")
    asked = fork.Value("L", 0)
    loader = fork.Process(target=_load_again_and_again, args=(store_url, asked))
    loader.start()
    histories = set()
    store = Store(client)
    while loader.is_alive():
        histories.add(store.facts_for(CONTROLLER, SPREAD[2]).checks)
        asked.value += 1
    loader.join()
    assert loader.exitcode == 0
    # each history that was seen is the one after some load: one check more each time
    assert {len(history) for history in histories} <= set(range(1, 42))
    assert all(history == max(histories, key=len)[:len(history)] for history in histories)
    assert len(histories) > 5


def _load_again_and_again(url: str, asked: Any) -> None:
    with connect(url, PATIENT_MS) as client:
        for number in range(2, 42):
            before = asked.value
            load_check(client, day(number), dict.fromkeys(SPREAD, True))
            eventually(lambda before=before: asked.value > before, "a call is answered")  # type: ignore[misc]
