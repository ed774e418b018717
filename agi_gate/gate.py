"""The route of one call, from what a door was asked to a verdict on record.

Joint.  No rule and no format in it; the clock, the store and the log are arguments.  It holds the fail-closed net, and
what falls into it is denied.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from agi_gate import config, record
from agi_gate.answer import Answer, answer_on, answer_without_facts, question
from agi_gate.call import Call, Request, understand
from agi_gate.decide import BY_PURPOSE
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.decision_log.newest import newest_record_at
from agi_gate.dialled import emergency_number
from agi_gate.policy import Policy
from agi_gate.rules import clock
from agi_gate.shadow import Shadow
from agi_gate.store.deadline import within
from agi_gate.store.reader import Store
from agi_gate.verdict import Finding, Reason, Verdict

logger = logging.getLogger(__name__)

# of the time that is left to a call the store may use so much: the record and the answer have to follow
_SHARE_OF_STORE = 0.8
_SHARE_OF_LOG = 0.8
_ID_BYTES, _SALT_BYTES = 6, 16

Pseudonym = Callable[[str], str]  # of a number, by a key that is not in the log


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that waits for its decision."""

    request: Request
    deadline: float = math.inf  # an instant of time.monotonic()
    overloaded: bool = False  # there are too many calls to ask the store
    answered: tuple[str, str] | None = None  # of an emergency that was answered before: its id, the caller ID that was sent


@dataclass(frozen=True, slots=True)
class Decision:
    id: str
    verdict: Verdict
    call: Call | None
    emergency: str = ""  # the number, where nothing else was understood

    @property
    def destination(self) -> str:
        """In the trunk's format, or empty where nothing was understood."""
        return self.call.sent_destination if self.call else self.emergency

    @property
    def caller_id(self) -> str:
        """In the trunk's format, or empty where there is none to present."""
        return self.call.sent_caller_id if self.call else ""


Decisions = list[tuple[int, Decision | None]]  # the places of calls among those that came together, and what became of them


@dataclass(slots=True, eq=False)
class _Way:
    """One call on its way to a verdict."""

    number: int
    asked: Asked
    started_ns: int
    id: str = ""
    salt: str = ""  # of the record
    call: Call | None = None
    waits: bool = False  # for what the store knows
    answer: Answer = Answer(None, Verdict((Finding(Reason.GATE_ERROR),)))
    draft: record.Draft | None = None
    has_failed: bool = False
    verdict: Verdict | None = None  # the one that is told

    @property
    def emergency(self) -> str:
        """The emergency number that was dialled, for a call that no fault may stop."""
        return emergency_number(self.asked.request.destination) or ""

    def fail(self, error: Exception) -> None:
        """Into the fail-closed net: whatever it is, it denies."""
        _name([self])
        # its message may hold a number: only the kind and the place are told
        logger.error("decision %s failed: %s", self.id, _place(error))
        self.has_failed = True


@dataclass(frozen=True, slots=True)
class Gate:
    policy: Policy
    store: Store
    log: DecisionLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pseudonym: Pseudonym | None = None
    shadow: Shadow | None = None
    latest: Latest = field(default_factory=lambda: Latest())

    @classmethod
    def under(cls, settings: config.Settings, log: DecisionLog, pseudonym: Pseudonym | None = None) -> Gate:
        """The gate as the configuration has it; `pseudonym` where its keys were read before.  Raises KeyFileError."""
        if settings.log.key is not None and pseudonym is None:
            from agi_gate.decision_log.pseudonyms import Keys  # not every script's start pays for it
            pseudonym = Keys.load(settings.log.key).pseudonym
        return cls(settings.policy, Store.at(settings.store.url, settings.store.timeout_ms, settings.log.path), log,
                   pseudonym=pseudonym, shadow=settings.shadow, latest=Latest.of(settings.log.path))

    def decide(self, request: Request, deadline: float = math.inf) -> Decision:
        """Decide a call and put the decision on record.  Never raises; what is unexpected denies.

        `deadline` is an instant of `time.monotonic()`.
        """
        (((_, decision),),) = self.decide_all([Asked(request, deadline)])
        assert decision is not None  # it may claim
        return decision

    def decide_all(self, asked: Sequence[Asked], *, claim: bool = True) -> Generator[Decisions, None, None]:
        """The same for calls that came together: the place of each among them, and its decision once it is on record, each
        time of all that are.

        One question to the store for all of them, and one write for all records; but those that rest on no fact are not
        kept waiting for the store, and an emergency not for the log: its record follows.  Without `claim` a call that would
        use up a call-back is None: that takes its time, so it is to be decided alone.
        """
        started_ns = time.monotonic_ns()
        ways = [_Way(number, one, started_ns) for number, one in enumerate(asked)]
        deadline = min([one.deadline for one in asked])
        waiting = self._open(ways)
        if len(waiting) < len(ways):
            ready = [way for way in ways if not way.waits]
            emergencies = [way for way in ready if way.answer.verdict.reason is Reason.EMERGENCY]
            if emergencies:
                yield from self._at_once(emergencies, deadline)
                ready = [way for way in ready if way not in emergencies]
            if ready:
                yield self._on_record(ready, deadline)
        if waiting:
            with within((deadline - time.monotonic()) * _SHARE_OF_STORE):
                self._close(waiting, claim)
            alone = [] if claim else [way for way in waiting if way.answer.verdict.findings[0].callback is not None]
            if alone:
                yield [(way.number, None) for way in alone]
                waiting = [way for way in waiting if way not in alone]
        if waiting:
            yield self._on_record(waiting, deadline)

    def take_back(self, decision: Decision) -> None:
        """Undo what a decision used up: its call ended before it was told."""
        self._give_back(decision.call, decision.verdict)

    def _open(self, ways: Sequence[_Way]) -> list[_Way]:
        """Decide what needs no facts; the others are those of which the store is to be asked."""
        try:
            at = self.now()
            not_before = self._not_before(at)
        except Exception as error:
            for way in ways:
                way.fail(error)
            return []
        for way in ways:
            try:
                way.call = understand(way.asked.request, self.policy, at, not_before)
                answer = answer_without_facts(way.call, self.policy.fail, overloaded=way.asked.overloaded)
                if answer is None:
                    way.waits = True
                else:
                    way.answer = answer
            except Exception as error:
                way.fail(error)
        return [way for way in ways if way.waits]

    def _close(self, ways: Sequence[_Way], claim: bool) -> None:
        """Decide on facts."""
        try:
            found = self.store.facts_of([question(way.call) for way in ways if way.call], lambda: self._begin_records(ways))
        except Exception as error:
            for way in ways:
                way.fail(error)
            return
        self._see_loads(ways)
        for way, facts in zip(ways, found, strict=True):
            try:
                assert way.call is not None
                way.answer = answer_on(way.call, facts, self.store, claim=claim)
            except Exception as error:
                way.fail(error)

    def _not_before(self, at: datetime) -> datetime | None:
        not_before = self.latest.not_before(self.store.seen.newest_load_at, self.policy)
        if not_before is not None and at + clock.TOLERANCE < not_before:
            logger.error("the clock says %s, and a load or a record is of %s: sales are denied until it is right; see "
                         "docs/reliability.md", at, not_before)
        self.latest.see(at)
        return not_before

    def _see_loads(self, ways: Sequence[_Way]) -> None:
        """A load that the store has just shown for the first time may be newer than the clock."""
        newest = self.store.seen.newest_load_at
        for way in ways:
            if way.call is not None and newest is not None and way.call.at + clock.TOLERANCE < newest:
                way.call = replace(way.call, not_before=self._not_before(way.call.at))

    def _begin_records(self, ways: Sequence[_Way]) -> None:
        """What there is to do while the store works on its answer."""
        _name(ways)
        for way in ways:
            with suppress(Exception):  # it is tried again, and told, where the record is to be written
                way.draft = way.draft or self._draft(way)

    def _at_once(self, emergencies: Sequence[_Way], deadline: float) -> Iterator[Decisions]:
        """Nobody is kept from help by a log: the answers go first, the records follow, whatever became of the answers."""
        _name(emergencies)
        try:
            yield [(way.number, Decision(way.id, way.answer.verdict, way.call)) for way in emergencies]
        finally:
            self._put_on_record(emergencies, deadline)

    def _on_record(self, ways: Sequence[_Way], deadline: float) -> Decisions:
        self._put_on_record(ways, deadline)
        return [(way.number, Decision(way.id, way.verdict, way.call, "" if way.call else way.emergency))
                for way in ways if way.verdict is not None]

    def _put_on_record(self, ways: Sequence[_Way], deadline: float) -> None:
        _name(ways)
        lines: list[tuple[_Way, record.Line]] = []
        for way in ways:
            if not way.has_failed:
                try:
                    lines.append((way, self._line(way, way.answer.verdict)))
                except Exception as error:
                    way.fail(error)
        if lines:
            try:
                self._append([line for _, line in lines], deadline)
                for way, _ in lines:
                    way.verdict = way.answer.verdict
            except LogUnavailable as error:
                for way, _ in lines:
                    logger.error("decision %s is not on record: %s", way.id, error)
                    way.verdict = self._unrecorded(way.call, way.answer.verdict)
            except Exception as error:
                for way, _ in lines:
                    way.fail(error)
        for way in ways:
            if way.has_failed:
                way.verdict = self._failed(way, deadline)

    def _line(self, way: _Way, verdict: Verdict) -> record.Line:
        call, answer, shadow = way.call, way.answer, None
        assert call is not None
        if self.shadow is not None and not way.has_failed:  # beside a fault of the gate's own there is nothing to compare
            try:
                shadow = self.shadow.beside(call, answer.facts, answer.verdict, failed=answer.failed is not None)
            except Exception as error:  # what is only tried changes nothing
                logger.error("decision %s has no shadow: %s", way.id, _place(error))
                shadow = {"skipped": "error", "config": self.shadow.config}
        return record.write(way.draft or self._draft(way), answer.facts, verdict,
                            (time.monotonic_ns() - way.started_ns) // 1000, fail=answer.fail, shadow=shadow,
                            not_before=call.not_before if verdict.reason is Reason.CLOCK_BEHIND else None)

    def _draft(self, way: _Way) -> record.Draft:
        call = way.call
        assert call is not None
        pseudonym = self.pseudonym(call.destination.e164) if self.pseudonym and call.destination else None
        return record.draft(way.id, call, salt=way.salt, pseudonym=pseudonym,
                            sent=way.asked.answered[1] if way.asked.answered else None)

    def _append(self, lines: Sequence[record.Line], deadline: float) -> None:
        self.log.append_all(lines, time.monotonic() + (deadline - time.monotonic()) * _SHARE_OF_LOG)

    def _failed(self, way: _Way, deadline: float) -> Verdict:
        decided = way.answer.verdict
        if decided.reason is Reason.EMERGENCY:
            return decided
        verdict = Verdict((Finding(Reason.GATE_ERROR),), decided.source)
        if way.emergency:
            campaign = way.call.campaign if way.call else None
            verdict = Verdict((Finding(Reason.EMERGENCY),), campaign and campaign.source or None)
        try:
            if way.call is not None:
                self._append([self._line(way, verdict)], deadline)
        except Exception:
            return verdict if way.emergency else self._unrecorded(way.call, decided)
        self._give_back(way.call, decided)
        return verdict

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
        """Undo the claim of a call that is refused after all; of one that asked again the first call may have left."""
        callback = verdict.findings[0].callback
        if callback is not None and not callback.again and call is not None and call.campaign and call.destination:
            try:
                self.store.give_back(call.campaign.controller.id, call.destination.e164, callback)
            except Exception:
                logger.error("a call-back stays used up though its call was refused")


@dataclass(slots=True)
class Latest:
    """The latest time that was put on record, by this process or before it."""

    at: datetime | None = None

    @classmethod
    def of(cls, log: Path) -> Latest:
        try:
            return cls(newest_record_at(log))
        except OSError as error:
            logger.error("the newest record of %s cannot be read (%s): a clock that is behind it is not noticed", log,
                         error.strerror)
            return cls()

    def see(self, at: datetime) -> None:
        if self.at is None or at > self.at:
            self.at = at

    def not_before(self, newest_load_at: datetime | None, policy: Policy) -> datetime | None:
        """No call is earlier than what is on record, or than the instant at which the admin has looked at the clock.

        From that instant on, what is dated later was written under a clock that was ahead.
        """
        newest = max([at for at in (self.at, newest_load_at) if at is not None], default=None)
        return newest if policy.clock_checked_at is None or newest is None else min(newest, policy.clock_checked_at)


def _name(ways: Sequence[_Way]) -> None:
    """Give those an id that have none."""
    nameless = [way for way in ways if not way.id]
    for way, (id_, salt) in zip(nameless, new_ids(len(nameless)), strict=True):
        way.id, way.salt = way.asked.answered[0] if way.asked.answered else id_, salt


def new_ids(number: int) -> Iterator[tuple[str, str]]:
    """Of so many decisions the id, which sorts by time and is unique without asking anybody, and the record's salt."""
    milliseconds, random = f"{time.time_ns() // 1_000_000:012x}", secrets.token_hex((_ID_BYTES + _SALT_BYTES) * number)
    step, salt = 2 * (_ID_BYTES + _SALT_BYTES), 2 * _ID_BYTES
    for place in range(0, step * number, step):
        yield f"{milliseconds}-{random[place:place + salt]}", random[place + salt:place + step]


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
    return type(error).__name__ + where
