"""`agi-gate log`: search the decisions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agi_gate import config
from agi_gate.number import parse_destination
from agi_gate.ops import exit_codes
from agi_gate.ops.arguments import instant
from agi_gate.ops.log_verbs import EPILOG, add_verbs
from agi_gate.regime import ROME

_PIPE_COLUMNS = 200


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("log", parents=[common], help="search the decisions",
                              epilog="example: agi-gate log --number 3331234500 --since 2026-10-01T00:00:00+02:00\n\n"
                                     + EPILOG,
                              formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="LOG", help="decision logs (default: the configuration's)")
    parser.add_argument("--number", metavar="N")
    parser.add_argument("--controller", metavar="C")
    parser.add_argument("--campaign", metavar="X")
    parser.add_argument("--reason", metavar="R", type=str.upper, help="a reason code, also where it is not the first")
    parser.add_argument("--verdict", choices=("ALLOW", "DENY"), type=str.upper)
    parser.add_argument("--since", metavar="T", type=instant)
    parser.add_argument("--until", metavar="T", type=instant)
    parser.add_argument("--json", action="store_true", help="the records themselves, one a line")
    parser.set_defaults(run=run)
    add_verbs(parser, common)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    paths = [Path(name) for name in arguments.files] or [settings.log_path]
    number = None
    if arguments.number is not None:
        parsed = parse_destination(arguments.number)
        if parsed is None:
            print(f"agi-gate log: `{arguments.number}` is not a number", file=sys.stderr)
            return exit_codes.USAGE
        number = parsed.e164
    found = []
    try:
        for line, record in _records(paths):
            if _matches(record, arguments, number):
                if arguments.json:
                    print(line)
                else:
                    found.append(record)
    except OSError as error:
        if error.filename is None:  # it is stdout that cannot be written
            raise
        print(f"agi-gate log: {error.filename} cannot be read: {error.strerror}; no call was decided yet, or see "
              "[log] path", file=sys.stderr)
        return exit_codes.UNREACHABLE
    if not arguments.json:
        _tell(found)
    return exit_codes.DONE


def _records(paths: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in paths:
        with path.open(encoding="utf-8", errors="backslashreplace") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    record = json.loads(line)
                    _cells(record)
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    if line.strip():
                        print(f"agi-gate log: line {number} of {path} is no record; the rest is still read",
                              file=sys.stderr)
                    continue
                yield line.rstrip("\n"), record


def _matches(record: dict[str, Any], arguments: argparse.Namespace, number: str | None) -> bool:
    call, at = record["call"], datetime.fromisoformat(record["at"])
    return not (
        number is not None and record["destination"] != number
        or arguments.controller is not None and call.get("controller") != arguments.controller
        or arguments.campaign is not None and call["campaign"] != arguments.campaign
        or arguments.reason is not None and arguments.reason not in record["reasons"]
        or arguments.verdict is not None and record["verdict"] != arguments.verdict
        or arguments.since is not None and at < arguments.since
        or arguments.until is not None and at >= arguments.until)


def _cells(record: dict[str, Any]) -> list[Text]:
    """A record as a row of the table.  Raises what a line raises that is no record."""
    call, at = record["call"], datetime.fromisoformat(record["at"])
    if at.tzinfo is None:
        raise ValueError("a time without an offset")
    cells = (
        f"{at.astimezone(ROME):%Y-%m-%d %H:%M:%S}", record["destination"] or call.get("destination", ""),
        call["campaign"], call.get("caller_id", ""), record["verdict"], " ".join(record["reasons"]),
        f"{record['elapsed_us'] / 1000:.2f}", record["id"])
    # what a phone sent is shown as it is: neither as markup, nor as commands to the terminal
    return [Text("".join(character if character.isprintable() else "?" for character in cell)) for cell in cells]


def _tell(records: list[dict[str, Any]]) -> None:
    table = Table("time", "number", "campaign", "caller ID", "verdict", "reasons", "ms", "decision")
    for record in records:
        table.add_row(*_cells(record))
    # a pipe has no width: nothing is cut there
    (Console() if sys.stdout.isatty() else Console(width=_PIPE_COLUMNS)).print(table)
    print(f"{len(records):,} decision(s)", file=sys.stderr)
