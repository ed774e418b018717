"""CONSENT_VALID; or why not: what an earlier enrolment voids, the newest consent's first fault, CONSENT_NONE (step 14).

The faults, in this order: CONSENT_REVOKED, CONSENT_EXPIRED, CONSENT_NO_EVIDENCE, CONSENT_OTHER_PURPOSE,
CONSENT_GENERIC, CONSENT_OTHER_CATEGORY, CONSENT_OTHER_CHANNEL.

Sources: L. 5/2018 art. 1 c. 7-8 (names the controller: the store keeps consents per controller); Garante, docweb
10114967 (purpose and category); art. 130 c. 1-3 Codice privacy (channel); Code of conduct art. 6 (evidence);
GDPR 7(3) (revocation); Garante, docweb 9486485 (expiry is the controller's own policy).
"""

from __future__ import annotations

from datetime import datetime

from agi_gate.call import Call
from agi_gate.facts import Consent, Facts
from agi_gate.policy import Agent
from agi_gate.regime import Regime
from agi_gate.rules import dating, energy
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Allow on the newest valid consent that is later than the latest enrolment, where the number was enrolled once."""
    later = dating.later(valid_consents(call, facts), facts)
    return energy.allow(Reason.CONSENT_VALID, later, call, facts, regime, facts.last_check)


def check_fault(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny by an earlier enrolment or the newest consent's first fault, or because there is no consent at all."""
    valid = valid_consents(call, facts)
    if valid:  # in order but for the enrolment, or `check` would have allowed
        return dating.deny(valid, facts)
    for consent in _newest_first(facts):
        # a consent without a fault of its own was withdrawn together with another
        return Finding(fault(consent, call) or Reason.CONSENT_REVOKED, check=facts.last_check, consent=consent)
    return Finding(Reason.CONSENT_NONE, check=facts.last_check)


def valid_consents(call: Call, facts: Facts) -> tuple[Consent, ...]:
    """The consents that cover this call, newest first.

    A revocation takes along every consent to the same that was given before it, also where a list marks one row alone
    (GDPR 7(3)); what was given after it counts.
    """
    if not facts.consents:
        return ()
    withdrawn = withdrawn_at(call, facts)
    return tuple(consent for consent in _newest_first(facts) if fault(consent, call) is None
                 and (withdrawn is None or consent.granted_at > withdrawn))


def withdrawn_at(call: Call, facts: Facts) -> datetime | None:
    """The last revocation of a consent to calls like this one: only what was given after it counts."""
    withdrawn = last_withdrawn(call, facts)
    return None if withdrawn is None else withdrawn.revoked_at


def last_withdrawn(call: Call, facts: Facts) -> Consent | None:
    """Of the consents to calls like this one, the one that was revoked last."""
    return max((consent for consent in facts.consents
                if consent.revoked_at is not None and is_revoked(consent, call) and _is_for(consent, call)),
               key=_revoked_at, default=None)


def fault(consent: Consent, call: Call) -> Reason | None:
    """The first reason why a consent does not cover a call; None where it does."""
    campaign = call.known_campaign
    if (own := own_fault(consent, call.at)) is not None:
        return own
    if consent.purpose != campaign.purpose.value:
        return Reason.CONSENT_OTHER_PURPOSE
    if not consent.category.strip():
        return Reason.CONSENT_GENERIC
    if consent.category != campaign.category:
        return Reason.CONSENT_OTHER_CATEGORY
    if consent.channel not in _channels(campaign.agent):
        return Reason.CONSENT_OTHER_CHANNEL
    return None


def own_fault(consent: Consent, at: datetime) -> Reason | None:
    """The first reason why a consent covers no call at all at an instant."""
    if consent.revoked_at is not None and consent.revoked_at <= at:
        return Reason.CONSENT_REVOKED
    if consent.expires_at is not None and consent.expires_at <= at:
        return Reason.CONSENT_EXPIRED
    if not consent.origin.strip() or not consent.evidence.strip():
        return Reason.CONSENT_NO_EVIDENCE
    return None


def _is_for(consent: Consent, call: Call) -> bool:
    """Say whether a consent was given to calls like this one; a generic one was given to all."""
    campaign = call.known_campaign
    return (consent.purpose == campaign.purpose.value and consent.channel in _channels(campaign.agent)
            and consent.category in ("", campaign.category))


def is_revoked(consent: Consent, call: Call) -> bool:
    return fault(consent, call) is Reason.CONSENT_REVOKED


def _revoked_at(consent: Consent) -> datetime:
    assert consent.revoked_at is not None
    return consent.revoked_at


def _newest_first(facts: Facts) -> list[Consent]:
    return sorted(facts.consents, key=lambda consent: consent.granted_at, reverse=True)


def _channels(agent: Agent) -> tuple[str, str]:
    return ("human", "both") if agent is Agent.HUMAN else ("automated", "both")
