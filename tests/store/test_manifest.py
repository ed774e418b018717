"""A manifest names each page of its block, and no damage of it reads as a block without pages."""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.store import keys
from agi_gate.store.manifest import ManifestError, bits_of, block_of, checksum_at, decode, encode, pages_of, place_of

NAME = b"agi:{acme}:m:39333123"
CHECKSUMS = st.dictionaries(st.integers(0, 402), st.binary(min_size=4, max_size=4), max_size=403)
NUMBERS = st.integers(10**6, 10**13 - 1).map(str)


@given(CHECKSUMS)
def test_a_manifest_gives_back_what_was_put_in(checksums: dict[int, bytes]) -> None:
    manifest = encode(checksums, NAME)
    assert decode(manifest, NAME) == checksums
    bits = bits_of(manifest, crc32(NAME))
    assert [checksum_at(manifest, bits, place) for place in range(403)] == [checksums.get(place) for place in range(403)]


@given(CHECKSUMS, st.data())
def test_a_flipped_bit_is_found(checksums: dict[int, bytes], data: st.DataObject) -> None:
    manifest = bytearray(encode(checksums, NAME))
    bit = data.draw(st.integers(0, 8 * len(manifest) - 1))
    manifest[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ManifestError):
        bits_of(bytes(manifest), crc32(NAME))


@pytest.mark.parametrize("garbage", (b"", b"\1", bytes(56), encode({}, NAME)[:-1], encode({3: b"abcd"}, NAME) + b"x"))
def test_garbage_is_no_manifest(garbage: bytes) -> None:
    with pytest.raises(ManifestError):
        decode(garbage, NAME)


def test_a_manifest_of_another_block_is_none() -> None:
    with pytest.raises(ManifestError):
        bits_of(encode({1: b"abcd"}, NAME), crc32(b"agi:{acme}:m:39333124"))


@given(NUMBERS)
def test_every_page_of_a_number_has_a_place_of_its_own_in_its_block(number: str) -> None:
    pages = [(kind, number[:-kind.offset_digits]) for kind in keys.KINDS]
    assert {block_of(kind, digits) for kind, digits in pages} == {number[:-4]}
    places = [place_of(kind, digits) for kind, digits in pages]
    assert len(set(places)) == len(keys.KINDS)
    checksums = {place: bytes([place % 251] * 4) for place in places}
    for (kind, digits), place in zip(pages, places, strict=True):
        assert list(pages_of(kind, number[:-4], checksums)) == [(digits, checksums[place])]
