"""Who the master is: the word of more than half, in time, whoever stands still or tells an old story."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from agi_gate.store import servers as servers_module
from agi_gate.store.deadline import left, within
from agi_gate.store.servers import Servers
from agi_gate.store.topology import ClusterNodes, MasterUnknown, NoMajority, SentinelGroup, by_majority
from agi_gate.store.unavailable import StoreUnavailable
from lab.waiting import PATIENCE_S, PATIENT_MS

NEW, OLD = ("new", 1), ("old", 1)


class Server:
    """In a client's place: answers whatever it is asked with the same, or takes its time, or breaks."""

    def __init__(self, answer: object, sleeps: bool = False) -> None:
        self.answer, self.sleeps, self.asked = answer, sleeps, 0

    def execute_command(self, *_words: str) -> object:
        self.asked += 1
        if self.sleeps:
            time.sleep(left() or 0)
            raise TimeoutError("it sleeps")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def master_of(*answers: object) -> tuple[str, int]:
    group = SentinelGroup([Server(answer) for answer in answers], "m")  # type: ignore[list-item]
    with within(PATIENCE_S):
        return group.owners([7])[7]


N, O, GONE = (b"new", b"1"), (b"old", b"1"), redis.ConnectionError("gone")  # noqa: E741


@pytest.mark.parametrize("answers", ((N,), (N, N, O), (O, N, N), (N, O, N), (N, GONE, N), (GONE, N, O, N, N)), ids=str)
def test_what_more_than_half_say_holds(answers: tuple[object, ...]) -> None:
    assert master_of(*answers) == NEW


@pytest.mark.parametrize("answers", (
    (GONE,), (N, GONE), (N, O), (N, GONE, GONE), (N, O, GONE), (N, O, None), (b"", N), (7, 7, 7), (N, N, O, O)),
    ids=str)
def test_half_is_not_enough(answers: tuple[object, ...]) -> None:
    with pytest.raises(NoMajority):
        master_of(*answers)


def test_a_name_that_more_than_half_do_not_know_is_unknown() -> None:
    with pytest.raises(MasterUnknown, match="`m`"):
        master_of(None, N, None)


def test_who_stands_still_costs_a_share_of_the_time_and_is_asked_last_from_then_on() -> None:
    sleeper, others = Server(N, sleeps=True), [Server(N), Server(N)]
    group = SentinelGroup([sleeper, *others], "m")  # type: ignore[list-item]
    for _ in range(3):
        with within(3):
            assert group.owners([7]) == {7: NEW}
            assert left()
    assert [server.asked for server in (sleeper, *others)] == [1, 3, 3]


def test_the_whole_time_is_enough_for_all_to_stand_still() -> None:
    sleepers = [Server(N, sleeps=True) for _ in range(3)]
    with within(0.6), pytest.raises(NoMajority, match="0 of 3 sentinels answer"):
        by_majority(sleepers, lambda server: server.execute_command(), "sentinels")
    assert [server.asked for server in sleepers] == [1, 1, 1]


# --- a cluster

def slots(*masters: str) -> list[object]:
    """Three thirds of a small cluster, as one node tells it."""
    return [[third * 100, third * 100 + 99, [name.encode(), 1, b"id"], [b"replica", 1, b"id"]]
            for third, name in enumerate(masters)]


def a_cluster(views: dict[str, object], seeds: tuple[str, ...]) -> Callable[[int], tuple[str, int] | None]:
    def client_at(address: tuple[str, int]) -> Any:
        return Server(views[address[0]])

    nodes = ClusterNodes([(seed, 1) for seed in seeds], client_at)

    def owner(slot: int) -> tuple[str, int] | None:
        with within(PATIENCE_S):
            return nodes.owners([slot]).get(slot)

    return owner


def test_a_master_that_slept_through_its_failover_is_outvoted_also_where_the_url_names_it_alone() -> None:
    after, before = slots("new", "b", "c"), slots("old", "b", "c")
    owner = a_cluster({"old": before, "new": after, "b": after, "c": after}, ("old",))
    assert owner(5) == NEW
    assert owner(105) == ("b", 1)
    assert owner(305) is None


def test_a_failover_and_a_cluster_that_moved_altogether_are_followed() -> None:
    views: dict[str, object] = dict.fromkeys("abc", slots("a", "b", "c"))
    owner = a_cluster(views, ("a", "seed"))
    assert owner(5) == ("a", 1)
    views |= {"a": GONE, **dict.fromkeys("bcn", slots("n", "b", "c"))}
    assert owner(5) == ("n", 1)
    views |= {**dict.fromkeys("abcn", GONE), **dict.fromkeys(("seed", *"xyz"), slots("x", "y", "z"))}
    assert owner(5) == ("x", 1)


def test_the_share_of_a_cluster_that_is_cut_off_is_not_believed() -> None:
    told = slots("a", "b", "c")
    with pytest.raises(NoMajority, match="1 of 3 masters of the cluster answer"):
        a_cluster({"a": told, "b": GONE, "c": GONE}, ("a",))(5)
    with pytest.raises(NoMajority, match="no node of the cluster that the URL names answers"):
        a_cluster({"a": GONE}, ("a",))(5)


# --- how long a word holds

def test_the_master_is_asked_for_anew_after_a_while_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_module, "TRUSTED_S", PATIENCE_S)
    sentinel = Server(N)
    made: list[redis.Redis] = []

    def client_at(_address: tuple[str, int]) -> redis.Redis:
        made.append(redis.Redis())
        return made[-1]

    servers = Servers(SentinelGroup([sentinel], "m"), PATIENT_MS, client_at)  # type: ignore[list-item]
    client = servers.client_of("acme")
    assert all(servers.client_of(name) is client for name in ("acme", "other")) and sentinel.asked == 1
    with monkeypatch.context() as later:
        later.setattr(servers_module, "TRUSTED_S", 0)
        servers.client_of("acme")
    assert sentinel.asked == 2
    assert servers.forget(client := servers.client_of("acme"))
    assert servers.forget(redis.Redis()), "of another server nothing is forgotten"
    servers.client_of("acme")
    servers.client_of("acme")
    assert sentinel.asked == 3
    sentinel.answer = GONE
    servers.forget(servers.client_of("acme"))
    with pytest.raises(StoreUnavailable, match="0 of 1 sentinels answer"):
        servers.client_of("acme")


def test_of_many_threads_one_asks() -> None:
    sentinel = Server(N)
    servers = Servers(SentinelGroup([sentinel], "m"), PATIENT_MS, lambda _address: redis.Redis())  # type: ignore[list-item]
    threads = [threading.Thread(target=servers.client_of, args=("acme",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sentinel.asked == 1
