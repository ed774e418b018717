"""What a replay found, in words: as JSON for machines, as a table for people.

Joint.  The page (`replay_page.py`) and the table are told the very JSON that machines get.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from agi_gate.ops.console import TableConsole
from agi_gate.ops.replay_tally import Tally
from agi_gate.ops.replaying import FAULT
from agi_gate.regime import ROME
from agi_gate.shadow import Skipped

# what is asked: would a new configuration, does this program, did the shadow configuration decide otherwise?
CONFIG, PROGRAM, SHADOW = "config", "program", "shadow"
PARTS_TOLD = {"reasons": "other further reasons", "source": "another source on the agent's screen",
              "regime": "under another regime", "rests_on": "rests on another fact"}
_APART = {FAULT: "the gate itself failed at the time, which nothing can bring back",
          Skipped.FACTS.value: "the new policy would ask the store, and what it knew then is not in the record",
          Skipped.CONTROLLER.value: "the new policy gives the campaign to another controller, for whom nothing is in the "
                                    "record", "error": "the shadow decision itself failed"}
# what becomes of a call that changes, the most telling first
KINDS = ("newly-allowed", "newly-denied", "still-denied", "still-allowed")
_STYLES = {"newly-allowed": "yellow", "newly-denied": "cyan"}
_MOST_SHOWN = 20


def report_of(tally: Tally, kind: str, config: Mapping[str, str] | None, made_at: str, program: str,
              seconds: float) -> dict[str, Any]:
    """The JSON of `replay --json`; counts are of calls."""
    changes = [
        {"what": what, "was": {"verdict": verdict, "reason": reason}, "now": {"verdict": verdict_now, "reason": reason_now},
         "count": group.count,
         "causes": [{"cause": cause, "count": count} for cause, count in group.causes.most_common()],
         "examples": group.examples}
        for (what, verdict, reason, verdict_now, reason_now), group in sorted(
            tally.changed.items(), key=lambda item: (-item[1].count, item[0]))]
    changes.sort(key=lambda change: KINDS.index(kind_of(change)))
    return {
        "kind": kind, "config": config, "records": tally.records, "same": tally.same.total(), "changed": tally.changes,
        "changes": changes, "causes": _causes(changes),
        "unchanged": [{"verdict": verdict, "reason": reason, "count": count}
                      for (verdict, reason), count in sorted(tally.same.items(), key=lambda item: (-item[1], item[0]))],
        "set_apart": dict(tally.apart), "masked": tally.masked, "unread_lines": len(tally.broken),
        "torn_lines": len(tally.torn),
        "first_at": tally.first_at or None, "last_at": tally.last_at or None,
        "made_at": made_at, "program": program, "seconds": round(seconds, 3),
        "records_per_s": round(tally.records / seconds) if seconds else None}


def _causes(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What brings the changes, with how many calls it changes in which way."""
    counts: dict[str, dict[str, int]] = {}
    for change in changes:
        for one in change["causes"]:
            of_cause = counts.setdefault(one["cause"], dict.fromkeys(KINDS, 0))
            of_cause[kind_of(change)] += one["count"]
    return [{"cause": cause, "count": sum(of_cause.values()), **{kind.replace("-", "_"): count
                                                                for kind, count in of_cause.items()}}
            for cause, of_cause in sorted(counts.items(), key=lambda item: -sum(item[1].values()))]


def kind_of(change: Mapping[str, Any]) -> str:
    """What a change does to the call, whatever its reasons."""
    was, now = change["was"]["verdict"], change["now"]["verdict"]
    if was == now:
        return "still-allowed" if now == "ALLOW" else "still-denied"
    return "newly-allowed" if now == "ALLOW" else "newly-denied"


def kinds(report: Mapping[str, Any]) -> dict[str, int]:
    """How many calls change in which way, the most telling way first."""
    counts = dict.fromkeys(KINDS, 0)
    for change in report["changes"]:
        counts[kind_of(change)] += change["count"]
    return counts


def apart_told(name: str) -> str:
    return _APART.get(name, printable(name))


def tell(report: Mapping[str, Any]) -> None:
    """Print it for people: the tables to stdout."""
    console = TableConsole(sys.stdout)
    shown = report["changes"][:_MOST_SHOWN]
    when = f" from {time_of(report['first_at'])} to {time_of(report['last_at'])}" if report["first_at"] else ""
    print(f"{report['records']:,} calls{when}: {_headline(report)}")
    if report["changes"]:
        if len(report["causes"]) > 1 or len(shown) > 1:
            _tell_causes(report, console)
        table = Table(Column("calls", justify="right"), "before", "now", "because of")
        for change in shown:
            because = "\n".join(f"{one['cause']} ({one['count']:,})" if len(change["causes"]) > 1 else one["cause"]
                                for one in change["causes"])
            now = _decided(change["now"]) + (f"\n{told}" if (told := PARTS_TOLD.get(change["what"])) else "")
            table.add_row(f"{change['count']:,}", Text(_decided(change["was"])),
                          Text(now, style=_STYLES.get(kind_of(change), "")), Text(printable(because)))
        console.print(table)
        if rest := report["changes"][_MOST_SHOWN:]:
            print(f"and {sum(change['count'] for change in rest):,} calls in {len(rest)} smaller changes, which --json and "
                  "--html have")
        _tell_examples(shown, console)
    for name, count in report["set_apart"].items():
        print(f"{count:,} not decided again: {apart_told(name)}")


def _headline(report: Mapping[str, Any]) -> str:
    if not report["records"]:
        return "there is nothing to decide again"
    if not report["changed"]:
        if report["set_apart"]:
            return f"{report['same']:,} stay as they were, and of the others it is not known"
        return "nothing changes" if report["kind"] != PROGRAM else "each decided again as it is recorded"
    counts = kinds(report)
    said = [f"{counts['newly-allowed']:,} denied before would be allowed", f"{counts['newly-denied']:,} allowed before "
            "would be denied", f"{counts['still-denied'] + counts['still-allowed']:,} change otherwise",
            f"{report['same']:,} stay as they were"]
    return ", ".join(said)


def _tell_causes(report: Mapping[str, Any], console: TableConsole) -> None:
    table = Table("because of", *(Column(kind.replace("-", " "), justify="right", style=_STYLES.get(kind, ""))
                                  for kind in KINDS))
    for one in report["causes"]:
        table.add_row(Text(printable(one["cause"])), *(f"{one[kind.replace('-', '_')]:,}" for kind in KINDS))
    if report["causes"]:
        console.print(table)


def _tell_examples(changes: Sequence[Mapping[str, Any]], console: TableConsole) -> None:
    if not any(change["examples"] for change in changes):
        return
    table = Table("time", "number", "campaign", "before", "now", "decision", title="examples", title_justify="left")
    for change in changes:
        for example in change["examples"]:
            table.add_row(*(Text(printable(cell)) for cell in (
                time_of(example["at"], seconds=True), number_of(example), example["campaign"], " ".join(example["was"]),
                " ".join(example["now"]), example["id"])))
    console.print(table)


def number_of(example: Mapping[str, Any]) -> str:
    return "masked" if example["masked"] else example["destination"] or "no number"


def time_of(instant: str, *, seconds: bool = False) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ROME):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"


def printable(text: str) -> str:
    """What a phone sent, as it is: neither as commands to the terminal nor as new lines of a table."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


def _decided(of: Mapping[str, Any]) -> str:
    return printable(f"{of['verdict']} {of['reason']}")
