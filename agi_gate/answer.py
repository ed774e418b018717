"""What is said of one call, with whatever the store knows of its destination.

Joint.  Nothing is recorded here, and no error is caught but the store's own: that is `gate`'s.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from agi_gate.call import Call
from agi_gate.decide import decide, decide_with_facts, decide_without_facts, must_be_known
from agi_gate.facts import Callback, Facts
from agi_gate.policy import FailPolicy, Purpose
from agi_gate.store.reader import Question, Store, StoreUnavailable
from agi_gate.verdict import Verdict

logger = logging.getLogger(__name__)

_WITHOUT_FACTS = (Purpose.SERVICE, Purpose.STATISTICS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided, on which facts (None: the store was not asked or did not answer), and what failed, if it did."""

    facts: Facts | None
    verdict: Verdict
    failed: str | None = None  # "store" or "overload"

    @property
    def fail(self) -> dict[str, str] | None:
        """What the declared fail policy did, for the record."""
        return None if self.failed is None else {"cause": self.failed, "applied": "deny"}


def decide_call(call: Call, store: Store, *, claim: bool, fail: FailPolicy = FailPolicy()) -> Answer:
    """Fetch the facts a call needs and decide; with `claim` a call-back that allows it is used up first."""
    answer = answer_without_facts(call, fail)
    if answer is not None:
        return answer
    (facts,) = store.facts_of([question(call)])
    return answer_on(call, facts, store, claim=claim)


def answer_without_facts(call: Call, fail: FailPolicy, *, overloaded: bool = False) -> Answer | None:
    """The answer that rests on the call and the policy alone; None where the store is to be asked."""
    verdict = decide_without_facts(call)
    if verdict is not None and not must_be_known(verdict, call, fail):
        return Answer(None, verdict)
    if call.campaign is None or call.destination is None:
        return Answer(None, decide(call, None))
    if overloaded:
        logger.warning("store not asked: too many calls wait; see [daemon] waiting")
        return Answer(None, decide_with_facts(call, None), "overload")
    return None


def answer_on(call: Call, facts: Facts | StoreUnavailable, store: Store, *, claim: bool) -> Answer:
    """The answer that rests on what the store said.

    Of many calls that rest on one call-back one wins the claim; the others are decided again without it.
    """
    if isinstance(facts, StoreUnavailable):
        logger.warning("store unavailable: %s", facts)
        return Answer(None, decide_with_facts(call, None), "store")
    if call.known_campaign.purpose in _WITHOUT_FACTS:
        verdict = decide_without_facts(call)
        if verdict is not None:  # it was to be denied had the store not answered
            return Answer(None, verdict)
    asked = question(call)
    try:
        while True:
            verdict = decide_with_facts(call, facts)
            callback = verdict.findings[0].callback
            if callback is None or not claim or store.claim(asked.controller, asked.e164, callback, asked.channel):
                return Answer(facts, verdict)
            facts = _without(facts, callback)
    except StoreUnavailable as error:
        return answer_on(call, error, store, claim=False)


def question(call: Call) -> Question:
    """What the store is asked: of which controller, which number, and for which channel."""
    if call.destination is None:
        raise LookupError("asked of a call without a destination, which an earlier rule denies")
    request = call.request
    return Question(call.known_campaign.controller.id, call.destination.e164,
                    f"{request.unique_id} {request.channel}" if request.unique_id else "")


def _without(facts: Facts, used: Callback) -> Facts:
    return replace(facts, callbacks=tuple(
        replace(callback, used=True) if callback.requested_at == used.requested_at else callback
        for callback in facts.callbacks))
