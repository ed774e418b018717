"""A person's file: all that is on record of one number for one controller, as data whose digest can be checked.

Core.  `content_of` makes the data, words in the reader's language included, so that the digest is of what was read; `page_of`
lays it out, for whatever draws it.  The same content always gives the same page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from agi_gate.explaining import law
from agi_gate.explaining.consent_state import states_data, states_of
from agi_gate.explaining.known import callback_data, consent_data
from agi_gate.explaining.language import Language
from agi_gate.explaining.loads import Loads
from agi_gate.explaining.opposite import ground_words
from agi_gate.explaining.origin import source_in
from agi_gate.facts import Facts
from agi_gate.policy import CALLBACK_DAYS, Controller
from agi_gate.record import instant
from agi_gate.rules.registry import check_expires_at
from agi_gate.rules.rest import rest_ends_at
from agi_gate.verdict import Outcome, Reason

FORMAT = "agi-gate dossier 1"


@dataclass(frozen=True, slots=True)
class Placed:
    """A decision's record, and where it stands: chain, number in it, record hash, file, digest of that file's seal."""

    entry: Mapping[str, Any]
    hash: str | None
    file: str
    seal: str | None
    changed: bool = False


def content_of(number: str, controller: Controller, facts: Facts, receipts: Mapping[str, Mapping[str, Any]],
               decisions: Sequence[Placed], log: Mapping[str, Any], now: datetime, program: str, language: Language,
               campaign_sources: Mapping[str, str] | None = None, loads: Loads | None = None,
               callback_days: int = CALLBACK_DAYS) -> dict[str, Any]:
    """`log`: which files were searched, what is missing, what belongs to no controller, the newest seal's digest.

    `campaign_sources`: of the controller's campaigns, where the number itself has no source.
    """
    known, loads = facts.known_at(now), loads or Loads()
    content = {
        "format": FORMAT, "made_at": instant(now), "program": program, "language": language.code,
        "number": number, "controller": {"id": controller.id, "name": controller.name},
        "source": source_in(known), "campaign_sources": dict(campaign_sources or {}) if source_in(known) is None else {},
        "contact": facts.contact and {
            "source": facts.contact.source, "directory": facts.contact.directory, "loaded": loads.contact,
            "acquired_on": facts.contact.acquired_on and facts.contact.acquired_on.isoformat(),
            "recipient": facts.contact.recipient},
        "checks": [{"at": instant(check.at), "enrolled": check.enrolled, "id": check.id,
                    "good_until": instant(check_expires_at(check.at)), "receipt": receipts.get(check.id)}
                   for check in facts.checks],
        "consents": [consent_data(consent) | states_data(states) | loads.of_consent(consent)
                     for consent, states in states_of(facts, now, controller.sector)],
        "objection": facts.objection and {
            "objected_at": instant(facts.objection.objected_at), "via": facts.objection.via, "loaded": loads.objection,
            "repeated_at": facts.objection.repeated_at and instant(facts.objection.repeated_at)},
        "callbacks": [callback_data(callback, callback_days) | {"used": callback.used} for callback in facts.callbacks],
        "silent_calls": [{"silent_at": instant(at), "rested_until": instant(rest_ends_at(at))} for at in facts.silent_calls],
        "decisions": [decision_data(placed, language) for placed in decisions],
        "log": dict(log),
    }
    made: dict[str, Any] = clean(content)
    return made


def decision_data(placed: Placed, language: Language) -> dict[str, Any]:
    """A decision's part, from its record alone, but for where that stands."""
    entry, at = placed.entry, datetime.fromisoformat(placed.entry["at"])
    call, policy = entry["call"], entry["policy"] or {}
    campaign, own_hours = policy.get("campaign") or {}, isinstance(policy.get("hours"), Mapping)
    return {
        "id": entry["id"], "at": instant(at), "verdict": entry["verdict"], "reason": entry["reason"],
        "reasons": entry["reasons"], "regime": entry.get("regime"), "campaign": call["campaign"],
        "purpose": campaign.get("purpose"), "agent": campaign.get("agent"),
        "category": campaign.get("category"), "statistics_basis": campaign.get("statistics_basis"), "caller_id": call.get("caller_id", ""),
        "source": entry["source"], "why": [_why(name, at, own_hours, language) for name in entry["reasons"]],
        "rested_on": _rested_on(entry, language), "masked": bool(entry["masked"]), "changed": placed.changed,
        "version": entry["v"], "chain": entry["chain"], "seq": entry["seq"], "hash": placed.hash, "file": placed.file,
        "seal": placed.seal}


def _why(name: str, at: datetime, own_hours: bool, language: Language) -> dict[str, str]:
    try:
        reason = Reason[name]
    except KeyError:  # somebody changed the record
        return {"code": name, "meaning": name, "law": ""}
    return {"code": name, "meaning": language.meaning(reason, law.is_founding(at)),
            "law": language.source(law.source_of(reason, at, own_hours))}


def _rested_on(entry: Mapping[str, Any], language: Language) -> str | None:
    """Of an allowed call, the check, consent or request, in words."""
    try:
        reason = Reason[entry["reason"]]
        check, consent, callback = (entry["rests_on"].get(name) or {} for name in ("check", "consent", "callback"))
        if reason.outcome is not Outcome.ALLOW or not (check or consent or callback):
            return None
        founding = law.is_founding(datetime.fromisoformat(entry["at"]))
        return ground_words(reason, check, consent, callback, language, founding)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def clean(value: Any) -> Any:
    """JSON values that can be written as UTF-8: half a character is shown, escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def canonical(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8: as `jq -jcS` writes it.

    >>> canonical({"b": "è", "a": [1, None]}).decode()
    '{"a":[1,null],"b":"è"}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(value: Any) -> str:
    return sha256(canonical(value)).hexdigest()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its digest, and one of each part, which tell what was edited."""
    return {"dossier": content, "parts": {name: digest_of(part) for name, part in content.items()},
            "digest": digest_of(content)}
