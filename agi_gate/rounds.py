"""Calls in rounds: who has spoken since the last one is read, decided together with the others, and answered.

Joint.  One thread waits for all connections, so that one that says nothing costs a descriptor and no more.  A round asks
the store once and writes the log once, for all of its calls, and waits for nothing else: what would take a time of its
own (a call-back to be used up, a header that came late) is for a thread of its own.
"""

from __future__ import annotations

import errno
import logging
import os
import resource
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agi_gate import place
from agi_gate.agi import (MAX_LINE_BYTES, Conversation, ConversationEnded, GarbageReceived, Hangup, is_whole_header,
                          may_become_header)
from agi_gate.door import request_from, tell
from agi_gate.gate import Asked, Gate

logger = logging.getLogger(__name__)

TICK_S = 0.1
_AT_ONCE = 32  # calls taken in a round: more would have the first wait for the last
_SLOW_S = 0.02
_READ_BYTES = 65536
_NO_DESCRIPTORS = (errno.ENFILE, errno.EMFILE)
_SHUT_DOWN = (errno.EINVAL, errno.EBADF)
# of the descriptors that this process may have; the store and the log need some too
_SHARE = 0.5
_QUEUE_LENGTH = slice(24, 28)  # tcp_info of a listening socket: tcpi_unacked is how many wait to be accepted


@dataclass(frozen=True, slots=True)
class Serving:
    """What a conversation needs; exchanged as one value."""

    gate: Gate
    on_deny: str
    deadline_s: float
    waiting: int
    may_ask: Callable[[str], bool]
    configuration: str


@dataclass(slots=True, eq=False)
class Talk:
    """One connection."""

    connection: socket.socket
    deadline: float  # of time.monotonic()
    descriptor: int
    received: bytes = b""  # of the header
    said: Conversation | None = None  # once the header is whole
    telling: Iterator[bool] | None = None  # what there is to say, once it is decided
    is_watched: bool = False

    @property
    def conversation(self) -> Conversation:
        assert self.said is not None
        return self.said


@dataclass(eq=False)
class Rounds:
    """`by_itself` gives a call a thread of its own; False where there is no room for one."""

    listener: socket.socket
    serving: Callable[[], Serving]
    by_itself: Callable[[Talk], bool]
    count: int = 0  # of rounds
    is_waiting: bool = True  # for connections; else a round is under way
    _whole: list[Talk] = field(default_factory=list)
    _talks: dict[int, Talk] = field(default_factory=dict)  # by descriptor, those that are waited for
    _is_leaving: bool = False
    _is_late: bool = False
    _is_listening: bool = True

    def __post_init__(self) -> None:
        self._epoll = select.epoll()
        self._epoll.register(self.listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self._listening = self.listener.fileno()
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._places = int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] * _SHARE)
        self._woke = self._swept = time.monotonic()

    def leave(self) -> None:
        """Take no more calls, and end when those that were taken are answered."""
        self._is_leaving = True

    def run(self) -> None:
        while self._is_listening or self._talks:
            self.is_waiting = True
            ready = self._epoll.poll(TICK_S)
            self.is_waiting = False
            self.count += 1
            before, self._woke = self._woke, time.monotonic()
            # a round took long, or this process stood still: whoever has waited since may be gone
            self._is_late |= self._woke - before > TICK_S + _SLOW_S
            try:
                self._round(ready)
            except Exception as error:  # it takes no thread with it; what it leaves is closed, which denies
                logger.error("a round failed: %s", type(error).__name__)
            if self._woke - self._swept >= TICK_S:
                self._swept = self._woke
                self._sweep()
            if self._is_leaving and self._is_listening:
                self._stop_listening()
        self._epoll.close()
        os.close(self._spare)

    def _round(self, ready: list[tuple[int, int]]) -> None:
        serving, has_all = self.serving(), False
        for descriptor, _event in ready:
            if descriptor != self._listening:
                if talk := self._talks.get(descriptor):
                    self._read(talk)
            elif self._is_listening and not self._is_leaving:
                has_all = self._accept(serving)
        if self._whole:
            whole, self._whole = self._whole, []
            is_overloaded = len(whole) >= _AT_ONCE and self._queued() >= serving.waiting
            # callers who have waited for long leave at any moment: each is looked at just before it is decided
            for together in [[talk] for talk in whole] if self._is_late else [whole]:
                self._decide([talk for talk in together if self._is_in_order(talk, serving)], serving, is_overloaded)
        if has_all:  # not in a round that found nobody: a wait that was broken off ends so, too
            self._is_late = False

    # --- connections

    def _accept(self, serving: Serving) -> bool:
        """Take who waits; True where that was all."""
        for _ in range(_AT_ONCE):
            try:
                connection, (peer, *_) = self.listener.accept()
            except BlockingIOError:
                return True
            except OSError as error:
                if error.errno in _NO_DESCRIPTORS:
                    self._turn_away()
                elif error.errno in _SHUT_DOWN:
                    self._stop_listening()
                    return True
                logger.error("accept: %s", error.strerror)
                return False
            if not serving.may_ask(peer):
                connection.close()
                logger.warning("an address that is not in [daemon] allow asked")
                continue
            if len(self._talks) >= self._places:
                self._make_room()
            self._read(Talk(connection, time.monotonic() + serving.deadline_s, connection.fileno()))
        return False

    def _stop_listening(self) -> None:
        self._is_listening = False
        self._epoll.unregister(self._listening)

    def _turn_away(self) -> None:
        """Without a descriptor for a call it is closed, which the dialplan takes for a refusal, and not left waiting."""
        try:
            os.close(self._spare)
            self.listener.accept()[0].close()
        except OSError:
            pass  # it has gone, or another was faster with the spare descriptor
        finally:
            try:
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._spare = -1

    def _make_room(self) -> None:
        """The one that has said nothing for longest goes."""
        silent = next((talk for talk in self._talks.values() if talk.telling is None), None)
        if silent is not None:
            self._close(silent)

    def _queued(self) -> int:
        info = self.listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUE_LENGTH.stop)
        return int.from_bytes(info[_QUEUE_LENGTH], "little")

    def _watch(self, talk: Talk) -> None:
        if not talk.is_watched:
            talk.is_watched = True
            self._talks[talk.descriptor] = talk
            try:
                self._epoll.register(talk.descriptor, select.EPOLLIN)
            except OSError as error:  # no memory for it
                self._close(talk, error.strerror)

    def _unwatch(self, talk: Talk) -> None:
        if talk.is_watched:
            talk.is_watched = False
            del self._talks[talk.descriptor]
            self._epoll.unregister(talk.descriptor)

    def _close(self, talk: Talk, why: object = None) -> None:
        if talk.is_watched:
            talk.is_watched = False
            del self._talks[talk.descriptor]
        talk.connection.close()  # which ends the watch, too
        if why is not None and not isinstance(why, Hangup):  # that is the caller's right, at any step
            logger.warning("conversation ended: %s", why)

    def _sweep(self) -> None:
        now = time.monotonic()
        late = [talk for talk in self._talks.values() if talk.deadline <= now]
        for talk in late:
            self._close(talk)
        if late:
            logger.warning("connections that did not say their part in time were closed")

    # --- what they say

    def _read(self, talk: Talk) -> None:
        try:
            received = talk.connection.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._watch(talk)
        except OSError:  # a reset
            self._close(talk)
        else:
            if not received:
                self._close(talk)
            elif talk.telling is not None:
                self._hear(talk, received)
            else:
                self._read_header(talk, received)

    def _read_header(self, talk: Talk, received: bytes) -> None:
        received = talk.received = talk.received + received
        if is_whole_header(received):
            self._whole.append(talk)
        elif len(received) < _READ_BYTES and may_become_header(received):
            self._watch(talk)
        else:
            self._close(talk, "what came is no AGI header")

    def _hear(self, talk: Talk, received: bytes) -> None:
        try:
            talk.conversation.take(received)
        except ConversationEnded as end:
            self._close(talk, end)
        else:
            self._go_on(talk)

    def _go_on(self, talk: Talk) -> None:
        """Say what can be said by now."""
        assert talk.telling is not None
        try:
            while talk.conversation.has_reply():
                talk.conversation.hear()
                next(talk.telling)
        except StopIteration:
            self._close(talk)
        except ConversationEnded as end:
            self._close(talk, end)

    # --- decisions

    def _is_in_order(self, talk: Talk, serving: Serving) -> bool:
        """Whether a call is to be decided: nothing is decided for a caller who has gone."""
        try:
            talk.said = Conversation(talk.descriptor, talk.descriptor, talk.deadline, talk.received)
            talk.received = b""
            # a script names the configuration that is to decide its call: no other may
            if talk.said.env.get(place.CONFIGURATION, serving.configuration) != serving.configuration:
                raise GarbageReceived("a script asked that has another configuration")
            if self._is_late:
                self._look_again(talk)
            if talk.said.is_hung_up():
                raise Hangup("the channel was hung up")
        except ConversationEnded as end:
            self._close(talk, end)
            return False
        return True

    def _look_again(self, talk: Talk) -> None:
        try:
            talk.conversation.take(talk.connection.recv(MAX_LINE_BYTES, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass
        except OSError as error:
            raise Hangup("a reset") from error

    def _decide(self, talks: list[Talk], serving: Serving, is_overloaded: bool) -> None:
        now, together = time.monotonic(), []
        for talk in talks:
            # with little time left it would hurry the others
            if talk.deadline - now < serving.deadline_s / 2:
                self._decide_by_itself(talk, serving)
            else:
                together.append(talk)
        if not together:
            return
        asked = [Asked(request_from(talk.conversation.env), talk.deadline, is_overloaded) for talk in together]
        for talk, decision in zip(together, serving.gate.decide_all(asked, claim=False), strict=True):
            if decision is None:
                self._decide_by_itself(talk, serving)
            else:
                self._tell(talk, tell(talk.conversation, decision, serving.on_deny))

    def _decide_by_itself(self, talk: Talk, serving: Serving) -> None:
        self._unwatch(talk)
        if not self.by_itself(talk):
            asked = Asked(request_from(talk.conversation.env), talk.deadline, overloaded=True)
            (decision,) = serving.gate.decide_all([asked], claim=False)
            assert decision is not None  # without the store there is no call-back
            self._tell(talk, tell(talk.conversation, decision, serving.on_deny))

    def _tell(self, talk: Talk, telling: Iterator[bool]) -> None:
        talk.telling = telling
        try:
            next(telling)
        except ConversationEnded as end:
            self._close(talk, end)
        else:
            self._watch(talk)
            self._go_on(talk)
