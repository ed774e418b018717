"""A dossier's decisions against the decision log: each as its record gives it, none left out, none put in.

Joint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from agi_gate.decision_log import files
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import LANGUAGES
from agi_gate.explaining.dossier import clean, decision_data
from agi_gate.ops.decisions import Decision, Log
from agi_gate.ops.dossier_log import OfNumber, decisions_of, is_of, placed, removed, seals
from agi_gate.ops.telling import shown

# what was being decided while the dossier was made may have come to the log a moment later
_IN_FLIGHT = timedelta(seconds=30)
# in this order; what a program of another version says in other words is no difference
_NAMES = {"hash": "record hash", "seq": "number in its chain", "at": "time", "reasons": "list of reasons", "caller_id": "caller ID",
          "why": "meaning or law of its reasons", "rested_on": "ground"}
_WORDS = ("why", "rested_on")
# these change with the log, and are compared by themselves
_OF_THE_PLACE = ("file", "seal", "masked", "changed")


class Comparison:
    """`findings` are what is otherwise than in the log, `notes` what the log can no longer say."""

    def __init__(self, dossier: Mapping[str, Any], log: Log, is_same_program: bool) -> None:
        self._dossier, self._log, self._is_same_program = dossier, log, is_same_program
        self._number, self._controller = str(dossier["number"]), dossier["controller"]
        self._language = LANGUAGES[dossier["language"]]
        self._made_at = datetime.fromisoformat(dossier["made_at"])
        self._seals = seals(log.settings.log.path)
        self._here: OfNumber = decisions_of(log, self._number, self._controller["id"])
        self.findings: list[str] = []
        self.notes: list[str] = []

    def compare(self) -> None:
        """Raises KeyError and the like where a part has another form."""
        said = self._dossier["decisions"]
        at_hand: dict[str, list[Decision]] = {}
        for decision in self._here.decisions:
            at_hand.setdefault(decision.entry["id"], []).append(decision)
        times = Counter(one["id"] for one in said)
        untold = 0
        for id_ in times:
            found = at_hand.get(id_) or list(self._log.find(Wanted(decision=id_), with_key=False))
            if found and times[id_] > len(found):
                self.findings.append(f"decision `{shown(id_)}` is listed {times[id_]} times")
            untold += any(is_of(decision.entry, self._number, self._log.keys) is None for decision in found)
            for one in said:
                if one["id"] == id_:
                    self._one(one, found)
        if untold:
            self.notes.append(f"{untold:,} masked decision(s) could not be compared with the number: their key is not at hand, or "
                              "they have no pseudonym")
        self._left_out(set(times))
        self.findings += self._log_part(self._dossier["log"])
        self.findings += self._controllers_name()

    def _one(self, said: Mapping[str, Any], found: list[Decision]) -> None:
        name = f"decision `{shown(said['id'])}`"
        if not found:
            if self._is_past_retention(said):
                self.notes.append(f"{name} is past retention: its record was removed, and the seal of its file is kept")
            elif not self._log.unread:
                self.findings.append(f"{name} is not in the log")
            return
        differing = [list(self._differing(said, decision)) for decision in found]
        if all(differing):
            self.findings.append(f"{name} is in the log with another {', '.join(differing[0])}")

    def _differing(self, said: Mapping[str, Any], decision: Decision) -> Iterator[str]:
        if is_of(decision.entry, self._number, self._log.keys) is False:
            yield "number"
        if decision.entry["call"].get("controller") != self._controller["id"]:
            yield "controller"
        now = clean(decision_data(placed(decision), self._language))
        left_out = _OF_THE_PLACE if self._is_same_program else (*_OF_THE_PLACE, *_WORDS)
        names = {*said, *now} if self._is_same_program else {*said} & {*now}
        for name in (*_NAMES, *sorted(names - {*_NAMES})):
            if name in names and name not in left_out and (name not in said or name not in now or said[name] != now[name]):
                yield _NAMES.get(name, name)
        yield from self._misplaced(said, decision)

    def _misplaced(self, said: Mapping[str, Any], decision: Decision) -> Iterator[str]:
        """The open file may have been sealed since, and a record masked; nothing goes the other way."""
        open_file, *rotated = self._names_of(decision)
        if said["seal"] is not None and (decision.seal is None or decision.seal.digest != said["seal"]):
            yield "seal"
        elif said["file"] not in ((open_file, *rotated) if said["seal"] is None else rotated):
            yield "file"
        if said["masked"] and not decision.entry["masked"]:
            yield "state of masking"
        if decision.is_changed != said["changed"]:
            yield "personal part"

    def _left_out(self, said: set[str]) -> None:
        missing = [decision for decision in self._here.decisions
                   if decision.entry["id"] not in said and self._at(decision) < self._made_at]
        unread = {gap["file"] for gap in self._dossier["log"]["missing"]}
        excused = [decision for decision in missing if unread & set(self._names_of(decision))]
        if excused:
            self.notes.append(f"{len(excused):,} decision(s) that are in the log are not in it; it says itself that their file could "
                              "not be searched")
        for decision in missing:
            if decision in excused:
                continue
            name = f"decision `{shown(decision.entry['id'])}`"
            if self._at(decision) < self._made_at - _IN_FLIGHT:
                self.findings.append(f"{name} is in the log and not in the dossier")
            else:
                self.notes.append(f"{name} is not in it: it was made in the same moment")

    def _names_of(self, decision: Decision) -> list[str]:
        """What the file of a decision is called, and was: the open one first."""
        segment = files.segment_of(decision.path)
        return [self._log.settings.log.path.name, *(() if segment is None else (segment.plain.name, segment.compressed.name))]

    def _log_part(self, said: Mapping[str, Any]) -> Iterator[str]:
        gone = removed(self._seals)
        for one in said["removed"]:
            if one not in gone:
                yield "what it says was removed past retention was not, as the seals have it"
        late = self._made_at - _IN_FLIGHT
        if any(one not in said["removed"] and datetime.fromisoformat(one["removed_at"]) < late for one in gone):
            yield "it does not say of a part of the log that it was removed past retention"
        digests = [seal.digest for seal in self._seals.values()]
        if said["newest_seal"] is not None and said["newest_seal"] not in digests:
            yield "the newest seal that it names is none of the log's"
        else:
            behind = digests.index(said["newest_seal"]) + 1 if said["newest_seal"] is not None else 0
            if any(datetime.fromisoformat(seal.seal["sealed_at"]) < late for seal in list(self._seals.values())[behind:]):
                yield "the newest seal that it names was not the newest then"
        ownerless = [decision for decision in self._here.ownerless if self._at(decision) < late]
        if len(ownerless) > said["ownerless"] and not said["missing"]:
            yield f"{len(ownerless):,} decision(s) of the number have no known campaign, and it says {said['ownerless']}"

    def _controllers_name(self) -> Iterator[str]:
        """By the configuration, or by what any of the records holds: a controller may have changed its name."""
        configured = self._log.settings.controllers.get(self._controller["id"])
        names = {configured.name if configured else None}
        for decision in self._here.decisions:
            campaign = (decision.entry["policy"] or {}).get("campaign") or {}
            names.add((campaign.get("controller") or {}).get("name"))
        if self._controller["name"] not in names:
            yield "neither the configuration nor any of these records has the controller's name as it says"

    def _is_past_retention(self, said: Mapping[str, Any]) -> bool:
        for seal in self._seals.values():
            ends = seal.seal["chains"].get(said["chain"]) if seal.was_removed else None
            if ends is not None and ends["first_seq"] <= said["seq"] <= ends["last_seq"]:
                return True
        return False

    @staticmethod
    def _at(decision: Decision) -> datetime:
        return datetime.fromisoformat(decision.entry["at"])
