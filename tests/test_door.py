"""Behind both doors: what is heard between a header's end and the verdict."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agi_gate.agi import Conversation, GarbageReceived, Hangup
from agi_gate.door import converse
from agi_gate.gate import Decisions, Gate
from lab.peer import header
from lab.waiting import PATIENCE_S
from tests.test_gate import World


@pytest.mark.parametrize("rest", (b"agi_context: agi-gate\n", b"agi_con"), ids=("a line", "a part of one"))
def test_a_header_that_goes_on_while_the_call_is_decided_hears_no_verdict(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: bytes) -> None:
    """Asterisk writes line by line: what stands behind a false end may come after the gate has begun."""
    ours, theirs = socket.socketpair()
    decide_all = Gate.decide_all

    def decided(gate: Gate, *asked: Any) -> Iterator[Decisions]:
        theirs.sendall(rest)
        yield from decide_all(gate, *asked)
    monkeypatch.setattr(Gate, "decide_all", decided)
    with ours, theirs:
        theirs.sendall(header(("3331234500", "fibra", "carrier1")))
        with pytest.raises(GarbageReceived, match="behind its end"):
            converse(Conversation(ours.fileno(), ours.fileno(), time.monotonic() + PATIENCE_S), World(tmp_path).gate, "hangup")
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(4096) == b""


@pytest.mark.parametrize("last_word", (b"", b"200 result=0\n", b"HANGUP\n"), ids=("nothing", "a reply", "HANGUP"))
@pytest.mark.parametrize("goes", (True, False), ids=("gone", "still connected"))
def test_nothing_is_decided_for_a_caller_who_has_gone(tmp_path: Path, last_word: bytes, goes: bool) -> None:
    ours, theirs = socket.socketpair()
    world = World(tmp_path)
    with ours, theirs:
        theirs.sendall(header(("3331234500", "fibra", "carrier1")) + last_word + b"200 result=0\n" * 6)
        if goes:
            theirs.shutdown(socket.SHUT_WR)
        conversation = Conversation(ours.fileno(), ours.fileno(), time.monotonic() + PATIENCE_S)
        with pytest.raises(Hangup) if goes or last_word == b"HANGUP\n" else contextlib.nullcontext():
            converse(conversation, world.gate, "hangup")
    assert len(world.lines) == (not goes and last_word != b"HANGUP\n")
