"""The store as a call sees it: the facts of one number in one round trip, and a call-back used up once.

Edge.  Anything but a whole, readable answer within the time limit is `StoreUnavailable`: what could not be found out
is never "no".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import hiredis
import redis

from agi_gate.facts import Callback, Facts
from agi_gate.store import keys, page, values
from agi_gate.store.deadline import left, within
from agi_gate.store.servers import ELSEWHERE, Servers, connect, replica_offsets
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain

__all__ = ["UNREADABLE", "Store", "StoreUnavailable", "connect", "explain", "visible_page"]

_Answer = TypeVar("_Answer")
_SHARE_OF_WAIT = 0.7  # of the time that is left; the answer has to come back, too
_KEPT = 4  # connections that nobody uses just now: as many as a worker has threads at ordinary times


class Store:
    """The facts of calls.  No method takes longer than `timeout_ms` as a whole."""

    def __init__(self, servers: Servers | redis.Redis, timeout_ms: int = 250) -> None:
        self._servers = servers if isinstance(servers, Servers) else Servers(servers, timeout_ms)
        self._timeout_s = timeout_ms / 1000

    @classmethod
    def at(cls, url: str, timeout_ms: int) -> Store:
        return cls(Servers.at(url, timeout_ms), timeout_ms)

    def facts_for(self, controller: str, e164: str) -> Facts:
        """Everything known of a number for a controller, in one round trip.  Raises StoreUnavailable."""
        with within(self._timeout_s):
            return self._facts_for(controller, e164)

    def _facts_for(self, controller: str, e164: str) -> Facts:
        names = [keys.load_key(controller)]
        for kind in keys.KINDS:
            page_name = keys.page_key(controller, kind, keys.place(kind, e164)[0])
            names += (page_name, page_name + keys.STAGED)
        for _attempt in range(2):
            answer, existing, used = self._ask(
                controller, lambda client: _read(client, names, keys.used_key(controller, e164)))
            # MGET gives nil for a key of another type too: what exists and cannot be read is not "nothing known".
            # A load may come between the two commands, hence the second look.
            if existing == sum(value is not None for value in answer):
                return _facts(e164, answer, used)
        raise StoreUnavailable("something else is written under the gate's keys")

    def claim(self, controller: str, e164: str, callback: Callback) -> bool:
        """Use a call-back up: True for exactly one of all who ask.  Raises StoreUnavailable.

        A claim that a failover could lose would let the call-back be used again, so it counts only when every replica
        that is connected has it, and when the server is the master still.  Where that cannot be said nobody calls, and
        the call-back stays used up: taking it back could be what is lost.
        """
        name, token = keys.used_key(controller, e164), values.callback_token(callback)
        with within(self._timeout_s):
            client, added, safe = self._ask(controller, lambda client: _use_up(client, name, token))
            if not added:
                return False
            if not safe:
                raise StoreUnavailable("not every replica took the used call-back over in time")
            if not self._servers.owns(client, controller):
                raise StoreUnavailable("another server became the master while a call-back was used up")
            return True

    def give_back(self, controller: str, e164: str, callback: Callback) -> None:
        """Undo a claim whose call was refused after all.  Raises StoreUnavailable."""
        name, token = keys.used_key(controller, e164), values.callback_token(callback)
        with within(self._timeout_s):
            self._ask(controller, lambda client: client.srem(name, token))

    def _ask(self, controller: str, question: Callable[[redis.Redis], _Answer]) -> _Answer:
        """The answer of the controller's server; where it is another one by now, that one is asked, once."""
        for second_try in (False, True):
            client = self._servers.client_of(controller)
            try:
                return question(client)
            # UNREADABLE: a peer that is no Redis server
            except (redis.RedisError, OSError, *UNREADABLE) as error:
                if not self._servers.forget(client) or second_try or not isinstance(error, ELSEWHERE):
                    raise StoreUnavailable(explain(error)) from error
        raise AssertionError("the second try returns or raises")


def _read(client: redis.Redis, names: list[str], used_name: str) -> tuple[list[bytes | None], int, Iterable[bytes]]:
    answer, existing, used = _round_trip(client, ("MGET", *names), ("EXISTS", *names), ("SMEMBERS", used_name))
    return answer, existing, used


def _round_trip(client: redis.Redis, *commands: Any) -> list[Any]:
    """Send the commands at once and read their replies; a connection that turns out to be dead is tried anew, once.

    By the client's connections and not by its pipeline, which takes twice the time of the answer itself.
    """
    packed = [b"".join([hiredis.pack_command(command) for command in commands])]
    for second_try in (False, True):
        connection: Any = client.connection_pool.get_connection()
        try:
            connection.send_packed_command(packed)
            replies = [connection.read_response() for _ in commands]
        except BaseException as error:
            connection.disconnect()  # a reply that nobody read would be the answer to the next call's question
            if second_try or not isinstance(error, redis.ConnectionError):
                raise
        else:
            return replies
        finally:
            # a stall had many threads ask at once; afterwards their connections would be kept for ever
            if len(getattr(client.connection_pool, "_available_connections", ())) >= _KEPT:
                connection.disconnect()
            client.connection_pool.release(connection)
    raise AssertionError("the second try returns or raises")


def _use_up(client: redis.Redis, name: str, token: str) -> tuple[redis.Redis, bool, bool]:
    """The client, whether the token is new, and whether every replica has it."""
    replicas = len(replica_offsets(client)[1])
    pipeline = client.pipeline(transaction=False)  # WAIT speaks of what came before it on its own connection
    pipeline.sadd(name, token)
    pipeline.wait(replicas, max(1, int((left() or 0) * 1000 * _SHARE_OF_WAIT)))  # 0 would be for ever
    added, acknowledged = pipeline.execute()
    return client, added == 1, acknowledged >= replicas


def _facts(e164: str, answer: list[bytes | None], used: Iterable[bytes]) -> Facts:
    visible_load = answer[0]
    found: dict[keys.Kind, bytes] = {}
    try:
        for kind, current, staged in zip(keys.KINDS, answer[1::2], answer[2::2], strict=True):
            body = visible_page(visible_load, current, staged)
            value = None if body is None else page.find(body, keys.place(kind, e164)[1])
            if value is not None:
                found[kind] = value
        return _decode(found, used)
    except UNREADABLE as error:
        raise StoreUnavailable(explain(error)) from error


def visible_page(visible_load: bytes | None, current: bytes | None, staged: bytes | None) -> bytes | None:
    """The page that calls see: the staged one if its load was committed, else the current one.

    A staged page that holds nothing but its load's id takes the current one away.
    """
    if staged is not None and visible_load is not None and staged[:keys.LOAD_ID_BYTES] == visible_load:
        return staged[keys.LOAD_ID_BYTES:] or None
    return None if current is None else current[keys.LOAD_ID_BYTES:]


def _decode(found: dict[keys.Kind, bytes], used: Iterable[bytes]) -> Facts:
    decoded: dict[str, Any] = {}
    if value := found.get(keys.REGISTRY):
        decoded["checks"] = values.checks_from(value)
    if value := found.get(keys.CONTACTS):
        decoded["contact"] = values.contact_from(value)
    if value := found.get(keys.CONSENTS) or found.get(keys.DENSE_CONSENTS):
        decoded["consents"] = values.consents_from(value)
    if value := found.get(keys.OBJECTIONS):
        decoded["objection"] = values.objection_from(value)
    if value := found.get(keys.CALLBACKS):
        decoded["callbacks"] = values.callbacks_from(value, frozenset(token.decode() for token in used))
    if value := found.get(keys.RESTS):
        decoded["silent_calls"] = values.silent_calls_from(value)
    return Facts(**decoded)
