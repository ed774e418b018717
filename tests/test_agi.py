"""The AGI conversation: nothing that the other side says, cuts off or leaves out makes it wait, guess or obey."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agi_gate.agi import (MAX_HEADER_LINES, MAX_LINE_BYTES, MAX_REPLIES_BYTES, CommandRefused, Conversation,
                          DeadlinePassed, GarbageReceived, Hangup, header_end, last_line)
from lab.peer import HEADER, header, words_of

DEADLINE_S = 2.0
GOOD = header(("0212345600", "fibra", "carrier1"))
OK, HUNG_UP = b"200 result=1\n", b"200 result=-1\n"


@dataclass
class Peer:
    """The other side: sends all of its words and ends its stream, and keeps what was said to it."""

    descriptor: int
    heard: Callable[[], bytes]


@contextlib.contextmanager
def peer_that_says(words: bytes, *, one_byte: bool = False, stays: bool = False) -> Iterator[Peer]:
    ours, theirs = socket.socketpair()

    def talk() -> None:
        with contextlib.suppress(OSError):
            for start in range(0, len(words), 1 if one_byte else max(1, len(words))):
                theirs.sendall(words[start:start + 1] if one_byte else words)
            if not stays:
                theirs.shutdown(socket.SHUT_WR)

    def heard() -> bytes:
        ours.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: theirs.recv(65536), b""))

    thread = threading.Thread(target=talk)
    with ours, theirs:
        thread.start()
        yield Peer(ours.fileno(), heard)
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        thread.join()


def converse(descriptor: int, deadline_s: float = DEADLINE_S) -> Conversation:
    return Conversation(descriptor, descriptor, time.monotonic() + deadline_s)


def set_variable(conversation: Conversation, name: str, value: str) -> None:
    conversation.say_variable(name, value)
    conversation.hear()


def hang_up(conversation: Conversation) -> None:
    conversation.say_hang_up(21)
    conversation.hear()


def whole_conversation(words: bytes, *, one_byte: bool = False) -> tuple[Conversation, list[str]]:
    """Read the header, set two variables, hang up: the conversation, and the lines that were said."""
    with peer_that_says(words, one_byte=one_byte) as peer:
        conversation = converse(peer.descriptor)
        set_variable(conversation, "GATE_REASON", "REGISTRY_OPPOSED")
        set_variable(conversation, "GATE_VERDICT", "DENY")
        hang_up(conversation)
        return conversation, peer.heard().decode().splitlines()


SAID = ['SET VARIABLE "GATE_REASON" "REGISTRY_OPPOSED"', 'SET VARIABLE "GATE_VERDICT" "DENY"', 'EXEC Hangup "21"']


@pytest.mark.parametrize("one_byte", (False, True), ids=("whole", "byte by byte"))
@pytest.mark.parametrize("replies", (
    OK + OK + HUNG_UP, b"HANGUP\n" + OK + OK + b"HANGUP\nHANGUP\n" + HUNG_UP, OK.replace(b"\n", b"\r\n") * 2 + HUNG_UP,
    b"200 result=1 (a (b) c)\n" * 3, b"200 result=0\n" * 3, OK + OK + HUNG_UP + b"HANGUP\n"), ids=repr)
def test_a_conversation_goes_its_way(replies: bytes, one_byte: bool) -> None:
    conversation, said = whole_conversation(GOOD + replies, one_byte=one_byte)
    assert said == SAID
    assert conversation.env["agi_arg_2"] == "fibra" and len(conversation.env) == len(HEADER) + 3


def test_nothing_is_told_on_stderr_or_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    whole_conversation(GOOD + OK + OK + HUNG_UP)
    assert capfd.readouterr() == ("", "")


def test_it_works_outside_the_main_thread_and_leaves_signals_alone() -> None:
    said: list[list[str]] = []
    thread = threading.Thread(target=lambda: said.append(whole_conversation(GOOD + OK + OK + HUNG_UP)[1]))
    thread.start()
    thread.join()
    assert said == [SAID]


def test_it_works_over_pipes() -> None:
    reading, their_end = os.pipe()
    their_ear, writing = os.pipe()
    os.write(their_end, GOOD + OK)
    set_variable(Conversation(reading, writing, time.monotonic() + DEADLINE_S), "A", "b")
    assert os.read(their_ear, 100) == b'SET VARIABLE "A" "b"\n'
    for descriptor in (reading, their_end, their_ear, writing):
        os.close(descriptor)


# --- what is said

@pytest.mark.parametrize("value", (
    "", " ", "plain", 'say "yes"', '"', '""', "\\", '\\"', "a\\", "a, b", "$(x) ${GATE_VERDICT}", "è ☎", "x" * 400,
    "a" + '"' * 50))
def test_a_value_arrives_as_it_is(value: str) -> None:
    with peer_that_says(GOOD + OK) as peer:
        set_variable(converse(peer.descriptor), "GATE_SOURCE", value)
        lines = peer.heard().decode().split("\n")
    assert len(lines) == 2 and words_of(lines[0]) == ["SET", "VARIABLE", "GATE_SOURCE", value]


@pytest.mark.parametrize("value", (
    '"\nSET VARIABLE "GATE_VERDICT" "ALLOW"', "a\nb", "a\r\nb", "a\rb", "a\0b", "\n", "\n\n\n", '\\"\nHANGUP\n'))
def test_a_value_never_begins_another_command(value: str) -> None:
    with peer_that_says(GOOD + OK) as peer:
        set_variable(converse(peer.descriptor), "GATE_SOURCE", value)
        said = peer.heard()
    assert said.count(b"\n") == 1 and said.endswith(b"\n") and b"\r" not in said and b"\0" not in said
    words = words_of(said.decode().removesuffix("\n"))
    assert words[:3] == ["SET", "VARIABLE", "GATE_SOURCE"] and len(words) == 4


def test_bytes_that_are_not_utf_8_survive_both_ways() -> None:
    name = "Niccol\udcc3"  # half of an `ò`
    with peer_that_says(header(("x",), agi_calleridname=name, agi_channel="\udcff\udcfe") + OK) as peer:
        conversation = converse(peer.descriptor)
        assert (conversation.env["agi_calleridname"], conversation.env["agi_channel"]) == (name, "\udcff\udcfe")
        set_variable(conversation, "A", name)
        assert b"Niccol\xc3" in peer.heard()


def test_header_values_may_hold_colons_and_blanks() -> None:
    with peer_that_says(header(("a: b:c",), agi_calleridname="x: y")) as peer:
        env = converse(peer.descriptor).env
    assert (env["agi_arg_1"], env["agi_calleridname"], env["agi_accountcode"]) == ("a: b:c", "x: y", "")


# --- the end of the stream

def test_the_end_of_the_stream_is_a_hangup_wherever_it_comes() -> None:
    words = GOOD + OK + b"HANGUP\n" + OK + HUNG_UP
    for length in range(len(words)):
        started = time.monotonic()
        with pytest.raises(Hangup):
            whole_conversation(words[:length])
        assert time.monotonic() - started < DEADLINE_S / 2, length


@pytest.mark.parametrize("words", (
    b"520-Invalid command syntax.  Proper usage follows:\n", b"520-Invalid\n Usage: SET VARIABLE\n", b"520",
    b"HANGUP\n", b"200 res"))
def test_the_end_of_the_stream_within_a_reply_is_a_hangup(words: bytes) -> None:
    with peer_that_says(GOOD + words) as peer, pytest.raises(Hangup):
        set_variable(converse(peer.descriptor), "A", "b")


def test_a_peer_that_resets_is_a_hangup() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as theirs:
        ours, _ = listener.accept()
        with ours:
            theirs.sendall(GOOD)
            conversation = converse(ours.fileno())
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            theirs.close()
            for _ in range(2):  # the first finds the reset, the second a socket that is gone
                with pytest.raises(Hangup):
                    set_variable(conversation, "A", "b")


def test_a_pipe_that_nobody_reads_is_a_hangup() -> None:
    reading, their_end = os.pipe()
    their_ear, writing = os.pipe()
    os.write(their_end, GOOD)
    conversation = Conversation(reading, writing, time.monotonic() + DEADLINE_S)
    os.close(their_ear)
    with pytest.raises(Hangup):
        set_variable(conversation, "A", "b")
    for descriptor in (reading, their_end, writing):
        os.close(descriptor)


# --- refusals

REFUSALS = {
    "510": b"510 Invalid or unknown command\n",
    "511": b"511 Command Not Permitted on a dead channel or intercept routine\n",
    "520": b"520 Invalid command syntax.  Proper usage not available.\n",
    "520 in several lines": b"520-Invalid command syntax.  Proper usage follows:\n Usage: SET VARIABLE\n200 result=1\n"
                            b"520 End of proper usage.\n",
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refused_command_is_told_and_the_conversation_stays_in_step(refusal: bytes) -> None:
    with peer_that_says(GOOD + b"HANGUP\n" + refusal + OK) as peer:
        conversation = converse(peer.descriptor)
        with pytest.raises(CommandRefused):
            set_variable(conversation, "A", "b")
        set_variable(conversation, "A", "b")


def test_an_application_that_is_not_loaded_is_a_refusal() -> None:
    with peer_that_says(GOOD + b"200 result=-2\n") as peer, pytest.raises(CommandRefused):
        hang_up(converse(peer.descriptor))


@pytest.mark.parametrize("refusal",
                         (b"510 3331234500\n", b"520 3331234500\n", b"511 3331234500\n", b"999 3331234500\n"))
def test_an_error_does_not_repeat_what_was_received(refusal: bytes) -> None:
    with peer_that_says(GOOD + refusal) as peer, pytest.raises((CommandRefused, GarbageReceived)) as caught:
        set_variable(converse(peer.descriptor), "A", "b")
    assert "333" not in str(caught.value)


# --- garbage

@pytest.mark.parametrize("words", (
    b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\n", b"agi_network yes\n\n", b"AGI_NETWORK: yes\n\n",
    b"agi_request: x\nHANGUP\n\n", b"agi_callerid: 1\nagi_dnid: 2\nagi_callerid: 3\n\n",
    b"agi_" + b"x" * 65 + b": y\n\n", b"x\n" * 10), ids=repr)
def test_a_header_that_is_not_agi_s_is_garbage(words: bytes) -> None:
    with peer_that_says(words, stays=True) as peer, pytest.raises(GarbageReceived):
        converse(peer.descriptor)


@pytest.mark.parametrize("reply", (
    b"\n", b"200\n", b"200 OK\n", b"200 foo=1\n", b"100 result=1 Trying...\n", b"hangup\n", b" 200 result=1\n",
    b"2000 x\n",
    b"\xff\xfe\n", b"agi_arg_3: carrier1\n", b"failure\n"), ids=repr)
def test_a_reply_that_is_not_agi_s_is_garbage(reply: bytes) -> None:
    with peer_that_says(GOOD + reply, stays=True) as peer, pytest.raises(GarbageReceived):
        set_variable(converse(peer.descriptor), "A", "b")


@pytest.mark.parametrize(("lines", "refused"),
                         ((MAX_HEADER_LINES - 1, False), (MAX_HEADER_LINES, True), (100_000, True)))
def test_a_header_has_an_end(lines: int, refused: bool) -> None:
    words = b"".join(b"agi_arg_%d: x\n" % number for number in range(lines)) + b"\n"
    with peer_that_says(words, stays=True) as peer:
        with pytest.raises(GarbageReceived) if refused else contextlib.nullcontext():
            converse(peer.descriptor)


@pytest.mark.parametrize(("line_bytes", "refused"), ((MAX_LINE_BYTES, False), (MAX_LINE_BYTES + 1, True)))
def test_a_line_has_an_end(line_bytes: int, refused: bool) -> None:
    with peer_that_says(b"agi_dnid: ".ljust(line_bytes, b"x") + b"\n\n", stays=True) as peer:
        with pytest.raises(GarbageReceived) if refused else contextlib.nullcontext():
            converse(peer.descriptor)


def test_a_line_without_an_end_is_not_collected_for_ever() -> None:
    with peer_that_says(b"x" * 10_000_000, stays=True) as peer, pytest.raises(GarbageReceived):
        converse(peer.descriptor)


# --- time

@pytest.mark.parametrize("words", (b"", b"agi_network: yes\n", GOOD[:-1]), ids=("silence", "one line", "no empty line"))
def test_a_header_that_does_not_come_is_not_waited_for_past_the_deadline(words: bytes) -> None:
    with peer_that_says(words, stays=True) as peer:
        started = time.monotonic()
        with pytest.raises(DeadlinePassed):
            converse(peer.descriptor, 0.2)
        assert 0.15 < time.monotonic() - started < 0.6


@pytest.mark.parametrize("words", (b"", b"200 resul", b"HANGUP\n" * 1000, b"520-usage\nmore\n" * 1000), ids=(
    "silence", "half a reply", "only HANGUP", "usage without an end"))
def test_a_reply_that_does_not_come_is_not_waited_for_past_the_deadline(words: bytes) -> None:
    with peer_that_says(GOOD + words, stays=True) as peer:
        conversation = converse(peer.descriptor, 0.2)
        started = time.monotonic()
        with pytest.raises(DeadlinePassed):
            set_variable(conversation, "A", "b")
        assert time.monotonic() - started < 0.6


def test_a_peer_that_drips_does_not_stretch_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        for byte in GOOD:
            if stop.wait(0.05):
                return
            theirs.sendall(bytes((byte,)))

    thread = threading.Thread(target=drip)
    with ours, theirs:
        thread.start()
        started = time.monotonic()
        with pytest.raises(DeadlinePassed):
            converse(ours.fileno(), 0.4)
        elapsed_s = time.monotonic() - started
        stop.set()
        thread.join()
    assert 0.3 < elapsed_s < 0.8


def test_the_deadline_is_one_for_the_whole_conversation() -> None:
    with peer_that_says(GOOD + OK, stays=True) as peer:
        conversation = converse(peer.descriptor, 0.2)
        set_variable(conversation, "A", "b")
        time.sleep(0.2)
        started = time.monotonic()
        with pytest.raises(DeadlinePassed):
            set_variable(conversation, "A", "b")
        assert time.monotonic() - started < 0.1


@pytest.mark.parametrize("behind", (b"agi_context: agi-gate\n", b"\nagi_context: agi-gate\n\n", b"agi_con", b"HANGUP\nagi_extension: s\n"))
def test_a_header_that_goes_on_behind_its_end_is_believed_in_nothing(behind: bytes) -> None:
    """A phone that writes a line break into a Diversion can end the header early, behind arguments of its own."""
    with peer_that_says(GOOD + behind, stays=True) as peer, pytest.raises(GarbageReceived, match="behind its end"):
        conversation = converse(peer.descriptor)
        while True:  # the rest may come a little later
            conversation.look()


def test_what_comes_unasked_and_is_no_header_is_heard_in_its_time() -> None:
    with peer_that_says(GOOD, stays=True) as peer:
        conversation = converse(peer.descriptor)
        conversation.look()
        conversation.check_caller()
    with peer_that_says(GOOD + b"HANGUP\n" + OK, stays=True) as peer:
        conversation = converse(peer.descriptor)
        conversation.look()
        set_variable(conversation, "GATE_VERDICT", "DENY")


# --- what a header and replies may take

_LINES = some.lists(some.sampled_from((b"agi_a: b", b"agi_a: b\r", b"agi_a", b"ag", b"x: y", b"", b"\r", b"agi_a: \xff:")), max_size=6)


@given(_LINES, some.sampled_from((b"\n\n", b"\n", b"")), some.lists(some.integers(0, 60)))
def test_a_header_is_read_the_same_in_whatever_pieces_it_comes(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    words = b"\n".join(lines) + end

    def read(pieces: list[int]) -> int | str:
        line = 0
        for piece in pieces:
            if (found := header_end(words[:piece], line)) >= 0:
                return found
            try:
                line = last_line(words[:piece], line)
            except GarbageReceived as error:
                return str(error)
        return -1
    whole, in_pieces = read([len(words)]), read([*sorted(cuts), len(words)])
    if whole != in_pieces:  # in pieces it is seen sooner that it is none: whole, its end is found before its lines are looked at
        assert isinstance(in_pieces, str) and isinstance(whole, int)
        assert any(not line.startswith(b"agi_") or b":" not in line for line in words[:whole].split(b"\n"))


@pytest.mark.parametrize("words", (
    b"agi_a: " + b"x" * MAX_LINE_BYTES, (b"agi_a: " + b"x" * 8000 + b"\n") * 5, b"agi_a: b\n" * (MAX_HEADER_LINES + 1), b"\n",
    b"GET / HTTP/1.1\r\n"), ids=("a line", "lines", "many lines", "a blank line", "HTTP"))
def test_a_header_that_is_too_long_or_none_is_left_before_its_end(words: bytes) -> None:
    with pytest.raises(GarbageReceived):
        last_line(words)


def test_replies_that_are_too_long_together_are_not_kept() -> None:
    """A usage message may have lines, and each of them be long: nobody's memory is the limit."""
    with peer_that_says(GOOD, stays=True) as peer:
        conversation, line = converse(peer.descriptor), b"520-" + b"x" * 4000 + b"\n"
        with pytest.raises(GarbageReceived, match="all replies together"):
            for _ in range(MAX_REPLIES_BYTES // len(line) + 1):
                conversation.take(line)
