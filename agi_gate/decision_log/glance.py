"""The few values of a record that an index needs, seen without parsing all its JSON: some 3 us where JSON takes 30.

Edge.  Only what this program's own writer put there, in its very form, is seen; anything else is parsed by
`record.parse`.  A quote within a JSON string has a backslash before it, so no name that a phone sent can look like a key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from agi_gate import record
from agi_gate.decision_log import linked

_HEAD = re.compile(
    rb'\{"v":2,"chain":"[^"\\]*","seq":[0-9]+,"prev":"[0-9a-f]{64}",(?:"after":[0-9]+,)?"id":"([^"\\]*)",'
    rb'"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)",'
    rb'"verdict":"(ALLOW|DENY)","reason":"[A-Z_]+","reasons":\["([A-Z_]+(?:","[A-Z_]+)*)"\],')
_CAMPAIGN = re.compile(rb'"call":\{"campaign":"([^"\\]*)"')
_CONTROLLER = re.compile(rb',"controller":(?:null|"([^"\\]*)")\},"policy":')
_PSEUDONYM = re.compile(rb'"pseudonyms":(?:null|\{"destination":(?:null|"([^"\\]*)")\})')
_END = re.compile(
    rb',"personal_sha256":"[0-9a-f]{64}",(?:"salt":"[0-9a-f]{32}","destination":(?:null|"([^"\\]*)"),"dialled":.*\]'
    rb'|("masked":)\[(?:"[a-z_]+",?)*\])\}\n?', re.DOTALL)


class Glance(NamedTuple):
    """UTF-8, without JSON's quotes and escapes; what is null is None."""

    id: bytes
    at: bytes  # as record.instant() has it: sorts by time
    verdict: bytes
    reasons: Sequence[bytes]
    campaign: bytes
    controller: bytes | None
    destination: bytes | None
    pseudonym: bytes | None
    masked: bool


def glance(line: bytes) -> Glance:
    """What stands in a line.  Raises ValueError where that is no record."""
    return _usual(line) or _parsed(record.parse(text_of(line)))


def _usual(line: bytes) -> Glance | None:
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError:
            return None
    head = _HEAD.match(line)
    end = _END.fullmatch(line, line.rfind(b',"personal_sha256":"')) if head else None
    if head is None or end is None:
        return None
    campaign = _CAMPAIGN.search(line, head.end())
    controller = _CONTROLLER.search(line, campaign.end()) if campaign else None
    pseudonym = _PSEUDONYM.search(line, controller.end()) if controller else None
    if campaign is None or controller is None or pseudonym is None or pseudonym.end() > end.start():
        return None
    return Glance(head[1], head[2], head[3], head[4].split(b'","'), campaign[1], controller[1], end[1], pseudonym[1],
                  end[2] is not None)


def _parsed(read: dict[str, Any]) -> Glance:
    def encoded(text: str | None) -> bytes | None:
        return text.encode("utf-8", "surrogatepass") if text else None
    return Glance(
        encoded(read["id"]) or b"", record.instant(datetime.fromisoformat(read["at"])).encode(),
        encoded(read["verdict"]) or b"", [encoded(reason) or b"" for reason in read["reasons"]],
        encoded(read["call"]["campaign"]) or b"", encoded(read["call"].get("controller")),
        encoded(read["destination"]), encoded((read["pseudonyms"] or {}).get("destination")), bool(read["masked"]))


def words_on(line: bytes) -> str:
    """Why a line is not read as a record, as the end of a sentence."""
    if isinstance(linked.read(line.rstrip(b"\n")), linked.Torn):
        return "is the beginning of a record, as a crash leaves one; `agi-gate log verify` tells that from tampering"
    try:
        record.parse(text_of(line))
    except ValueError as error:
        return f"is no record this program can read: {error}"
    return "is no record this program can read: it does not hold all that a decision record holds"


def text_of(line: bytes) -> str:
    """A line as text, without its newline; bytes that are no UTF-8 are shown, escaped."""
    return line.decode("utf-8", "backslashreplace").rstrip("\n")
