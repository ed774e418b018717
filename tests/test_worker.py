"""A worker whose store stands still: the calls that wait for it are left at their deadline, and no other waits with them.

The store answers when a test lets it, and the deadline is long: what was answered before did not wait for it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config
from agi_gate.awake import soon
from agi_gate.connections import Connections
from agi_gate.daemon import listen
from agi_gate.decision_log import DecisionLog
from agi_gate.facts import Callback, Check, Contact, Facts
from agi_gate.gate import Decision, Gate
from agi_gate.record import Line
from agi_gate.store.reader import Question
from agi_gate.store.seen import Seen
from agi_gate.worker import MAX_STUCK, TICK_S, Worker
from lab.peer import Heard, ask, header
from lab.waiting import PATIENCE_S, eventually
from tests.support.gate_toml import CALLBACK, CLEAR, write_gate_toml

STUCK = "0212345699"
DEADLINE_S, SOON_S = 2 * PATIENCE_S, 0.8
ALLOWED, EMERGENCY, UNAVAILABLE = "ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW EMERGENCY", "DENY STORE_UNAVAILABLE"


class Store:
    """Everybody may be called; of one number it says so only when it is let, and of one who asked to be called."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.seen = Seen()
        self.asked = self.claims = 0

    def facts_for(self, controller: str, e164: str) -> Facts:
        raise OSError("a name server that is asked at the start, and does not know")

    def facts_of(self, questions: list[Question], meanwhile: object) -> list[Facts]:
        if any(question.e164.endswith((STUCK, CALLBACK)) for question in questions):
            self.asked += 1
            self.let.wait()
        if any(question.e164.endswith(CALLBACK) for question in questions):
            return [Facts(callbacks=(Callback(datetime.now(UTC) - timedelta(hours=1)),))] * len(questions)
        checked = Check(datetime.now(UTC) - timedelta(days=1), False, "1-0")
        return [Facts(checks=(checked,), contact=Contact("Elenco", True))] * len(questions)

    def claim(self, controller: str, e164: str, callback: Callback, channel: str) -> bool:
        self.claims += 1
        return True


class Running:
    def __init__(self, folder: Path, store: Store, deadline_s: float) -> None:
        self.store, self.is_looked_after, self._over = store, threading.Event(), threading.Event()
        self.is_looked_after.set()
        settings = config.load(write_gate_toml(folder))
        settings = replace(settings, daemon=replace(settings.daemon, deadline_ms=int(deadline_s * 1000)))
        self._listener = listen(settings.daemon)
        self.address = self._listener.getsockname()
        self._pool = ThreadPoolExecutor(MAX_STUCK + 4)
        self._worker = Worker(self._listener, settings, lambda: None)

    @contextmanager
    def looked_after(self) -> Iterator[Running]:
        def look() -> None:
            while not self._over.wait(TICK_S):
                self.is_looked_after.wait()
                self._worker.look()
        self._worker.begin()
        looking = threading.Thread(target=look)
        looking.start()
        try:
            yield self
        finally:
            self.store.let.set()
            self.is_looked_after.set()
            self._pool.shutdown()
            self._over.set()
            looking.join()
            self._listener.close()

    @property
    def connections(self) -> Connections:
        return self._worker._connections

    def answer(self, number: str) -> str:
        return words(ask(self.address, number, "fibra", "carrier1"))

    def asked(self, number: str) -> Future[str]:
        return self._pool.submit(self.answer, number)

    def stand_still(self, calls: int = 1) -> list[Future[str]]:
        """That many rounds, each with a call."""
        stuck = []
        for number in range(1, calls + 1):
            stuck.append(self.asked(STUCK))
            eventually(lambda number=number: self.store.asked == number)  # type: ignore[misc]
            assert self.answer("112") == EMERGENCY  # so another thread leads by now
        return stuck


def words(heard: Heard) -> str:
    return " ".join(heard.variables[name] for name in ("GATE_VERDICT", "GATE_REASON") if name in heard.variables)


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """With the deadline that a test asks for by the parameter, else one that never comes."""
    store = Store()
    monkeypatch.setattr("agi_gate.gate.Store.at", lambda *_: store)
    with Running(tmp_path, store, getattr(request, "param", DEADLINE_S)).looked_after() as running:
        yield running


def test_while_a_round_stands_still_other_calls_go_on(running: Running) -> None:
    (stuck,) = running.stand_still()
    assert [running.answer(number) for number in (CLEAR, "112")] == [ALLOWED, EMERGENCY]
    assert not stuck.done()
    running.store.let.set()
    assert stuck.result() == ALLOWED


def test_whoever_leads_next_takes_all_who_have_waited_and_not_one_by_one(running: Running) -> None:
    """While the store stands still each thread has one round: of one call each, more calls would come than are taken."""
    first = running.asked(STUCK)
    eventually(lambda: running.store.asked == 1)
    running.is_looked_after.clear()  # nobody leads until all of the others are there
    calls = [running.asked(STUCK) for _ in range(MAX_STUCK)]
    eventually(lambda: running.connections.queued() == MAX_STUCK)
    running.is_looked_after.set()
    eventually(lambda: len(running.connections) == 1 + MAX_STUCK)
    assert running.store.asked == 2
    running.store.let.set()
    assert {call.result() for call in (first, *calls)} == {ALLOWED}


def test_who_has_gone_while_the_store_stood_still_uses_no_call_back_up(running: Running) -> None:
    with socket.create_connection(running.address) as gone:
        gone.sendall(header((CALLBACK, "fibra", "carrier1")))
        eventually(lambda: running.store.asked == 1)
    running.store.let.set()
    eventually(lambda: len(running.connections) == 0)
    assert running.store.claims == 0
    assert running.answer(CALLBACK) == "ALLOW CALLBACK_REQUESTED" and running.store.claims == 1


@pytest.mark.parametrize("running", (SOON_S,), indirect=True)
def test_a_call_whose_round_stands_still_is_left_at_its_deadline_and_told_nothing(running: Running) -> None:
    stuck = running.asked(STUCK)
    assert stuck.result() == "" and not running.store.let.is_set()
    running.store.let.set()
    assert running.answer(CLEAR) == ALLOWED


def test_where_all_threads_stand_still_calls_are_denied_at_once_and_allowed_again_after_it(running: Running) -> None:
    before = threading.active_count()
    stuck = running.stand_still(MAX_STUCK)
    eventually(lambda: running.answer(CLEAR) == UNAVAILABLE)  # the last thread leads a moment before it is told that it is the last
    assert [running.answer(number) for number in (STUCK, "112")] == [UNAVAILABLE, EMERGENCY]
    assert not any(one.done() for one in stuck)
    running.store.let.set()
    eventually(lambda: running.answer(CLEAR) == ALLOWED)
    assert {one.result() for one in stuck} == {ALLOWED}
    eventually(lambda: threading.active_count() <= before + MAX_STUCK + 4)  # the callers' threads stay


def test_calls_that_rest_on_no_fact_do_not_wait_for_the_store_s_answer_of_their_own_round(running: Running) -> None:
    """All of them are there before the round begins."""
    connections = [socket.create_connection(running.address, timeout=PATIENCE_S) for _ in range(2)]
    for connection, number in zip(connections, (STUCK, "112"), strict=True):
        connection.sendall(header((number, "fibra", "carrier1")))
    assert b"EMERGENCY" in connections[1].recv(4096)
    for connection in connections:
        connection.close()


def test_an_emergency_does_not_wait_for_a_disk_that_stands_still(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    append_all, written = DecisionLog.append_all, list[int]()

    def stuck(log: DecisionLog, lines: list[Line], deadline: float) -> None:
        running.store.let.wait()
        append_all(log, lines)
        written.append(len(lines))

    monkeypatch.setattr(DecisionLog, "append_all", stuck)
    assert [running.answer("112") for _ in range(3)] == [EMERGENCY] * 3
    other = running.asked(CLEAR)
    assert running.answer("112") == EMERGENCY and not other.done() and written == []
    running.store.let.set()
    assert other.result() == ALLOWED
    eventually(lambda: sum(written) == 5)


def test_a_round_that_fails_half_way_ends_its_calls_and_no_other(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(gate: Gate, asked: list[Any], **_: object) -> Iterator[tuple[int, Decision | None]]:
        raise RuntimeError(asked[0].request.destination)
        yield
    with monkeypatch.context() as broken:
        broken.setattr(Gate, "decide_all", fail)
        assert running.answer(CLEAR) == ""  # long before its deadline, or the peer's patience would end first
    assert running.answer(CLEAR) == ALLOWED


def test_where_each_is_decided_by_himself_one_that_fails_ends_no_other(
        listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide_all = Gate.decide_all

    def fail(gate: Gate, asked: list[Any], **options: Any) -> Iterator[tuple[int, Decision | None]]:
        if asked[0].request.destination == CLEAR:
            raise MemoryError
        yield from decide_all(gate, asked, **options)

    monkeypatch.setattr(Gate, "decide_all", fail)
    worker = Worker(listener, config.load(tmp_path / "gate.toml"), lambda: None)
    peers = [socket.create_connection(listener.getsockname(), timeout=PATIENCE_S) for _ in range(2)]
    for peer, number in zip(peers, (CLEAR, "112"), strict=True):
        peer.sendall(header((number, "fibra", "carrier1")))
    eventually(lambda: worker._connections.queued() == 2)
    worker._leader._is_late = True
    worker._leader._answer(True, [])
    assert peers[0].recv(4096) == b"" and b"EMERGENCY" in peers[1].recv(4096)
    for peer in peers:
        peer.close()


def test_a_header_in_two_pieces_whose_last_is_a_newline_is_read_whichever_way_lines_end(running: Running) -> None:
    words_of_one = header((CLEAR, "fibra", "carrier1")).replace(b"\n", b"\r\n")
    for cut in (-1, -2, -3, -4):
        with socket.create_connection(running.address, timeout=PATIENCE_S) as connection:
            connection.sendall(words_of_one[:cut])
            eventually(lambda: len(running.connections) == 1)
            connection.sendall(words_of_one[cut:])
            assert b"GATE_VERDICT" in connection.recv(4096)
        eventually(lambda: len(running.connections) == 0)


def test_who_has_been_told_all_is_waited_for_beside_the_others_and_closed_when_it_has_answered(running: Running) -> None:
    open_before = len(running.connections)
    told = [socket.create_connection(running.address, timeout=PATIENCE_S) for _ in range(2)]
    for connection in told:
        connection.sendall(header((CLEAR, "fibra", "carrier1")))
        assert b"ALLOW" in connection.recv(4096) and connection.recv(1) == b""
        assert running.answer(CLEAR) == ALLOWED
    eventually(lambda: len(running.connections) == open_before + 2)
    told[0].sendall(b"200 result=0\n")
    eventually(lambda: len(running.connections) == open_before + 1)
    told[1].close()
    eventually(lambda: len(running.connections) == open_before)
    told[0].close()


def test_whose_thread_stands_still_is_still_heard_out(running: Running) -> None:
    """Told in the round before the one that stands still, which has its last reply to read."""
    open_before = len(running.connections)
    with socket.create_connection(running.address, timeout=PATIENCE_S) as told:
        told.sendall(header((CLEAR, "fibra", "carrier1")))
        assert b"ALLOW" in told.recv(4096)
        (stuck,) = running.stand_still()
        told.sendall(b"200 result=0\n")
        running.store.let.set()
        assert stuck.result() == ALLOWED
        eventually(lambda: len(running.connections) == open_before)


# --- a wait that does not begin with a sleep

def test_what_comes_soon_is_found_without_a_sleep_and_what_does_not_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def poll(seconds: float) -> list[str]:
        asked.append(seconds)
        return ["it"] if len(asked) == 3 else []
    with monkeypatch.context() as patient:
        patient.setattr("agi_gate.awake._AWAKE_S", PATIENCE_S)
        assert soon(poll) == ["it"] and asked == [0, 0, 0]
    assert soon(lambda _: list[str]()) == []


# --- who owns a connection

@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with listen(config.load(write_gate_toml(tmp_path)).daemon) as listener:
        yield listener


def _accepted(connections: Connections, address: tuple[str, int], says: bytes) -> tuple[socket.socket, Any]:
    theirs = socket.create_connection(address, timeout=PATIENCE_S)
    theirs.sendall(says)
    assert connections.wait(PATIENCE_S)[0]
    ((talk,), _) = connections.accept(1, DEADLINE_S, lambda _: True)
    talk.connection.recv(100)
    return theirs, talk


def test_who_has_been_taken_is_closed_by_nobody_else_though_room_is_wanted(
        listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its descriptor would be the next caller's, who would hear its verdict."""
    connections = Connections(listener)
    monkeypatch.setattr(connections, "_places", 2)
    first, talk = _accepted(connections, listener.getsockname(), b"agi_")
    connections.put_back(talk)
    first.sendall(b"network: yes\n")
    assert connections.wait(PATIENCE_S) == (False, [talk])
    second, other = _accepted(connections, listener.getsockname(), b"agi_")
    assert talk.connection.fileno() == talk.descriptor != other.descriptor
    connections.put_back(other)
    third, last = _accepted(connections, listener.getsockname(), b"agi_")
    assert other.connection.fileno() == -1 and talk.connection.fileno() == talk.descriptor
    for one in (talk, last):
        connections.close(one)
    for peer in (first, second, third):
        peer.close()


def test_past_its_deadline_who_waits_is_closed_and_who_was_taken_is_shut_down(listener: socket.socket) -> None:
    connections = Connections(listener)
    waits, talk = _accepted(connections, listener.getsockname(), b"agi_")
    connections.put_back(talk)
    in_hand, other = _accepted(connections, listener.getsockname(), b"agi_")
    connections.sweep(time.monotonic())
    assert len(connections) == 2
    connections.sweep(time.monotonic() + DEADLINE_S + 1)
    assert (talk.connection.fileno(), other.connection.fileno()) == (-1, other.descriptor)
    assert waits.recv(1) == in_hand.recv(1) == b""
    connections.close(other)
    assert len(connections) == 0
    for peer in (waits, in_hand):
        peer.close()
