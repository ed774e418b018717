"""What would have to change for the opposite verdict, with the dates that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from agi_gate.call import Call
from agi_gate.decide import BY_PURPOSE, GROUNDS, GROUNDS_OF_2011, decide
from agi_gate.explaining.calling_hours import next_open, windows
from agi_gate.explaining.clauses import meaning
from agi_gate.explaining.ends import changes
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import HOURS, is_founding
from agi_gate.facts import Check, Facts
from agi_gate.policy import Purpose
from agi_gate.record import instant
from agi_gate.regime import regime_at
from agi_gate.rules.rest import rest_ends_at
from agi_gate.verdict import Finding, Outcome, Reason

_ENROLLED = (Reason.REGISTRY_OPPOSED, Reason.CONSENT_DATE_UNPROVEN, Reason.CONSENT_VOIDED_BY_REGISTRY)
_NEVER = (Reason.DESTINATION_PREMIUM, Reason.DESTINATION_CLASS)

Told = tuple[list[str], list[dict[str, Any]]]


def opposite(call: Call, facts: Facts | None, reasons: list[Reason], rests_on: Mapping[str, Any],
             language: Language) -> Told:
    """Sentences, and the same as data: a reason and its remedy each, with what else is known of it."""
    known = None if facts is None else facts.known_at(call.at)
    if reasons[0].outcome is Outcome.ALLOW:
        return _of_allow(call, known, reasons[0], rests_on, language)
    return _of_deny(call, known, reasons, language)


# --- a refused call

def _of_deny(call: Call, known: Facts | None, reasons: list[Reason], language: Language) -> Told:
    sentences = [language.text("opposite.all", count=len(reasons))] if len(reasons) > 1 else []
    data = []
    for reason in reasons:
        remedy = (language.remedies[reason] if reason is not Reason.HOURS_CLOSED
                  else language.text("hours.within", windows=windows(call, language)))
        words, more = _more(call, known, reason, language)
        sentences.append(" ".join([language.text("opposite.deny", reason=reason.name, remedy=remedy), *words]))
        data.append({"reason": reason.name, "remedy": remedy} | more)
    purpose = call.campaign.purpose if call.campaign else None
    if (known is None and reasons[0] not in (*_NEVER, Reason.GATE_ERROR)
            and purpose in (None, Purpose.MARKETING, Purpose.MARKET_RESEARCH)):
        sentences.append(language.text("opposite.not_examined"))
    return sentences, data


def _more(call: Call, known: Facts | None, reason: Reason, language: Language) -> tuple[list[str], dict[str, Any]]:
    if reason in HOURS and (open_at := next_open(call)) is not None:
        return [language.text("opposite.open_again", at=open_at)], {"open_at": instant(open_at)}
    if known is None:
        return [], {}
    if reason is Reason.REST_AFTER_SILENT_CALL and known.silent_calls:
        end = max(map(rest_ends_at, known.silent_calls))
        return [language.text("opposite.rest_ended", at=end)], {"rested_until": instant(end)}
    if reason in (Reason.REGISTRY_UNKNOWN, Reason.REGISTRY_STALE):
        return _if_checked(call, known, language)
    if reason in _ENROLLED and not is_founding(call.at) and known.first_enrolled is not None:
        at = known.first_enrolled.at
        return [language.text("opposite.consent_after", at=at)], {"consent_counts_from": instant(at)}
    return [], {}


def _if_checked(call: Call, known: Facts, language: Language) -> tuple[list[str], dict[str, Any]]:
    """What the same facts would have given, had the number been found clear at the moment of the call."""
    ground = _ground(call, replace(known, checks=(*known.checks, Check(call.at, False, ""))))
    if ground is None:
        return [], {}
    values = {"meaning": language.meaning(ground.reason, is_founding(call.at)), "reason": ground.reason.name}
    then = (language.text("opposite.then_allowed", **values) if ground.allows
            else language.text("opposite.then_denied", remedy=language.remedies[ground.reason], **values))
    return [language.text("opposite.checked_clear", then=then)], {"if_checked_clear": ground.reason.name}


def _ground(call: Call, known: Facts) -> Finding | None:
    regime = regime_at(call.at)
    if regime is None or call.campaign is None:
        return None
    rules = GROUNDS if regime.mobiles_in_registry else GROUNDS_OF_2011
    return next((finding for rule in rules if (finding := rule(call, known, regime)) is not None), None)


# --- an allowed call

def _of_allow(call: Call, known: Facts | None, reason: Reason, rests_on: Mapping[str, Any], language: Language) -> Told:
    remedy = language.remedies[reason]
    data: list[dict[str, Any]] = [{"reason": reason.name, "remedy": remedy}]
    if reason is Reason.EMERGENCY:
        return [remedy[:1].upper() + remedy[1:] + "."], data
    if reason in BY_PURPOSE:
        return [language.text("opposite.purpose")], data
    check, consent, callback = (rests_on.get(name) or {} for name in ("check", "consent", "callback"))
    sentences = [language.text("opposite.allow", ground=ground_words(
        reason, check, consent, callback, language, is_founding(call.at)))]
    ground = decide(call, known).findings[0]
    if known is None or ground.reason is not reason:  # another version decided: what would end it is not known
        return sentences, data
    told = [(change, change.decided) for change in changes(call, known, ground)]
    ends = [language.text(f"end.{change.key}", when=change.when) for change, then in told if not then.allows]
    sentences.append(language.text("opposite.ends"))
    sentences += [f"- {end}{'.' if end is ends[-1] else ';'}" for end in ends]
    for change, then in told:
        when = change.when and (instant(change.when) if isinstance(change.when, datetime) else change.when.isoformat())
        if not then.allows:
            data.append({"ends_with": change.key, "at": when})
        elif change.is_own:
            sentences.append(language.text("opposite.still", end=language.text(f"end.{change.key}", when=change.when),
                                           meaning=meaning(then.reason, call, language), reason=then.reason.name))
            data.append({"carries_on_after": change.key, "at": when, "by": then.reason.name})
    return sentences, data


def ground_words(reason: Reason, check: Mapping[str, Any], consent: Mapping[str, Any], callback: Mapping[str, Any],
                 language: Language, founding: bool = False) -> str:
    """What a permission rests on; under the law of 2011 (`founding`) a listing played no part."""
    if callback:
        return language.text("ground.callback", at=_instant(callback["requested_at"]))
    if consent and check and reason is not Reason.CONTRACT_CONSENT:
        return language.text("ground.check_and_consent", at=_instant(check["at"]),
                             consent_at=_instant(consent["granted_at"]))
    if consent:
        return language.text("ground.consent", at=_instant(consent["granted_at"]))
    listing = reason is Reason.DIRECTORY_NOT_OPPOSED and not founding
    return language.text("ground.listing" if listing else "ground.check", at=_instant(check["at"]))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
