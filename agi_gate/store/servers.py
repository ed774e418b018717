"""The server that a controller's keys are on: one Redis, the master that sentinels name, or a node of a cluster.

Edge.  A call uses a plain client of that one server; who it is, is asked anew every half second and whenever it fails.
Only masters are read: a replica may not have heard of an objection yet.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AskError, ClusterDownError, MasterDownError, ReadOnlyError, TryAgainError
from redis.retry import Retry

from agi_gate.store.deadline import keep_deadlines, left, within
from agi_gate.store.topology import Address, ClusterNodes, SentinelGroup
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain

# No failover is over sooner than a server was silent for this long (docs/servers.md asks for twice as much), and a read
# from a silent server ends the trust in it: so nobody reads from a server that was a master once and is awake again.
TRUSTED_S = 0.5
# what a server says when another one is to be asked (MOVED is an AskError to the client), or says no more
ELSEWHERE = (redis.ConnectionError, AskError, ClusterDownError, MasterDownError, ReadOnlyError, TryAgainError)
_POLL_S = 0.02
_PORTS = {"sentinel": 26379, "cluster": 6379}


class SlotsApart(Exception):
    """Controllers of one load lie on different slots of a cluster, and no transaction spans them."""


def connect(url: str, timeout_ms: int, on_connect: Callable[[Any], None] | None = None) -> redis.Redis:
    """A client of one server that waits `timeout_ms` at most for a connection and for each read of an answer.

    One immediate second try where a connection turns out to be dead (a server that was restarted), none after a
    time-out: the caller is waiting.
    """
    client: redis.Redis = redis.Redis.from_url(
        url, socket_timeout=timeout_ms / 1000, socket_connect_timeout=timeout_ms / 1000, protocol=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)), redis_connect_func=on_connect)
    keep_deadlines(client)
    return client


def replica_offsets(client: redis.Redis) -> tuple[int, list[int]]:
    """How far the master has written, and how far each connected replica said it has followed.

    Raises redis.RedisError, ReadOnlyError among them where the server is no master.
    """
    role: Any = client.role()
    if role[:1] != [b"master"]:
        raise ReadOnlyError("the server is a replica by now")
    _master, written, replicas = role
    return written, [int(offset) for _host, _port, offset in replicas]


def replicated(client: redis.Redis, timeout_ms: int) -> bool:
    """Wait until every connected replica has all that was written by now, by whatever connection.

    True at once where there is none.  (WAIT would speak of one connection, and a client has several.)  Raises
    StoreUnavailable.
    """
    deadline = time.monotonic() + timeout_ms / 1000
    try:
        written, followed = replica_offsets(client)
        while any(offset < written for offset in followed):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
            _now_written, followed = replica_offsets(client)
        return True
    except (redis.RedisError, OSError, *UNREADABLE) as error:
        raise StoreUnavailable(explain(error)) from error


class Servers:
    """The servers behind a store's URL.  Threads may share it; what could not be found out is StoreUnavailable."""

    def __init__(self, servers: redis.Redis | SentinelGroup | ClusterNodes, timeout_ms: int,
                 client_at: Callable[[Address], redis.Redis] | None = None) -> None:
        self._only = servers if isinstance(servers, redis.Redis) else None
        self._group = None if isinstance(servers, redis.Redis) else servers
        self._client_at = client_at
        self._timeout_ms = timeout_ms
        self._asking = threading.Lock()
        # when it was asked who the masters are, and the answer: one value, as other threads exchange it
        self._known: tuple[float, Mapping[int, redis.Redis]] = (-math.inf, {})

    @classmethod
    def at(cls, url: str, timeout_ms: int) -> Servers:
        """For `redis://`, `rediss://`, `unix://`, and the first two with `+sentinel` or `+cluster`; asks nobody yet."""
        scheme, _, rest = url.partition("://")
        scheme, _, kind = scheme.partition("+")
        if not kind:
            return cls(connect(url, timeout_ms, _find_a_master), timeout_ms)
        place, _, query = rest.partition("?")
        authority, _, path = place.partition("/")
        login, _, hosts = authority.rpartition("@")
        options = dict(parse_qsl(query))
        sentinel_login = f"{_quoted(options, 'sentinel_username')}:{_quoted(options, 'sentinel_password')}"
        master, _, database = path.partition("/")
        addresses = [(parts.hostname or "", parts.port or _PORTS[kind])
                     for parts in (urlsplit(f"//{host}") for host in hosts.split(","))]

        def client(address: Address, login: str, database: str = "",
                   on_connect: Callable[[Any], None] | None = None) -> redis.Redis:
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            return connect(f"{scheme}://{login}@{host}:{address[1]}/{database}?{urlencode(options)}", timeout_ms,
                           on_connect)

        if kind == "sentinel":
            group = SentinelGroup([client(address, sentinel_login) for address in addresses], unquote(master))
            return cls(group, timeout_ms, _kept(lambda address: client(address, login, database, _find_a_master)))
        client_at = _kept(lambda address: client(address, login))
        return cls(ClusterNodes(addresses, client_at), timeout_ms, client_at)

    def client_of(self, controller: str) -> redis.Redis:
        """The client of the controller's server: the same one for as long as that is the master."""
        if self._only is not None:
            return self._only
        return self._master_of(controller, time.monotonic() - TRUSTED_S)

    def client_of_all(self, controllers: Collection[str]) -> redis.Redis:
        """The client for a load, which is one transaction.  Raises SlotsApart where none can span the controllers."""
        if self._group is not None:
            by_slot: dict[int, list[str]] = defaultdict(list)
            for controller in sorted(controllers):
                by_slot[self._group.slot_of(controller)].append(controller)
            if len(by_slot) > 1:
                apart = " and ".join(f"`{names[0]}`" for names in list(by_slot.values())[:2])
                raise SlotsApart(f"controllers {apart} lie on different slots of the cluster, and one load is one "
                                 "transaction, which cannot span them; split the file by controller")
        return self.client_of(min(controllers, default=""))

    def masters(self) -> list[redis.Redis]:
        """The clients of all servers that may hold any controller: of a cluster, each of its masters."""
        client = self.client_of("")
        if not isinstance(self._group, ClusterNodes) or self._client_at is None:
            return [client]
        return [self._client_at(address) for address in self._group.masters]

    def forget(self, client: redis.Redis) -> bool:
        """Say that a client's server did not do; False where there can be no other."""
        asked_at, clients = self._known
        if client in clients.values():
            self._known = (-math.inf, clients)
        return self._only is None

    def owns(self, client: redis.Redis, controller: str) -> bool:
        """Ask now whether a client's server is the controller's master."""
        return client is self._only or client is self._master_of(controller, time.monotonic())

    def kept(self, client: redis.Redis, controllers: Collection[str]) -> bool:
        """Say whether a load that was just committed outlives a failover, and is what every call from now on sees.

        Every connected replica has it, its server is the master still, and by the time this returns whoever trusted
        another server has asked anew.
        """
        written_at = time.monotonic()
        if not replicated(client, self._timeout_ms):
            return False
        if self._only is None:
            if not all(self.owns(client, controller) for controller in controllers):
                return False
            time.sleep(max(0.0, written_at + TRUSTED_S - time.monotonic()))
        return True

    def _master_of(self, controller: str, since: float) -> redis.Redis:
        """The client of the master, as asked at `since` or later."""
        assert self._group is not None
        slot = self._group.slot_of(controller)
        asked_at, clients = self._known
        if asked_at < since or slot not in clients:
            try:
                with within(self._timeout_ms / 1000):
                    clients = self._ask(slot, since)
            except (redis.RedisError, OSError, *UNREADABLE) as error:
                raise StoreUnavailable(explain(error)) from error
        if slot not in clients:
            raise StoreUnavailable(f"no node of the cluster has the slot {slot}, where controller `{controller}` lies")
        return clients[slot]

    def _ask(self, slot: int, since: float) -> Mapping[int, redis.Redis]:
        """Ask for the masters of all slots that were ever wanted; of many threads one asks, and the others wait."""
        assert self._group is not None and self._client_at is not None
        if not self._asking.acquire(timeout=left() or 0):
            raise TimeoutError("who the master is was not found out in time")
        try:
            asked_at, clients = self._known
            if asked_at < since or slot not in clients:
                asked_at = time.monotonic()
                owners = self._group.owners([*clients, slot])
                clients = {slot: self._client_at(address) for slot, address in owners.items()}
                self._known = (asked_at, clients)
            return clients
        finally:
            self._asking.release()


def _find_a_master(connection: Any) -> None:
    """Greet a server, and leave it unless it says that it is a master.

    Sentinels close the connections of a master they take down, and nobody may read from it as if nothing had been when it
    comes back; and a URL may name a replica, which may not have heard of an objection yet.
    """
    connection.on_connect()
    connection.send_command("ROLE")
    try:
        role = connection.read_response()
    except redis.ResponseError as error:
        raise redis.ResponseError(f"the server does not say whether it is a master (ROLE: {error}); see docs/acl") from error
    if not isinstance(role, list) or role[:1] != [b"master"]:
        raise redis.ConnectionError("the server is a replica by now, and only masters are asked")


def _kept(make: Callable[[Address], redis.Redis]) -> Callable[[Address], redis.Redis]:
    """One client an address, for good: a server that comes back is met by the client that it left."""
    clients: dict[Address, redis.Redis] = {}

    def client_at(address: Address) -> redis.Redis:
        if address not in clients:
            clients[address] = make(address)
        return clients[address]

    return client_at


def _quoted(options: dict[str, str], name: str) -> str:
    return quote(options.pop(name, ""), safe="")
