"""The store as calls see it: the facts of all who ask at once in one round trip, and a call-back used up once.

Edge.  Anything but a whole, readable answer within the time limit is `StoreUnavailable`: what could not be found out
is never "no".  So is an answer from which a key is missing that was there (see `keys`, `manifest`), and one that is older
than what calls have seen (see `seen`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import hiredis
import redis

from agi_gate.facts import Callback, Facts
from agi_gate.store import keys, manifest, page, used, values, wire
from agi_gate.store.deadline import left, within
from agi_gate.store.seen import Seen, States
from agi_gate.store.servers import ELSEWHERE, Servers, connect, replica_offsets
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain

__all__ = ["UNREADABLE", "Question", "Store", "StoreUnavailable", "connect", "explain", "visible_page"]

_Answer = TypeVar("_Answer")
# in the place of a number's digits, in words that are packed once for all numbers of one length
_ANY_DIGIT = "\0"
_OFFSET_DIGITS = sorted({kind.offset_digits for kind in keys.KINDS})
_SHARE_OF_WAIT = 0.7  # of the time that is left; the answer has to come back, too
_EMPTY_MANIFEST_BYTES = keys.LOAD_ID_BYTES + len(manifest.encode({}, b""))
_KNOWN = 2  # replies about the set of blocks
_NARROW = 2 + len(keys.KINDS)  # keys of a question without the staged ones
_WIDE = 2 * _NARROW - 1
_NOTHING_STAGED = (None,) * (_NARROW - 1)

PATIENT_MS = 30_000  # where nobody is on the phone


class Question(NamedTuple):
    """Of which controller, which number (E.164); `channel`: who asks, for a call-back that it has used up just now."""

    controller: str
    e164: str
    channel: str = ""


class Lost(StoreUnavailable):
    """Something that was loaded is not there, or is not what was loaded."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was lost, or is older than the rest: empty the store and run agi-gate rebuild")


class _NotHome(Exception):
    """Pages of the visible load are staged still."""


class Store:
    """The facts of calls.  No method takes longer than `timeout_ms` as a whole: a call's is `[store] timeout_ms`.

    Threads may share it.
    """

    def __init__(self, servers: Servers | redis.Redis, timeout_ms: int = PATIENT_MS, seen: Seen | None = None) -> None:
        self._servers = servers if isinstance(servers, Servers) else Servers(servers, timeout_ms)
        self._timeout_s = timeout_ms / 1000
        self._not_home: frozenset[str] = frozenset()  # controllers whose last load has pages that are staged still
        self.seen = seen or Seen()

    @classmethod
    def at(cls, url: str, timeout_ms: int, log: Path | None = None) -> Store:
        """`log`: the decision log of this gate, beside which it keeps what it has seen of the store."""
        return cls(Servers.at(url, timeout_ms), timeout_ms, None if log is None else Seen.beside(log))

    def facts_for(self, controller: str, e164: str) -> Facts:
        """Everything known of a number for a controller.  Raises StoreUnavailable."""
        (facts,) = self.facts_of([Question(controller, e164)])
        if isinstance(facts, StoreUnavailable):
            raise facts
        return facts

    def facts_of(self, questions: Sequence[Question], meanwhile: Callable[[], None] | None = None,
                 ) -> list[Facts | StoreUnavailable]:
        """The same of many, one round trip to each server: for each question its facts, or why they are not known.

        A second one where numbers have call-backs.  `meanwhile` is what to do while a server works on its answer, as
        often as one is asked.
        """
        found: dict[Question, Facts | StoreUnavailable] = {}
        seen = self.seen.now()
        with within(self._timeout_s):
            by_client: dict[redis.Redis, list[Question]] = {}
            for question in dict.fromkeys(questions):
                try:
                    by_client.setdefault(self._servers.client_of(question.controller), []).append(question)
                except StoreUnavailable as error:
                    found[question] = error
            for position, together in enumerate(by_client.values()):
                self._look_up(together, found, seen, meanwhile, len(by_client) - position)
        return [found[question] for question in questions]

    def _look_up(self, questions: Sequence[Question], found: dict[Question, Facts | StoreUnavailable], seen: States,
                 meanwhile: Callable[[], None] | None, sharing: int) -> None:
        """Questions to one server, of so many that share the time that is left: one may not take it all."""
        not_home = self._not_home
        packed = b"".join([_packed(question.controller, question.e164, question.controller in not_home)
                           for question in questions])
        sizes = [_KNOWN + (_WIDE if question.controller in not_home else _NARROW) for question in questions]
        try:
            with within((left() or 0) / sharing):
                replies = self._ask(questions[0].controller, lambda client: wire.ask(
                    client, packed, sum(sizes), meanwhile))
        except (StoreUnavailable, TimeoutError) as error:
            unavailable = error if isinstance(error, StoreUnavailable) else StoreUnavailable(explain(error))
            found.update((question, unavailable) for question in questions)
            return
        called_back: dict[str, list[Question]] = {}
        begin = 0
        for question, size in zip(questions, sizes, strict=True):
            begin, end = begin + size, begin
            try:
                facts = self._facts(question, seen, replies[end:end + _KNOWN], replies[end + _KNOWN:begin])
            except StoreUnavailable as error:
                found[question] = error
                continue
            found[question] = facts
            if facts.callbacks:
                called_back.setdefault(question.controller, []).append(question)
        for controller, some in called_back.items():
            self._mark_used(controller, some, found, seen)

    def _facts(self, question: Question, seen: States, known: Any, bodies: Any) -> Facts:
        try:
            return self._read(question, seen, known, bodies)
        except (Lost, _NotHome, *UNREADABLE):
            # staged pages count as well just now; a load may have come between the commands, hence one instant for both;
            # and an error is told by the client, which knows the kinds of them
            return self._read(question, seen, *self._ask(question.controller, lambda client: _look_again(client, question)))

    def _read(self, question: Question, seen: States, known: Any, bodies: Any) -> Facts:
        """Raises StoreUnavailable."""
        if any([type(one) is hiredis.ReplyError for one in (*known, *bodies)]):
            raise Lost("something under the gate's keys")
        try:
            load, is_home = keys.load_of(question.controller, bodies[0])
            self.seen.check(seen, question.controller, load)
            if is_home is (question.controller in self._not_home):
                self._not_home ^= {question.controller}
            if len(bodies) > _NARROW:
                return decode(_values(question, load, known, bodies[1::2], bodies[2::2]))
            if not is_home:
                raise _NotHome
            return decode(_values(question, load, known, bodies[1:], _NOTHING_STAGED))
        except UNREADABLE as error:
            raise StoreUnavailable(explain(error)) from error

    def _mark_used(self, controller: str, questions: Sequence[Question],
                   found: dict[Question, Facts | StoreUnavailable], seen: States) -> None:
        """Say of call-backs which were used up, in `found`."""
        facts = [one for question in questions if isinstance(one := found[question], Facts)]
        asked = [(question.e164, one.callbacks, question.channel)
                 for question, one in zip(questions, facts, strict=True)]
        try:
            count, marked = self._ask(controller, lambda client: used.marked(client, controller, asked, datetime.now(UTC)))
            self.seen.check_count(seen, controller, count)
        except StoreUnavailable as error:
            found.update((question, error) for question in questions)
            return
        for question, one, callbacks in zip(questions, facts, marked, strict=True):
            found[question] = replace(one, callbacks=callbacks)

    def claim(self, controller: str, e164: str, callback: Callback, channel: str = "") -> bool:
        """Use a call-back up: True for exactly one of all who ask, and for the same channel again within 60 s.

        Raises StoreUnavailable.  A claim that a failover could lose would let the call-back be used again, so it counts
        only when every replica that is connected has it, and when the server is the master still.  Where that cannot be
        said nobody calls, and the call-back stays used up: taking it back could be what is lost.  What this gate has seen
        is on its disk before a call goes on, so that a restored store is known by it.
        """
        field, seen = used.field_of(e164, callback), self.seen.now()
        with within(self._timeout_s):
            client, claimed, count, safe = self._ask(
                controller, lambda client: _use_up(client, controller, field, channel))
            if not claimed:
                return False
            if not safe:
                raise StoreUnavailable("not every replica took the used call-back over in time")
            if not self._servers.owns(client, controller):
                raise StoreUnavailable("another server became the master while a call-back was used up")
        try:
            self.seen.check_count(seen, controller, count)
            self.seen.save()
        except OSError as error:
            if not callback.again:  # nobody calls on it, and this server has it: it is not lost
                self.give_back(controller, e164, callback)
            raise StoreUnavailable(f"what this gate has seen of the store cannot be written ({error.strerror})") from error
        return True

    def give_back(self, controller: str, e164: str, callback: Callback) -> None:
        """Undo a claim whose call was refused after all.  Raises StoreUnavailable."""
        seen = self.seen.now()
        with within(self._timeout_s):
            self.seen.check_count(seen, controller, self._ask(controller, lambda client: used.forget(
                client, controller, [used.field_of(e164, callback)])))

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


def _use_up(client: redis.Redis, controller: str, field: str, channel: str) -> tuple[redis.Redis, bool, int, bool]:
    """The client, whether the call-back is the caller's, the count, and whether every replica has it."""
    began, name, now = time.monotonic(), keys.used_key(controller), datetime.now(UTC)
    replicas = len(replica_offsets(client)[1])
    if (left() or math.inf) < time.monotonic() - began:  # an answer as slow would come too late, and nobody would call
        raise TimeoutError("the store is too slow to use a call-back up")
    pipeline = client.pipeline(transaction=False)  # WAIT speaks of what came before it on its own connection
    pipeline.hsetnx(name, field, used.mark_of(channel, now))
    pipeline.hincrby(name, used.COUNT, 1)
    pipeline.hget(name, field)
    pipeline.wait(replicas, max(1, int((left() or 0) * 1000 * _SHARE_OF_WAIT)))  # 0 would be for ever
    added, count, mark, acknowledged = pipeline.execute()
    is_claimed = added == 1 or mark is not None and used.is_same_call(mark, channel, now)
    return client, is_claimed, used.whole(count), acknowledged >= replicas


def _look_again(client: redis.Redis, question: Question) -> tuple[Any, Any]:
    names = keys.keys_of_call(question.controller, question.e164, staged=True)
    transaction = client.pipeline(transaction=True)
    transaction.smismember(keys.blocks_key(question.controller), [_block_of(question.e164), keys.ALL_BLOCKS])
    transaction.mget(names)
    known, bodies = transaction.execute()
    return known, bodies


def _block_of(e164: str) -> str:
    return e164.removeprefix("+")[:-keys.MANIFEST.offset_digits]


def _packed(controller: str, e164: str, staged: bool) -> bytes:
    """The question as the server reads it."""
    digits = e164.removeprefix("+")
    if len(digits) <= _OFFSET_DIGITS[-1]:  # no digits are left for a page's name: a short code
        return _words(controller, digits, staged)
    packed = _words(controller, _ANY_DIGIT * len(digits), staged)
    for offset_digits in _OFFSET_DIGITS:  # the longest first: a shorter one would be found within it
        page_digits = digits[:len(digits) - offset_digits]
        packed = packed.replace(_ANY_DIGIT.encode() * len(page_digits), page_digits.encode())
    return packed


@lru_cache(1024)
def _words(controller: str, digits: str, staged: bool) -> bytes:
    names = keys.keys_of_call(controller, digits, staged=staged)
    # the set before the manifests: a load that makes a new block writes both at one instant
    return b"".join(hiredis.pack_command(words) for words in (  # type: ignore[arg-type]
        *(("SISMEMBER", keys.blocks_key(controller), member) for member in (_block_of(digits), keys.ALL_BLOCKS)),
        *(("GET", name) for name in names)))


def _values(question: Question, load: bytes | None, known: Sequence[int], home: Sequence[bytes | None],
            staged: Sequence[bytes | None]) -> list[tuple[keys.Kind, bytes]]:
    """The value of each kind, if all that was loaded is there: of the manifest and each kind, both pages.

    Raises Lost, and what UNREADABLE names.
    """
    controller, digits = question.controller, question.e164.removeprefix("+")
    # MGET gives nil for a key of another type too: what should be there and cannot be read was lost as well
    is_block, is_set = known
    if load is None:
        # nothing was loaded yet, and what the first load has staged is not seen; or the load's own key is gone
        if is_set or any(page_ is not None for page_ in home[1:]) or len(home[0] or b"") > _EMPTY_MANIFEST_BYTES:
            raise Lost("the id of the visible load")
        return []
    if not is_set:
        raise Lost("the set of blocks")
    crcs = _crcs_of_kinds(controller)
    stated, bits = visible_page(load, home[0], staged[0]), 0
    if stated is not None:
        bits = manifest.bits_of(stated, crc32(_block_of(digits).encode(), crcs[0]))
    elif is_block:
        raise Lost("a block's manifest")
    found = []
    places = manifest.places_of(int(digits[-4:-2] or 0))
    for kind, crc, place, at_home, to_come in zip(keys.KINDS, crcs[1:], places, home[1:], staged[1:], strict=True):
        body = None if at_home is to_come is None else visible_page(load, at_home, to_come)
        if body is None:
            if bits >> place & 1:
                raise Lost("a page")
        elif stated is None or page.checksum(body) != manifest.checksum_at(stated, bits, place):
            raise Lost("a page")
        else:
            value = page.find(body, int(digits[-kind.offset_digits:]), crc32(digits[:-kind.offset_digits].encode(), crc))
            if value is not None:
                found.append((kind, value))
    return found


@lru_cache(1024)
def _crcs_of_kinds(controller: str) -> tuple[int, ...]:
    """Of the manifest and each kind: the CRC-32 of a page key's name, up to the page's digits."""
    return tuple(crc32(keys.page_key(controller, kind, "").encode()) for kind in (keys.MANIFEST, *keys.KINDS))


def visible_page(visible_load: bytes | None, current: bytes | None, staged: bytes | None) -> bytes | None:
    """The page that calls see: the staged one if its load was committed, else the current one.

    A staged page that holds nothing but its load's id takes the current one away.
    """
    if staged is not None and visible_load is not None and staged[:keys.LOAD_ID_BYTES] == visible_load:
        return staged[keys.LOAD_ID_BYTES:] or None
    return None if current is None else current[keys.LOAD_ID_BYTES:]


def decode(found: Iterable[tuple[keys.Kind, bytes]]) -> Facts:
    """The facts that these values say; which call-backs were used up is known elsewhere.  Raises what UNREADABLE names."""
    known: dict[str, Any] = {}
    for kind, value in found:
        name, read = _FACTS[kind.letter]
        known.setdefault(name, read(value))  # a page of consents goes before the dense ones
    return Facts(**known)


_FACTS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    keys.REGISTRY.letter: ("checks", values.checks_from), keys.CONTACTS.letter: ("contact", values.contact_from),
    keys.CONSENTS.letter: ("consents", values.consents_from),
    keys.DENSE_CONSENTS.letter: ("consents", values.consents_from),
    keys.OBJECTIONS.letter: ("objection", values.objection_from),
    keys.CALLBACKS.letter: ("callbacks", values.callbacks_from), keys.RESTS.letter: ("silent_calls", values.silent_calls_from)}
