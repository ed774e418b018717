"""What `agi-gate purge` does between its words: what is past retention taken from the store, then from the archive.

Joint.  All controllers are locked, the pages that change are staged, all pages are kept as they are to be (a snapshot,
from which a rebuild begins), one commit shows the purge, and its receipt names the snapshot.  Only then does anything
go that cannot be had back: the archive's old feeds, and the marks of used-up call-backs that nobody sees any more.
A kill before the commit has changed nothing; one after it leaves what the next purge takes away.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive
from agi_gate.archive.past import Past, past, remove
from agi_gate.archive.receipts import Receipt
from agi_gate.clock import Seen
from agi_gate.decision_log import files
from agi_gate.ops import rollback
from agi_gate.ops.accept import NotReplicated, refuse_forgetful, settle, show
from agi_gate.retention import Retention, reaches_back_to
from agi_gate.store import loader
from agi_gate.store.loader import Client, Load
from agi_gate.store.purging import NUMBERS, Purging
from agi_gate.store.servers import Servers, SlotsApart

FEED = "purge"
_LOOKS = 3
# longer than any conversation with Asterisk: whoever read a call-back before it went has claimed it or not by then
_LONGEST_CALL_S = 4.0
_KEEP_ALL = Retention(*[36_525] * 6)  # a century: no feed's fact is of before 1990

Progress = Callable[[int], object]


class PurgeRefused(Exception):
    """Why nothing may be purged now."""


@dataclass(slots=True)
class Purged:
    """What went, per controller, and what stays although it is old; no `snapshot` where nothing was changed."""

    gone: dict[str, Counter[str]] = field(default_factory=dict)
    stays: dict[str, Counter[str]] = field(default_factory=dict)
    archive: Past = field(default_factory=lambda: Past([], [], []))
    snapshot: str | None = None

    @property
    def is_nothing(self) -> bool:
        return not any(+counts for counts in self.gone.values()) and not self.archive


@dataclass(slots=True)
class _Group:
    """Controllers whose purge one transaction can show, which is all of them unless a cluster keeps them apart."""

    client: Client
    controllers: list[str]
    load: Load
    purgings: list[Purging] = field(default_factory=list)
    a_page: tuple[str, str, bytes] | None = None  # controller, name, bytes


def refuse_wrong_clock(settings: config.Settings, archive: Archive, clock: datetime) -> None:
    """Refuse a clock that agrees neither with the time that the log last saw, nor with that of the archive.

    Raises PurgeRefused, ArchiveError.
    """
    seen = None
    with suppress(OSError):  # the log may be another user's, or on another machine: then the archive decides
        seen = Seen.read(files.seen(settings.log.path))
    if seen is not None and seen.doubt(clock) is None:
        return
    if (doubt := archive.receipts.doubt(clock)) is not None:
        raise PurgeRefused(f"{doubt}; set the clock right, or if it is right, add --clock-is-right")


def known_controllers(settings: config.Settings, archive: Archive) -> list[str]:
    """Those of the configuration, and those that were in it once.  Raises ArchiveError."""
    receipts = archive.receipts.all() + [pending.receipt for pending in archive.receipts.pending()]
    return sorted({*settings.controllers, *(one for receipt in receipts for one in receipt["controllers"])})


def would_purge(settings: config.Settings, archive: Archive, servers: Servers, chosen: Sequence[str], now: datetime,
                progress: Progress) -> Purged:
    """What a purge would take away now; nothing is written.  Raises StoreUnavailable, ArchiveError, PurgeRefused."""
    _refuse_other_store(archive, servers)
    result = Purged(archive=past(archive, reaches_back_to(now, settings.retention.feeds_days), chosen))
    for controller in chosen:
        for _look in range(_LOOKS):
            purging = Purging(servers.client_of(controller), controller, settings.retention, now)
            for batch in purging.batches():
                progress(len(batch.pages))
            if purging.is_current():
                break
        else:
            raise PurgeRefused(f"loads of controller `{controller}` keep coming; try again when they are done")
        result.gone[controller], result.stays[controller] = purging.gone, purging.stays
    return result


def purge(settings: config.Settings, archive: Archive, servers: Servers, chosen: Sequence[str], now: datetime,
          progress: Progress) -> Purged:
    """Raises LoadConflict, PurgeRefused, StoreUnavailable, ArchiveError: nothing went, but for what broke at the end.

    Raises NotReplicated where the purge is shown, a failover would lose it, and so nothing else was taken away.
    """
    controllers = known_controllers(settings, archive)
    with ExitStack() as stack:
        groups = _groups(servers, controllers, stack)
        for pending in archive.receipts.pending():  # all locks are held; wherever in a cluster the loads were
            settle(archive, pending, servers.client_of)
        if known_controllers(settings, archive) != controllers:
            raise PurgeRefused("a load of a further controller came between; try again")
        _refuse_other_store(archive, servers)
        for left in archive.snapshots.all():
            if not _is_needed(archive, left):
                archive.snapshots.drop(left)  # of a purge that was killed
        last = groups[-1]
        try:
            _stage(archive, last.load.id, groups, chosen, settings.retention, now, progress)
            result = _purged(groups, chosen, past(archive, reaches_back_to(now, settings.retention.feeds_days), chosen))
            result.snapshot = _show(archive, groups, result, now)
        finally:
            if not _is_needed(archive, last.load.id):
                archive.snapshots.drop(last.load.id)
        if result.snapshot is not None:
            if not all([servers.kept(group.client, group.controllers) for group in groups]):
                raise NotReplicated
            for group in groups:
                group.load.hold()
            remove(archive, result.archive, result.snapshot)
        _forget_marks(groups, chosen)
    return result


def _groups(servers: Servers, controllers: list[str], stack: ExitStack) -> list[_Group]:
    try:
        together = [(servers.client_of_all(controllers), controllers)]
    except SlotsApart:
        together = [(servers.client_of(controller), [controller]) for controller in controllers]
    groups = []
    for client, some in together:
        refuse_forgetful(client)
        groups.append(_Group(client, some, stack.enter_context(Load(client, some))))
    return groups


def _refuse_other_store(archive: Archive, servers: Servers) -> None:
    """Refuse where the store lacks a load that the archive has: a snapshot of it would take the place of that load."""
    receipts = archive.receipts.all()
    starts = [place for place, receipt in enumerate(receipts) if receipt.get("snapshot")]
    receipts = receipts[starts[-1] if starts else 0:]
    undone = {receipt["undoes"] for receipt in receipts if receipt["feed"] == rollback.FEED}
    for receipt in receipts:
        if receipt["feed"] == rollback.FEED or receipt["load_id"] in undone:
            continue
        for controller in _shown_for(receipt):
            if not loader.is_committed(servers.client_of(controller), controller, receipt["load_id"]):
                raise PurgeRefused(
                    f"the store does not hold {' '.join(filter(None, (receipt['feed'], receipt['file'])))} of "
                    f"{receipt['begun_at'][:19]} for {controller}, which the archive has: it was emptied, is older or "
                    "another; empty it and run agi-gate rebuild first")


def _shown_for(receipt: Receipt) -> list[str]:
    """The controllers whose store must know a load: none, where it changed nothing."""
    controllers: list[str] = receipt["controllers"]
    if receipt["feed"] == FEED:
        controllers = receipt["shown"]
    elif not receipt.get("checks") and not any(
            count for what, count in receipt.get("changes", {}).items() if what != "unchanged"):
        controllers = []
    return controllers


def _stage(archive: Archive, snapshot: str, groups: list[_Group], chosen: Collection[str], retention: Retention,
           now: datetime, progress: Progress) -> None:
    """Stage what changes, and keep all pages of all controllers as they are to be."""
    with archive.snapshots.writing(snapshot) as keep:
        for group in groups:
            for controller in group.controllers:
                purging = Purging(group.client, controller, retention if controller in chosen else _KEEP_ALL, now)
                group.purgings.append(purging)
                for batch in purging.batches():
                    for name, body in batch.pages.items():
                        keep(name.encode(), body)
                        group.a_page = controller, name, body
                    group.load.put_back(controller, ((name.encode(), body) for name, body in batch.changed.items()))
                    for one in groups:
                        one.load.hold()
                    progress(len(batch.pages))


def _purged(groups: list[_Group], chosen: Collection[str], of_archive: Past) -> Purged:
    purgings = [purging for group in groups for purging in group.purgings if purging.controller in chosen]
    return Purged({one.controller: one.gone for one in purgings}, {one.controller: one.stays for one in purgings},
                  of_archive)


def _show(archive: Archive, groups: list[_Group], result: Purged, now: datetime) -> str | None:
    """Commit each group, the last with the snapshot's receipt; None where there is nothing to purge."""
    if not any(group.load.would_show() for group in groups) and not result.archive:
        return None
    last, others = groups[-1], [controller for group in groups[:-1] for controller in group.controllers]
    if not last.load.would_show() and last.a_page is not None:
        # the same page again: what is shown is known to the store, and a store that does not know it is another one
        controller, name, body = last.a_page
        last.load.put_back(controller, [(name.encode(), body)])
    for one in archive.undo.all():
        archive.undo.drop(one)  # what a snapshot holds cannot be taken back any more
    # what a rebuild cannot read from the snapshot's pages
    state: dict[str, dict[str, Any]] = {"checks": {}, "used": {}}
    for group in groups:
        stay, go = {}, set()
        for purging in group.purgings:
            stay[purging.controller], forgotten = purging.records_of_checks()
            go.update(forgotten)
            state["used"][purging.controller] = purging.marks
        state["checks"] |= stay
        # one transaction forgets an id for all of its controllers
        forget = sorted(go - {id_ for ids in stay.values() for id_ in ids})
        changes = sum((+purging.gone for purging in group.purgings), Counter[str]())
        is_last = group is last
        if is_last or group.load.would_show():
            summary = {"feed": FEED, "file": "", "sha256": "", "loaded_at": record.instant(now), "receipt": None,
                       "rejected": 0, "rows": changes.total() - changes[NUMBERS],
                       "changes": dict(sorted(changes.items())),
                       "controllers": group.controllers + (others if is_last else [])}
            shown = group.controllers if group.load.would_show() else []
            receipt: Receipt = {"files": [], "shown": shown}
            if is_last:
                receipt |= {"snapshot": last.load.id, "state": state,
                            "removed": {"receipts": len(result.archive.receipts), "feeds": result.archive.feeds,
                                        "exports": [export.id for export in result.archive.exports]}}
            show(archive, group.load, summary, receipt, {}, forget)
    return last.load.id


def _is_needed(archive: Archive, snapshot: str) -> bool:
    """Say whether a receipt names a snapshot: one that may have been committed does, too."""
    return archive.receipts.find(snapshot) is not None or any(
        pending.load_id == snapshot for pending in archive.receipts.pending())


def _forget_marks(groups: list[_Group], chosen: Collection[str]) -> None:
    found = [(purging, marks) for group in groups for purging in group.purgings
             if purging.controller in chosen and (marks := purging.old_marks())]
    if found:
        time.sleep(_LONGEST_CALL_S)
    for purging, marks in found:
        purging.forget_marks(marks)
