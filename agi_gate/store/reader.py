"""The store as calls see it: the facts of all who ask at once in one round trip, and a call-back used up once.

Edge.  Anything but a whole, readable answer within the time limit is `StoreUnavailable`: what could not be found out
is never "no".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import hiredis
import redis

from agi_gate.facts import Callback, Facts
from agi_gate.store import keys, page, values, wire
from agi_gate.store.deadline import left, within
from agi_gate.store.servers import ELSEWHERE, Servers, connect, replica_offsets
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain

__all__ = ["UNREADABLE", "Store", "StoreUnavailable", "connect", "explain", "visible_page"]

_Answer = TypeVar("_Answer")
# in the place of a number's digits, in words that are packed once for all numbers of one length
_ANY_DIGIT = "\0"
_OFFSET_DIGITS = sorted({kind.offset_digits for kind in keys.KINDS})
_SHARE_OF_WAIT = 0.7  # of the time that is left; the answer has to come back, too

Question = tuple[str, str]  # of which controller, which number (E.164)


class Store:
    """The facts of calls.  No method takes longer than `timeout_ms` as a whole.  Threads may share it."""

    def __init__(self, servers: Servers | redis.Redis, timeout_ms: int = 250) -> None:
        self._servers = servers if isinstance(servers, Servers) else Servers(servers, timeout_ms)
        self._timeout_s = timeout_ms / 1000

    @classmethod
    def at(cls, url: str, timeout_ms: int) -> Store:
        return cls(Servers.at(url, timeout_ms), timeout_ms)

    def facts_for(self, controller: str, e164: str) -> Facts:
        """Everything known of a number for a controller.  Raises StoreUnavailable."""
        (facts,) = self.facts_of([(controller, e164)])
        if isinstance(facts, StoreUnavailable):
            raise facts
        return facts

    def facts_of(self, questions: Sequence[Question], meanwhile: Callable[[], None] | None = None,
                 ) -> list[Facts | StoreUnavailable]:
        """The same of many, one round trip to each server: for each question its facts, or why they are not known.

        `meanwhile` is what to do while a server works on its answer, as often as one is asked.
        """
        found: dict[Question, Facts | StoreUnavailable] = {}
        with within(self._timeout_s):
            by_client: dict[redis.Redis, list[Question]] = {}
            for question in dict.fromkeys(questions):
                try:
                    by_client.setdefault(self._servers.client_of(question[0]), []).append(question)
                except StoreUnavailable as error:
                    found[question] = error
            for position, together in enumerate(by_client.values()):
                self._look_up(together, found, meanwhile, len(by_client) - position)
        return [found[question] for question in questions]

    def _look_up(self, questions: Sequence[Question], found: dict[Question, Facts | StoreUnavailable],
                 meanwhile: Callable[[], None] | None, sharing: int) -> None:
        """Questions to one server, of so many that share the time that is left: one may not take it all."""
        packed = b"".join([_packed(*question) for question in questions])
        try:
            with within((left() or 0) / sharing):
                replies = self._ask(questions[0][0], lambda client: wire.ask(
                    client, packed, 3 * len(questions), meanwhile))
        except (StoreUnavailable, TimeoutError) as error:
            unavailable = error if isinstance(error, StoreUnavailable) else StoreUnavailable(explain(error))
            found.update((question, unavailable) for question in questions)
            return
        for question, *answer in zip(questions, replies[::3], replies[1::3], replies[2::3], strict=True):
            try:
                found[question] = self._facts(question, *answer)
            except StoreUnavailable as error:
                found[question] = error

    def _facts(self, question: Question, bodies: Any, existing: Any, used: Any) -> Facts:
        if not _is_all(bodies, existing, used):
            # MGET gives nil for a key of another type too: what exists and cannot be read is not "nothing known".
            # A load may have come between the two commands, hence the second look; and an error is told by the client,
            # which knows the kinds of them.
            names = keys.keys_of_call(*question)
            bodies, existing, used = self._ask(question[0], lambda client: (
                client.mget(names), client.exists(*names), client.smembers(keys.used_key(*question))))
            if not _is_all(bodies, existing, used):
                raise StoreUnavailable("something else is written under the gate's keys")
        try:
            return decode(_values(question[1], bodies), used)
        except UNREADABLE as error:
            raise StoreUnavailable(explain(error)) from error

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


def _use_up(client: redis.Redis, name: str, token: str) -> tuple[redis.Redis, bool, bool]:
    """The client, whether the token is new, and whether every replica has it."""
    began = time.monotonic()
    replicas = len(replica_offsets(client)[1])
    if (left() or math.inf) < time.monotonic() - began:  # an answer as slow would come too late, and nobody would call
        raise TimeoutError("the store is too slow to use a call-back up")
    pipeline = client.pipeline(transaction=False)  # WAIT speaks of what came before it on its own connection
    pipeline.sadd(name, token)
    pipeline.wait(replicas, max(1, int((left() or 0) * 1000 * _SHARE_OF_WAIT)))  # 0 would be for ever
    added, acknowledged = pipeline.execute()
    return client, added == 1, acknowledged >= replicas


def _packed(controller: str, e164: str) -> bytes:
    """The question as the server reads it."""
    digits = e164.removeprefix("+")
    if len(digits) <= _OFFSET_DIGITS[-1]:  # no digits are left for a page's name: a short code
        return _words(controller, digits)
    packed = _words(controller, _ANY_DIGIT * len(digits))
    for offset_digits in (0, *_OFFSET_DIGITS):  # the longest first: a shorter one would be found within it
        page_digits = digits[:len(digits) - offset_digits]
        packed = packed.replace(_ANY_DIGIT.encode() * len(page_digits), page_digits.encode())
    return packed


@lru_cache(1024)
def _words(controller: str, digits: str) -> bytes:
    names = keys.keys_of_call(controller, digits)
    return b"".join(hiredis.pack_command(words) for words in (  # type: ignore[arg-type]
        ("MGET", *names), ("EXISTS", *names), ("SMEMBERS", keys.used_key(controller, digits))))


def _is_all(bodies: Any, existing: Any, used: Any) -> bool:
    return (isinstance(bodies, list) and len(bodies) - bodies.count(None) == existing
            and not isinstance(used, hiredis.ReplyError))


def _values(e164: str, bodies: Sequence[bytes | None]) -> list[tuple[keys.Kind, bytes]]:
    found = []
    for kind, current, staged in zip(keys.KINDS, bodies[1::2], bodies[2::2], strict=True):
        if current is None and staged is None:
            continue
        body = visible_page(bodies[0], current, staged)
        value = None if body is None else page.find(body, keys.place(kind, e164)[1])
        if value is not None:
            found.append((kind, value))
    return found


def visible_page(visible_load: bytes | None, current: bytes | None, staged: bytes | None) -> bytes | None:
    """The page that calls see: the staged one if its load was committed, else the current one.

    A staged page that holds nothing but its load's id takes the current one away.
    """
    if staged is not None and visible_load is not None and staged[:keys.LOAD_ID_BYTES] == visible_load:
        return staged[keys.LOAD_ID_BYTES:] or None
    return None if current is None else current[keys.LOAD_ID_BYTES:]


def decode(found: Iterable[tuple[keys.Kind, bytes]], used: Iterable[bytes]) -> Facts:
    """The facts that these values say.  Raises what UNREADABLE names."""
    known: dict[str, Any] = {}
    for kind, value in found:
        name, read = _FACTS[kind.letter]
        known.setdefault(name, read(value))  # a page of consents goes before the dense ones
    if "callbacks" in known:
        known["callbacks"] = values.used_up(known["callbacks"], frozenset(token.decode() for token in used))
    return Facts(**known)


_FACTS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    keys.REGISTRY.letter: ("checks", values.checks_from), keys.CONTACTS.letter: ("contact", values.contact_from),
    keys.CONSENTS.letter: ("consents", values.consents_from),
    keys.DENSE_CONSENTS.letter: ("consents", values.consents_from),
    keys.OBJECTIONS.letter: ("objection", values.objection_from),
    keys.CALLBACKS.letter: ("callbacks", values.callbacks_from), keys.RESTS.letter: ("silent_calls", values.silent_calls_from)}
