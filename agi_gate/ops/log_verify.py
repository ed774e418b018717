"""`agi-gate log verify`: whether the decision log is what was written, and where it is not."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from agi_gate import config
from agi_gate.decision_log.findings import Report
from agi_gate.decision_log.verifying import verify, verify_files
from agi_gate.ops import exit_codes
from agi_gate.ops.log_keep import plan_of
from agi_gate.ops.progress import progress

_SHOWN = 50
_HEX = 64


def parser(common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="agi-gate log verify", parents=[common],
        description="Find records that were changed, removed, put in, moved or cut, in the open file and all sealed ones.\n"
                    "It prints the newest seal's digest: keep it elsewhere, and --expect tells later whether\n"
                    "all up to there is still what it was.  Exit code 7: it is not.",
        epilog="example: agi-gate log verify --expect 91fa...", formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("files", nargs="*", metavar="LOG",
                      help="these files alone (also .gz), each with its seal where that is beside it; without one the ends are "
                           "not proven (default: all of the configuration's log)")
    made.add_argument("--expect", action="append", default=[], metavar="DIGEST", type=_digest,
                      help="a seal's digest or a record's hash that must still be there")
    made.add_argument("--json", action="store_true")
    made.set_defaults(run=run)
    return made


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    paths = [Path(name) for name in arguments.files]
    is_whole = not paths or paths == [settings.log.path]
    try:
        with progress("verifying", silent=arguments.json) as advance:
            report = (verify(settings.log.path, arguments.expect, advance, retention=plan_of(settings).retention,
                             now=datetime.now(UTC)) if is_whole
                      else verify_files(paths, arguments.expect, advance))
    except OSError as error:
        if error.filename is None:  # it is stdout that cannot be written
            raise
        print(f"agi-gate log verify: {error.filename} cannot be read: {error.strerror}; no call was decided yet, or see "
              "[log] path", file=sys.stderr)
        return exit_codes.UNREACHABLE
    (_tell_json if arguments.json else _tell)(report)
    for words in report.unreadable:
        print(f"agi-gate log verify: {words}", file=sys.stderr)
    if not report.verifies:
        return exit_codes.NOT_PROVEN
    return exit_codes.UNREACHABLE if report.unreadable else exit_codes.DONE


def _tell(report: Report) -> None:
    write: Callable[[str], None] = print
    for problem in report.problems.told[:_SHOWN]:
        write(_shown(problem.words))
    count = sum(report.problems.counts.values())
    if count > _SHOWN:
        write(f"and {count - _SHOWN:,} more; --json lists {min(count, len(report.problems.told)):,}")
    for notice in report.notices:
        write(f"note: {_shown(notice)}")
    what = (f"{report.records:,} records of {len(report.ends)} chain(s) in {report.files:,} file(s), {report.seals:,} seal(s)"
            + (f", {report.masked:,} records masked" if report.masked else ""))
    if report.verifies:
        write(f"all is as it was written: {what}" if not report.unreadable
              else f"what could be read is as it was written: {what}")
    else:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(report.problems.counts.items()))
        write(f"THE LOG DOES NOT VERIFY: {count:,} finding(s) ({kinds}) in {what}")
    if report.newest_seal is not None:
        write(f"newest seal: {report.newest_seal}")


def _tell_json(report: Report) -> None:
    print(json.dumps({
        "verifies": report.verifies, "findings": sum(report.problems.counts.values()),
        "problems": [asdict(problem) for problem in report.problems.told], "notices": report.notices,
        "unreadable": report.unreadable, "records": report.records, "masked": report.masked,
        "version_1": report.version_1, "files": report.files, "seals": report.seals, "newest_seal": report.newest_seal,
        "chains": {chain: {"seq": seq, "hash": hash_} for chain, (seq, hash_) in sorted(report.ends.items())},
    }, ensure_ascii=False))


def _shown(words: str) -> str:
    # a forged chain's name is no command to the terminal
    return "".join(character if character.isprintable() else "?" for character in words)


def _digest(text: str) -> str:
    text = text.strip().lower()
    if not re.fullmatch(f"[0-9a-f]{{{_HEX}}}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is no digest: {_HEX} hex digits, as `agi-gate log verify` prints them")
    return text
