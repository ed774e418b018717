"""One load from columns to what calls see, with its feed in the archive and its receipt.

Joint.  The order is what makes it safe to be killed anywhere: the feed's bytes are kept, the pages are staged beside the
ones that calls see and what they replace is kept for a rollback, the receipt is written down as pending, one
transaction shows the load, and the receipt is accepted.  What a kill left pending, the next load settles: the store
knows whether that load was shown, unless it lacks others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agi_gate.archive import Archive, ArchiveError, History, Pending
from agi_gate.archive.history import ROLLBACK, brings_a_file, content
from agi_gate.columns import Classify, Column
from agi_gate.ops.fitness import refuse_unfit
from agi_gate.store import keys, loader
from agi_gate.store.holdings import holdings
from agi_gate.store.loader import Load
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable
from agi_gate.wholeness import Difference, difference

# ops can wait longer than a call
TIMEOUT_MS = 30_000


@dataclass(slots=True)
class Work:
    """What to load.  `checks`: per controller, check id -> its record; `receipt`: what the archive alone is told."""

    kind: keys.Kind
    columns: Mapping[str, Column]
    classify: Classify
    summary: dict[str, Any]
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    receipt: Mapping[str, Any] = field(default_factory=dict)


# what the receipt of a load is to say of the store that it comes into; raises FeedError where it may not come
Admit = Callable[[Mapping[str, Difference], Work], Mapping[str, Any]]


def differences(history: History, client: loader.Client, controllers: Sequence[str]) -> dict[str, Difference]:
    """What the controllers' stores are not, by the archive.  Raises StoreUnavailable."""
    return {controller: difference(history, holdings(client, controller), controller) for controller in controllers}


def settled(archive: Archive, client: loader.Client, controllers: Sequence[str],
            ) -> tuple[History, dict[str, Difference]]:
    """Say of loads that were killed whether they were shown, then compare; the controllers' locks must be held.

    Each receipt is read here, before anything is shown: one that is damaged is no news for afterwards.  Raises
    ArchiveError, StoreUnavailable.
    """
    history = archive.history()
    found = differences(history, client, controllers)
    ours = [one for one in history.pending if set(one.receipt["controllers"]) <= set(controllers)]
    if not ours:
        return history, found
    for pending in ours:
        # a store that lost other loads says nothing of this one by not knowing it
        settle(archive, pending, lambda _owner: client, is_lost=any(one.missing for one in found.values()))
    history = archive.history()
    return history, differences(history, client, controllers)


def settle(archive: Archive, pending: Pending, client_of: Callable[[str], loader.Client], *, is_lost: bool = False) -> None:
    """The same of one load, whose controllers' locks must be held; `client_of` a controller.

    `is_lost`: the store lost loads.  Then an objection in this one counts more than the doubt; of a rollback it cannot be
    guessed, and it stays pending.
    """
    # of a file without a row nobody is the owner, and nothing was shown
    owner = next(iter(pending.receipt["controllers"]), None)
    if owner is not None and (loader.is_committed(client_of(owner), owner, pending.load_id)
                              or is_lost and brings_a_file(pending.receipt)):
        archive.receipts.accept(pending)
    elif not is_lost or pending.receipt["feed"] != ROLLBACK:
        archive.receipts.drop(pending)
        archive.undo.drop(pending.load_id)


def accept(servers: Servers, archive: Archive, controllers: Sequence[str], files: Mapping[str, Path],
           prepare: Callable[[loader.Client], Work], *, dry_run: bool, never_evicts: bool, admit: Admit,
           refuse: Callable[[Counter[str]], None], progress: Callable[[int], object]) -> dict[str, Any]:
    """Load what `prepare` makes once the controllers are locked, and return the summary.

    `files`: where each file's bytes are, by SHA-256.  `refuse` may raise FeedError once it is known what would change.
    Raises LoadConflict, FeedError, StoreUnavailable, ArchiveError: nothing was changed, but for a store that broke at
    the very end.  What went wrong once the load was shown is in the summary, `left_to_mend`.
    """
    client = servers.client_of_all(controllers)
    refuse_unfit(client, controllers, never_evicts=never_evicts)
    load = Load(client, controllers, dry_run=dry_run, after=archive.receipts.newest_id())
    if dry_run:
        with load:
            work = prepare(client)
            admit(differences(archive.history(), client, controllers), work)
            counts = _stage(load, work, progress)
        refuse(counts)
        return work.summary | {"changes": dict(sorted(counts.items())), "changed": False}
    left: list[str] = []
    with _keeping(archive, files) as kept, load:
        history, found = settled(archive, client, controllers)
        work = prepare(client)
        receipt = admit(found, work)
        # so that the store names it again, where other files have brought its rows already
        load.must_show = any(content(work.summary) in map(content, one.missing) for one in found.values())
        with archive.undo.writing(load.id) as load.keep_old:
            counts = _stage(load, work, progress)
        shown = False
        try:
            refuse(counts)
            kept()
            summary = work.summary | {"changes": dict(sorted(counts.items()))}
            changed = load.would_show(work.checks)
            if changed or not _is_said(history, work.summary, files):
                left = show(archive, client, load, summary, {**work.receipt, **receipt, "files": list(files)},
                            work.checks)
            shown = changed
        finally:
            # of a load whose receipt is pending it is not known yet whether it was shown
            if not shown and not archive.receipts.is_pending(load.id):
                archive.undo.drop(load.id)
    if changed:
        left += not_replicated(servers, client, controllers, "load the same file again")
    return summary | {"changed": changed} | ({"left_to_mend": left} if left else {})


def _is_said(history: History, summary: Mapping[str, Any], files: Mapping[str, Path]) -> bool:
    """Say whether a receipt says the very same already, of a load that was not taken back.

    That the archive has the files is not enough: they stay there where their load was refused or taken back.  Without
    a receipt the load that brought the same from elsewhere could be taken back, and these rows would go with it.
    """
    return any(receipt["feed"] == summary["feed"] and receipt["files"] == list(files)
               and set(summary["controllers"]) <= set(receipt["controllers"]) for receipt in history.in_force())


def show(archive: Archive, client: loader.Client, load: Load, summary: Mapping[str, Any], receipt: Mapping[str, Any],
         checks: Mapping[str, Mapping[str, Any]], forget_checks: Sequence[str] = (),
         other_loads: Mapping[str, Mapping[str, Any]] = {}) -> list[str]:
    """Commit a load between the two steps of its receipt; return what is left to mend, now that it is in force.

    Raises LoadConflict, ArchiveError: nothing was shown.  Raises StoreUnavailable: nobody knows.
    """
    shown = load.would_show(checks)
    pending = archive.receipts.begin({"shown": list(summary["controllers"]) if shown else [], **summary, **receipt,
                                      "load_id": load.id}, datetime.now(UTC))
    try:
        load.commit(summary, checks, forget_checks, other_loads)
    except LoadConflict:
        archive.receipts.drop(pending)  # it is certain that nothing was shown; of a broken store it is not
        raise
    except StoreUnavailable:
        if not _was_shown(client, pending):
            raise
    left: list[str] = []
    if shown:
        left += _left(lambda: archive.receipts.accept(pending),
                      "its receipt waits in the archive, for the next load to accept it")
    else:
        archive.receipts.accept(pending)
    return left + _left(lambda: _drop_undo_of_earlier(archive, pending),
                        "what an earlier load replaced could not be taken away; load the same file again")


def _was_shown(client: loader.Client, pending: Pending) -> bool:
    """Ask a store that broke at the commit; False where it cannot say, or does not know the load (yet)."""
    try:
        return loader.is_committed(client, pending.receipt["shown"][0], pending.load_id)
    except StoreUnavailable:
        return False


def not_replicated(servers: Servers, client: loader.Client, controllers: Sequence[str], way_out: str) -> list[str]:
    """What is left to mend of what was just shown, where a failover could lose it."""
    try:
        if servers.kept(client, controllers):
            return []
    except StoreUnavailable as error:
        return [f"whether every replica has it was not found out ({error}), and a failover now may lose it; {way_out}"]
    return [f"not every replica has taken it over in time, and a failover now would lose it; {way_out}"]


def _left(step: Callable[[], None], words: str) -> list[str]:
    try:
        step()
    except ArchiveError as error:
        return [f"{words} ({error})"]
    return []


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
