"""For a caller who has gone nothing is decided.

The rounds are gone through one by one, so that what is in each can be counted.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config
from agi_gate.daemon import listen
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


def test_who_says_more_than_a_header_and_stays_is_answered(rounds: Rounds) -> None:
    peer = rounds.asks(PBX, said=lambda words: words + b"200 result=0\n" * 5)
    later = rounds.asks(PBX)
    later.sendall(b"200 result=0\n")
    rounds.go()
    assert heard(peer) == heard(later) == ALLOWED
