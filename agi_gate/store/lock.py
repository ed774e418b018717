"""One loader at a time and controller, and no write of one that was overtaken.

Edge.  The lock is a key with a time limit.  Its value is the loader's token, the count of its transactions so far and
its process; every transaction holds only while the value is still the one that the transaction before left.  So a loader which was
asleep past its lock can touch nothing of the one that came after it, and one whose server failed over to a replica that
had missed its last writes finds out before it commits.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from redis.client import Pipeline

from agi_gate.store.keys import controller_of
from agi_gate.store.unavailable import StoreUnavailable

LOCK_SECONDS = 60
OVERTAKEN = "this load was overtaken by another one, or the server lost a part of it"
_REFRESH_SECONDS = 5.0
_RELEASE = """
    if string.sub(redis.call('GET', KEYS[1]) or '', 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class LoadConflict(Exception):
    """Another load is at work on the same controller, or took over from this one."""


class Lock:
    """The locks of one loader, by the names of their keys."""

    def __init__(self, client: redis.Redis, names: Sequence[str], token: str) -> None:
        self._client = client
        self._names = names
        self._token = token
        self._held: list[str] = []
        self._transactions = 0
        self._written_at = 0.0
        self._process = f"{os.getpid()}@{socket.gethostname()}"

    def _value(self) -> str:
        return f"{self._token}:{self._transactions}:{self._process}"

    def take(self) -> None:
        """Raises LoadConflict where somebody else holds one of them; then none is held."""
        for name in self._names:
            if not self._take(name):
                self.release()
                left = self._client.ttl(name)
                raise LoadConflict(
                    f"another load of controller `{controller_of(name)}` is at work; try again when it is done (if it was "
                    f"killed on another machine, its lock ends by itself within {max(left, 1)} s)")
            self._held.append(name)
        self._written_at = time.monotonic()

    def _take(self, name: str) -> bool:
        value = self._value()
        for _second_try in (False, True):
            # it may be ours already, where an answer was lost and asked for again
            if self._client.set(name, value, nx=True, ex=LOCK_SECONDS) or self._client.get(name) == value.encode():
                return True
            holder = self._client.get(name)
            if not isinstance(holder, bytes) or not _was_killed(holder.decode("ascii", "replace")):
                return False
            self._client.eval(_RELEASE, 1, name, holder)
        return False

    def release(self) -> None:
        try:
            for name in self._held:
                self._client.eval(_RELEASE, 1, name, self._token)
        except (redis.RedisError, OSError):
            pass  # the lock runs out by itself
        self._held.clear()

    def is_held(self) -> bool:
        """Say whether the locks are this loader's still."""
        held: Sequence[object] = self._client.mget(self._held)
        return held == [self._value().encode()] * len(self._held)

    def is_old(self) -> bool:
        """Say whether the locks should be written again so that they do not run out."""
        return time.monotonic() - self._written_at > _REFRESH_SECONDS

    @contextmanager
    def transaction(self) -> Iterator[Pipeline]:
        """Writes that are done all together, and only while the locks are this loader's.  Raises LoadConflict."""
        with self._client.pipeline(transaction=True) as transaction:
            transaction.watch(*self._held)  # type: ignore[no-untyped-call]
            held: Sequence[object] = transaction.mget(self._held)
            if held != [self._value().encode()] * len(self._held):
                raise LoadConflict(OVERTAKEN)
            transaction.multi()
            yield transaction
            self._transactions += 1
            for name in self._held:
                transaction.set(name, self._value(), ex=LOCK_SECONDS)
            try:
                transaction.execute()
            except redis.WatchError as error:
                # the client says so of a broken connection too, and then nobody knows whether it was done
                held = self._client.mget(self._held)
                if all(isinstance(value, bytes) and value.startswith(self._token.encode()) for value in held):
                    raise StoreUnavailable("the connection broke within a transaction") from error
                raise LoadConflict(OVERTAKEN) from error
        self._written_at = time.monotonic()


def _was_killed(holder: str) -> bool:
    """Say whether the process that holds a lock ran on this machine and is gone.

    Where that is an error (a container has processes of its own), the holder finds out that it was overtaken.
    """
    process, _, host = holder.rpartition(":")[2].partition("@")
    if host != socket.gethostname() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False
