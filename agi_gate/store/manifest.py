"""The manifest of a block of 10,000 numbers: which of its pages there are, and the checksum of each.

Edge, codec only.  A page that is missing, older or another one than its manifest says was lost: that must never read as
"nothing known".  A block has at most 403 pages, each with a place:

    0, 1, 2         check histories, contacts, consents: one page each
    3 + n, 103 + n, 203 + n, 303 + n
                    dense consents, objections, call-backs, rests of the n-th hundred

    byte 0          layout version (1)
    1-4             CRC-32 of the key's name and all that follows, little-endian like the rest
    5-55            one bit a place: there is such a page
    ...             the checksums of these pages, 4 bytes each, in the order of their places
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zlib import crc32

from agi_gate.store.keys import (CALLBACKS, CONSENTS, CONTACTS, DENSE_CONSENTS, MANIFEST, OBJECTIONS, REGISTRY, RESTS,
                                 Kind)

_VERSION = b"\1"
_BITS_AT, _CHECKSUMS_AT = 5, 56
_CHECKSUM_BYTES = 4
_FIRST_PLACES = {kind.letter: place for kind, place in (
    (REGISTRY, 0), (CONTACTS, 1), (CONSENTS, 2), (DENSE_CONSENTS, 3), (OBJECTIONS, 103), (CALLBACKS, 203), (RESTS, 303))}
_PLACES = 403

Checksums = dict[int, bytes]  # place -> checksum of the page


class ManifestError(ValueError):
    """The bytes are no manifest of this block."""


def place_of(kind: Kind, page_digits: str) -> int:
    """The place of a page in its block's manifest.

    >>> place_of(REGISTRY, "39333123"), place_of(OBJECTIONS, "3933312345")
    (0, 148)
    """
    first = _FIRST_PLACES[kind.letter]
    return first if kind.offset_digits == MANIFEST.offset_digits else first + int(page_digits[-2:])


def block_of(kind: Kind, page_digits: str) -> str:
    """The digits of the block that a page is in.

    >>> block_of(OBJECTIONS, "3933312345")
    '39333123'
    """
    return page_digits[:len(page_digits) - (MANIFEST.offset_digits - kind.offset_digits)]


def encode(checksums: Mapping[int, bytes], name: bytes) -> bytes:
    """Make a manifest; `name` is its key's."""
    bits = sum(1 << place for place in checksums)
    rest = bits.to_bytes(_CHECKSUMS_AT - _BITS_AT, "little") + b"".join(checksums[place] for place in sorted(checksums))
    return _VERSION + crc32(rest, crc32(name)).to_bytes(4, "little") + rest


def places_of(hundred: int) -> tuple[int, ...]:
    """The places of the pages that a number may be on, one a kind in the order of KINDS; `hundred`: which of its block."""
    return 0, 1, 2, 3 + hundred, 103 + hundred, 203 + hundred, 303 + hundred


def bits_of(manifest: bytes, crc_of_name: int) -> int:
    """One bit for each place where there is a page.  Raises ManifestError."""
    bits = int.from_bytes(manifest[_BITS_AT:_CHECKSUMS_AT], "little")
    if (manifest[:1] != _VERSION or len(manifest) != _CHECKSUMS_AT + _CHECKSUM_BYTES * bits.bit_count()
            or crc32(memoryview(manifest)[_BITS_AT:], crc_of_name) != int.from_bytes(manifest[1:_BITS_AT], "little")):
        raise ManifestError("the manifest has another version, length, checksum or name")
    return bits


def checksum_at(manifest: bytes, bits: int, place: int) -> bytes | None:
    """The checksum of the page at a place; None where there is no such page.  `bits` are the manifest's own."""
    if not bits >> place & 1:
        return None
    at = _CHECKSUMS_AT + _CHECKSUM_BYTES * (bits & (1 << place) - 1).bit_count()
    return manifest[at:at + _CHECKSUM_BYTES]


def decode(manifest: bytes, name: bytes) -> Checksums:
    """The whole manifest.  Raises ManifestError."""
    bits = bits_of(manifest, crc32(name))
    places = [place for place in range(_PLACES) if bits >> place & 1]
    if bits >> _PLACES:
        raise ManifestError("the manifest speaks of pages that no block has")
    return {place: manifest[at:at + _CHECKSUM_BYTES]
            for place, at in zip(places, range(_CHECKSUMS_AT, len(manifest), _CHECKSUM_BYTES), strict=True)}


def pages_of(kind: Kind, block: str, checksums: Checksums) -> Iterator[tuple[str, bytes]]:
    """The digits of each page of a kind that a block has, ascending, and its checksum."""
    first = _FIRST_PLACES[kind.letter]
    if kind.offset_digits == MANIFEST.offset_digits:
        if first in checksums:
            yield block, checksums[first]
        return
    for place in range(first, first + 100):
        if place in checksums:
            yield f"{block}{place - first:02}", checksums[place]
