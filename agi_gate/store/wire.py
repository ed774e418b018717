"""One round trip over a connection of the client's: words out, so many replies in.

Edge.  The client makes the connection, with its login, its TLS and its deadline, and would take twice the time of the
answer itself to put the question.  Each question ends with a word of its own that the server must say again: where an
answer too many has come in between, all that follow would be those to another question.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

import hiredis
import redis
from redis.exceptions import NoPermissionError

_READ_BYTES = 65536
_MARK_BYTES = 6
_KEPT = 2  # connections that nobody uses just now; a stall has more of them made, which are not kept for ever


def ask(client: redis.Redis, packed: bytes, number: int, meanwhile: Callable[[], None] | None = None) -> list[Any]:
    """The replies, errors among them as values.  A connection that turns out to be dead is tried anew, once.

    `meanwhile` is what to do until they come, at each try.

    Raises redis.RedisError, OSError (TimeoutError past the thread's deadline).
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
        self._reader = hiredis.Reader(protocolError=redis.InvalidResponse)
        # from where no other connection counts, of no other process: those of one daemon came from one process
        self._marks = count(int.from_bytes(os.urandom(_MARK_BYTES)))

    def ask(self, packed: bytes, number: int, meanwhile: Callable[[], None] | None) -> list[Any]:
        mark = b"%d" % next(self._marks)
        self._socket.sendall(b"%b*2\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n" % (packed, len(mark), mark))
        if meanwhile is not None:
            meanwhile()
        reader = self._reader
        replies: list[Any] = []
        while len(replies) <= number:
            reply = reader.gets()
            if reply is False:
                received = self._socket.recv(_READ_BYTES)
                if not received:
                    raise redis.ConnectionError("the server closed the connection")
                reader.feed(received)
            else:
                replies.append(reply)
        said = replies.pop()
        if isinstance(said, hiredis.ReplyError) and not all(isinstance(reply, hiredis.ReplyError) for reply in replies):
            raise NoPermissionError("ECHO is not allowed to the gate; see docs/acl/gate.acl")
        if said != mark and not isinstance(said, hiredis.ReplyError) or reader.has_data():
            raise redis.InvalidResponse("the server's answers are not those to what it was asked")
        return replies

    def end(self) -> None:
        self._connection.disconnect()
        self._pool.release(self._connection)


# threads share it: each has a wire of its own for as long as it asks
_IDLE: WeakKeyDictionary[redis.Redis, list[_Wire]] = WeakKeyDictionary()
