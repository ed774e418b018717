"""What chains a record to the one before it, read from the line's bytes without parsing its JSON.

Edge, pure.  Of a record of version 2

    {"v":2,"chain":"5f1c09ab","seq":17,"prev":"<64 hex>",... ,"personal_sha256":"<64 hex>",<personal part>}

the record hash is the SHA-256 of the line up to and with `personal_sha256`; `prev` is the record hash of the chain's
record before; `personal_sha256` is the SHA-256 of the personal part, without the brace.  So whoever takes the personal
part out breaks nothing, and whoever changes it is found out.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

# what stands in the personal part's place once it is masked
MASKED = b',"masked":["destination","dialled","channel","unique_id","evidence"]}'
# the same of records of earlier builds, which had the channel in the part that is hashed and stays
MASKED_BEFORE = b',"masked":["destination","dialled","evidence"]}'
_CHANNEL = b',"channel":"'
_PERSONAL = b',"personal_sha256":"'
_PSEUDONYM = b',"pseudonyms":{"destination":"'
# what was dialled was no number, so there is none to be found again
_NO_NUMBER = (b',"number":null,', b',"number":{"class":null,')
_HEX = 64
_HEAD = re.compile(
    rb'\{"v":2,"chain":"([^"\\]{1,40})","seq":([0-9]{1,18}),"prev":"([0-9a-f]{64})",(?:"after":([0-9]{1,18}),)?'
    rb'(?:"id":"[^"\\]*","at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)",)?')
_BEGINNING = b'{"v":2,"chain":"'
_AT = re.compile(rb'"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"')
_VERSION_1 = b'{"v":1,"id":"'
_OTHER_VERSION = re.compile(rb'\{"v":([0-9]{1,6}),')
_VERSIONS = (1, 2)


class Personal(Enum):
    WHOLE = "whole"
    MASKED = "masked"
    CHANGED = "changed"  # it is not what was hashed


class Link(NamedTuple):
    chain: bytes
    seq: int
    prev: bytes  # hex, as all hashes here
    after: int | None  # where the chain's record before ended in the file it was written to
    at: bytes | None
    hash: bytes
    personal: Personal


class Torn(NamedTuple):
    """The beginning of a record; chain, seq and prev are None where not even those are whole."""

    chain: bytes | None
    seq: int | None
    prev: bytes | None


class Version1(NamedTuple):
    at: bytes


class OtherVersion(NamedTuple):
    """Written by another program than this one, as it seems: nothing of it can be said."""

    version: int


Read = Link | Torn | Version1 | OtherVersion | None


def read(line: bytes) -> Read:
    """What a line is, without its newline; None where it is neither a record nor the beginning of one."""
    head = _HEAD.match(line)
    if head is None:
        return _other(line)
    place = line.rfind(_PERSONAL)
    end = place + len(_PERSONAL) + _HEX + 1
    if place < 0 or line[-1:] != b"}" or len(line) < end + 2:
        return None if _is_json(line) else Torn(head[1], int(head[2]), head[3])
    tail = line[end:]
    if tail in (MASKED, MASKED_BEFORE):
        personal = Personal.MASKED
    elif sha256(tail[1:-1]).hexdigest().encode() == line[end - 1 - _HEX:end - 1] and line[end - 1:end + 1] == b'",':
        personal = Personal.WHOLE
    else:
        personal = Personal.CHANGED
    return Link(head[1], int(head[2]), head[3], None if head[4] is None else int(head[4]), head[5],
                sha256(line[:end]).hexdigest().encode(), personal)


def lasting(line: bytes) -> bytes:
    """What of a line masking leaves as it is: a record's hashed part, or all of what is no record."""
    place = line.rfind(_PERSONAL) if line.startswith(_BEGINNING) else -1
    end = place + len(_PERSONAL) + _HEX + 1
    return line if place < 0 or len(line) < end else line[:end]


def can_be_masked(lasting: bytes) -> bool:
    """Whether a record is one of those that are masked: its number can still be found, or it has none."""
    # a quote within what a phone sent has a backslash before it
    return _PSEUDONYM in lasting or any(there in lasting for there in _NO_NUMBER)


def masked(line: bytes) -> bytes:
    """A whole record, without its newline, as masking leaves it."""
    left = lasting(line)
    return left + (MASKED if _CHANNEL in line[len(left):] else MASKED_BEFORE)


def _other(line: bytes) -> Torn | Version1 | OtherVersion | None:
    written = line.rstrip(b"\0")  # what a file system leaves where a loss of power kept the rest from the disk
    if line.startswith(_VERSION_1) and line.endswith(b"}") and (at := _AT.search(line)):
        return Version1(at[1])
    if written.startswith((_BEGINNING, _VERSION_1)) or (_BEGINNING.startswith(written) and line):
        return None if _is_json(line) else Torn(None, None, None)
    version = _OTHER_VERSION.match(line)
    if version is not None and int(version[1]) not in _VERSIONS and _is_json(line):
        return OtherVersion(int(version[1]))
    return None


def _is_json(line: bytes) -> bool:
    """Whether a line is whole, whatever it is: the beginning of a record is not."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
