"""Call-backs that were used up: one hash a controller, a field each, and under `#` how often it was written to.

Edge.  The hash is there from a controller's first load on, and its count never falls: where it is missing, or less than
what calls have seen, marks were lost, and a call-back that was used would seem open again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import hiredis
import redis
from redis.client import Pipeline

from agi_gate.facts import Callback
from agi_gate.store import keys, values, wire
from agi_gate.store.unavailable import StoreUnavailable

COUNT = "#"
_FIRST_COUNT = keys.ticks(datetime(2020, 1, 1, tzinfo=UTC))  # a count begins with the time
# a call that could not be placed over one trunk is tried over the next: the same channel asks again
SAME_CALL = timedelta(seconds=60)

_FIELDS_AT_ONCE = 500

Asked = tuple[str, tuple[Callback, ...], str]  # a number, its call-backs, and the channel that asks (empty: none)


def field_of(e164: str, callback: Callback) -> str:
    """
    >>> field_of("+393331234500", Callback(datetime.fromisoformat("2026-10-01T09:00:00+00:00")))
    '393331234500:1790845200000000'
    """
    return field(e164, values.callback_token(callback))


def field(e164: str, token: str) -> str:
    return f"{e164.removeprefix('+')}:{token}"


def mark_of(channel: str, at: datetime) -> str:
    """What a claim leaves behind: who asked, without his name, and when."""
    return f"{_digest(channel)}:{values.instant_token(at)}" if channel else ""


def is_same_call(mark: bytes, channel: str, at: datetime) -> bool:
    """Say whether a mark is of the same channel, and so young that its call may not have left."""
    digest, _, since = mark.decode("ascii", "replace").partition(":")
    if not channel or digest != _digest(channel) or not since.isdecimal():
        return False
    return 0 <= values.instant_token(at) - int(since) <= SAME_CALL // timedelta(microseconds=1)


def _digest(channel: str) -> str:
    return hashlib.blake2s(channel.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def marked(client: redis.Redis, controller: str, asked: Sequence[Asked], at: datetime,
           ) -> tuple[int, list[tuple[Callback, ...]]]:
    """The count, and of each number its call-backs with what was used up of them, as the channel that asks sees it.

    One round trip.  Raises redis.RedisError, OSError, StoreUnavailable.
    """
    fields = [field_of(e164, callback) for e164, callbacks, _ in asked for callback in callbacks]
    count, marks = read(client, controller, fields)
    found, rest = [], iter(marks)
    for _, callbacks, channel in asked:
        found.append(tuple(_as_seen(callback, mark, channel, at) for callback, mark in zip(callbacks, rest, strict=False)))
    return count, found


def _as_seen(callback: Callback, mark: bytes | None, channel: str, at: datetime) -> Callback:
    if mark is None:
        return callback
    again = is_same_call(mark, channel, at)
    return replace(callback, used=not again, again=again)


def read(client: redis.Redis, controller: str, fields: Sequence[str]) -> tuple[int, list[bytes | None]]:
    """The count, and the mark of each field.  Raises redis.RedisError, OSError, StoreUnavailable."""
    count, marks = -1, list[bytes | None]()
    for start in range(0, len(fields) or 1, _FIELDS_AT_ONCE):
        name, some = keys.used_key(controller), [COUNT, *fields[start:start + _FIELDS_AT_ONCE]]
        answer: Any = wire.ask(client, b"".join(hiredis.pack_command(("HGET", name, one)) for one in some),  # type: ignore[arg-type]
                               len(some))
        if any(isinstance(reply, hiredis.ReplyError) for reply in answer):
            answer = client.hmget(name, some)  # the client knows the kinds of errors
        count = whole(answer[0])
        marks += answer[1:]
    return count, marks


def whole(count: object) -> int:
    """The count, if the hash it stands in is all there.  Raises StoreUnavailable."""
    number = -1 if count is None else int(str(count, "ascii") if isinstance(count, bytes) else str(count))
    # it was lost, and a claim has begun it anew; or it is damaged: no store is written to 256 times a second for long
    if not _FIRST_COUNT <= number <= keys.ticks(datetime.now(UTC) + timedelta(days=1)):
        raise StoreUnavailable("the marks of used call-backs were lost: empty the store and run agi-gate rebuild")
    return number


def begin(transaction: Pipeline, controller: str, at: datetime) -> None:
    """Have the hash from now on, where there is none: its count begins later than that of any that was lost."""
    transaction.hsetnx(keys.used_key(controller), COUNT, str(keys.ticks(at)))


def mark(transaction: Pipeline, controller: str, fields: Sequence[str], at: datetime) -> None:
    """Mark call-backs as used up, without a claim."""
    begin(transaction, controller, at)
    for field in fields:
        transaction.hset(keys.used_key(controller), field, "")
    transaction.hincrby(keys.used_key(controller), COUNT, 1)


def forget(client: redis.Redis, controller: str, fields: Sequence[str]) -> int:
    """Take marks away; the count, which goes up.  Raises redis.RedisError, OSError."""
    pipeline = client.pipeline(transaction=False)
    pipeline.hdel(keys.used_key(controller), *fields)
    pipeline.hincrby(keys.used_key(controller), COUNT, 1)
    return whole(pipeline.execute()[1])
