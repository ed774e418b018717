"""One round trip over a connection of the client's: questions out, so many replies in.

Edge.  The client makes the connection, with its login, its TLS and its deadline, and would take twice the time of the
answer itself to put the question.  Behind the questions the server must say its role, and again a word of this
connection's own.  A replica may be behind its master; and where an answer too many has come in between, all that follow
would be those to another question.

What a reply may be is known before it is read.  To what a call asks there is no reply with parts, for which the client's
parser makes room ahead; and each has a length that is bounded.  So a server that is none, or a damaged one, can neither
stall a worker with thirteen bytes (`*2147483647`) nor fill its memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

import hiredis
import redis
from redis.exceptions import NoPermissionError, ReadOnlyError

_READ_BYTES = 262_144
_MARK_BYTES = 6
_KEPT = 2  # connections that nobody uses just now; a stall has more of them made, which are not kept for ever
_MAX_LINE_BYTES = 1_024
_MAX_ELEMENTS, _MAX_DEPTH = 100, 3  # a master says its replicas in an array of arrays
_MAX_BULK_BYTES = 8 << 20  # a page of 10,000 numbers with 60 results each, no two alike, has 5 MB
_NIL = b"$-1\r\n"
_STRING, _ARRAY, _NUMBER, _ERROR, _STATUS = b"$*:-+"
_PLAIN = b"$:-"


class _Incomplete(Exception):
    """More has to come."""


def ask(client: redis.Redis, packed: bytes, number: int, meanwhile: Callable[[], None] | None = None) -> list[Any]:
    """The replies of a master, errors among them as values; none may have parts.  A connection that turns out to be dead is tried anew, once.

    `meanwhile` is what to do until they come, at each try.

    Raises redis.RedisError (ReadOnlyError from a replica), OSError (TimeoutError past the thread's deadline).
    """
    idle = _IDLE.setdefault(client, [])
    for second_try in (False, True):
        wire = _Wire(client) if second_try else _idle_one(idle) or _Wire(client)
        if wire.pid != os.getpid():  # of the process that this one came from, which goes on with it
            wire = _Wire(client)
        try:
            replies = wire.ask(packed, number, meanwhile)
        except BaseException as error:
            wire.end()  # a reply that nobody read would be the answer to the next call's question
            if second_try or not isinstance(error, redis.ConnectionError | ConnectionError | redis.InvalidResponse):
                raise
        else:
            if len(idle) < _KEPT:
                idle.append(wire)
            else:
                wire.end()
            return replies
    raise AssertionError("the second try returns or raises")


def _idle_one(idle: list[_Wire]) -> _Wire | None:
    try:
        return idle.pop()  # not asked first: another thread may take the last one between
    except IndexError:
        return None


class _Wire:
    def __init__(self, client: redis.Redis) -> None:
        self.pid = os.getpid()
        self._pool = client.connection_pool
        self._connection = cast(Any, self._pool.get_connection())  # of a class that keeps deadlines
        self._socket = self._connection.timed
        self._data, self._at = b"", 0
        self._reader = hiredis.Reader()
        # from where no other connection counts, of no other process: those of one daemon came from one process
        self._marks = count(int.from_bytes(os.urandom(_MARK_BYTES)))

    def ask(self, packed: bytes, number: int, meanwhile: Callable[[], None] | None) -> list[Any]:
        mark = b"%d" % next(self._marks)
        self._socket.sendall(b"%b*1\r\n$4\r\nROLE\r\n*2\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n" % (packed, len(mark), mark))
        if meanwhile is not None:
            meanwhile()
        self._data, self._at, self._reader = b"", 0, hiredis.Reader(protocolError=redis.InvalidResponse)
        replies = self._plain(number)
        role, said = self._any(), self._any()
        if isinstance(said, hiredis.ReplyError) and not all(isinstance(reply, hiredis.ReplyError) for reply in replies):
            raise NoPermissionError("ECHO is not allowed to the gate; see docs/acl/gate.acl")
        if self._at < len(self._data) or said != mark and not isinstance(said, hiredis.ReplyError):
            raise redis.InvalidResponse("the server's answers are not those to what it was asked")
        if isinstance(role, hiredis.ReplyError) and not isinstance(said, hiredis.ReplyError):
            raise NoPermissionError("the server does not say whether it is a master (ROLE); see docs/servers.md")
        if not isinstance(role, hiredis.ReplyError) and (not isinstance(role, list) or role[:1] != [b"master"]):
            raise ReadOnlyError("the server is a replica, which may not have heard of an objection yet")
        return replies

    def _plain(self, number: int) -> list[Any]:
        """So many replies, each a text, nothing, a number or an error: none has parts, so none asks for room ahead."""
        replies: list[Any] = []
        gets, data, at = self._reader.gets, self._data, self._at
        for _ in range(number):
            while at >= len(data) or (data[at] in _PLAIN and (reply := gets()) is False):
                self._at = at
                self._receive()
                data = self._data
            kind = data[at]
            if kind == _STRING:
                if reply is None:
                    at += len(_NIL)
                else:
                    size = len(reply)
                    at += size + 6 + (size > 9) + (size > 99) + (size > 999) + (size > 9_999) + (size > 99_999) + (
                        size > 999_999)
            elif kind in _PLAIN:
                at = data.index(b"\r\n", at) + 2
            else:
                raise redis.InvalidResponse("the server's answer is not of the protocol")
            replies.append(reply)
        self._at = at
        return replies

    def _any(self) -> Any:
        """The next reply, of any kind, within bounds."""
        while True:
            try:
                reply, self._at = _reply(self._data, self._at, 0)
                return reply
            except _Incomplete:
                self._receive()

    def _receive(self) -> None:
        """Read on, within the bounds of the reply that is being read."""
        with suppress(_Incomplete):
            _reply(self._data, self._at, 0)
        received = self._socket.receive(_READ_BYTES)
        if not received:
            raise redis.ConnectionError("the server closed the connection")
        self._data += received
        self._reader.feed(received)

    def end(self) -> None:
        self._connection.disconnect()
        self._pool.release(self._connection)


def _reply(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The reply that begins at a place, and where it ends.  Raises _Incomplete, redis.InvalidResponse."""
    end = data.find(b"\r\n", at, at + _MAX_LINE_BYTES)
    if end < 0:
        if len(data) - at < _MAX_LINE_BYTES:
            raise _Incomplete
        raise redis.InvalidResponse("a line of the server's answer is longer than any")
    kind, behind = data[at], end + 2
    if kind == _STRING:
        if data.startswith(_NIL, at):
            return None, behind
        stop = behind + _count(data[at + 1:end], _MAX_BULK_BYTES)
        if stop + 2 > len(data):
            raise _Incomplete
        if data[stop:stop + 2] != b"\r\n":
            raise redis.InvalidResponse("a text of the server's answer does not end where it says")
        return data[behind:stop], stop + 2
    if kind == _ARRAY:
        if depth == _MAX_DEPTH:
            raise redis.InvalidResponse("the server's answer is deeper than any")
        items: list[Any] = []
        for _ in range(_count(data[at + 1:end], _MAX_ELEMENTS)):
            item, behind = _reply(data, behind, depth + 1)
            items.append(item)
        return items, behind
    if kind == _NUMBER:
        try:
            return int(data[at + 1:end]), behind
        except ValueError:
            raise redis.InvalidResponse("a number of the server's answer is none") from None
    if kind == _ERROR:
        return hiredis.ReplyError(data[at + 1:end].decode("utf-8", "replace")), behind
    if kind == _STATUS:
        return data[at + 1:end], behind
    raise redis.InvalidResponse("the server's answer is not of the protocol")


def _count(digits: bytes, most: int) -> int:
    if digits.isdigit() and len(digits) < 10 and int(digits) <= most:
        return int(digits)
    raise redis.InvalidResponse("the server's answer is longer than any")


# threads share it: each has a wire of its own for as long as it asks
_IDLE: WeakKeyDictionary[redis.Redis, list[_Wire]] = WeakKeyDictionary()
