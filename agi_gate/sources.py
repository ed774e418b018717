"""The addresses that calls come from, and the share that each has of a worker's connections and of its time.

Joint, without a system call.  Calls that wait for their decision are taken in turn by address; where there is room for
no more connections, the address that holds most of them gives one up.  So a flood from one address is that address's
own to bear, and where only one asks it has everything.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import islice
from typing import Generic, TypeVar

# calls of one address that may wait for their decision, as many as the kernel's queue holds; and its emergencies beside them
MOST_PENDING = 1024
_SITE_PREFIX = 64  # bits: what one site of IPv6 has to itself, and may take any address of
_OLDEST = 64

_Call = TypeVar("_Call")


@lru_cache(4096)
def source_name(peer: str) -> str:
    """Whose share a peer counts to: its IPv4 address, or the /64 network of its IPv6 address.

    >>> source_name("10.0.0.5"), source_name("::ffff:10.0.0.5"), source_name("2001:db8::1:2:3:4%eth0")
    ('10.0.0.5', '10.0.0.5', '2001:db8::/64')
    """
    address = ip_address(peer.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, _SITE_PREFIX), strict=False))


class Source(Generic[_Call]):
    """One address: its connections, oldest first, and those of them whose call waits for its decision."""

    __slots__ = ("name", "connections", "pending", "urgent")

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections: dict[_Call, None] = {}
        self.pending: deque[_Call] = deque()
        self.urgent: deque[_Call] = deque()


class Sources(Generic[_Call]):
    """All addresses that have a connection.  Threads may share it."""

    def __init__(self) -> None:
        self._by_name: dict[str, Source[_Call]] = {}
        self._turns: deque[Source[_Call]] = deque()  # those with calls that wait; whose turn is next comes first
        self._lock = threading.Lock()

    def opened(self, peer: str, call: _Call) -> Source[_Call]:
        name = source_name(peer)
        with self._lock:
            source = self._by_name.get(name)
            if source is None:
                source = self._by_name[name] = Source(name)
            source.connections[call] = None
        return source

    def closed(self, source: Source[_Call], call: _Call) -> None:
        with self._lock:
            if source.connections.pop(call, call) is None and not source.connections:
                del self._by_name[source.name]

    def largest(self) -> Source[_Call]:
        """The one with most connections.  Raises ValueError where there is none."""
        with self._lock:
            return max(self._by_name.values(), key=lambda source: len(source.connections))

    def oldest(self, source: Source[_Call]) -> list[_Call]:
        """Some of its connections."""
        with self._lock:
            return list(islice(source.connections, _OLDEST))

    @property
    def has_pending(self) -> bool:
        return bool(self._turns)

    def put(self, source: Source[_Call], call: _Call, *, urgent: bool = False) -> bool:
        """Have a call wait for its turn; False where too many of its address wait."""
        with self._lock:
            waiting = source.urgent if urgent else source.pending
            if len(waiting) >= MOST_PENDING:
                return False
            if not source.pending and not source.urgent:
                self._turns.append(source)
            waiting.append(call)
            return True

    def take(self, most: int) -> list[_Call]:
        """The next so many calls: one of each address in turn, of an address the urgent ones first."""
        taken: list[_Call] = []
        with self._lock:
            while self._turns and len(taken) < most:
                source = self._turns.popleft()
                taken.append((source.urgent or source.pending).popleft())
                if source.pending or source.urgent:
                    self._turns.append(source)
        return taken

    def give_up(self, source: Source[_Call]) -> _Call | None:
        """The newest of its calls that wait, which is nobody's turn any more; None where there is none."""
        with self._lock:
            if not source.pending:
                return None
            newest = source.pending.pop()
            if not source.pending and not source.urgent:
                self._turns.remove(source)
            return newest
