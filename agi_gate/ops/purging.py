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
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive, ArchiveError
from agi_gate.archive.history import PURGE
from agi_gate.archive.past import Past, past, remove
from agi_gate.archive.receipts import Receipt
from agi_gate.clock import Seen
from agi_gate.decision_log import files
from agi_gate.ops.accept import not_replicated, settle, show
from agi_gate.ops.fitness import refuse_unfit
from agi_gate.retention import Retention, reaches_back_to
from agi_gate.store.holdings import controllers_in, holdings
from agi_gate.store.loader import Client, Load
from agi_gate.store.lock import LoadConflict
from agi_gate.store.purging import NUMBERS, Purging
from agi_gate.store.servers import Servers, SlotsApart
from agi_gate.store.unavailable import StoreUnavailable
from agi_gate.wholeness import Difference, difference

_LOOKS = 3
_AGAIN = "run it again"
# longer than any conversation with Asterisk: whoever read a call-back before it went has claimed it or not by then
_LONGEST_CALL_S = 4.0
_KEEP_ALL = Retention(*[36_525] * 6)  # a century: no feed's fact is of before 1990

Progress = Callable[[int], object]


class PurgeRefused(Exception):
    """Why nothing may be purged now."""


@dataclass(slots=True)
class Purged:
    """What went, per controller, and what stays although it is old; no `snapshot` where nothing was changed.

    `adopted`: how many loads the archive lacked, and has in its snapshot from now on.  `left`: what is left to mend, now
    that the purge is in force.
    """

    gone: dict[str, Counter[str]] = field(default_factory=dict)
    stays: dict[str, Counter[str]] = field(default_factory=dict)
    archive: Past = field(default_factory=lambda: Past([], [], []))
    snapshot: str | None = None
    adopted: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        return not any(+counts for counts in self.gone.values()) and not self.archive and not self.adopted


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


def known_controllers(settings: config.Settings, archive: Archive, servers: Servers) -> list[str]:
    """Those of the configuration, and those that were in it once.  Raises ArchiveError, StoreUnavailable."""
    return sorted({*settings.controllers, *archive.history().controllers(), *controllers_in(servers.masters())})


def would_purge(settings: config.Settings, archive: Archive, servers: Servers, chosen: Sequence[str], now: datetime,
                progress: Progress) -> Purged:
    """What a purge would take away now; nothing is written.  Raises StoreUnavailable, ArchiveError, PurgeRefused."""
    adopted = _lacked(_differences(archive, servers, known_controllers(settings, archive, servers)))
    result = Purged(archive=past(archive, reaches_back_to(now, settings.retention.feeds_days), chosen), adopted=adopted)
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

    What went wrong once the purge was shown, or a part of it, is in `Purged.left`; what cannot be had back stays then.
    """
    controllers = known_controllers(settings, archive, servers)
    with ExitStack() as stack:
        groups = _groups(settings, archive, servers, controllers, stack)
        adopted = _lacked(_differences(archive, servers, controllers))
        for pending in archive.receipts.pending():  # all locks are held; wherever in a cluster the loads were
            settle(archive, pending, servers.client_of)
        if known_controllers(settings, archive, servers) != controllers:
            raise PurgeRefused("a load of a further controller came between; try again")
        for kept in archive.snapshots.all():
            if not archive.receipts.has(kept):
                archive.snapshots.drop(kept)  # of a purge that was killed
        last, result = groups[-1], Purged()
        try:
            _stage(archive, last.load.id, groups, chosen, settings.retention, now, progress)
            result = _purged(groups, chosen, past(archive, reaches_back_to(now, settings.retention.feeds_days), chosen))
            result.adopted = adopted
            _show(archive, groups, result, now)
        finally:
            if result.snapshot is None and not archive.receipts.has(last.load.id):
                archive.snapshots.drop(last.load.id)
        if result.snapshot is not None and not result.left:
            _remove(archive, servers, groups, result)
        if result.left:
            result.archive = Past([], [], [])
        else:
            try:
                _forget_marks(groups, chosen)
            except StoreUnavailable as error:
                result.left.append(f"marks of used call-backs that nobody sees any more are still there ({error}); {_AGAIN}")
    return result


def _remove(archive: Archive, servers: Servers, groups: list[_Group], result: Purged) -> None:
    """Take away what cannot be had back, once no failover can bring back what the purge took away."""
    assert result.snapshot is not None
    for group in groups:
        result.left += not_replicated(servers, group.client, group.controllers,
                                      f"the archive and the marks of used call-backs were left alone; {_AGAIN}")
    if result.left:
        return
    try:
        for group in groups:
            group.load.hold()
        remove(archive, result.archive, result.snapshot)
    except (ArchiveError, LoadConflict, StoreUnavailable) as error:
        result.left.append(f"not all that is old has gone from the archive ({error}); {_AGAIN}")


def _groups(settings: config.Settings, archive: Archive, servers: Servers, controllers: list[str], stack: ExitStack,
            ) -> list[_Group]:
    try:
        together = [(servers.client_of_all(controllers), controllers)]
    except SlotsApart:
        together = [(servers.client_of(controller), [controller]) for controller in controllers]
    groups = []
    for client, some in together:
        refuse_unfit(client, some, never_evicts=settings.store.never_evicts)
        groups.append(_Group(client, some, stack.enter_context(
            Load(client, some, after=archive.receipts.newest_id()))))
    return groups


def _differences(archive: Archive, servers: Servers, controllers: Sequence[str]) -> dict[str, Difference]:
    history = archive.history()
    return {controller: difference(history, holdings(servers.client_of(controller), controller), controller)
            for controller in controllers}


def _lacked(differences: dict[str, Difference]) -> int:
    """How many loads the archive lacks: a snapshot has them.  Raises PurgeRefused where the store lacks any.

    A snapshot of such a store would take the place of what it lacks.
    """
    words = [words for controller, found in differences.items()
             for words in replace(found, unknown=(), given_up=()).words(controller)]
    if words:
        raise PurgeRefused("; ".join(words))
    return len({load["load_id"] for found in differences.values() for load in (*found.unknown, *found.given_up)})


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


def _show(archive: Archive, groups: list[_Group], result: Purged, now: datetime) -> None:
    """Commit each group, the last with the snapshot's receipt; nothing where there is nothing to purge."""
    if not any(group.load.would_show() for group in groups) and not result.archive and not result.adopted:
        return
    last, others = groups[-1], [controller for group in groups[:-1] for controller in group.controllers]
    if not last.load.would_show() and last.a_page is not None:
        # the same page again: what is shown is known to the store, and a store that does not know it is another one
        controller, name, body = last.a_page
        last.load.put_back(controller, [(name.encode(), body)])
    for one in archive.undo.all():
        archive.undo.drop(one)  # what a snapshot holds cannot be taken back any more
    # what a rebuild cannot read from the snapshot's pages
    state: dict[str, dict[str, Any]] = {"checks": {}, "used": {}, "loads": {
        controller: sorted(holdings(group.client, controller).loads)
        for group in groups for controller in group.controllers}}
    shown: list[str] = []
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
            summary = {"feed": PURGE, "file": "", "sha256": "", "loaded_at": record.instant(now), "receipt": None,
                       "rejected": 0, "rows": changes.total() - changes[NUMBERS],
                       "changes": dict(sorted(changes.items())),
                       "controllers": group.controllers + (others if is_last else [])}
            receipt: Receipt = {"files": [], "shown": group.controllers if group.load.would_show() else []}
            if is_last:
                receipt |= {"snapshot": last.load.id, "state": state,
                            "removed": {"receipts": len(result.archive.receipts), "feeds": result.archive.feeds,
                                        "exports": [export.id for export in result.archive.exports]}}
            try:
                result.left += show(archive, group.client, group.load, summary, receipt, {}, forget)
            except (ArchiveError, LoadConflict, StoreUnavailable) as error:
                if not shown:
                    raise
                result.left.append(f"for {', '.join(shown)} alone: of the others nothing was changed, unless the store broke "
                                   f"at the very end ({error}); {_AGAIN}")
                result.gone = {controller: result.gone[controller] for controller in shown if controller in result.gone}
                result.snapshot = None
                return
            shown += group.controllers
    result.snapshot = last.load.id


def _forget_marks(groups: list[_Group], chosen: Collection[str]) -> None:
    found = [(purging, marks) for group in groups for purging in group.purgings
             if purging.controller in chosen and (marks := purging.old_marks())]
    if found:
        time.sleep(_LONGEST_CALL_S)
    for purging, marks in found:
        purging.forget_marks(marks)
