"""Connections that keep us waiting: two thousand that say nothing take two thousand descriptors, and no thread.

Joint.  One thread waits for all of them; each stays for as long as its own deadline lets it.
"""

from __future__ import annotations

import logging
import resource
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)

_LOOK_S = 0.1
_READ_BYTES = 65536
# of the descriptors that this process may have; the calls, the store and the log need some too
_SHARE = 0.5


@dataclass(slots=True)
class Parked:
    connection: socket.socket
    received: bytes
    deadline: float  # of time.monotonic()
    told: bool = False  # its answer is on the way: what comes now is the reply


class Parking:
    """Hands each connection on when more of it has come; closes those that take too long."""

    def __init__(self, hand_on: Callable[[Parked], None]) -> None:
        self._hand_on = hand_on
        self._epoll = select.epoll()
        self._lock = threading.Lock()
        self._parked: dict[int, Parked] = {}  # by descriptor, longest parked first
        self._places = int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] * _SHARE)

    @property
    def count(self) -> int:
        return len(self._parked)

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def park(self, parked: Parked) -> None:
        """Where there is no room, the one that has said nothing for longest goes."""
        with self._lock:
            if len(self._parked) >= self._places:
                self._leave(next(iter(self._parked))).connection.close()
            descriptor = parked.connection.fileno()
            self._parked[descriptor] = parked
            try:
                self._epoll.register(descriptor, select.EPOLLIN)
            except OSError as error:
                del self._parked[descriptor]
                parked.connection.close()
                logger.error("a connection could not be parked: %s", error.strerror)

    def _leave(self, descriptor: int) -> Parked:
        self._epoll.unregister(descriptor)
        return self._parked.pop(descriptor)

    def _watch(self) -> None:
        while True:
            ready = self._epoll.poll(_LOOK_S)
            with self._lock:
                spoke = [self._leave(descriptor) for descriptor, _event in ready if descriptor in self._parked]
                now = time.monotonic()
                late = [self._leave(descriptor) for descriptor, parked in list(self._parked.items())
                        if parked.deadline <= now]
            for parked in spoke:
                self._read(parked)
            for parked in late:
                parked.connection.close()
            if late:
                logger.warning("connections that sent no whole request in time were closed")

    def _read(self, parked: Parked) -> None:
        try:
            more = parked.connection.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except OSError:
            more = b""
        parked.received += more
        if more:
            self._hand_on(parked)
        else:
            parked.connection.close()
