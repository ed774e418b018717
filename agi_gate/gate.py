"""The route of one call, from what a door was asked to a verdict on record.

Joint.  No rule and no format in it; the clock, the store and the log are arguments.  It holds the fail-closed net, and
what falls into it is denied.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agi_gate import config, record
from agi_gate.call import Call, Request, understand
from agi_gate.decide import BY_PURPOSE, decide, decide_with_facts, decide_without_facts, must_be_known
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.facts import Callback, Facts
from agi_gate.policy import FailPolicy, Policy
from agi_gate.shadow import Shadow
from agi_gate.store.deadline import within
from agi_gate.store.reader import Store, StoreUnavailable
from agi_gate.verdict import Finding, Reason, Verdict

logger = logging.getLogger(__name__)

# of the time that is left to a call the store may use so much: the record and the answer have to follow
_SHARE_OF_STORE = 0.8
_SHARE_OF_LOG = 0.8


@dataclass(frozen=True, slots=True)
class Decision:
    id: str
    verdict: Verdict
    destination: str  # E.164, or empty where nothing was understood
    call: Call | None


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


@dataclass(frozen=True, slots=True)
class Gate:
    policy: Policy
    store: Store
    log: DecisionLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pseudonym: Callable[[str], str] | None = None  # of a number, by a key that is not in the log
    shadow: Shadow | None = None

    @classmethod
    def under(cls, settings: config.Settings, log: DecisionLog) -> Gate:
        """The gate as the configuration has it.  Raises KeyFileError."""
        pseudonym = None
        if settings.log.key is not None:
            from agi_gate.decision_log.pseudonyms import Keys  # not every script's start pays for it
            pseudonym = Keys.load(settings.log.key).pseudonym
        return cls(settings.policy, Store.at(settings.store.url, settings.store.timeout_ms), log, pseudonym=pseudonym,
                   shadow=settings.shadow)

    def decide(self, request: Request, deadline: float = math.inf, *, overloaded: bool = False) -> Decision:
        """Decide a call and put the decision on record.  Never raises; what is unexpected denies.

        `deadline` is an instant of `time.monotonic()`; with `overloaded` the store is not asked.
        """
        started, decision_id = time.monotonic_ns(), new_id()
        call, answer = None, Answer(None, Verdict((Finding(Reason.GATE_ERROR),)))
        try:
            call = understand(request, self.policy, self.now())
            with within((deadline - time.monotonic()) * _SHARE_OF_STORE):
                answer = decide_call(call, None if overloaded else self.store, claim=True,
                                     fail=self.policy.fail)
            verdict = answer.verdict
            self._put_on_record(decision_id, call, answer, verdict, started, deadline)
        except LogUnavailable as error:
            logger.error("decision %s is not on record: %s", decision_id, error)
            verdict = self._unrecorded(call, answer.verdict)
        except Exception as error:  # the fail-closed net: whatever it is, it denies
            # its message may hold a number: only the kind and the place are told
            logger.error("decision %s failed: %s", decision_id, _place(error))
            verdict = self._failed(decision_id, call, answer, started, deadline)
        return Decision(decision_id, verdict, call.destination.e164 if call and call.destination else "", call)

    def take_back(self, decision: Decision) -> None:
        """Undo what a decision used up: its call ended before it was told."""
        self._give_back(decision.call, decision.verdict)

    def _put_on_record(self, decision_id: str, call: Call, answer: Answer, verdict: Verdict, started: int,
                       deadline: float) -> None:
        pseudonym = self.pseudonym(call.destination.e164) if self.pseudonym and call.destination else None
        shadow = None
        if self.shadow is not None:
            try:
                shadow = self.shadow.beside(call, answer.facts, answer.verdict, failed=answer.failed is not None)
            except Exception as error:  # what is only tried changes nothing
                logger.error("decision %s has no shadow: %s", decision_id, _place(error))
        line = record.write(decision_id, call, answer.facts, verdict, (time.monotonic_ns() - started) // 1000,
                            salt=secrets.token_hex(16), fail=answer.fail, shadow=shadow, pseudonym=pseudonym)
        self.log.append(line, time.monotonic() + (deadline - time.monotonic()) * _SHARE_OF_LOG)

    def _failed(self, decision_id: str, call: Call | None, answer: Answer, started: int, deadline: float) -> Verdict:
        if answer.verdict.reason is Reason.EMERGENCY:
            return answer.verdict
        error = Verdict((Finding(Reason.GATE_ERROR),), answer.verdict.source)
        try:
            if call is not None:
                self._put_on_record(decision_id, call, answer, error, started, deadline)
        except Exception:
            return self._unrecorded(call, answer.verdict)
        self._give_back(call, answer.verdict)
        return error

    def _unrecorded(self, call: Call | None, verdict: Verdict) -> Verdict:
        """Without a record no call goes on, but for emergencies and what the controller has declared."""
        if verdict.reason is Reason.EMERGENCY:
            return verdict
        if verdict.reason in BY_PURPOSE and call and call.known_campaign.purpose in self.policy.fail.log:
            logger.error("a call went on without its record, as [fail.log] in the configuration says")
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


def decide_call(call: Call, store: Store | None, *, claim: bool, fail: FailPolicy = FailPolicy()) -> Answer:
    """Fetch the facts a call needs and decide; with `claim` a call-back that allows it is used up first.

    Of many calls that rest on one call-back one wins the claim; the others are decided again without it.  `store` is
    None where there are too many calls to ask it.
    """
    verdict = decide_without_facts(call)
    if verdict is not None and not must_be_known(verdict, call, fail):
        return Answer(None, verdict)
    if call.campaign is None or call.destination is None:
        return Answer(None, decide(call, None))
    controller, e164 = call.campaign.controller.id, call.destination.e164
    try:
        if store is None:
            raise StoreUnavailable("too many calls wait; see [daemon] waiting")
        facts = store.facts_for(controller, e164)
        if verdict is not None:
            return Answer(None, verdict)
        while True:
            verdict = decide_with_facts(call, facts)
            callback = verdict.findings[0].callback
            if callback is None or not claim or store.claim(controller, e164, callback):
                return Answer(facts, verdict)
            facts = _without(facts, callback)
    except StoreUnavailable as error:
        logger.warning("store unavailable: %s", error)
        return Answer(None, decide_with_facts(call, None), "store" if store else "overload")


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
