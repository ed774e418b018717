"""The connections of a worker: each waits here for its next word, or belongs to the one thread that took it from here.

Joint.  One that says nothing costs a descriptor and no more.  Only its owner reads, writes or closes a
connection, so a descriptor is never used under another's number; where an owner stands still past the deadline the
connection is shut down under it, which the dialplan takes for a refusal.

Each address has its share (`sources`): of the connections that there is room for, and of the turns to be decided.
"""

from __future__ import annotations

import errno
import logging
import os
import resource
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from agi_gate.agi import WORD_OR_END, Conversation, Hangup
from agi_gate.awake import soon
from agi_gate.sources import Source, Sources

logger = logging.getLogger(__name__)

_NO_DESCRIPTORS = (errno.ENFILE, errno.EMFILE)
_SHUT_DOWN = (errno.EINVAL, errno.EBADF)
# of the descriptors that this process may have; the store and the log need some too
_SHARE = 0.5
# each may hold a header's beginning: memory is no more than that, however many descriptors there are
_MOST_PLACES = 4096
_QUEUE_LENGTH = slice(24, 28)  # tcp_info of a listening socket: tcpi_unacked is how many wait to be accepted
# words that are read in a round: more would have those wait who ask meanwhile
_MOST_SPOKEN = 64
_NEXT_WORD = select.EPOLLIN | select.EPOLLONESHOT


@dataclass(slots=True, eq=False)
class Talk:
    """One connection, and how far its conversation has come."""

    connection: socket.socket
    deadline: float  # of time.monotonic()
    descriptor: int
    source: Source[Talk] = field(init=False)  # whose share it counts to
    received: bytes = b""  # of the header
    line: int = 0  # where in it the last line begins that has no end yet
    has_waited: bool = False  # while this process stood still
    said: Conversation | None = None  # once the header is whole
    telling: Iterator[bool] | None = None  # what there is to say, once it is decided
    is_told: bool = False  # all of it
    is_known: bool = False  # to the kernel, as one that is waited for
    is_shut: bool = False

    @property
    def conversation(self) -> Conversation:
        assert self.said is not None
        return self.said


class Connections:
    """One thread at a time waits; the others may put theirs back, and close them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener, self._listening = listener, listener.fileno()
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self._poll = partial(self._epoll.poll, maxevents=_MOST_SPOKEN)
        self._open: set[Talk] = set()
        self._waiting: dict[int, Talk] = {}  # by descriptor, those that nobody has taken; the longest there first
        self._sources: Sources[Talk] = Sources()
        self._places = min(int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] * _SHARE), _MOST_PLACES)
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self.is_listening, self.is_crowded = True, False

    def __len__(self) -> int:
        return len(self._open)

    def wait(self, seconds: float, *, is_busy: bool = False) -> tuple[bool, list[Talk]]:
        """Whether somebody is to be accepted, and those who have spoken, who are the caller's now.

        `is_busy`: there was work just now, so more is likely to come soon, or is there: then `is_crowded`.
        """
        spoken = []
        events = self._poll(0) if is_busy else []
        self.is_crowded = bool(events)
        events = events or is_busy and soon(self._poll) or self._poll(seconds)
        is_asked = self.is_listening and len(events) == _MOST_SPOKEN  # it may be that it was not its turn to be found
        for descriptor, _event in events:
            if descriptor == self._listening:
                is_asked = self.is_listening
            elif talk := self._waiting.pop(descriptor, None):
                spoken.append(talk)
        return is_asked, spoken

    def put_back(self, talk: Talk) -> None:
        """Wait for its next word."""
        with self._lock:  # while it is neither here nor there nobody may close it
            # before the kernel knows: it may have spoken already, and is somebody's from then on
            is_known, talk.is_known = talk.is_known, True
            self._waiting[talk.descriptor] = talk
            try:
                (self._epoll.modify if is_known else self._epoll.register)(talk.descriptor, _NEXT_WORD)
                return
            except OSError as error:  # no memory for it
                why = error.strerror
                if self._waiting.pop(talk.descriptor, None) is None:
                    return
        self.close(talk, why)

    def close(self, talk: Talk, why: object = None) -> None:
        self._open.discard(talk)
        self._sources.closed(talk.source, talk)
        talk.connection.close()
        if why is not None and not isinstance(why, Hangup):  # that is the caller's right, at any step
            logger.warning("conversation ended: %s", why)

    def accept(self, most: int, deadline_s: float, may_ask: Callable[[str], bool]) -> tuple[list[Talk], bool]:
        """So many of those who wait, who are the caller's now, and whether that was all."""
        accepted: list[Talk] = []
        for _ in range(most):  # those who are turned away count: they come as fast as others
            try:
                connection, (peer, *_) = self._listener.accept()
            except BlockingIOError:
                return accepted, True
            except OSError as error:
                if error.errno in _SHUT_DOWN:
                    self.stop_listening()
                    return accepted, True
                if error.errno in _NO_DESCRIPTORS:
                    self._turn_away()
                logger.error("accept: %s", error.strerror)
                return accepted, False
            if not may_ask(peer):
                connection.close()
                logger.warning("%s asked, which is not in [daemon] allow", peer)
                continue
            talk = Talk(connection, time.monotonic() + deadline_s, connection.fileno())
            talk.source = self._sources.opened(peer, talk)
            self._open.add(talk)
            if len(self._open) > self._places and not self._make_room(talk.source):
                self.close(talk, "its address has more connections than there is room for")
                continue
            accepted.append(talk)
        return accepted, False

    # --- whose turn it is to be decided

    @property
    def has_pending(self) -> bool:
        return self._sources.has_pending

    def wait_for_turn(self, talk: Talk, *, urgent: bool) -> None:
        if not self._sources.put(talk.source, talk, urgent=urgent):
            self.close(talk, "too many calls of its address wait")

    def next_calls(self, most: int) -> list[Talk]:
        """Those whose turn it is, who are the caller's now."""
        return self._sources.take(most)

    @staticmethod
    def look(talks: Sequence[Talk]) -> dict[int, int]:
        """What has come from these meanwhile, a word or an end: the events of poll(2) by descriptor, where there are any."""
        poll = select.poll()
        for talk in talks:
            poll.register(talk.descriptor, WORD_OR_END)
        try:
            return dict(poll.poll(0))
        except OSError:  # they are more than may be open by now
            if len(talks) == 1:
                raise
            return {descriptor: event for talk in talks for descriptor, event in Connections.look([talk]).items()}

    def queued(self) -> int:
        """How many wait to be accepted."""
        info = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUE_LENGTH.stop)
        return int.from_bytes(info[_QUEUE_LENGTH], "little")

    def sweep(self, now: float) -> None:
        """Close what has not come to its end by its deadline."""
        late = [talk for talk in list(self._open) if talk.deadline <= now and not talk.is_shut]
        for talk in late:
            if self._take(talk):
                self.close(talk)
                continue
            talk.is_shut = True
            try:
                talk.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has come to its end meanwhile
        if late:
            logger.warning("connections that did not come to their end in time were closed")

    def stop_listening(self) -> None:
        with self._lock:
            if self.is_listening:
                self.is_listening = False
                self._epoll.unregister(self._listening)

    def _turn_away(self) -> None:
        """Without a descriptor for a call it is closed, which the dialplan takes for a refusal, and not left waiting."""
        try:
            os.close(self._spare)
            self._listener.accept()[0].close()
        except OSError:
            pass  # it has gone, or another was faster with the spare descriptor
        finally:
            try:
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._spare = -1

    def _make_room(self, newcomer: Source[Talk]) -> bool:
        """Close a connection of the address that has most; False if the newcomer is of that one and has to go itself."""
        largest = self._sources.largest()
        waiting = [talk for talk in self._sources.oldest(largest) if self._waiting.get(talk.descriptor) is talk]
        # who has said nothing for longest, and only then who was told all, and last of all who still has to hear more
        for talk in sorted(waiting, key=lambda talk: (talk.telling is not None) + (talk.telling is not None and not talk.is_told)):
            if self._take(talk):
                self.close(talk)
                return True
        if largest is newcomer:
            return False
        pending = self._sources.give_up(largest)
        if pending is not None:
            self.close(pending)
        return True

    def _take(self, talk: Talk) -> bool:
        """Have a talk that waits here, unless another has taken it meanwhile."""
        with self._lock:
            if self._waiting.get(talk.descriptor) is not talk:
                return False
            return self._waiting.pop(talk.descriptor, None) is talk
