"""The facts of many numbers, from whole pages: what `reader` finds of one number, for a list of them.

Edge.  For people, not for calls: no claim, and no time limit of a call's.  The values are found by column and decoded
by `reader` itself, once for all numbers of which the very same is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import redis
from numpy.typing import NDArray

from agi_gate.columns import Column, Numbers, e164_of
from agi_gate.facts import Callback, Facts
from agi_gate.store import keys, pages, used, values
from agi_gate.store.reader import decode
from agi_gate.store.survey import Survey
from agi_gate.store.unavailable import UNREADABLE, StoreUnavailable, explain

# consents are one kind here: a survey joins their two kinds of page
_KINDS = (keys.REGISTRY, keys.CONTACTS, keys.CONSENTS, keys.OBJECTIONS, keys.CALLBACKS, keys.RESTS)
# a batch ends at either: its memory is bounded on a dense list and on one that touches every page of a large registry
_NUMBERS_A_BATCH = 50_000
_PAGES_A_BATCH = 500
_USED_A_BATCH = 1_000

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """The facts of `numbers[begin:end]`: those of the nth are `facts[which[n]]`."""

    begin: int
    end: int
    which: Ids
    facts: list[Facts]


class BulkFacts:
    """One look at what is known of a controller's numbers.  Every method raises StoreUnavailable."""

    def __init__(self, client: redis.Redis, controller: str) -> None:
        self._client = client
        self._controller = controller
        self._survey = Survey(client, controller)
        self._now = datetime.now(UTC)

    def is_current(self) -> bool:
        """Say whether what was read is still all there is: no load came between."""
        return self._survey.is_current()

    def batches(self, numbers: Numbers) -> Iterator[Batch]:
        """The facts of ascending, distinct numbers, which are of one moment only where `is_current` says so after."""
        for begin, end in _bounds(numbers):
            try:
                yield Batch(begin, end, *self._facts(numbers[begin:end]))
            except (redis.RedisError, OSError, *UNREADABLE) as error:
                raise StoreUnavailable(explain(error)) from error

    def _facts(self, numbers: Numbers) -> tuple[Ids, list[Facts]]:
        ids, parts = [], []
        for kind in _KINDS:
            of_kind, values = _find(self._survey.column(kind, numbers), numbers)
            of_kind, decoded = (self._callbacks(numbers, of_kind, values) if kind is keys.CALLBACKS
                                else (of_kind, [decode([(kind, value)] if value else []) for value in values]))
            ids.append(of_kind)
            parts.append(decoded)
        which, first = _distinct(ids)
        return which, [
            Facts(checks.checks, consents.consents, contact.contact, objection.objection, callbacks.callbacks,
                  rests.silent_calls)
            for checks, contact, consents, objection, callbacks, rests in zip(*(
                map(decoded.__getitem__, of_kind[first].tolist())
                for of_kind, decoded in zip(ids, parts, strict=True)), strict=True)]

    def _callbacks(self, numbers: Numbers, value_ids: Ids, found: list[bytes]) -> tuple[Ids, list[Facts]]:
        """Call-backs with what was used up of them, read only of numbers that have any: ids, and facts by id."""
        ids, known = np.zeros(len(numbers), np.int64), {tuple[Callback, ...](): 0}
        asked = np.flatnonzero(value_ids)
        for start in range(0, len(asked), _USED_A_BATCH):
            places = asked[start:start + _USED_A_BATCH]
            _, marked = used.marked(self._client, self._controller, [
                (e164_of(number), values.callbacks_from(found[id_]), "")
                for number, id_ in zip(numbers[places].tolist(), value_ids[places].tolist(), strict=True)], self._now)
            ids[places] = [known.setdefault(callbacks, len(known)) for callbacks in marked]
        return ids, [Facts(callbacks=callbacks) for callbacks in known]


def _bounds(numbers: Numbers) -> Iterator[tuple[int, int]]:
    nth_page = np.cumsum(np.diff(pages.pages_of(keys.REGISTRY, numbers), prepend=-1) != 0)
    begin = 0
    while begin < len(numbers):
        end = int(np.searchsorted(nth_page, nth_page[begin] + _PAGES_A_BATCH))
        end = min(end, begin + _NUMBERS_A_BATCH)
        yield begin, end
        begin = end


def _find(column: Column, numbers: Numbers) -> tuple[Ids, list[bytes]]:
    """An id for each number, 0 where nothing is known of it, and the values that the ids mean: one id a value."""
    ids = np.zeros(len(numbers), np.int64)
    if not len(column):
        return ids, [b""]
    places = np.minimum(np.searchsorted(column.numbers, numbers), len(column) - 1)
    known = column.numbers[places] == numbers
    # the pages' tables hold equal values many times over, and values of numbers that nobody asked for
    indexes, of_known = np.unique(column.values[places[known]], return_inverse=True)
    by_value = {b"": 0}
    of_index = np.fromiter((by_value.setdefault(column.table[index], len(by_value)) for index in indexes.tolist()),
                           np.int64, len(indexes))
    ids[known] = of_index[of_known]
    return ids, list(by_value)


def _distinct(columns: list[Ids]) -> tuple[Ids, Ids]:
    """Which rows are alike: the group of each row, and the first row of each group."""
    groups = first = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, first, groups = np.unique(groups * (int(column.max(initial=0)) + 1) + column,
                                     return_index=True, return_inverse=True)
    return groups, first
