"""One worker process of the daemon: a thread that answers calls in rounds, and others where that one does not come round.

Joint.  A round may stand still: the disk that does not take the log, a store that is slow to say nothing.  Then another
thread takes what comes meanwhile, up to a bound, and leaves when the first is back.
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
from dataclasses import dataclass

from agi_gate import config
from agi_gate.agi import ConversationEnded, Hangup
from agi_gate.decision_log import DecisionLog
from agi_gate.door import converse
from agi_gate.gate import Gate
from agi_gate.rounds import Rounds, Serving, Talk
from agi_gate.store.reader import StoreUnavailable

logger = logging.getLogger(__name__)

MAX_ROUNDS = 8
MAX_THREADS = 128  # of calls that are decided by themselves
TICK_S = 0.05
_STUCK = 3  # looks in a row
_COLLECTED_AFTER = 20_000  # objects: a call makes some hundreds, and hardly a cycle


@dataclass(slots=True, eq=False)
class _Thread:
    """A thread of rounds, as seen from outside."""

    rounds: Rounds
    thread: threading.Thread
    seen: int = -1
    stuck: int = 0

    def look(self) -> bool:
        """Say whether it stands still in the middle of a round."""
        moved = self.rounds.is_waiting or self.rounds.count != self.seen
        self.seen, self.stuck = self.rounds.count, 0 if moved else self.stuck + 1
        return self.stuck >= _STUCK


class Worker:
    """`beat` is called some 20 times a second for as long as the worker is well."""

    def __init__(self, listener: socket.socket, settings: config.Settings, beat: Callable[[], None]) -> None:
        self._listener = listener
        self._settings = settings
        self._beat = beat
        self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._serving = self._under(settings)
        self._threads: list[_Thread] = []
        self._lock = threading.Lock()
        self._by_themselves = 0  # calls that have a thread of their own

    def run(self, parent: int, signals: tuple[signal.Signals, ...],
            new_settings: Callable[[], config.Settings | None]) -> None:
        """Answer calls until SIGTERM, or until the parent is gone; SIGHUP brings new settings."""
        self._ask_ahead()
        # what is there now stays for good: the collector need not go through it again and again under calls
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECTED_AFTER)
        self._start_rounds()
        while os.getppid() == parent:  # a main process that was killed leaves no workers behind
            self._beat()
            received = signal.sigtimedwait(signals, TICK_S)
            if received is not None and received.si_signo == signal.SIGHUP:
                self._take_settings(new_settings())
            elif received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
            self._look()
        for thread in self._threads:
            thread.rounds.leave()
        deadline = time.monotonic() + self._serving.deadline_s + 1
        while time.monotonic() < deadline and (
                self._by_themselves or any(thread.thread.is_alive() for thread in self._threads)):
            self._beat()
            time.sleep(TICK_S / 5)
        self._log.close()

    def _under(self, settings: config.Settings) -> Serving:
        daemon = settings.daemon
        return Serving(Gate.under(settings, self._log), settings.on_deny, daemon.deadline_ms / 1000, daemon.waiting,
                       daemon.may_ask, str(settings.path))

    def _take_settings(self, settings: config.Settings | None) -> None:
        if settings is None:
            return
        if (settings.log.path, settings.log.durability) != (self._settings.log.path, self._settings.log.durability):
            self._log.close()
            self._log = DecisionLog(settings.log.path, settings.log.durability)
        self._settings = settings
        self._serving = self._under(settings)

    def _ask_ahead(self) -> None:
        """Have a connection to the store before the first call, which would have to wait for it."""
        campaign = next(iter(self._settings.policy.campaigns.values()))
        try:
            self._serving.gate.store.facts_for(campaign.controller.id, "+390212345678")
        except StoreUnavailable as error:
            logger.warning("store unavailable: %s", error)

    # --- threads

    def _look(self) -> None:
        self._threads = [thread for thread in self._threads if thread.thread.is_alive()]
        moving = [thread for thread in self._threads if not thread.look()]
        if not moving and len(self._threads) < MAX_ROUNDS:
            self._start_rounds()
        for thread in moving[1:]:
            thread.rounds.leave()

    def _start_rounds(self) -> None:
        try:
            rounds = Rounds(self._listener, lambda: self._serving, self._by_itself)
            thread = threading.Thread(target=rounds.run, daemon=True)
            thread.start()
        except (OSError, RuntimeError) as error:  # the system has no more; it is tried again at the next look
            logger.error("no thread to answer calls: %s", type(error).__name__)
            return
        self._threads.append(_Thread(rounds, thread))

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
        try:
            with talk.connection:
                converse(talk.conversation, serving.gate, serving.on_deny)
        except Hangup:
            pass  # the caller's right, at any step
        except ConversationEnded as error:
            logger.warning("conversation ended: %s", error)
        except Exception as error:
            logger.error("conversation failed: %s", type(error).__name__)
        finally:
            self._is_done()

    def _is_done(self) -> None:
        with self._lock:
            self._by_themselves -= 1
