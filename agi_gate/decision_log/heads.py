"""The heads of a log's chains: where each ends, so that records taken from the end are missed.

Edge, codec of one small file a chain, `decisions.jsonl.chains/5f1c09ab.head`: one line of JSON of a fixed size, so
that one write replaces it.  A writer holds its chain's head locked for as long as it lives, and says in it that it is
open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".head"
BYTES = 192


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
    text = json.dumps({"seq": head.seq, "hash": head.hash.decode(), "ended": head.ended, "open": head.open},
                      separators=(",", ":"))
    return text.ljust(BYTES - 1).encode() + b"\n"


def decode(data: bytes, file: str = "") -> Head:
    """Raises ValueError where it is no head."""
    try:
        read = json.loads(data)
        head = Head(read["seq"], read["hash"].encode(), read.get("ended", 0), bool(read["open"]), file)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no head of a chain") from error
    if type(head.seq) is not int or len(head.hash) != 64:
        raise ValueError("no head of a chain")
    return head


def read_all(log: Path) -> dict[bytes, Head | None]:
    """Chain -> its head; None where the file is no head any more.  Raises OSError."""
    found: dict[bytes, Head | None] = {}
    try:
        paths = sorted(folder(log).glob(f"*{SUFFIX}"))
    except FileNotFoundError:
        return {}
    for path in paths:
        chain = path.name.removesuffix(SUFFIX).encode("utf-8", "surrogateescape")
        data = path.read_bytes()
        try:
            found[chain] = decode(data, path.name)
        except ValueError:
            if data.strip():  # an empty one was just claimed
                found[chain] = None
    return found
