"""What a server says of itself: which commands it takes, whether it drops keys, how it keeps them, and its time.

Edge.  For ops' work, not for calls.  What a server does not say is None, and never taken for the best: a managed server
may forbid INFO, CONFIG, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import redis
from redis.exceptions import NoPermissionError

from agi_gate.store import keys
from agi_gate.store.loader import store_errors

NO_EVICTION = "noeviction"
_FSYNCS = ("always", "everysec", "no")
# what loads, rollbacks, rebuilds and purges send, within scripts too, and `status`; `{}` is a key of the controller
_NEEDED = (
    "GET {}", "MGET {}", "GETRANGE {} 0 7", "STRLEN {}", "EXISTS {}", "TTL {}", "SET {} x NX EX 60", "MSET {} x",
    "RENAME {} {}", "DEL {}", "EXPIRE {} 60", "HGET {} x", "HMGET {} x", "HGETALL {}", "HEXISTS {} x", "HLEN {}",
    "HSET {} x x", "HSETNX {} x x", "HINCRBY {} x 1", "HDEL {} x", "HSCAN {} 0", "SADD {} x", "SISMEMBER {} x",
    "SMISMEMBER {} x", "SSCAN {} 0", "EVAL return 1 {}", "SCAN 0", "ECHO x", "ROLE", "TIME")


@dataclass(frozen=True, slots=True)
class Persistence:
    """`log`: every write is appended to a file; `sync`: when that file is synced to the disk (`always`, `everysec`, `no`);
    `snapshots`: the whole store is written now and then; `is_well`: the last write of these succeeded."""

    log: bool | None
    sync: str | None
    snapshots: bool | None
    is_well: bool | None

    def words(self) -> str:
        if self.log:
            said = f"append-only file, synced {self.sync or '(when is not said)'}"
        elif self.log is None:
            said = "the server does not say whether it has an append-only file"
        else:
            said = "no append-only file"
        snapshots = {True: "snapshots", False: "no snapshots", None: "snapshots unknown"}[self.snapshots]
        return f"{said}; {snapshots}{'; the last write FAILED' if self.is_well is False else ''}"

    def advice(self) -> str | None:
        """What to change; None where the store outlives a power cut but for its last second."""
        if self.is_well is False:
            return "the store's server could not write its file; look after its disk: a restart would lose what came since"
        if self.log is None:
            return ("whether the store's server has an append-only file is not known; see to it that it has (docs/servers.md), "
                    "or a restart loses loads")
        if not self.log:
            return ("the store's server has no append-only file, so a restart loses what came since its last snapshot: set "
                    "appendonly yes and appendfsync everysec")
        if self.sync == "no":
            return "the store's server syncs its file when the system likes (appendfsync no): set appendfsync everysec"
        return None

    def for_json(self) -> dict[str, Any]:
        return asdict(self)


def eviction(client: redis.Redis) -> str | None:
    """The eviction policy; None where the server does not say.  Raises StoreUnavailable."""
    with store_errors():
        return _info(client, "memory").get("maxmemory_policy") or _config(client, "maxmemory-policy")


def persistence(client: redis.Redis) -> Persistence:
    """Raises StoreUnavailable."""
    with store_errors():
        info = _info(client, "persistence")
        log = _is_yes(info.get("aof_enabled"))
        log = _is_yes(_config(client, "appendonly")) if log is None else log
        sync = _config(client, "appendfsync") if log else None
        save = _config(client, "save")
    written = [info[name] for name in ("aof_last_write_status", "rdb_last_bgsave_status") if name in info]
    return Persistence(log, sync if sync in _FSYNCS else None, None if save is None else bool(save),
                       all(status == "ok" for status in written) if written else None)


def clock_ahead(client: redis.Redis) -> timedelta:
    """By how much this machine's clock is ahead of the server's.  Raises StoreUnavailable."""
    with store_errors():
        asked_at = datetime.now(UTC)
        seconds, microseconds = client.time()
        took = datetime.now(UTC) - asked_at
        return asked_at + took / 2 - datetime.fromtimestamp(seconds, UTC) - timedelta(microseconds=microseconds)


def missing_commands(client: redis.Redis, controller: str) -> list[str]:
    """The commands of a load that the server does not have under their names, or does not let this user run.

    They are queued in a transaction that is discarded, so none of them is run.  Raises StoreUnavailable.
    """
    name = keys.lock_key(controller)
    with store_errors():
        connection = cast(Any, client.connection_pool.get_connection())
        try:
            missing = [words[0] for words in (["WATCH", name], ["UNWATCH"], ["MULTI"]) if _is_refused(connection, words)]
            if "MULTI" not in missing:  # without it each would be run
                missing += [words[0] for words in map(_words, _NEEDED, [name] * len(_NEEDED))
                            if _is_refused(connection, words)]
                missing += [words for words in ("DISCARD", "MULTI", "EXEC") if _is_refused(connection, [words])]
            return missing
        finally:
            connection.disconnect()  # whatever is queued still is forgotten
            client.connection_pool.release(connection)


def _words(command: str, name: str) -> list[str]:
    if command.startswith("EVAL"):
        return ["EVAL", "return 1", "1", name]
    return [word.replace("{}", name) for word in command.split()]


def _is_refused(connection: Any, words: Sequence[str]) -> bool:
    """Whether a command is not there, or not allowed; what else a server says against it is not the command's fault."""
    connection.send_command(*words)
    try:
        connection.read_response()
    except NoPermissionError:
        return True
    except redis.ResponseError as error:
        return "unknown command" in str(error).lower()
    return False


def _info(client: redis.Redis, section: str) -> dict[str, Any]:
    try:
        return dict(client.info(section))
    except redis.ResponseError:
        return {}


def _config(client: redis.Redis, name: str) -> str | None:
    try:
        found: Any = client.config_get(name)
    except redis.ResponseError:
        return None
    said = found.get(name) if isinstance(found, dict) else None
    return said if isinstance(said, str) else None


def _is_yes(said: object) -> bool | None:
    return {"1": True, "0": False, "yes": True, "no": False}.get(str(said).lower())
