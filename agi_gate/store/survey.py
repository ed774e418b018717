"""The store as ops' work sees it: whole columns of what is known of a controller's numbers.

Edge.  For people, not for calls: it reads every manifest first, then the pages that are asked for.  A page that the
manifests name and that is not there was lost, which is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import redis

from agi_gate.columns import Column, Numbers, union
from agi_gate.store import keys, manifest, page, pages
from agi_gate.store.manifests import Manifests
from agi_gate.store.reader import UNREADABLE, Lost, StoreUnavailable, explain, visible_page

_PAGES_A_BATCH = 200


class Survey:
    """One look at a controller's pages.  Every method raises StoreUnavailable."""

    def __init__(self, client: redis.Redis, controller: str) -> None:
        self._client = client
        self._controller = controller
        try:
            manifests = Manifests(client, controller)
            self._visible_load = manifests.visible_load
            self._digits, self._checksums = _find_pages(manifests)
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error

    def is_current(self) -> bool:
        """Say whether what was read is still all there is: no load came between."""
        try:
            return self._load_id() == self._visible_load
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error

    def column(self, kind: keys.Kind, numbers: Numbers | None = None) -> Column:
        """What calls see of one kind; with `numbers`, at least of these (whole pages are read)."""
        try:
            return union([column for one in _places(kind) for column in self._columns(one, numbers)])
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error

    def numbers(self, kind: keys.Kind) -> Numbers:
        """Of which numbers calls see something of one kind, ascending: without the values, which may be millions too."""
        try:
            found = [column.numbers for one in _places(kind) for column in self._columns(one, None)]
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error
        result = np.concatenate([np.empty(0, np.int64), *found])
        result.sort(kind="stable")  # which takes its time only where pages are not in order already
        return result

    def pages(self, kind: keys.Kind) -> Iterator[tuple[list[int], list[bytes]]]:
        """The very pages of one kind, dense consents apart from the others: digits and bodies, some hundred at a time."""
        digits = self._digits[kind]
        for start in range(0, len(digits), _PAGES_A_BATCH):
            try:
                found = self._read(kind, digits[start:start + _PAGES_A_BATCH].tolist())
            except (redis.RedisError, OSError, *UNREADABLE) as error:
                raise StoreUnavailable(explain(error)) from error
            yield found

    def _columns(self, kind: keys.Kind, numbers: Numbers | None) -> Iterator[Column]:
        digits = self._digits[kind]
        if numbers is not None:
            digits = np.intersect1d(digits, np.unique(pages.pages_of(kind, numbers)), assume_unique=True)
        for start in range(0, len(digits), _PAGES_A_BATCH):
            yield pages.decode(self._controller, kind, *self._read(kind, digits[start:start + _PAGES_A_BATCH].tolist()))

    def _read(self, kind: keys.Kind, digits: list[int]) -> tuple[list[int], list[bytes]]:
        names = [keys.page_key(self._controller, kind, str(page_digits)) for page_digits in digits]
        answer: list[bytes | None] = self._client.mget(  # type: ignore[assignment]  # bytes: the client decodes nothing
            [part for name in names for part in (name, name + keys.STAGED)])
        found, bodies = [], []
        for page_digits, name, current, staged in zip(digits, names, answer[::2], answer[1::2], strict=True):
            body = visible_page(self._visible_load, current, staged)
            # where a load came between, `is_current` says so of all that was read
            if (body is None or page.checksum(body) != self._checksums[kind][page_digits]) and self.is_current():
                self._client.get(name)  # MGET gives nil for a key of another type too, which is another error
                raise Lost(f"a page of {kind.name}")
            if body is not None:
                found.append(page_digits)
                bodies.append(body)
        return found, bodies

    def _load_id(self) -> bytes | None:
        value: Any = self._client.get(keys.load_key(self._controller))
        return keys.load_of(self._controller, value)[0]


def _find_pages(manifests: Manifests) -> tuple[dict[keys.Kind, Numbers], dict[keys.Kind, dict[int, bytes]]]:
    """Of each kind the digits of its pages, ascending, and their checksums."""
    checksums: dict[keys.Kind, dict[int, bytes]] = {kind: {} for kind in keys.KINDS}
    for block, held in manifests.of(manifests.blocks()):
        if held and manifests.visible_load is None:
            raise Lost("the id of the visible load")
        for kind in keys.KINDS if held else ():
            checksums[kind].update((int(digits), sum_) for digits, sum_ in manifest.pages_of(kind, block, held or {}))
    return {kind: np.array(sorted(found), np.int64) for kind, found in checksums.items()}, checksums


def _places(kind: keys.Kind) -> tuple[keys.Kind, ...]:
    """A kind's pages, and the denser ones that some of them have moved to."""
    return (kind, keys.DENSE_CONSENTS) if kind is keys.CONSENTS else (kind,)
