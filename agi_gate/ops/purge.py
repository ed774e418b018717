"""`agi-gate purge`: what is past retention goes, from the store and from the archive."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from agi_gate import config, feeds, record
from agi_gate.archive import Archive, ArchiveError
from agi_gate.ops import exit_codes
from agi_gate.ops.accept import TIMEOUT_MS
from agi_gate.ops.progress import progress
from agi_gate.ops.purging import Purged, PurgeRefused, known_controllers, purge, refuse_wrong_clock, would_purge
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable

_WHY_IT_STAYS = {
    "objections": "a no holds for good",
    "revoked consents": "a no holds for good",
    "consents without an end": "in force until they are revoked or expire",
    "contacts without a date": "nobody knows how old they are: load them with acquired_on",
    "open call-backs": "still owed",
    "results": "a consent is measured by them",
}


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "purge", parents=[common], help="remove what is past retention, from store and archive",
        description="Remove what is past retention (gate.toml, [retention]) from the store and the archive.\n"
                    "Nobody can be called afterwards who could not be called before: objections and\n"
                    "revoked consents stay.  All of it or nothing.  A purge cannot be rolled back, nor\n"
                    "can the loads before it.  Decision logs and backups are not looked at.  On a\n"
                    "terminal it asks first.",
        epilog="example: agi-gate purge --dry-run", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--controller", metavar="C", help="of this one alone (default: all, and those that were once)")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask, on a terminal either")
    parser.add_argument("--clock-is-right", action="store_true",
                        help="purge although the clock is far from the time of the last load; look at it first")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    archive, servers = Archive(settings.archive_path), Servers.at(settings.store.url, TIMEOUT_MS)
    now = datetime.now(UTC)
    # one that is told to end does so as after Ctrl-C: it takes its pages and its locks back
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        known = known_controllers(settings, archive, servers)
        if arguments.controller is not None and arguments.controller not in known:
            return _fail(f"`{arguments.controller}` is no controller of the configuration or the archive; known: "
                         f"{', '.join(known)}", exit_codes.USAGE)
        chosen = known if arguments.controller is None else [arguments.controller]

        def work(do: Callable[..., Purged], doing: str) -> Purged:
            with progress(doing, silent=arguments.json) as advance:
                return do(settings, archive, servers, chosen, now, advance)

        if arguments.clock_is_right and not arguments.dry_run:
            archive.receipts.trust(now)
        elif not arguments.clock_is_right:
            refuse_wrong_clock(settings, archive, now)
        if arguments.dry_run or _asks(arguments):
            planned = work(would_purge, "looking")
            if arguments.dry_run or planned.is_nothing:
                _tell(planned, arguments, now, "would remove")
                return exit_codes.DONE
            _tell(planned, arguments, now, "would remove")
            if not _is_confirmed():
                return _fail("nothing was changed", exit_codes.FEED_REFUSED)
        purged = work(purge, "purging")
    except (LoadConflict, PurgeRefused, feeds.FeedError) as error:
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was changed", exit_codes.UNREACHABLE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be reached or written ({error}); nothing was changed, unless it broke at "
                     "the very end: run it again", exit_codes.UNREACHABLE)
    _tell(purged, arguments, now, "removed")
    for words in purged.left:
        print(f"agi-gate purge: the purge is in force, but {words}", file=sys.stderr)
    return exit_codes.TO_MEND if purged.left else exit_codes.DONE


def _asks(arguments: argparse.Namespace) -> bool:
    return not arguments.yes and not arguments.json and sys.stdin is not None and sys.stdin.isatty()


def _is_confirmed() -> bool:
    print("remove it for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _fail(why: str, code: int) -> int:
    print(f"agi-gate purge: {why}", file=sys.stderr)
    return code


def _tell(purged: Purged, arguments: argparse.Namespace, now: datetime, verb: str) -> None:
    of_archive = {"feeds": len(purged.archive.feeds), "receipts": len(purged.archive.receipts),
                  "exports": len(purged.archive.exports)}
    if arguments.json:
        print(json.dumps({
            "at": record.instant(now), "dry_run": arguments.dry_run, "changed": purged.snapshot is not None or bool(purged.left),
            "snapshot": purged.snapshot, "adopted": purged.adopted, "left_to_mend": purged.left, "archive": of_archive, "controllers": {
                controller: {"gone": _counts(gone), "stays": _counts(purged.stays[controller])}
                for controller, gone in purged.gone.items()}}, ensure_ascii=False))
        return
    for controller, gone in purged.gone.items():
        print(f"{controller}: {verb} {_listed(gone) or 'nothing'}")
        for line in _kept(purged.stays[controller]):
            print(f"  {line}")
    print(f"archive: {verb} {_listed(Counter(of_archive)) or 'nothing'}")
    if purged.adopted:
        print(f"archive: {'would keep' if verb == 'would remove' else 'keeps'} all that the store holds, with {purged.adopted:,} "
              "loads that it lacked")


def _kept(stays: Counter[str]) -> Iterator[str]:
    for what, count in _counts(stays).items():
        yield f"kept although old: {count:,} {what} ({_WHY_IT_STAYS[what]})"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in _counts(counts).items())


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {what: count for what, count in sorted(counts.items()) if count}
