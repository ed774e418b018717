"""The archive: every accepted feed with its receipt, what was sent to the registry, and what the last loads replaced.

Edge, owns one folder on disk.  It is made when something is first put into it; nobody but its user may look into it.

    ARCHIVE/feeds/<sha256>.zst            a feed's very bytes, zstd
    ARCHIVE/pending/<begun>-<load>.json   a receipt of a load that has not said yet whether it was committed
    ARCHIVE/receipts/<begun>-<load>.json  one accepted load
    ARCHIVE/exports/<id>.json, .zst       one file for the registry, and the numbers in it
    ARCHIVE/undo/<load>.zst               the pages that a load replaced; of each controller's last load
    ARCHIVE/snapshots/<id>.zst            pages
    ARCHIVE/dossiers/<digest>.json        one dossier that was made: its digest, and when
    ARCHIVE/seen                          the time of the last load: nothing is removed because of the clock alone

A load, from begin to end (each step is safe to be killed after):

    archive.feeds.keep(path, sha256)                  # the bytes, before anything shows
    with archive.undo.writing(load_id) as keep_old:   # while pages are staged
        ...
    pending = archive.receipts.begin(receipt, now)    # the last step before the store's commit, under its locks
    ... commit ...
    archive.receipts.accept(pending)                  # or drop(pending), where it did not come to a commit

What a kill between the two left is in `archive.receipts.pending()`: whoever holds the lock of its controllers asks the
store whether that load was committed, and accepts or drops it.

A file appears under its name whole and synced, or not at all.  Everything raises ArchiveError, with the way out.
"""

from __future__ import annotations

from pathlib import Path

from agi_gate.archive.dossiers import Dossiers
from agi_gate.archive.exports import Export, Exports
from agi_gate.archive.feeds import Feeds
from agi_gate.archive.folder import ArchiveDamaged, ArchiveError
from agi_gate.archive.history import History
from agi_gate.archive.pages import Pages
from agi_gate.archive.receipts import Pending, Receipts, who

__all__ = ["Archive", "ArchiveDamaged", "ArchiveError", "Dossiers", "Export", "Exports", "Feeds", "History", "Pages", "Pending", "Receipts", "who"]


class Archive:
    """One archive folder (`settings.archive_path`); it need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.feeds = Feeds(path / "feeds")
        self.receipts = Receipts(path / "receipts", path / "pending", self.feeds, path / "seen")
        self.exports = Exports(path / "exports")
        self.undo = Pages(path / "undo")
        self.snapshots = Pages(path / "snapshots")
        self.dossiers = Dossiers(path / "dossiers")

    def history(self) -> History:
        """What all receipts say together.  Raises ArchiveError where one cannot be read."""
        pending = self.receipts.pending()  # first: what is accepted meanwhile is found among the others
        receipts = self.receipts.all()
        accepted = {receipt["load_id"] for receipt in receipts}
        return History(receipts, [one for one in pending if one.load_id not in accepted])
