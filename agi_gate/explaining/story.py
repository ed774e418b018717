"""The story of one decision: who called whom for whom, what was known, what was decided by which law, what would change it.

Everything comes from the record (`record.parse`), so that a call of years ago is told as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agi_gate import record
from agi_gate.call import Call
from agi_gate.decide import decide
from agi_gate.explaining import law
from agi_gate.explaining.asked import Asked
from agi_gate.explaining.calling_hours import windows
from agi_gate.explaining.clauses import meaning
from agi_gate.explaining.known import Known, Receipts
from agi_gate.explaining.language import Language
from agi_gate.explaining.opposite import opposite
from agi_gate.facts import Facts
from agi_gate.policy import Agent
from agi_gate.regime import ROME, regime_at
from agi_gate.verdict import Reason

_BROKEN = (Reason.STORE_UNAVAILABLE, Reason.LOG_UNAVAILABLE, Reason.GATE_ERROR)
_BROKEN_RECORD = (KeyError, IndexError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    sections: list[Section]
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return self.data | {"title": self.title, "told": {section.name: section.sentences for section in self.sections}}


def tell(entry: dict[str, Any], language: Language, *, controllers: Mapping[str, str] = {}, receipts: Receipts = {},
         notes: list[str] | None = None) -> Story:
    """Tell a record, as `record.parse` gives it.  Raises ValueError where it does not hold what a record holds.

    `controllers`: names by id, for records that have none.  `receipts`: what is known of checks, by their id.  `notes`:
    sentences of the record itself that the caller adds.
    """
    try:
        return _Teller(entry, language, controllers, receipts).story(notes or [])
    except _BROKEN_RECORD as error:
        raise ValueError(f"the record does not hold what a record holds ({type(error).__name__})") from error


class _Teller:
    def __init__(self, entry: dict[str, Any], language: Language, controllers: Mapping[str, str],
                 receipts: Receipts) -> None:
        self.entry, self.language, self.text = entry, language, language.text
        self.controllers, self.receipts = controllers, receipts
        self.call: Call = record.call_of(entry, record.policy_of(entry["policy"]))
        self.facts: Facts | None = record.facts_of(entry)
        self.reasons = [Reason[name] for name in entry["reasons"]]

    def story(self, notes: list[str]) -> Story:
        called = Asked(self.entry, self.call, self.language, self.controllers).tell()
        known, decided, policy = self._known(), self._decision(), self._policy()
        changes = opposite(self.call, self.facts, self.reasons, self.entry["rests_on"], self.language)
        sections = [("call", called[0]), ("known", known[0]), ("decision", decided[0]), ("policy", policy[0]),
                    ("opposite", changes[0]), ("record", self._record() + notes)]
        entry = self.entry
        regime = regime_at(self.call.at)
        data = {
            "decision": entry["id"], "language": self.language.code, "at": entry["at"],
            "at_local": self.call.at.astimezone(ROME).isoformat(), "verdict": entry["verdict"], "reason": entry["reason"],
            "reasons": decided[1], "regime": regime and {"since": regime.id, "name": self.language.regimes[regime.id],
                                                         "concerns_the_call": law.concerns(regime, self.call)},
            "call": called[1], "source": self._contact_source(), "known": known[1], "policy": policy[1],
            "opposite": changes[1],
            "record": {"version": entry["v"], "chain": entry["chain"], "seq": entry["seq"], "masked": entry["masked"],
                       "pseudonym": self._pseudonym()}}
        return Story(self.text(f"title.{entry['verdict']}", id=entry["id"]),
                     [Section(name, self.text(f"section.{name}"), words) for name, words in sections], data)

    # --- what was known

    def _known(self) -> tuple[list[str], dict[str, Any]]:
        if self.facts is None or self.call.campaign is None:
            why = self._why_nothing()
            return [self.text(f"known.{why}")], {"asked": why}
        callback = self.entry["rests_on"].get("callback")
        words, data = Known(self.call, self.facts, self.language, self.receipts, bool(self.entry["masked"]),
                            record.instant(datetime.fromisoformat(callback["requested_at"])) if callback else None).tell()
        return [self._source_words(), *words], {"asked": "yes"} | data

    def _source_words(self) -> str:
        source = self._contact_source()
        if source is None:
            return self.text("source.masked" if self.entry["source"] else "source.none")
        campaign = self.call.campaign
        heard = self.entry["verdict"] == "ALLOW" and campaign is not None and campaign.agent is Agent.HUMAN
        return self.text("source.told" if heard else "source", source=source)

    def _contact_source(self) -> str | None:
        """The record's source; None where it names none, or where it is masked as the origin of a consent."""
        source: str | None = self.entry["source"]
        if self.facts is None or not self.entry["masked"]:
            return source
        known = self.facts.known_at(self.call.at)
        named = known.contact is not None and bool(known.contact.source.strip())
        return source if named or not any(consent.origin.strip() for consent in known.consents) else None

    def _why_nothing(self) -> str:
        if regime_at(self.call.at) is None:
            return "before_law"
        if self.reasons[0] is Reason.STORE_UNAVAILABLE:
            return "overload" if (self.entry["fail"] or {}).get("cause") == "overload" else "store"
        return "error" if self.reasons[0] is Reason.GATE_ERROR else "not_asked"

    # --- what was decided

    def _decision(self) -> tuple[list[str], list[dict[str, Any]]]:
        deciding, *others = self.reasons
        regime, text = regime_at(self.call.at), self.text
        words = [text(f"decision.{self.entry['verdict']}", meaning=self._meaning(deciding), reason=deciding.name),
                 text("decision.source", source=self._source(deciding)) + self._later(deciding)]
        since = law.since(deciding, self.call)
        if since is not None:
            words.append(text("decision.since", day=since.first_day, name=self.language.regimes[since.id]))
        elif deciding in law.HOURS:
            words.append(text("decision.own_hours"))
        elif deciding not in _BROKEN:
            words.append(text("decision.any_day"))
        if regime is None:
            words.append(text("decision.no_regime"))
        elif regime is not since:
            words.append(text("decision.state", day=regime.first_day, name=self.language.regimes[regime.id],
                              concerned="" if law.concerns(regime, self.call) else text("decision.unconcerned")))
        words += [text("decision.also", reason=reason.name, meaning=self._meaning(reason), source=self._source(reason))
                  + self._later(reason) for reason in others]
        if any(map(self._later, self.reasons)):
            words.append(text("decision.source_later"))
        if deciding not in _BROKEN and (again := decide(self.call, self.facts).reasons) != tuple(self.entry["reasons"]):
            words.append(text("decision.otherwise", reasons=", ".join(again)))
        return words, [self._reason_data(reason) for reason in self.reasons]

    def _reason_data(self, reason: Reason) -> dict[str, Any]:
        since = law.since(reason, self.call)
        return {"code": reason.name, "decides": reason is self.reasons[0], "meaning": self._meaning(reason),
                "source": self._source(reason), "law_since": since and since.id}

    def _meaning(self, reason: Reason) -> str:
        return meaning(reason, self.call, self.language)

    def _source(self, reason: Reason) -> str:
        return self.language.source(self._law(reason))

    def _law(self, reason: Reason) -> str:
        return law.source_of(reason, self.call.at, own_hours=self.call.hours is not None)

    def _later(self, reason: Reason) -> str:
        """Which parts of a reason's source are younger than the call."""
        parts = [self.language.law(part, first) for part, first in law.later_than(self._law(reason), self.call.at).items()]
        return self.text("decision.later_parts", parts=self.language.listed(parts)) if parts else ""

    # --- what the configuration had to do with it

    def _policy(self) -> tuple[list[str], dict[str, Any]]:
        fail, shadow, text, words = self.entry["fail"], self.entry["shadow"], self.text, []
        if fail:
            key = f"policy.{fail.get('cause')}.{fail.get('applied')}"
            words.append(text(key) if key in self.language.texts
                         else text("policy.fail", cause=fail.get("cause"), applied=fail.get("applied")))
        sells = self.call.campaign is not None and self.call.campaign.purpose in law.SOLD
        if sells and self.call.hours_off:
            words.append(text("policy.hours_off"))
        elif sells and self.call.hours is not None:
            words.append(text("policy.hours_own", windows=windows(self.call, self.language)))
        if shadow and "skipped" in shadow:
            words.append(text(f"policy.shadow_skipped.{shadow['skipped']}", config=shadow["config"]))
        elif shadow:
            words.append(text("policy.shadow", verdict=shadow["verdict"], reasons=", ".join(shadow["reasons"]),
                              config=shadow["config"]))
        return words or [text("policy.none")], {"fail": fail, "shadow": shadow, "hours": self.entry["policy"].get("hours")}

    # --- the record itself

    def _pseudonym(self) -> str | None:
        pseudonym: str | None = (self.entry["pseudonyms"] or {}).get("destination")
        return pseudonym

    def _record(self) -> list[str]:
        if self.entry["v"] == 1:
            return [self.text("record.version_1")]
        if not self.entry["masked"]:
            return []
        names = [self.text(f"masked.{name}") if f"masked.{name}" in self.language.texts else name
                 for name in self.entry["masked"]]
        what = self.language.listed(names)
        pseudonym = self._pseudonym()
        if pseudonym is None:
            return [self.text("record.masked_no_key", what=what)]
        return [self.text("record.masked", what=what, pseudonym=pseudonym, key=pseudonym.partition(":")[0])]
