"""Behind both doors: what is heard between a header's end and the verdict."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from agi_gate.agi import Conversation, GarbageReceived
from agi_gate.door import request_from, tell
from lab.peer import header
from tests.test_gate import World


@pytest.mark.parametrize("rest", (b"agi_context: agi-gate\n", b"agi_con"), ids=("a line", "a part of one"))
def test_a_header_that_goes_on_while_the_call_is_decided_hears_no_verdict(tmp_path: Path, rest: bytes) -> None:
    """Asterisk writes line by line: what stands behind a false end may come after the gate has begun."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(header(("3331234500", "fibra", "carrier1")))
        conversation = Conversation(ours.fileno(), ours.fileno(), time.monotonic() + 2)
        decision = World(tmp_path).gate.decide(request_from(conversation.env))
        theirs.sendall(rest)
        with pytest.raises(GarbageReceived, match="behind its end"):
            next(tell(conversation, decision, "hangup"))
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(4096) == b""
