"""On a real Sentinel group: the master is found, a failover under load causes no wrong answer, errors are clear."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agi_gate.facts import Callback, Facts
from agi_gate.store import keys
from agi_gate.store.reader import Store, StoreUnavailable
from agi_gate.store.servers import TRUSTED_S, Servers, replicated
from agi_gate.verdict import Reason
from lab.sentinel import SentinelGroup
from lab.store_server import StoreServer, servers_say
from lab.store_servers import Command
from lab.waiting import PATIENCE_S, PATIENT_MS
from tests.store.failover import (
    ALLOWED, CALLBACKS, CALLED_BACK, CONTROLLERS, LATER_OBJECTED, RIGHT, TIMEOUT_MS, Calls, all_used_up, ask, load_numbers,
    asked_again_and_again, object_later)
from tests.store.loads import day

ACME = CONTROLLERS[0]


@pytest.fixture(scope="module")
def group(server_command: Command) -> Iterator[SentinelGroup]:
    """One for each kind of server; a test of this file kills its master."""
    with SentinelGroup.start(server_command) as group:
        load_numbers(Servers.at(group.url, PATIENT_MS))
        yield group


@pytest.fixture(scope="module")
def own_group() -> Iterator[SentinelGroup]:
    """One whose servers may be stopped, and go on again."""
    with SentinelGroup.start() as group:
        load_numbers(Servers.at(group.url, PATIENT_MS))
        yield group


def test_the_calls_of_all_controllers_are_decided_right_on_the_master(group: SentinelGroup) -> None:
    servers = Servers.at(group.url, TIMEOUT_MS)
    store = Store(servers, TIMEOUT_MS)
    for controller in CONTROLLERS:
        assert {number: ask(store, controller, number).reason for number in RIGHT} == RIGHT
    assert servers.client_of_all(CONTROLLERS) is servers.client_of(ACME)
    assert servers.client_of(ACME).connection_pool.connection_kwargs["port"] == group.master().port
    loader = Servers.at(group.url, PATIENT_MS)
    assert loader.kept(loader.client_of(ACME), CONTROLLERS)


def test_a_master_name_that_nobody_knows_is_told(group: SentinelGroup) -> None:
    with pytest.raises(StoreUnavailable, match="know of no master `mimaster`; its name stands after the `/`"):
        Store.at(group.url.replace("mymaster", "mimaster"), TIMEOUT_MS).facts_for(ACME, ALLOWED)


def test_a_server_that_is_no_sentinel_says_so(group: SentinelGroup) -> None:
    with pytest.raises(StoreUnavailable, match="0 of 1 sentinels answer.*unknown command"):
        Store.at(f"redis+sentinel://127.0.0.1:{group.master().port}/mymaster", TIMEOUT_MS).facts_for(ACME, ALLOWED)


def test_a_master_that_is_killed_under_load_causes_no_wrong_answer(group: SentinelGroup) -> None:
    store, claimer = Store.at(group.url, TIMEOUT_MS), Store.at(group.url, 2_000)
    with Calls(store) as calls:
        assert all(claimer.claim(ACME, CALLED_BACK, callback) for callback in CALLBACKS)
        group.master().kill()
        killed_at = time.monotonic()
        for controller in CONTROLLERS:
            calls.recovered_at(killed_at, controller)
    assert calls.wrong == []
    # what was used up before the failover stays so after it
    assert all_used_up(claimer)


def test_calls_go_on_while_one_sentinel_of_three_is_dead(group: SentinelGroup) -> None:
    """The group's last test: its first master is dead, too."""
    group.sentinels[0].kill()
    store = Store.at(group.url, TIMEOUT_MS)
    # after a failover a sentinel may be the last to hear of it, and the two that are left must agree
    servers_say(lambda: all(ask(store, controller, ALLOWED).allows for controller in CONTROLLERS), "calls are allowed")


def test_a_sentinel_has_a_password_of_its_own(server_command: Command) -> None:
    with SentinelGroup.start(server_command, replicas=0, sentinels=1, sentinel_password="hush") as group:
        assert Store.at(group.url + "?sentinel_password=hush", TIMEOUT_MS).facts_for(ACME, ALLOWED) == Facts()
        for url in (group.url, group.url + "?sentinel_password=hunter2"):
            with pytest.raises(StoreUnavailable, match="0 of 1 sentinels answer.*(uthentication|password)") as caught:
                Store.at(url, TIMEOUT_MS).facts_for(ACME, ALLOWED)
            assert "hunter2" not in str(caught.value)


def test_calls_go_on_while_one_sentinel_of_three_stands_still(own_group: SentinelGroup) -> None:
    own_group.sentinels[0].signal(signal.SIGSTOP)
    try:
        store = Store.at(own_group.url, TIMEOUT_MS)
        for _ in range(2):
            assert ask(store, ACME, ALLOWED).allows
            time.sleep(TRUSTED_S * 1.1)
    finally:
        own_group.sentinels[0].signal(signal.SIGCONT)


def test_one_sentinel_of_three_is_not_believed(own_group: SentinelGroup) -> None:
    """Cut off together with an old master, it would go on naming it."""
    store = Store.at(own_group.url, TIMEOUT_MS)
    assert ask(store, ACME, ALLOWED).allows
    for sentinel in own_group.sentinels[1:]:
        sentinel.signal(signal.SIGSTOP)
    try:
        time.sleep(TRUSTED_S * 1.1)
        with pytest.raises(StoreUnavailable, match="1 of 3 sentinels answer, and more than half must"):
            store.facts_for(ACME, ALLOWED)
    finally:
        for sentinel in own_group.sentinels[1:]:
            sentinel.signal(signal.SIGCONT)


def test_a_claim_that_a_replica_did_not_take_over_denies_and_stays(own_group: SentinelGroup) -> None:
    store, replica = Store.at(own_group.url, TIMEOUT_MS), own_group.servers[1]
    replica.signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match="not every replica took"):
            store.claim(ACME, CALLED_BACK, Callback(day(28)))
        assert ask(store, ACME, ALLOWED).allows, "reading waits for no replica"
        client = Servers.at(own_group.url, TIMEOUT_MS).client_of(ACME)
        client.sadd("agi:{acme}:used:1", "x")
        assert not replicated(client, 100)
    finally:
        replica.signal(signal.SIGCONT)
    patient = Store.at(own_group.url, 5_000)
    assert not patient.claim(ACME, CALLED_BACK, Callback(day(28)))
    assert patient.claim(ACME, CALLED_BACK, Callback(day(27)))


def test_a_claim_without_replicas_waits_for_none(store_server: StoreServer, store_url: str) -> None:
    load_numbers(Servers.at(store_url, PATIENT_MS))
    store = Store.at(store_url, int(10_000 * PATIENCE_S))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(store.claim, ACME, CALLED_BACK, Callback(day(1))).result(PATIENCE_S)


def test_a_master_that_sleeps_through_its_failover_is_not_believed(own_group: SentinelGroup) -> None:
    url = own_group.url
    idle, busy = Store.at(url, TIMEOUT_MS), Store.at(url, TIMEOUT_MS)
    assert ask(idle, ACME, LATER_OBJECTED).allows
    loader = Servers.at(url, PATIENT_MS)
    loaders_client, sleeper = loader.client_of(ACME), own_group.servers[0]
    with Calls(busy) as calls:
        sleeper.signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        calls.recovered_at(stopped_at, ACME)
        object_later(Servers.at(url, 5_000), ACME)
        sleeper.signal(signal.SIGCONT)
        # a load that goes on with the server it began on is told that it was all for nothing
        loaders_client.set("agi:{acme}:load", b"12345678")
        assert not loader.kept(loaders_client, [ACME])
        # the old master takes itself for the master until the sentinels find it
        reasons = asked_again_and_again(url, ACME, idle, 2)
    assert reasons - {Reason.STORE_UNAVAILABLE} == {Reason.OBJECTION_RECORDED}
    assert calls.wrong == []
