"""A controller's manifests, as ops' work reads and changes them.

Edge.  Loads and surveys read pages through here, so that a page which was lost, or is older than the rest, stops them: a
load that took it for "nothing known" would write what is left of it as if it were all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis

from agi_gate.store import keys, manifest, page
from agi_gate.store.manifest import Checksums
from agi_gate.store.reader import Lost, visible_page

_KEYS_AT_ONCE = 100
_KEPT = 2_000  # manifests in memory: a load goes through its numbers in order
_SCAN_COUNT = 1_000
_BY_LETTER = {kind.letter: kind for kind in keys.KINDS}


@dataclass(frozen=True, slots=True)
class Stated:
    """The manifests of some pages to come, by name; `new`: empty ones, of blocks that have none yet."""

    changed: dict[str, bytes]
    new: dict[str, bytes]
    new_blocks: list[str]
    checksums: dict[str, Checksums]


class Manifests:
    """Every method raises redis.RedisError, OSError, Lost, and what UNREADABLE names."""

    def __init__(self, client: redis.Redis, controller: str) -> None:
        self._client, self._controller = client, controller
        value: Any = client.get(keys.load_key(controller))
        self.visible_load, self.is_home = keys.load_of(controller, value)
        load = self.visible_load
        self._held: dict[str, Checksums | None] = {}  # None: a block without a manifest
        self._own: set[str] = set()  # blocks whose staged manifest this load has written
        if load is not None and not client.sismember(keys.blocks_key(controller), keys.ALL_BLOCKS):
            raise Lost("the set of blocks")

    def blocks(self) -> list[str]:
        """Every block that has a manifest, ascending."""
        # a scan may name a member twice
        found: set[bytes] = set(self._client.sscan_iter(keys.blocks_key(self._controller), count=_SCAN_COUNT))
        return sorted((name.decode() for name in found - {keys.ALL_BLOCKS.encode()}), key=int)

    def of(self, blocks: Sequence[str]) -> Iterator[tuple[str, Checksums | None]]:
        """What each block has."""
        remaining = iter(blocks)
        while some := list(islice(remaining, _KEYS_AT_ONCE)):
            self._read([block for block in some if block not in self._held])
            yield from ((block, self._held[block]) for block in some)
            if len(self._held) > _KEPT:
                self._held = {}

    def check(self, names: Sequence[str], visible: Sequence[bytes | None]) -> None:
        """Compare pages, by the names of their keys, with what their manifests say."""
        places = [_place(name) for name in names]
        known = dict(self.of(list(dict.fromkeys(block for block, _ in places))))
        for (block, place), body in zip(places, visible, strict=True):
            if (known[block] or {}).get(place) != (None if body is None else page.checksum(body)):
                raise Lost("a page")

    def after(self, pages: Mapping[str, bytes]) -> Stated:
        """The manifests once pages are as they are to be: by the names of their keys (no bytes: the page goes)."""
        places = {name: _place(name) for name in pages}
        known = dict(self.of(list(dict.fromkeys(block for block, _ in places.values()))))
        checksums = {block: dict(held or {}) for block, held in known.items()}
        for name, body in pages.items():
            block, place = places[name]
            if body:
                checksums[block][place] = page.checksum(body)
            else:
                checksums[block].pop(place, None)
        new = [block for block, held in known.items() if held is None]
        return Stated({self._name(block): self._encoded(block, held) for block, held in checksums.items()},
                      {self._name(block): self._encoded(block, {}) for block in new}, new, checksums)

    def take(self, stated: Stated) -> None:
        """Know what was written."""
        self._held |= stated.checksums
        self._own |= stated.checksums.keys()

    def _read(self, blocks: list[str]) -> None:
        if not blocks:
            return
        both = [part for block in blocks for part in (self._name(block), self._name(block) + keys.STAGED)]
        answer: Any = self._client.mget(both)
        absent = []
        for block, current, staged in zip(blocks, answer[::2], answer[1::2], strict=True):
            # what this load has staged is not visible yet, and is what it goes on from
            body = staged[keys.LOAD_ID_BYTES:] if block in self._own and staged is not None else visible_page(
                self.visible_load, current, staged)
            self._held[block] = None if body is None else manifest.decode(body, self._name(block).encode())
            if body is None:
                absent.append(block)
        if absent and any(self._client.smismember(keys.blocks_key(self._controller), absent)):
            raise Lost("a block's manifest")

    def _name(self, block: str) -> str:
        return keys.page_key(self._controller, keys.MANIFEST, block)

    def _encoded(self, block: str, checksums: Checksums) -> bytes:
        return manifest.encode(checksums, self._name(block).encode())


def _place(name: str) -> tuple[str, int]:
    """The block of a page, and its place there."""
    _, letter, digits = name.rsplit(":", 2)
    kind = _BY_LETTER[letter]
    return manifest.block_of(kind, digits), manifest.place_of(kind, digits)
