"""Key names: every key of a controller is on one cluster slot (the braces), so that one command reads a call's facts
and one transaction shows a whole load.

    agi:{acme}:load             id of the load that is visible (8 bytes)
    agi:{acme}:lock             held by the one loader
    agi:{acme}:checks           hash, check id -> its time, file, SHA-256, receipt, counts
    agi:{acme}:loads            hash, load id -> what it was
    agi:{acme}:used:39333...    set, requested_at of each call-back that was used up
    agi:{acme}:r:39333123       a page of check histories; `:n` after it: the same page as a load is changing it

A page key ends where the offsets begin.  Check histories, contacts and consents come by the million: pages of 10,000
neighbours, so that a key costs a number little.  Consents are mostly distinct, so where they lie dense their page moves
to pages of 100 (`d`), and its place is held by a page of none: a call reads little there too.  The other kinds are few.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    letter: str
    offset_digits: int


REGISTRY = Kind("registry", "r", 4)
CONTACTS = Kind("contacts", "t", 4)
CONSENTS = Kind("consents", "c", 4)
DENSE_CONSENTS = Kind("consents", "d", 2)
OBJECTIONS = Kind("objections", "o", 2)
CALLBACKS = Kind("callbacks", "b", 2)
RESTS = Kind("rests", "s", 2)
KINDS = (REGISTRY, CONTACTS, CONSENTS, DENSE_CONSENTS, OBJECTIONS, CALLBACKS, RESTS)

STAGED = ":n"
LOAD_ID_BYTES = 8


def place(kind: Kind, e164: str) -> tuple[str, int]:
    """Split a number into its page's digits and its offset there.

    >>> place(REGISTRY, "+393331234500")
    ('39333123', 4500)
    """
    digits = e164.removeprefix("+")
    return digits[:-kind.offset_digits], int(digits[-kind.offset_digits:])


def base(controller: str) -> str:
    return f"agi:{{{controller}}}:"


def controller_of(name: str) -> str:
    """
    >>> controller_of("agi:{acme}:r:39333123")
    'acme'
    """
    return name.partition("{")[2].partition("}")[0]


def page_key(controller: str, kind: Kind, page_digits: str) -> str:
    return f"{base(controller)}{kind.letter}:{page_digits}"


def keys_of_call(controller: str, e164: str) -> list[str]:
    """What a call reads: the visible load, then each kind's page and its staged one, in the order of KINDS."""
    names = [load_key(controller)]
    for kind in KINDS:
        name = page_key(controller, kind, e164.removeprefix("+")[:-kind.offset_digits])
        names += (name, name + STAGED)
    return names


def load_key(controller: str) -> str:
    return base(controller) + "load"


def lock_key(controller: str) -> str:
    return base(controller) + "lock"


def checks_key(controller: str) -> str:
    return base(controller) + "checks"


def loads_key(controller: str) -> str:
    return base(controller) + "loads"


def used_key(controller: str, e164: str) -> str:
    return f"{base(controller)}used:{e164.removeprefix('+')}"
