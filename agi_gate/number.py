"""From what was dialled or presented to an E.164 number and its class, or to nothing.

Core, the only user of phonenumbers.  What is no number is a value (`None`), never an exception.
The Italian plan has classes that phonenumbers does not know (0843, 0844, social-value numbers, San Marino
behind 0549), and phonenumbers accepts things that are not one number (`0212345678p12`): hence the tables here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from agi_gate.dialled import EMERGENCY_NUMBERS, MAX_DIALLED, strip_dialling_key, strip_post_dial

phonenumbers.enable_pattern_cache()  # without it a third of its time goes into looking patterns up


def _assigned_patterns() -> Iterator[str]:
    """The area codes and mobile prefixes that are given out, the Vatican's among them, as phonenumbers knows them."""
    for country in ("IT", "VA"):
        plan = phonenumbers.PhoneMetadata.metadata_for_region(country)
        for kind in (plan.fixed_line, plan.mobile, plan.voip) if plan else ():
            if kind is not None and kind.national_number_pattern:
                yield f"(?:{kind.national_number_pattern})"


class NumberClass(Enum):
    EMERGENCY = "emergency"
    GEOGRAPHIC = "geographic"
    MOBILE = "mobile"
    NOMADIC = "nomadic"          # 55...: voice over IP, not bound to a place
    COMMERCIAL = "commercial"    # 0844: a caller ID for commercial calls
    STATISTICAL = "statistical"  # 0843: a caller ID for statistics
    FREEPHONE = "freephone"
    PREMIUM = "premium"
    SHORT = "short"              # every other short or service code
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Number:
    """One number: E.164 with its `+`, or the bare digits of a code that has no E.164 form (`112`, `187`)."""

    e164: str
    number_class: NumberClass
    country: str = "IT"  # ISO 3166 alpha-2


_WITHHOLDING_CODE = re.compile(r"[#*]31[#*]|\*67#?")
_SHOWING_CODE = re.compile(r" *\*670(#(?!31#)|[ .-]*)")
_SEPARATORS = str.maketrans("", "", " .-/()")
_DIGITS = re.compile(r"\+?[0-9]+", re.ASCII)

# Order matters: the first match names the class.  Lengths count the whole national number.
_ITALIAN_CLASSES = re.compile("|".join(f"(?P<{number_class.name}>{pattern})" for pattern, number_class in (
    (r"(?:144|163|164|166|178|89\d|0878|4\d\d)\d*", NumberClass.PREMIUM),
    (r"0843\d{2,7}", NumberClass.STATISTICAL),
    (r"0844\d{2,7}", NumberClass.COMMERCIAL),
    (r"0[1-9]\d{4,10}", NumberClass.GEOGRAPHIC),
    (r"3\d{8,9}", NumberClass.MOBILE),
    (r"55\d{8}", NumberClass.NOMADIC),
    (r"80[03]\d{3,6}", NumberClass.FREEPHONE),
    (r"1\d{2,5}|199\d{6}|84[0178]\d{3,6}|70\d{4,8}", NumberClass.SHORT),
)))
_PRESENTED = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
_CLAIMS_ABROAD = re.compile(r"(?:\+|00)((?!39)[1-9][0-9]*)")
_SUBSCRIBER_CLASSES = (NumberClass.GEOGRAPHIC, NumberClass.MOBILE, NumberClass.NOMADIC)
_NO_COUNTRY = "001"  # UN M.49 "world": what phonenumbers says of a code that is no country's
_ASSIGNED = re.compile("|".join(_assigned_patterns()), re.ASCII)
# a geographic number that may be presented: `0` and 5 to 10 more digits
_MAX_CALLER_ID_DIGITS = 11


def withholds_caller_id(dialled: str) -> bool:
    """Say whether the dialled string carries a code that hides the caller ID (`#31#`, `*67`), DTMF tones apart.

    `*670` shows it.  Without a blank after it the zero may be the number's own: where both make a number, it hides.

    >>> withholds_caller_id("*670212345601"), withholds_caller_id("*6700212345601"), withholds_caller_id("*670 0212345601")
    (True, False, False)
    """
    return not dialled.isdecimal() and _WITHHOLDING_CODE.search(_without_showing_code(strip_post_dial(dialled))) is not None


def _without_showing_code(text: str) -> str:
    code = _SHOWING_CODE.match(text) if "*670" in text else None
    if code is None:
        return text
    number = text[code.end():]
    return number if code[1] or _destination(number) and not _destination("0" + number) else text


def behind_code(dialled: str) -> Number | None:
    """Read the number that stands behind a code which hides the caller ID; None where none does.

    >>> behind_code("#31#3331234500").e164
    '+393331234500'
    """
    return parse_destination(_WITHHOLDING_CODE.sub("", strip_post_dial(dialled)))


def parse_destination(dialled: str) -> Number | None:
    """Read the number about to be called; None where it is no number.

    A bare `39...` is never taken for the country code: real mobiles start with 393.  Short landlines count.

    >>> parse_destination("02 123 45600").e164
    '+390212345600'
    >>> parse_destination("39333123456") is None
    True
    """
    return None if len(dialled) > MAX_DIALLED else _destination(_without_showing_code(strip_post_dial(dialled)))


def _destination(text: str) -> Number | None:
    number = _parse(strip_dialling_key(text))
    if number is None or (number.number_class in _SUBSCRIBER_CLASSES and number.country == "IT"
                          and not _is_assigned_subscriber(number.e164)):
        return None
    return number


def has_numbers(country: str) -> bool:
    """Say whether any number is of a country: of `GB`, and not of `UK`."""
    return country in phonenumbers.SUPPORTED_REGIONS


def parse_caller_id(presented: str, number_format: str = "e164") -> Number | None:
    """Read the number that is presented, by its shape alone; None where it is no number (an extension).

    It is digits and at most one leading `+`, since a blank or a bracket would go to the carrier too.  The shape is AGCOM's:
    geographic `0` and 5 to 10 more digits, mobile `3` and 8 or 9 more.  `number_format` is the trunk's: only with `digits` a
    bare `39...` is a country code, where it makes no number without one.
    Another country's number is FOREIGN even where that country would not know it.

    >>> parse_caller_id("390212340000"), parse_caller_id("390212340000", "digits").e164
    (None, '+390212340000')
    """
    return _presented(presented, number_format) if _PRESENTED.fullmatch(presented) else None


@lru_cache(maxsize=4096)  # campaigns present a few
def _presented(presented: str, number_format: str) -> Number | None:
    number = _parse(presented)
    if number is None and number_format == "digits" and presented.startswith("39"):
        number = _parse("+" + presented)
    if number is None:
        abroad = _CLAIMS_ABROAD.fullmatch(presented)
        return Number("+" + abroad[1], NumberClass.FOREIGN, _NO_COUNTRY) if abroad else None
    if number.number_class is NumberClass.GEOGRAPHIC and len(number.e164) - len("+39") > _MAX_CALLER_ID_DIGITS:
        return None
    return number


_LISTED_SHAPE = re.compile(
    r"(?:\+39|0039)?(0[1-9][0-9]{4,10}|3[0-9]{8,9}|55[0-9]{8}"
    # freephone, shared-cost, premium: nobody lists them, but one of them must not refuse a list of millions
    r"|80[03][0-9]{3,6}|84[0178][0-9]{3,6}|89[0-9]{4,7}|70[0-9]{4,8}|1(?:44|6[346]|78|99)[0-9]{3,7})"
    r"|(\+(?!39)[1-9][0-9]{6,14})", re.ASCII)


def parse_listed(text: str) -> str | None:
    """Read a number of a list, E.164 or Italian national form, by shape alone: its E.164 form, or None.

    Lists run to millions of rows: this is the cheap reader.  6 to 12 digits, so that short landlines are kept; a bare
    `39...` is no country code.

    >>> parse_listed("0212345600"), parse_listed("+393331234500"), parse_listed("393331234500")
    ('+390212345600', '+393331234500', None)
    """
    match = _LISTED_SHAPE.fullmatch(text)
    if match is None:
        return None
    if match[1]:
        return "+39" + match[1]
    # few rows: read as a dialled number is, so that both find the same facts
    foreign = _parse_foreign(match[2])
    return None if foreign is None else foreign.e164


def without_separators(text: str) -> str:
    return text.strip().translate(_SEPARATORS)


def _canonical(text: str) -> str:
    """Separators out, `00` read as `+`; the empty string where anything else is in it."""
    digits = text.translate(_SEPARATORS)
    if not _DIGITS.fullmatch(digits):
        return ""
    return "+" + digits[2:] if digits.startswith("00") else digits


def _parse(text: str) -> Number | None:
    digits = _canonical(text)
    if digits.startswith("+") and not digits.startswith("+39"):
        return _parse_foreign(digits)
    return _parse_italian(digits.removeprefix("+39")) if digits else None


def _parse_italian(national: str) -> Number | None:
    if national in EMERGENCY_NUMBERS:
        return Number(national, NumberClass.EMERGENCY)
    found = _ITALIAN_CLASSES.fullmatch(national)
    if found is None or found.lastgroup is None:
        return None
    number_class = NumberClass[found.lastgroup]
    if number_class is NumberClass.SHORT and len(national) <= 6:
        return Number(national, number_class)
    e164 = "+39" + national
    # two other states live inside the Italian plan
    if number_class is NumberClass.GEOGRAPHIC and national.startswith("0549"):
        return Number(e164, NumberClass.FOREIGN, "SM")
    if number_class is NumberClass.GEOGRAPHIC and national.startswith("06698"):
        return Number(e164, NumberClass.FOREIGN, "VA")
    return Number(e164, number_class)


def _is_assigned_subscriber(e164: str) -> bool:
    # of a number whose class is known `phonenumbers.number_type` says the same in twenty times the time, and every call
    # and every row of a list comes by here.  The 0 of a landline is part of the number
    return _ASSIGNED.fullmatch(e164, len("+39")) is not None


def _parse_foreign(e164: str) -> Number | None:
    san_marino = re.fullmatch(r"\+378(?:0549)?(\d{6})", e164)
    if san_marino is not None:  # one subscriber, two spellings: +378 and 0549
        return Number("+390549" + san_marino[1], NumberClass.FOREIGN, "SM")
    if re.fullmatch(r"\+379\d{6,12}", e164):  # the Vatican's own code, reserved and not in phonenumbers
        return Number(e164, NumberClass.FOREIGN, "VA")
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    premium = phonenumbers.number_type(parsed) == PhoneNumberType.PREMIUM_RATE
    return Number(
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        NumberClass.PREMIUM if premium else NumberClass.FOREIGN,
        phonenumbers.region_code_for_number(parsed) or _NO_COUNTRY)

