"""The FastAGI daemon: worker processes on one listening socket, in each a pool of threads that accept for themselves.

Joint.  The main process binds, starts the workers, starts a new one where one dies, and never speaks to Asterisk.
A worker holds one gate; SIGHUP gives it a new configuration whole or not at all, SIGTERM lets it finish its calls.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from agi_gate import config
from agi_gate.agi import CommandRefused, Conversation, DeadlinePassed, GarbageReceived, Hangup
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.door import converse
from agi_gate.gate import Gate
from agi_gate.store.reader import Store

logger = logging.getLogger(__name__)

# Python's default of 5 loses calls in a burst; the kernel caps it at net.core.somaxconn
BACKLOG = 1024
# a peer that stalls holds a thread until its deadline
THREADS_A_WORKER = 32
# a worker that dies at once is not started in a tight loop
_RESTART_PAUSE_S = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class ListenError(Exception):
    """The address cannot be listened on."""


def listen(settings: config.DaemonSettings) -> socket.socket:
    """Bind the listening socket.  Raises ListenError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
                          "is another daemon running? change [daemon] listen") from error
    return listener


def serve(path: Path, settings: config.Settings) -> int:
    """Run until SIGTERM or SIGINT.  Raises ListenError."""
    listener = listen(settings.daemon)
    log = DecisionLog(settings.log_path)
    try:
        log.probe()
    except LogUnavailable as error:
        # it may come back, so the daemon starts; till then it denies
        logger.error("no call but emergencies will go on: %s; see [log] path", error)
    finally:
        log.close()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    workers = {_start_worker(listener, path, settings) for _ in range(settings.daemon.workers)}
    host, port = listener.getsockname()[:2]
    logger.info("listening on %s:%d, %d workers", host, port, len(workers))
    while True:
        received = signal.sigwait(_SIGNALS)
        if received == signal.SIGCHLD:
            ended = _reap()
            if ended & workers:
                logger.error("%d worker(s) died and are started anew", len(ended & workers))
                time.sleep(_RESTART_PAUSE_S)
                workers = workers - ended | {_start_worker(listener, path, settings) for _ in ended & workers}
        elif received == signal.SIGHUP:
            settings = _reload(path, settings)
            _signal_all(workers, signal.SIGHUP)
        else:
            break
    # wakes every thread that waits in accept, in all workers: the socket is one
    listener.shutdown(socket.SHUT_RDWR)
    _signal_all(workers, signal.SIGTERM)
    for worker in workers:
        os.waitpid(worker, 0)
    logger.info("stopped")
    return 0


def _start_worker(listener: socket.socket, path: Path, settings: config.Settings) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        _Worker(listener, path, settings).run(parent)
        status = 0
    except Exception as error:
        logger.error("worker failed: %s", type(error).__name__)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _reap() -> set[int]:
    ended: set[int] = set()
    while True:
        try:
            child, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if child == 0:
            return ended
        ended.add(child)


def _signal_all(workers: set[int], number: signal.Signals) -> None:
    for worker in workers:
        try:
            os.kill(worker, number)
        except ProcessLookupError:
            pass


def _reload(path: Path, settings: config.Settings) -> config.Settings:
    try:
        new = config.load(path)
    except config.ConfigError as error:
        logger.error("the configuration stays as it was:\n%s", error)
        return settings
    if new.daemon != settings.daemon:
        logger.warning("[daemon] changes take effect at the next start")
    return new


@dataclass(frozen=True, slots=True)
class _Serving:
    """What a conversation needs; exchanged as one value."""

    gate: Gate
    on_deny: str
    deadline_s: float

    @classmethod
    def under(cls, settings: config.Settings, log: DecisionLog) -> _Serving:
        store = Store.at(settings.store.url, settings.store.timeout_ms)
        return cls(Gate(settings.policy, store, log), settings.on_deny, settings.daemon.deadline_ms / 1000)


class _Worker:
    def __init__(self, listener: socket.socket, path: Path, settings: config.Settings) -> None:
        self._listener = listener
        self._path = path
        self._settings = settings
        self._log = DecisionLog(settings.log_path)
        self._serving = _Serving.under(settings, self._log)

    def run(self, parent: int) -> None:
        threads = [threading.Thread(target=self._accept, daemon=True) for _ in range(THREADS_A_WORKER)]
        for thread in threads:
            thread.start()
        while os.getppid() == parent:  # a main process that was killed leaves no workers behind
            received = signal.sigtimedwait(_SIGNALS, 1.0)
            if received is None:
                continue
            if received.si_signo == signal.SIGHUP:
                before, self._settings = self._settings, _reload(self._path, self._settings)
                if self._settings.log_path != before.log_path:
                    self._log = DecisionLog(self._settings.log_path)
                self._serving = _Serving.under(self._settings, self._log)
            elif received.si_signo == signal.SIGTERM:
                break
        deadline = time.monotonic() + self._serving.deadline_s + 1
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if self._listener.fileno() < 0 or error.errno in (22, 9):  # EINVAL, EBADF: the socket was shut down
                    return
                logger.error("accept: %s", error.strerror)
                time.sleep(0.1)  # out of descriptors, most likely
                continue
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        serving = self._serving
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            descriptor = connection.fileno()
            conversation = Conversation(descriptor, descriptor, time.monotonic() + serving.deadline_s)
            converse(conversation, serving.gate, serving.on_deny)
        except Hangup:
            pass  # the caller's right, at any step
        except (GarbageReceived, DeadlinePassed, CommandRefused) as error:
            logger.warning("conversation ended: %s", error)
        except Exception as error:  # this thread answers the next call whatever this one did
            logger.error("conversation failed: %s", type(error).__name__)
