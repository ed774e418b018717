"""Loads in a few words, and what a store holds as one value to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import redis

from agi_gate.columns import column_of, number_of
from agi_gate.facts import Callback, Consent, Contact, Objection
from agi_gate.store import keys, values
from agi_gate.store.loader import Load

CONTROLLER = "acme"
NUMBER = "+393331234500"
DAY_1 = datetime(2026, 10, 1, 9, tzinfo=UTC)
ONE_OF_EACH = {
    keys.REGISTRY: values.check_bytes(DAY_1, 0, False),
    keys.CONTACTS: values.contact_bytes(Contact("Elenco", True)),
    keys.CONSENTS: values.consents_bytes([Consent(DAY_1, "marketing", "telecom", "both", "web", "ip")]),
    keys.OBJECTIONS: values.objection_bytes(Objection(DAY_1, "call")),
    keys.CALLBACKS: values.callbacks_bytes([Callback(DAY_1)]),
    keys.RESTS: values.silent_calls_bytes([DAY_1]),
}


def day(number: int) -> datetime:
    return DAY_1 + timedelta(days=number - 1)


def classify(old: bytes | None, merged: bytes) -> str:
    return "new" if old is None else "unchanged" if old == merged else "changed"


def stage(work: Load, kind: keys.Kind, controller: str, rows: Mapping[str, bytes]) -> Counter[str]:
    column = column_of(np.array(list(map(number_of, rows)), np.int64), np.arange(len(rows), dtype=np.int32),
                       list(rows.values()), values.MERGES[kind])
    return work.stage(kind, controller, column, classify)


def load(client: redis.Redis, rows: Mapping[keys.Kind, Mapping[str, bytes]], controller: str = CONTROLLER, *,
         dry_run: bool = False) -> dict[str, int]:
    """One load of any kinds, committed: how many numbers are new, changed, unchanged."""
    counts: dict[str, int] = {}
    with Load(client, [controller], dry_run=dry_run) as work:
        for kind, by_number in rows.items():
            for name, count in stage(work, kind, controller, by_number).items():
                counts[name] = counts.get(name, 0) + count
        work.commit({"loaded_at": "now"})
    return counts


def load_one_of_each(client: redis.Redis, number: str = NUMBER) -> None:
    load(client, {kind: {number: value} for kind, value in ONE_OF_EACH.items()})


def load_check(client: redis.Redis, at: datetime, flags: Mapping[str, bool]) -> dict[str, int]:
    return load(client, {keys.REGISTRY: {
        number: values.check_bytes(at, 0, enrolled) for number, enrolled in flags.items()}})


def everything(client: redis.Redis) -> dict[bytes, Any]:
    """Each key with its value; of a set or a hash, whose bytes depend on its past, what is in it."""
    read = {b"set": client.smembers, b"hash": client.hgetall}
    names: Any = client.keys("*")
    return {name: read.get(client.type(name), client.dump)(name) for name in names}  # type: ignore[call-overload]
