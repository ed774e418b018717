"""The store as a call sees it: the facts of one number in one round trip, and a call-back used up once.

Edge.  Anything but a whole, readable answer within the time limit is `StoreUnavailable`: what could not be found out
is never "no".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from agi_gate.facts import Callback, Facts
from agi_gate.store import keys, page, values
from agi_gate.store.deadline import keep_deadlines, within


# what decoding raises where something else was written under our keys (PageError and ValueUnreadable are ValueErrors)
UNREADABLE = (ValueError, TypeError, KeyError, OverflowError)


class StoreUnavailable(Exception):
    """The store could not be asked, or its answer makes no sense."""


def explain(error: BaseException) -> str:
    """What to tell of an error of the client, without the numbers that key names and values hold."""
    if isinstance(error, UNREADABLE):
        return f"what it holds cannot be read ({type(error).__name__})"
    return str(error).rpartition(" of pipeline caused error: ")[2]


def connect(url: str, timeout_ms: int) -> redis.Redis:
    """A client that waits `timeout_ms` at most for a connection and for each read of an answer.

    One immediate second try where a connection turns out to be dead (a server that was restarted), none after a
    time-out: the caller is waiting.
    """
    client: redis.Redis = redis.Redis.from_url(
        url, socket_timeout=timeout_ms / 1000, socket_connect_timeout=timeout_ms / 1000, protocol=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)))
    keep_deadlines(client)
    return client


class Store:
    """The facts of calls.  No method takes longer than `timeout_ms` as a whole."""

    def __init__(self, client: redis.Redis, timeout_ms: int = 250) -> None:
        self._client = client
        self._timeout_s = timeout_ms / 1000

    @classmethod
    def at(cls, url: str, timeout_ms: int) -> Store:
        return cls(connect(url, timeout_ms), timeout_ms)

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
            answer, existing, used = self._read(names, keys.used_key(controller, e164))
            # MGET gives nil for a key of another type too: what exists and cannot be read is not "nothing known".
            # A load may come between the two commands, hence the second look.
            if existing == sum(value is not None for value in answer):
                return _facts(e164, answer, used)
        raise StoreUnavailable("something else is written under the gate's keys")

    def claim(self, controller: str, e164: str, callback: Callback) -> bool:
        """Use a call-back up: True for exactly one of all who ask.  Raises StoreUnavailable."""
        try:
            with within(self._timeout_s):
                return self._client.sadd(keys.used_key(controller, e164), values.callback_token(callback)) == 1
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(explain(error)) from error

    def give_back(self, controller: str, e164: str, callback: Callback) -> None:
        """Undo a claim whose call was refused after all.  Raises StoreUnavailable."""
        try:
            with within(self._timeout_s):
                self._client.srem(keys.used_key(controller, e164), values.callback_token(callback))
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(explain(error)) from error

    def _read(self, names: list[str], used_name: str) -> tuple[list[bytes | None], int, Iterable[bytes]]:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.mget(names)
        pipeline.exists(*names)
        pipeline.smembers(used_name)
        try:
            answer, existing, used = pipeline.execute()
        # UNREADABLE: a peer that is no Redis server
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error
        return answer, existing, used


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
