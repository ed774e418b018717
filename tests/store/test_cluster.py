"""On a real cluster of three masters with a replica each: right decisions, a failover among them, and clear errors."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from agi_gate.facts import Facts
from agi_gate.store import keys
from agi_gate.store.reader import Question, Store, StoreUnavailable
from agi_gate.store.servers import TRUSTED_S, Servers, SlotsApart
from agi_gate.verdict import Reason
from lab.cluster import Cluster
from lab.store_server import servers_say
from lab.store_servers import Command
from lab.waiting import PATIENT_MS
from tests.store.failover import (
    ALLOWED, CALLBACKS, CALLED_BACK, CONTROLLERS, LATER_OBJECTED, RIGHT, TIMEOUT_MS, Calls, all_used_up, ask, load_numbers,
    asked_again_and_again, object_later)
from tests.store.loads import everything

ACME, FIBRA, GAMMA = CONTROLLERS
# so that the calls of a controller go on while the master of another one is missing
OPTIONS = ("--cluster-require-full-coverage", "no")


@pytest.fixture(scope="module")
def cluster(server_command: Command) -> Iterator[Cluster]:
    """One for each kind of server; a test of this file kills a master of it."""
    with Cluster.start(server_command, *OPTIONS) as cluster:
        load_numbers(Servers.at(cluster.url, PATIENT_MS))
        yield cluster


@pytest.fixture
def store(cluster: Cluster) -> Store:
    return Store.at(cluster.url, TIMEOUT_MS)


def port_of(client: redis.Redis) -> int:
    port: int = client.connection_pool.connection_kwargs["port"]
    return port


def test_each_controller_s_calls_are_decided_right(cluster: Cluster, store: Store) -> None:
    for controller in CONTROLLERS:
        assert {number: ask(store, controller, number).reason for number in RIGHT} == RIGHT
    assert ask(store, "nobody", ALLOWED).reason is Reason.REGISTRY_UNKNOWN


def test_a_controller_s_client_is_of_the_one_node_that_has_its_slot(cluster: Cluster) -> None:
    servers = Servers.at(cluster.url, TIMEOUT_MS)
    ports = {controller: port_of(servers.client_of(controller)) for controller in CONTROLLERS}
    assert ports == {controller: cluster.master_of(keys.base(controller)).port for controller in CONTROLLERS}
    assert len(set(ports.values())) == len(CONTROLLERS)
    for controller in CONTROLLERS:
        assert servers.client_of(controller) is servers.client_of(controller)
        names = everything(servers.client_of(controller))
        assert names and all(name.startswith(keys.base(controller).encode()) for name in names)
    time.sleep(TRUSTED_S * 1.1)
    assert {controller: port_of(servers.client_of(controller)) for controller in CONTROLLERS} == ports


@pytest.mark.parametrize("place", (0, 4), ids=("a master", "a replica"))
def test_one_node_in_the_url_is_enough_to_find_the_others(cluster: Cluster, place: int) -> None:
    store = Store.at(f"redis+cluster://127.0.0.1:{cluster.nodes[place].port}", TIMEOUT_MS)
    assert all(ask(store, controller, ALLOWED).allows for controller in CONTROLLERS)


def test_a_load_of_controllers_on_several_slots_is_refused_with_the_way_out(cluster: Cluster) -> None:
    servers = Servers.at(cluster.url, TIMEOUT_MS)
    with pytest.raises(SlotsApart, match="controllers `acme` and `gamma` .*split the file by controller"):
        servers.client_of_all([GAMMA, ACME])
    assert servers.client_of_all([GAMMA]) is servers.client_of(GAMMA)
    assert servers.client_of_all([]).ping()


def test_a_master_that_stands_still_leaves_the_others_their_share_of_the_time(cluster: Cluster, store: Store) -> None:
    questions = [Question(controller, ALLOWED) for controller in CONTROLLERS]
    assert all(isinstance(facts, Facts) for facts in store.facts_of(questions))
    stopped = cluster.master_of(keys.base(ACME))
    stopped.signal(signal.SIGSTOP)
    try:
        acme, *others = store.facts_of(questions)
    finally:
        stopped.signal(signal.SIGCONT)
    assert isinstance(acme, StoreUnavailable) and all(isinstance(facts, Facts) for facts in others)


def test_a_master_that_is_killed_under_load_causes_no_wrong_answer(cluster: Cluster, store: Store) -> None:
    claimer = Store.at(cluster.url, 2_000)
    with Calls(store) as calls:
        assert all(claimer.claim(ACME, CALLED_BACK, callback) for callback in CALLBACKS)
        cluster.master_of(keys.base(ACME)).kill()
        killed_at = time.monotonic()
        recovered_at = calls.recovered_at(killed_at, ACME)
    assert calls.wrong == []
    assert calls.was_allowed(GAMMA, killed_at, recovered_at), "a controller on another node has nothing to do with it"
    # what was used up before the failover stays so after it
    assert all_used_up(claimer)
    assert {number: ask(store, ACME, number).reason for number in RIGHT} == RIGHT


def test_a_master_that_sleeps_through_its_failover_is_not_believed() -> None:
    with Cluster.start(None, *OPTIONS) as cluster:
        load_numbers(Servers.at(cluster.url, PATIENT_MS))
        idle, busy = Store.at(cluster.url, TIMEOUT_MS), Store.at(cluster.url, TIMEOUT_MS)
        assert ask(idle, FIBRA, LATER_OBJECTED).allows
        sleeper = cluster.master_of(keys.base(FIBRA))
        with Calls(busy) as calls:
            sleeper.signal(signal.SIGSTOP)
            stopped_at = time.monotonic()
            calls.recovered_at(stopped_at, FIBRA)
            object_later(Servers.at(cluster.url, 5_000), FIBRA)
            with ThreadPoolExecutor(1) as pool:  # a question that lies in its queue is the first thing it answers
                asked = pool.submit(ask, idle, FIBRA, LATER_OBJECTED)
                time.sleep(0.05)
                sleeper.signal(signal.SIGCONT)
                assert not asked.result().allows
            reasons = asked_again_and_again(cluster.url, FIBRA, idle, 1)
        assert reasons - {Reason.STORE_UNAVAILABLE} == {Reason.OBJECTION_RECORDED}
        assert calls.wrong == []


def test_a_cluster_that_is_down_denies_and_says_so() -> None:
    with Cluster.start(replicas=0) as cluster:
        store = Store.at(cluster.url, TIMEOUT_MS)
        assert all(not ask(store, controller, ALLOWED).allows for controller in CONTROLLERS)
        cluster.master_of(keys.base(ACME)).kill()
        with pytest.raises(StoreUnavailable, match="refused"):
            store.facts_for(ACME, ALLOWED)
        survivor = cluster.master_of(keys.base(GAMMA))
        servers_say(lambda: cluster.info(survivor)["cluster_state"] == "fail", "the cluster is down")
        with pytest.raises(StoreUnavailable, match="cluster is down"):
            store.facts_for(GAMMA, ALLOWED)
        cluster.master_of(keys.base(FIBRA)).kill()
        with pytest.raises(StoreUnavailable, match="1 of 3 masters of the cluster answer, and more than half must"):
            time.sleep(TRUSTED_S)
            store.facts_for(GAMMA, ALLOWED)


def test_a_server_that_is_no_cluster_says_so(store_url: str) -> None:
    url = store_url.replace("redis://", "redis+cluster://").removesuffix("/0")
    with pytest.raises(StoreUnavailable, match="cluster support disabled"):
        Store.at(url, TIMEOUT_MS).facts_for(ACME, ALLOWED)
