"""Key names: every key of a controller is on one cluster slot (the braces), so that one command reads a call's facts
and one transaction shows a whole load.

    agi:{acme}:load             id of the load that is visible (8 bytes, see `load_id`), where its pages are, a CRC-32
    agi:{acme}:lock             held by the one loader
    agi:{acme}:checks           hash, check id -> its time, file, SHA-256, receipt, counts
    agi:{acme}:loads            hash, load id -> what it was
    agi:{acme}:used             hash, one field a call-back that was used up, and a count (see `used`)
    agi:{acme}:blocks           set, each block that has a manifest, and `*`
    agi:{acme}:m:39333123       a block's manifest: which of its pages there are
    agi:{acme}:r:39333123       a page of check histories; `:n` after it: the same page as a load is changing it

A page key ends where the offsets begin.  Check histories, contacts and consents come by the million: pages of 10,000
neighbours, so that a key costs a number little.  Consents are mostly distinct, so where they lie dense their page moves
to pages of 100 (`d`), and its place is held by a page of none: a call reads little there too.  The other kinds are few.

A *block* is 10,000 neighbours.  A server may lose any key (it evicts, an operator deletes, a backup is older).  So the
manifest of a block names its pages, the set `blocks` names the manifests, and the visible load vouches for the set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    letter: str
    offset_digits: int


MANIFEST = Kind("manifest", "m", 4)
REGISTRY = Kind("registry", "r", 4)
CONTACTS = Kind("contacts", "t", 4)
CONSENTS = Kind("consents", "c", 4)
DENSE_CONSENTS = Kind("consents", "d", 2)
OBJECTIONS = Kind("objections", "o", 2)
CALLBACKS = Kind("callbacks", "b", 2)
RESTS = Kind("rests", "s", 2)
KINDS = (REGISTRY, CONTACTS, CONSENTS, DENSE_CONSENTS, OBJECTIONS, CALLBACKS, RESTS)  # of pages

STAGED = ":n"
LOAD_ID_BYTES = 8
ALL_BLOCKS = "*"  # a member of the set of blocks that is always there: without it the set was lost

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _SECOND_US = timedelta(microseconds=1), 1_000_000
_TICKS_A_SECOND = 256
_TICK_BYTES = 5
_HOME, _STAGED = b"h", b"s"


def ticks(at: datetime) -> int:
    """An instant in 1/256 s since 1970."""
    return (at - _EPOCH) // _MICROSECOND * _TICKS_A_SECOND // _SECOND_US


def load_id(at: datetime, after: bytes | None, random: bytes) -> bytes:
    """The id of a load: its time in 1/256 s (5 bytes), and 3 random bytes.

    Ids ascend: a load that follows `after` has a later one, even where the clock was put back.  So a gate that has seen
    a later id than the visible one knows that the store is an older copy.

    >>> load_id(datetime(2026, 10, 1, tzinfo=UTC), None, b"abc").hex()
    '6abda28000616263'
    """
    tick = max(ticks(at), 0 if after is None else int.from_bytes(after[:_TICK_BYTES]) + 1)
    return tick.to_bytes(_TICK_BYTES) + random[:LOAD_ID_BYTES - _TICK_BYTES]


def loaded_at(load: bytes) -> datetime:
    """When a load was made, by its id."""
    return _EPOCH + int.from_bytes(load[:_TICK_BYTES]) * _SECOND_US // _TICKS_A_SECOND * _MICROSECOND


def load_value(controller: str, load: bytes, *, is_home: bool) -> bytes:
    """What lies under the key of the visible load; `is_home`: no page of it is staged any more."""
    value = load + (_HOME if is_home else _STAGED)
    return value + crc32(value, crc32(load_key(controller).encode())).to_bytes(4, "little")


@lru_cache(1024)  # every call asks
def load_of(controller: str, value: bytes | None) -> tuple[bytes | None, bool]:
    """The id of the visible load, and whether it is home; None before the first.  Raises ValueError for other bytes."""
    if value is None:
        return None, True
    load, is_home = value[:LOAD_ID_BYTES], value[LOAD_ID_BYTES:-4] == _HOME
    if len(load) != LOAD_ID_BYTES or load_value(controller, load, is_home=is_home) != value:
        raise ValueError("the id of the visible load is damaged")
    return load, is_home


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


def keys_of_call(controller: str, e164: str, *, staged: bool) -> list[str]:
    """What a call reads: the visible load, the manifest, and each kind's page; each of these staged, too, if asked for.

    Staged pages count only from a load's commit until they have taken their place.
    """
    names = [load_key(controller)]
    for kind in (MANIFEST, *KINDS):
        name = page_key(controller, kind, e164.removeprefix("+")[:-kind.offset_digits])
        names += (name, name + STAGED) if staged else (name,)
    return names


def load_key(controller: str) -> str:
    return base(controller) + "load"


def lock_key(controller: str) -> str:
    return base(controller) + "lock"


def checks_key(controller: str) -> str:
    return base(controller) + "checks"


def loads_key(controller: str) -> str:
    return base(controller) + "loads"


def blocks_key(controller: str) -> str:
    return base(controller) + "blocks"


def used_key(controller: str) -> str:
    return base(controller) + "used"
