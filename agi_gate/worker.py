"""One worker process of the daemon: a thread that answers calls in rounds, and another one where that stands still.

Joint.  A round may stand still: the disk that does not take the log, a store that is slow to say nothing.  Then a thread
that was kept for it leads on, up to a bound; past it calls are answered without waiting for anything, so denied.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

from agi_gate import config
from agi_gate.agi import ConversationEnded
from agi_gate.connections import Connections, Talk
from agi_gate.decision_log import DecisionLog
from agi_gate.door import converse
from agi_gate.gate import Gate, Pseudonym
from agi_gate.rounds import Rounds, Serving

logger = logging.getLogger(__name__)

Given = tuple[config.Settings, Pseudonym | None]  # what the main process has read, once for all workers

MAX_STUCK = 8  # rounds
MAX_THREADS = 128  # of calls that are decided by themselves
TICK_S = 0.02
_COLLECTED_AFTER = 20_000  # objects: a call makes some hundreds, and hardly a cycle


class Worker:
    """`beat` is called some 50 times a second for as long as the worker is well."""

    def __init__(self, listener: socket.socket, settings: config.Settings, beat: Callable[[], None],
                 pseudonym: Pseudonym | None = None) -> None:
        self._connections = Connections(listener)
        self._settings = settings
        self._beat = beat
        self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._serving = self._under(settings, pseudonym)
        self._stuck: list[Rounds] = []
        self._next: Rounds | None  # kept for it: when it is needed there may be no memory for a thread
        self._leader, self._next = self._a_thread(), None
        self._lock = threading.Lock()
        self._by_themselves = 0  # calls that have a thread of their own

    def run(self, parent: int, signals: tuple[signal.Signals, ...],
            given: Callable[[], Given | None]) -> None:
        """Answer calls until SIGTERM, or until the parent is gone; SIGHUP brings new settings."""
        # what is there now stays for good: the collector need not go through it again and again under calls
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECTED_AFTER)
        self.begin()
        while os.getppid() == parent:  # a main process that was killed leaves no workers behind
            self._beat()
            received = signal.sigtimedwait(signals, TICK_S)
            if received is not None and received.si_signo == signal.SIGHUP:
                try:
                    self._take(given())
                except Exception as error:  # no descriptor, no memory: a worker that is started anew has them
                    logger.error("a worker could not take the new configuration, and ends: %s", type(error).__name__)
                    break
            elif received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
            self.look()
        self._connections.stop_listening()
        deadline = time.monotonic() + self._serving.deadline_s + 1
        while len(self._connections) and time.monotonic() < deadline:
            self._beat()
            self.look()
            time.sleep(TICK_S / 4)
        self._log.close()

    def begin(self) -> None:
        """Answer calls from now on; `look` must be called again and again."""
        self._leader.lead()
        # a name server may take its time: nobody waits for that
        threading.Thread(target=self._ask_ahead, daemon=True).start()

    def _under(self, settings: config.Settings, pseudonym: Pseudonym | None) -> Serving:
        daemon = settings.daemon
        return Serving(Gate.under(settings, self._log, pseudonym), settings.on_deny, daemon.deadline_ms / 1000, daemon.waiting,
                       daemon.may_ask, str(settings.path))

    def _take(self, given: Given | None) -> None:
        if given is None:
            return
        settings, pseudonym = given
        if (settings.log.path, settings.log.durability) != (self._settings.log.path, self._settings.log.durability):
            # the other one closes itself, once the calls that are under way have their records in it
            self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._settings = settings
        self._serving = self._under(settings, pseudonym)

    def _ask_ahead(self) -> None:
        """Have a connection to the store before the first call, which would have to wait for it."""
        campaign = next(iter(self._settings.policy.campaigns.values()))
        try:
            self._serving.gate.store.facts_for(campaign.controller.id, "+390212345678")
        except Exception as error:
            logger.warning("store unavailable: %s", error)

    # --- threads

    def _a_thread(self) -> Rounds:
        return Rounds(self._connections, lambda: self._serving, self._by_itself)

    def look(self) -> None:
        """Have another thread lead where the one that does stands still; write down what calls have seen of the store."""
        self._serving.gate.store.seen.save_or_warn()
        self._stuck = [rounds for rounds in self._stuck if rounds.is_alive()]
        if self._next is None:
            try:
                self._next = self._a_thread()
            except RuntimeError as error:  # the system has no more; it is tried again at the next look
                logger.error("no thread to answer calls: %s", type(error).__name__)
        if self._next is not None and self._leader.stands_still() and self._leader.step_down():
            self._stuck.append(self._leader)
            self._leader, self._next = self._next, None
            self._leader.lead()
        self._leader.is_hurried = len(self._stuck) >= MAX_STUCK

    def _by_itself(self, talk: Talk) -> bool:
        """Give a call a thread of its own, where there is room for one."""
        with self._lock:
            if self._by_themselves >= MAX_THREADS:
                return False
            self._by_themselves += 1
        try:
            threading.Thread(target=self._converse, args=(self._serving, talk), daemon=True).start()
        except RuntimeError:
            self._is_done()
            return False
        return True

    def _converse(self, serving: Serving, talk: Talk) -> None:
        why: object = None
        try:
            converse(talk.conversation, serving.gate, serving.on_deny)
        except ConversationEnded as error:
            why = error
        except Exception as error:
            logger.error("conversation failed: %s", type(error).__name__)
        finally:
            self._connections.close(talk, why)
            self._is_done()

    def _is_done(self) -> None:
        with self._lock:
            self._by_themselves -= 1
