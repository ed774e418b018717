"""Numbers: what was dialled or presented, and what class it is; nothing that is typed breaks the reader."""

from __future__ import annotations

import itertools
import operator
import re

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from agi_gate.dialled import EMERGENCY_NUMBERS, emergency_number, in_format
from agi_gate.number import (Number, NumberClass, _is_assigned_subscriber, parse_caller_id, parse_destination, parse_listed,
                             read_listed, withholds_caller_id)
from agi_gate.spelling import NotOneNumber

MOBILE, GEOGRAPHIC = NumberClass.MOBILE, NumberClass.GEOGRAPHIC
A_PERSONS = (GEOGRAPHIC, MOBILE, NumberClass.NOMADIC)


@pytest.mark.parametrize("dialled, e164, number_class", [
    ("3331234500", "+393331234500", MOBILE),
    ("+393331234500", "+393331234500", MOBILE),
    ("00393331234500", "+393331234500", MOBILE),
    ("0039 333 1234500", "+393331234500", MOBILE),
    ("+39 333 123 45 00", "+393331234500", MOBILE),
    ("333-123.4500", "+393331234500", MOBILE),
    (" 3331234500 ", "+393331234500", MOBILE),
    ("331234567", "+39331234567", MOBILE),          # legacy mobiles have 9 digits
    ("393 123 4567", "+393931234567", MOBILE),      # a mobile, and no country code
    ("3931234567", "+393931234567", MOBILE),
    ("0212345678", "+390212345678", GEOGRAPHIC),
    ("(02) 12345678", "+390212345678", GEOGRAPHIC),
    ("02/12345678", "+390212345678", GEOGRAPHIC),
    ("021234", "+39021234", GEOGRAPHIC),            # short landlines have 6 digits
    ("+39 02 1234", "+39021234", GEOGRAPHIC),
    ("02123456789", "+3902123456789", GEOGRAPHIC),
    ("5512345678", "+395512345678", NumberClass.NOMADIC),
    ("+390844123456", "+390844123456", NumberClass.COMMERCIAL),
    ("0843 12345", "+39084312345", NumberClass.STATISTICAL),
    ("800123456", "+39800123456", NumberClass.FREEPHONE),
    ("899123456", "+39899123456", NumberClass.PREMIUM),
    ("190", "190", NumberClass.SHORT),
    ("1254", "1254", NumberClass.SHORT),
    ("116111", "116111", NumberClass.SHORT),
    ("199123456", "+39199123456", NumberClass.SHORT),
    ("3331234500".ljust(64), "+393331234500", MOBILE),
    ("112", "112", NumberClass.EMERGENCY),
    ("116 117", "116117", NumberClass.EMERGENCY),
])
def test_a_number_is_read_in_every_way_it_is_written(dialled: str, e164: str, number_class: NumberClass) -> None:
    assert parse_destination(dialled) == Number(e164, number_class)


@pytest.mark.parametrize("dialled, e164", [
    ("0212345678p12", "+390212345678"),
    ("0212345678P12", "+390212345678"),
    ("0212345678w12", "+390212345678"),
    ("0212345678,,12", "+390212345678"),
    ("0212345678;12", "+390212345678"),
    ("0212345678x5", "+390212345678"),
    ("0212345678 ext. 5", "+390212345678"),
    ("02 12345678 int. 12", "+390212345678"),
    ("3331234500,,0,1", "+393331234500"),
    ("112,,1", "112"),
    ("112;phone-context=+39", "112"),
    ("0212345678;phone-context=+39;isub=5", "+390212345678"),
])
def test_digits_sent_after_the_answer_are_no_part_of_the_number(dialled: str, e164: str) -> None:
    number = parse_destination(dialled)
    assert number is not None and number.e164 == e164


@pytest.mark.parametrize("dialled, e164", [
    ("112#", "112"), ("116117#", "116117"), ("0212345601#", "+390212345601"), ("+390212345601#", "+390212345601"),
    ("0212345601 #", "+390212345601"), ("0212345601##", "+390212345601"), ("0212345601#,,12", "+390212345601"),
    ("112#;phone-context=+39", "112"), ("187#", "187")])
def test_the_key_that_a_phone_dials_with_is_no_part_of_the_number(dialled: str, e164: str) -> None:
    number = parse_destination(dialled)
    assert number is not None and number.e164 == e164


@pytest.mark.parametrize("dialled", ["0212#345601", "#0212345601", "0212345601#12", "0212345601*", "*112", "#112#", "112*"])
def test_a_key_elsewhere_makes_it_no_number(dialled: str) -> None:
    assert parse_destination(dialled) is None


@pytest.mark.parametrize("dialled", [
    "", " ", "+", "0", "00", "021", "02123", "abc", "anonymous", "unknown", "39333123456", "393331234500",
    "+396612345678", "396612345678", "212345678", "33312345", "33312345678", "021234567890123", "+39", "0039",
    "++393331234500", "+0039333123450", "333123450a", "0212345678/0212345679", "p12", ",", "x5", "333１234500",
    "٣٣٣١٢٣٤٥٠٠", "3331234500\n0212345678", "3" * 65, "+41", "+999123456789", "sip:3331234500", "#", "*",
    "\x003331234500",
    "0333123456", "0548123456", "3001234567",   # the shape of a number, in a range that nobody has
    "1234567", "3331234500".ljust(65),
])
def test_what_is_no_number_is_none(dialled: str) -> None:
    assert parse_destination(dialled) is None


@pytest.mark.parametrize("dialled, country", [
    ("+41223456789", "CH"), ("0041223456789", "CH"), ("+442071234567", "GB"), ("+378886123", "SM"),
    ("0549886123", "SM"), ("+390549886123", "SM"), ("+390669812345", "VA"), ("0669812345", "VA"),
    ("+37969885300", "VA")])
def test_plus_39_is_not_only_italy_and_italy_is_only_plus_39(dialled: str, country: str) -> None:
    number = parse_destination(dialled)
    assert number is not None and (number.country, number.number_class) == (country, NumberClass.FOREIGN)


@pytest.mark.parametrize("dialled", ["0547123456", "0541123456", "0669712345", "0669912345"])
def test_the_neighbours_of_the_two_other_states_are_italian(dialled: str) -> None:
    assert parse_destination(dialled) == Number("+39" + dialled, GEOGRAPHIC)


@pytest.mark.parametrize("national", [
    "144123", "144123456", "166123456", "178123456", "1781234567", "892424", "892123456", "894123", "895123",
    "899123456", "0878123456", "400", "4040", "45500", "48123", "4312345678"])
def test_every_premium_range_is_premium(national: str) -> None:
    for dialled in (national, f"+39{national}", f"0039{national}", f"{national},,1"):
        number = parse_destination(dialled)
        assert number is not None and number.number_class is NumberClass.PREMIUM


def test_emergency_and_social_value_numbers_are_these_ten() -> None:
    assert EMERGENCY_NUMBERS == set("112 113 114 115 117 118 1522 1530 116000 116117".split())
    for code in range(10, 200_000):
        number = parse_destination(str(code))
        is_emergency = number is not None and number.number_class is NumberClass.EMERGENCY
        assert is_emergency == (str(code) in EMERGENCY_NUMBERS), code


@given(st.text("0123456789+#*;, .-()/pxw٣", max_size=6).flatmap(lambda text: st.sampled_from([
    number[:place] + text + number[place:] for number in sorted(EMERGENCY_NUMBERS) for place in (0, 1, len(number))])))
@settings(max_examples=4000, derandomize=True, deadline=None)
@example("112")
@example("+39 112#")
@example("0039116117")
@example("+390039112")
@example("*670 112")
@example("#31#112")
def test_what_the_cheap_reader_takes_for_an_emergency_is_one(dialled: str) -> None:
    code = emergency_number(dialled)
    if code is not None:
        assert parse_destination(dialled) == Number(code, NumberClass.EMERGENCY)
        assert not withholds_caller_id(dialled)


@pytest.mark.parametrize("ending", ["", "#", " ", ",,1", "p1", ";phone-context=+39", "#;isub=1"])
@pytest.mark.parametrize("beginning", ["", " ", "+39", "0039", "+39 "])
@pytest.mark.parametrize("number", sorted(EMERGENCY_NUMBERS))
def test_an_emergency_number_is_one_however_it_is_dialled(number: str, beginning: str, ending: str) -> None:
    assert emergency_number(beginning + number + ending) == number


@pytest.mark.parametrize("dialled, shown", [
    ("*670 0212345601", "+390212345601"), ("*6700212345601", "+390212345601"), ("*670#0212345601", "+390212345601"),
    ("*6703331234500", "+393331234500"), ("*670 3331234500,,1", "+393331234500"), ("*670+390212345601", "+390212345601"),
    ("*670 331234567", "+39331234567"), ("*670112", "112"), ("*670 116000#", "116000"), (" *670 0212345601", "+390212345601")])
def test_a_code_that_shows_the_caller_id_is_no_part_of_the_number(dialled: str, shown: str) -> None:
    number = parse_destination(dialled)
    assert number is not None and number.e164 == shown and not withholds_caller_id(dialled)


@pytest.mark.parametrize("dialled", [
    "*670212345601",        # *67 and 02..., not *670 and 2...
    "*670331234567",        # *67 and a landline of Varese, or *670 and a mobile of nine digits
    "*670116000",           # *67 and a landline of Turin, or *670 and an emergency number
    "*670041223456789",     # *67 and a number in Geneva
    "*670 #31#0212345601", "*670#31#0212345601", "*670*670212345601", "*670", "*670 *67 0212345601"])
def test_where_it_may_be_the_code_that_hides_it_hides(dialled: str) -> None:
    assert withholds_caller_id(dialled)


@pytest.mark.parametrize("dialled, hides", [
    ("#31#3331234500", True), ("*31#3331234500", True), ("*67 0212345600", True), ("*673331234500", True),
    ("#31#", True), (" #31#3331234500", True), ("#31#0212345678,,12", True),
    ("3331234500", False), ("", False), ("0212345678,,#31#", False), ("0212345678p*67", False), ("316731", False)])
def test_a_code_that_hides_the_caller_id_is_seen(dialled: str, hides: bool) -> None:
    assert withholds_caller_id(dialled) is hides


@pytest.mark.parametrize("presented, expected", [
    ("+390212340000", Number("+390212340000", GEOGRAPHIC)),
    ("0212340000", Number("+390212340000", GEOGRAPHIC)),
    ("+3902123", None),                                         # 0 and 4 more digits
    ("+39021234", Number("+39021234", GEOGRAPHIC)),             # 5
    ("+3902123456789", Number("+3902123456789", GEOGRAPHIC)),   # 10
    ("+39021234567890", None),                                  # 11
    ("+3933123456", None),                                      # 3 and 7 more digits
    ("+39331234567", Number("+39331234567", MOBILE)),           # 8
    ("+393312345678", Number("+393312345678", MOBILE)),         # 9
    ("+3933123456789", None),                                   # 10
    ("+396612345678", None),
    ("+390844123456", Number("+390844123456", NumberClass.COMMERCIAL)),
    ("+3908431234", Number("+3908431234", NumberClass.STATISTICAL)),
    ("+390549886123", Number("+390549886123", NumberClass.FOREIGN, "SM")),
    ("+390669812345", Number("+390669812345", NumberClass.FOREIGN, "VA")),
    ("+41223456789", Number("+41223456789", NumberClass.FOREIGN, "CH")),
    ("201", None),
    ("0212340000p1", None),
    ("390212340000", None),
    ("", None),
    ("00390212340000", Number("+390212340000", GEOGRAPHIC)),
    ("+0212340000", None),                                      # no country's code begins with 0
    ("+", None),
    ("0" * 65, None),
])
def test_a_caller_id_is_read_by_its_shape(presented: str, expected: Number | None) -> None:
    assert parse_caller_id(presented) == expected


@given(st.sampled_from(["+390212340000", "0212340000", "00390212340000", "+393391234567", "390212340000", "+41223456789"]),
       st.text(" .-/()+#*;,:~\t\u00a0\u202a٣０xp", min_size=1, max_size=3), st.integers(0, 14),
       st.sampled_from(["e164", "digits", "national"]))
@settings(max_examples=1000, derandomize=True, deadline=None)
@example("+390212340000", " ", 0, "e164")
@example("+390212340000", "\n", 13, "e164")
def test_a_caller_id_with_anything_but_digits_and_one_plus_is_none(number: str, sign: str, place: int, number_format: str) -> None:
    presented = number[:place] + sign + number[place:]
    if re.fullmatch(r"\+?[0-9]+", presented, re.ASCII) is None:
        assert parse_caller_id(presented, number_format) is None


@pytest.mark.parametrize("presented, e164", [
    ("390212340000", "+390212340000"), ("393391234567", "+393391234567"), ("39331234567", "+39331234567"),
    ("39084312345", "+39084312345"), ("39800123456", "+39800123456"), ("39187", "187"),
    ("3931234567", "+393931234567"),    # a mobile, and no country code
    ("3908431234", "+393908431234"),    # nor here: it is never taken for 08431234
    ("390212345", "+39390212345"),      # the shape of a mobile of nine digits: it is never taken for 0212345
    ("0212340000", "+390212340000"), ("+390212340000", "+390212340000"), ("00390212340000", "+390212340000"),
    ("39", None), ("3939", None), ("39390212340000", None), ("201", None), ("39201", None)])
def test_a_bare_39_is_a_country_code_where_the_trunk_writes_it_and_it_is_nothing_else(presented: str, e164: str | None) -> None:
    number = parse_caller_id(presented, "digits")
    assert (number and number.e164) == e164
    for number_format in ("e164", "national"):
        if presented.startswith("39") and len(presented) not in (9, 10):
            assert parse_caller_id(presented, number_format) is None


@pytest.mark.parametrize("e164, digits, national", [
    ("+390212340000", "390212340000", "0212340000"), ("+393331234500", "393331234500", "3331234500"),
    ("+390549886123", "390549886123", "0549886123"), ("+41223456789", "41223456789", "0041223456789"),
    ("+39800123456", "39800123456", "800123456"), ("112", "112", "112"), ("116117", "116117", "116117"),
    ("187", "187", "187"), ("", "", "")])
def test_a_number_is_sent_as_the_trunk_takes_it(e164: str, digits: str, national: str) -> None:
    assert [in_format(e164, name) for name in ("e164", "digits", "national")] == [e164, digits, national]


@given(st.from_regex(r"(\+39)?(0[1-9][0-9]{4,9}|3[0-9]{8,9}|80[03][0-9]{6}|0844[0-9]{5})", fullmatch=True),
       st.sampled_from(["e164", "digits", "national"]))
@settings(max_examples=1000, derandomize=True, deadline=None)
@example("0212345", "digits")
def test_what_is_sent_is_never_read_as_another_number(presented: str, number_format: str) -> None:
    """A dialplan may set the caller ID as its trunk takes it: it is that number, or, rarely, one that nobody declared."""
    number = parse_caller_id(presented)
    if number is not None:
        sent = in_format(number.e164, number_format)
        again = parse_caller_id(sent, number_format)
        assert again == number or number_format == "digits" and again is not None and again.e164 == "+39" + sent


@pytest.mark.parametrize("text, e164", [
    ("3331234500", "+393331234500"), ("+393331234500", "+393331234500"), ("00393331234500", "+393331234500"),
    ("021234", "+39021234"), ("02123456789", "+3902123456789"), ("331234567", "+39331234567"),
    ("+41223456789", "+41223456789"),
    ("393331234500", None), ("02123", None), ("0212345678901", None), ("212345678", None), ("", None), ("112", None), ("021234567890", None),
    ("3331234500 ", "+393331234500"), ("333１234500", None), ("+390", None), ("+39", None), ("003933312345001", None)])
def test_a_list_holds_6_to_12_digits_and_no_bare_country_code(text: str, e164: str | None) -> None:
    assert parse_listed(text) == e164


# --- whatever is typed

typed = st.one_of(
    st.text(max_size=80),
    st.text("0123456789", min_size=1, max_size=16),
    st.text("+0123456789 .-/()pwx,;#*intex３٣\n\x00", max_size=40),
    st.builds(str.__add__, st.sampled_from(["+39", "0039", "00", "+", "39", "+378", "+379", "0549", "06698", "#31#"]),
              st.text("0123456789 ", max_size=14)),
)
NUMBER_SHAPE = re.compile(r"\+[1-9][0-9]{4,17}|[1-9][0-9]{2,5}", re.ASCII)


@given(typed)
@settings(max_examples=1500, derandomize=True, deadline=None)
@example("0212345678p12")
@example("+44 (0)20 7123 4567")
@example("+39" * 20)
def test_a_destination_is_none_or_plain_digits_that_read_as_themselves(dialled: str) -> None:
    number = parse_destination(dialled)
    withholds_caller_id(dialled)
    if number is not None:
        assert NUMBER_SHAPE.fullmatch(number.e164)
        assert parse_destination(number.e164) == number


@given(typed)
@settings(max_examples=1500, derandomize=True, deadline=None)
@example("+41")
def test_a_caller_id_is_none_or_plain_digits_that_read_as_themselves(presented: str) -> None:
    number = parse_caller_id(presented)
    if number is not None:
        assert re.fullmatch(r"\+?[0-9]+", number.e164, re.ASCII)
        assert parse_caller_id(number.e164) == number


# --- one reading of a number

ONE_NUMBER = {
    "+390212345600": (
        "0212345600", "02/12345600", "02-12345600", "02 12345600", "02.12345600", "(02) 12345600", "(02)12345600",
        "(0212345600)", "02 1234 5600", "02 12 34 56 00", "02.1234.5600", "02.12.34.56.00", "02-1234-5600", "02-12-34-56-00",
        "02 / 12345600", "02 - 12345600", "(02) 1234-5600", "02 12345600.", "+39 02 12345600", "+39 02/12345600",
        "+39 (02) 12345600", "(+39) 02 12345600", "+39-02-12345600", "+39/02/12345600", "0039 02 12345600", "0039.02/12345600",
        "(0039) 02 12345600", "00390212345600", "+ 39 02 12345600", "+39 (0)2 12345600", "\u00a002 12345600\u00a0",
        "\u202f0212345600\t", " 0212345600\r\n"),
    "+393351234501": (
        "3351234501", "335-1234501", "335/1234501", "335 1234501", "335.1234501", "335 12 34 501", "335/12.34.501",
        "335-123-4501", "(335) 1234501", "3.351.234.501", "+39 335 1234501", "+39 (335) 1234501", "0039-335-1234501"),
    "+390331234567": ("0331/234567", "0331-23.45.67", "0331-23-45-67", "0331 23-45-67", "(0331) 234567", "+39 0331 234567"),
    "+39331234567": ("331234567", "331/234567"),
    "+39800123456": ("800 123456", "800/123456", "800-123-456"),
    "+41446681800": ("+41 44 668 18 00", "0041446681800", "+41 (0)44 668 18 00", "+41-44-668-18-00"),
    "+12125551234": ("+1 (212) 555-1234", "+1-212-555-1234"),
}
# what a list may hold that is no number, or not one -> the numbers that it could be
NOT_ONE_NUMBER = {
    # two lines, and ranges
    "02 1234563/4": "021234563 021234564", "0185 287045-6": "0185287045 0185287046", "0331/234567-8": "0331234567 0331234568",
    "02 12345600/01": "0212345600 0212345601", "02/12345600/601": "0212345600 0212345601", "02 12345600-01": "0212345600 0212345601",
    "011 5551230-39": "0115551230 0115551239", "011 5551230 - 39": "0115551230 0115551239", "02 12 34 56-7": "02123456 02123457",
    "02 6200-6300": "026200 026300", "3331234500/1": "3331234500 3331234501", "333-1234500-1": "3331234500 3331234501",
    "+39 02 12345600/1": "0212345600 0212345601", "02 1234563/64/65": "021234563 021234564",
    "+49 30 123456-78": "+4930123456 +4930123478",
    # several numbers
    "02 12345600/335 1234501": "0212345600 3351234501", "0212345600/0212345601": "0212345600 0212345601",
    "02 12345600 - 02 12345601": "0212345600 0212345601", "3331234500 3331234501": "3331234500 3331234501",
    "3331234500,3331234501": "3331234500 3331234501", "3331234500; 3331234501": "3331234500 3331234501",
    "3331234500 e 02 12345600": "3331234500 0212345600", "021234 025678": "021234 025678",
    "3331234500+3331234501": "3331234500 3331234501", "3331234500\n3331234501": "3331234500 3331234501",
    # a mobile behind a 0
    "0335/1234501": "3351234501", "03351234501": "3351234501", "0347 1234567": "3471234567", "+39 0335 1234501": "3351234501",
    "+39 (0)331 1234502": "03311234502 3311234502", "(0)331 1234502": "03311234502 3311234502",
    "0331/1234502": "03311234502 3311234502", "0391-2345678": "03912345678 3912345678", "+39 (0)335 1234501": "3351234501",
    "+39 (0)331 234567": "0331234567 331234567", "0335/123456": "335123456",
    # a decimal point, an exponent
    "3331234500.0": "3331234500", "333123450.0": "333123450 3331234500", "0212345600.0": "0212345600", "3331234500.00": "3331234500",
    "393331234500.0": "+393331234500", "212345600.0": "0212345600", "3,33E+09": "", "3.33123E+09": "",
    # a lost +, a lost 0, a + too many
    "393331234500": "+393331234500", "390212345600": "+390212345600", "39 333 1234500": "+393331234500",
    "212345600": "0212345600", "+3331234500": "3331234500", "+00393331234500": "+393331234500", "++393331234500": "+393331234500",
    # letters and signs
    "tel. 02 12345600": "0212345600", "02 12345600 int. 5": "0212345600", "0212345678p12": "", "33312345O0": "", "'3331234500": "3331234500",
    "3331234500*": "3331234500", "-3331234500": "3331234500", "0212345600/": "0212345600", "02 12345600 (3)": "0212345600",
    # what cannot be seen, or not for what it is
    "\u202a+390212345601\u202c": "0212345601", "02\u00a012345601": "0212345601", "02\u201112345601": "0212345601",
    "02\u200b12345601": "0212345601", "\ufeff0212345601": "0212345601", "02\t12345601": "0212345601", "02\u201312345601": "0212345601",
    "\uff13331234500": "", "\u0660212345600": "",
    # no number at all
    "": "", " ": "", "+": "", "+39": "", "112": "", "abc": "", "02123": "", "0212345678901": "", "3001234567": "03001234567",
    "+4199": "", "3" * 5_000: "", "02 1-" * 2_000: "",
}


@pytest.mark.parametrize(("text", "e164"), [(text, e164) for e164, texts in ONE_NUMBER.items() for text in texts])
def test_a_number_is_one_however_people_write_it_in_lists_and_calls(text: str, e164: str) -> None:
    assert parse_listed(text) == e164
    called = parse_destination(text)
    assert called is not None and called.e164 == e164


@pytest.mark.parametrize(("text", "readings"), NOT_ONE_NUMBER.items(), ids=map(ascii, map(operator.itemgetter(slice(40)), NOT_ONE_NUMBER)))
def test_what_is_not_one_number_is_rejected_with_those_that_it_could_be(text: str, readings: str) -> None:
    listed = read_listed(text)
    assert isinstance(listed, NotOneNumber) and parse_listed(text) is None
    expected = [one if one.startswith("+") else f"+39{one}" for one in readings.split()]
    assert list(listed.readings)[:len(expected)] == expected and (expected or not listed.readings)
    assert all(f"`{one}`" in str(listed) for one in expected) and len(str(listed)) < 300


def test_what_cannot_be_seen_is_named() -> None:
    for character in "\u202a\u202c\u200b\u2011\u00a0\ufeff\u200e\u00ad\x1b\x00\x7f":
        assert f"U+{ord(character):04X}" in str(read_listed(f"02{character}12345601"))


def _is_allowed_in_both(text: str) -> bool:
    return re.fullmatch("[0-9+ ./()-]*", text, re.ASCII) is not None


grouped = st.builds(
    lambda prefix, parts: prefix + "".join(itertools.chain.from_iterable(parts)),
    st.sampled_from(("", "+39", "0039", "+39 ", "(+39) ", "39", "+41", "00", "0", "(0)", "+39 (0)", "(02)", "+39 (335) ")),
    st.lists(st.tuples(st.sampled_from(("02", "0331", "335", "3331234500", "0212345600", "287045", "6", "12", "234567", "0", "021234")),
                       st.sampled_from(("", " ", "/", "-", ".", " - ", "--", ")", "(", "\u00a0", ",", " e "))), max_size=5))


@given(st.one_of(typed, grouped))
@settings(max_examples=6000, derandomize=True, deadline=None)
def test_a_list_and_a_call_read_one_number_or_the_list_rejects(text: str) -> None:
    # what ops loaded under another name than the call asks for would be an objection that nobody finds
    listed, called = read_listed(text), parse_destination(text)
    if isinstance(listed, str):
        assert called is not None and called.e164 == listed
        assert parse_listed(listed) == listed
    elif listed.readings and _is_allowed_in_both(text):  # and what may be another person's is called by nobody
        assert called is None or called.number_class not in (*A_PERSONS, NumberClass.FOREIGN)


@given(st.from_regex(r"(\+39|0039)?(0[1-9][0-9]{4,9}|3[0-9]{8,9}|55[0-9]{8})", fullmatch=True))
@settings(max_examples=1000, derandomize=True, deadline=None)
def test_every_persons_number_that_can_be_called_can_be_listed(text: str) -> None:
    dialled = parse_destination(text)
    if dialled is not None and dialled.number_class in A_PERSONS:
        assert parse_listed(text) == dialled.e164


@pytest.mark.parametrize(("dialled", "listed"), (
    ("+442079460003", "+4402079460003"), ("+44 (0)2079460003", "+442079460003"), ("0549886125", "+3780549886125"),
    ("+3780549886127", "0549886127"), ("+378886127", "0549886127"), ("0041223456789", "+41223456789")))
def test_what_is_dialled_and_what_is_listed_are_one_number(dialled: str, listed: str) -> None:
    number = parse_destination(dialled)
    assert number is not None and parse_listed(listed) == number.e164


# --- what phonenumbers says of a number at length is asked of its patterns at once, for every class and length

@given(st.from_regex(r"0[1-9][0-9]{4,10}|3[0-9]{8,9}|55[0-9]{8}", fullmatch=True))
@settings(max_examples=4000, derandomize=True, deadline=None)
@example("021234")
@example("0100000000")
@example("012345678901")
@example("331234567")
@example("0669812345")
@example("0549886125")
def test_a_number_is_assigned_as_phonenumbers_says(national: str) -> None:
    parsed = phonenumbers.number_type(phonenumbers.parse("+39" + national))
    assert _is_assigned_subscriber("+39" + national) == (parsed in (
        PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP))
