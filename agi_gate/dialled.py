"""The words around a number: what follows it when it is dialled goes, an emergency number is known, a trunk gets its format.

Core, and light: it imports nothing but `re`, so that a door can let an emergency go before it loads anything else.
`number` reads all other numbers.
"""

from __future__ import annotations

import re

# 112 113 115 118 are emergency numbers to phonenumbers; the others are of social value (AGCOM numbering plan)
EMERGENCY_NUMBERS = frozenset(
    {"112", "113", "114", "115", "117", "118", "1522", "1530", "116000", "116117"})

# A string longer than this was never dialled; the bound keeps a hostile one cheap
MAX_DIALLED = 64
# `;` begins a SIP user parameter (`;phone-context=+39`) as well as a pause
_POST_DIAL = re.compile(r"[pw,;]|ext|int|x", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " .-")


def strip_post_dial(dialled: str) -> str:
    """Drop post-dial digits, an extension and SIP user parameters.

    phonenumbers splits `,,12` and `x5` but swallows the digits after `p` and `w`.

    >>> strip_post_dial("0212345678p12"), strip_post_dial("02 12345678 int. 12"), strip_post_dial("112;phone-context=+39")
    ('0212345678', '02 12345678', '112')
    """
    if dialled.isdecimal():
        return dialled
    return _POST_DIAL.split(dialled[:MAX_DIALLED + 1], maxsplit=1)[0].strip(" .")


def strip_dialling_key(text: str) -> str:
    """Drop a `#` at the end: phones dial with it.

    >>> strip_dialling_key("112#")
    '112'
    """
    return text.rstrip("# .") if "#" in text else text


def emergency_number(dialled: str) -> str | None:
    """The emergency or social-value number that was dialled, its bare digits; None for anything else.

    It knows fewer ways of writing one than `number.parse_destination`, and no other numbers.

    >>> emergency_number("112#"), emergency_number("0039 116-117"), emergency_number("0212345678")
    ('112', '116117', None)
    """
    if len(dialled) > MAX_DIALLED:
        return None
    digits = strip_dialling_key(strip_post_dial(dialled)).translate(_SEPARATORS)
    digits = digits.removeprefix("+39" if digits.startswith("+") else "0039")
    return digits if digits in EMERGENCY_NUMBERS else None


def in_format(e164: str, number_format: str) -> str:
    """A number as a trunk takes it: `e164` (`+39...`), `digits` (`39...`), `national` (`02...`, and `00...` for another country).

    Codes that have no E.164 form stay as they are.

    >>> [in_format("+390212340000", "digits"), in_format("+390212340000", "national"), in_format("+41223456789", "national")]
    ['390212340000', '0212340000', '0041223456789']
    """
    if number_format == "e164" or not e164.startswith("+"):
        return e164
    if number_format == "digits":
        return e164[1:]
    return e164.removeprefix("+39") if e164.startswith("+39") else "00" + e164[1:]
