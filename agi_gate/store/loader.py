"""The store as a load sees it: all of a feed becomes visible at one instant, or none of it.

Edge.  A load writes changed pages beside the current ones, under its own id; then one transaction makes that id the
visible one.  A reader takes a staged page only where its id is the visible one, so a load that is killed before its
commit has changed nothing.  The next load first settles what it finds: committed pages take their place, others go.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
import redis

from agi_gate.columns import Classify, Column, union
from agi_gate.store import keys, pages, used, values
from agi_gate.store.lock import LOCK_SECONDS, OVERTAKEN, LoadConflict, Lock
from agi_gate.store.manifests import Manifests
from agi_gate.store.merging import Dense, batches, merge_batch
from agi_gate.store.reader import UNREADABLE, Lost, StoreUnavailable, explain, visible_page

_Item = TypeVar("_Item")
_Change = tuple[bytes | None, bytes]  # a page's bytes before, and to come
Client = redis.Redis  # what joints hand on and never use themselves

# what one command may touch: more would hold calls up for too long
_SCAN_COUNT = 1_000
_KEYS_AT_ONCE = 100
_BYTES_AT_ONCE = 16 << 10
_PAUSE_S = 0.0002  # between two of them, for calls to be answered in
# a key of another type reads as nothing, and a load would write over it
_SOMETHING_ELSE = "something else is written under the gate's keys"
# a script, because a full server refuses any command within MULTI, and staged pages must go from there too
_SETTLE = f"""
    if string.sub(redis.call('GET', KEYS[1]) or '', 1, #ARGV[1]) ~= ARGV[1] then return 0 end
    redis.call('EXPIRE', KEYS[1], {LOCK_SECONDS})
    local visible_load = redis.call('GETRANGE', KEYS[2], 0, {keys.LOAD_ID_BYTES - 1})
    for i = 3, #KEYS do
        local home = string.sub(KEYS[i], 1, -{len(keys.STAGED) + 1})
        if redis.call('GETRANGE', KEYS[i], 0, {keys.LOAD_ID_BYTES - 1}) ~= visible_load then
            redis.call('DEL', KEYS[i])
        elseif redis.call('STRLEN', KEYS[i]) > {keys.LOAD_ID_BYTES} then
            redis.call('RENAME', KEYS[i], home)
        else
            redis.call('DEL', KEYS[i], home)
        end
    end
    return 1
"""


class Load:
    """One load, for one or more controllers: `stage` what changes, then `commit`; leaving without a commit undoes it.

    With `dry_run` nothing is written, not even the lock: the counts are what a load would do now.  `keep_old` is told
    the name of each page that is about to change and its bytes before (none where there was no page), for a rollback.
    `after`: the id of a load that is known from elsewhere; an emptied store names none that this one must follow.
    """

    def __init__(self, client: redis.Redis, controllers: Iterable[str], *, dry_run: bool = False,
                 after: str | None = None) -> None:
        self._client = client
        self._controllers = sorted(controllers)
        self._dry_run = dry_run
        self._after = bytes.fromhex(after or "")
        self.keep_old: Callable[[bytes, bytes], None] | None = None
        self.must_show = False  # also where nothing was staged: so that the store names the load
        self._id = b""  # known once the controllers are locked: it is later than that of every load that is visible
        self._token = secrets.token_hex(keys.LOAD_ID_BYTES)
        self._lock = Lock(client, [keys.lock_key(controller) for controller in self._controllers], self._token)
        self._staged: dict[str, list[str]] = {controller: [] for controller in self._controllers}
        self._manifests: dict[str, Manifests] = {}
        self._is_shown = False

    @property
    def id(self) -> str:
        return self._id.hex()

    def __enter__(self) -> Load:
        try:
            with store_errors():
                if not self._dry_run:
                    self._lock.take()
                    for controller in self._controllers:
                        self._client.get(keys.load_key(controller))  # of another type it is an error, found here
                        pattern = f"{keys.base(controller)}*{keys.STAGED}"
                        # a scan may name a key twice
                        self._settle(controller, sorted({
                            name.decode() for name in self._client.scan_iter(match=pattern, count=_SCAN_COUNT)}))
                self._manifests = {controller: Manifests(self._client, controller) for controller in self._controllers}
                if not self._dry_run:
                    self._say_home({controller: one.visible_load for controller, one in self._manifests.items()
                                    if not one.is_home})
                newest = max([self._after, *(one.visible_load or b"" for one in self._manifests.values())])
                self._id = keys.load_id(datetime.now(UTC), newest or None, secrets.token_bytes(keys.LOAD_ID_BYTES))
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            for controller, names in self._staged.items():
                self._settle(controller, names)  # takes committed pages home, drops staged ones
            if self._is_shown:
                self._say_home(dict.fromkeys(self._controllers, self._id))
        except (redis.RedisError, OSError, StoreUnavailable, LoadConflict):
            pass  # the next load settles
        self._lock.release()

    def stage(self, kind: keys.Kind, controller: str, column: Column, classify: Classify,
              progress: Callable[[int], object] = lambda rows: None) -> Counter[str]:
        """Merge a column into the pages, each kind and controller once a load.

        Counts what `classify(old, merged)` calls each number; `progress` is told the rows done since its last call.
        """
        counts: Counter[str] = Counter()
        with store_errors():
            dense = [part for batch in batches(kind, column) for part in self._stage_batch(
                kind, controller, batch, classify, counts, progress)]
            # its pages were split by this load or an earlier one; a part that this load moves is counted already
            for moved in (False, True):
                part = union([part.column for part in dense if part.moved is moved])
                for batch in batches(keys.DENSE_CONSENTS, part):
                    self._stage_batch(keys.DENSE_CONSENTS, controller, batch, classify,
                                      Counter() if moved else counts, lambda rows: None)
        return counts

    def _stage_batch(self, kind: keys.Kind, controller: str, batch: Column, classify: Classify, counts: Counter[str],
                     progress: Callable[[int], object]) -> list[Dense]:
        digits = np.unique(pages.pages_of(kind, batch.numbers)).tolist()
        names = [keys.page_key(controller, kind, str(page_digits)) for page_digits in digits]
        bodies = dict(zip(digits, self._visible(controller, names, len(batch)), strict=True))
        merged = merge_batch(controller, kind, batch, bodies, values.MERGES[kind], classify)
        counts.update(merged.counts)
        if not self._dry_run:
            self._write({keys.page_key(controller, kind, str(page_digits)): (bodies[page_digits], body)
                         for page_digits, body in merged.changed.items()}, controller)
        progress(len(batch))
        return merged.dense

    def put_back(self, controller: str, old: Iterable[tuple[bytes, bytes]]) -> None:
        """Stage pages as `keep_old` was told them."""
        with store_errors():
            for some in batched(old, _KEYS_AT_ONCE):
                self._write({name.decode(): (None, body) for name, body in some}, controller)

    def mark_used(self, controller: str, callbacks: Sequence[tuple[str, str]]) -> None:
        """Mark call-backs as used up, each a number and its token; at once, since nobody may use them before a commit."""
        with store_errors():
            for some in batched([] if self._dry_run else callbacks, _KEYS_AT_ONCE):
                with self._lock.transaction() as transaction:
                    used.mark(transaction, controller, [used.field(e164, token) for e164, token in some],
                              datetime.now(UTC))

    def hold(self) -> None:
        """Keep the locks from running out: for work that stages nothing for long.  Raises LoadConflict."""
        with store_errors():
            self._write({}, self._controllers[0])

    def _write(self, changes: Mapping[str, tuple[bytes | None, bytes]], controller: str) -> None:
        """Stage pages by name: (the bytes before, the bytes to come)."""
        if not changes and self._lock.is_old():
            with self._lock.transaction():
                pass  # a load that finds nothing to change for long keeps its lock all the same
        for some in _batched_by_bytes(changes.items()):
            pages_to_come = {name: body for name, (_, body) in some}
            stated = self._manifests[controller].after(pages_to_come)
            # before it is known whether they were written: what is not there is settled in no time
            self._staged[controller] += [name + keys.STAGED for name in (*pages_to_come, *stated.changed)]
            with self._lock.transaction() as transaction:
                if self.keep_old is not None:
                    for name, (before, _) in some:
                        self.keep_old(name.encode(), before or b"")
                transaction.mset({name + keys.STAGED: self._id + body
                                  for name, body in (pages_to_come | stated.changed).items()}
                                 | {name: self._id + body for name, body in stated.new.items()})
                if stated.new_blocks:
                    transaction.sadd(keys.blocks_key(controller), *stated.new_blocks)
            self._manifests[controller].take(stated)
            time.sleep(_PAUSE_S)

    def _visible(self, controller: str, names: list[str], rows: int) -> list[bytes | None]:
        """The pages as calls see them; `rows` of the feed fall on them."""
        if self._dry_run:  # nothing was settled: both copies are read
            read, size = self._visible_of, _KEYS_AT_ONCE // 2
        else:
            read, size = self._settled, _KEYS_AT_ONCE
        # a store that holds as much as the feed brings answers with some such bytes a page
        size = max(1, min(size, _BYTES_AT_ONCE * len(names) // (4 * rows + 1)))
        return [body for some in batched(names, size) for body in read(controller, some)]

    def _settled(self, controller: str, names: Sequence[str]) -> list[bytes | None]:
        """Pages without staged copies, which is all of them under this load's lock."""
        bodies: Sequence[Any] = self._client.mget(names)
        absent = [name for name, body in zip(names, bodies, strict=True) if body is None]
        if absent and self._client.exists(*absent):
            if any(body is not None for body in self._client.mget(absent)):
                raise LoadConflict(OVERTAKEN)
            raise StoreUnavailable(_SOMETHING_ELSE)
        visible = [visible_page(None, body, None) for body in bodies]
        self._check(controller, names, visible)
        return visible

    def _visible_of(self, controller: str, names: Sequence[str]) -> list[bytes | None]:
        both = [part for name in names for part in (name, name + keys.STAGED)]
        pipeline = self._client.pipeline(transaction=True)
        pipeline.mget([keys.load_key(controller), *both])
        pipeline.exists(keys.load_key(controller), *both)
        (visible_load, *bodies), existing = pipeline.execute()
        if existing != (visible_load is not None) + sum(body is not None for body in bodies):
            raise StoreUnavailable(_SOMETHING_ELSE)
        load, _ = keys.load_of(controller, visible_load)
        if load != self._manifests[controller].visible_load:
            raise LoadConflict("another load came between; try again")
        visible = [visible_page(load, current, staged)
                   for current, staged in zip(bodies[::2], bodies[1::2], strict=True)]
        self._check(controller, names, visible)
        return visible

    def _check(self, controller: str, names: Sequence[str], visible: Sequence[bytes | None]) -> None:
        try:
            self._manifests[controller].check(names, visible)
        except Lost:
            if not self._dry_run and not self._lock.is_held():
                raise LoadConflict(OVERTAKEN) from None
            raise

    def would_show(self, checks: Mapping[str, Mapping[str, Any]] | None = None) -> bool:
        """Say whether a commit has anything to show."""
        return not self._dry_run and bool(self.must_show or checks or any(self._staged.values()))

    def commit(self, summary: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]] | None = None,
               forget_checks: Sequence[str] = (), other_loads: Mapping[str, Mapping[str, Any]] = {}) -> bool:
        """Make everything staged visible at once; False where nothing changed and so nothing was written.

        `checks`: per controller, check id -> its record.  `other_loads`: load id -> what is to be said of an earlier
        load from now on.  Raises LoadConflict where the lock was lost.
        """
        if not self.would_show(checks):
            return False
        with store_errors():
            for controller in self._controllers:
                # a transaction goes on past a key of another type: it must be found before
                self._client.hlen(keys.loads_key(controller))
                self._client.hlen(keys.checks_key(controller))
            with self._lock.transaction() as transaction:
                for controller in self._controllers:
                    transaction.set(keys.load_key(controller), keys.load_value(controller, self._id, is_home=False))
                    transaction.sadd(keys.blocks_key(controller), keys.ALL_BLOCKS)
                    used.begin(transaction, controller, datetime.now(UTC))
                    transaction.hset(keys.loads_key(controller), self.id, json.dumps(summary))
                    for id_, record in (checks or {}).get(controller, {}).items():
                        transaction.hset(keys.checks_key(controller), id_, json.dumps(record))
                    if forget_checks:
                        transaction.hdel(keys.checks_key(controller), *forget_checks)
                    for load_id, other in other_loads.items():
                        transaction.hset(keys.loads_key(controller), load_id, json.dumps(other))
            self._is_shown = True
        return True

    def _say_home(self, loads: Mapping[str, bytes | None]) -> None:
        """Say of visible loads that calls need not look for staged pages any more."""
        if loads:
            with self._lock.transaction() as transaction:
                for controller, load in loads.items():
                    assert load is not None
                    transaction.set(keys.load_key(controller), keys.load_value(controller, load, is_home=True))

    def _settle(self, controller: str, names: list[str]) -> None:
        """Take committed pages home and drop those of loads that never committed."""
        lock, load = keys.lock_key(controller), keys.load_key(controller)
        for some in batched(names, _KEYS_AT_ONCE):
            if not self._client.eval(_SETTLE, 2 + len(some), lock, load, *some, self._token):
                raise LoadConflict(OVERTAKEN)
            time.sleep(_PAUSE_S)


class store_errors:
    """Turn the client's errors into the one that the joints know."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if isinstance(error, (redis.RedisError, OSError, *UNREADABLE)):
            raise StoreUnavailable(explain(error)) from error


def batched(items: Iterable[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    remaining = iter(items)
    while some := tuple(islice(remaining, size)):
        yield some


def _batched_by_bytes(changes: Iterable[tuple[str, _Change]]) -> Iterator[list[tuple[str, _Change]]]:
    some: list[tuple[str, _Change]] = []
    size = 0
    for name, change in changes:
        some.append((name, change))
        size += len(change[1])
        if size > _BYTES_AT_ONCE or len(some) == _KEYS_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def is_committed(client: redis.Redis, controller: str, load_id: str) -> bool:
    """Say whether a load was ever shown.  Raises StoreUnavailable."""
    with store_errors():
        return bool(client.hexists(keys.loads_key(controller), load_id))


def visible_load(client: redis.Redis, controller: str) -> str | None:
    """The id of the load that was shown last, None in an empty store.  Raises StoreUnavailable."""
    with store_errors():
        value: Any = client.get(keys.load_key(controller))
        load_id, _ = keys.load_of(controller, value)
    return None if load_id is None else load_id.hex()


def serial_of_check(client: redis.Redis, controller: str, at: datetime, sha256: str) -> tuple[int, bool]:
    """The serial of a check at an instant, and whether the store knows this very file already.

    Two files checked in the same millisecond get two serials.  Raises StoreUnavailable.
    """
    with store_errors():
        for serial in range(values.MAX_CHECKS_OF_AN_INSTANT):
            record = client.hget(keys.checks_key(controller), values.check_id(at, serial))
            if record is None:
                return serial, False
            if json.loads(record)["sha256"] == sha256:
                return serial, True
    raise StoreUnavailable(f"controller `{controller}` has too many checks of one instant")
