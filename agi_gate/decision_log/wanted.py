"""What a search wants, and the forms in which a line can have it.  No file is opened here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from agi_gate.decision_log.pseudonyms import Keys

Found = tuple[str, dict[str, Any]]  # the line, and the record in it
Complain = Callable[[str], None]


class Unread(str):
    """A complaint of a file, or of a part of one, that could not be read: there may be more than was found."""


class Hidden(str):
    """A complaint of a file that holds masked records in which the number may be, and whose key is not at hand."""


@dataclass(frozen=True)
class Wanted:
    """What a record must have; None: anything.  `until` itself is not meant."""

    number: str | None = None  # E.164
    decision: str | None = None
    controller: str | None = None
    campaign: str | None = None
    reason: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    decision_prefix: str | None = None


@dataclass(frozen=True)
class Sought:
    """What is wanted, with what a masked record has in a number's place."""

    wanted: Wanted
    keys: Keys | None

    @cached_property
    def numbers(self) -> list[str]:
        """The number, and its pseudonym by each key; nothing where no number is wanted."""
        number = self.wanted.number
        return [] if number is None else [number, *(self.keys.all_pseudonyms(number) if self.keys else ())]

    @cached_property
    def needles(self) -> list[list[bytes]]:
        """Texts of which a line must hold one of each list; the list that most lines lack comes first."""
        wanted = self.wanted
        texts = (self.numbers, *([text] for text in (wanted.decision, wanted.reason, wanted.campaign, wanted.controller,
                                                     wanted.verdict) if text is not None))
        # what JSON may write in more than one way is no needle
        needles = [[f'"{text}"'.encode() for text in one] for one in texts if one and all(map(_has_one_form, one))]
        prefix = wanted.decision_prefix
        if prefix is not None and _has_one_form(prefix):
            needles.insert(0, [f'"id":"{prefix}'.encode()])
        return needles

    def matches(self, record: dict[str, Any]) -> bool:
        wanted, call, at = self.wanted, record["call"], datetime.fromisoformat(record["at"])
        return not (
            wanted.number is not None and record["destination"] != wanted.number
            and (record["pseudonyms"] or {}).get("destination") not in self.numbers
            or wanted.decision is not None and record["id"] != wanted.decision
            or wanted.decision_prefix is not None and not record["id"].startswith(wanted.decision_prefix)
            or wanted.controller is not None and call.get("controller") != wanted.controller
            or wanted.campaign is not None and call["campaign"] != wanted.campaign
            or wanted.reason is not None and wanted.reason not in record["reasons"]
            or wanted.verdict is not None and record["verdict"] != wanted.verdict
            or wanted.since is not None and at < wanted.since
            or wanted.until is not None and at >= wanted.until)

    def misses(self, masked: dict[str, int]) -> dict[str, int]:
        """Of masked records by the id of their key, those in which the number that is wanted cannot be seen."""
        known = {text.partition(":")[0] for text in self.numbers[1:]}
        return {key: count for key, count in masked.items() if self.wanted.number is not None and key not in known}


def key_of(pseudonym: str | None) -> str:
    """The id of the key that made it; empty where there is none."""
    return (pseudonym or "").partition(":")[0]


def _has_one_form(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set('"\\/') & set(text)
