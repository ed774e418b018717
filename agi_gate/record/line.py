"""A record as it is written: what is hashed into the chain, and the personal part, of which only the hash is.

So the personal part can be taken away when its time has come, and the chain still verifies.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from agi_gate.call import Call
from agi_gate.facts import Check, Consent, Facts
from agi_gate.policy import CallerId, Campaign, Hours, Trunk
from agi_gate.record.values import EVIDENCE, VERSION, as_json, instant, plain
from agi_gate.regime import regime_at
from agi_gate.verdict import Verdict

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """A record that waits for its place in a chain; both parts are JSON members without their braces."""

    impersonal: str
    personal: str

    def linked(self, chain: str, seq: int, prev: str, after: int) -> tuple[bytes, str]:
        """The line without its newline, and its record hash, which the chain's next record holds as `prev`.

        `after` is the byte position in the file behind the chain's record before, 0 where that is not known.
        """
        # half a character of a caller's name may have come in from Asterisk: it is kept, escaped
        personal = self.personal.encode("utf-8", "backslashreplace")
        hashed = (f'{{"v":{VERSION},"chain":"{chain}","seq":{seq},"prev":"{prev}","after":{after},{self.impersonal},'
                  f'"personal_sha256":"{sha256(personal).hexdigest()}"').encode("utf-8", "backslashreplace")
        return b"%b,%b}" % (hashed, personal), sha256(hashed).hexdigest()


def write(decision_id: str, call: Call, facts: Facts | None, verdict: Verdict, elapsed_us: int, *, salt: str,
          fail: dict[str, str] | None = None, shadow: dict[str, Any] | None = None,
          pseudonym: str | None = None) -> Line:
    """One record.  `facts` is None where the store was not asked or did not answer.

    `salt`: random, so that the hash of the personal part cannot be guessed from all numbers there are.
    `fail`: what a declared fail policy did; `shadow`: what another policy would have said, where it differs.
    """
    finding, regime, request = verdict.findings[0], regime_at(call.at), call.request
    consents = facts.consents if facts else ()
    rest: dict[str, Any] = {
        "facts": _facts(facts) if facts is not None else None,
        "elapsed_us": elapsed_us,
    }
    if fail is not None:
        rest["fail"] = fail
    if shadow is not None:
        rest["shadow"] = shadow
    rest["pseudonyms"] = None if pseudonym is None else {"destination": pseudonym}
    first = _encode({
        "id": decision_id,
        "at": instant(call.at),
        "verdict": verdict.outcome.value,
        "reason": verdict.reason.name,
        "reasons": verdict.reasons,
        "regime": regime.id if regime else None,
        "number": _number(call),
        "source": verdict.source,
        "rests_on": {
            "check": _check(finding.check) if finding.check else None,
            "consent": _rested_on(finding.consent, consents) if finding.consent else None,
            "callback": plain(finding.callback) if finding.callback else None,
        },
        # what was asked, also where it is empty: an empty caller ID is what a denial rests on
        "call": {name: as_json(getattr(request, name)) for name in request.__slots__ if name != "destination"}
                | {"controller": call.campaign.controller.id if call.campaign else None},
    })
    presented = call.caller_id.e164 if call.caller_id else None
    is_own = call.campaign is not None and presented in call.campaign.caller_ids
    policy = _policy(call.campaign, presented if is_own else None, call.declared_caller_id, call.trunk, call.hours,
                     call.hours_off)
    personal = {"salt": salt, "destination": call.destination.e164 if call.destination else None,
                "dialled": request.destination, "evidence": [_evidence(consent) for consent in consents]}
    return Line(f'{first[1:-1]},"policy":{policy},{_encode(rest)[1:-1]}', _encode(personal)[1:-1])


def _number(call: Call) -> dict[str, Any] | None:
    """What the rules see of a number: enough to decide again where the number itself is masked."""
    number = call.destination
    if number is None and not call.withholding_code:
        return None
    seen: dict[str, Any] = {"class": number.number_class.value if number else None,
                            "country": number.country if number else None}
    return seen | {"withholding": True} if call.withholding_code else seen


def _check(check: Check) -> dict[str, Any]:
    return {"at": instant(check.at), "enrolled": check.enrolled, "id": check.id}


@lru_cache(4096)
def _policy(campaign: Campaign | None, presented: str | None, declared: CallerId | None, trunk: Trunk | None,
            hours: Hours | None, hours_off: bool) -> str:
    """The policy entries that a call resolved to, and nothing of the others; the same for many calls."""
    return _encode({
        "campaign": None if campaign is None else {
            **plain(campaign), "controller": asdict(campaign.controller),
            "caller_ids": [] if presented is None else [presented],
            "countries": sorted(campaign.countries)},
        "caller_id": None if declared is None else plain(declared) | {"roc_declared": declared.roc_declared},
        "trunk": None if trunk is None else asdict(trunk),
        "hours": "off" if hours_off else None if hours is None else asdict(hours),
    })


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "checks": [_check(check) for check in facts.checks],
        "consents": [_consent(consent) for consent in facts.consents],
        "contact": facts.contact and plain(facts.contact) | {"directory": facts.contact.directory},
        "objection": facts.objection and plain(facts.objection),
        "callbacks": [plain(callback) for callback in facts.callbacks],
        "silent_calls": [instant(silent_at) for silent_at in facts.silent_calls],
    }


def _consent(consent: Consent) -> dict[str, Any]:
    """All but its evidence, of which here stands only that it is there."""
    return plain(consent, EVIDENCE) | {"has": [name for name in EVIDENCE if getattr(consent, name).strip()]}


def _rested_on(consent: Consent, consents: tuple[Consent, ...]) -> dict[str, Any]:
    """The consent as a rule took it, which may be as it was at the time of the call, and its place among the facts."""
    place = next((place for place, one in enumerate(consents)
                  if (one.granted_at, _evidence(one)) == (consent.granted_at, _evidence(consent))), None)
    return plain(consent, EVIDENCE) | {"place": place}


def _evidence(consent: Consent) -> list[str]:
    return [getattr(consent, name) for name in EVIDENCE]
