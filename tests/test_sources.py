"""The share of each address: turns that no other address can take, and connections of which the greediest gives one up."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agi_gate import sources
from agi_gate.sources import Source, Sources, source_name

PEERS = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")


@pytest.mark.parametrize(("peer", "name"), (
    ("10.0.0.5", "10.0.0.5"), ("10.0.0.6", "10.0.0.6"), ("::ffff:10.0.0.5", "10.0.0.5"), ("::1", "::/64"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::1", "2001:db8:1:3::/64"), ("fe80::1%eth0", "fe80::/64")))
def test_a_share_is_an_address_s_and_of_ipv6_a_site_s(peer: str, name: str) -> None:
    assert source_name(peer) == name


def put(shared: Sources[int], calls: list[tuple[int, bool]]) -> list[Source[int]]:
    """Have calls wait, each of one of the peers and urgent or not; their numbers count up."""
    found = [shared.opened(PEERS[peer], number) for number, (peer, _) in enumerate(calls)]
    assert all(shared.put(source, number, urgent=urgent)
               for number, (source, (_, urgent)) in enumerate(zip(found, calls, strict=True)))
    return found


@given(some.lists(some.tuples(some.integers(0, 3), some.booleans())), some.integers(1, 7))
def test_each_address_has_its_turn_and_within_it_who_came_first(calls: list[tuple[int, bool]], most: int) -> None:
    shared: Sources[int] = Sources()
    found = put(shared, calls)
    left, taken = Counter(source.name for source in found), list[int]()
    while batch := shared.take(most):
        for number in batch:
            others = {name for name, waiting in left.items() if waiting}
            since = [found[one].name for one in taken]
            mine = found[number].name
            last = len(since) - since[::-1].index(mine) if mine in since else 0
            # since its last turn everybody else who waits has had one
            assert mine not in since or others - {mine} <= set(since[last:])
            left[mine] -= 1
            taken.append(number)
    assert sorted(taken) == list(range(len(calls))) and not shared.has_pending
    for source in set(found):
        own = [number for number in taken if found[number] is source]
        assert own == sorted(own, key=lambda number: (not calls[number][1], number))


def test_a_turn_goes_on_where_it_was_left() -> None:
    shared: Sources[int] = Sources()
    put(shared, [(0, False)] * 4 + [(1, False)] * 2)
    assert shared.take(1) == [0]
    assert shared.take(3) == [4, 1, 5]
    assert shared.take(9) == [2, 3]


def test_past_the_most_that_may_wait_a_call_does_not_and_an_emergency_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_PENDING", 2)
    shared: Sources[int] = Sources()
    source = shared.opened("10.0.0.1", 0)
    assert [shared.put(source, number) for number in range(3)] == [True, True, False]
    assert [shared.put(source, number, urgent=True) for number in range(10, 13)] == [True, True, False]
    other = shared.opened("10.0.0.2", 1)
    assert shared.put(other, 20)
    assert shared.take(9) == [10, 20, 11, 0, 1]


def test_the_greediest_gives_up_the_newest_that_waits() -> None:
    shared: Sources[int] = Sources()
    greedy, *_, other = put(shared, [(0, False)] * 3 + [(1, False)])
    assert shared.largest() is greedy and shared.oldest(greedy) == [0, 1, 2]
    assert shared.give_up(greedy) == 2
    for number in (0, 1, 2):
        shared.closed(greedy, number)
    assert shared.largest() is other
    assert shared.give_up(other) == 3 and shared.give_up(other) is None
    assert shared.take(9) == [0, 1]


def test_an_address_without_a_connection_is_forgotten() -> None:
    shared: Sources[int] = Sources()
    for number in range(3):
        source = shared.opened("10.0.0.1", number)
    for number in (0, 1, 2, 2):  # whoever closes it twice
        shared.closed(source, number)
    with pytest.raises(ValueError):
        shared.largest()
    assert shared.opened("10.0.0.1", 4) is not source
