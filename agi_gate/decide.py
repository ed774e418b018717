"""The order of the decision: the only place where findings meet.

Core.  Values in, a verdict out; what is not allowed is denied.  The order is the one of `docs/rules.md`: the first
finding decides, and a denial takes along the other denials that the same facts show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.policy import FailPolicy
from agi_gate.regime import REGIMES, Regime, regime_at
from agi_gate.rules import (callback, caller_id, campaign, clock, consent, contract, destination, directory, disclosure,
                            emergency, enrolment, founding, hours, objection, purpose, registry, rest, source)
from agi_gate.verdict import Finding, Reason, Verdict

Rule = Callable[[Call, Facts, Regime], Finding | None]

# steps 1-6: decided from the call and the policy alone
WITHOUT_FACTS: tuple[Rule, ...] = (
    caller_id.check_code, destination.check, emergency.check, campaign.check, destination.check_class,
    caller_id.check, disclosure.check, purpose.check)
BEFORE_THE_LAW = WITHOUT_FACTS[:3]
# step 7: a request of the person beats what follows
REQUESTED: tuple[Rule, ...] = (callback.check,)
# steps 8-10: each stands for itself, so all their denials are reported
EACH: tuple[Rule, ...] = (source.check, objection.check, hours.check, rest.check)
# steps 11-14: each takes up where the one before had nothing to say
GROUNDS: tuple[Rule, ...] = (
    contract.check, registry.check, enrolment.check, consent.check, directory.check, consent.check_fault)
GROUNDS_OF_2011: tuple[Rule, ...] = (founding.check,)

# allowed by the call's purpose, whatever is known of the number
BY_PURPOSE = (Reason.SERVICE, Reason.STATISTICS)
NO_FACTS = Facts()


def decide_without_facts(call: Call) -> Verdict | None:
    """Decide steps 1-6; None where the verdict rests on what the store knows."""
    regime = regime_at(call.at)
    if regime is None:
        # a clock from before the registry: no law to decide by, so nothing allows the call but an emergency
        return Verdict((_first(BEFORE_THE_LAW, call, NO_FACTS, REGIMES[0]) or Finding(Reason.GATE_ERROR),))
    finding = _first(WITHOUT_FACTS, call, NO_FACTS, regime)
    return None if finding is None else Verdict((finding,), source.source_of(call, NO_FACTS))


def must_be_known(verdict: Verdict, call: Call, fail: FailPolicy) -> bool:
    """Say whether a call that rests on no fact is declared to be denied where the store does not answer."""
    return verdict.reason in BY_PURPOSE and call.known_campaign.purpose not in fail.store


def decide(call: Call, facts: Facts | None) -> Verdict:
    """Decide a call.  `facts` is None where the store could not be asked; facts dated after the call do not count."""
    return decide_without_facts(call) or decide_with_facts(call, facts)


def decide_with_facts(call: Call, facts: Facts | None) -> Verdict:
    """Decide steps 7-14 of a call that `decide_without_facts` left open."""
    regime = regime_at(call.at)
    if facts is None or regime is None:
        return Verdict((Finding(Reason.STORE_UNAVAILABLE),), source.source_of(call, NO_FACTS))
    behind = clock.check(call, facts, regime)
    if behind is not None:
        return Verdict((behind,), source.source_of(call, NO_FACTS))
    known = facts.known_at(call.at)
    where_from = source.source_of(call, known)
    requested = _first(REQUESTED, call, known, regime)
    if requested is not None:
        return Verdict((requested,), where_from)
    denials = [finding for rule in EACH if (finding := rule(call, known, regime)) is not None]
    ground = _first(GROUNDS if regime.mobiles_in_registry else GROUNDS_OF_2011, call, known, regime)
    if ground is None:
        ground = Finding(Reason.GATE_ERROR)
    if denials:
        return Verdict((*denials, *(() if ground.allows else (ground,))), where_from)
    return Verdict((ground,), where_from)


def _first(rules: Sequence[Rule], call: Call, facts: Facts, regime: Regime) -> Finding | None:
    for rule in rules:
        finding = rule(call, facts, regime)
        if finding is not None:
            return finding
    return None
