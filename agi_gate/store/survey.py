"""The store as ops' work sees it: whole columns of what is known of a controller's numbers.

Edge.  For people, not for calls: it looks at every page's name first, then reads the pages that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import redis

from agi_gate.columns import Column, Numbers, union
from agi_gate.store import keys, pages
from agi_gate.store.reader import UNREADABLE, StoreUnavailable, explain, visible_page

_SCAN_COUNT = 1_000  # a scan of more holds calls up for too long
_PAGES_A_BATCH = 200
_BY_LETTER = {kind.letter: kind for kind in keys.KINDS}


class Survey:
    """One look at a controller's pages.  Every method raises StoreUnavailable."""

    def __init__(self, client: redis.Redis, controller: str) -> None:
        self._client = client
        self._controller = controller
        try:
            self._visible_load = self._load_id()
            self._digits = self._find_pages()
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            raise StoreUnavailable(explain(error)) from error

    def is_current(self) -> bool:
        """Say whether what was read is still all there is: no load came between."""
        try:
            return self._load_id() == self._visible_load
        except (redis.RedisError, OSError) as error:
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
            yield pages.decode(kind, *self._read(kind, digits[start:start + _PAGES_A_BATCH].tolist()))

    def _read(self, kind: keys.Kind, digits: list[int]) -> tuple[list[int], list[bytes]]:
        names = [keys.page_key(self._controller, kind, str(page_digits)) for page_digits in digits]
        answer: list[bytes | None] = self._client.mget(  # type: ignore[assignment]  # bytes: the client decodes nothing
            [part for name in names for part in (name, name + keys.STAGED)])
        found, bodies = [], []
        for page_digits, name, current, staged in zip(digits, names, answer[::2], answer[1::2], strict=True):
            if current is None and staged is None:
                self._client.get(name)  # MGET gives nil for a key of another type too: that is an error, not "nothing"
            body = visible_page(self._visible_load, current, staged)
            if body is not None:
                found.append(page_digits)
                bodies.append(body)
        return found, bodies

    def _find_pages(self) -> dict[keys.Kind, Numbers]:
        base = keys.base(self._controller)
        found: dict[str, set[int]] = {letter: set() for letter in _BY_LETTER}
        for name in self._client.scan_iter(match=base + "?:*", count=_SCAN_COUNT):
            letter, _, digits = name.decode().removeprefix(base).removesuffix(keys.STAGED).partition(":")
            if letter in found and digits.isdecimal():  # a page and its staged copy are one, and a scan may repeat itself
                found[letter].add(int(digits))
        return {_BY_LETTER[letter]: np.array(sorted(digits), np.int64) for letter, digits in found.items()}

    def _load_id(self) -> bytes | None:
        load_id: bytes | None = self._client.get(  # type: ignore[assignment]  # bytes: the client decodes nothing
            keys.load_key(self._controller))
        return load_id


def _places(kind: keys.Kind) -> tuple[keys.Kind, ...]:
    """A kind's pages, and the denser ones that some of them have moved to."""
    return (kind, keys.DENSE_CONSENTS) if kind is keys.CONSENTS else (kind,)
