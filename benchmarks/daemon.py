"""`make bench`: how fast the daemon answers, beside its peers, on a real Asterisk, and by the script.

    python -m benchmarks.daemon --quick                  small sizes: shows that it runs, and nothing of speed
    python -m benchmarks.daemon --only beside_peers      one stage
    python -m benchmarks.daemon --write                  the full run, and its figures into docs/performance.md
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path


from benchmarks import costs, real_calls, refusals, report, servers, start, tools
from benchmarks.daemon_stages import Found, Plan, beside_peers, two_workers
from benchmarks.generator import RunRefused
from benchmarks.population import Population, population
from benchmarks.promises import TableOf
from benchmarks.rounds import cores_of_machine

_TITLE = "Calls"
_BUSY = 0.5
_TEXT = """{date}: on {machine}; load average {before:.1f} before the run.

Each server has one core, the load generator (`benchmarks/generator.c`) and the store have the other.  A call is:
connect, send the header that Asterisk 22 sends, read each command and answer it, until the server closes; it counts
only when it was told `GATE_VERDICT=ALLOW`, and a run with any other call in it is refused.  The store holds {rows:,}
numbers, loaded by `agi-gate load`; destinations are drawn from those that may be called.  {rounds} rounds of
{seconds:g} s for each figure, the servers turn about; *median* and *spread* (least - most) are over the rounds, and a
ratio is one round's.

The peers do one look-up (a plain key a number on the same server) and one answer, with no rule and no log.  pyst2 calls
`signal.signal`, which fails in every thread but the main one: to run at all it runs with that made empty."""

Stage = Callable[[Plan, Population], Found]
STAGES: dict[str, Stage] = {"beside_peers": beside_peers, "two_workers": two_workers, "real_calls": real_calls.stage,
                            "start": start.stage, "refusals": refusals.stage, "costs": costs.stage}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    servers.be_patient(arguments.patient)
    # a file or a narrow CI log would cut the table: there is nobody to widen the window
    console = report.console()
    before = os.getloadavg()[0]
    if before > _BUSY:
        print(f"others are at work on this machine (load average {before:.1f}): figures will be worse", file=sys.stderr)
    rows, rounds, seconds = (2_000, 1, 0.3) if arguments.quick else (1_000_000, arguments.rounds, arguments.seconds)
    found = Found([], [])
    failed = False
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agi-gate-bench-")))
        plan = Plan(rows, rounds, seconds, folder)
        print(f"a store with {rows:,} numbers", file=sys.stderr)
        people = stack.enter_context(population(rows, folder, cores_of_machine()[1]))
        for name in (name for name in STAGES if name in arguments.only):
            print(f"stage {name}", file=sys.stderr)
            try:
                more = STAGES[name](plan, people)
            except (tools.NotHad, RunRefused) as why:
                failed = True
                print(f"stage {name} failed: {why}", file=sys.stderr)
                continue
            found.tables += more.tables
            found.promises += more.promises
        machine = report.machine(people.server_name, *tools.versions(), packages=("agi-gate", "pyst2", "redis"))
    tables = [TableOf.promises("Promises", found.promises), *found.tables]
    for table in tables:
        table.show(console)
    # a promise that is measured with no good run is one that the gate did not keep up with: that is no result to write
    failed |= any(not promise.values and promise.must_be_had for promise in found.promises)
    if arguments.write and not failed:
        text = _TEXT.format(date=f"{date.today():%Y-%m-%d}", machine=machine, before=before, rows=rows, rounds=rounds,
                            seconds=seconds)
        report.put("daemon", _TITLE, "\n\n".join([text, *(table.markdown() for table in tables)]), arguments.document)
        console.print(f"written to {arguments.document.name}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = report.parser("benchmarks.daemon", "Measure how fast calls are answered.")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, not how fast")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each figure (default: 5)")
    parser.add_argument("--seconds", type=float, default=3, metavar="N", help="of each run (default: 3)")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES), metavar="STAGE",
                        help=f"of {', '.join(STAGES)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
