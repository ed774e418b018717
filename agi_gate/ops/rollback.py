"""`agi-gate rollback`: take the last load back, as if it had never been."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive, ArchiveError
from agi_gate.archive.history import FINDINGS, REBUILD, ROLLBACK
from agi_gate.feeds import FeedError
from agi_gate.ops import accept, exit_codes
from agi_gate.ops.admission import OPTION as DESPITE_MISSING
from agi_gate.ops.admission import for_receipt
from agi_gate.ops.fitness import refuse_unfit
from agi_gate.store import keys, loader
from agi_gate.store.loader import Load
from agi_gate.store.lock import LoadConflict
from agi_gate.store.servers import Servers, SlotsApart
from agi_gate.store.unavailable import StoreUnavailable


class _NothingToUndo(Exception):
    pass


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "rollback", parents=[common], help="take the last load back",
        description="Take the last load back: every number is known as it was before.  Only the last one can be, and "
                    "once; call-backs that were used up meanwhile stay so.",
        epilog="example: agi-gate rollback --controller acme", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--controller", metavar="C", help="the last load of this one (default: the last of all)")
    parser.add_argument(DESPITE_MISSING, action="store_true",
                        help="take it back although the store is not what the archive says")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    if arguments.controller is not None and arguments.controller not in settings.controllers:
        return _fail(f"`{arguments.controller}` is no controller of the configuration; known: "
                     f"{', '.join(settings.controllers)}", exit_codes.USAGE)
    archive, servers = Archive(settings.archive_path), Servers.at(settings.store.url, accept.TIMEOUT_MS)
    try:
        last = _last_load(servers, archive, [arguments.controller] if arguments.controller else [*settings.controllers])
        client = servers.client_of_all(last["controllers"])
        refuse_unfit(client, last["controllers"], never_evicts=settings.store.never_evicts)
        left = _take_back(servers, client, archive, last, despite_missing=arguments.despite_missing)
    except (_NothingToUndo, FeedError, LoadConflict, SlotsApart) as error:
        return _fail(f"{error}; nothing was changed", exit_codes.FEED_REFUSED)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was changed", exit_codes.UNREACHABLE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be reached or written ({error}); nothing was changed, unless it broke at "
                     "the very end: see agi-gate status", exit_codes.UNREACHABLE)
    print(f"took back {last['feed']} {last['file']} of {last['loaded_at']} for {', '.join(last['controllers'])}: "
          f"{last['rows']:,} rows")
    for words in left:
        print(f"agi-gate rollback: it is taken back, but {words}", file=sys.stderr)
    return exit_codes.TO_MEND if left else exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate rollback: {why}", file=sys.stderr)
    return code


def _last_load(servers: Servers, archive: Archive, controllers: list[str]) -> dict[str, Any]:
    """The receipt of the load that was shown last.  The store says which: an archive may have seen others."""
    shown = {controller: load_id for controller in controllers
             if (load_id := loader.visible_load(servers.client_of(controller), controller)) is not None}
    if not shown:
        raise _NothingToUndo("nothing was loaded yet")
    loads = {load_id: receipt for load_id in shown.values() if (receipt := _receipt(archive, load_id)) is not None}
    if not loads:
        raise _NothingToUndo("the last load is not in this archive: it was made with another one")
    last = max(loads.values(), key=lambda receipt: str(receipt["begun_at"]))
    if last["feed"] == ROLLBACK:
        raise _NothingToUndo(f"the last load, {last['file']}, was taken back already at {last['loaded_at']}; what came "
                             "before it stays")
    if last["feed"] == REBUILD:
        raise _NothingToUndo("the last thing that was done is a rebuild, and what the loads before it replaced is not kept")
    if last.get("snapshot"):
        raise _NothingToUndo("the last thing that was done is a purge, and what it took away is gone")
    if not archive.undo.has(last["load_id"]):
        raise _NothingToUndo(f"what {last['feed']} {last['file']} replaced is not kept any more; load the lists that are "
                             "right again")
    return last


def _receipt(archive: Archive, load_id: str) -> dict[str, Any] | None:
    # a load that was killed after it was shown is pending still
    pending = (pending.receipt for pending in archive.receipts.pending() if pending.load_id == load_id)
    return archive.receipts.find(load_id) or next(pending, None)


def _take_back(servers: Servers, client: loader.Client, archive: Archive, last: dict[str, Any], *, despite_missing: bool) -> list[str]:
    """What is left to mend, now that the load is taken back."""
    controllers, now = last["controllers"], record.instant(datetime.now(UTC))
    with Load(client, controllers, after=archive.receipts.newest_id()) as load:
        _history, found = accept.settled(archive, client, controllers)
        amiss = {controller: one for controller, one in found.items() if one.is_open}
        if amiss and not despite_missing:
            words = "; ".join(words for controller, one in amiss.items() for words in one.words(controller))
            raise _NothingToUndo(f"{words} ({DESPITE_MISSING} takes it back all the same)")
        for controller in controllers:
            if loader.visible_load(client, controller) != last["load_id"]:
                raise _NothingToUndo(f"another load of controller `{controller}` came after {last['file']}, and only the "
                                     "last one can be taken back")
        for controller, pages in _by_controller(archive.undo.read(last["load_id"])):
            load.put_back(controller, pages)
        summary = {"feed": ROLLBACK, "file": last["file"], "sha256": last["sha256"], "loaded_at": now,
                   "controllers": controllers, "rows": last["rows"], "rejected": 0, "receipt": None, "changes": {}}
        receipt = {"files": [], "undoes": last["load_id"]} | for_receipt(found.values(), despite_missing=despite_missing)
        left = accept.show(archive, client, load, summary, receipt, {}, last.get("checks", []),
                           {last["load_id"]: said_of_load(last) | {"rolled_back_at": now}})
    return left + accept.not_replicated(servers, client, controllers, "then it is to be taken back again; see agi-gate status")


def said_of_load(receipt: dict[str, Any]) -> dict[str, Any]:
    """What the store says of a load, of what its receipt says."""
    archive_only = ("v", "begun_at", "loaded_by", "load_id", "files", "results", "checks", "undoes", "snapshot", "state",
                    "shown", "removed", "despite_missing", *FINDINGS)
    return {key: value for key, value in receipt.items() if key not in archive_only}


def _by_controller(pages: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[str, Iterator[tuple[bytes, bytes]]]]:
    """A load stages one controller after the other, so theirs lie together."""
    return groupby(pages, key=lambda kept: keys.controller_of(kept[0].decode()))
