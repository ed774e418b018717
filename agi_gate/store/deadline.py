"""One deadline for a whole answer of the store, however slowly it drips.

Edge.  A socket's own time-out starts anew with each read, so a server that sends a byte now and then would hold a call
for ever.  Here each read gets what is left of the deadline of the thread that waits.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from typing import Any

import redis

from agi_gate.awake import soon
from agi_gate.store.bounds import Bounds

_of_this_thread = threading.local()


class within:  # a verb, as those of contextlib, which would make it at four times the cost: a call enters three
    """Let whatever this thread reads from the store in the block take so long at most, connecting included.

    A block within another ends no later than the outer one.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._outer: float | None = None

    def __enter__(self) -> None:
        self._outer = outer = getattr(_of_this_thread, "deadline", None)
        deadline = time.monotonic() + self._seconds
        _of_this_thread.deadline = deadline if outer is None else min(outer, deadline)

    def __exit__(self, *_: object) -> None:
        _of_this_thread.deadline = self._outer


def left() -> float | None:
    """Seconds left to this thread, None where it has no deadline.  Raises TimeoutError."""
    deadline = getattr(_of_this_thread, "deadline", None)
    if deadline is None:
        return None
    seconds: float = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the store's whole answer took too long")
    return seconds


class _TimedSocket:
    """A connected socket that looks at the deadline before it waits; for a TLS one `_TimedTlsSocket`."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._own_limit = connected.gettimeout()
        connected.setblocking(True)  # it is never asked but when it is ready: a time-out of its own costs two system calls
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self._bounds = Bounds()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def gettimeout(self) -> float | None:
        return self._own_limit

    def settimeout(self, seconds: float | None) -> None:
        self._own_limit = seconds

    def receive(self, size: int) -> bytes:
        """For who bounds replies himself."""
        self._wait()
        return self._socket.recv(size)

    def recv(self, size: int, *flags: int) -> bytes:
        self._wait()
        received = self._socket.recv(size, *flags)
        if not flags:  # else it is looked at, and read later
            self._bounds.check(received)
        return received

    def recv_into(self, buffer: Any, *sizes: int) -> int:
        self._wait()
        length = self._socket.recv_into(buffer, *sizes)
        self._bounds.check(memoryview(buffer)[:length])
        return length

    def sendall(self, data: Any) -> None:
        try:
            sent = self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(data):  # the server does not read
            self._socket.settimeout(self._left())
            try:
                self._socket.sendall(memoryview(data)[sent:])
            finally:
                self._socket.setblocking(True)

    def _left(self) -> float | None:
        seconds = left()
        return self._own_limit if seconds is None else seconds

    def _wait(self) -> None:
        seconds = self._left()
        if seconds == 0:  # redis-py looks whether anything has come
            if not self._poll.poll(0):
                raise BlockingIOError
        elif not soon(self._poll.poll) and not self._poll.poll(None if seconds is None else seconds * 1000):
            raise TimeoutError("the store's whole answer took too long")


class _TimedTlsSocket:
    """The same for TLS, which may have to write in order to read: the socket's own time-out knows how."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._own_limit = connected.gettimeout()
        self._bounds = Bounds()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def receive(self, size: int) -> bytes:
        """For who bounds replies himself."""
        self._limit()
        return self._socket.recv(size)

    def recv(self, *arguments: Any) -> bytes:
        self._limit()
        received = self._socket.recv(*arguments)
        self._bounds.check(received)
        return received

    def recv_into(self, buffer: Any, *sizes: Any) -> int:
        self._limit()
        length = self._socket.recv_into(buffer, *sizes)
        self._bounds.check(memoryview(buffer)[:length])
        return length

    def sendall(self, *arguments: Any) -> None:
        self._limit()
        self._socket.sendall(*arguments)

    def _limit(self) -> None:
        seconds = left()
        self._socket.settimeout(self._own_limit if seconds is None else seconds)


class _Timed:
    """What a redis-py connection class gets in front: TCP, TLS and UNIX alike."""

    socket_connect_timeout: float | None
    timed: _TimedSocket | _TimedTlsSocket  # for whoever speaks to the server by himself
    driver_info: object
    lib_name: object
    lib_version: object

    def _connect(self) -> _TimedSocket | _TimedTlsSocket:
        own_limit, seconds = self.socket_connect_timeout, left()
        self.socket_connect_timeout = own_limit if seconds is None else seconds
        try:
            connected = super()._connect()  # type: ignore[misc]  # it stands before a connection class
            if isinstance(connected, ssl.SSLSocket):
                self.timed = _TimedTlsSocket(connected)
            else:
                self.timed = _TimedSocket(connected)
                # what a client tells of itself: before the first question it would wait for the server twice more; for TLS
                # it may be the first that is read, and redis-py takes a session's tickets for an answer too many
                self.driver_info = self.lib_name = self.lib_version = None
            return self.timed
        finally:
            self.socket_connect_timeout = own_limit


def keep_deadlines(client: redis.Redis) -> None:
    """Have every connection that a client makes from now on look at the deadline."""
    pool = client.connection_pool
    pool.connection_class = type("TimedConnection", (_Timed, pool.connection_class), {})
