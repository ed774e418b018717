"""One load from columns to what calls see, with its feed in the archive and its receipt.

Joint.  The order is what makes it safe to be killed anywhere: the feed's bytes are kept, the pages are staged beside the
ones that calls see and what they replace is kept for a rollback, the receipt is written down as pending, one
transaction shows the load, and the receipt is accepted.  What a kill left pending, the next load settles: the store
knows whether that load was shown.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agi_gate.archive import Archive, Pending
from agi_gate.archive.receipts import Receipt
from agi_gate.columns import Classify, Column
from agi_gate.feeds import FeedError
from agi_gate.store import keys, loader
from agi_gate.store.loader import Load
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import Servers

logger = logging.getLogger(__name__)

# ops can wait longer than a call
TIMEOUT_MS = 30_000


class NotReplicated(Exception):
    """The load is shown, but a failover would lose it."""


@dataclass(slots=True)
class Work:
    """What to load.  `checks`: per controller, check id -> its record; `receipt`: what the archive alone is told."""

    kind: keys.Kind
    columns: Mapping[str, Column]
    classify: Classify
    summary: dict[str, Any]
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    receipt: Mapping[str, Any] = field(default_factory=dict)


def refuse_forgetful(client: loader.Client) -> None:
    """Raises FeedError where the store may drop keys, StoreUnavailable where it cannot say."""
    policy = loader.evicting_policy(client)
    if policy is not None:
        raise FeedError(f"the store may drop keys (maxmemory-policy {policy}), and a dropped objection would be "
                        "a wrong ALLOW; set maxmemory-policy noeviction")


def _warn_of_emptied(archive: Archive, client: loader.Client, controllers: Sequence[str]) -> None:
    """Say where a controller's facts are gone: beside nothing, a check passes for all that is known of a number."""
    gone = {controller for controller in controllers if loader.visible_load(client, controller) is None}
    for receipt in _in_force(archive) if gone else ():
        # of a purge its controllers are those of the configuration, and `shown` the ones that it was shown for
        lost = gone & set(receipt["shown"] if "shown" in receipt else receipt["controllers"])
        if lost:
            logger.warning("the store held nothing of controller %s, of which the archive has loads: it was emptied or is "
                           "another.  Their objections and revocations are missing until each file is loaded again; to have "
                           "all of them, empty the store and run agi-gate rebuild", min(lost))
            return


def settle_receipts(archive: Archive, client: loader.Client, controllers: Sequence[str]) -> None:
    """Say of loads that were killed whether they were shown; their controllers' locks must be held."""
    for pending in archive.receipts.pending():
        if set(pending.receipt["controllers"]) <= set(controllers):
            settle(archive, pending, lambda _owner: client)


def settle(archive: Archive, pending: Pending, client_of: Callable[[str], loader.Client]) -> None:
    """The same of one load, whose controllers' locks must be held; `client_of` a controller."""
    # of a file without a row nobody is the owner, and nothing was shown
    owner = next(iter(pending.receipt["controllers"]), None)
    if owner is not None and loader.is_committed(client_of(owner), owner, pending.load_id):
        archive.receipts.accept(pending)
    else:
        archive.receipts.drop(pending)
        archive.undo.drop(pending.load_id)


def accept(servers: Servers, archive: Archive, controllers: Sequence[str], files: Mapping[str, Path],
           prepare: Callable[[loader.Client], Work], *, dry_run: bool, refuse: Callable[[Counter[str]], None],
           progress: Callable[[int], object]) -> dict[str, Any]:
    """Load what `prepare` makes once the controllers are locked, and return the summary.

    `files`: where each file's bytes are, by SHA-256.  `refuse` may raise FeedError once it is known what would change.
    Raises LoadConflict, FeedError, StoreUnavailable, ArchiveError: nothing was changed, but for a store that broke at
    the very end.  Raises NotReplicated where all was done and a failover would lose it.
    """
    client = servers.client_of_all(controllers)
    refuse_forgetful(client)
    load = Load(client, controllers, dry_run=dry_run)
    if dry_run:
        with load:
            _warn_of_emptied(archive, client, controllers)
            work = prepare(client)
            counts = _stage(load, work, progress)
        refuse(counts)
        return work.summary | {"changes": dict(sorted(counts.items())), "changed": False}
    with _keeping(archive, files) as kept, load:
        settle_receipts(archive, client, controllers)
        _warn_of_emptied(archive, client, controllers)
        work = prepare(client)
        with archive.undo.writing(load.id) as load.keep_old:
            counts = _stage(load, work, progress)
        shown = False
        try:
            refuse(counts)
            kept()
            summary = work.summary | {"changes": dict(sorted(counts.items()))}
            changed = load.would_show(work.checks)
            if changed or not _is_said(archive, work.summary, files):
                show(archive, load, summary, {**work.receipt, "files": list(files)}, work.checks)
            shown = changed
        finally:
            # of a load whose receipt is pending it is not known yet whether it was shown
            if not shown and not archive.receipts.is_pending(load.id):
                archive.undo.drop(load.id)
    if changed and not servers.kept(client, controllers):
        raise NotReplicated
    return summary | {"changed": changed}


def _is_said(archive: Archive, summary: Mapping[str, Any], files: Mapping[str, Path]) -> bool:
    """Say whether a receipt says the very same already, of a load that was not taken back.

    That the archive has the files is not enough: they stay there where their load was refused or taken back.  Without
    a receipt the load that brought the same from elsewhere could be taken back, and these rows would go with it.
    """
    return any(receipt["feed"] == summary["feed"] and receipt["files"] == list(files)
               and set(summary["controllers"]) <= set(receipt["controllers"]) for receipt in _in_force(archive))


def _in_force(archive: Archive) -> list[Receipt]:
    """The receipts of what was not taken back."""
    receipts = archive.receipts.all()
    undone = {receipt.get("undoes") for receipt in receipts}
    return [receipt for receipt in receipts if "undoes" not in receipt and receipt["load_id"] not in undone]


def show(archive: Archive, load: Load, summary: Mapping[str, Any], receipt: Mapping[str, Any],
         checks: Mapping[str, Mapping[str, Any]], forget_checks: Sequence[str] = (),
         other_loads: Mapping[str, Mapping[str, Any]] = {}) -> None:
    """Commit a load between the two steps of its receipt."""
    pending = archive.receipts.begin({**summary, **receipt, "load_id": load.id}, datetime.now(UTC))
    try:
        load.commit(summary, checks, forget_checks, other_loads)
    except LoadConflict:
        archive.receipts.drop(pending)  # it is certain that nothing was shown; of a broken store it is not
        raise
    archive.receipts.accept(pending)
    _drop_undo_of_earlier(archive, pending)


def _drop_undo_of_earlier(archive: Archive, shown: Pending) -> None:
    """What a load replaced is of use only while it is its controllers' last."""
    for load_id in archive.undo.all():
        receipt = archive.receipts.find(load_id)
        if load_id != shown.load_id and receipt is not None \
                and set(receipt["controllers"]) & set(shown.receipt["controllers"]):
            archive.undo.drop(load_id)


def _stage(load: Load, work: Work, progress: Callable[[int], object]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for controller, column in work.columns.items():
        counts += load.stage(work.kind, controller, column, work.classify, progress)
    return counts


@contextmanager
def _keeping(archive: Archive, files: Mapping[str, Path]) -> Iterator[Callable[[], None]]:
    """Keep the feed's files while the block is at work; the function waits for the end of it.  Raises ArchiveError."""
    with ThreadPoolExecutor(1) as keeper:
        kept = [keeper.submit(archive.feeds.keep, path, sha256) for sha256, path in files.items()]

        def wait() -> None:
            for one in kept:
                one.result()

        yield wait
