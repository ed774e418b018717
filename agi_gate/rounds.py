"""Calls in rounds: who has spoken since the last one is read, decided together with the others, and answered.

Joint.  One thread at a time leads: it waits for all connections, and goes through a round with those that have spoken.
A round asks the store once and writes the log once, for all of its calls.  Where it stands still over that, another
thread leads from then on (`worker` sees to it), and this one ends with its round.

If more have spoken than a round takes, they take turns by address, and nothing is decided for a caller who has gone.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from agi_gate import place
from agi_gate.agi import (GONE, Conversation, ConversationEnded, GarbageReceived, Hangup, header_end, is_success, last_line,
                          may_begin_header)
from agi_gate.connections import Connections, Talk
from agi_gate.dialled import emergency_number
from agi_gate.door import request_from, tell
from agi_gate.gate import Asked, Decision, Gate

logger = logging.getLogger(__name__)

SWEEP_S = 0.1
_AT_ONCE = 32  # calls taken in a round: more would have the first wait for the last
# what the kernel's queue may hold beside them, in no order but that of time: the other workers take from it, too
_QUEUED = 64
_MOST_ACCEPTED = 256
_SLOW_S = 0.02
_HURRIED_S = 0.02
_READ_BYTES = 65536
_DESTINATION = re.compile(rb"^agi_arg_1: ?([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Serving:
    """What a conversation needs; exchanged as one value."""

    gate: Gate
    on_deny: str
    deadline_s: float
    waiting: int
    may_ask: Callable[[str], bool]
    configuration: str


class Rounds:
    """A thread that leads from `lead` to `step_down`.

    `by_itself` gives a call a thread of its own; False where there is no room for one.  Where `is_hurried`, a round waits
    for nothing: what would have to be waited for is denied.
    """

    def __init__(self, connections: Connections, serving: Callable[[], Serving],
                 by_itself: Callable[[Talk], bool]) -> None:
        self._connections, self._serving, self._by_itself = connections, serving, by_itself
        self._lock, self._may_lead = threading.Lock(), threading.Event()
        self._is_leading, self._is_waiting, self._is_late = True, False, False
        self._count = self._seen = 0  # of rounds; when it was looked at last
        self._told: list[Talk] = []  # in this round, all of it: their last replies are still to come
        self.is_hurried = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- from outside

    def lead(self) -> None:
        self._may_lead.set()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stands_still(self) -> bool:
        """Say whether it is in the round that it was in when it was asked last, or has ended."""
        seen, self._seen = self._seen, self._count
        return not self._is_waiting and seen == self._count or not self._thread.is_alive()

    def step_down(self) -> bool:
        """Have it end with its round; False where it is done with that by now, and leads on."""
        with self._lock:
            if self._is_waiting and self._thread.is_alive():
                return False
            self._is_leading = False
            return True

    # --- the thread

    def _run(self) -> None:
        self._may_lead.wait()
        woke = swept = time.monotonic()
        is_asked, spoken = False, list[Talk]()
        while True:
            with self._lock:
                if not self._is_leading:
                    break
                self._is_waiting = True
            has_pending = self._connections.has_pending
            is_asked, spoken = self._connections.wait(0 if self._told or has_pending else SWEEP_S,
                                                      is_busy=not has_pending and (is_asked or bool(spoken)))
            self._is_waiting = False
            self._count += 1
            before, woke = woke, time.monotonic()
            # a round took long, or this process stood still: whoever has waited since may be gone
            self._is_late |= woke - before > SWEEP_S + _SLOW_S
            try:
                self._round(is_asked, spoken)
                if woke - swept >= SWEEP_S:
                    swept = woke
                    self._connections.sweep(woke)
            except Exception as error:  # it takes no thread with it
                logger.error("a round failed: %s", type(error).__name__)
        for talk in self._told:
            self._connections.put_back(talk)

    def _round(self, is_asked: bool, spoken: list[Talk]) -> None:
        told, self._told = self._told, []
        try:
            self._answer(is_asked, spoken)
        finally:
            for talk in told:  # who were answered need not be waited for, and have spoken by now
                self._step(talk, self._read, [])

    def _answer(self, is_asked: bool, spoken: list[Talk]) -> None:
        serving, whole, has_waited = self._serving(), list[Talk](), self._is_late
        for talk in spoken:
            self._step(talk, self._read, whole)
        if is_asked:
            for talk in self._accepted(serving):
                self._step(talk, self._read, whole)
        if has_waited:
            for talk in whole:
                talk.has_waited = True
        if len(whole) > _AT_ONCE or self._connections.has_pending:
            for talk in whole:
                self._connections.wait_for_turn(talk, urgent=self._is_urgent(talk))
            whole = self._connections.next_calls(_AT_ONCE)
        if whole:
            whole = self._still_there(whole, serving)
            self._decide([talk for talk in whole if not talk.has_waited], serving)
            # callers who have waited for long leave at any moment: each is looked at just before it is decided
            for talk in whole:
                if talk.has_waited:
                    self._decide(self._still_there([talk], serving), serving)

    def _accepted(self, serving: Serving) -> list[Talk]:
        connections = self._connections
        if self._is_late:
            self._is_late, most = False, max(1, connections.queued())  # all who have waited, and nobody who comes now
        else:
            # who comes alone is answered before it is looked for another; where a thread takes over others have waited
            takes_over = self._count == 1
            most = _AT_ONCE if takes_over or connections.is_crowded or connections.has_pending else 1
        accepted, has_all = connections.accept(most, serving.deadline_s, serving.may_ask)
        if most == _AT_ONCE and not has_all:
            # who waits in the kernel's queue waits behind whoever came before, of whatever address
            more = min(connections.queued() - _QUEUED, _MOST_ACCEPTED)
            if more > 0:
                accepted += connections.accept(more, serving.deadline_s, serving.may_ask)[0]
        return accepted

    @staticmethod
    def _is_urgent(talk: Talk) -> bool:
        """Say whether a call is an emergency that would wait for long behind others of its own address."""
        if len(talk.source.pending) < _AT_ONCE:
            return False
        destination = _DESTINATION.search(talk.received)
        return destination is not None and emergency_number(destination[1].decode("ascii", "replace").strip()) is not None

    def _step(self, talk: Talk, step: Callable[..., None], *arguments: object) -> None:
        """Go a step with a talk; whatever comes of it ends this one and no other."""
        try:
            step(talk, *arguments)
        except ConversationEnded as end:
            self._connections.close(talk, end)
        except OSError:  # a reset
            self._connections.close(talk)
        except Exception as error:
            logger.error("conversation failed: %s", type(error).__name__)
            self._connections.close(talk)

    # --- what they say

    def _read(self, talk: Talk, whole: list[Talk]) -> None:
        try:
            received = talk.connection.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._connections.put_back(talk)
            return
        if not received:
            raise Hangup("the stream ended")
        if talk.is_told and is_success(received):  # nearly every conversation ends so
            self._connections.close(talk)
            return
        if talk.telling is not None:
            talk.conversation.take(received)
            self._go_on(talk)
            return
        received = talk.received = talk.received + received
        if not may_begin_header(received):
            raise GarbageReceived("what came is no AGI header")
        if header_end(received, talk.line) >= 0:
            whole.append(talk)
        else:
            talk.line = last_line(received, talk.line)
            self._connections.put_back(talk)

    def _go_on(self, talk: Talk) -> None:
        """Say what can be said by now."""
        while talk.conversation.has_reply():
            talk.conversation.hear()
            if talk.is_told:
                self._connections.close(talk)
                return
            if self._say(talk):
                return
        self._connections.put_back(talk)

    def _say(self, talk: Talk) -> bool:
        """True where it was the last word."""
        assert talk.telling is not None
        talk.is_told = next(talk.telling)
        if talk.is_told:
            # Asterisk goes on once it has done what it was told last, and need not wait until its reply is heard
            talk.connection.shutdown(socket.SHUT_WR)
            self._told.append(talk)
        return talk.is_told

    # --- decisions

    def _still_there(self, talks: list[Talk], serving: Serving) -> list[Talk]:
        """Those whose callers have not gone, as far as it can be seen with one look at all of them."""
        events, there = self._connections.look(talks), list[Talk]()
        for talk in talks:
            self._step(talk, self._look_at, events.get(talk.descriptor, 0), serving, there)
        return there

    def _look_at(self, talk: Talk, event: int, serving: Serving, there: list[Talk]) -> None:
        """Nothing is decided for a caller who has gone."""
        if event & GONE:
            raise Hangup("the caller has gone")
        if talk.said is None:
            talk.said = Conversation(talk.descriptor, talk.descriptor, talk.deadline, talk.received)
            talk.received = b""
            # a script names the configuration that is to decide its call: no other may
            if talk.said.env.get(place.CONFIGURATION, serving.configuration) != serving.configuration:
                raise GarbageReceived("a script asked that has another configuration")
        if event:
            talk.said.look()
        talk.said.check_caller()
        there.append(talk)

    def _decide(self, talks: list[Talk], serving: Serving) -> None:
        """Decide some of a round; whatever fails takes no others with it."""
        half = time.monotonic() + serving.deadline_s / 2
        late = [talk for talk in talks if talk.deadline < half]
        batches = [[talk for talk in talks if talk not in late] if late else talks]
        # with little time left a call hurries those that are decided with it: no others than its own address's
        for source in dict.fromkeys(talk.source for talk in late):
            batches.append([talk for talk in late if talk.source is source])
        for batch in batches:
            if batch:
                try:
                    self._decide_together(batch, serving)
                except Exception as error:
                    logger.error("a round failed: %s", type(error).__name__)

    def _decide_together(self, talks: list[Talk], serving: Serving) -> None:
        deadline = time.monotonic() + _HURRIED_S if self.is_hurried else None
        untold = dict(enumerate(talks))
        try:
            asked = [Asked(request_from(talk.conversation.env), deadline or talk.deadline,
                           self.is_hurried or len(talk.source.pending) >= serving.waiting) for talk in talks]
            for decided in serving.gate.decide_all(asked, claim=False):
                # what Asterisk writes behind a header's false end has come by now
                events = self._connections.look([untold[number] for number, _decision in decided])
                for number, decision in decided:
                    talk = untold.pop(number)
                    self._step(talk, self._tell, serving, decision, events.get(talk.descriptor, 0))
        finally:
            for talk in untold.values():
                self._connections.close(talk)

    def _tell(self, talk: Talk, serving: Serving, decision: Decision | None, event: int = 0) -> None:
        if event:
            talk.conversation.look()
        if decision is None:
            self._decide_alone(talk, serving)
            return
        talk.telling = tell(talk.conversation, decision, serving.on_deny)
        if not self._say(talk):
            self._go_on(talk)

    def _decide_alone(self, talk: Talk, serving: Serving) -> None:
        # the store has taken its time by now, and what is used up for nobody it may not give back in time
        talk.conversation.check_caller()
        if not self._by_itself(talk):
            asked = Asked(request_from(talk.conversation.env), talk.deadline, overloaded=True)
            (((_, decision),),) = serving.gate.decide_all([asked], claim=False)
            assert decision is not None  # without the store there is no call-back
            self._tell(talk, serving, decision)
