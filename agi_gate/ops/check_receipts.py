"""The receipts of registry checks: which file said so, when it was loaded, under which receipt of the registry.

Joint.  The archive knows; what the store keeps beside the checks is asked where the archive is not at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agi_gate.archive import Archive
from agi_gate.archive.receipts import Receipt

# not who loaded it: that is nobody's business whose number it is
_TOLD = ("receipt", "file", "sha256", "checked_at", "loaded_at", "load_id", "rows", "enrolled", "clear",
         "rolled_back_at")


def receipts_of(archive: Archive, controller: str, checks: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each check, by its id, what its receipt says; nothing of a check that no receipt speaks of.

    Raises ArchiveError where the archive cannot be read.
    """
    wanted = set(checks)
    found: dict[str, dict[str, Any]] = {}
    for receipt in archive.receipts.all() if wanted else []:
        if controller not in receipt["controllers"]:
            continue
        for id_, said in _checks_of(receipt, controller).items():
            if id_ in wanted:
                found[id_] = told(said)
    return found


def told(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said[key] for key in _TOLD if said.get(key) is not None}


def _checks_of(receipt: Receipt, controller: str) -> dict[str, Mapping[str, Any]]:
    # a purge sums up the checks of the loads before it
    summed_up: dict[str, Mapping[str, Any]] = receipt.get("state", {}).get("checks", {}).get(controller, {})
    return {**summed_up, **dict.fromkeys(receipt.get("checks", []), receipt)}
