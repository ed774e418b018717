"""Peers that hang up, stall, lie or flood, while others call: each caller is answered as if he were alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.store_server import StoreServer
from lab.waiting import eventually
from tests.faults import peers
from tests.faults.callers import CLOSED, DIALPLAN_LIMIT_S
from tests.faults.conftest import OpenStage
from tests.faults.flood import KINDS, flooding
from tests.faults.numbers import CLEAR, EMERGENCY, STORE_UNAVAILABLE
from tests.faults.peers import Behaviour
from tests.faults.processes import Held, held_by
from tests.faults.stage import Stage

# name -> (behaviour, so many at a time, whether some of them ask for what is allowed)
FAULTS: dict[str, tuple[Behaviour, int, bool]] = {
    "hang-up at each step": (peers.hangs_up_at_each_step, 8, True),
    "one byte a second, 40 at a time": (peers.one_byte_a_second, 40, False),
    "half-open: header, then silence, 40 at a time": (peers.half_open, 40, False),
    "no newline at the end, 40 at a time": (peers.no_newline, 40, False),
    "reset at any byte": (peers.resets, 4, False),
    "100,000 header lines": (peers.a_hundred_thousand_lines, 1, False),
    "a header line of 10 MB": (peers.lines_of_ten_megabytes, 1, False),
    "a header without an end": (peers.endless_header, 2, False),
    "a reply of 10 MB": (peers.a_reply_of_ten_megabytes, 1, True),
    "HANGUP lines without end": (peers.hangup_lines_without_end, 2, False),
    "hostile text in every field": (peers.hostile_texts, 4, False),
}
FLOOD_A_SECOND = 3000
IDLE = 2000
GROWTH_MB = 24.0


@pytest.fixture(scope="module")
def stage(open_stage: OpenStage) -> Iterator[Stage]:
    with StoreServer.start() as server, open_stage(server.url) as stage:
        yield stage


@pytest.fixture(scope="module")
def at_first(stage: Stage) -> dict[int, Held]:
    """What each worker holds once it has answered."""
    for _ in range(2):
        stage.under_calls("(warm-up)", peers.many(stage.daemon.address, peers.hangs_up_at_each_step, 8, []))
        stage.figures.pop()
    return {worker: held_by(worker) for worker in stage.daemon.workers()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_peer_that_is_no_asterisk_disturbs_nobody(stage: Stage, at_first: dict[int, Held], fault: str) -> None:
    behave, at_once, asks_for_what_is_allowed = FAULTS[fault]
    heard: list[bytes] = []
    figures = stage.under_calls(f"peers: {fault}", peers.many(stage.daemon.address, behave, at_once, heard))
    if not asks_for_what_is_allowed:
        assert not any(b"ALLOW" in one for one in heard)
    assert figures.wrong == []


@pytest.mark.parametrize(("fault", "said"), (
    (f"{IDLE:,} connections that say nothing", b""),
    (f"{IDLE:,} connections with half a header", peers.words()[:300]),
))
def test_idle_connections_disturb_nobody(stage: Stage, at_first: dict[int, Held], fault: str, said: bytes) -> None:
    figures = stage.under_calls(f"peers: {fault}", peers.idle(stage.daemon.address, IDLE, said), during_s=2,
                                also_right=frozenset({STORE_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.under_fault.get(f"clear: {CLEAR.right}"), "no call was allowed while they were there"


def test_more_calls_than_can_be_answered_are_denied_in_time(stage: Stage, at_first: dict[int, Held]) -> None:
    """Two thousand calls that ask and take no answer, again and again: denied at once is right, late is wrong."""
    fault = f"peers: {IDLE:,} calls at once that never reply"
    figures = stage.under_calls(fault, peers.idle(stage.daemon.address, IDLE, peers.words()), during_s=2,
                                also_right=frozenset({STORE_UNAVAILABLE}))
    assert figures.wrong == []
    assert stage.form.in_time(figures.slowest_s, DIALPLAN_LIMIT_S)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_from_another_address_disturbs_nobody(stage: Stage, at_first: dict[int, Held], kind: str) -> None:
    """Each caller is answered; a machine that is busy may have the store late."""
    figures = stage.under_calls(f"flood: {FLOOD_A_SECOND:,} a second: {kind}",
                                flooding(stage.daemon.address, kind, FLOOD_A_SECOND),
                                also_right=frozenset({STORE_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.under_fault.get(f"clear: {CLEAR.right}"), "no call was allowed meanwhile"


def test_a_flood_from_the_callers_own_address_leaves_their_emergencies_alone(stage: Stage, at_first: dict[int, Held]) -> None:
    kind = "whole calls that never reply"
    figures = stage.under_calls(f"flood: {FLOOD_A_SECOND:,} a second, from their own address: {kind}",
                                flooding(stage.daemon.address, kind, FLOOD_A_SECOND, source="127.0.0.1"),
                                expected={EMERGENCY.name: frozenset({EMERGENCY.right})},
                                also_right=frozenset({STORE_UNAVAILABLE, CLOSED}))
    assert figures.wrong == []
    assert figures.under_fault.get(f"{EMERGENCY.name}: {EMERGENCY.right}"), "no emergency was called meanwhile"


def test_afterwards_the_workers_are_the_same_and_hold_no_more(stage: Stage, at_first: dict[int, Held]) -> None:
    assert set(stage.daemon.workers()) == set(at_first), stage.daemon.said()
    for worker, before in at_first.items():
        eventually(lambda worker=worker, before=before: held_by(worker).descriptors <= before.descriptors + 4)
        eventually(lambda worker=worker, before=before: held_by(worker).threads <= before.threads + 2)
        after = held_by(worker)
        assert after.memory_mb < before.memory_mb + GROWTH_MB
    assert "Traceback" not in stage.daemon.said() and "conversation failed" not in stage.daemon.said()
