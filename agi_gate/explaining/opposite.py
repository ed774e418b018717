"""What would have to change for the opposite verdict, with the dates that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from agi_gate.call import Call
from agi_gate.decide import GROUNDS, GROUNDS_OF_2011
from agi_gate.explaining.calling_hours import next_open, windows
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import HOURS, is_founding
from agi_gate.facts import Check, Facts
from agi_gate.policy import Purpose
from agi_gate.record import instant
from agi_gate.regime import CONTRACT_GRACE_DAYS, regime_at
from agi_gate.rules.registry import check_expires_at
from agi_gate.rules.rest import rest_ends_at
from agi_gate.verdict import Finding, Outcome, Reason

_BY_PURPOSE = (Reason.SERVICE, Reason.STATISTICS)
_ENROLLED = (Reason.REGISTRY_OPPOSED, Reason.CONSENT_DATE_UNPROVEN, Reason.CONSENT_VOIDED_BY_REGISTRY)
_NEVER = (Reason.DESTINATION_PREMIUM, Reason.DESTINATION_CLASS)

Told = tuple[list[str], list[dict[str, Any]]]


def opposite(call: Call, facts: Facts | None, reasons: list[Reason], rests_on: Mapping[str, Any],
             language: Language) -> Told:
    """Sentences, and the same as data: a reason and its remedy each, with what else is known of it."""
    known = None if facts is None else facts.known_at(call.at)
    if reasons[0].outcome is Outcome.ALLOW:
        return _of_allow(call, reasons[0], rests_on, language)
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

def _of_allow(call: Call, reason: Reason, rests_on: Mapping[str, Any], language: Language) -> Told:
    remedy = language.remedies[reason]
    data: list[dict[str, Any]] = [{"reason": reason.name, "remedy": remedy}]
    if reason is Reason.EMERGENCY:
        return [remedy[:1].upper() + remedy[1:] + "."], data
    if reason in _BY_PURPOSE:
        return [language.text("opposite.purpose", remedy=remedy)], data
    check, consent, callback = (rests_on.get(name) or {} for name in ("check", "consent", "callback"))
    ends = _ends(call, reason, check, consent, callback)
    sentences = [language.text("opposite.allow", ground=ground_words(reason, check, consent, callback, language))]
    for key, value in ends:
        sentences.append("- " + (language.text(f"end.{key}", day=value) if key == "contract_ended"
                                 else language.text(f"end.{key}", at=value)))
        data.append({"ends_with": key, "at": instant(value) if isinstance(value, datetime)
                     else value.isoformat() if value is not None else None})
    return sentences, data


def ground_words(reason: Reason, check: Mapping[str, Any], consent: Mapping[str, Any], callback: Mapping[str, Any],
                  language: Language) -> str:
    if callback:
        return language.text("ground.callback", at=_instant(callback["requested_at"]))
    if consent and check and reason is not Reason.CONTRACT_CONSENT:
        return language.text("ground.check_and_consent", at=_instant(check["at"]),
                             consent_at=_instant(consent["granted_at"]))
    if consent:
        return language.text("ground.consent", at=_instant(consent["granted_at"]))
    listing = reason is Reason.DIRECTORY_NOT_OPPOSED
    return language.text("ground.listing" if listing else "ground.check", at=_instant(check["at"]))


def _ends(call: Call, reason: Reason, check: Mapping[str, Any], consent: Mapping[str, Any],
          callback: Mapping[str, Any]) -> list[tuple[str, datetime | date | None]]:
    ends: list[tuple[str, datetime | date | None]] = []
    if callback:
        if callback.get("valid_until"):
            ends.append(("callback_until", _instant(callback["valid_until"])))
        return [("callback_used", None), *ends, ("callback_objection", None), ("caller_id", None)]
    if reason is Reason.CONTRACT_CONSENT:
        if ended_on := consent.get("contract_ended_on"):
            ends.append(("contract_ended", date.fromisoformat(ended_on) + timedelta(days=CONTRACT_GRACE_DAYS)))
        else:
            ends.append(("contract", None))
    elif check:
        ends.append(("check", check_expires_at(_instant(check["at"]))))
        if reason is not Reason.CONSENT_AFTER_ENROLMENT:
            ends.append(("enrolment", None))
    if consent:
        ends.append(("revocation", None))
        if consent.get("expires_at"):
            ends.append(("consent_expires", _instant(consent["expires_at"])))
    ends.append(("objection", None))
    ends.append(("caller_id", None) if call.hours_off else ("hours", None))
    return ends


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
