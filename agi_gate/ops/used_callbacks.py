"""Which call-backs were used up, from the decision logs: the one thing in a store that calls write and no feed brings.

A record that is masked has a pseudonym in its number's place.  Whoever has the key finds out which of the numbers with a
call-back that is: they are few, and known.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from agi_gate.decision_log import files, segment
from agi_gate.decision_log.gone import gone
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.facts import Callback
from agi_gate.store import values
from agi_gate.verdict import Reason

_MARK = f'"{Reason.CALLBACK_REQUESTED.name}"'.encode()


class CannotTell(Exception):
    """It cannot be said of every call-back whether it was used up; the message says why."""


@dataclass(slots=True)
class Used:
    """Controller -> (who, mark of the request) of each call that rested on one."""

    plain: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))  # who: E.164
    masked: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))  # who: a pseudonym

    def of_numbers(self, numbers: Mapping[str, Iterable[str]], keys: Keys | None) -> dict[str, list[tuple[str, str]]]:
        """All by number.  `numbers`: those with a call-back, of each controller.  Raises CannotTell."""
        found = {controller: list(marks) for controller, marks in self.plain.items()}
        known = {key.id for key in keys.keys} if keys else set()
        for controller, marks in self.masked.items():
            for key_id in {who.partition(":")[0] for who, _ in marks} - known:
                raise CannotTell(f"records of used call-backs are masked with key `{key_id}`, which is not at hand: put it "
                                 "back into the file that [log] key names")
            assert keys is not None
            by_pseudonym = {who: e164 for e164 in numbers.get(controller, ()) for who in keys.all_pseudonyms(e164)}
            found.setdefault(controller, []).extend(
                (by_pseudonym[who], mark) for who, mark in marks if who in by_pseudonym)
        return found


def logs_of(log: Path) -> list[Path]:
    """The files of a log; also those that another program rotated, whose name begins alike.  Raises CannotTell."""
    for words in gone(files.segments(log)):
        raise CannotTell(words)
    rotated_by_others = (path for path in log.parent.glob(log.name + "*") if path.is_file())
    return sorted({*rotated_by_others, *(path for path in files.of(log) if path.exists())})


def used_callbacks(logs: Iterable[Path]) -> Used:
    """Those that records say were used up.  Raises OSError, EOFError, SegmentError.

    A line that is no record allowed no call: it is written whole before Asterisk is answered.
    """
    found = Used()
    for path in logs:
        for line in _lines(path):
            if _MARK not in line:
                continue
            try:
                record = json.loads(line)
                requested_at = datetime.fromisoformat(record["rests_on"]["callback"]["requested_at"])
                controller, e164 = record["call"]["controller"], record.get("destination")
                pseudonym = (record.get("pseudonyms") or {}).get("destination")
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            mark = values.callback_token(Callback(requested_at))
            if e164 is not None:
                found.plain[controller].append((e164, mark))
            elif pseudonym is not None:
                found.masked[controller].append((pseudonym, mark))
    return found


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix == segment.SUFFIX:
        yield from segment.lines(path)
        return
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from lines
