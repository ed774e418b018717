"""`agi-gate rebuild`: an empty store again as it was, from the archive.

Joint.  Everything is put together in memory first and each controller is shown at once: a store in which the checks are
back and the objections are not yet would let calls through.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agi_gate import config, feeds, record
from agi_gate.archive import Archive, ArchiveError, History
from agi_gate.archive.history import REBUILD, ROLLBACK, brings_a_file, content
from agi_gate.archive.receipts import Receipt
from agi_gate.columns import Column, e164_of, empty, merge_columns
from agi_gate.decision_log.pseudonyms import KeyFileError, Keys
from agi_gate.decision_log.segment import SegmentError
from agi_gate.ops import exit_codes, feed_kinds, rollback
from agi_gate.ops.accept import TIMEOUT_MS, not_replicated, show
from agi_gate.ops.admission import OPTION as DESPITE_MISSING
from agi_gate.ops.fitness import refuse_unfit
from agi_gate.ops.used_callbacks import CannotTell, logs_of, used_callbacks
from agi_gate.store import keys, loader, pages, values
from agi_gate.store.holdings import controllers_in, holdings
from agi_gate.store.loader import Load
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable
from agi_gate.wholeness import Difference, compare_anew, difference, named

_PIECE_BYTES = 1 << 20


class _Refused(Exception):
    pass


@dataclass(slots=True)
class _State:
    """What one controller's store is to hold."""

    columns: dict[keys.Kind, Column] = field(default_factory=dict)
    loads: dict[str, Receipt] = field(default_factory=dict)
    checks: dict[str, Receipt] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)  # call-backs: (E.164 number, mark of the request)

    def add(self, kind: keys.Kind, column: Column) -> None:
        held = self.columns.get(kind, empty())
        self.columns[kind] = merge_columns(held, column, values.MERGES[kind], lambda old, new: "")[0]


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "rebuild", parents=[common], help="make an empty store again from the archive",
        description="Load all that the archive holds into an empty store, in the order in which it was accepted, without "
                    "what was taken back.  Call-backs that were used up are found in the decision logs.",
        epilog="example: agi-gate rebuild --log decisions.jsonl.1.gz",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", action="append", default=[], metavar="FILE",
                        help="a further decision log, plain or .gz (the configuration's, and those beside it that begin "
                             "with its name, are read anyway)")
    parser.add_argument("--without-callbacks", action="store_true",
                        help="leave call-backs out, where no log can say which were used up")
    parser.add_argument(DESPITE_MISSING, action="store_true",
                        help="make the store again although this archive lacks loads that the store held")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    archive, servers = Archive(settings.archive_path), Servers.at(settings.store.url, TIMEOUT_MS)
    try:
        history = archive.history()
        receipts = _in_force(history)
        if not receipts:
            raise _Refused(f"there is nothing in the archive {settings.archive_path}")
        if not arguments.despite_missing:
            _refuse_lesser_archive(servers, history, receipts)
        controllers = _empty_ones(servers, history, receipts, never_evicts=settings.store.never_evicts)
        states = _states(archive, receipts)
        _mark_used(states, settings.log, arguments)
    except (_Refused, feeds.FeedError) as error:
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was changed", exit_codes.UNREACHABLE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be read ({error}); nothing was changed", exit_codes.UNREACHABLE)
    left: list[str] = []
    for nth, controller in enumerate(controllers):
        state = states[controller]
        try:
            left += _show(archive, servers, controller, state)
        except (_Refused, LoadConflict, ArchiveError, StoreUnavailable) as error:
            return _broken_off(controllers[:nth], controllers[nth:], error)
        held = ", ".join(f"{len(column):,} {kind.name}" for kind, column in state.columns.items()) or "nothing"
        print(f"rebuilt {controller} from {len(state.loads):,} loads: {held}")
    left += _accept_pending(archive, history, controllers)
    compare_anew(archive, servers, settings.controllers, settings.log.path)
    for words in left:
        print(f"agi-gate rebuild: the store is made again, but {words}", file=sys.stderr)
    return exit_codes.TO_MEND if left else exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate rebuild: {why}", file=sys.stderr)
    return code


def _broken_off(done: list[str], undone: list[str], error: Exception) -> int:
    """Say of which controllers the store is made again, and of which not."""
    is_store = isinstance(error, StoreUnavailable)
    why = f"the store could not be reached or written ({error})" if is_store else str(error)
    last = f"of {undone[0]}, unless the store broke at the very end, " if is_store else ""
    if done:
        return _fail(f"{why}; {', '.join(done)} is made again and in force; {last}of {', '.join(undone)} nothing was "
                     "changed: run this again", exit_codes.TO_MEND)
    return _fail(f"{why}; nothing was changed{', unless it broke at the very end' if is_store else ''}: run this again",
                 exit_codes.FEED_REFUSED if isinstance(error, _Refused | LoadConflict) else exit_codes.UNREACHABLE)


def _in_force(history: History) -> list[Receipt]:
    """The receipts that made the store what it was: none that was taken back, none that a purge has summed up.

    A load that was killed at its very end is among them: it was past all that could refuse it, and an objection in it
    counts more than the doubt.  Of a rollback it cannot be guessed: what it took back may hold objections, or consents.
    """
    for one in history.pending:
        if one.receipt["feed"] == ROLLBACK:
            raise _Refused(
                f"nobody knows whether the rollback of {one.receipt['file']} was shown before the store was lost; in the "
                f"archive, move `pending/{one.name}` to `receipts` if that load is to stay taken back, or delete it if not")
    return history.in_force(with_pending=True)


def _refuse_lesser_archive(servers: Servers, history: History, receipts: list[Receipt]) -> None:
    """Refuse where loads are named that this archive lacks: by the store now, or by a receipt of a load that met them."""
    controllers = {controller for receipt in receipts for controller in receipt["controllers"]}
    for controller in sorted(controllers | controllers_in(servers.masters())):
        unknown = difference(history, holdings(servers.client_of(controller), controller), controller).unknown
        if unknown:
            raise _Refused("; ".join(Difference(unknown=unknown).words(controller))
                           + f" ({DESPITE_MISSING} makes a store without them)")
    known = {receipt["load_id"] for receipt in history.receipts}
    brought = {content(receipt) for receipt in receipts if brings_a_file(receipt)}
    for receipt in receipts:
        lacking = [load for load in receipt.get("archive_lacked", ())
                   if load["load_id"] not in known and content(load) not in brought]
        if lacking:
            raise _Refused(f"when {named(receipt)} was loaded, the store held {', '.join(map(named, lacking))}, which this "
                           "archive lacks: name the archive that has them with [archive] path "
                           f"({DESPITE_MISSING} makes a store without them)")


def _empty_ones(servers: Servers, history: History, receipts: list[Receipt], *, never_evicts: bool) -> list[str]:
    """The controllers of which the store holds nothing; those of which it holds all are left alone."""
    empty = []
    for controller in sorted({controller for receipt in receipts for controller in receipt["controllers"]}):
        client = servers.client_of(controller)
        refuse_unfit(client, [controller], never_evicts=never_evicts)
        held = holdings(client, controller)
        if held.visible is None and not held.in_force:
            empty.append(controller)
        elif not difference(history, held, controller).is_whole:
            raise _holds_data(controller)
    if not empty:
        raise _Refused("the store holds all that the archive has, and only an empty one is made again")
    return empty


def _holds_data(controller: str) -> _Refused:
    return _Refused(f"the store holds data of controller `{controller}`, and only an empty one is made again; name another "
                    f"with ${config.STORE_URL_VARIABLE}, or empty this one")


def _states(archive: Archive, receipts: list[Receipt]) -> dict[str, _State]:
    states: dict[str, _State] = defaultdict(_State)
    for receipt in receipts:
        if receipt.get("snapshot"):
            _restore(archive, receipt, states)
        else:
            kind = feed_kinds.kind_of(receipt["feed"])
            for controller, column in _columns(archive, receipt).items():
                states[controller].add(kind, column)
        for controller in receipt["controllers"]:
            said = rollback.said_of_load(receipt)
            states[controller].loads[receipt["load_id"]] = said
            states[controller].checks |= dict.fromkeys(receipt.get("checks", []), said)
    return states


def _columns(archive: Archive, receipt: Receipt) -> dict[str, Column]:
    """What one load loaded, from the very bytes of its files."""
    with ExitStack() as open_files:
        files = []
        for sha256 in _files_read(receipt):
            copy = open_files.enter_context(tempfile.NamedTemporaryFile(prefix="agi-gate-"))
            with archive.feeds.open(sha256) as kept:
                while piece := kept.read(_PIECE_BYTES):
                    copy.write(piece)
            copy.flush()
            files.append(open_files.enter_context(feeds.FeedFile(copy.name)))
        if receipt["feed"] == feed_kinds.REGISTRY:
            feed = feeds.read_registry(files[0], files[1] if files[1:] else None)
            clear, enrolled = (bytes.fromhex(result) for result in receipt["results"])
            return {receipt["controllers"][0]: feed_kinds.column_of_checks(feed, clear, enrolled)}
        return feed_kinds.read_csv_again(receipt, files[0]).columns


def _files_read(receipt: Receipt) -> list[str]:
    """The files as they were read: of a stripped answer the submitted one, too, also where both are the same bytes.

    Nothing was stripped then, and the receipt names the one file that was kept; but its `sha256` is that of two.
    """
    files = list(receipt["files"])
    stripped = receipt["feed"] == feed_kinds.REGISTRY and receipt["sha256"] != files[0]
    return [files[0], files[-1]] if stripped else files


def _restore(archive: Archive, purge: Receipt, states: dict[str, _State]) -> None:
    """What a purge left: pages, records of checks, and marks of call-backs."""
    by_letter = {kind.letter: kind for kind in keys.KINDS}
    found: dict[tuple[str, keys.Kind], list[tuple[int, bytes]]] = defaultdict(list)
    for name, body in archive.snapshots.read(purge["snapshot"]):
        letter, _, digits = name.decode().removeprefix(keys.base(keys.controller_of(name.decode()))).partition(":")
        found[keys.controller_of(name.decode()), by_letter[letter]].append((int(digits), body))
    for (controller, kind), of_kind in found.items():
        of_kind.sort()
        column = pages.decode(controller, kind, [digits for digits, _ in of_kind], [body for _, body in of_kind])
        states[controller].add(keys.CONSENTS if kind is keys.DENSE_CONSENTS else kind, column)
    for controller, checks in purge["state"]["checks"].items():
        states[controller].checks |= checks
    for controller, marks in purge["state"]["used"].items():
        states[controller].used |= {(e164, mark) for e164, mark in marks}


def _mark_used(states: dict[str, _State], log: config.LogSettings, arguments: argparse.Namespace) -> None:
    """Add the call-backs that the decision logs say were used up."""
    if not any(len(state.columns.get(keys.CALLBACKS, empty())) for state in states.values()):
        return
    if arguments.without_callbacks:
        for state in states.values():
            state.columns.pop(keys.CALLBACKS, None)
        return
    try:
        logs = sorted({*logs_of(log.path), *map(Path, arguments.log)})
        if not logs:
            raise _Refused(f"there are call-backs in the archive, and no decision log at {log.path} says which were used "
                           "up; name it with --log, or leave them out with --without-callbacks")
        used = used_callbacks(logs)
        numbers = {controller: map(e164_of, state.columns.get(keys.CALLBACKS, empty()).numbers.tolist())
                   for controller, state in states.items()}
        key_file = Keys.load(log.key) if used.masked and log.key is not None else None
        for controller, marks in used.of_numbers(numbers, key_file).items():
            states[controller].used |= set(marks)
    except (CannotTell, KeyFileError) as error:
        raise _Refused(f"{error}; so it cannot be said which call-backs were used up; or leave them out with "
                       "--without-callbacks") from error
    except (OSError, EOFError, SegmentError) as error:
        raise _Refused(f"a decision log cannot be read ({error}), so it cannot be said which call-backs were used up; "
                       "mend it, or leave them out with --without-callbacks") from error


def _show(archive: Archive, servers: Servers, controller: str, state: _State) -> list[str]:
    """What is left to mend, now that the controller is made again."""
    client = servers.client_of(controller)
    with Load(client, [controller], after=archive.receipts.newest_id()) as load:
        if loader.visible_load(client, controller) is not None:
            raise _holds_data(controller)  # of a load that came meanwhile
        for kind, column in state.columns.items():
            load.stage(kind, controller, column, feed_kinds.change)
        load.mark_used(controller, sorted(state.used))
        load.must_show = True
        summary: Receipt = {
            "feed": REBUILD, "file": "the archive", "sha256": "", "receipt": None, "rejected": 0, "changes": {},
            "loaded_at": record.instant(datetime.now(UTC)), "controllers": [controller],
            "rows": sum(map(len, state.columns.values()))}
        left = show(archive, client, load, summary, {"files": []}, {controller: state.checks}, other_loads=state.loads)
    return left + not_replicated(servers, client, [controller], "see agi-gate status, and docs/servers.md")


def _accept_pending(archive: Archive, history: History, controllers: list[str]) -> list[str]:
    """Loads that were killed at their very end are in force now; a rebuild that was killed has come to nothing."""
    try:
        for pending in history.pending:
            if pending.receipt["feed"] == REBUILD:
                archive.receipts.drop(pending)
            elif set(pending.receipt["controllers"]) <= set(controllers):
                archive.receipts.accept(pending)
    except ArchiveError as error:
        return [f"a load that was killed has no receipt yet ({error}); the next load accepts it"]
    return []
