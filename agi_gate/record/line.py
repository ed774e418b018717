"""A record as it is written: what is hashed into the chain, and the personal part, of which only the hash is.

So the personal part can be taken away when its time has come, and the chain still verifies.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from agi_gate.call import Call
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.number import Number, NumberClass
from agi_gate.policy import CallerId, Campaign, Hours, Trunk
from agi_gate.record.values import EVIDENCE, VERSION, instant, plain
from agi_gate.regime import regime_at
from agi_gate.verdict import Reason, Verdict

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring  # a text, as the same encoder writes it


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


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a record rests on the call alone, and can be written while the store is asked."""

    opening: str
    number: str
    called: str
    sent: str  # the caller ID, if the call is allowed
    closing: str
    personal: str


def draft(decision_id: str, call: Call, *, salt: str, pseudonym: str | None = None, sent: str | None = None) -> Draft:
    """The beginning of a record.

    `sent`: the caller ID that the carrier gets if the call is allowed, where it is not the call's own.  `salt`: random, so that the hash of the personal part cannot be guessed from all numbers there are.
    """
    # put together by hand: the json module takes three times the time, and every call waits for its record
    regime, request, number = regime_at(call.at), call.request, call.destination
    presented = call.caller_id.e164 if call.caller_id else None
    is_own = call.campaign is not None and presented in call.campaign.caller_ids
    policy = _policy(call.campaign, presented if is_own else None, call.declared_caller_id, call.trunk, call.hours,
                     call.hours_off, call.callback_days)
    return Draft(
        f'"id":"{decision_id}","at":"{instant(call.at)}",',
        f'"regime":{_text(regime.id if regime else None)},{_number(number, call.withholding_code)},',
        # what was asked, also where it is empty: an empty caller ID is what a denial rests on
        f'"call":{{"campaign":{_quoted(request.campaign)},"caller_id":{_quoted(request.caller_id)},'
        f'"presentation":"{request.presentation.value}","trunk":{_quoted(request.trunk)},'
        f'"controller":{_text(call.campaign.controller.id if call.campaign else None)}}},"policy":{policy},',
        _quoted(call.sent_caller_id if sent is None else sent),
        ',"pseudonyms":' + ("null" if pseudonym is None else _encode({"destination": pseudonym})),
        f'"salt":"{salt}","destination":{_text(number.e164 if number else None)},'
        f'"dialled":{_quoted(request.destination)},'
        # a channel's name may hold the number that was called: Local/3331234500@...
        f'"channel":{_quoted(request.channel)},"unique_id":{_quoted(request.unique_id)},')


def write(begun: Draft, facts: Facts | None, verdict: Verdict, elapsed_us: int, *, fail: dict[str, str] | None = None,
          shadow: dict[str, Any] | None = None, not_before: datetime | None = None) -> Line:
    """One record.  `facts` is None where the store was not asked or did not answer.

    `fail`: what a declared fail policy did; `shadow`: what another policy would have said, where it differs;
    `not_before`: what the call's clock was compared with, where that decided.
    """
    finding, consents = verdict.findings[0], facts.consents if facts else ()
    impersonal = (
        f'{begun.opening}{_said(tuple([one.reason for one in verdict.findings]))},'
        f'"caller_id_sent":{begun.sent if verdict.allows else "null"},{begun.number}'
        f'"source":{_source(verdict.source, facts)},"rests_on":{{"check":{_check(finding.check)},'
        f'"consent":{_encode(_rested_on(finding.consent, consents)) if finding.consent else "null"},'
        f'"callback":{_encode(plain(finding.callback)) if finding.callback else "null"}}},'
        f'{begun.called}"facts":{_facts(facts)},"elapsed_us":{elapsed_us}')
    if fail is not None:
        impersonal += f',"fail":{_encode(fail)}'
    if not_before is not None:
        impersonal += f',"clock":{{"not_before":"{instant(not_before)}"}}'
    if shadow is not None:
        impersonal += f',"shadow":{_encode(shadow)}'
    evidence = _encode([_evidence(consent) for consent in consents]) if consents else "[]"
    return Line(impersonal + begun.closing, f'{begun.personal}"evidence":{evidence}')


def _source(source: str | None, facts: Facts | None) -> str:
    """Where the contact came from.  Of a consent's origin here stands only which: it is personal, and may be masked."""
    if source is not None and facts is not None and facts.consents and (
            facts.contact is None or facts.contact.source != source):
        for place, consent in enumerate(facts.consents):
            if consent.origin == source:
                return f'{{"consent":{place}}}'
    return _text(source)


def _text(value: str | None) -> str:
    return "null" if value is None else _quoted(value)


@lru_cache(1024)
def _said(reasons: tuple[Reason, ...]) -> str:
    names = [reason.name for reason in dict.fromkeys(reasons)]
    return f'"verdict":"{reasons[0].outcome.value}","reason":"{names[0]}","reasons":{_encode(names)}'


def _number(number: Number | None, withholding_code: bool) -> str:
    """What the rules see of a number: enough to decide again where the number itself is masked."""
    if number is None and not withholding_code:
        return '"number":null'
    return _seen(number.number_class if number else None, number.country if number else None, withholding_code)


@lru_cache(1024)
def _seen(number_class: NumberClass | None, country: str | None, withholding_code: bool) -> str:
    seen: dict[str, Any] = {"class": number_class and number_class.value, "country": country}
    return f'"number":{_encode(seen | {"withholding": True} if withholding_code else seen)}'


@lru_cache(4096)
def _check(check: Check | None) -> str:
    return "null" if check is None else _encode({"at": instant(check.at), "enrolled": check.enrolled, "id": check.id})


@lru_cache(4096)
def _policy(campaign: Campaign | None, presented: str | None, declared: CallerId | None, trunk: Trunk | None,
            hours: Hours | None, hours_off: bool, callback_days: int) -> str:
    """The policy entries that a call resolved to, and nothing of the others; the same for many calls."""
    return _encode({
        "campaign": None if campaign is None else {
            **plain(campaign), "controller": asdict(campaign.controller),
            "caller_ids": [] if presented is None else [presented],
            "countries": sorted(campaign.countries)},
        "caller_id": None if declared is None else plain(declared) | {"roc_declared": declared.roc_declared},
        "trunk": None if trunk is None else asdict(trunk),
        "hours": "off" if hours_off else None if hours is None else asdict(hours),
        "callback_days": callback_days,
    })


def _facts(facts: Facts | None) -> str:
    if facts is None:
        return "null"
    checks = ",".join([_check(check) for check in facts.checks])
    consents = _encode([_consent(consent) for consent in facts.consents]) if facts.consents else "[]"
    others = _NONE
    if facts.objection or facts.callbacks or facts.silent_calls:
        others = _others(facts.objection, facts.callbacks, facts.silent_calls)
    return f'{{"checks":[{checks}],"consents":{consents},"contact":{_contact(facts.contact)},{others}}}'


def _others(objection: Objection | None, callbacks: tuple[Callback, ...], silent_calls: tuple[datetime, ...]) -> str:
    return _encode({
        "objection": objection and plain(objection),
        "callbacks": [plain(callback) for callback in callbacks],
        "silent_calls": [instant(silent_at) for silent_at in silent_calls],
    })[1:-1]


_NONE = _others(None, (), ())


@lru_cache(4096)
def _contact(contact: Contact | None) -> str:
    return "null" if contact is None else _encode(plain(contact) | {"directory": contact.directory})


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
