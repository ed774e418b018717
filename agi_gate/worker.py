"""One worker process of the daemon: a few threads that accept for themselves, and as many more as a stall asks for.

Joint.  Nothing holds a thread for long that is not worth it:

- a connection whose header does not come at once is parked, and a thread is found when it is whole;
- where every thread waits (for a store that is slow, for a peer that stalls) more are started, up to a bound;
- where more calls wait in the queue than `[daemon] waiting` says, calls are decided without the store: at once, and
  denied where the store would have to know; beyond the bound of threads nothing is waited for either.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agi_gate import config, place
from agi_gate.agi import CommandRefused, Conversation, DeadlinePassed, GarbageReceived, Hangup, may_become_header
from agi_gate.decision_log import DecisionLog
from agi_gate.door import converse, converse_at_once
from agi_gate.gate import Gate
from agi_gate.parking import Parked, Parking
from agi_gate.store.reader import StoreUnavailable

logger = logging.getLogger(__name__)

THREADS = 4  # more of them answer fewer calls: they stand in each other's way
MAX_THREADS = 128
_MORE = 8  # started at once where all wait
TICK_S = 0.05
_COLLECTED_AFTER = 20_000  # objects: a call makes some hundreds, and hardly a cycle
# between two pieces of a header: Asterisk writes it line by line; whoever is slower may wait elsewhere
_PATIENCE_MS = 5
_HEADER_BYTES = 65536
_QUEUE_LENGTH = slice(24, 28)  # tcp_info of a listening socket: tcpi_unacked is how many wait to be accepted
_NO_DESCRIPTORS = (23, 24)  # ENFILE, EMFILE
_SHUT_DOWN = (22, 9)  # EINVAL, EBADF


@dataclass(frozen=True, slots=True)
class _Serving:
    """What a conversation needs; exchanged as one value."""

    gate: Gate
    on_deny: str
    deadline_s: float
    waiting: int
    may_ask: Callable[[str], bool]
    configuration: str

    @classmethod
    def under(cls, settings: config.Settings, log: DecisionLog) -> _Serving:
        daemon = settings.daemon
        return cls(Gate.under(settings, log), settings.on_deny, daemon.deadline_ms / 1000, daemon.waiting,
                   daemon.may_ask, str(settings.path))

    def conversation(self, connection: socket.socket, received: bytes, deadline: float) -> Conversation:
        """As a Conversation.  A script names the configuration that is to decide its call: no other may."""
        descriptor = connection.fileno()
        conversation = Conversation(descriptor, descriptor, deadline, received)
        if conversation.env.get(place.CONFIGURATION, self.configuration) != self.configuration:
            raise GarbageReceived("a script asked that has another configuration")
        return conversation


class Worker:
    """`beat` is called some 20 times a second for as long as the worker is well."""

    def __init__(self, listener: socket.socket, settings: config.Settings, beat: Callable[[], None]) -> None:
        self._listener = listener
        self._settings = settings
        self._beat = beat
        self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._serving = _Serving.under(settings, self._log)
        self._parking = Parking(self._take_parked)
        self._lock = threading.Lock()
        self._threads, self._idle, self._accepted = 0, 0, 0
        self._turning_away = threading.Lock()
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._arrivals = select.poll()
        self._arrivals.register(listener, select.POLLIN)

    def run(self, parent: int, signals: tuple[signal.Signals, ...],
            new_settings: Callable[[], config.Settings | None]) -> None:
        """Answer calls until SIGTERM, or until the parent is gone; SIGHUP brings new settings."""
        self._ask_ahead()
        # what is there now stays for good: the collector need not go through it again and again under calls
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECTED_AFTER)
        self._start(THREADS)
        self._parking.start()
        accepted = 0
        while os.getppid() == parent:  # a main process that was killed leaves no workers behind
            self._beat()
            received = signal.sigtimedwait(signals, TICK_S)
            if received is not None and received.si_signo == signal.SIGHUP:
                self._take_settings(new_settings())
            elif received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
            if self._idle == 0 and self._accepted == accepted:
                self._start(min(_MORE, MAX_THREADS + 1 - self._threads))  # the last one over is the doorman
            accepted = self._accepted
        deadline = time.monotonic() + self._serving.deadline_s + 1
        while (self._threads or self._parking.count) and time.monotonic() < deadline:
            self._beat()
            time.sleep(TICK_S / 5)
        self._log.close()

    def _take_settings(self, settings: config.Settings | None) -> None:
        if settings is None:
            return
        if (settings.log.path, settings.log.durability) != (self._settings.log.path, self._settings.log.durability):
            self._log.close()
            self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._settings = settings
        self._serving = _Serving.under(settings, self._log)

    def _ask_ahead(self) -> None:
        """Have a connection to the store before the first call, which would have to wait for it."""
        campaign = next(iter(self._settings.policy.campaigns.values()))
        try:
            self._serving.gate.store.facts_for(campaign.controller.id, "+390212345678")
        except StoreUnavailable as error:
            logger.warning("store unavailable: %s", error)

    # --- threads

    def _start(self, count: int) -> None:
        for _ in range(count):
            with self._lock:
                self._threads, self._idle = self._threads + 1, self._idle + 1
            try:
                threading.Thread(target=self._accept, daemon=True).start()
            except RuntimeError:  # the system has no more
                with self._lock:
                    self._threads, self._idle = self._threads - 1, self._idle - 1
                logger.error("no more threads can be started")
                return

    def _accept(self) -> None:
        while True:
            try:
                connection, (peer, *_) = self._listener.accept()
            except OSError as error:
                if error.errno in _SHUT_DOWN:
                    break
                if error.errno in _NO_DESCRIPTORS:
                    self._turn_away()
                logger.error("accept: %s", error.strerror)
                continue
            with self._lock:
                self._idle -= 1
                self._accepted += 1
                # where even the one thread beyond the bound is at work, whoever comes is one too many
                one_too_many = self._threads > MAX_THREADS and self._idle == 0
            self._take(connection, peer, one_too_many)
            with self._lock:
                if self._idle >= THREADS:  # a stall is over
                    self._threads -= 1
                    return
                self._idle += 1
        with self._lock:
            self._threads, self._idle = self._threads - 1, self._idle - 1

    def _turn_away(self) -> None:
        """Without a descriptor for a call it is closed, which the dialplan takes for a refusal, and not left waiting."""
        with self._turning_away:  # a lock of its own: calls that have a descriptor are not to wait for this
            if not self._arrivals.poll(TICK_S * 1000):
                return  # accept() wants a descriptor before there is a call
            os.close(self._spare)
            try:
                self._listener.accept()[0].close()
            except OSError:
                pass  # it has gone, or another thread was faster with the spare descriptor
            finally:
                try:
                    self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
                except OSError:
                    self._spare = -1

    # --- calls

    def _take(self, connection: socket.socket, peer: str, one_too_many: bool) -> None:
        serving = self._serving
        if not serving.may_ask(peer):
            connection.close()
            logger.warning("an address that is not in [daemon] allow asked")
            return
        deadline = time.monotonic() + serving.deadline_s
        try:
            received = header_of(connection)
        except OSError:  # it has gone
            connection.close()
            return
        if not is_whole(received):
            self._park(Parked(connection, received, deadline))
        elif one_too_many:
            self._answer_at_once(serving, Parked(connection, received, deadline))
        else:
            with connection:
                self._answer(serving, connection, received, deadline, self._waiting() >= serving.waiting)

    def _waiting(self) -> int:
        info = self._listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUE_LENGTH.stop)
        return int.from_bytes(info[_QUEUE_LENGTH], "little")

    def _park(self, parked: Parked) -> None:
        if may_become_header(parked.received):
            self._parking.park(parked)
        else:
            parked.connection.close()
            logger.warning("conversation ended: what came is no AGI header")

    def _take_parked(self, parked: Parked) -> None:
        """Find a thread for a call whose header came late."""
        if parked.told:  # this was the reply
            parked.connection.close()
        elif not is_whole(parked.received):
            self._park(parked)
        else:
            with self._lock:
                is_room = self._threads < MAX_THREADS
                self._threads += is_room
            if is_room:
                threading.Thread(target=self._answer_parked, args=(parked,), daemon=True).start()
            else:
                self._answer_at_once(self._serving, parked)

    def _answer_parked(self, parked: Parked) -> None:
        with parked.connection:
            self._answer(self._serving, parked.connection, parked.received, parked.deadline, False)
        with self._lock:
            self._threads -= 1

    def _answer(self, serving: _Serving, connection: socket.socket, received: bytes, deadline: float,
                overloaded: bool) -> None:
        with _no_call_ends_the_thread():
            converse(serving.conversation(connection, received, deadline), serving.gate, serving.on_deny,
                     overloaded=overloaded)

    def _answer_at_once(self, serving: _Serving, parked: Parked) -> None:
        """Its reply is waited for elsewhere: closed before, the connection would take the answer with it."""
        with _no_call_ends_the_thread():
            converse_at_once(serving.conversation(parked.connection, parked.received, parked.deadline), serving.gate)
            parked.told = True
            self._parking.park(parked)
            return
        parked.connection.close()


@contextmanager
def _no_call_ends_the_thread() -> Iterator[None]:
    """It answers the next call whatever this one did."""
    try:
        yield
    except Hangup:
        pass  # the caller's right, at any step
    except (GarbageReceived, DeadlinePassed, CommandRefused) as error:
        logger.warning("conversation ended: %s", error)
    except Exception as error:
        logger.error("conversation failed: %s", type(error).__name__)


def header_of(connection: socket.socket) -> bytes:
    """What comes of the header without waiting longer than between two lines of it.  Raises OSError."""
    received, poll = b"", select.poll()
    poll.register(connection, select.POLLIN)
    while not is_whole(received) and poll.poll(_PATIENCE_MS if received else 0):
        more = connection.recv(_HEADER_BYTES)
        if not more:
            raise ConnectionResetError("the stream ended within the header")
        received += more
        if not received.endswith(b"\n") and not may_become_header(received):
            break
    return received


def is_whole(received: bytes) -> bool:
    """Say whether the rest may be read by the conversation itself: a blank line, or more than any header."""
    return received.endswith((b"\n\n", b"\n\r\n")) or len(received) >= _HEADER_BYTES or b"\n\n" in received
