"""What stands against a consent whatever call is made: the rules themselves, asked of the calls that it was given to.

Core.  Hours, source and the age of a check are not the consent's own, and say nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agi_gate.call import Call, Presentation, Request
from agi_gate.explaining.language import Language
from agi_gate.facts import Consent, Facts
from agi_gate.policy import Agent, Campaign, Controller, Purpose
from agi_gate.record import instant
from agi_gate.regime import REGIMES, local_day, regime_at
from agi_gate.rules import contract, dating, energy, objection
from agi_gate.rules.consent import fault, last_withdrawn, valid_consents
from agi_gate.verdict import Reason

_AGENTS = {"human": Agent.HUMAN, "automated": Agent.AUTOMATED}
_BOTH = "both"


@dataclass(frozen=True, slots=True)
class State:
    """`reason`: why the consent counts for no call; None where nothing of its own bars it, and before it is given."""

    name: str  # in_order, not_yet, withdrawn, or the reason's name
    reason: str | None = None
    at: datetime | None = None     # of the revocation, expiry, objection, or of the check that found the enrolment
    given_at: datetime | None = None  # of the other consent whose revocation took this one along

    def as_json(self) -> dict[str, Any]:
        return {"state": self.name, "reason": self.reason, "at": self.at and instant(self.at),
                "with_consent_of": self.given_at and instant(self.given_at)}


States = Mapping[str, State]  # by channel; one where all channels of the consent have the same


def states_of(facts: Facts, at: datetime, sector: str) -> list[tuple[Consent, States]]:
    """Each consent with its states at an instant, the oldest first; `sector` is the controller's."""
    known = facts.known_at(at)
    as_known = iter(known.consents)
    found = [(consent, _states(next(as_known), known, at, sector) if consent.granted_at <= at
              else {consent.channel: State("not_yet")}) for consent in facts.consents]
    return sorted(found, key=lambda one: one[0].granted_at)


def states_data(states: States) -> dict[str, Any]:
    """`fault`: the reason why it counts for no call at all, on whatever channel."""
    reasons = [state.reason for state in states.values()]
    return {"fault": reasons[0] if all(reasons) else None,
            "states": {channel: state.as_json() for channel, state in states.items()}}


def states_from(data: Mapping[str, Any]) -> States:
    """Read again what `states_data` made.  Raises KeyError, TypeError, ValueError."""
    return {channel: State(one["state"], one["reason"], *(
        one[name] and datetime.fromisoformat(one[name]) for name in ("at", "with_consent_of")))
        for channel, one in data["states"].items()}


def states_words(states: States, language: Language) -> str:
    if len(states) == 1:
        return next(_words(state, language) for state in states.values())
    return "  ".join(language.text("state.by_channel", channel=language.name("channel", channel), words=_words(state, language))
                     for channel, state in states.items())


def _words(state: State, language: Language) -> str:
    key = f"state.{state.name}"
    if key not in language.texts:
        return language.text("state.other", meaning=language.meaning(Reason[state.name]))
    return language.text(key, day=state.at and local_day(state.at), other=state.given_at and local_day(state.given_at))


def _states(consent: Consent, known: Facts, at: datetime, sector: str) -> States:
    channels = list(_AGENTS) if consent.channel == _BOTH else [consent.channel]
    states = {channel: _state(consent, known, at, channel, sector) for channel in channels}
    return {consent.channel: states[channels[0]]} if len(set(states.values())) == 1 else states


def _state(consent: Consent, known: Facts, at: datetime, channel: str, sector: str) -> State:
    call, regime = _call(consent, at, channel, sector), regime_at(at) or REGIMES[0]
    if call is None:
        return _barred(Reason.CONSENT_OTHER_CHANNEL if channel not in _AGENTS else Reason.CONSENT_OTHER_PURPOSE)
    reason = fault(consent, call)
    if reason is not None:
        return _barred(reason, {Reason.CONSENT_REVOKED: consent.revoked_at, Reason.CONSENT_EXPIRED: consent.expires_at}.get(reason))
    if consent not in valid_consents(call, known):
        other = last_withdrawn(call, known)
        assert other is not None  # the rule says so
        return State("withdrawn", Reason.CONSENT_REVOKED.name, other.revoked_at, other.granted_at)
    is_within_contract = consent.contract and contract.covers(consent, at)
    if regime.mobiles_in_registry and not is_within_contract and known.enrolment is not None:
        if (voided := dating.fault(consent, known)) is not None:
            return _barred(voided, known.enrolment.first.at)
    if energy.binds(call, known, regime) and not energy.is_customers(consent, at):
        return _barred(Reason.SECTOR_CUSTOMERS_ONLY)
    if known.objection is not None and (finding := objection.check(call, known, regime)) is not None:
        return _barred(finding.reason, known.objection.objected_at)
    return State("in_order")


def _barred(reason: Reason, at: datetime | None = None) -> State:
    return State(reason.name, reason.name, at)


def _call(consent: Consent, at: datetime, channel: str, sector: str) -> Call | None:
    """A call such as the consent was given to; None where no call is such."""
    try:
        campaign = Campaign("", Controller("", sector), Purpose(consent.purpose), _AGENTS[channel], consent.category, (), "")
    except (KeyError, ValueError):
        return None
    return Call(Request("", "", "", Presentation.ALLOWED), at, None, False, campaign, None, None, None)
