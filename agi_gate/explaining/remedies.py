"""What would lift a refusal that rests on consent or the registry: each way is decided again, and only what lifts is told.

A way lifts a reason where the call is allowed then, or refused only for the other reasons that are told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agi_gate.call import Call
from agi_gate.decide import decide
from agi_gate.explaining.law import is_founding
from agi_gate.facts import BUSINESS, OWN_WEB, Callback, Consent, Contact, Facts
from agi_gate.policy import Agent
from agi_gate.regime import regime_at
from agi_gate.rules import energy
from agi_gate.rules.consent import withdrawn_at
from agi_gate.verdict import Reason

_MOMENT = timedelta(microseconds=1)
BY_CONSENT = (
    Reason.REGISTRY_OPPOSED, Reason.CONSENT_DATE_UNPROVEN, Reason.CONSENT_VOIDED_BY_REGISTRY, Reason.CONSENT_REVOKED,
    Reason.CONSENT_EXPIRED, Reason.CONSENT_NO_EVIDENCE, Reason.CONSENT_OTHER_PURPOSE, Reason.CONSENT_GENERIC,
    Reason.CONSENT_OTHER_CATEGORY, Reason.CONSENT_OTHER_CHANNEL, Reason.CONSENT_NONE, Reason.AUTOMATED_NEEDS_CONSENT,
    Reason.SECTOR_NEEDS_CONSENT, Reason.SECTOR_CUSTOMERS_ONLY)


@dataclass(frozen=True, slots=True)
class Way:
    key: str  # of its words
    call: Call
    facts: Facts


@dataclass(frozen=True, slots=True)
class Since:
    """From when on a new consent counts: from an instant, or only after it."""

    at: datetime
    after: bool


def ways(reason: Reason, reasons: Sequence[Reason], call: Call, known: Facts) -> list[Way]:
    """The ways that lift a reason, `reasons` being all that are told; none where no such way is known."""
    told = {other.name for other in reasons}
    return [way for way in _candidates(reason, call, known)
            if (then := decide(way.call, way.facts)).allows or set(then.reasons) <= told - {reason.name}]


def request_lifts(call: Call, known: Facts) -> bool:
    """Say whether the person's own request, made now, would allow the call whatever else is known."""
    return decide(call, replace(known, callbacks=(Callback(call.at, via=OWN_WEB),))).allows


def customers_only(call: Call, known: Facts) -> bool:
    """Say whether only a customer's consent, or a request on the controller's own site, can allow the call."""
    regime = regime_at(call.at)
    return regime is not None and energy.binds(call, known, regime)


def consent_counts_since(call: Call, known: Facts) -> Since | None:
    """The later of the enrolment and of what was withdrawn; None where a consent of any day counts."""
    bounds = []
    enrolment = known.enrolment
    # the contract with which a customer's consent was given keeps it from being voided
    if enrolment is not None and not is_founding(call.at) and not customers_only(call, known):
        first, clear = enrolment.first, enrolment.clear_before
        bounds.append(Since(first.at, after=clear is not None and clear.at == first.at))
    if (withdrawn := withdrawn_at(call, known)) is not None:
        bounds.append(Since(withdrawn, after=True))
    return max(bounds, key=lambda bound: (bound.at, bound.after), default=None)


def _candidates(reason: Reason, call: Call, known: Facts) -> Iterator[Way]:
    campaign = call.known_campaign
    if reason is Reason.CONSENT_NO_EVIDENCE:
        newest = max(known.consents, key=lambda consent: consent.granted_at)
        proven = replace(newest, origin=newest.origin or "-", evidence=newest.evidence or "-")
        yield Way("evidence", call, replace(known, consents=tuple(
            proven if consent is newest else consent for consent in known.consents)))
    is_new = "customer" if customers_only(call, known) else "consent"
    yield Way(is_new, call, replace(known, consents=(*known.consents, _new_consent(call, known))))
    for agent in (Agent.HUMAN, Agent.AUTOMATED):
        if (agent is Agent.HUMAN) is not (campaign.agent is Agent.HUMAN):
            yield Way(agent.value, replace(call, campaign=replace(campaign, agent=agent)), known)
    if known.contact is None or not known.contact.directory:
        listed = Contact("-", True) if known.contact is None else replace(known.contact, directory=True)
        yield Way("listing", call, replace(known, contact=listed))
    if customers_only(call, known):
        contact = known.contact or Contact("-", False)
        yield Way("business", call, replace(known, contact=replace(contact, recipient=BUSINESS)))


def _new_consent(call: Call, known: Facts) -> Consent:
    """One that covers the call, given as early as the story says that it counts."""
    since = consent_counts_since(call, known)
    granted_at = call.at if since is None else since.at + _MOMENT * since.after
    campaign = call.known_campaign
    return Consent(granted_at, campaign.purpose.value, campaign.category, channel_of(call), "-", "-",
                   contract=customers_only(call, known))


def channel_of(call: Call) -> str:
    """The channel that a consent has to name for a call."""
    return "human" if call.known_campaign.agent is Agent.HUMAN else "automated"
