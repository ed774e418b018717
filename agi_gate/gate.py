"""The route of one call, from what a door was asked to a verdict on record.

Joint.  No rule and no format in it; the clock, the store and the log are arguments.  It holds the fail-closed net, and
what falls into it is denied.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agi_gate import record
from agi_gate.call import Call, Request, understand
from agi_gate.decide import decide, decide_without_facts
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.facts import Callback, Facts
from agi_gate.policy import Policy
from agi_gate.store.reader import Store, StoreUnavailable
from agi_gate.verdict import Finding, Reason, Verdict

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decision:
    id: str
    verdict: Verdict
    destination: str  # E.164, or empty where nothing was understood


@dataclass(frozen=True, slots=True)
class Gate:
    policy: Policy
    store: Store
    log: DecisionLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def decide(self, request: Request) -> Decision:
        """Decide a call and put the decision on record.  Never raises; what is unexpected denies."""
        started, decision_id = time.monotonic_ns(), new_id()
        call, facts, verdict = None, None, Verdict((Finding(Reason.GATE_ERROR),))
        try:
            call = understand(request, self.policy, self.now())
            facts, verdict = decide_call(call, self.store, claim=True)
            self.log.append(record.write(decision_id, call, facts, verdict, (time.monotonic_ns() - started) // 1000))
        except LogUnavailable as error:
            logger.error("decision %s is not on record: %s", decision_id, error)
            verdict = self._unrecorded(call, verdict)
        except Exception as error:  # the fail-closed net: whatever it is, it denies
            # its message may hold a number: only the kind and the place are told
            logger.error("decision %s failed: %s", decision_id, _place(error))
            verdict = self._failed(decision_id, call, facts, verdict)
        return Decision(decision_id, verdict, call.destination.e164 if call and call.destination else "")

    def _failed(self, decision_id: str, call: Call | None, facts: Facts | None, verdict: Verdict) -> Verdict:
        if verdict.reason is Reason.EMERGENCY:
            return verdict
        error = Verdict((Finding(Reason.GATE_ERROR),), verdict.source)
        try:
            if call is not None:
                self.log.append(record.write(decision_id, call, facts, error, 0))
        except Exception:
            return self._unrecorded(call, verdict)
        self._give_back(call, verdict)
        return error

    def _unrecorded(self, call: Call | None, verdict: Verdict) -> Verdict:
        """Without a record no call goes on, but for emergencies."""
        if verdict.reason is Reason.EMERGENCY:
            return verdict
        self._give_back(call, verdict)
        return Verdict((Finding(Reason.LOG_UNAVAILABLE),), verdict.source)

    def _give_back(self, call: Call | None, verdict: Verdict) -> None:
        """Undo the claim of a call that is refused after all."""
        callback = verdict.findings[0].callback
        if callback is not None and call is not None and call.campaign and call.destination:
            try:
                self.store.give_back(call.campaign.controller.id, call.destination.e164, callback)
            except Exception:
                logger.error("a call-back stays used up though its call was refused")


def decide_call(call: Call, store: Store, *, claim: bool) -> tuple[Facts | None, Verdict]:
    """Fetch the facts a call needs and decide; with `claim` a call-back that allows it is used up first.

    Of many calls that rest on one call-back one wins the claim; the others are decided again without it.
    """
    verdict = decide_without_facts(call)
    if verdict is not None or call.campaign is None or call.destination is None:
        return None, verdict or decide(call, None)
    controller, e164 = call.campaign.controller.id, call.destination.e164
    try:
        facts = store.facts_for(controller, e164)
        while True:
            verdict = decide(call, facts)
            callback = verdict.findings[0].callback
            if callback is None or not claim or store.claim(controller, e164, callback):
                return facts, verdict
            facts = _without(facts, callback)
    except StoreUnavailable as error:
        logger.warning("store unavailable: %s", error)
        return None, decide(call, None)


def new_id() -> str:
    """A decision's id: sorts by time, unique without asking anybody."""
    return f"{time.time_ns() // 1_000_000:012x}-{secrets.token_hex(6)}"


def _without(facts: Facts, used: Callback) -> Facts:
    return replace(facts, callbacks=tuple(
        replace(callback, used=True) if callback.requested_at == used.requested_at else callback
        for callback in facts.callbacks))


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    return type(error).__name__ + where
