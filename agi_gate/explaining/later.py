"""Facts that are dated after the call: on file, and yet not known to it.  They are told, so that nothing is called absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import local_day


@dataclass(frozen=True, slots=True)
class Later:
    kind: str  # of the facts it belongs to
    key: str   # of its words
    when: datetime | date
    of: datetime | None = None  # what it revokes


def later(call: Call, facts: Facts) -> Iterator[Later]:
    contact, objection, at = facts.contact, facts.objection, call.at
    if contact is not None and contact.acquired_on is not None and contact.acquired_on > local_day(at):
        yield Later("contact", "contact", contact.acquired_on)
    yield from (Later("registry", "check", check.at) for check in facts.checks if check.at > at)
    for consent in sorted(facts.consents, key=lambda consent: consent.granted_at):
        if consent.granted_at > at:
            yield Later("consents", "consent", consent.granted_at)
        elif consent.revoked_at is not None and consent.revoked_at > at:
            yield Later("consents", "revocation", consent.revoked_at, consent.granted_at)
    if objection is not None and objection.last_at > at:
        yield Later("objection", "objection", objection.last_at if objection.objected_at <= at else objection.objected_at)
    yield from (Later("callbacks", "callback", one.requested_at) for one in facts.callbacks if one.requested_at > at)
    yield from (Later("silent_calls", "silent_call", silent_at) for silent_at in facts.silent_calls if silent_at > at)
