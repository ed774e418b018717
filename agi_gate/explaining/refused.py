"""What would have to change for a refused call to be allowed: each reason's remedy, with the dates that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agi_gate.call import Call, Presentation
from agi_gate.decide import GROUNDS, GROUNDS_OF_2011, decide, decide_without_facts
from agi_gate.explaining.calling_hours import next_open, windows
from agi_gate.explaining.clauses import meaning
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import HOURS, SOLD, is_founding
from agi_gate.explaining.remedies import (BY_CONSENT, channel_of, consent_counts_since, customers_only, request_lifts,
                                          ways)
from agi_gate.facts import Check, Facts
from agi_gate.policy import Agent, Trunk
from agi_gate.record import instant
from agi_gate.regime import regime_at
from agi_gate.rules.caller_id import NotAssigned, not_assigned
from agi_gate.rules.rest import rest_ends_at
from agi_gate.verdict import Finding, Reason

Told = tuple[list[str], list[dict[str, Any]]]
_UNCHECKED = (Reason.REGISTRY_UNKNOWN, Reason.REGISTRY_STALE)
# the last of the caller ID's reasons is not among them: nothing else is asked of it after that, but what an AI declares
_CALLER_ID = (Reason.CALLER_ID_WITHHELD, Reason.CALLER_ID_MISSING, Reason.CALLER_ID_FOREIGN, Reason.CALLER_ID_MALFORMED,
              Reason.CALLER_ID_NOT_ASSIGNED, Reason.CALLER_ID_PURPOSE, Reason.CALLER_ID_TRUNK_FOREIGN)
_NOTHING_BEYOND = (Reason.DESTINATION_PREMIUM, Reason.DESTINATION_CLASS, Reason.GATE_ERROR)


def of_refused(call: Call, known: Facts | None, reasons: Sequence[Reason], language: Language) -> Told:
    return _Refused(call, known, reasons, language).tell()


class _Refused:
    def __init__(self, call: Call, known: Facts | None, reasons: Sequence[Reason], language: Language) -> None:
        self.call, self.known, self.reasons, self.language, self.text = call, known, reasons, language, language.text
        # where another version decided, what it would say to a change is not known
        self.same = known is not None and decide(call, known).reasons == tuple(reason.name for reason in reasons)

    def tell(self) -> Told:
        sentences = [self.text("opposite.all", count=len(self.reasons))] if len(self.reasons) > 1 else []
        data = []
        for reason in self.reasons:
            remedy = self._remedy(reason, self.known)
            words, more = self._more(reason)
            sentences.append(" ".join([self.text("opposite.deny", reason=reason.name, remedy=remedy), *words]))
            data.append({"reason": reason.name, "remedy": remedy} | more)
        if self.known is None:
            sentences += self._beyond(self.call, self.reasons[0])
        elif list(self.reasons) != [Reason.OBJECTION_RECORDED] and self.same and request_lifts(self.call, self.known):
            sentences.append(self.text("opposite.request_own_web" if customers_only(self.call, self.known)
                                       else "opposite.request"))
        return sentences, data

    # --- a reason's remedy

    def _remedy(self, reason: Reason, known: Facts | None) -> str:
        if reason is Reason.HOURS_CLOSED:
            return self.text("hours.within", windows=windows(self.call, self.language))
        if reason is Reason.CALLER_ID_NOT_ASSIGNED and self.call.campaign and self.call.caller_id:
            failed = not_assigned(self.call, self.call.caller_id)
            if NotAssigned.FAILED_SCREENING in failed:
                more = self.text("way.screening")
                return more if len(failed) == 1 else f"{self.language.remedies[reason]}; {more}"
        if reason in BY_CONSENT and known is not None and self.same:
            told = self.reasons if reason in self.reasons else [*self.reasons, reason]
            found = [self._way(way.key, known) for way in ways(reason, told, self.call, known)]
            if found:
                return self.text("way.or").join(found)
        return self.language.remedies[reason]

    def _way(self, key: str, known: Facts) -> str:
        campaign, since = self.call.known_campaign, consent_counts_since(self.call, known)
        return self.text(
            f"way.{key}", purpose=self.language.name("purpose", campaign.purpose.value), category=campaign.category,
            channel=self.language.name("channel", channel_of(self.call)),
            since="" if since is None else self.text("way.after" if since.after else "way.since", at=since.at))

    def _more(self, reason: Reason) -> tuple[list[str], dict[str, Any]]:
        call, known = self.call, self.known
        if reason in HOURS and (open_at := next_open(call)) is not None:
            return [self.text("opposite.open_again", at=open_at)], {"open_at": instant(open_at)}
        if known is None:
            return [], {}
        if reason is Reason.REST_AFTER_SILENT_CALL and known.silent_calls:
            end = max(map(rest_ends_at, known.silent_calls))
            return [self.text("opposite.rest_ended", at=end)], {"rested_until": instant(end)}
        if reason in _UNCHECKED:
            return self._if_checked(known)
        if reason in BY_CONSENT and self.same and (since := consent_counts_since(call, known)) is not None:
            return [], {"consent_counts_from" if not since.after else "consent_counts_after": instant(since.at)}
        return [], {}

    # --- a check that was not made

    def _if_checked(self, known: Facts) -> tuple[list[str], dict[str, Any]]:
        """What a check at the moment of the call would have led to: clear, and enrolled where it was so last."""
        words, data = [], {}
        last = known.last_check
        for name, enrolled in (("clear", False), ("enrolled", True)):
            if enrolled and (last is None or not last.enrolled):
                continue
            checked = replace(known, checks=(*known.checks, Check(self.call.at, enrolled, "")))
            ground = _ground(self.call, checked)
            if ground is not None:
                words.append(self.text(f"opposite.checked_{name}", then=self._then(ground, checked)))
                data[f"if_checked_{name}"] = ground.reason.name
        return words, data

    def _then(self, ground: Finding, known: Facts) -> str:
        if not ground.allows:
            return self._still(ground.reason, self._remedy(ground.reason, known))
        if ground.consent is not None:
            on = self.text("ground.consent", at=ground.consent.granted_at)
        else:
            on = self.text("ground.that_check" if is_founding(self.call.at) else "ground.in_directory")
        return self.text("opposite.then_allowed", ground=on, reason=ground.reason.name)

    def _still(self, reason: Reason, remedy: str) -> str:
        return self.text("opposite.then_denied", meaning=meaning(reason, self.call, self.language), reason=reason.name,
                         remedy=remedy)

    # --- what was not looked at

    def _beyond(self, call: Call, reason: Reason, key: str = "opposite.not_examined") -> list[str]:
        """What the gate would have come to with the reason put right."""
        lifted = _lifted(call, reason)
        then = None if lifted is None else decide_without_facts(lifted)
        if then is not None and then.allows:
            return [self.text("opposite.put_right", then=self.text(
                "opposite.then_purpose", meaning=meaning(then.reason, call, self.language), reason=then.reason.name))]
        if lifted is not None and then is not None:
            after = self._still(then.reason, self.language.remedies[then.reason])
            return [self.text("opposite.put_right", then=after),
                    *self._beyond(lifted, then.reason, "opposite.not_examined_after")]
        parts = [self.text(f"beyond.{part}") for part in _parts(call, reason)]
        return [self.text(key, parts=self.language.listed(parts))] if parts else []


def _ground(call: Call, known: Facts) -> Finding | None:
    regime = regime_at(call.at)
    if regime is None or call.campaign is None:
        return None
    rules = GROUNDS if regime.mobiles_in_registry else GROUNDS_OF_2011
    return next((finding for rule in rules if (finding := rule(call, known, regime)) is not None), None)


def _lifted(call: Call, reason: Reason) -> Call | None:
    """The call with a reason of its own put right, where that is one plain thing."""
    if reason is Reason.DESTINATION_FOREIGN and call.campaign and call.destination:
        return replace(call, campaign=replace(call.campaign, countries=call.campaign.countries | {call.destination.country}))
    if reason is Reason.CALLER_ID_WITHHELD and call.request.presentation is Presentation.RESTRICTED and call.campaign:
        return replace(call, request=replace(call.request, presentation=Presentation.ALLOWED))
    if reason is Reason.CALLER_ID_TRUNK_FOREIGN:
        return replace(call, trunk=Trunk("", "IT"))
    if reason is Reason.AI_DISCLOSURE_MISSING and call.campaign:
        return replace(call, campaign=replace(call.campaign, ai_disclosure=True))
    return None


def _parts(call: Call, reason: Reason) -> list[str]:
    """What comes after the rule that refused, by its place in the order."""
    if reason in _NOTHING_BEYOND:
        return []
    is_first = reason is Reason.DESTINATION_INVALID or (reason is Reason.CALLER_ID_WITHHELD and call.withholding_code)
    parts = ["campaign"] if is_first and call.campaign is None else []
    if is_first or reason is Reason.CAMPAIGN_UNKNOWN:
        parts += ["class", "caller_id"]
    elif reason in _CALLER_ID and _lifted(call, reason) is None:
        parts.append("caller_id_rest")
    if call.campaign is not None and call.campaign.agent is Agent.AI and reason is not Reason.AI_DISCLOSURE_MISSING:
        parts.append("disclosure")
    if call.campaign is None or call.campaign.purpose in SOLD:
        parts.append("known")
    return parts
