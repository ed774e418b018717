"""What a reply may be is known before it is read: a server that says too much is unavailable at once."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable
from typing import Any

import hiredis
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.store import wire
from agi_gate.store.bounds import Bounds
from agi_gate.store.reader import StoreUnavailable
from lab.store_server import StoreServer
from tests.store.test_reader import a_peer_that_says, ask

TOO_MUCH = (
    b"*2147483647\r\n", b"*1001\r\n", b"$536870912\r\n", b"$99999999999999999999\r\n", b"*17\r\n*2147483647\r\n",
    b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", b"%1000000\r\n", b"~9999999\r\n", b"$" + b"1" * 2_000, b"-" + b"E" * 5_000,
    b"*2\r\n:0\r\n:1\r\n*17\r\n$2147483647\r\n")
PLAIN = st.none() | st.integers(-10**9, 10**9) | st.binary(max_size=60) | st.binary(min_size=90, max_size=1_200)
REPLIES = st.recursive(PLAIN, lambda some: st.lists(some, max_size=5), max_leaves=12)


def depth_of(reply: object) -> int:
    return 1 + max(map(depth_of, reply), default=0) if isinstance(reply, list) else 0


def encoded(reply: object) -> bytes:
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, bytes):
        return b"$%d\r\n%b\r\n" % (len(reply), reply)
    assert isinstance(reply, list)
    return b"*%d\r\n" % len(reply) + b"".join(map(encoded, reply))


@pytest.mark.parametrize("words", TOO_MUCH, ids=lambda words: repr(words[:24]))
def test_a_reply_that_promises_too_much_is_refused_before_there_is_room_made_for_it(words: bytes) -> None:
    """With a server's time limit of a minute: what decides is the header, and no clock."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with a_peer_that_says(words) as url, pytest.raises(StoreUnavailable):
        ask(url, 60_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


@pytest.mark.parametrize("words", (b"\r\n*2147483647\r\n", b"\r\n$536870912\r\n", b"\r\n%12345678\r\n", b"*9999999\r\n"))
@pytest.mark.parametrize("cut", range(4))
def test_the_client_s_own_replies_are_bounded_too_however_they_come(words: bytes, cut: int) -> None:
    bounds = Bounds()
    with pytest.raises(redis.InvalidResponse):
        for piece in (words[:cut], words[cut:cut + 3], words[cut + 3:]):
            bounds.check(piece)


def test_what_a_store_says_is_within_the_bounds() -> None:
    bounds = Bounds()
    for piece in (b"*401\r\n", b"$5000000\r\n" + b"\0\0*9999999\r" * 9, b"\n$-1\r\n:123456789012\r\n", b"$11\r\n[$123456789\r\n"):
        bounds.check(piece)


def cut(text: bytes, data: st.DataObject) -> list[bytes]:
    cuts = sorted(data.draw(st.lists(st.integers(1, max(1, len(text) - 1)), max_size=5)))
    return [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if begin < end]


@given(st.lists(PLAIN, min_size=1, max_size=9), REPLIES.filter(lambda reply: depth_of(reply) <= 3), st.data())
def test_replies_are_read_whole_however_they_are_cut(plain: list[object], last: object, data: st.DataObject) -> None:
    wire = a_wire(cut(b"".join(map(encoded, [*plain, last])), data))
    assert wire._plain(len(plain)) == plain
    assert wire._any() == last and wire._at == len(wire._data)


def a_wire(pieces: list[bytes]) -> Any:
    class Said:
        def receive(self, size: int) -> bytes:
            return pieces.pop(0) if pieces else b""

    one = object.__new__(wire._Wire)
    one._socket = Said()  # type: ignore[assignment]
    one._data, one._at, one._reader = b"", 0, hiredis.Reader(protocolError=redis.InvalidResponse)
    return one


@given(st.binary(max_size=80), st.booleans())
def test_garbage_is_an_error_of_the_client_s_kinds(garbage: bytes, plain: bool) -> None:
    try:
        one = a_wire([garbage])
        one._plain(1) if plain else one._any()
    except (redis.InvalidResponse, redis.ConnectionError):
        pass


def says_nothing_of_its_role(server: StoreServer) -> str:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL SETUSER", "mute", "on", "nopass", "~*", "+@all", "-role")  # type: ignore[no-untyped-call]
    return server.url.replace("://", "://mute:x@")


@pytest.mark.parametrize("silent", (says_nothing_of_its_role,))
def test_a_server_that_does_not_say_its_role_is_not_taken_for_a_master(
        own_server: StoreServer, silent: Callable[[StoreServer], str]) -> None:
    with pytest.raises(StoreUnavailable, match="ROLE"):
        ask(silent(own_server), 5_000)


def test_a_dead_connection_is_tried_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    with pytest.raises(StoreUnavailable):
        ask(f"redis://127.0.0.1:{port}/0")
