"""`agi-gate load registry|consents|contacts|objections|callbacks|rests`: a feed in, all of it or nothing."""

from __future__ import annotations

import argparse
import csv
import json
import signal
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agi_gate import config, feeds
from agi_gate.archive import ArchiveError
from agi_gate.columns import e164_of
from agi_gate.ops import exit_codes, feed_kinds
from agi_gate.ops.admission import OPTION as DESPITE_MISSING
from agi_gate.ops.arguments import count, instant, percent
from agi_gate.ops.loading import FLIPS_FROM_ROWS, load_feed
from agi_gate.ops.matching import NO_EXPORT, MatchError
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import SlotsApart
from agi_gate.store.unavailable import StoreUnavailable

_SHOWN_REJECTS = 10
_HELP_COLUMNS = 78

_DESCRIPTIONS = {
    "registry": "Load the file that came back from the registry: `number,flag` a line (1 = enrolled), .txt or .zip; "
                "with --submitted, a stripped file of before 2022.",
    "consents": "Load consents.  An end that was recorded once (revocation, expiry) is kept.",
    "contacts": "Load contacts with their source and whether the public directory lists them.",
    "objections": "Load objections.  Each no of a number is kept, with its time.",
    "callbacks": "Load one-off requests to be called.",
    "rests": "Load silent calls, after which a number rests.",
}


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("load", parents=[common], help="load a file of ops, all of it or nothing")
    kinds = parser.add_subparsers(metavar="FEED", required=True)
    for name, description in _DESCRIPTIONS.items():
        feed = kinds.add_parser(name, parents=[common], help=description.split(":")[0].split(".")[0],
                                description=description, epilog=_example(name),
                               formatter_class=argparse.RawDescriptionHelpFormatter)  # an example in two lines is none
        feed.add_argument("file", metavar="FILE", help="the file; .gz and .zip are unpacked, - is stdin")
        if name == "registry":
            feed.add_argument("--controller", required=True, metavar="C", help="on whose behalf the check was made")
            feed.add_argument("--checked-at", required=True, metavar="TIME", type=instant,
                              help="when the registry answered, ISO 8601 with an offset")
            feed.add_argument("--submitted", metavar="FILE", help="what was uploaded, for a stripped answer")
            feed.add_argument("--receipt", metavar="ID", help="the registry's receipt")
            feed.add_argument("--export", metavar="ID", help="the export that it answers (default: the one that fits by its "
                              f"numbers); `{NO_EXPORT}`: none")
            feed.add_argument("--max-change", type=percent, default=20, metavar="PERCENT",
                              help=f"refuse a file of {FLIPS_FROM_ROWS:,} rows or more that flips more of the numbers "
                                   "known before (default: 20)")
        else:
            columns = feed_kinds.CSV_FEEDS[name].layout
            feed.description = (f"{description}  Columns: {', '.join(columns.required)}"
                                + (f"; optional: {', '.join(columns.optional)}." if columns.optional else "."))
        feed.description = textwrap.fill(feed.description or "", _HELP_COLUMNS)
        feed.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        feed.add_argument("--max-rejects", type=count, default=0, metavar="N",
                          help="load the rest where at most N rows cannot be read (default: 0)")
        feed.add_argument("--rejects", metavar="FILE", help="where rejected rows go (default: beside the feed)")
        feed.add_argument(DESPITE_MISSING, action="store_true",
                          help="load it although the store lacks objections that the archive has")
        feed.add_argument("--json", action="store_true")
        feed.set_defaults(run=run, feed=name)


def _example(name: str) -> str:
    if name == "registry":
        return "example: agi-gate load registry esito.zip --controller acme --checked-at 2026-10-11T11:00:00+02:00"
    return f"example: agi-gate load {name} {name}.csv --dry-run"


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    if arguments.feed == feed_kinds.REGISTRY and arguments.controller not in settings.controllers:
        return _fail(f"`{arguments.controller}` is no controller of the configuration; known: "
                     f"{', '.join(settings.controllers)}", exit_codes.USAGE)
    if arguments.rejects and Path(arguments.rejects).exists() and arguments.file != "-" \
            and Path(arguments.file).exists() and Path(arguments.rejects).samefile(arguments.file):
        return _fail("--rejects names the feed itself, which would be written over", exit_codes.USAGE)
    # a load that is told to end does so as after Ctrl-C: it takes its pages and its lock back
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as files:
            summary = load_feed(arguments, settings, files, lambda feed: _refuse_rejects(feed, arguments))
    except feeds.FeedError as error:
        if error.rejects:
            _report_rejects(error.rejects, arguments)
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except MatchError as error:
        if error.match is not None:
            _report_rejects([feeds.Reject(Path(arguments.file).name, 0, f"`{e164}` was never sent in export "
                                          f"`{error.match.export_id}`", e164)
                             for e164 in map(e164_of, error.never_sent.tolist())], arguments)
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except (LoadConflict, SlotsApart) as error:
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was changed", exit_codes.UNREACHABLE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be reached or written ({error}); nothing was changed, unless it broke at "
                     "the very end: load the same file again", exit_codes.UNREACHABLE)
    _tell(summary, arguments)
    for words in summary.get("left_to_mend", ()):
        print(f"agi-gate load: the load is in force, but {words}", file=sys.stderr)
    return exit_codes.TO_MEND if "left_to_mend" in summary else exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate load: {why}", file=sys.stderr)
    return code


def _refuse_rejects(feed: feeds.RegistryFeed | feeds.Feed, arguments: argparse.Namespace) -> None:
    for notice in feed.notices:
        print(f"agi-gate load: {notice}", file=sys.stderr)
    if feed.rejects:
        _report_rejects(feed.rejects, arguments)
    if len(feed.rejects) > arguments.max_rejects:
        raise feeds.FeedError(f"{feed.name}: {len(feed.rejects):,} row(s) cannot be read (mend them, or allow them with "
                              f"--max-rejects {len(feed.rejects)})")


def _report_rejects(rejects: list[feeds.Reject], arguments: argparse.Namespace) -> None:
    for reject in rejects[:_SHOWN_REJECTS]:
        row = f"row {reject.line} of " if reject.line else ""  # of a number that was never sent its row is not known
        print(f"{row}{reject.file}: {reject.why}", file=sys.stderr)
    if len(rejects) > _SHOWN_REJECTS:
        print(f"... and {len(rejects) - _SHOWN_REJECTS} more", file=sys.stderr)
    path = Path(arguments.rejects or ("stdin.rejects.csv" if arguments.file == "-" else f"{arguments.file}.rejects.csv"))
    try:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("line", "why", "row", "file"))
            writer.writerows((reject.line, reject.why, reject.row, reject.file) for reject in rejects)
    except OSError as error:
        print(f"agi-gate load: the rejects could not be written to {path} ({error.strerror}); name a file with "
              "--rejects", file=sys.stderr)
    else:
        print(f"rejected rows are in {path}", file=sys.stderr)


def _tell(summary: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps(summary | {"dry_run": arguments.dry_run}, ensure_ascii=False))
        return
    changes = ", ".join(f"{count:,} {what}" for what, count in summary["changes"].items()) or "no rows"
    would_change = any(what != "unchanged" for what in summary["changes"])
    verb = ("nothing to change in" if not (would_change if arguments.dry_run else summary["changed"])
            else "would load" if arguments.dry_run else "loaded")
    rejected = f", {summary['rejected']:,} rejected" if summary["rejected"] else ""
    print(f"{verb} {summary['feed']} {summary['file']} for {', '.join(summary['controllers']) or 'nobody'}: "
          f"{summary['rows']:,} rows: {changes}{rejected}")
    if summary["feed"] == feed_kinds.REGISTRY:
        print("  it answers no export that is known here" if summary["export"] is None else
              f"  it answers export {summary['export']}: {summary['sent']:,} numbers sent, {summary['not_answered']:,} of "
              "them not answered, which stay as they were")
