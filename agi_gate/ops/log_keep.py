"""`agi-gate log keep`: what is due for the files of the decision log is done."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from agi_gate import config
from agi_gate.clock import Time
from agi_gate.decision_log import keeping, time_seen
from agi_gate.decision_log.keep_state import KeepBusy
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.mending import mend
from agi_gate.ops import exit_codes


def parser(common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="agi-gate log keep", parents=[common],
        description="Do what is due: rotate the decision log by day and size, seal, compress and index what was rotated\n"
                    "away, mask what is older than pseudonymise_after_days, remove what is past decisions_days.\n"
                    "The daemon does it by itself; without one, have cron do it.  It may be killed at any time.",
        epilog="example: agi-gate log keep --now", formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--now", action="store_true", help="rotate the open file though it is not due yet")
    made.add_argument("--mend", action="store_true",
                      help="make heads of chains that are damaged again, from their last records; first find out why they are")
    made.add_argument("--clock-is-right", action="store_true",
                      help="believe the clock from now on, however far it is from the time last seen; look at it first")
    made.add_argument("--quiet", action="store_true", help="say only what was masked or removed, and what could not be done")
    made.set_defaults(run=run)
    return made


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    failed = []

    def complain(words: str) -> None:
        failed.append(words)
        print(f"agi-gate log keep: {words}", file=sys.stderr)

    def did(words: str) -> None:
        if not arguments.quiet:
            print(words)

    def took(words: str) -> None:
        print(f"agi-gate log keep: {words}", file=sys.stderr)

    _be_the_gate(settings)
    clock = datetime.now(UTC)
    try:
        if arguments.mend:
            mend(settings.log.path, print)
        if arguments.clock_is_right:
            time_seen.trust(settings.log.path, clock)
        keeping.keep(settings.log.path, plan_of(settings), clock, did, complain, took, rotate_now=arguments.now)
    except KeepBusy as error:
        print(f"agi-gate log keep: {error}; nothing was done here", file=sys.stderr)
        return exit_codes.DONE
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        complain(f"{error.filename or settings.log.path}: {error.strerror}; what is done is done, and the next run goes on "
                 "from there")
        return exit_codes.UNREACHABLE
    if any("log verify" in words for words in failed):
        return exit_codes.NOT_PROVEN
    return exit_codes.FEED_REFUSED if any(time_seen.WAY_OUT in words for words in failed) else exit_codes.DONE


def is_due(settings: config.Settings, time: Time) -> bool:
    """Say whether `keep` has something to do; some 50 us.  Raises OSError."""
    return keeping.is_due(settings.log.path, plan_of(settings), time)


def plan_of(settings: config.Settings) -> Plan:
    return Plan(settings.log.rotate_mb, settings.log.pseudonymise_after_days, settings.retention.decisions_days)


def _be_the_gate(settings: config.Settings) -> None:
    """As root: be whom the log's folder belongs to, so that the daemon can go on with the files."""
    if os.geteuid() == 0 and settings.log.path.parent.exists():
        owner = settings.log.path.parent.stat()
        if owner.st_uid != 0:
            os.setegid(owner.st_gid)
            os.seteuid(owner.st_uid)
