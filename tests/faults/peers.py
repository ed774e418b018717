"""Peers that do not play Asterisk's part: each behaviour holds one connection as long as it likes, or until all is over.

A behaviour gets the daemon's address, an event that ends it, and its number; it answers what it heard.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from lab.peer import header
from lab.waiting import PATIENCE_S
from tests.faults.callers import reply, reset
from tests.faults.numbers import CLEAR, ENROLLED

Address = tuple[str, int]
Behaviour = Callable[[Address, threading.Event, int], bytes]

CONNECTED_S = PATIENCE_S
OK = b"200 result=1\n"
HOSTILE_TEXTS = (
    'x" "GATE_VERDICT" "ALLOW', "x\\", "x\\\"", "${GATE_VERDICT}", "${SHELL(id)}", "$[1=1]", "x\rSET VARIABLE GATE_VERDICT ALLOW",
    "x\nSET VARIABLE GATE_VERDICT ALLOW", "x\n\n", "x\nagi_arg_2: assistenza", "x\nagi_callerid: +390212340000", "Niccol\udcc3",
    "\udcff\udcfe", "\u202e0212345601", "\0", "%s%n", "'; --", "x" * 8000, "é" * 3000, "HANGUP", "200 result=1", "ALLOW")
_FIELDS = ("agi_channel", "agi_callerid", "agi_calleridname", "agi_callingpres", "agi_uniqueid", "agi_dnid", "agi_rdnis",
           "agi_extension", "agi_context", "agi_accountcode", "agi_network_script", "agi_arg_1", "agi_arg_2", "agi_arg_3")


def words(number: str = ENROLLED.number, **changes: str) -> bytes:
    return header((number, "fibra", "carrier1"), **changes)


def hear(connection: socket.socket, over: threading.Event) -> bytes:
    """Whatever comes until the gate closes or all is over."""
    heard = b""
    connection.settimeout(0.1)
    while not over.is_set():
        try:
            received = connection.recv(65536)
        except TimeoutError:
            continue
        if not received:
            break
        heard += received
    return heard


def hangs_up_at_each_step(address: Address, over: threading.Event, number: int) -> bytes:
    """After so many bytes of the header, or so many commands; every other time with a reset."""
    step, heard, variables = number % 40, b"", {}
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        said = words(ENROLLED.number if number % 3 else CLEAR.number)
        connection.sendall(said[:len(said) * step // 30] if step < 30 else said)
        for _ in range(step - 30):
            line = connection.recv(65536)
            heard += line
            if not line:
                break
            for command in line.decode().splitlines():
                connection.sendall(reply(command, variables))
        if number % 2:
            reset(connection)
    return heard


def one_byte_a_second(address: Address, over: threading.Event, number: int) -> bytes:
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        for place in range(600):
            connection.sendall(words()[place:place + 1])
            if over.wait(1.0):
                break
    return b""


def half_open(address: Address, over: threading.Event, number: int) -> bytes:
    """All of the header, and then never a reply, nor an end."""
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(words())
        over.wait()
        return hear(connection, over)


def no_newline(address: Address, over: threading.Event, number: int) -> bytes:
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(words().rstrip(b"\n")[:-1 - number % 5])
        return hear(connection, over)


def resets(address: Address, over: threading.Event, number: int) -> bytes:
    connection = socket.create_connection(address, timeout=CONNECTED_S)
    connection.sendall(words()[:number % 700])
    reset(connection)
    return b""


def a_hundred_thousand_lines(address: Address, over: threading.Event, number: int) -> bytes:
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(b"".join(b"agi_arg_%d: x\n" % line for line in range(4, 100_004)) + words())
        return hear(connection, over)


def lines_of_ten_megabytes(address: Address, over: threading.Event, number: int) -> bytes:
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(b"agi_calleridname: " + b"x" * 10_000_000 + b"\n" + words())
        return hear(connection, over)


def a_reply_of_ten_megabytes(address: Address, over: threading.Event, number: int) -> bytes:
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(words(CLEAR.number))
        heard = connection.recv(65536)
        connection.sendall(b"200 result=1 (" + b"x" * 10_000_000 + b")\n" + OK * 10)
        return heard + hear(connection, over)


def endless_header(address: Address, over: threading.Event, number: int) -> bytes:
    """As fast as it goes, without an end, without a newline."""
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        while not over.is_set():
            connection.sendall(b"x" * 65536)
    return b""


def hostile_texts(address: Address, over: threading.Event, number: int) -> bytes:
    """One hostile text in one field, in a request that is denied without it."""
    field, text = _FIELDS[number % len(_FIELDS)], HOSTILE_TEXTS[number // len(_FIELDS) % len(HOSTILE_TEXTS)]
    arguments = [ENROLLED.number, "fibra", "carrier1"]
    changes = {}
    if field.startswith("agi_arg_"):
        arguments[int(field[-1]) - 1] = text
    else:
        changes[field] = text
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(header(tuple(arguments), **changes) + OK * 10)
        return hear(connection, over)


def hangup_lines_without_end(address: Address, over: threading.Event, number: int) -> bytes:
    """Asterisk's HANGUP instead of every reply, as fast as it goes."""
    with socket.create_connection(address, timeout=CONNECTED_S) as connection:
        connection.sendall(words())
        while not over.is_set():
            connection.sendall(b"HANGUP\n" * 1000)
    return b""


@contextmanager
def many(address: Address, behave: Behaviour, at_once: int, heard: list[bytes]) -> Iterator[None]:
    """So many peers of one behaviour at a time, one after the other, until the block ends."""
    over, numbers = threading.Event(), count()

    def run() -> None:
        while not over.is_set():
            number = next(numbers)
            with contextlib.suppress(OSError):  # what the gate does to such a peer is the gate's to choose
                heard.append(behave(address, over, number))
            over.wait(0.01)

    threads = [threading.Thread(target=run) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def idle(address: Address, at_once: int, said: bytes = b"") -> Iterator[None]:
    """So many connections that say nothing more; one that is closed is opened again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < at_once + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, at_once + 500), hard))
    over, peers = threading.Event(), []

    def keep() -> None:
        while not over.is_set():
            for place, peer in enumerate(peers):
                with contextlib.suppress(BlockingIOError):
                    try:
                        ended = not peer.recv(4096)
                    except ConnectionError:
                        ended = True
                    if ended and not over.is_set():
                        peer.close()
                        peers[place] = _silent(address, said)
            over.wait(0.2)

    peers += [_silent(address, said) for _ in range(at_once)]
    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        for peer in peers:
            peer.close()


def _silent(address: Address, said: bytes) -> socket.socket:
    peer = socket.socket()
    peer.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        peer.connect(address)
    if said:
        with contextlib.suppress(OSError):
            peer.send(said)
    return peer
