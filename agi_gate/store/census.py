"""What the store holds, counted: the numbers behind `agi-gate status`.

Edge.  Reads every page of a controller, so it is for people, not for calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import redis

from agi_gate.facts import Facts
from agi_gate.store import keys, page, values
from agi_gate.store.reader import UNREADABLE, StoreUnavailable, explain, visible_page

_SCAN_COUNT = 10_000


@dataclass(slots=True)
class Census:
    """Counts of one controller.  `checked_at_counts`: instant of the last check -> how many numbers rest on it."""

    numbers: int = 0
    enrolled: int = 0
    clear: int = 0
    consents: int = 0
    revoked: int = 0
    contacts: int = 0
    objections: int = 0
    callbacks: int = 0
    rests: int = 0
    checked_at_counts: dict[datetime, int] = field(default_factory=dict)
    loads: list[dict[str, Any]] = field(default_factory=list)


def take(client: redis.Redis, controller: str) -> Census:
    """Count what calls would see.  Raises StoreUnavailable."""
    census = Census()
    try:
        for kind in keys.KINDS:
            for value in _values(client, controller, kind):
                _count(census, kind, value)
        loads = client.hgetall(keys.loads_key(controller))
        census.loads = sorted((json.loads(text) for text in loads.values()), key=lambda load: str(load["loaded_at"]))
    except (redis.RedisError, OSError, *UNREADABLE) as error:
        raise StoreUnavailable(explain(error)) from error
    return census


def _values(client: redis.Redis, controller: str, kind: keys.Kind) -> Iterator[bytes]:
    prefix = keys.page_key(controller, kind, "")

    def get(key: str) -> bytes | None:
        value: bytes | None = client.get(key)  # type: ignore[assignment]  # bytes: the client decodes nothing
        return value

    visible_load = get(keys.load_key(controller))
    # a page and its staged copy are one, and a scan may name a key twice
    scanned = client.scan_iter(match=prefix + "*", count=_SCAN_COUNT)
    for text in {name.decode().removesuffix(keys.STAGED) for name in scanned}:
        body = visible_page(visible_load, get(text), get(text + keys.STAGED))
        if body is not None:
            yield from page.decode(body).values()


def _count(census: Census, kind: keys.Kind, value: bytes) -> None:
    if kind is keys.REGISTRY:
        last = Facts(checks=values.checks_from(value)).last_check
        if last is not None:
            census.numbers += 1
            census.enrolled += last.enrolled
            census.clear += not last.enrolled
            census.checked_at_counts[last.at] = census.checked_at_counts.get(last.at, 0) + 1
    elif kind.name == keys.CONSENTS.name:
        consents = values.consents_from(value)
        census.consents += len(consents)
        census.revoked += sum(consent.revoked_at is not None for consent in consents)
    elif kind is keys.CONTACTS:
        census.contacts += 1
    elif kind is keys.OBJECTIONS:
        census.objections += 1
    elif kind is keys.CALLBACKS:
        census.callbacks += len(values.callbacks_from(value))
    elif kind is keys.RESTS:
        census.rests += len(values.silent_calls_from(value))
