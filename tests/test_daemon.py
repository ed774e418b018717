"""Conversations with the daemon: each call has its answer and its record, and no other peer disturbs it."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from lab.peer import ask, header
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S, eventually
from tests.support.daemon import Daemon, answer
from tests.support.gate_toml import CALLBACK, CALLER_ID, CLEAR, ENROLLED, NEVER_CHECKED, load_feeds, write_gate_toml

ALLOWED, SERVICE, EMERGENCY = "ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE", "ALLOW EMERGENCY"


@pytest.fixture(scope="module")
def shared(store_server: StoreServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Path]]:
    path = write_gate_toml(tmp_path_factory.mktemp("shared"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AGI_GATE_STORE_URL", store_server.url)
        with Daemon(path) as running:
            yield running, path


@pytest.fixture
def daemon(shared: tuple[Daemon, Path], store_url: str) -> Daemon:
    """One daemon for all tests that only hold conversations, as if it had just been started."""
    running, path = shared
    load_feeds(path)
    running.forget()
    return running


@pytest.fixture
def own_daemon(store_url: str, tmp_path: Path) -> Iterator[Daemon]:
    """One that has not told anything yet: it tells the same thing only so often."""
    path = write_gate_toml(tmp_path)
    load_feeds(path)
    with Daemon(path) as running:
        yield running


# --- conversations

@pytest.mark.parametrize("one_byte", (False, True), ids=("whole", "byte by byte"))
@pytest.mark.parametrize("stray_hangup", (False, True), ids=("", "HANGUP before each reply"))
def test_an_allowed_call_hears_allow_last_and_is_not_hung_up(daemon: Daemon, one_byte: bool,
                                                             stray_hangup: bool) -> None:
    heard = ask(daemon.address, CLEAR, "fibra", "carrier1", one_byte=one_byte, stray_hangup=stray_hangup)
    (command,) = heard.commands
    assert command.endswith(r'GATE_VERDICT=\"ALLOW\""') and heard.hangup_cause is None
    assert heard.variables == {
        "GATE_VERDICT": "ALLOW", "GATE_REASON": "DIRECTORY_NOT_OPPOSED", "GATE_REASONS": "DIRECTORY_NOT_OPPOSED",
        "GATE_DECISION_ID": daemon.records()[-1]["id"], "GATE_DESTINATION": f"+39{CLEAR}", "GATE_CALLER_ID": CALLER_ID,
        "GATE_SOURCE": "Elenco"}


@pytest.mark.parametrize("one_byte", (False, True), ids=("whole", "byte by byte"))
def test_a_denied_call_is_hung_up_with_cause_21_and_hears_no_destination(daemon: Daemon, one_byte: bool) -> None:
    heard = ask(daemon.address, ENROLLED, "fibra", "carrier1", one_byte=one_byte)
    assert heard.commands[-1] == 'EXEC Hangup "21"' and heard.hangup_cause == "21"
    assert (heard.variables["GATE_VERDICT"], heard.variables["GATE_DESTINATION"]) == ("DENY", "")
    assert heard.variables["GATE_REASON"] == "REGISTRY_OPPOSED"


def test_a_header_with_a_false_end_hears_no_verdict(daemon: Daemon) -> None:
    """As Asterisk sends it where a phone has a line break, arguments and a blank line in its Diversion."""
    begun, rest = header((ENROLLED, "fibra", "carrier1"), agi_rdnis="+39021\x00").split(b"\x00")
    forged = f"\nagi_arg_1: {CLEAR}\nagi_arg_2: fibra\nagi_arg_3: carrier1\n\n".encode()
    with socket.create_connection(daemon.address, timeout=PATIENCE_S) as connection:
        connection.sendall(begun + forged + rest)  # in one piece: whether a second one comes in time is up to the machine
        assert connection.recv(4096) == b""


def test_with_on_deny_return_a_denied_call_goes_back_to_the_dialplan(store_url: str, tmp_path: Path) -> None:
    path = write_gate_toml(tmp_path, ('hours = "off"', 'hours = "off"\non_deny = "return"'))
    load_feeds(path)
    with Daemon(path) as daemon:
        heard = ask(daemon.address, ENROLLED, "fibra")
        assert heard.hangup_cause is None and heard.variables["GATE_VERDICT"] == "DENY"


@pytest.mark.parametrize(("arguments", "changes", "expected"), (
    ((CLEAR, "fibra"), {}, ALLOWED), ((NEVER_CHECKED, "fibra"), {}, "DENY REGISTRY_UNKNOWN"),
    ((NEVER_CHECKED, "assistenza"), {}, SERVICE),
    (("112", "fibra"), {}, EMERGENCY),
    (("112", "fibra"), {"agi_callingpres": "32", "agi_callerid": "unknown"}, EMERGENCY),
    ((CLEAR, "fibra"), {"agi_callingpres": "32"}, "DENY CALLER_ID_WITHHELD"),
    ((CLEAR, "fibra"), {"agi_callerid": "unknown"}, "DENY CALLER_ID_MISSING"),
    ((CLEAR, "fibra"), {"agi_callerid": "201"}, "DENY CALLER_ID_MALFORMED"),
    ((CLEAR, "fibra"), {"agi_callerid": "\udcff"}, "DENY CALLER_ID_MALFORMED"),
    ((CLEAR, "unknown"), {}, "DENY CAMPAIGN_UNKNOWN"), ((CLEAR,), {}, "DENY CAMPAIGN_UNKNOWN"),
    ((), {}, "DENY DESTINATION_INVALID"),
    (("", "", ""), {}, "DENY DESTINATION_INVALID"), (("02\udcff", "fibra"), {}, "DENY DESTINATION_INVALID"),
    # what a phone dialled must not become the campaign's argument
    ((CLEAR, "assistenza", "fibra", "carrier1"), {}, "DENY DESTINATION_INVALID"),
    (("x" * 8000, "fibra"), {}, "DENY DESTINATION_INVALID"),
), ids=str)
def test_each_request_has_its_answer_and_its_record(
        daemon: Daemon, arguments: tuple[str, ...], changes: dict[str, str], expected: str) -> None:
    heard = ask(daemon.address, *arguments, **changes)
    assert f"{heard.variables['GATE_VERDICT']} {heard.variables['GATE_REASON']}" == expected
    if expected == EMERGENCY:  # its record follows
        eventually(daemon.records)
    assert [f"{record['verdict']} {record['reason']}" for record in daemon.records()] == [expected]


def test_bytes_that_are_not_utf_8_survive_into_the_record(daemon: Daemon) -> None:
    ask(daemon.address, CLEAR, "fibra", agi_channel="PJSIP/Niccol\udcc3")
    assert daemon.records()[-1]["channel"] == "PJSIP/Niccol\udcc3"


@pytest.mark.parametrize("after", range(1, 3))
def test_a_hang_up_at_any_step_is_no_error_and_leaves_its_record(daemon: Daemon, after: int) -> None:
    heard = ask(daemon.address, ENROLLED, "fibra", hang_up_after=after)
    assert len(heard.commands) == after and heard.variables.get("GATE_VERDICT", "DENY") == "DENY"
    assert answer(daemon) == ALLOWED
    assert [record["reason"] for record in daemon.records()] == ["REGISTRY_OPPOSED", "DIRECTORY_NOT_OPPOSED"]
    assert daemon.complaints() == []


def test_a_hang_up_within_the_header_is_no_error_and_no_decision(daemon: Daemon) -> None:
    words = header((CLEAR, "fibra"))
    for length in range(0, len(words) - 1, 25):
        with socket.create_connection(daemon.address) as connection:
            connection.sendall(words[:length])
    assert answer(daemon) == ALLOWED
    assert len(daemon.records()) == 1
    assert daemon.complaints() == []


def test_fifty_conversations_at_once_each_have_their_answer_and_their_record(daemon: Daemon) -> None:
    numbers = [CLEAR, ENROLLED, NEVER_CHECKED, "112", CALLBACK] * 20
    with ThreadPoolExecutor(50) as pool:
        answers = Counter(pool.map(lambda number: answer(daemon, number), numbers))
    assert answers == {ALLOWED: 20, "DENY REGISTRY_OPPOSED": 20, "DENY REGISTRY_UNKNOWN": 20 + 19, EMERGENCY: 20,
                       "ALLOW CALLBACK_REQUESTED": 1}
    eventually(lambda: len(daemon.records()) == 100)  # an emergency's record follows its answer
    assert Counter(f"{record['verdict']} {record['reason']}" for record in daemon.records()) == answers
    assert len({record["id"] for record in daemon.records()}) == 100


# --- peers that are not Asterisk

GARBAGE = (b"GET /3331234500 HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(100) + b"\n", b"\n", b"3331234500\n" * 9,
           b"agi_request: 3331234500\nx\n", bytes(20_000), b"x" * 20_000)


def talk(daemon: Daemon, words: bytes) -> bytes:
    """Say something and hear until the gate closes."""
    with socket.create_connection(daemon.address, timeout=PATIENCE_S) as connection:
        heard = b""
        try:
            connection.sendall(words)
            while data := connection.recv(4096):
                heard += data
        except ConnectionResetError:  # closed with words of ours unread
            pass
        return heard


def test_garbage_ends_its_own_conversation_and_nothing_else(own_daemon: Daemon) -> None:
    workers = own_daemon.workers()
    for number, words in enumerate(GARBAGE, 1):
        assert talk(own_daemon, words) == b"", words[:20]
        assert answer(own_daemon) == ALLOWED, words[:20]
        # told just after the connection was closed, by a worker that the answer above need not have come from
        eventually(lambda: own_daemon.said().count("conversation ended") >= number)
    assert own_daemon.said().count("conversation ended") == len(GARBAGE)
    assert own_daemon.workers() == workers


@pytest.mark.parametrize("reply",
                         (b"3331234500\n", b"200 3331234500\n", b"510 3331234500\n", b"520 3331234500\n",
                          b"511 3331234500\n"))
def test_after_a_garbage_reply_nothing_is_said(daemon: Daemon, reply: bytes) -> None:
    heard = talk(daemon, header((ENROLLED, "fibra")) + reply * 20)
    assert heard.count(b"\n") == 1 and b"DENY" in heard
    assert len(daemon.records()) == 1


def test_a_call_back_is_told_last_of_all_and_given_back_where_it_was_not(daemon: Daemon, store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        client.delete(f"agi:{{acme}}:used:39{CALLBACK}")
    heard = talk(daemon, header((CALLBACK, "fibra")) + b"510 no\n")
    assert heard.count(b"\n") == 1 and b"CALLBACK_REQUESTED" in heard and b"GATE_VERDICT" not in heard
    eventually(lambda: answer(daemon, CALLBACK) == "ALLOW CALLBACK_REQUESTED")
    assert answer(daemon, CALLBACK) == "DENY REGISTRY_UNKNOWN"


def test_garbage_all_day_does_not_fill_the_log(daemon: Daemon) -> None:
    for _ in range(150):
        for words in GARBAGE[:3]:
            talk(daemon, words)
    assert answer(daemon) == ALLOWED
    assert 0 < len(daemon.said().splitlines()) < 50 and len(daemon.records()) == 1


def test_no_number_of_a_person_is_ever_told_on_stderr(own_daemon: Daemon, store_url: str) -> None:
    daemon = own_daemon
    for number in (CLEAR, ENROLLED, NEVER_CHECKED, "3331234500p99", "3331234500", CALLBACK):
        for campaign in ("fibra", "assistenza", "unknown"):
            ask(daemon.address, number, campaign, agi_callerid="3339876543", agi_channel="PJSIP/3339876543")
    for words in GARBAGE:
        talk(daemon, words)
    for reply in (b"510 3331234500\n", b"x3331234500\n"):
        talk(daemon, header(("3331234500", "fibra")) + reply)
    # a store in which somebody else has written
    with redis.Redis.from_url(store_url) as client:
        client.flushall()
        client.set("agi:{acme}:used:393331234500", "x")
        client.set("agi:{acme}:r:39021234", b"12345678 021234560")
        client.set("agi:{acme}:r:39333123", b"12345678 393331234")
    ask(daemon.address, "3331234500", "fibra")
    ask(daemon.address, CLEAR, "fibra")
    assert {record["reason"] for record in daemon.records()[-2:]} == {"STORE_UNAVAILABLE"}
    said = daemon.said()
    assert "store unavailable" in said
    assert re.search(r"333[19]|02123456|CALLER|39021234", said) is None, said


def test_peers_that_stall_are_left_at_the_deadline_and_others_are_served(daemon: Daemon) -> None:
    for said in (b"", header((CLEAR, "fibra"))[:40]):
        stalled = [socket.create_connection(daemon.address, timeout=PATIENCE_S) for _ in range(20)]
        for connection in stalled:
            connection.sendall(said)
        assert answer(daemon) == ALLOWED  # or it would have come to its own deadline behind them
        for connection in stalled:
            assert connection.recv(1) == b""
            connection.close()
