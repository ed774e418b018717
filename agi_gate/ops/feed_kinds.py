"""The feeds by name: how each file becomes columns for the store, and what a load calls the changes.

Joint.  `load` and `rebuild` read the same file alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from agi_gate import feeds
from agi_gate.archive.receipts import Receipt
from agi_gate.columns import Column
from agi_gate.store import keys, values

REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class CsvFeed:
    layout: feeds.Layout[Any]
    kind: keys.Kind
    encode: Callable[[Any], bytes]


CSV_FEEDS: Mapping[str, CsvFeed] = {feed.layout.name: feed for feed in (
    CsvFeed(feeds.CONSENTS, keys.CONSENTS, lambda consent: values.consents_bytes([consent])),
    CsvFeed(feeds.CONTACTS, keys.CONTACTS, values.contact_bytes),
    CsvFeed(feeds.OBJECTIONS, keys.OBJECTIONS, values.objection_bytes),
    CsvFeed(feeds.CALLBACKS, keys.CALLBACKS, lambda callback: values.callbacks_bytes([callback])),
    CsvFeed(feeds.RESTS, keys.RESTS, lambda silent_at: values.silent_calls_bytes([silent_at])),
)}


def kind_of(feed: str) -> keys.Kind:
    return keys.REGISTRY if feed == REGISTRY else CSV_FEEDS[feed].kind


def read_csv(feed: str, file: feeds.FeedFile, controllers: Collection[str], now: datetime,
             progress: Callable[[int], None] | None = None, keep: feeds.Keep = feeds.Keep()) -> feeds.Feed:
    """Raises FeedError.  `now`: what is dated later is still to come."""
    csv_feed = CSV_FEEDS[feed]
    return feeds.read_csv(file, csv_feed.layout, controllers, csv_feed.encode, values.MERGES[csv_feed.kind], progress,
                          now=now, keep=keep)


def read_csv_again(receipt: Receipt, file: feeds.FeedFile) -> feeds.Feed:
    """The same rows of an accepted file as then: of its time, of its controllers, without what was not kept of it.

    Raises FeedError.
    """
    keep = feeds.Keep(refusals_only=receipt["kept_good"], without_doubtful=receipt["without_doubtful"])
    return read_csv(receipt["feed"], file, receipt["controllers"], datetime.fromisoformat(receipt["loaded_at"]), keep=keep)


def column_of_checks(feed: feeds.RegistryFeed, clear: bytes, enrolled: bytes) -> Column:
    """A registry file as a column of histories with one result each."""
    return Column(feed.numbers, feed.enrolled.astype(np.int32), [clear, enrolled])


def change(old: bytes | None, merged: bytes) -> str:
    return "new" if old is None else "unchanged" if old == merged else "changed"


def registry_change(old: bytes | None, merged: bytes) -> str:
    """What a check changed: the latest result of a number, or only its history."""
    if old is None:
        return "new"
    if old == merged:
        return "unchanged"
    before, after = values.checks_from(old)[-1], values.checks_from(merged)[-1]
    if before.enrolled == after.enrolled:
        return "confirmed" if after.at > before.at else "history"
    return "newly enrolled" if after.enrolled else "newly clear"
