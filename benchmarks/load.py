"""`make bench-load`: how fast millions of rows become visible to calls, what they take, and what calls feel of it.

    python -m benchmarks.load --rows 1000000                 a small run: all sizes in proportion
    python -m benchmarks.load --only refresh --repeat 1      one stage
    python -m benchmarks.load --write                        the full run, and its figures into docs/performance.md
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path


from benchmarks import report, servers
from benchmarks.bench import FULL_ROWS, Bench, NotVisible
from benchmarks.children import ChildFailed
from benchmarks.stages import STAGES

_TITLE = "Loads"
_BUSY = 0.5
_TEXT = """on {machine}; load average {before:.1f} before the run.  From a file on the disk (in the kernel's cache) to
visible to calls: `agi-gate load` from its start to its end, then a read as a call's proves it.  The server keeps
nothing on disk.  *Median* and *best* are of what was measured more than once; the median is judged, and the verdict's
*times* is target / median.  *Naive* is one key a number through redis-py pipelines, in proportion to a slice of the
same file.  A call counts from connect to close, through `agi-gate serve` with all rules and the decision log on, on the
same cores as the load."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    servers.be_patient(arguments.patient)
    # a file or a narrow CI log would cut the table: there is nobody to widen the window
    console = report.console(150)
    load_average = os.getloadavg()[0]
    if load_average > _BUSY:
        print(f"others are at work on this machine (load average {load_average:.1f}): figures will be worse, and p99 "
              "says little", file=sys.stderr)
    lines: list[report.Line] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="agi-gate-bench-") as folder:
        bench = Bench(arguments.rows, arguments.repeat, arguments.calls, Path(folder))
        for name in (name for name in STAGES if name in arguments.only):
            print(f"stage {name}", file=sys.stderr)
            try:
                for line in STAGES[name](bench):
                    # the targets are those of the full sizes: a small run spends its time on other things
                    lines.append(line if arguments.rows == FULL_ROWS else replace(line, target=None))
                    print("  ", *filter(None, lines[-1].cells()), file=sys.stderr)
            except (ChildFailed, NotVisible) as error:
                failed = True
                print(f"stage {name} failed: {error}", file=sys.stderr)
    machine = report.machine(bench.server_name)
    report.show(f"{_TITLE}: {machine}", lines, console)
    if arguments.write and not failed:
        report.write("load", _TITLE, _TEXT.format(machine=machine, before=load_average), lines, arguments.document)
        console.print(f"written to {arguments.document.name}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = report.parser("benchmarks.load", "Measure loads and what calls feel.")
    parser.add_argument("--rows", type=int, default=FULL_ROWS, metavar="N",
                        help=f"numbers of the main file; the other sizes follow (default: {FULL_ROWS:,})")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES), metavar="STAGE",
                        help=f"of {', '.join(STAGES)}")
    parser.add_argument("--calls", type=float, default=100, metavar="N", help="calls a second (default: 100)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
