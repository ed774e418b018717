"""What the decision log holds of one number for one controller, and what of it could not be looked for.

Joint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_gate.decision_log import files, sealing
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.decision_log.sealing import Seal
from agi_gate.decision_log.wanted import Wanted, key_of
from agi_gate.explaining.dossier import Placed
from agi_gate.number import behind_code
from agi_gate.ops.decisions import Decision, Log
from agi_gate.verdict import Reason


@dataclass(slots=True)
class OfNumber:
    """By time.  `ownerless`: of the number, without a known campaign, and so of no controller.

    `numberless`: masked, of the controller, dialled with a code that hid the caller ID: no number was understood, so none
    is in the record, and no pseudonym.
    """

    decisions: list[Decision] = field(default_factory=list)
    ownerless: list[Decision] = field(default_factory=list)
    numberless: list[Decision] = field(default_factory=list)


def decisions_of(log: Log, number: str, controller: str) -> OfNumber:
    found = OfNumber()
    for decision in log.find(Wanted(number)):
        _put(decision, controller, found)
    # such a code makes what was dialled no number: it is in no index
    for decision in log.find(Wanted(reason=Reason.CALLER_ID_WITHHELD.name), with_key=False):
        entry = decision.entry
        if entry["masked"] and not (entry["pseudonyms"] or {}).get("destination"):
            if entry["call"].get("controller") == controller:
                found.numberless.append(decision)
        elif not entry["masked"] and entry["destination"] is None and is_of(entry, number, None):
            _put(decision, controller, found)
    for decisions in (found.decisions, found.ownerless):
        decisions.sort(key=lambda decision: datetime.fromisoformat(decision.entry["at"]))
    return found


def is_of(entry: Mapping[str, Any], number: str, keys: Keys | None) -> bool | None:
    """Say whether a record is of a number; None where it is masked, and no key at hand can tell."""
    if not entry["masked"]:
        if entry["destination"] is not None:
            return bool(entry["destination"] == number)
        dialled = behind_code(entry["call"].get("destination", ""))
        return dialled is not None and dialled.e164 == number
    pseudonym = (entry["pseudonyms"] or {}).get("destination")
    if keys is None or key_of(pseudonym) not in [key.id for key in keys.keys]:
        return None
    return pseudonym in keys.all_pseudonyms(number)


def placed(decision: Decision) -> Placed:
    return Placed(decision.entry, decision.hash, decision.path.name, decision.seal.digest if decision.seal else None,
                  decision.is_changed)


def account_of(log: Log, found: OfNumber) -> dict[str, Any]:
    """Which files were searched and which could not be, with file names alone: the paths are nobody else's business."""
    path = log.settings.log.path
    sealed = seals(path)
    missing = [{"what": "no_seal" if segment.name not in sealed else "gone", "file": segment.compressed.name}
               for segment in files.segments(path) if segment.file is None
               and not (segment.name in sealed and sealed[segment.name].was_removed)]
    missing += [{"what": gap.what, "file": gap.file} for gap in log.gaps]
    return {"files": len(log.paths()), "removed": removed(sealed), "missing": missing,
            "newest_seal": next((seal.digest for seal in reversed(sealed.values())), None),
            "ownerless": len(found.ownerless), "numberless": len(found.numberless)}


def seals(path: Path) -> dict[str, Seal]:
    """The seals that can be read, by segment, the oldest first."""
    found = {}
    for segment in files.segments(path):
        try:
            found[segment.name] = sealing.read(segment.seal)
        except (sealing.SealError, FileNotFoundError):
            continue
    return found


def removed(sealed: Mapping[str, Seal]) -> list[dict[str, Any]]:
    """What went past its retention."""
    return [{"segment": name, "first_at": seal.seal["first_at"], "last_at": seal.seal["last_at"],
             "removed_at": seal.file["removed_at"]} for name, seal in sealed.items() if seal.was_removed]


def _put(decision: Decision, controller: str, found: OfNumber) -> None:
    owner = decision.entry["call"].get("controller")
    if owner == controller:
        found.decisions.append(decision)
    elif owner is None:
        found.ownerless.append(decision)
