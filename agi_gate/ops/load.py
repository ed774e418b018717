"""`agi-gate load registry|consents|contacts|objections|callbacks|rests`: a feed in, all of it or nothing."""

from __future__ import annotations

import argparse
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
from agi_gate.ops import exit_codes, feed_kinds, rejects
from agi_gate.ops.admission import OPTION as DESPITE_MISSING
from agi_gate.ops.arguments import count, instant, percent
from agi_gate.ops.loading import FLIPS_FROM_ROWS, load_feed
from agi_gate.ops.matching import NO_EXPORT, MatchError
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import SlotsApart
from agi_gate.store.unavailable import StoreUnavailable

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

_KEEP_GOOD = {
    "objections": "load the rows that can be read however many cannot, and end with exit code 9",
    "rests": "load the rows that can be read however many cannot, and end with exit code 9",
    "consents": "of a file that cannot be read whole, load the rows that revoke (revoked_at), and end with exit code 9; all "
                "others wait in the rejects file",
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
        if name != feed_kinds.REGISTRY and feed_kinds.CSV_FEEDS[name].layout.refusals is not None:
            feed.add_argument("--keep-good", action="store_true", help=_KEEP_GOOD[name])
        feed.add_argument("--max-doubtful", type=count, metavar="N",
                          help="load where at most N numbers are doubtful, as mobiles of nine digits are (default: 1 in "
                               "1,000 of a file of 1,000 rows or more, else 0)")
        feed.add_argument("--rejects", metavar="FILE",
                          help="where rejected rows go, a file that is not there yet (default: FILE.rejects)")
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
    if why := rejects.why_not_there(arguments.rejects):
        return _fail(f"{why}; nothing was loaded", exit_codes.USAGE)
    # a load that is told to end does so as after Ctrl-C: it takes its pages and its lock back
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    said: dict[str, Any] = {}
    try:
        with ExitStack() as files:
            summary = load_feed(arguments, settings, files, lambda feed: said.update(_refuse_rejects(feed, arguments)))
    except feeds.FeedError as error:
        if error.rejects:
            rejects.report(error.rejects, error.header, error.separator, arguments.file, arguments.rejects)
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except MatchError as error:
        if error.match is not None:
            rejects.report([feeds.Reject(Path(arguments.file).name, 0, f"`{e164}` was never sent in export "
                                         f"`{error.match.export_id}`", [e164])
                            for e164 in map(e164_of, error.never_sent.tolist())], (), ",", arguments.file, arguments.rejects)
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except (LoadConflict, SlotsApart) as error:
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was changed", exit_codes.UNREACHABLE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be reached or written ({error}); nothing was changed, unless it broke at "
                     "the very end: load the same file again", exit_codes.UNREACHABLE)
    _tell(summary | said, arguments)
    for words in summary.get("left_to_mend", ()):
        print(f"agi-gate load: the load is in force, but {words}", file=sys.stderr)
    if "left_to_mend" in summary:
        return exit_codes.TO_MEND
    return exit_codes.REJECTS_KEPT if summary["kept_good"] else exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate load: {why}", file=sys.stderr)
    return code


def _refuse_rejects(feed: feeds.RegistryFeed | feeds.Feed, arguments: argparse.Namespace) -> dict[str, Any]:
    """What the summary says of the file beside its rows.  Raises FeedError where too much of it is unsure."""
    notices = feed.notices + [notice for doubts in feed.doubts for notice in doubts.notices()]
    for notice in notices:
        print(f"agi-gate load: {notice}", file=sys.stderr)
    path = None
    if feed.rejects:
        path = rejects.report(feed.rejects, feed.header, feed.separator, arguments.file, arguments.rejects)
    if feed.keep.refusals_only and not feed.rows:
        raise feeds.FeedError(f"{feed.name}: holds no row that can be kept; mend it")
    if len(feed.rejects) > arguments.max_rejects and not feed.keep.refusals_only:
        raise feeds.FeedError(f"{feed.name}: {len(feed.rejects):,} row(s) cannot be read (mend them, or allow them with "
                              f"--max-rejects {len(feed.rejects)})")
    if not feed.keep.without_doubtful:
        for doubts in feed.doubts:
            doubts.check(arguments.max_doubtful)
    return {"rejects": path, "notices": notices}


def _tell(summary: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps(summary | {"dry_run": arguments.dry_run}, ensure_ascii=False))
        return
    changes = ", ".join(f"{count:,} {what}" for what, count in summary["changes"].items()) or "no rows"
    would_change = any(what != "unchanged" for what in summary["changes"])
    verb = ("nothing to change in" if not (would_change if arguments.dry_run else summary["changed"])
            else "would load" if arguments.dry_run else "loaded")
    rejected = f", {summary['rejected']:,} rejected" if summary["rejected"] else ""
    if summary["kept_good"]:
        rejected += ", which are left to be mended and loaded"
    print(f"{verb} {summary['feed']} {summary['file']} for {', '.join(summary['controllers']) or 'nobody'}: "
          f"{summary['rows']:,} rows: {changes}{rejected}")
    if summary["feed"] == feed_kinds.REGISTRY:
        print("  it answers no export that is known here" if summary["export"] is None else
              f"  it answers export {summary['export']}: {summary['sent']:,} numbers sent, {summary['not_answered']:,} of "
              "them not answered, which stay as they were")
