"""What of the archive is past retention, and its end.

Edge.  Nothing goes before a snapshot of the store is accepted, since a store is made again from what is archived.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agi_gate.archive import Archive, Export
from agi_gate.archive.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Past:
    """Load ids of receipts, SHA-256 of feeds, exports."""

    receipts: list[str]
    feeds: list[str]
    exports: list[Export]

    def __bool__(self) -> bool:
        return bool(self.receipts or self.feeds or self.exports)


def past(archive: Archive, before: datetime, controllers: Collection[str]) -> Past:
    """What was accepted or exported before an instant, for these controllers alone.

    A feed that a younger receipt speaks of stays with it.  A feed that no receipt speaks of (its load was refused) goes
    by the time at which it was kept.  Raises ArchiveError.
    """
    def is_old(receipt: Receipt) -> bool:
        return datetime.fromisoformat(receipt["begun_at"]) < before and set(receipt["controllers"]) <= set(controllers)

    receipts = archive.receipts.all()
    old = [receipt for receipt in receipts if is_old(receipt)]
    young = [receipt for receipt in receipts if not is_old(receipt)]
    young += [pending.receipt for pending in archive.receipts.pending()]
    needed = {sha256 for receipt in young for sha256 in receipt["files"]}
    of_old = {sha256 for receipt in old for sha256 in receipt["files"]}
    return Past(
        receipts=[receipt["load_id"] for receipt in old],
        feeds=[sha256 for sha256 in archive.feeds.all()
               if sha256 not in needed and (sha256 in of_old or archive.feeds.kept_at(sha256) < before)],
        exports=[export for export in archive.exports.all()
                 if export.created_at < before and export.controller in controllers])


def remove(archive: Archive, what: Past, snapshot: str) -> None:
    """Take it away, and each older snapshot; a receipt goes after its feeds, so that a kill leaves nothing unknown."""
    for export in what.exports:
        archive.exports.drop(export)
    for sha256 in what.feeds:
        archive.feeds.drop(sha256)
    for load_id in what.receipts:
        archive.receipts.forget(load_id)
    for id_ in archive.snapshots.all():
        if id_ != snapshot:
            archive.snapshots.drop(id_)
