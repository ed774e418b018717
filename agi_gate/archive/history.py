"""What the receipts say together: which loads are in force, which were taken back, and which came last.

Edge, without its disk: receipts in, answers out.  What a load brought is known by its file and, for an answer of the
registry, by the time of the check: the same file loaded again brings the same back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agi_gate.archive.receipts import Pending, Receipt

# receipts of what brought no file
ROLLBACK, PURGE, REBUILD = "rollback", "purge", "rebuild"

# what a receipt says of the store that its load came into: each a list of loads
FINDINGS = ("store_lacked", "archive_lacked", "store_brought_back")

Content = tuple[str, str, str]  # feed, SHA-256, time of the check


@dataclass(frozen=True, slots=True)
class History:
    """Receipts of accepted loads in their order, and those of loads that may have been shown or not."""

    receipts: Sequence[Receipt]
    pending: Sequence[Pending] = ()

    @property
    def undone(self) -> set[str]:
        """The ids of the loads that were taken back."""
        return {receipt["undoes"] for receipt in self.receipts if receipt["feed"] == ROLLBACK}

    @property
    def doubtful(self) -> set[str]:
        """The ids of loads of which nobody knows whether they were shown, or taken back."""
        return {str(receipt.get("undoes", receipt["load_id"])) for receipt in (one.receipt for one in self.pending)}

    def in_force(self, *, with_pending: bool = False) -> list[Receipt]:
        """What a store is made of: the last purge's snapshot, and each load since then that was not taken back."""
        receipts = [*self.receipts, *(one.receipt for one in self.pending if with_pending)]
        receipts.sort(key=lambda receipt: str(receipt["begun_at"]))
        starts = [place for place, receipt in enumerate(receipts) if receipt.get("snapshot")]
        undone = {receipt["undoes"] for receipt in receipts if receipt["feed"] == ROLLBACK}
        return [receipt for receipt in receipts[starts[-1] if starts else 0:]
                if receipt["load_id"] not in undone and (receipt.get("snapshot") or brings_a_file(receipt))]

    def last(self, controller: str) -> Receipt | None:
        """The receipt of what was shown last, whatever it was."""
        return next((receipt for receipt in reversed(self.receipts) if controller in receipt["shown"]), None)

    def ids(self, controller: str) -> set[str]:
        """Every load of a controller that the archive knows of, those before a purge too."""
        known = {str(receipt["load_id"]) for receipt in self._all() if controller in receipt["controllers"]}
        for receipt in self._all():
            if receipt.get("snapshot"):
                known.update(receipt["state"]["loads"].get(controller, ()))
        return known

    def given_up(self, controller: str) -> set[str]:
        """The ids of loads without which somebody chose to go on, since the store was last made from the archive."""
        given_up: set[str] = set()
        for receipt in self.receipts:
            if controller not in receipt["controllers"]:
                continue
            if receipt["feed"] == REBUILD:
                given_up = set()
            elif receipt.get("despite_missing") and receipt["load_id"] not in self.undone:
                given_up |= {str(load["load_id"]) for found in FINDINGS for load in receipt.get(found, ())}
        return given_up

    def controllers(self) -> set[str]:
        return {controller for receipt in self._all() for controller in receipt["controllers"]}

    def _all(self) -> Iterator[Receipt]:
        yield from self.receipts
        yield from (one.receipt for one in self.pending)


def brings_a_file(receipt: Mapping[str, Any]) -> bool:
    return receipt.get("feed") not in (ROLLBACK, PURGE, REBUILD)


def content(said: Mapping[str, Any]) -> Content:
    """What a load brought, by its receipt or by what the store says of it."""
    return str(said.get("feed")), str(said.get("sha256")), str(said.get("checked_at", ""))
