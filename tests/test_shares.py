"""What one address does to a worker, others do not feel; and for a caller who has gone nothing is decided.

The rounds are gone through one by one, so that what is in each can be counted.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config, sources
from agi_gate.daemon import listen
from agi_gate.gate import Gate
from agi_gate.worker import Worker
from lab.peer import Heard, header, reply
from lab.waiting import PATIENCE_S, eventually
from tests.faults.callers import reset
from tests.support.gate_toml import CALLBACK, CLEAR, write_gate_toml
from tests.test_worker import ALLOWED, EMERGENCY, UNAVAILABLE, Store, words

PBX, OTHER_PBX, FLOOD = "127.0.0.1", "127.0.0.3", "127.0.0.2"
_WAITING = 40


class Rounds:
    """A worker whose rounds are gone through by hand, and those who ask it."""

    def __init__(self, listener: socket.socket, settings: config.Settings, store: Store, stack: ExitStack) -> None:
        self.store, self._listener, self._stack = store, listener, stack
        self._worker = Worker(listener, settings, lambda: None)
        self._leader, self.connections = self._worker._leader, self._worker._connections
        self._log, self.deadline_s = settings.log.path, settings.daemon.deadline_ms / 1000

    def asks(self, source: str, number: str = CLEAR, said: Callable[[bytes], bytes] = lambda words: words) -> socket.socket:
        """Somebody who has said his part, and waits to be accepted."""
        before = self.connections.queued()
        peer = self._stack.enter_context(
            socket.create_connection(self._listener.getsockname(), PATIENCE_S, source_address=(source, 0)))
        peer.sendall(said(header((number, "fibra", "carrier1"))))
        eventually(lambda: self.connections.queued() > before)
        return peer

    def many_ask(self, number: int, source: str, **options: Any) -> list[socket.socket]:
        return [self.asks(source, **options) for _ in range(number)]

    def go(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            is_asked, spoken = self.connections.wait(0)
            self._leader._count = 1  # as one that takes over: who asks is not waited for one by one
            self._leader._round(is_asked, spoken)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


def heard(peer: socket.socket) -> str | None:
    """What a call was told by now; empty where it was closed without a word, None where it waits."""
    peer.setblocking(False)
    try:
        said = peer.recv(65536)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return ""
    told = Heard()
    for command in said.decode().splitlines():
        reply(command, told)
    return words(told)


def count_heard(peers: Sequence[socket.socket]) -> Counter[str | None]:
    return Counter(map(heard, peers))


@pytest.fixture
def rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rounds]:
    store = Store()
    store.let.set()
    monkeypatch.setattr("agi_gate.gate.Store.at", lambda *_: store)
    settings = config.load(write_gate_toml(tmp_path, ("[daemon]", f"[daemon]\nwaiting = {_WAITING}")))
    with ExitStack() as stack:
        yield Rounds(stack.enter_context(listen(settings.daemon)), settings, store, stack)


# --- who has gone

GONE: dict[str, Callable[[socket.socket], object]] = {
    "reset": reset, "closed": socket.socket.close, "closed for writing": lambda peer: peer.shutdown(socket.SHUT_WR),
    "hung up": lambda peer: peer.sendall(b"HANGUP\n"), "a late reply, closed": lambda peer: (
        peer.sendall(b"200 result=0\n"), peer.shutdown(socket.SHUT_WR))}


@pytest.mark.parametrize("goes", GONE)
@pytest.mark.parametrize("number", (CLEAR, CALLBACK, "112"))
def test_nothing_is_decided_for_a_caller_who_has_gone(rounds: Rounds, goes: str, number: str) -> None:
    gone, stays = rounds.asks(PBX, number), rounds.asks(PBX)
    GONE[goes](gone)
    rounds.go(2)
    assert heard(stays) == ALLOWED
    assert len(rounds.records()) == 1 and rounds.store.claims == 0
    assert len(rounds.connections) == 1


def test_nothing_is_decided_for_a_caller_who_goes_while_he_waits_for_his_turn(rounds: Rounds) -> None:
    peers = rounds.many_ask(140, PBX)
    rounds.go()
    assert len(rounds.records()) == 32 and rounds.connections.has_pending
    for peer in peers:
        reset(peer)
    rounds.go(8)
    assert len(rounds.records()) == 32 and not rounds.connections.has_pending and len(rounds.connections) == 0


def test_who_says_more_than_a_header_and_stays_is_answered(rounds: Rounds) -> None:
    peer = rounds.asks(PBX, said=lambda words: words + b"200 result=0\n" * 5)
    later = rounds.asks(PBX)
    later.sendall(b"200 result=0\n")
    rounds.go()
    assert heard(peer) == heard(later) == ALLOWED


# --- turns

def test_a_call_does_not_wait_behind_a_flood_from_another_address(rounds: Rounds) -> None:
    flood = rounds.many_ask(400, FLOOD)
    call = rounds.asks(PBX)
    went = 0
    while (answer := heard(call)) is None:
        rounds.go()
        went += 1
    assert answer == ALLOWED and went <= 4
    assert sum(one is not None for one in map(heard, flood)) <= went * 32


def test_with_one_address_alone_it_has_every_turn(rounds: Rounds) -> None:
    peers = rounds.many_ask(64, PBX)
    rounds.go(2)
    assert count_heard(peers) == {ALLOWED: 64}


def test_only_the_address_that_has_too_many_waiting_is_denied_without_the_store(rounds: Rounds) -> None:
    flood, calls = rounds.many_ask(200, FLOOD), rounds.many_ask(3, PBX) + rounds.many_ask(3, OTHER_PBX)
    rounds.go(10)
    assert count_heard(calls) == {ALLOWED: 6}
    answers = count_heard(flood)
    assert answers[UNAVAILABLE] >= 200 - _WAITING - 64 and answers[UNAVAILABLE] + answers[ALLOWED] == 200


def test_past_its_share_an_address_is_refused_at_once_and_its_emergencies_go(
        rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_PENDING", 40)
    flood = rounds.many_ask(300, FLOOD)
    emergency, call = rounds.asks(FLOOD, "112"), rounds.asks(PBX)
    rounds.go(4)
    assert heard(emergency) == EMERGENCY and heard(call) == ALLOWED
    rounds.go(4)
    answers = count_heard(flood)
    assert answers[""] >= 100 and None not in answers
    assert Counter(record["reason"] for record in rounds.records())["EMERGENCY"] == 1


# --- connections

def test_where_there_is_room_for_no_more_the_address_that_has_most_gives_one_up(
        rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds.connections, "_places", 10)

    def half(words: bytes) -> bytes:
        return words[:300]
    slow = rounds.asks(PBX, said=half)
    rounds.go()
    flood = rounds.many_ask(30, FLOOD, said=half)
    rounds.go(2)
    more = rounds.many_ask(3, PBX, said=half)
    rounds.go(2)
    assert heard(slow) is None and [heard(one) for one in more] == [None] * 3
    assert count_heard(flood) == {"": 24, None: 6}
    for one in (slow, *more):
        one.setblocking(True)
        one.sendall(header((CLEAR, "fibra", "carrier1"))[300:])
    rounds.go()
    assert count_heard([slow, *more]) == {ALLOWED: 4}


def test_calls_that_never_reply_take_no_room_from_those_that_come(
        rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds.connections, "_places", 10)
    told = rounds.many_ask(10, FLOOD)
    rounds.go(2)  # told, and waited for
    calls = rounds.many_ask(4, PBX)
    rounds.go(2)
    assert count_heard(told) == {ALLOWED: 10} and count_heard(calls) == {ALLOWED: 4}
    assert len(rounds.connections) == 10


def test_those_who_may_not_ask_hold_nobody_up_however_many_they_are(rounds: Rounds) -> None:
    strangers = rounds.many_ask(20, FLOOD)
    assert rounds.connections.accept(8, 1.0, lambda peer: peer != FLOOD) == ([], False)
    assert rounds.connections.queued() == 12
    assert count_heard(strangers) == {"": 8, None: 12}


# --- time

def test_who_is_late_hurries_nobody_of_another_address_and_takes_no_thread(
        rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    decide_all = Gate.decide_all

    def decide(gate: Gate, asked: Sequence[Any], **options: Any) -> Any:
        batches.append(len(asked))
        return decide_all(gate, asked, **options)
    monkeypatch.setattr(Gate, "decide_all", decide)
    late = [rounds.asks(source, said=lambda words: words[:-1]) for source in (FLOOD, FLOOD, PBX)]
    rounds.go()
    for waiting in rounds.connections._open:
        waiting.deadline -= rounds.deadline_s * 0.6
    before = threading.active_count()
    for one in late:
        one.sendall(b"\n")
    call = rounds.asks(PBX)
    rounds.go()
    assert batches == [1, 2, 1]
    assert count_heard([call, *late]) == {ALLOWED: 4}
    assert threading.active_count() == before
