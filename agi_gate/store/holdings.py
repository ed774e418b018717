"""Which loads a store says that it holds, and of which controllers it holds any.

Edge.  For people, not for calls.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import redis

from agi_gate.store import keys
from agi_gate.store.loader import store_errors, visible_load

_SCAN_COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Holdings:
    """`visible`: the id of the load that calls see; `loads`: id of each load that was ever shown -> what it was."""

    visible: str | None
    loads: Mapping[str, Mapping[str, Any]]

    @property
    def in_force(self) -> dict[str, Mapping[str, Any]]:
        """The loads that were not taken back."""
        return {load_id: said for load_id, said in self.loads.items() if "rolled_back_at" not in said}


def holdings(client: redis.Redis, controller: str) -> Holdings:
    """Raises StoreUnavailable."""
    while True:
        visible = visible_load(client, controller)
        with store_errors():
            found: Mapping[bytes, bytes] = client.hgetall(  # type: ignore[assignment]  # no awaiting client
                keys.loads_key(controller))
            loads = {name.decode(): dict(json.loads(text)) for name, text in found.items()}
        if visible_load(client, controller) == visible:  # else a load came between
            return Holdings(visible, loads)


def controllers_in(clients: Collection[redis.Redis]) -> set[str]:
    """The controllers of which these servers show any load.  Raises StoreUnavailable."""
    with store_errors():
        return {keys.controller_of(name.decode()) for client in clients
                for name in client.scan_iter(match=keys.load_key("*"), count=_SCAN_COUNT)}
