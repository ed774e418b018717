"""A number as people write it -> its digits; or why it is not one number, and which numbers it could be.

Core.  The one place that judges signs: a sign is understood, or the text is no number.  A sign that were only dropped
would make one number of two (`02 1234563/4`), of a range (`0331 234567-8`) or of a decimal (`3331234500.0`): a third
person's.  Lists, calls and people at a command line are read here alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

# what may stand at the ends, unseen: a blank, a line end, a blank that keeps words together
_ENDS = " \t\r\n\u00a0\u2007\u202f"
_LONGEST = 64  # characters; the bound keeps a hostile text cheap
_PLAIN = re.compile(r"\+?[0-9]+", re.ASCII)
_UNDERSTOOD = re.compile(r"[0-9+ .\-/()]+", re.ASCII)
_ODD = re.compile(r"[^0-9+ .\-/()]+", re.ASCII)
_IN_ORDER = re.compile(r"\+?[ .]*[0-9](?:[0-9 .\-/]*[0-9])?", re.ASCII)
# one sign behind a prefix, and blanks: nearly all that is no plain digits
_COMMON = re.compile(r"(?:(?:\+|00)39[ .\-/]?)?(?!00)(?:0[0-9]{1,3}|[1-9][0-9]{2})[ .\-/]?[0-9]+(?: [0-9]+)*", re.ASCII)
_SIGNS = str.maketrans("", "", " .-/")
# `(+39)`, `(0039)`; `(02)`, `(0331)`, `(335)` and `(0)` behind a country code or at the begin
_COUNTRY_IN_PARENTHESES = re.compile(r"\( *((?:\+|00)[0-9 ]*) *\)")
_PREFIX_IN_PARENTHESES = re.compile(r"((?:\+|00)[ .\-]*[0-9]{1,3}[ .\-]*)?\( *([0-9]{1,5}) *\)")
_PREFIX = re.compile(r"0[0-9]{1,3}|[1-9][0-9]{2}", re.ASCII)
_ITALY = "39"
_MAX_LINES_OF_A_RANGE = 100
_MOBILE_BEHIND_A_ZERO = 11
_MAX_SHOWN = 3
_DECIMAL_FROM_DIGITS = 6  # in one piece before the point: people group fewer

IsNumber = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class NotOneNumber:
    """Why a text is no number, or more than one; `readings` are those that it could be, in E.164."""

    why: str
    readings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.readings:
            return self.why
        named = " or ".join(f"`{one}`" for one in self.readings)
        return f"{self.why}; it could be {named}: write the one that is meant"


def spelled(text: str, is_number: IsNumber) -> str | NotOneNumber:
    """The digits of the one number that a text is, with a `+` before a country code; Italian ones may lack it.

    `is_number` says of such digits whether somebody may have them.  Whether the result is a number is not said.

    >>> spelled("(02) 123.45600", lambda digits: len(digits) == 10), spelled("0039 02/12345600", lambda digits: False)
    ('0212345600', '+390212345600')
    """
    text = text.strip(_ENDS)
    if _PLAIN.fullmatch(text):
        return "+" + text[2:] if text.startswith("00") else text
    if _COMMON.fullmatch(text):
        digits = text.translate(_SIGNS)
        if digits.startswith("00"):
            digits = "+" + digits[2:]
        national = digits.removeprefix("+39")
        # not so many that they might be two numbers, or a mobile number behind a 0
        if len(national) < _MOBILE_BEHIND_A_ZERO or len(national) == _MOBILE_BEHIND_A_ZERO and national[:2] != "03":
            return digits
    if not text:
        return NotOneNumber("it is empty")
    if len(text) > _LONGEST:
        return NotOneNumber("it is longer than any number")
    return _Grouped.of(text, is_number) if _UNDERSTOOD.fullmatch(text) else _with_odd_characters(text, is_number)


def e164(digits: str) -> str:
    return digits if digits.startswith("+") else f"+{_ITALY}{digits}"


def _with_odd_characters(text: str, is_number: IsNumber) -> NotOneNumber:
    odd = list(dict.fromkeys("".join(_ODD.findall(text))))
    without = [] if any(map(str.isalnum, odd)) else [_ODD.sub("", text)]
    readings = _numbers(without, is_number) or _numbers(_apart(text), is_number)
    if len(readings) > 1:
        return NotOneNumber("it holds several numbers", readings)
    named = ", ".join(map(_named, odd[:_MAX_SHOWN])) + (", ..." if len(odd) > _MAX_SHOWN else "")
    return NotOneNumber(f"it holds {named}", readings)


def _apart(text: str) -> Iterator[str]:
    """What stands between words, and between signs that are not understood; of `333123450O` nothing does."""
    for part in re.split(r"[^\w+ .\-/()]+", text):
        for is_word, words in groupby(part.split(), lambda word: _ODD.search(word) is not None):
            if not is_word:
                yield " ".join(words)


def _named(character: str) -> str:
    if character.isascii() and character.isprintable():
        return f"`{character}`"
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"


def _numbers(texts: Iterable[str], is_number: IsNumber) -> tuple[str, ...]:
    """Those of the texts that are numbers by themselves, in E.164, each once."""
    found = (spelled(text, is_number) for text in texts)
    return tuple(dict.fromkeys(e164(one) for one in found if isinstance(one, str) and is_number(one)))


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Digits in groups.  `gaps[n]` are the signs between groups n and n + 1, without blanks; `country` has its `+`."""

    groups: list[str]
    gaps: list[str]
    country: str
    is_number: IsNumber

    @classmethod
    def of(cls, text: str, is_number: IsNumber) -> str | NotOneNumber:
        plain = _without_parentheses(text.rstrip(" ."))
        if plain is None:
            return NotOneNumber("its parentheses enclose no prefix", _numbers(re.split("[()]", text), is_number))
        if not _IN_ORDER.fullmatch(plain):
            parts = re.findall(r"\+?[0-9](?:[0-9 .\-/]*[0-9])?", plain)
            return NotOneNumber("it has signs before or behind its digits",
                                _numbers([*parts, *(part.lstrip("+") for part in parts)], is_number))
        groups, international = re.findall("[0-9]+", plain), plain.startswith(("+", "00"))
        gaps = ["".join(gap.split()) for gap in re.findall(r"(?<=[0-9])[^0-9]+(?=[0-9])", plain)]
        if not international:
            return cls(groups, gaps, "", is_number)._judged()
        if plain.startswith("00"):
            groups, gaps = _without_digits(groups, gaps, 2)
        if not "".join(groups).startswith(_ITALY):
            return cls(groups, gaps, "+", is_number)._judged()
        return cls(*_without_digits(groups, gaps, len(_ITALY)), f"+{_ITALY}", is_number)._judged()

    @property
    def _is_italian(self) -> bool:
        return self.country != "+"

    @property
    def _digits(self) -> str:
        return self.country + "".join(self.groups)

    def _judged(self) -> str | NotOneNumber:
        if self._is_italian and len(self.groups) > 1 and self.groups[0] == "0":
            return self._behind_a_zero()
        for place, gap in enumerate(self.gaps):
            if unclear := self._unclear_at(place, gap):
                return unclear
        # `0335/1234501`: the prefix of a mobile, behind the 0 that it had until 2001
        national = "".join(self.groups) if self._is_italian else ""
        if len(national) == _MOBILE_BEHIND_A_ZERO and re.fullmatch("03[0-9]{2}", self.groups[0]) \
                and self.is_number(self.country + national[1:]):
            return self._readings("it may be a mobile number behind a 0", self._digits, self.country + national[1:])
        return self._digits

    def _behind_a_zero(self) -> str | NotOneNumber:
        """`+39 (0)331 234567`: whether the 0 is part of the number is for the reader to guess."""
        kept = _Grouped(["0" + self.groups[1], *self.groups[2:]], self.gaps[1:], self.country, self.is_number)
        dropped = self.country + "".join(self.groups[1:])
        if self.is_number(dropped):
            return self._readings("its 0 may be part of the number or not", self.country + "".join(kept.groups), dropped)
        return kept._judged()

    def _unclear_at(self, place: int, gap: str) -> NotOneNumber | None:
        """Say why the signs behind a group may part two numbers; None where they only group the digits of one."""
        before, behind = "".join(self.groups[:place + 1]), "".join(self.groups[place + 1:])
        group, tail = self.groups[place], self.groups[place + 1]
        is_whole = self.is_number(self.country + before)
        if is_whole and self.is_number(behind):
            return self._readings("it holds two numbers", self.country + before, behind, self._digits)
        if "/" in gap:
            is_prefix = place == 0 and (_PREFIX.fullmatch(before) is not None or not self._is_italian)
            return None if is_prefix and not is_whole else self._several(place)
        if "-" in gap and is_whole:
            apart = int(tail) - int(group) if len(tail) == len(group) else 0
            is_grouping = gap in self.gaps[max(0, place - 1):place] + self.gaps[place + 1:place + 2]  # `02-12-34-56-00`
            is_range = len(tail) < len(group) or (0 < apart <= _MAX_LINES_OF_A_RANGE and not is_grouping)
            return self._several(place) if is_range else None
        if "." in gap and len(group) >= _DECIMAL_FROM_DIGITS and (is_whole or not tail.strip("0")):
            return self._readings("it may have a decimal point, as spreadsheets write numbers", self.country + before,
                                  self._digits, *([] if self.country else ["+" + before, "0" + before]))
        return None

    def _several(self, place: int) -> NotOneNumber:
        """Two numbers, or a range: the digits behind the sign take the place of the last ones."""
        first, signs = "".join(self.groups[:place + 1]), self.gaps[place + 1:]
        until = next((nth for nth, gap in enumerate(signs) if gap), len(signs))
        tail = "".join(self.groups[place + 1:place + 2 + until])
        return self._readings("it may be two numbers, or a range", self.country + first,
                              self.country + first[:-len(tail)] + tail, self._digits)

    def _readings(self, why: str, *digits: str) -> NotOneNumber:
        return NotOneNumber(why, tuple(e164(one) for one in dict.fromkeys(digits) if self.is_number(one)))


def _without_parentheses(text: str) -> str | None:
    """The text with blanks for the parentheses around a country code or a prefix; None where they are around others."""
    if re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1].strip()
    if country := _COUNTRY_IN_PARENTHESES.match(text):
        text = f"{country[1]} {text[country.end():]}"
    if prefix := _PREFIX_IN_PARENTHESES.match(text):
        text = f"{prefix[1] or ''} {prefix[2]} {text[prefix.end():]}".strip()
    return None if "(" in text or ")" in text else text


def _without_digits(groups: list[str], gaps: list[str], count: int) -> tuple[list[str], list[str]]:
    """What is left of the groups behind so many digits."""
    left, rest = list(groups), list(gaps)
    while left and count >= len(left[0]):
        count -= len(left.pop(0))
        rest = rest[1:]
    if left and count:
        left[0] = left[0][count:]
    return left, rest
