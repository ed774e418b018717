"""`agi-gate log`: search the decisions."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

from agi_gate import config
from agi_gate.decision_log.follow import follow
from agi_gate.decision_log.pseudonyms import KeyFileError, Keys
from agi_gate.decision_log.search import Unread, Wanted, search
from agi_gate.decision_log.wanted import Hidden
from agi_gate.number import parse_destination
from agi_gate.ops import exit_codes
from agi_gate.ops.arguments import instant
from agi_gate.ops.log_names import names_in_vain, not_configured
from agi_gate.ops.log_table import Columns, TableOnce
from agi_gate.ops.log_verbs import EPILOG, add_verbs
from agi_gate.verdict import Reason


class _Usage(Exception):
    """What is asked for cannot be asked like that; the message has the way out."""


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("log", parents=[common], help="search the decisions",
                              epilog="example: agi-gate log --number 3331234500 --since 2026-10-01T00:00:00+02:00\n\n"
                                     + EPILOG,
                              formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="LOG", help="decision logs (default: the configuration's)")
    parser.add_argument("--number", metavar="N")
    parser.add_argument("--decision", metavar="ID")
    parser.add_argument("--controller", metavar="C")
    parser.add_argument("--campaign", metavar="X")
    parser.add_argument("--reason", metavar="R", type=_reason, help="a reason code, also where it is not the first")
    parser.add_argument("--verdict", choices=("ALLOW", "DENY"), type=str.upper)
    parser.add_argument("--since", metavar="T", type=instant)
    parser.add_argument("--until", metavar="T", type=instant)
    parser.add_argument("--follow", action="store_true", help="go on with what is decided from now on, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="the records themselves, one a line")
    parser.set_defaults(run=run)
    add_verbs(parser, common)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    try:
        wanted = _wanted(arguments)
    except _Usage as error:
        print(f"agi-gate log: {error}", file=sys.stderr)
        return exit_codes.USAGE
    incomplete = []

    def complain(words: str) -> None:
        if isinstance(words, Unread | Hidden):
            incomplete.append(words)
        print(f"agi-gate log: {words}", file=sys.stderr)

    try:
        keys = Keys.load(settings.log.key) if settings.log.key else None
    except KeyFileError as error:
        complain(f"{error}; what is masked is not found by its number")
        keys = None
    logs = [Path(name) for name in arguments.files] or settings.log.path
    if not arguments.follow:
        found = search(logs, wanted, keys, complain)
        table = TableOnce(has_number=wanted.number is None) if sys.stdout.isatty() else Columns()
    else:
        assert isinstance(logs, Path)
        for words in not_configured(wanted, settings):
            complain(words)
        found, table = follow(logs, wanted, keys, complain), Columns()
    count = 0
    try:
        for line, record in found:
            count += 1
            if arguments.json:
                print(line, flush=arguments.follow)
            else:
                table.add(record)
    except KeyboardInterrupt:
        if not arguments.follow:  # which has no other end
            raise
    if not arguments.json:
        table.end()
        print(f"{count:,} decision(s)", file=sys.stderr)
    if incomplete:
        return exit_codes.UNREACHABLE
    in_vain = [] if count or arguments.follow else names_in_vain(wanted, settings, logs)
    for vain in in_vain:
        complain(vain.words)
    return exit_codes.USAGE if any(vain.is_nowhere for vain in in_vain) else exit_codes.DONE


def _wanted(arguments: argparse.Namespace) -> Wanted:
    """Raises _Usage."""
    number = None
    if arguments.number is not None:
        parsed = parse_destination(arguments.number)
        if parsed is None:
            raise _Usage(f"`{arguments.number}` is not a number; write it as E.164 (+39...) or in the Italian national form")
        number = parsed.e164
    if arguments.since is not None and arguments.until is not None and arguments.since >= arguments.until:
        raise _Usage("--since is not before --until, so nothing can be between them; exchange the two")
    if arguments.follow and arguments.files:
        raise _Usage("--follow goes on with the configuration's log; leave the files out")
    return Wanted(number, arguments.decision, arguments.controller, arguments.campaign, arguments.reason,
                  arguments.verdict, arguments.since, arguments.until)


def _reason(text: str) -> str:
    code = text.strip().upper()
    if code not in Reason.__members__:
        near = difflib.get_close_matches(code, Reason.__members__, 1)
        raise argparse.ArgumentTypeError(f"`{text}` is no reason code; " + (f"did you mean {near[0]}? " if near else "")
                                         + "docs/rules.md lists them")
    return code
