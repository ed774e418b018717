"""The store beside the archive: whether every load that is in force is there, and no other.

Joint.  It decides nothing: `ops` refuses loads by it, `status`, `preflight` and the daemon report it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_gate.archive import Archive, ArchiveDamaged, ArchiveError, History
from agi_gate.archive.history import FINDINGS, brings_a_file, content
from agi_gate.archive.receipts import Receipt
from agi_gate.regime import ROME
from agi_gate.store.holdings import Holdings, controllers_in, holdings
from agi_gate.store.seen import Seen, path_beside
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable

_LOOKS = 3
_NAMED = 5  # loads; of the others their number is enough
_REBUILD = "empty it and run agi-gate rebuild"
_IN_JSON = ("feed", "file", "loaded_at", "sha256", "checked_at")

Load = Mapping[str, Any]  # what a receipt or the store says of it, and `load_id`


@dataclass(frozen=True, slots=True)
class Difference:
    """What one controller's store is not.

    `missing`: loads in force that the store lacks; `unknown`: loads that the archive lacks; `taken_back`: loads that
    count in the store though they were taken back; `hidden`: the last load, where calls see an earlier state;
    `given_up`: what was any of these when somebody chose to go on without it.
    """

    missing: tuple[Load, ...] = ()
    unknown: tuple[Load, ...] = ()
    taken_back: tuple[Load, ...] = ()
    hidden: Load | None = None
    given_up: tuple[Load, ...] = ()
    visible: str | None = field(default=None, compare=False)  # the load that calls see

    @property
    def is_whole(self) -> bool:
        return not (self.given_up or self.is_open)

    @property
    def is_open(self) -> bool:
        """Say whether anything differs without which nobody has chosen to go on."""
        return bool(self.missing or self.unknown or self.taken_back or self.hidden)

    @property
    def doubt(self) -> str:
        """Why a call may not rest on this store; empty where it may.  What the archive alone lacks is no reason."""
        return "; ".join(self._in_the_store("it"))

    def words(self, controller: str) -> Iterator[str]:
        """A sentence a finding, with its way out."""
        store = f"the store of controller `{controller}`"
        yield from self._in_the_store(store)
        if self.unknown:
            yield (f"{store} holds {_listed(self.unknown)}, which this archive lacks: name the archive that has them with "
                   "[archive] path, or the right store with [store] url; if that archive is lost, agi-gate purge keeps what "
                   "the store holds in this one")
        if self.given_up:
            yield (f"{store} goes on without {_listed(self.given_up)}, as somebody chose with --despite-missing; to have "
                   f"them back, {_REBUILD}")

    def _in_the_store(self, store: str) -> Iterator[str]:
        if self.missing:
            yield (f"{store} lacks {_listed(self.missing)}, which the archive has: it was emptied, is an older copy or "
                   f"another store; {_REBUILD}, or load each file again, objections and rests first")
        if self.taken_back:
            yield (f"{store} brings back {_listed(self.taken_back)}, which was taken back: it is an older copy; {_REBUILD}")
        if self.hidden is not None:
            yield f"{store} hides {named(self.hidden)}, which came last: it is a mixture of copies; {_REBUILD}"

    def for_receipt(self) -> dict[str, list[dict[str, Any]]]:
        return dict(zip(FINDINGS, ([said(load) for load in loads] for loads in (
            self.missing, self.unknown, self.taken_back)), strict=True))

    def for_json(self) -> dict[str, Any]:
        def listed(loads: tuple[Load, ...]) -> list[dict[str, Any]]:
            return [said(load) for load in loads]

        return {"is_whole": self.is_whole, "missing": listed(self.missing), "unknown": listed(self.unknown),
                "taken_back": listed(self.taken_back), "given_up": listed(self.given_up),
                "hidden": None if self.hidden is None else said(self.hidden)}


@dataclass(frozen=True, slots=True)
class Wholeness:
    """Per controller of the configuration what differs.

    `strangers`: controllers that the store holds and the configuration does not have; None where the store does not say.
    `not_known`: why the archive could not be compared; then there are no differences, and that says nothing.
    """

    differences: Mapping[str, Difference] = field(default_factory=dict)
    strangers: frozenset[str] | None = frozenset()
    not_known: str | None = None
    is_damaged: bool = False  # the archive is there, and a receipt cannot be read

    @property
    def is_whole(self) -> bool | None:
        """None where it is not known."""
        if self.strangers or not all(one.is_whole for one in self.differences.values()):
            return False
        return None if self.not_known else True

    def words(self) -> Iterator[str]:
        for controller, difference in self.differences.items():
            yield from difference.words(controller)
        yield from self.words_of_none()

    def words_of_none(self) -> Iterator[str]:
        """What is said of no controller of the configuration."""
        yield from strangers_words(self.strangers or ())
        if self.not_known:
            yield f"whether the store is whole is not known here: {self.not_known}"

    def for_json(self) -> dict[str, Any]:
        return {"is_whole": self.is_whole, "not_known": self.not_known, "findings": list(self.words()),
                "strangers": None if self.strangers is None else sorted(self.strangers)}


def compare(archive: Archive, servers: Servers, controllers: Collection[str], known: Collection[str]) -> Wholeness:
    """Compare without a lock; `known`: the controllers that the store may hold.  Raises StoreUnavailable.

    On a gate's machine there may be no archive.  A load that comes between is no difference: then all is looked at again.
    """
    found = Wholeness(strangers=strangers(servers, known))
    try:
        for _look in range(_LOOKS):
            names = archive.receipts.names()
            if not names:
                raise ArchiveError(f"no load is in the archive `{archive.path}`; see [archive] path")
            history = archive.history()
            found = replace(found, differences={
                controller: difference(history, holdings(servers.client_of(controller), controller), controller)
                for controller in controllers})
            if all(one.is_whole for one in found.differences.values()) or archive.receipts.names() == names:
                break
        return found
    except ArchiveError as error:
        return replace(found, differences={}, not_known=str(error), is_damaged=isinstance(error, ArchiveDamaged))


def note(log: Path, found: Wholeness) -> None:
    """Have the calls of controllers that are not whole denied by every gate of this log, and those of others go on.

    What a store that is whole shows was seen from then on, before any call.  Raises OSError.
    """
    seen = Seen.beside(log)
    for controller, one in found.differences.items():
        if one.is_whole and one.visible is not None:
            seen.expect(controller, bytes.fromhex(one.visible))
    seen.save()
    seen.set_doubts({controller: one.doubt for controller, one in found.differences.items()})


def note_if_ours(log: Path, found: Wholeness) -> None:
    """The same, by ops: where a gate of this machine has its file, and this user's writing leaves it to the gate."""
    with suppress(OSError):
        if os.geteuid() in (0, path_beside(log).stat().st_uid):
            note(log, found)


def compare_anew(archive: Archive, servers: Servers, controllers: Collection[str], log: Path) -> None:
    """Compare after a load or a rebuild has mended a store, so that its calls need not wait for the daemon's next look."""
    with suppress(StoreUnavailable):
        note_if_ours(log, compare(archive, servers, controllers, controllers))


def difference(history: History, held: Holdings, controller: str) -> Difference:
    """What one controller's store is not, by the archive's receipts."""
    here = held.in_force
    brought_here = {content(one) for one in here.values() if brings_a_file(one)}
    in_force = [receipt for receipt in history.in_force() if controller in receipt["controllers"]]
    brought = {content(receipt) for receipt in in_force if brings_a_file(receipt)}
    known, undone, doubtful = history.ids(controller), history.undone, history.doubtful

    missing = [receipt for receipt in in_force if receipt["load_id"] not in doubtful
               and content(receipt) not in brought_here and not _is_there(receipt, held, controller)]
    others = {load_id: one for load_id, one in here.items()
              if not (brings_a_file(one) and content(one) in brought) and load_id not in doubtful}
    unknown = [{**one, "load_id": load_id} for load_id, one in others.items() if load_id not in known]
    taken_back = [{**one, "load_id": load_id} for load_id, one in others.items() if load_id in undone]
    last = history.last(controller)
    hidden = None
    if not (missing or unknown or taken_back) and last is not None and (held.loads or in_force) \
            and held.visible not in {last["load_id"], *(one.load_id for one in history.pending)}:
        hidden = last
    given_up = history.given_up(controller)

    def open_ones(loads: Sequence[Load]) -> tuple[Load, ...]:
        return tuple(load for load in loads if load["load_id"] not in given_up)

    return Difference(open_ones(missing), open_ones(unknown), open_ones(taken_back), hidden, tuple(
        load for load in (*missing, *unknown, *taken_back) if load["load_id"] in given_up), held.visible)


def _is_there(receipt: Receipt, held: Holdings, controller: str) -> bool:
    """Say whether the store names a load; one that changed nothing was never to be named."""
    if receipt["load_id"] in held.loads:  # and if it was taken back there alone, the archive lacks that rollback
        return True
    if controller in receipt["shown"]:
        return False
    # of a purge that changed nothing of this controller: then all that it summed up is still named
    return not receipt.get("snapshot") or set(receipt["state"]["loads"].get(controller, ())) <= set(held.loads)


def strangers(servers: Servers, controllers: Collection[str]) -> frozenset[str] | None:
    """The controllers that the store holds and that are none of these; None where it does not say."""
    try:
        return frozenset(controllers_in(servers.masters())) - frozenset(controllers)
    except StoreUnavailable:
        return None


def strangers_words(controllers: Collection[str]) -> Iterator[str]:
    for controller in sorted(controllers):
        yield (f"the store holds facts of controller `{controller}`, which the configuration does not have: its objections "
               "count for nobody; if its id was changed, change it back; if nobody calls for it any more, name it in "
               "[store] former_controllers")


def said(load: Load) -> dict[str, Any]:
    """What names a load to a machine."""
    return {"load_id": load["load_id"], **{key: load[key] for key in _IN_JSON if key in load}}


def named(load: Load) -> str:
    """A load for people: feed, file and time."""
    at = str(load.get("loaded_at", ""))
    with suppress(ValueError):
        at = f"{datetime.fromisoformat(at).astimezone(ROME):%Y-%m-%d %H:%M}"
    return " ".join(filter(None, (str(load.get("feed", "a load")), str(load.get("file", "")), at and f"of {at}")))


def _listed(loads: tuple[Load, ...]) -> str:
    count = "1 load" if len(loads) == 1 else f"{len(loads):,} loads"
    return f"{count} ({', '.join(named(load) for load in loads[:_NAMED])}{', ...' if len(loads) > _NAMED else ''})"
