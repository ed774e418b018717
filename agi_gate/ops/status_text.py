"""The words of `agi-gate status` for people: on a terminal grouped, with bars; in a pipe a fact a line, for grep.

Joint.  It is told the very JSON that machines get.  Times are shown in Europe/Rome.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.filesize import decimal

from agi_gate.ops.telling import shown
from agi_gate.regime import ROME

_HELP_COLUMNS = 78
_NAME_COLUMNS, _COUNT_COLUMNS = 26, 12
_BAR_COLUMNS = range(8, 41)  # a shorter bar says nothing, a longer one no more


def filled(text: str) -> str:
    return textwrap.fill(text, _HELP_COLUMNS)


def tell(status: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Print it: the facts to stdout, warnings and alarms to stderr."""
    is_terminal = sys.stdout.isatty()
    for id_, of_one in status["controllers"].items():
        if is_terminal:
            print(f"{id_}: {names[id_]}" if names[id_] else id_)
        for line in (*_store(of_one), *_counts(of_one), *_staleness(of_one, _bar_columns() if is_terminal else 0), *_loads(of_one)):
            print(f"{'' if is_terminal else id_}  {line}".rstrip())
    for one in status["servers"]:
        print(f"the store's server: eviction {one['eviction'] or 'not said'}; {one['persistence_words']}")
    if status["server_memory_bytes"] is not None:
        print(f"the store's server holds {decimal(status['server_memory_bytes'])} in all")
    for id_, of_one in status["controllers"].items():
        if (alarm := of_one["alarm"])["raised"]:
            until = f"by {_time(alarm['at'])}" if alarm["at"] > status["at"] else "now"
            print(f"stale: {id_}: {alarm['stale']:,} of {alarm['numbers']:,} numbers rest on a check that is stale "
                  f"{until}; have them checked again", file=sys.stderr)
    for finding in status["wholeness"]["findings"]:
        print(f"{'not known' if status['wholeness']['is_whole'] is None else 'not whole'}: {shown(finding)}", file=sys.stderr)
    for warning in status["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


def _store(of_one: Mapping[str, Any]) -> Iterator[str]:
    is_whole = of_one["store"]["is_whole"]
    said = "not known here" if is_whole is None else "all that was loaded" if is_whole else "NOT WHOLE, see below"
    yield f"{'the store holds':<{_NAME_COLUMNS}}{said}"


def _counts(of_one: Mapping[str, Any]) -> Iterator[str]:
    for name in ("numbers", "enrolled", "clear", "unknown", "contacts", "consents"):
        yield _row(f"{name} checked" if name == "numbers" else name, of_one[name])
    for state, count in of_one["consents_by_state"].items():
        if count:
            yield _row(f"consents: {state.replace('_', ' ')}", count)
    for name in ("objections", "callbacks", "rests"):
        yield _row(name, of_one[name])
    for name in ("oldest_check", "newest_check"):
        yield f"{name.replace('_', ' '):<{_NAME_COLUMNS}}{_time(of_one[name]) if of_one[name] else '-'}"
    if of_one["memory_bytes"] is not None:
        yield _row("bytes in the store", of_one["memory_bytes"])
        numbers = max(of_one["numbers"], of_one["to_call"]["numbers"])
        if numbers:
            yield f"{'bytes a number':<{_NAME_COLUMNS}}{of_one['memory_bytes'] / numbers:>{_COUNT_COLUMNS},.1f}"


def _staleness(of_one: Mapping[str, Any], bar_columns: int) -> Iterator[str]:
    """The numbers that the alarm looks at; where these are not all, the others' checks too."""
    is_calling = of_one["contacts"] or of_one["consents"]
    shown = of_one["to_call"] if is_calling else of_one
    for name, count in _stale_rows(shown):
        yield _row(name, count, _bar(count, shown["numbers"], bar_columns))
    if is_calling and of_one["stale"] != shown["stale"]:
        yield _row("stale, not to be called", of_one["stale"] - shown["stale"])


def _stale_rows(shown: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield "stale", shown["stale"]
    for days, count in shown["stale_within_days"].items():
        yield f"stale within {days} d", count


def _loads(of_one: Mapping[str, Any]) -> Iterator[str]:
    for load in of_one["loads"]:
        said = [f"{load.get('rows', 0):,} rows"]
        if load.get("receipt"):
            said.append(f"receipt {load['receipt']}")
        if load.get("rolled_back_at"):
            said.append(f"rolled back {_time(load['rolled_back_at'])}")
        yield shown(f"load {_time(load['loaded_at'])}  {load['feed']} {load['file']}: {', '.join(said)}")


def _row(name: str, count: int, bar: str = "") -> str:
    return f"{name:<{_NAME_COLUMNS}}{count:>{_COUNT_COLUMNS},}  {bar}"


def _bar_columns() -> int:
    """How long bars may be; 0 where the terminal is too narrow for any."""
    left = shutil.get_terminal_size().columns - _NAME_COLUMNS - _COUNT_COLUMNS - len("    ") - len(" 100 %")
    return min(left, _BAR_COLUMNS[-1]) if left >= _BAR_COLUMNS[0] else 0


def _bar(count: int, numbers: int, columns: int) -> str:
    """A share as a bar; a single number is seen too."""
    if not columns or not count:
        return ""
    block = "█" if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8" else "#"
    return f"{block * max(1, round(columns * count / numbers))} {100 * count / numbers:.0f} %"


def _time(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ROME):%Y-%m-%d %H:%M}"

