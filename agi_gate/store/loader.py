"""The store as a load sees it: all of a feed becomes visible at one instant, or none of it.

Edge.  A load writes changed pages beside the current ones, under its own id; then one transaction makes that id the
visible one.  A reader takes a staged page only where its id is the visible one, so a load that is killed before its
commit has changed nothing.  The next load first settles what it finds: committed pages take their place, others go.

One loader at a time and controller: the lock is a token with a time limit, and every write holds only while the token
is still there, so that a loader which was asleep past its lock can touch nothing of the one that came after it.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

import redis
from redis.client import Pipeline

from agi_gate.store import keys, page, values
from agi_gate.store.reader import UNREADABLE, StoreUnavailable, explain, visible_page

_Item = TypeVar("_Item")
Classify = Callable[[bytes | None, bytes], str]

_LOCK_SECONDS = 60
_PAGES_A_BATCH = 500
_SCAN_COUNT = 10_000
_OVERTAKEN = "this load was overtaken by another one"
# scripts, because a full server refuses any command within MULTI, and staged pages must go from there too
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
_SETTLE = f"""
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    local visible_load = redis.call('GET', KEYS[2])
    for i = 3, #KEYS do
        if redis.call('GETRANGE', KEYS[i], 0, {keys.LOAD_ID_BYTES - 1}) == visible_load then
            redis.call('RENAME', KEYS[i], string.sub(KEYS[i], 1, -{len(keys.STAGED) + 1}))
        else
            redis.call('DEL', KEYS[i])
        end
    end
    return 1
"""


class LoadConflict(Exception):
    """Another load is at work on the same controller, or took over from this one."""


class Load:
    """One load, for one or more controllers: `stage` what changes, then `commit`; leaving without a commit undoes it.

    With `dry_run` nothing is written, not even the lock: the counts are what a load would do now.
    """

    def __init__(self, client: redis.Redis, controllers: Iterable[str], *, dry_run: bool = False) -> None:
        self._client = client
        self._controllers = sorted(controllers)
        self._dry_run = dry_run
        self._id = secrets.token_bytes(keys.LOAD_ID_BYTES)
        self._token = self._id.hex()
        self._locked: list[str] = []
        self._staged = 0

    def __enter__(self) -> Load:
        try:
            with _store_errors():
                if not self._dry_run:
                    self._lock()
                    for controller in self._controllers:
                        self._settle(controller)
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if self._locked:
                for controller in self._controllers:
                    self._settle(controller)  # takes committed pages home, drops staged ones
        except (redis.RedisError, OSError, StoreUnavailable, LoadConflict):
            pass  # the next load settles
        self._unlock()

    def stage(self, kind: keys.Kind, controller: str, rows: Mapping[str, bytes], classify: Classify) -> Counter[str]:
        """Merge values by number into the pages.  Counts what `classify(old, merged)` calls each number."""
        counts: Counter[str] = Counter()
        merge = values.MERGES[kind]
        by_page: dict[str, dict[int, bytes]] = defaultdict(dict)
        for e164, value in rows.items():
            digits, offset = keys.place(kind, e164)
            by_page[digits][offset] = value
        with _store_errors():
            for batch in _batched(sorted(by_page), _PAGES_A_BATCH):
                self._stage_batch(kind, controller, {digits: by_page[digits] for digits in batch}, merge, classify,
                                  counts)
        return counts

    def _stage_batch(self, kind: keys.Kind, controller: str, pages: Mapping[str, Mapping[int, bytes]],
                     merge: Callable[[bytes, bytes], bytes], classify: Classify, counts: Counter[str]) -> None:
        names = [keys.page_key(controller, kind, digits) for digits in pages]
        writes: dict[str, bytes] = {}
        for name, new_values, current in zip(names, pages.values(), self._visible(controller, names), strict=True):
            held = {} if current is None else page.decode(current)
            changed = False
            for offset, value in new_values.items():
                old = held.get(offset)
                # merged with itself where it is new, so that a value in the file twice is kept once
                merged = merge(value if old is None else old, value)
                counts[classify(old, merged)] += 1
                if merged != old:
                    held[offset], changed = merged, True
            if changed:
                writes[name + keys.STAGED] = self._id + page.encode(held)
        if writes and not self._dry_run:
            with self._transaction() as transaction:
                for name, body in writes.items():
                    transaction.set(name, body)
                for locked in self._locked:
                    transaction.expire(locked, _LOCK_SECONDS)
        self._staged += len(writes)

    def _visible(self, controller: str, names: list[str]) -> list[bytes | None]:
        """The pages as calls see them; a dry run has settled nothing, so both copies are read."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(keys.load_key(controller))
        for name in names:
            # GET, not MGET: a key of another type must be an error here, or a load would write over it
            pipeline.get(name)
            pipeline.get(name + keys.STAGED)
        visible_load, *bodies = pipeline.execute()
        return [visible_page(visible_load, current, staged)
                for current, staged in zip(bodies[::2], bodies[1::2], strict=True)]

    def commit(self, summary: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]] | None = None) -> bool:
        """Make everything staged visible at once; False where nothing changed and so nothing was written.

        `checks`: per controller, check id -> its record.  Raises LoadConflict where the lock was lost.
        """
        if self._dry_run or (self._staged == 0 and not checks):
            return False
        with _store_errors():
            for controller in self._controllers:
                # a transaction goes on past a key of another type: it must be found before
                self._client.hlen(keys.loads_key(controller))
                self._client.hlen(keys.checks_key(controller))
            with self._transaction() as transaction:
                for controller in self._controllers:
                    transaction.set(keys.load_key(controller), self._id)
                    transaction.hset(keys.loads_key(controller), self._token, json.dumps(summary))
                    for id_, record in (checks or {}).get(controller, {}).items():
                        transaction.hset(keys.checks_key(controller), id_, json.dumps(record))
        return True

    @contextmanager
    def _transaction(self) -> Iterator[Pipeline]:
        """Writes that are done all together, and only while the locks are this load's.  Raises LoadConflict."""
        with self._client.pipeline(transaction=True) as transaction:
            transaction.watch(*self._locked)  # type: ignore[no-untyped-call]
            if any(transaction.get(name) != self._token.encode() for name in self._locked):
                raise LoadConflict(_OVERTAKEN)
            transaction.multi()
            yield transaction
            try:
                transaction.execute()
            except redis.WatchError as error:
                # the client says so of a broken connection too, and then nobody knows whether it was done
                if self._client.mget(self._locked) == [self._token.encode()] * len(self._locked):
                    raise StoreUnavailable("the connection broke within a transaction") from error
                raise LoadConflict(_OVERTAKEN) from error

    def _lock(self) -> None:
        for controller in self._controllers:
            name = keys.lock_key(controller)
            # it may be ours already, where an answer was lost and asked for again
            if not self._client.set(name, self._token, nx=True, ex=_LOCK_SECONDS) \
                    and self._client.get(name) != self._token.encode():
                self._unlock()
                left = self._client.ttl(name)
                raise LoadConflict(
                    f"another load of controller `{controller}` is at work; try again when it is done "
                    f"(if it was killed, its lock ends by itself within {max(left, 1)} s)")
            self._locked.append(name)

    def _unlock(self) -> None:
        try:
            for name in self._locked:
                self._client.eval(_UNLOCK, 1, name, self._token)
        except (redis.RedisError, OSError):
            pass  # the lock runs out by itself
        self._locked.clear()

    def _settle(self, controller: str) -> None:
        """Take committed pages home and drop those of loads that never committed."""
        lock, load = keys.lock_key(controller), keys.load_key(controller)
        pattern = f"{keys.base(controller)}*{keys.STAGED}"
        # a scan may name a key twice
        for names in _batched(set(self._client.scan_iter(match=pattern, count=_SCAN_COUNT)), _PAGES_A_BATCH):
            if not self._client.eval(_SETTLE, 2 + len(names), lock, load, *names, self._token):
                raise LoadConflict(_OVERTAKEN)


class _store_errors:
    """Turn the client's errors into the one that the joints know."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if isinstance(error, (redis.RedisError, OSError, *UNREADABLE)):
            raise StoreUnavailable(explain(error)) from error


def _batched(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def serial_of_check(client: redis.Redis, controller: str, at: datetime, sha256: str) -> tuple[int, bool]:
    """The serial of a check at an instant, and whether the store knows this very file already.

    Two files checked in the same millisecond get two serials.  Raises StoreUnavailable.
    """
    with _store_errors():
        for serial in range(values.MAX_CHECKS_OF_AN_INSTANT):
            record = client.hget(keys.checks_key(controller), values.check_id(at, serial))
            if record is None:
                return serial, False
            if json.loads(record)["sha256"] == sha256:
                return serial, True
    raise StoreUnavailable(f"controller `{controller}` has too many checks of one instant")


def evicting_policy(client: redis.Redis) -> str | None:
    """The server's eviction policy where it may drop keys (a lost objection would be a wrong ALLOW), else None."""
    with _store_errors():
        policy = str(client.info("memory").get("maxmemory_policy", "noeviction"))
    return None if policy == "noeviction" else policy
