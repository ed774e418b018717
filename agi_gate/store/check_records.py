"""What the store keeps beside registry checks: of each the file, its SHA-256, the receipt, the counts.

Edge.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import redis

from agi_gate.store import keys
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain


def check_records(servers: Servers, controller: str, checks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By id of the check; nothing of one that no record speaks of.  Raises StoreUnavailable."""
    if not checks:
        return {}
    try:
        answer: Any = servers.client_of(controller).hmget(keys.checks_key(controller), list(checks))
        return {id_: dict(json.loads(said)) for id_, said in zip(checks, answer, strict=True) if said is not None}
    except (redis.RedisError, OSError, *UNREADABLE) as error:
        raise StoreUnavailable(explain(error)) from error
