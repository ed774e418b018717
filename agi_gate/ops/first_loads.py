"""With which accepted feed what is known of a number came, and when: the archive knows, for it has every feed's bytes.

Joint.  Only lines that hold the number's digits are read as rows, so that a list of millions takes a second or two; the whole
list is, where a row of the number goes over several lines.  A feed that is past retention, damaged or too much for the time that
is left says nothing: then it is not recorded.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any

from agi_gate import feeds
from agi_gate.archive import Archive, ArchiveError
from agi_gate.archive.history import ROLLBACK
from agi_gate.archive.receipts import Receipt
from agi_gate.explaining.loads import Loads, consent_key
from agi_gate.facts import Facts
from agi_gate.ops import feed_kinds
from agi_gate.store import values

_PIECE_BYTES = 1 << 20
_FEEDS = (feeds.CONTACTS.name, feeds.CONSENTS.name, feeds.OBJECTIONS.name)
_SEPARATORS = b" .-/()"


class _NoTime(Exception):
    pass


def first_loads(archive: Archive, controller: str, number: str, facts: Facts, seconds: float) -> Loads:
    """Of each fact the first load after which it stood as it does now."""
    loads, held, deadline = Loads(), dict[str, bytes](), time.monotonic() + seconds
    try:
        receipts = archive.receipts.all()
    except ArchiveError:  # whoever needs the receipts themselves says so
        return loads
    undone = {receipt["undoes"] for receipt in receipts if receipt["feed"] == ROLLBACK}
    for receipt in receipts:
        name = receipt["feed"]
        if name not in _FEEDS or controller not in receipt["controllers"] or receipt["load_id"] in undone:
            continue
        try:
            value = _value(archive, receipt, controller, number, deadline)
        except (ArchiveError, feeds.FeedError):
            continue
        except _NoTime:
            break
        if value is None:
            continue
        merge = values.MERGES[feed_kinds.kind_of(name)]
        held[name] = merge(held[name], value) if name in held else value
        _note(loads, name, held[name], facts, {key: receipt[key] for key in ("loaded_at", "file", "sha256")})
    return loads


def _note(loads: Loads, name: str, value: bytes, facts: Facts, said: dict[str, Any]) -> None:
    """What stands now as it does in the store was loaded by this feed, unless an earlier one did."""
    if name == feeds.CONTACTS.name and values.contact_from(value) == facts.contact:
        loads.contact = loads.contact or said
    if name == feeds.OBJECTIONS.name and values.objection_from(value) == facts.objection:
        loads.objection = loads.objection or said
    if name == feeds.CONSENTS.name:
        loaded = values.consents_from(value)
        known = {consent_key(consent) for consent in loaded}
        revoked = {(consent_key(consent), consent.revoked_at) for consent in loaded if consent.revoked_at is not None}
        for consent in facts.consents:
            if (key := consent_key(consent)) in known:
                loads.consents.setdefault(key, said)
                if (key, consent.revoked_at) in revoked:
                    loads.revocations.setdefault((key, consent.revoked_at), said)


def _value(archive: Archive, receipt: Receipt, controller: str, number: str, deadline: float) -> bytes | None:
    """What a feed says of a number.  Raises ArchiveError, FeedError, _NoTime."""
    with ExitStack() as open_files:
        copy = open_files.enter_context(tempfile.NamedTemporaryFile(prefix="agi-gate-"))
        with archive.feeds.open(receipt["files"][0]) as kept:
            while piece := kept.read(_PIECE_BYTES):
                copy.write(piece)
                if time.monotonic() > deadline:
                    raise _NoTime
        copy.flush()
        lines = list(_lines_with(number.removeprefix("+39").removeprefix("+").encode(),
                                 open_files.enter_context(feeds.FeedFile(copy.name)), deadline))
        if len(lines) < 2:
            return None
        few = open_files.enter_context(tempfile.NamedTemporaryFile(prefix="agi-gate-"))
        few.write(b"\n".join(lines) + b"\n")
        few.flush()
        # an odd quote opens a cell that goes on in the next line, which need not hold the digits
        name = copy.name if any(line.count(b'"') % 2 for line in lines) else few.name
        read = feed_kinds.read_csv_again(receipt, open_files.enter_context(feeds.FeedFile(name)))
        column = read.columns.get(controller)
        return None if column is None else column.value_of(int(number.removeprefix("+")))


def _lines_with(digits: bytes, file: feeds.FeedFile, deadline: float) -> Iterator[bytes]:
    """The header, and each line that holds the digits, however they are grouped."""
    is_header, rest = True, b""
    for piece in chain(file, (b"\n",)):
        if time.monotonic() > deadline:
            raise _NoTime
        whole, _, rest = (rest + piece).rpartition(b"\n")
        if is_header and whole:
            yield whole.partition(b"\n")[0]
            is_header, whole = False, whole.partition(b"\n")[2]
        plain = whole.translate(None, _SEPARATORS)
        if digits in plain:
            yield from (line for line, bare in zip(whole.split(b"\n"), plain.split(b"\n"), strict=True) if digits in bare)
