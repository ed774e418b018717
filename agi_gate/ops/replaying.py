"""Recorded calls decided again: by the policy entries that their records hold, or by a new policy; and the counting of it.

Joint, no world: lines in, a tally out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agi_gate import record
from agi_gate.call import Call
from agi_gate.decide import decide_with_facts, decide_without_facts
from agi_gate.decision_log import linked
from agi_gate.decision_log.glance import words_on
from agi_gate.explaining.law import concerns
from agi_gate.facts import Facts
from agi_gate.ops.policy_changes import cause
from agi_gate.ops.replay_tally import Tally
from agi_gate.policy import FailPolicy, Policy
from agi_gate.regime import REGIMES, regime_at
from agi_gate.shadow import Skipped, decide_on
from agi_gate.verdict import Finding, Reason, Verdict

# what a verdict consists of, as it is recorded; a call is counted by the first that is not the same
PARTS = ("verdict", "reason", "reasons", "source", "regime", "rests_on")
# why a call is in no count of same and changed
FAULT = "GATE_ERROR"  # the gate itself failed: no record can bring that back
BY_PROGRAM = "this program decides so under the recorded policy too"
# that many policies are held read: a log has a handful, and a hostile one must not fill the memory
_POLICIES_HELD = 4096


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is replayed of each line, and how; `policy` None: each by what its own record holds."""

    policy: Policy | None = None
    since: datetime | None = None
    until: datetime | None = None
    examples: int = 3
    shadow: bool = False  # count what a shadow policy said when the call was live, and decide nothing


class Replay:
    """Decides records again; holds the policies that it has read."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._since = None if wanted.since is None else record.instant(wanted.since)
        self._until = None if wanted.until is None else record.instant(wanted.until)
        self._policies: dict[str, Policy] = {}

    def count(self, lines: Iterable[str]) -> Tally:
        tally = Tally()
        for line in lines:
            tally.lines += 1
            if not line.strip():
                continue
            try:
                self._count(line, tally)
            # whatever a line holds that is no record of ours, the rest is still read
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
                data = line.encode("utf-8", "backslashreplace")
                if isinstance(linked.read(data), linked.Torn):
                    tally.torn.append(tally.lines)
                else:
                    tally.broken.append((tally.lines, words_on(data)))
        return tally

    def _count(self, line: str, tally: Tally) -> None:
        if (self._since or self._until) and not self._is_in_time(line):
            return
        recorded = record.parse(line)
        at = record.instant(datetime.fromisoformat(recorded["at"]))
        if self._since and at < self._since or self._until and at >= self._until:
            return
        if self._wanted.shadow:
            self._count_shadow(recorded, tally)
        else:
            self._decide(line, recorded, tally)
        tally.masked += bool(recorded["masked"])
        tally.first_at = min(tally.first_at or at, at)
        tally.last_at = max(tally.last_at, at)

    def _is_in_time(self, line: str) -> bool:
        """Tell by the text alone, where it is as we write it: most lines of a long log need no more than this."""
        place = line.find('"at":"', 0, 400)
        at = line[place + 6:place + 33]
        if place < 0 or not at.endswith("Z"):
            return True
        return not (self._since and at < self._since or self._until and at >= self._until)

    def _decide(self, line: str, recorded: dict[str, Any], tally: Tally) -> None:
        facts = record.facts_of(recorded)
        was = record.call_of(recorded, self._own_policy(line, recorded))
        failed = recorded["fail"] is not None or recorded["reason"] == Reason.STORE_UNAVAILABLE.name
        again = decide_again(was, facts, recorded)
        call = was
        if self._wanted.policy is not None:
            call = record.call_of(recorded, self._wanted.policy)
            controller = recorded["call"]["controller"]
            decided = decide_on(call, controller, facts, failed=failed, fail=self._wanted.policy.fail)
        else:
            decided = again
        if recorded["reason"] == FAULT and again.reason is not Reason.GATE_ERROR:
            tally.apart[FAULT] += 1
            return
        if isinstance(decided, Skipped):
            tally.apart[decided.value] += 1
            return
        what = difference(recorded, call, decided)
        if what is None:
            tally.same[recorded["verdict"], recorded["reason"]] += 1
            return
        why = ""
        if self._wanted.policy is not None:
            if again.reasons == decided.reasons != tuple(recorded["reasons"]):
                why = BY_PROGRAM
            elif failed and (on := decide_without_facts(was)) is not None and on.reasons == decided.reasons:
                # it went unanswered, and its purpose was declared to be denied then; the record holds no more of it
                why = f"fail.store: {was.known_campaign.purpose.value} deny → allow"
            else:
                why = cause(was, call, lambda one: _brings(what, one, facts, failed, decided))
        tally.note((what, recorded["verdict"], recorded["reason"], decided.outcome.value, decided.reason.name), why,
                   _example(recorded, decided), self._wanted.examples)

    def _count_shadow(self, recorded: dict[str, Any], tally: Tally) -> None:
        shadow = recorded["shadow"]
        if recorded["reason"] == FAULT and recorded["regime"] is not None:  # before the first law it is the rules' own
            tally.apart[FAULT] += 1
        elif shadow is None:
            tally.same[recorded["verdict"], recorded["reason"]] += 1
        elif "skipped" in shadow:
            tally.apart[str(shadow["skipped"])] += 1
        else:
            verdict, reasons = str(shadow["verdict"]), [str(name) for name in shadow["reasons"]]
            what = next(part for part, was, now in (
                ("verdict", recorded["verdict"], verdict), ("reason", recorded["reason"], reasons[0]),
                ("reasons", 0, 1)) if was != now)
            tally.note((what, recorded["verdict"], recorded["reason"], verdict, reasons[0]),
                       f"configuration {shadow['config']}", _told(recorded, reasons), self._wanted.examples)

    def _own_policy(self, line: str, recorded: dict[str, Any]) -> Policy:
        """The policy entries of a record, read once a text: a million records share a few."""
        # a quote inside a string is escaped, so these two are keys
        text = line[line.find(',"policy":'):line.find(',"facts":')]
        policy = self._policies.get(text) if text else None
        if policy is None:
            policy = record.policy_of(recorded["policy"])
            # a line that somebody gave a second `policy`, which counts, must not speak for the others
            if text and _says(text, recorded["policy"]):
                if len(self._policies) >= _POLICIES_HELD:
                    self._policies.clear()
                self._policies[text] = policy
        return policy


def _says(text: str, entry: dict[str, Any]) -> bool:
    try:
        said: object = json.loads("{" + text[1:] + "}")
    except ValueError:
        return False
    return said == {"policy": entry}


def decide_again(call: Call, facts: Facts | None, recorded: dict[str, Any]) -> Verdict:
    """Decide as it was decided then: a fail policy that was applied is part of the record, and no fault is made anew."""
    if recorded["fail"] is not None:
        return _applied(call, facts, recorded["fail"])
    return decide_without_facts(call) or decide_with_facts(call, facts)


def _brings(what: str, alone: Call, facts: Facts | None, failed: bool, decided: Verdict) -> bool:
    """Say whether a call with one change and no other comes to the part that is counted: further ones may have causes of
    their own."""
    controller = None if alone.campaign is None else alone.campaign.controller.id
    so = decide_on(alone, controller, facts, failed=failed, fail=FailPolicy())
    if isinstance(so, Skipped):
        return False
    if what == "source":
        return so.source == decided.source
    if what == "rests_on":
        return _rests_on(so.findings[0]) == _rests_on(decided.findings[0])
    count = 1 if what in ("verdict", "reason") else None
    return so.reasons[:count] == decided.reasons[:count]


def _applied(call: Call, facts: Facts | None, fail: dict[str, Any]) -> Verdict:
    verdict = decide_without_facts(call)
    if fail["applied"] == "deny" or verdict is None:
        return decide_with_facts(call, facts)
    return verdict


def difference(recorded: dict[str, Any], call: Call, decided: Verdict) -> str | None:
    """The first part of the verdict that is not as it was recorded."""
    if decided.outcome.value != recorded["verdict"]:
        return "verdict"
    if decided.reason.name != recorded["reason"]:
        return "reason"
    if list(decided.reasons) != recorded["reasons"]:
        return "reasons"
    # where an origin was masked its text is not known any more
    if decided.source != recorded["source"] and not recorded["masked"]:
        return "source"
    if _is_under_another_regime(recorded["regime"], call):
        return "regime"
    return None if _rests_on(decided.findings[0]) == _rested_on(recorded["rests_on"]) else "rests_on"


def _is_under_another_regime(recorded: str | None, call: Call) -> bool:
    """Say so unless all that came into the table of the law since cannot concern the call."""
    regime = regime_at(call.at)
    now = regime.id if regime else None
    if recorded == now:
        return False
    if recorded is None or now is None or recorded not in [one.id for one in REGIMES]:
        return True
    since = [one for one in REGIMES if recorded < one.id <= now]
    return not since or any(concerns(one, call) for one in since)


def _rests_on(finding: Finding) -> tuple[object, ...]:
    check, consent, callback = finding.check, finding.consent, finding.callback
    return (check and (record.instant(check.at), check.enrolled, check.id),
            consent and (record.instant(consent.granted_at), consent.purpose, consent.category, consent.channel),
            callback and record.instant(callback.requested_at))


def _rested_on(entry: dict[str, Any]) -> tuple[object, ...]:
    check, consent, callback = (entry.get(key) for key in ("check", "consent", "callback"))
    return (check and (check["at"], check["enrolled"], check["id"]),
            consent and (consent["granted_at"], *(consent.get(key, "") for key in ("purpose", "category", "channel"))),
            callback and callback["requested_at"])


def _example(recorded: dict[str, Any], decided: Verdict) -> dict[str, Any]:
    return _told(recorded, list(decided.reasons)) | {"source": decided.source}


def _told(recorded: dict[str, Any], reasons: list[str]) -> dict[str, Any]:
    return {"id": recorded["id"], "at": recorded["at"], "destination": recorded["destination"],
            "masked": bool(recorded["masked"]), "campaign": recorded["call"]["campaign"],
            "was": recorded["reasons"], "now": reasons}
