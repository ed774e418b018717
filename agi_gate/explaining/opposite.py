"""What would have to change for the opposite verdict, with the dates that are known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agi_gate.call import Call
from agi_gate.decide import BY_PURPOSE, decide
from agi_gate.explaining.clauses import meaning
from agi_gate.explaining.ends import changes
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import is_founding
from agi_gate.explaining.refused import of_refused
from agi_gate.facts import Facts
from agi_gate.record import instant
from agi_gate.verdict import Outcome, Reason

Told = tuple[list[str], list[dict[str, Any]]]


def opposite(call: Call, facts: Facts | None, reasons: list[Reason], rests_on: Mapping[str, Any],
             language: Language) -> Told:
    """Sentences, and the same as data: a reason and its remedy each, with what else is known of it."""
    known = None if facts is None else facts.known_at(call.at)
    if reasons[0].outcome is Outcome.ALLOW:
        return _of_allowed(call, known, reasons[0], rests_on, language)
    return of_refused(call, known, reasons, language)


def _of_allowed(call: Call, known: Facts | None, reason: Reason, rests_on: Mapping[str, Any], language: Language) -> Told:
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
