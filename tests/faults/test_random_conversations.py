"""Random conversations: whatever comes, no ALLOW that was not deserved, none without its record, and no crash.

In one process, over real sockets, on a real store and a real log: a hundred thousand in a minute.  `make faults` has a
million of them, each from a seed that its failure names.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config
from agi_gate.agi import CommandRefused, Conversation, DeadlinePassed, GarbageReceived, Hangup
from agi_gate.decision_log import DecisionLog
from agi_gate.door import converse
from agi_gate.gate import Gate
from lab.peer import header
from lab.store_server import StoreServer
from tests.faults.stage import Form
from tests.support.gate_toml import CALLBACK, CLEAR, ENROLLED, NEVER_CHECKED, load_feeds, write_gate_toml
from tests.support.replayed import Replayed

MAY_BE_CALLED = {f"+39{number.removeprefix('+39')}" for number in (CLEAR, CALLBACK)}
NUMBERS = (CLEAR, ENROLLED, NEVER_CHECKED, CALLBACK, "112", "", "+44 20 7946 0000", "#31#" + CLEAR)
CAMPAIGNS = ("fibra", "fibra", "fibra", "assistenza", "no such", "")
SHARDS = (b"\n", b"\r\n", b"\n\n", b":", b'"', b"\\", b"${CDR(dst)}", b"\xff\xc3", b"\0", b"HANGUP\n", b"agi_arg_1: 112\n",
          b"agi_arg_2: assistenza\n", b"agi_callerid: unknown\n", b"agi_callingpres: 32\n", b"200 result=1\n", b",", b"'", b" ",
          "\u202e".encode(), b"agi_", b"9" * 300)
REPLIES = (b"200 result=1\n", b"200 result=1\n", b"200 result=1\n", b"200 result=0\n", b"200 result=-1\n", b"HANGUP\n200 result=1\n",
           b"510 Invalid or unknown command\n", b"511 Command Not Permitted on a dead channel\n", b"520-Invalid\n520 End\n",
           b"200\n", b"", b"result=1 200\n", b"200 result=1")
ALLOW = re.compile(rb'GATE_VERDICT\W+ALLOW\W')
BATCH = 5_000


@pytest.fixture(scope="module")
def gate_toml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with StoreServer.start() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGI_GATE_STORE_URL", server.url)
        path = write_gate_toml(tmp_path_factory.mktemp("random"))
        load_feeds(path)
        yield path


def conversation_of(chance: random.Random) -> tuple[bytes, bool]:
    """All that Asterisk's side says, in order and out of it, and whether it is gone then."""
    said = bytearray(header((chance.choice(NUMBERS), chance.choice(CAMPAIGNS), "carrier1")))
    if chance.random() < 0.3:
        said += b"".join(chance.choices(REPLIES, k=3))
    else:
        said += b"200 result=1\n" * 3
    for _ in range(chance.choice((0, 1, 1, 2, 5, 20))):
        here = chance.randrange(len(said) + 1)
        there = min(len(said), here + chance.choice((1, 1, 3, 30)))
        match chance.randrange(5):
            case 0:
                said[here:here] = chance.choice(SHARDS)
            case 1:
                del said[here:there]
            case 2:
                said[here:here] = said[here:there]
            case 3:
                said[here:there] = chance.randbytes(there - here)
            case _:
                said[here:there] = bytes(byte ^ 1 << chance.randrange(8) for byte in said[here:there])
    if chance.random() < 0.05:
        return bytes(said[:chance.randrange(len(said) + 1)]), True
    return bytes(said) + b"\n200 result=1" * 8 + b"\n", False


def held(said: bytes, is_gone: bool, gate: Gate) -> tuple[str, bytes]:
    """How a conversation ended, and all that the gate said in it."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.sendall(said)
        if is_gone:
            theirs.shutdown(socket.SHUT_WR)
        try:
            converse(Conversation(ours.fileno(), ours.fileno(), time.monotonic() + 0.5), gate, "hangup")
            ending = "answered"
        except (Hangup, GarbageReceived, DeadlinePassed, CommandRefused) as error:
            ending = type(error).__name__
        ours.close()
        heard = b""
        while more := theirs.recv(1 << 16):
            heard += more
    return ending, heard


def records_of(log: Path) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in map(json.loads, log.read_bytes().splitlines())} if log.exists() else {}


def wrong_with(heard: bytes, records: dict[str, dict[str, Any]]) -> str | None:
    named = re.search(rb'GATE_DECISION_ID[\\"=\s]+([0-9a-f]{12}-[0-9a-f]{12})', heard)
    if named is None:
        return "a verdict without its decision" if b"GATE_VERDICT" in heard else None
    record = records.get(named[1].decode())
    if record is None:
        return "a decision that is not on record"
    if not ALLOW.search(heard):
        return None
    if record["verdict"] != "ALLOW":
        return "ALLOW, and its record says DENY"
    if record["reason"] not in ("EMERGENCY", "SERVICE") and record["destination"] not in MAY_BE_CALLED:
        return f"ALLOW {record['reason']} that nothing deserves"
    return None


def test_random_conversations(gate_toml: Path, form: Form) -> None:
    settings = config.load(gate_toml)
    log = DecisionLog(settings.log.path)
    gate, first = Gate.under(settings, log), int(os.environ.get("AGI_GATE_SEED", random.randrange(1 << 40)))
    wanted, endings, allowed = 1_000_000 if form.long else 5_000, Counter[str](), 0
    for begin in range(first, first + wanted, BATCH):
        batch = {seed: held(*conversation_of(random.Random(seed)), gate) for seed in range(begin, begin + BATCH)}
        records = records_of(settings.log.path)
        wrong = [f"AGI_GATE_SEED={seed}: {words}" for seed, (_, heard) in batch.items()
                 if (words := wrong_with(heard, records)) is not None]
        assert wrong == []
        endings.update(ending for ending, _ in batch.values())
        allowed += sum(ALLOW.search(heard) is not None for _, heard in batch.values())
        replayed = Replayed.under(settings.log.path.parent, set())
        assert replayed.records == len(records) and replayed.differing == []
        os.truncate(settings.log.path, 0)
    log.close()
    assert sum(endings.values()) == wanted and allowed > wanted // 50
    assert {"answered", "Hangup", "GarbageReceived", "CommandRefused"} <= set(endings)
