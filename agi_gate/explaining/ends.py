"""What would have ended a permission: each change is decided again, and only those that end it are told.

A change is made at the moment of the call and alone, so that what it does is its own doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from agi_gate.call import Call, Presentation
from agi_gate.decide import decide
from agi_gate.explaining.calling_hours import shut
from agi_gate.explaining.remedies import customers_only
from agi_gate.facts import Check, Consent, Facts, Objection
from agi_gate.regime import CONTRACT_GRACE_DAYS, local_day
from agi_gate.rules.callback import ends_at
from agi_gate.rules.registry import check_expires_at
from agi_gate.verdict import Finding

_MOMENT = timedelta(microseconds=1)
_LONG_AGO = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Change:
    key: str  # of its words
    call: Call
    facts: Facts
    when: datetime | date | None = None
    is_own: bool = False  # takes away what the permission rests on

    @property
    def decided(self) -> Finding:
        return decide(self.call, self.facts).findings[0]


def changes(call: Call, known: Facts, ground: Finding) -> Iterator[Change]:
    """All that could end what rests on `ground`; each says by `decided` whether it does."""
    yield from _of_callback(call, known, ground)
    yield from _of_checks(call, known, ground)
    yield from _of_consents(call, known, ground)
    if known.contact is not None and known.contact.is_business:
        yield Change("consumer", call, replace(known, contact=replace(known.contact, recipient="")))
    if known.contact is not None and known.contact.directory:
        yield Change("listing", call, replace(known, contact=replace(known.contact, directory=False)))
    yield Change("callback_objection" if ground.callback else "objection", call,
                 replace(known, objection=Objection(call.at, "")))
    if (closed := shut(call)) is not None:
        yield Change("hours", closed, known)
    yield Change("rest", call, replace(known, silent_calls=(call.at,)))
    if call.known_campaign.ai_disclosure:
        silent = replace(call.known_campaign, ai_disclosure=False)
        yield Change("disclosure", replace(call, campaign=silent), known)
    yield Change("caller_id", replace(call, request=replace(call.request, presentation=Presentation.RESTRICTED)), known)


def _of_callback(call: Call, known: Facts, ground: Finding) -> Iterator[Change]:
    callback = ground.callback
    if callback is None:
        return
    others = tuple(one for one in known.callbacks if one is not callback)
    yield Change("callback_used", call, replace(known, callbacks=(*others, replace(callback, used=True))), None, True)
    over = replace(callback, valid_until=call.at - _MOMENT)
    yield Change("callback_until", call, replace(known, callbacks=(*others, over)), ends_at(callback, call.callback_days),
                 True)


def _of_checks(call: Call, known: Facts, ground: Finding) -> Iterator[Change]:
    last = known.last_check
    if last is None:
        return
    older = tuple(replace(check, at=check.at - _LONG_AGO) for check in known.checks)
    yield Change("check", call, replace(known, checks=older), check_expires_at(last.at), ground.check is not None)
    yield Change("enrolment", call, replace(known, checks=(*known.checks, Check(call.at, True, ""))))


def _of_consents(call: Call, known: Facts, ground: Finding) -> Iterator[Change]:
    consent = ground.consent
    if consent is not None:
        if consent.contract:
            over = replace(consent, contract_ended_on=local_day(call.at - _LONG_AGO))
            ended_on, no_grace = consent.contract_ended_on, customers_only(call, known)
            key = ("contract_customer", "contract_last_day") if no_grace else ("contract", "contract_ended")
            grace = timedelta(days=0 if no_grace else CONTRACT_GRACE_DAYS)
            yield Change(key[ended_on is not None], call, _with(known, consent, over), ended_on and ended_on + grace, True)
        yield Change("revocation", call, _with(known, consent, replace(consent, revoked_at=call.at)))
        if consent.expires_at is not None:
            yield Change("consent_expires", call, _with(known, consent, replace(consent, expires_at=call.at)),
                         consent.expires_at, True)
    for other in known.consents:
        if other is not consent and other.revoked_at is None:
            yield Change("revocation_of", call, _with(known, other, replace(other, revoked_at=call.at)), other.granted_at)


def _with(known: Facts, consent: Consent, changed: Consent) -> Facts:
    return replace(known, consents=tuple(changed if one is consent else one for one in known.consents))
