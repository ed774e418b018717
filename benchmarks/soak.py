"""A long run: what the daemon's processes hold, at every tenth of a million calls, must stay where it was.

    python -m benchmarks.soak --calls 1000000            some minutes
    python -m benchmarks.soak --calls 1000000 --write    and the table into docs/performance.md

Memory is what a process holds alone (private pages); descriptors and threads are counted in /proc.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path


from benchmarks import report, servers
from benchmarks.generator import RunRefused, load
from benchmarks.population import population
from benchmarks.promises import Promise, TableOf
from benchmarks.report import figure

_TITLE = "A million calls"
_CONNECTIONS, _WORKERS = 50, 2
_TENTHS = 10
_SLICE_S = 5.0
_MB = 1e6
# what a process may gain after the first tenth, in which caches fill
_MORE_MB, _MORE_DESCRIPTORS, _MORE_THREADS = 2.0, 0, 0
_COLUMNS = ("calls so far", "main: memory", "descriptors", "threads", "worker: memory", "descriptors", "threads",
            "second worker: memory", "descriptors", "threads", "calls/s")


@dataclass(frozen=True)
class Held:
    """What one process holds."""

    memory_mb: float
    descriptors: int
    threads: int

    @classmethod
    def by(cls, pid: int) -> Held:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        own = sum(int(line.split()[1]) for line in rollup if line.startswith(("Private_Clean:", "Private_Dirty:")))
        return cls(own * 1024 / _MB, len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task")))

    def cells(self) -> tuple[str, str, str]:
        return f"{figure(self.memory_mb)} MB", str(self.descriptors), str(self.threads)


def soak(calls: int, rows: int, slice_s: float, folder: Path) -> tuple[TableOf, list[Promise]]:
    """Place at least so many calls: what the processes hold at the start and at each tenth.  Raises RunRefused."""
    held: list[list[Held]] = []
    table_rows = []
    cores = os.sched_getaffinity(0)
    with population(rows, folder, cores) as people, servers.gate(folder / "soaked", _WORKERS, cores) as gate:
        load(gate.port, _CONNECTIONS, min(1.0, slice_s), people.numbers)
        done = rate = 0.0
        for tenth in range(_TENTHS + 1):
            while done < calls * tenth / _TENTHS:
                seen = load(gate.port, _CONNECTIONS, slice_s, people.numbers)
                done, rate = done + seen.all_calls, seen.calls_a_second
            try:
                held.append([Held.by(pid) for pid in (gate.main_pid, *gate.pids)])
            except (FileNotFoundError, ProcessLookupError) as error:
                raise RunRefused("a process of the daemon has died") from error
            table_rows.append([f"{done:,.0f}", *(cell for process in held[-1] for cell in process.cells()),
                               figure(rate) if rate else ""])
            print("  ", *table_rows[-1], file=sys.stderr)
    return TableOf(_TITLE, _COLUMNS, table_rows), _promises(held)


def _promises(held: list[list[Held]]) -> list[Promise]:
    """What every process gained from the first tenth to the last."""
    pairs = list(zip(held[1], held[-1], strict=True))
    return [
        Promise("memory that a process gained, the most", "MB",
                [max(now.memory_mb - then.memory_mb for then, now in pairs)], at_most=_MORE_MB),
        Promise("descriptors that a process gained, the most", "",
                [max(now.descriptors - then.descriptors for then, now in pairs)], at_most=_MORE_DESCRIPTORS),
        Promise("threads that a process gained, the most", "",
                [max(now.threads - then.threads for then, now in pairs)], at_most=_MORE_THREADS),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = report.parser("benchmarks.soak", "Place calls for long, and look.")
    parser.add_argument("--calls", type=int, default=1_000_000, metavar="N", help="at least (default: 1,000,000)")
    parser.add_argument("--rows", type=int, default=100_000, metavar="N", help="in the store (default: 100,000)")
    arguments = parser.parse_args(argv)
    servers.be_patient(arguments.patient)
    console = report.console()
    with tempfile.TemporaryDirectory(prefix="agi-gate-soak-") as folder:
        slice_s = min(_SLICE_S, max(0.2, arguments.calls / 50_000))
        try:
            table, promises = soak(arguments.calls, arguments.rows, slice_s, Path(folder))
        except RunRefused as why:
            print(f"the run is refused: {why}", file=sys.stderr)
            return 1
    tables = [TableOf.promises(f"{_TITLE}: promises", promises), table]
    for one in tables:
        one.show(console)
    if arguments.write:
        text = (f"{date.today():%Y-%m-%d}: at least {arguments.calls:,} calls at {_CONNECTIONS} connections through "
                f"`agi-gate serve` with {_WORKERS} workers, its log on.  Memory is what a process holds alone; gained "
                "means from the first tenth to the end.")
        report.put("soak", _TITLE, "\n\n".join([text, *(one.markdown() for one in tables)]), arguments.document)
        console.print(f"written to {arguments.document.name}")
    return 0 if all(promise.reached for promise in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
