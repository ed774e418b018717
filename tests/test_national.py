"""Italian subscriber numbers, many at once: as `number` says of each, and written as the registry wants it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_gate import number
from agi_gate.columns import e164_of, number_of
from agi_gate.national import is_subscriber, line_bytes, lines
from agi_gate.number import NumberClass, parse_listed

SUBSCRIBERS = (NumberClass.GEOGRAPHIC, NumberClass.MOBILE, NumberClass.NOMADIC)

# (national form, whether the registry may be asked about it)
NATIONAL = {
    "021234": True, "02123": False, "02123456789": True, "021234567890": False, "0212345678901": False, "00212345": False, "0": False,
    "331234567": True, "3312345678": True, "33123456": False, "33123456789": False,
    "5512345678": True, "551234567": False, "55123456789": False, "5412345678": False, "5612345678": False,
    "0549123456": False, "0548123456": False, "0547123456": True, "0550123456": True, "054912": False,
    "0669812345": False, "0669712345": True, "0669912345": True, "066981": False,
    "0878123456": False, "0877123456": False, "0876123456": False, "0875123456": True, "0881123456": True,
    "0843123456": False, "0844123456": False, "0842123456": False, "0833123456": True, "0851123456": True,
    "800123456": False, "199123456": False, "899123456": False, "4012345678": False, "112": False,
}


def e164_numbers(*nationals: str) -> list[int]:
    return sorted(int("39" + national) for national in nationals)


@pytest.mark.parametrize(("national", "is_one"), NATIONAL.items())
def test_who_the_registry_may_be_asked_about(national: str, is_one: bool) -> None:
    assert is_subscriber(np.array(e164_numbers(national))).tolist() == [is_one]


@pytest.mark.parametrize("foreign", ("+41446681800", "+390", "+393", "+3780549123456", "+38012345678", "+40212345678"))
def test_the_registry_is_asked_about_no_other_country(foreign: str) -> None:
    assert not is_subscriber(np.array([number_of(foreign)]))[0]


digits_after_39 = st.tuples(
    st.sampled_from(("", "0", "02", "3", "33", "55", "0549", "054", "0669", "06698", "087", "0878", "084", "0843",
                     "0844", "80", "1", "4", "9")),
    st.text("0123456789", max_size=11)).map("".join).filter(bool)


@given(nationals=st.lists(digits_after_39, min_size=1, max_size=20))
@settings(deadline=None)
def test_the_same_numbers_are_subscribers_here_and_for_a_call(nationals: list[str]) -> None:
    numbers = e164_numbers(*nationals)
    parsed = [number.parse_destination(e164_of(one)) for one in numbers]
    assert is_subscriber(np.array(numbers)).tolist() == [
        one is not None and one.number_class in SUBSCRIBERS and one.country == "IT" for one in parsed]


def test_numbers_are_written_in_national_form_with_the_0_of_landlines_and_crlf() -> None:
    numbers = np.array(e164_numbers("0212345600", "3331234500", "021234", "5512345678", "021234567890"))
    assert b"".join(lines(numbers)) == b"021234\r\n0212345600\r\n3331234500\r\n5512345678\r\n021234567890\r\n"


@given(nationals=st.sets(digits_after_39, max_size=50))
@settings(deadline=None)
def test_each_line_reads_back_as_its_number(nationals: set[str]) -> None:
    numbers = np.unique(np.array(e164_numbers(*nationals), np.int64))
    numbers = numbers[is_subscriber(numbers)]
    text = b"".join(lines(numbers)).decode()
    assert text.count("\r\n") == len(numbers) and (not text or text.endswith("\r\n"))
    assert [parse_listed(line) for line in text.split()] == list(map(e164_of, numbers.tolist()))
    assert line_bytes(numbers).tolist() == [len(line) + 2 for line in text.split()]


def test_a_list_longer_than_a_piece_is_whole() -> None:
    numbers = np.concatenate([np.arange(390_212_000_000, 390_212_600_000), np.arange(393_331_000_000, 393_331_700_000)])
    text = b"".join(lines(numbers))
    assert text.startswith(b"0212000000\r\n0212000001\r\n") and text.endswith(b"\r\n3331699999\r\n")
    assert len(text) == 12 * 1_300_000 == line_bytes(numbers).sum()


def test_no_numbers_are_no_lines() -> None:
    assert list(lines(np.empty(0, np.int64))) == []
