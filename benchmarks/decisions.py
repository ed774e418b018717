"""`make bench-log`: how fast millions of decisions are searched, verified and replayed, and what durability costs.

    python -m benchmarks.decisions --records 20000      shows that it runs
    python -m benchmarks.decisions --write              10 million, and the figures into docs/performance.md
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal


from agi_gate.decision_log import DecisionLog, files
from agi_gate.record import Line
from benchmarks import report
from benchmarks.children import spend
from benchmarks.data import FOLDER
from benchmarks.decision_data import DAYS, NUMBERS, log_of, number
from benchmarks.promises import Promise, TableOf
from benchmarks.report import figure
from tests.support.daemon import AGI_GATE

_TITLE = "Search, replay and durability"
_FULL, _REPLAYED = 10_000_000, 1_000_000
_MB = 1e6
_RECORD = 1_300  # bytes, as a sale's record has
_WRITERS = (1, 50)


def searched(configuration: Path, count: int, rounds: int) -> list[Promise]:
    """Whole commands, from a new process to its end."""
    known, unknown = number(count // 3), "3338999999"
    calls = len(range(count // 3 % NUMBERS, count, NUMBERS))
    return [Promise(f"search by number over {count:,} records: {words}", "s",
                    [_search(configuration, dialled, found) for _ in range(rounds)], at_most=2)
            for words, dialled, found in ((f"{calls} call(s) found", known, calls), ("none found", unknown, 0))]


def _search(configuration: Path, dialled: str, expected: int) -> float:
    started = time.monotonic()
    ran = subprocess.run([AGI_GATE, "--config", str(configuration), "log", "--number", dialled, "--json"],
                         capture_output=True, text=True)
    wall_s = time.monotonic() - started
    if len(ran.stdout.splitlines()) != expected:
        raise AssertionError(f"{len(ran.stdout.splitlines())} records found, {expected} are there: {ran.stderr}")
    return wall_s


def gone_through(configuration: Path, count: int) -> list[tuple[str, ...]]:
    """Verify all, replay a million: what a whole command spends."""
    log = configuration.parent / "decisions.jsonl"
    segments = files.of(log)
    some = segments[:max(1, len(segments) * min(_REPLAYED, count) // count)]
    share = sum(path.stat().st_size for path in some) / sum(path.stat().st_size for path in segments)
    rows = []
    for words, records, arguments in (
            (f"`log verify`, {count:,} records", count, ["log", "verify"]),
            (f"`replay`, some {round(count * share, -3):,.0f} records", count * share, ["replay", *map(str, some)])):
        spent = spend([AGI_GATE, "--config", str(configuration), *arguments])
        rows.append((words, f"{figure(spent.wall_s)} s", f"{figure(records / spent.wall_s)}",
                     f"{figure(spent.peak_bytes / _MB)} MB", spent.said.splitlines()[-1][:100]))
    return rows


def durability(seconds: float, folder: Path) -> tuple[TableOf, list[Promise]]:
    """Records a second as they are written, written and synced by group commit, and a bare write and fdatasync."""
    rows, rates = [], {}
    for writers in _WRITERS:
        for name in ("written", "synced", "bare write and fdatasync"):
            rate, p50_ms = _write_for(seconds, folder / f"{name[:7]}-{writers}.jsonl", name, writers)
            rates[name, writers] = rate
            rows.append((name, str(writers), figure(rate), f"{figure(p50_ms)} ms", ""))
    promises = [Promise(f"records a second, synced / {other}, {writers} writer(s)", "times",
                        [rates["synced", writers] / rates[other, writers]])
                for writers in _WRITERS for other in ("written", "bare write and fdatasync")]
    return TableOf("What durability costs", ("durability", "writers", "records/s", "p50", ""), rows), promises


def _write_for(seconds: float, path: Path, name: str, writers: int) -> tuple[float, float]:
    line, times, until = Line('"x":"' + "y" * (_RECORD - 100) + '"', '"z":0'), [], time.monotonic() + seconds
    append, close = _bare(path, line) if name.startswith("bare") else _log(
        path, line, "synced" if name == "synced" else "written")

    def write() -> None:
        while time.monotonic() < until:
            started = time.monotonic()
            append()
            times.append(time.monotonic() - started)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close()
    return len(times) / seconds, sorted(times)[len(times) // 2] * 1000


def _log(path: Path, line: Line, durability: Literal["written", "synced"]) -> tuple[Callable[[], None], Callable[[], None]]:
    log = DecisionLog(path, durability)
    return lambda: log.append(line), log.close


def _bare(path: Path, line: Line) -> tuple[Callable[[], None], Callable[[], None]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
    data = line.linked("0", 1, "0" * 64, 0)[0] + b"\n"

    def append() -> None:
        os.write(descriptor, data)
        os.fdatasync(descriptor)

    return append, lambda: os.close(descriptor)


def main(argv: Sequence[str] | None = None) -> int:
    parser = report.parser("benchmarks.decisions", "Search, verify and replay millions of records.")
    parser.add_argument("--records", type=int, default=_FULL, metavar="N", help=f"(default: {_FULL:,})")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each search (default: 5)")
    parser.add_argument("--seconds", type=float, default=3, metavar="N", help="of each writing (default: 3)")
    arguments = parser.parse_args(argv)
    console = report.console()
    cached = FOLDER / f"log-{arguments.records}"
    cached.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    configuration = log_of(cached, arguments.records)
    print(f"{arguments.records:,} records are there after {time.monotonic() - started:.0f} s", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="durability-", dir=cached) as folder:
        costs, cost_promises = durability(arguments.seconds, Path(folder))
    promises = [*searched(configuration, arguments.records, arguments.rounds), *cost_promises]
    through = TableOf("All of it, gone through", ("command", "time", "records/s", "peak memory", "said"),
                      gone_through(configuration, arguments.records))
    tables = [TableOf.promises(f"{_TITLE}: promises", promises), through, costs]
    for table in tables:
        table.show(console)
    if arguments.write:
        size = sum(path.stat().st_size for path in cached.iterdir() if path.is_file())
        index = sum(path.stat().st_size for path in cached.glob("*.idx"))
        text = (f"{date.today():%Y-%m-%d}: {arguments.records:,} records of {DAYS} days, sealed and compressed, "
                f"{figure(size / _MB)} MB, of which the index takes {figure(index / _MB)} MB.  A search is a whole "
                "command, from a new process to its end.")
        report.put("log", _TITLE, "\n\n".join([text, *(table.markdown() for table in tables)]), arguments.document)
        console.print(f"written to {arguments.document.name}")
    return 1 if any(promise.reached is False for promise in promises) else 0


if __name__ == "__main__":
    sys.exit(main())
