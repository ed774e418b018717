"""A page gives back what was put in, and where its bytes are damaged it says so or gives a whole mapping."""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.store.page import PageError, assemble, decode, encode, find

NAME = b"agi:{acme}:r:39333123"
CRC = crc32(NAME)
PAGES = st.dictionaries(st.integers(0, 9_999), st.binary(min_size=1, max_size=40), max_size=60)
SMALL = {7: b"first", 8: b"second", 4_500: b"first", 9_999: b"third"}


def read(page: bytes, offset: int = 4_500) -> tuple[dict[int, bytes], bytes | None] | None:
    """Both ways to read a page; None where either says that it is damaged.  Anything else that is raised fails."""
    try:
        return decode(page, NAME), find(page, offset, CRC)
    except PageError:
        return None


@given(PAGES)
def test_a_page_gives_back_what_was_put_in(values: dict[int, bytes]) -> None:
    page = encode(values, NAME)
    assert decode(page, NAME) == values
    assert all(find(page, offset, CRC) == value for offset, value in values.items())


@given(PAGES, st.integers(0, 9_999))
def test_an_offset_that_is_not_there_is_nothing_known(values: dict[int, bytes], offset: int) -> None:
    assert find(encode(values, NAME), offset, CRC) == values.get(offset)


@given(PAGES)
def test_equal_mappings_make_equal_pages(values: dict[int, bytes]) -> None:
    assert encode(dict(reversed(values.items())), NAME) == encode(values, NAME)


@pytest.mark.parametrize("distinct", (1, 255, 256, 257, 10_000))
def test_a_full_page_of_few_or_many_values(distinct: int) -> None:
    values = {offset: b"%d" % (offset % distinct) for offset in range(10_000)}
    page = encode(values, NAME)
    assert decode(page, NAME) == values
    assert all(find(page, offset, CRC) == values[offset] for offset in (0, 1, 255, 256, 9_998, 9_999))
    assert page[5] == (1 if distinct <= 256 else 2)


def test_neighbours_that_share_a_history_cost_three_bytes_each() -> None:
    assert len(encode(dict.fromkeys(range(10_000), b"a history"), NAME)) < 10_000 * 3 + 32


def test_a_page_cut_short_anywhere_is_no_page() -> None:
    whole = encode(SMALL, NAME)
    assert [length for length in range(len(whole)) if read(whole[:length]) is not None] == []


@pytest.mark.parametrize("page", (
    assemble(1, (7).to_bytes(2, "little"), b"\1", [b"one value"], NAME), assemble(3, (7).to_bytes(2, "little"), b"\0\0\0", [b"x"], NAME),
    assemble(0, (7).to_bytes(2, "little"), b"", [b"x"], NAME), assemble(1, (7).to_bytes(2, "little"), b"\0", [b""], NAME),
    assemble(1, (7).to_bytes(2, "little"), b"\0", [], NAME)), ids=("index past the values", "width 3", "width 0", "empty value", "no value"))
def test_a_page_that_was_put_together_wrongly_is_no_page_though_its_sum_is_right(page: bytes) -> None:
    with pytest.raises(PageError):
        find(page, 7, CRC)
    with pytest.raises(PageError):
        decode(page, NAME)


def test_a_page_with_more_behind_it_is_no_page() -> None:
    assert read(encode(SMALL, NAME) + b"x") is None


@pytest.mark.parametrize("version", (0, 1, 255))
def test_a_page_of_another_version_is_no_page(version: int) -> None:
    assert read(encode(SMALL, NAME)[:4] + bytes([version]) + encode(SMALL, NAME)[5:]) is None


def test_a_flipped_bit_is_found_or_leaves_a_whole_mapping() -> None:
    whole = encode(SMALL, NAME)
    for bit in range(len(whole) * 8):
        page = bytearray(whole)
        page[bit // 8] ^= 1 << bit % 8
        answer = read(bytes(page))
        if answer is not None:
            mapping, found = answer
            assert 1 <= len(mapping) <= len(SMALL) and all(mapping.values()), bit
            assert found is None or found in mapping.values(), bit


@given(st.binary(max_size=200))
def test_garbage_is_no_page_and_nothing_else_is_raised(garbage: bytes) -> None:
    read(garbage)


@given(st.binary(max_size=60))
def test_garbage_behind_a_good_header_raises_nothing_else(garbage: bytes) -> None:
    read(encode(SMALL, NAME)[:6] + garbage)


@pytest.mark.parametrize("name", (b"agi:{acme}:r:39333124", b"agi:{beta}:r:39333123", b"agi:{acme}:t:39333123", b""))
def test_a_page_under_another_key_is_no_page(name: bytes) -> None:
    page = encode(SMALL, NAME)
    with pytest.raises(PageError):
        find(page, 7, crc32(name))
    with pytest.raises(PageError):
        decode(page, name)
