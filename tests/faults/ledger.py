"""What many calls heard, held against the decision log: the figures of one fault, and what is wrong with them."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_gate.decision_log import segment
from tests.faults.callers import CLOSED, IN_TIME_S, LEFT, REFUSED, Call
from tests.faults.numbers import EMERGENCY, LOG_UNAVAILABLE

Window = tuple[float, float]
_JUST_GONE_S = 0.5  # who hangs up while the call is decided is not known to have gone


@dataclass
class Figures:
    """One fault's row.  `wrong` is what must be empty; everything else is told."""

    fault: str
    calls: int = 0
    wrong_allows: int = 0
    without_record: int = 0
    unanswered: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    under_fault: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    recovered_s: float | None = None
    emergencies_without_record: int = 0
    allows_nobody_heard: int = 0
    wrong: list[str] = field(default_factory=list)
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def records_of(paths: Iterable[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of the logs, and the lines that are none."""
    records, torn = [], []
    for path in paths:
        for line in _lines(path):
            try:
                records.append(json.loads(line))
            except ValueError:
                torn.append(f"{path.name} holds a line that is no record: {line[:40]!r}")
    return records, torn


def _lines(path: Path) -> list[bytes]:
    """Also of a file that is compressed, which the daemon may do just now."""
    compressed = path if path.suffix == segment.SUFFIX else path.with_name(path.name + segment.SUFFIX)
    with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        if path != compressed:
            return path.read_bytes().splitlines()
    return [line.removesuffix(b"\n") for line in segment.lines(compressed)] if compressed.is_file() else []


def figures_of(fault: str, calls: list[Call], logs: Iterable[Path], during: Window | None = None,
               expected: Mapping[str, frozenset[str]] | None = None, also_right: frozenset[str] = frozenset()) -> Figures:
    """Hold the calls against the records of one fault.

    `also_right` are answers that a call may have at any time because of the fault.  `expected`, by the kind's name, are
    the only ones that a call which was asked within `during` may have.
    """
    records, wrong = records_of(logs)
    on_record = {record["id"]: record for record in records}
    heard = {call.variables.get("GATE_DECISION_ID") for call in calls if call.allowed}
    gone_at = {call.unique_id: call.gone_at for call in calls}
    figures = Figures(fault, len(calls), answers=dict(Counter(call.answer for call in calls).most_common()), wrong=wrong)
    figures.slowest_s = max((call.took_s for call in calls), default=0.0)
    figures.unanswered = sum(call.took_s > IN_TIME_S for call in calls)
    figures.allows_nobody_heard = sum(
        record["verdict"] == "ALLOW" and record["id"] not in heard and record["unique_id"] in gone_at
        and datetime.fromisoformat(record["at"]).timestamp() > gone_at[record["unique_id"]] + _JUST_GONE_S
        for record in records)
    figures.wrong += _wrong_allows(figures, calls, during, expected or {})
    figures.wrong += _wrong_records(figures, calls, on_record)
    within = [call for call in calls if during and during[0] <= call.started and call.ended <= during[1]]
    figures.under_fault = dict(Counter(f"{call.kind.name}: {call.answer}" for call in within).most_common())
    for call in calls:
        allowed = {call.kind.right, *also_right, *({"DENY REGISTRY_UNKNOWN"} if call.kind.name == "call-back" else ())}
        if call in within and expected and call.kind.name in expected:
            allowed = set(expected[call.kind.name])
        if call.answer not in allowed and not (call.ending in (CLOSED, LEFT, REFUSED) and call.ending in also_right):
            figures.wrong.append(f"a call ({call.kind.name}) heard `{call.answer}`")
    return figures


def _wrong_allows(figures: Figures, calls: list[Call], during: Window | None,
                  expected: Mapping[str, frozenset[str]]) -> list[str]:
    wrong, spent = [], Counter(call.kind.number for call in calls if call.allowed and call.kind.name == "call-back")
    for call in calls:
        if not call.allowed:
            continue
        under = during and during[0] <= call.started and call.ended <= during[1]
        if not call.kind.may_be_allowed or call.answer != call.kind.right:
            wrong.append(f"a call that is denied ({call.kind.name}) heard `{call.answer}`")
        elif call.variables.get("GATE_DESTINATION") != call.kind.e164:
            wrong.append(f"a call ({call.kind.name}) was told another number than it asked for")
        elif under and call.answer not in expected.get(call.kind.name, {call.answer}):
            wrong.append(f"a call ({call.kind.name}) was allowed on what could not be known")
    wrong += ["a call-back was used twice"] * sum(times - 1 for times in spent.values() if times > 1)
    figures.wrong_allows = len(wrong)
    return wrong


def _wrong_records(figures: Figures, calls: list[Call], on_record: Mapping[str, dict[str, Any]]) -> list[str]:
    wrong = []
    for call in calls:
        if "GATE_VERDICT" not in call.variables:
            continue
        record = on_record.get(call.variables.get("GATE_DECISION_ID", ""))
        if record is None:
            if call.answer == LOG_UNAVAILABLE:
                continue
            if call.kind == EMERGENCY:
                figures.emergencies_without_record += 1
                continue
            figures.without_record += 1
            wrong.append(f"a decision ({call.kind.name}, {call.answer}) is not on record")
        elif (f"{record['verdict']} {record['reason']}", record["unique_id"]) != (call.answer, call.unique_id):
            figures.without_record += 1
            wrong.append(f"a call heard `{call.answer}`, and its record says `{record['verdict']} {record['reason']}`")
    return wrong
