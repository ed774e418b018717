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

from agi_gate.dialled import EMERGENCY_NUMBERS, MAX_DIALLED, emergency_number, strip_dialling_key, strip_post_dial
from agi_gate.spelling import NotOneNumber, e164, spelled

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
    is_meant = isinstance(_destination(number), Number) and not isinstance(_destination("0" + number), Number)
    return number if code[1] or is_meant else text


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
    number = None if len(dialled) > MAX_DIALLED else _destination(_without_showing_code(strip_post_dial(dialled)))
    return number if isinstance(number, Number) else None


def why_no_destination(dialled: str) -> NotOneNumber | None:
    """Why nothing is called where this is dialled, and which numbers it could be; None where it is a number."""
    number = _destination(_without_showing_code(strip_post_dial(dialled)))
    return number if isinstance(number, NotOneNumber) else None


def _destination(text: str) -> Number | NotOneNumber:
    number = read_number(strip_dialling_key(text))
    if isinstance(number, NotOneNumber) and (emergency := emergency_number(text)):  # however it is written
        return Number(emergency, NumberClass.EMERGENCY)
    return number


def read_number(text: str) -> Number | NotOneNumber:
    """Read one number that somebody may have, whoever wrote it: for a call, in a list, at a command line.

    >>> read_number("02/12345600"), read_number("0185 287045-6").readings
    (Number(e164='+390212345600', number_class=<NumberClass.GEOGRAPHIC: 'geographic'>, country='IT'), ('+390185287045', '+390185287046', '+3901852870456'))
    """
    digits = spelled(text, _is_a_persons)
    if isinstance(digits, NotOneNumber):
        return digits
    number = _of_digits(digits)
    if number is None or (number.number_class in _SUBSCRIBER_CLASSES and number.country == "IT"
                          and not _is_assigned_subscriber(number.e164)):
        return _nearest(digits)
    return number


def digits_of(text: str) -> str | None:
    """The digits of the one number that a text is, whoever has it; None where it is not one."""
    digits = spelled(text, _is_a_persons)
    return digits if isinstance(digits, str) else None


def _is_a_persons(digits: str) -> bool:
    number = _of_digits(digits)
    return number is not None and (
        number.number_class is NumberClass.FOREIGN or
        number.number_class in _SUBSCRIBER_CLASSES and _is_assigned_subscriber(number.e164))


def is_a_persons_italian(national: str) -> bool:
    """Say whether somebody in Italy may have a number: a landline, mobile or nomadic one.  `national` are its digits."""
    number = _parse_italian(national)
    return (number is not None and number.number_class in _SUBSCRIBER_CLASSES and number.country == "IT"
            and _is_assigned_subscriber(number.e164))


# as they are given out; other digits that begin like them are a landline without its 0 (`70234567`, of 070) sooner
_SERVICE_NUMBERS = re.compile(r"800\d{6}|803\d{3}|84[0178]\d{6}|199\d{6}|178\d{7}|89[2459]\d{3}|89[459]\d{6}", re.ASCII)


def may_lack_its_zero(national: str) -> bool:
    """Say whether the digits of a service number are more likely those of a landline that lost its 0.

    >>> may_lack_its_zero("803123456"), may_lack_its_zero("800123456")
    (True, False)
    """
    return _SERVICE_NUMBERS.fullmatch(national) is None and is_a_persons_italian(f"0{national}")


def _nearest(digits: str) -> NotOneNumber:
    """Why digits are no number: what people and spreadsheets leave out, or put before one, most likely first."""
    plus, national = digits.startswith("+"), digits.removeprefix("+39")
    for applies, why, likely in (
            (not plus, "the + of its country is missing", f"+{digits}"),
            (not plus or national != digits, "a 0 stands before a mobile number", national.removeprefix("0")),
            (not plus or national != digits, "the 0 of a landline is missing", f"0{national}"),
            (plus, "its + is no country's", digits[1:]),
            (digits.startswith("+00"), "+ and 00 are one too many", f"+{digits[3:]}")):
        if applies and likely != digits and _is_a_persons(likely):
            return NotOneNumber(why, (e164(likely),))
    return NotOneNumber("write E.164 or the Italian national form")


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


_LISTED_DIGITS = range(6, 13)  # of a national number


def parse_listed(text: str) -> str | None:
    """Read a number of a list: its E.164 form, or None; what a call reads otherwise, or not, is no number of a list.

    Short landlines are kept; a bare `39...` is no country code.

    >>> parse_listed("0212345600"), parse_listed("+39 333/1234500"), parse_listed("393331234500")
    ('+390212345600', '+393331234500', None)
    """
    listed = read_listed(text)
    return listed if isinstance(listed, str) else None


def read_listed(text: str) -> str | NotOneNumber:
    """The same, and why a text is none.

    Freephone and premium numbers: nobody lists them, but one of them must not refuse a list of millions.
    """
    number = read_number(text)
    if isinstance(number, NotOneNumber):
        return number
    national = number.e164.removeprefix("+39")
    if not number.e164.startswith("+") or len(national) not in _LISTED_DIGITS and number.number_class is not \
            NumberClass.FOREIGN or national[0] == "4" and number.number_class is NumberClass.PREMIUM:
        return _nearest(national)
    return number.e164


def _parse(text: str) -> Number | None:
    digits = spelled(text, _is_a_persons)
    return None if isinstance(digits, NotOneNumber) else _of_digits(digits)


def _of_digits(digits: str) -> Number | None:
    if digits.startswith("+") and not digits.startswith("+39"):
        return _parse_foreign(digits)
    return _parse_italian(digits.removeprefix("+39"))


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

