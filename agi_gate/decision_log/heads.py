"""The heads of a log's chains: where each ends, so that records taken from the end are missed.

Edge, codec of one small file a chain, `decisions.jsonl.chains/5f1c09ab.head`: one line of JSON of a fixed size, so
that one write replaces it.  A writer holds its chain's head locked for as long as it lives, and says in it that it is
open.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

SUFFIX = ".head"
BYTES = 192
_HASH = re.compile(rb"[0-9a-f]{64}")


class Damaged(Enum):
    """What stands in a head's place; the words tell it."""

    EMPTY = "is empty"
    ZEROS = "holds nothing but zeros"
    OTHERWISE = "is no head any more"
    UNREAD = "cannot be read"  # by this user: that says nothing of what stands there


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain: `seq` is 0 where there is none yet; `ended` is where it ended in its file."""

    seq: int
    hash: bytes
    ended: int
    open: bool
    file: str = ""


def folder(log: Path) -> Path:
    return log.with_name(log.name + ".chains")


def encode(head: Head) -> bytes:
    """
    >>> len(encode(Head(17, b"0" * 64, 4711, True))) == BYTES
    True
    """
    # by hand: every record waits for it
    text = (b'{"seq":%d,"hash":"%b","ended":%d,"open":%b}'
            % (head.seq, head.hash, head.ended, b"true" if head.open else b"false"))
    return text.ljust(BYTES - 1) + b"\n"


def decode(data: bytes, file: str = "") -> Head:
    """Raises ValueError where it is no head."""
    try:
        read = json.loads(data)
        head = Head(read["seq"], read["hash"].encode(), read.get("ended", 0), bool(read["open"]), file)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no head of a chain") from error
    if not (type(head.seq) is type(head.ended) is int and min(head.seq, head.ended) >= 0 and _HASH.fullmatch(head.hash)):
        raise ValueError("no head of a chain")
    return head


def read_all(log: Path) -> dict[bytes, Head | Damaged]:
    """Chain -> its head, or what has become of it.  Raises OSError where the folder cannot be read."""
    found: dict[bytes, Head | Damaged] = {}
    try:
        # not glob(): in a folder that it may not read it finds nothing
        names = sorted(name for name in os.listdir(folder(log)) if name.endswith(SUFFIX))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for path in map(folder(log).joinpath, names):
        chain = path.name.removesuffix(SUFFIX).encode("utf-8", "surrogateescape")
        try:
            data = path.read_bytes()
        except OSError:
            found[chain] = Damaged.UNREAD
            continue
        try:
            found[chain] = decode(data, path.name)
        except ValueError:
            found[chain] = (Damaged.EMPTY if not data else Damaged.ZEROS if not data.strip(b"\0") else Damaged.OTHERWISE)
    return found
