"""`agi-gate load registry|consents|contacts|objections|callbacks|rests`: a feed in, all of it or nothing."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from agi_gate import config, feeds, record
from agi_gate.columns import Column, column_of, number_of
from agi_gate.ops import exit_codes
from agi_gate.ops.arguments import count, instant
from agi_gate.store import keys, loader, values
from agi_gate.store.lock import LoadConflict
from agi_gate.store.reader import StoreUnavailable, connect

# ops can wait longer than a call
_TIMEOUT_MS = 30_000
_SHOWN_REJECTS = 10
_HELP_COLUMNS = 78

_DESCRIPTIONS = {
    "registry": "Load the file that came back from the registry: `number,flag` a line (1 = enrolled), .txt or .zip; "
                "with --submitted, a stripped file of before 2022.",
    "consents": "Load consents.  An end that was recorded once (revocation, expiry) is kept.",
    "contacts": "Load contacts with their source and whether the public directory lists them.",
    "objections": "Load objections.  The first and the last of a number are kept.",
    "callbacks": "Load one-off requests to be called.",
    "rests": "Load silent calls, after which a number rests.",
}


@dataclass(frozen=True, slots=True)
class _CsvFeed:
    layout: feeds.Layout[Any]
    kind: keys.Kind
    encode: Callable[[Any], bytes]


_CSV_FEEDS = {feed.layout.name: feed for feed in (
    _CsvFeed(feeds.CONSENTS, keys.CONSENTS, lambda consent: values.consents_bytes([consent])),
    _CsvFeed(feeds.CONTACTS, keys.CONTACTS, values.contact_bytes),
    _CsvFeed(feeds.OBJECTIONS, keys.OBJECTIONS, values.objection_bytes),
    _CsvFeed(feeds.CALLBACKS, keys.CALLBACKS, lambda callback: values.callbacks_bytes([callback])),
    _CsvFeed(feeds.RESTS, keys.RESTS, lambda silent_at: values.silent_calls_bytes([silent_at])),
)}


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
        else:
            columns = _CSV_FEEDS[name].layout
            feed.description = (f"{description}  Columns: {', '.join(columns.required)}"
                                + (f"; optional: {', '.join(columns.optional)}." if columns.optional else "."))
        feed.description = textwrap.fill(feed.description or "", _HELP_COLUMNS)
        feed.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        feed.add_argument("--max-rejects", type=count, default=0, metavar="N",
                          help="load the rest where at most N rows cannot be read (default: 0)")
        feed.add_argument("--rejects", metavar="FILE", help="where rejected rows go (default: beside the feed)")
        feed.add_argument("--json", action="store_true")
        feed.set_defaults(run=run, feed=name)


def _example(name: str) -> str:
    if name == "registry":
        return "example: agi-gate load registry esito.zip --controller acme --checked-at 2026-10-11T11:00:00+02:00"
    return f"example: agi-gate load {name} {name}.csv --dry-run"


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    if arguments.feed == "registry" and arguments.controller not in settings.controllers:
        print(f"agi-gate load: `{arguments.controller}` is no controller of the configuration; known: "
              f"{', '.join(settings.controllers)}", file=sys.stderr)
        return exit_codes.USAGE
    if arguments.rejects and Path(arguments.rejects).exists() and arguments.file != "-" \
            and Path(arguments.file).exists() and Path(arguments.rejects).samefile(arguments.file):
        print("agi-gate load: --rejects names the feed itself, which would be written over", file=sys.stderr)
        return exit_codes.USAGE
    try:
        feed: feeds.RegistryFeed | feeds.Feed[Any]
        if arguments.feed == "registry":
            feed = feeds.read_registry(arguments.file, arguments.submitted)
        else:
            feed = feeds.read_csv(arguments.file, _CSV_FEEDS[arguments.feed].layout, settings.controllers)
        if feed.rejects:
            _report_rejects(feed.rejects, arguments)
        if len(feed.rejects) > arguments.max_rejects:
            print(f"agi-gate load: {feed.name}: {len(feed.rejects)} row(s) cannot be read; nothing was changed "
                  f"(mend them, or allow them with --max-rejects {len(feed.rejects)})", file=sys.stderr)
            return exit_codes.FEED_REFUSED
        summary = _load(arguments, settings, feed)
    except (feeds.FeedError, LoadConflict) as error:
        print(f"agi-gate load: {error}; nothing was changed", file=sys.stderr)
        return exit_codes.FEED_REFUSED
    except StoreUnavailable as error:
        print(f"agi-gate load: the store could not be reached or written ({error}); nothing was changed, unless it "
              "broke at the very end: load the same file again", file=sys.stderr)
        return exit_codes.UNREACHABLE
    _tell(summary, arguments)
    return exit_codes.DONE


def _load(arguments: argparse.Namespace, settings: config.Settings,
          feed: feeds.RegistryFeed | feeds.Feed[Any]) -> dict[str, Any]:
    client = connect(settings.store.url, _TIMEOUT_MS)
    policy = loader.evicting_policy(client)
    if policy is not None:
        raise feeds.FeedError(f"the store may drop keys (maxmemory-policy {policy}), and a dropped objection would be "
                              "a wrong ALLOW; set maxmemory-policy noeviction")
    summary = {
        "feed": arguments.feed, "file": feed.name, "sha256": feed.sha256, "loaded_at": record.instant(datetime.now(UTC)),
        "receipt": getattr(arguments, "receipt", None), "rejected": len(feed.rejects)}
    if isinstance(feed, feeds.RegistryFeed):
        return _load_registry(arguments, client, feed, summary)
    return _load_csv(arguments, client, feed, summary)


def _load_registry(arguments: argparse.Namespace, client: Any, feed: feeds.RegistryFeed,
                   summary: dict[str, Any]) -> dict[str, Any]:
    controller, checked_at = arguments.controller, arguments.checked_at
    if checked_at > datetime.now(UTC):
        print(f"agi-gate load: --checked-at {record.instant(checked_at)} is still to come: until then no call rests "
              "on this check", file=sys.stderr)
    with loader.Load(client, [controller], dry_run=arguments.dry_run) as load:
        results, checks = [], {}
        # the store keeps milliseconds: a clear result is cut down and an enrolled one rounded up, so that neither lasts
        # longer nor lets a consent of the same millisecond seem the later one
        for enrolled, at in ((False, checked_at), (True, checked_at + timedelta(microseconds=-checked_at.microsecond % 1000))):
            serial, known = loader.serial_of_check(client, controller, at, feed.sha256)
            results.append(values.check_bytes(at, serial, enrolled))
            if not known:
                checks[values.check_id(at, serial)] = summary
        counts = load.stage(keys.REGISTRY, controller,
                            Column(feed.numbers, feed.enrolled.astype(np.int32), results), _registry_change)
        opposed = int(feed.enrolled.sum())
        summary |= {"controllers": [controller], "checked_at": record.instant(checked_at),
                    "rows": len(feed.numbers), "enrolled": opposed, "clear": len(feed.numbers) - opposed}
        return _commit(load, summary, counts, {controller: checks} if checks else {})


def _load_csv(arguments: argparse.Namespace, client: Any, feed: feeds.Feed[Any],
              summary: dict[str, Any]) -> dict[str, Any]:
    csv_feed = _CSV_FEEDS[arguments.feed]
    rows = _by_controller(feed.rows, csv_feed)
    counts: Counter[str] = Counter()
    with loader.Load(client, rows, dry_run=arguments.dry_run) as load:
        for controller, by_number in rows.items():
            numbers = np.array([number_of(e164) for e164 in by_number], np.int64)
            table = list(by_number.values())
            column = column_of(numbers, np.arange(len(table), dtype=np.int32), table, values.MERGES[csv_feed.kind])
            counts += load.stage(csv_feed.kind, controller, column, _change)
        summary |= {"controllers": sorted(rows), "rows": len(feed.rows)}
        return _commit(load, summary, counts, {})


def _by_controller(rows: Iterable[feeds.Row[Any]], csv_feed: _CsvFeed) -> dict[str, dict[str, bytes]]:
    merge = values.MERGES[csv_feed.kind]
    by_controller: dict[str, dict[str, bytes]] = defaultdict(dict)
    for row in rows:
        by_number, value = by_controller[row.controller], csv_feed.encode(row.item)
        held = by_number.get(row.e164)
        by_number[row.e164] = value if held is None else merge(held, value)
    return by_controller


def _commit(load: loader.Load, summary: dict[str, Any], counts: Counter[str],
            checks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    summary["changes"] = dict(sorted(counts.items()))
    return summary | {"changed": load.commit(summary, checks)}


def _change(old: bytes | None, merged: bytes) -> str:
    return "new" if old is None else "unchanged" if old == merged else "changed"


def _registry_change(old: bytes | None, merged: bytes) -> str:
    """What a check changed: the latest result of a number, or only its history."""
    if old is None:
        return "new"
    if old == merged:
        return "unchanged"
    before, after = values.checks_from(old)[-1], values.checks_from(merged)[-1]
    if before.enrolled == after.enrolled:
        return "confirmed" if after.at > before.at else "history"
    return "newly enrolled" if after.enrolled else "newly clear"


def _report_rejects(rejects: list[feeds.Reject], arguments: argparse.Namespace) -> None:
    for reject in rejects[:_SHOWN_REJECTS]:
        print(f"row {reject.line} of {reject.file}: {reject.why}", file=sys.stderr)
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
    verb = "would load" if arguments.dry_run else "loaded" if summary["changed"] else "nothing to change in"
    rejected = f", {summary['rejected']:,} rejected" if summary["rejected"] else ""
    print(f"{verb} {summary['feed']} {summary['file']} for {', '.join(summary['controllers']) or 'nobody'}: "
          f"{summary['rows']:,} rows: {changes}{rejected}")
