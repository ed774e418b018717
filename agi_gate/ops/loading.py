"""What `agi-gate load` does between its words: a feed read, matched, weighed and accepted.

Joint.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agi_gate import config, feeds, record
from agi_gate.archive import Archive
from agi_gate.ops import feed_kinds
from agi_gate.ops.accept import TIMEOUT_MS, Work, accept
from agi_gate.ops.admission import admit, opens_calls
from agi_gate.ops.cycles import no_search_for_cycles
from agi_gate.ops.matching import match
from agi_gate.ops.progress import Advance, progress
from agi_gate.store import loader, values
from agi_gate.store.servers import Servers
from agi_gate.wholeness import Difference, compare_anew, strangers, strangers_words

logger = logging.getLogger(__name__)

FLIPS_FROM_ROWS = 1_000
Refuse = Callable[[feeds.RegistryFeed | feeds.Feed], object]


def load_feed(arguments: argparse.Namespace, settings: config.Settings, files: ExitStack, refuse: Refuse,
              ) -> dict[str, Any]:
    """Load, and return the summary.  `refuse` sees the feed and may raise FeedError, as may reading it.

    Raises MatchError, and what `accept` raises.
    """
    now = datetime.now(UTC)
    files.enter_context(no_search_for_cycles())
    sources = [files.enter_context(feeds.FeedFile(path))
               for path in (arguments.file, getattr(arguments, "submitted", None)) if path]
    archive = Archive(settings.archive_path)
    if arguments.feed == feed_kinds.REGISTRY:
        if arguments.checked_at > now + feeds.MOST_AHEAD:
            raise feeds.FeedError(f"--checked-at {record.instant(arguments.checked_at)} is still to come, and calls would rest on "
                                  "this check for as long; write when the registry answered")
        with _reading(arguments, sources[0]) as advance:
            registry = feeds.read_registry(sources[0], sources[1] if sources[1:] else None, advance)
        if arguments.checked_at > now:
            registry.notices.append(f"--checked-at {record.instant(arguments.checked_at)} is still to come: until then no call "
                                    "rests on this check")
        refuse(registry)
        summary = _summary(arguments, registry, now) | {
            "controllers": [arguments.controller], "checked_at": record.instant(arguments.checked_at),
            "enrolled": int(registry.enrolled.sum()), "clear": int((~registry.enrolled).sum()),
            **_matched(registry, arguments, archive)}
        return _accept(arguments, settings, archive, sources, summary,
                       lambda client: _registry_work(registry, client, arguments, summary))
    with _reading(arguments, sources[0]) as advance:
        feed = feed_kinds.read_csv(arguments.feed, sources[0], settings.controllers, now, advance)
    if getattr(arguments, "keep_good", False):
        feed = _kept_good(feed, arguments, sources[0], settings, now)
    if feed.doubt and not feed.keep.refusals_only:
        raise feeds.FeedError(feed.doubt)
    refuse(feed)
    summary = _summary(arguments, feed, now) | {"controllers": sorted(feed.columns)}
    return _accept(arguments, settings, archive, sources, summary, lambda client: Work(
        feed_kinds.kind_of(arguments.feed), feed.columns, feed_kinds.change, summary))


def _kept_good(feed: feeds.Feed, arguments: argparse.Namespace, source: feeds.FeedFile, settings: config.Settings,
               now: datetime) -> feeds.Feed:
    """The same feed where it can be loaded as it is; else what may be kept of it."""
    too_doubtful = feed.doubts[0].are_too_many(arguments.max_doubtful)
    if len(feed.rejects) <= arguments.max_rejects and not feed.doubt and not too_doubtful:
        return feed
    with feeds.FeedFile(source.path, source.name) as again, _reading(arguments, again) as advance:
        return feed_kinds.read_csv(arguments.feed, again, settings.controllers, now, advance,
                                   keep=feeds.Keep(refusals_only=True, without_doubtful=too_doubtful))


def _reading(arguments: argparse.Namespace, file: feeds.FeedFile) -> AbstractContextManager[Advance]:
    return progress(f"reading {file.name}", file.raw_size, silent=arguments.json)


def _summary(arguments: argparse.Namespace, feed: feeds.RegistryFeed | feeds.Feed, now: datetime) -> dict[str, Any]:
    return {"feed": arguments.feed, "file": feed.name, "sha256": feed.sha256, "loaded_at": record.instant(now),
            "receipt": getattr(arguments, "receipt", None), "rejected": len(feed.rejects), "rows": feed.rows,
            "doubtful": sum(doubts.count for doubts in feed.doubts),
            "kept_good": feed.keep.refusals_only, "without_doubtful": feed.keep.without_doubtful}


def _accept(arguments: argparse.Namespace, settings: config.Settings, archive: Archive, sources: list[feeds.FeedFile],
            summary: dict[str, Any], prepare: Callable[[loader.Client], Work]) -> dict[str, Any]:
    servers, was_amiss = Servers.at(settings.store.url, TIMEOUT_MS), False

    def admitted(found: Mapping[str, Difference], work: Work) -> Mapping[str, Any]:
        nonlocal was_amiss
        was_amiss = any(one.is_open for one in found.values())
        for words in strangers_words(strangers(servers, settings.known_controllers) or ()):
            logger.warning("%s", words)
        return admit(found, summary, lambda: opens_calls(arguments.feed, work.columns),
                     despite_missing=arguments.despite_missing)

    with progress(f"loading {sources[0].name}", summary["rows"], silent=arguments.json) as advance:
        accepted = accept(
            servers, archive, summary["controllers"], {source.sha256(): Path(source.path) for source in sources}, prepare,
            dry_run=arguments.dry_run, never_evicts=settings.store.never_evicts, admit=admitted,
            refuse=lambda counts: _refuse_flips(counts, summary["rows"], arguments),
            progress=lambda rows: advance(rows, rows))
    if was_amiss:
        compare_anew(archive, servers, settings.controllers, settings.log.path)
    return accepted


def _matched(feed: feeds.RegistryFeed, arguments: argparse.Namespace, archive: Archive) -> dict[str, Any]:
    """What the summary says of the export that a file answers.  Raises MatchError, ArchiveError."""
    found = match(feed.numbers, arguments.controller, arguments.checked_at, archive.exports.all(),
                  archive.exports.numbers, arguments.export)
    if found is None:
        return {"export": None}
    return {"export": found.export_id, "sent": found.sent, "not_answered": len(found.missing)}


def _registry_work(feed: feeds.RegistryFeed, client: loader.Client, arguments: argparse.Namespace,
                   summary: dict[str, Any]) -> Work:
    results: list[bytes] = []
    checks: dict[str, Any] = {}
    checked_at = arguments.checked_at
    # the store keeps milliseconds: a clear result is cut down and an enrolled one rounded up, so that neither lasts
    # longer nor lets a consent of the same millisecond seem the later one
    for at in (checked_at, checked_at + timedelta(microseconds=-checked_at.microsecond % 1000)):
        serial, known = loader.serial_of_check(client, arguments.controller, at, feed.sha256)
        results.append(values.check_bytes(at, serial, enrolled=bool(results)))
        if not known:
            checks[values.check_id(at, serial)] = summary
    # the archive keeps the very results, so that a store made from it again says the same of each check
    return Work(feed_kinds.kind_of(feed_kinds.REGISTRY),
                {arguments.controller: feed_kinds.column_of_checks(feed, *results)}, feed_kinds.registry_change, summary,
                {arguments.controller: checks} if checks else {},
                {"results": [result.hex() for result in results], "checks": list(checks)})


def _refuse_flips(counts: Counter[str], rows: int, arguments: argparse.Namespace) -> None:
    """Refuse a file that turns too many numbers: it may be another list's answer, or have its flags the wrong way round."""
    if arguments.feed != feed_kinds.REGISTRY or rows < FLIPS_FROM_ROWS:
        return
    flips, known = counts["newly enrolled"] + counts["newly clear"], rows - counts["new"]
    if known and flips > known * arguments.max_change / 100:
        share = 100 * flips / known
        raise feeds.FeedError(f"flips {flips:,} of the {known:,} numbers known before ({share:.1f} %), more than "
                              f"--max-change {arguments.max_change:g} allows; if the registry did say so, load it with "
                              f"--max-change {min(100, int(share) + 1)}")
