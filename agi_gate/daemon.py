"""The FastAGI daemon: worker processes on one listening socket.

Joint.  The main process binds, starts the workers, starts a new one where one dies or stands still, and never speaks to
Asterisk.  SIGHUP gives all workers one new configuration, whole or not at all; SIGTERM lets them finish their calls.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import pickle
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from agi_gate import config
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.decision_log.pseudonyms import KeyFileError
from agi_gate.gate import Gate, Pseudonym
from agi_gate.shadowing import with_shadow
from agi_gate.store_watch import StoreWatch
from agi_gate.upkeep import Upkeep
from agi_gate.worker import Given, Worker

logger = logging.getLogger(__name__)

# Python's default of 5 loses calls in a burst; the kernel caps it at net.core.somaxconn
BACKLOG = 1024
# a worker that dies at once is not started in a tight loop
_RESTART_PAUSE_S = 0.5
_RECEIVED_BYTES = 32_768
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_LOOK_S = 0.5
# looks in a row that saw no sign of life: counted, so that a machine that slept does not kill whoever slept with it
_MISSED = 5


class ListenError(Exception):
    """The address cannot be listened on."""


def listen(settings: config.DaemonSettings) -> socket.socket:
    """Bind the listening socket.  Raises ListenError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Asterisk speaks first: a connection that says nothing is no call, and does not stand before those that are
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        # a header has 700 bytes: what a peer sends beyond some of them waits on its own machine, not in this one's memory
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_BYTES)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        hint = "is another daemon running? " if error.errno == errno.EADDRINUSE else ""
        raise ListenError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
                          f"{hint}change [daemon] listen") from error
    return listener


def serve(path: Path, settings: config.Settings) -> int:
    """Run until SIGTERM or SIGINT.  Raises ListenError, KeyFileError."""
    settings = with_shadow(settings)
    log = DecisionLog(settings.log.path)
    pseudonym = Gate.under(settings, log).pseudonym
    listener = listen(settings.daemon)
    try:
        log.probe()
    except LogUnavailable as error:
        # it may come back, so the daemon starts; till then it denies
        logger.error("no call but emergencies will go on: %s; see [log] path", error)
    finally:
        log.close()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    crew, upkeep, watch = _Crew(listener, settings, pseudonym), Upkeep(listener), StoreWatch(listener)
    watch.first(settings)
    crew.fill()
    host, port = listener.getsockname()[:2]
    logger.info("listening on %s:%d, %d workers", host, port, settings.daemon.workers)
    looked = time.monotonic()
    while True:
        received = signal.sigtimedwait(_SIGNALS, _LOOK_S)
        if received is None or time.monotonic() - looked >= _LOOK_S:
            crew.look()
            upkeep.look(crew.settings)
            watch.look(crew.settings)
            looked = time.monotonic()
        if received is None:
            continue
        if received.si_signo == signal.SIGCHLD:
            ended = _reap()
            upkeep.ended(ended)
            watch.ended(ended)
            crew.replace(ended)
        elif received.si_signo == signal.SIGHUP:
            crew.reload(path)
        # not `else`: after a SIGSTOP Python's sigtimedwait may return a signal that is none
        elif received.si_signo in (signal.SIGTERM, signal.SIGINT):
            break
    # wakes every thread that waits in accept, in all workers: the socket is one
    listener.shutdown(socket.SHUT_RDWR)
    upkeep.stop()
    watch.stop()
    crew.stop()
    logger.info("stopped")
    return 0


@dataclass(slots=True)
class _Member:
    """A worker process, as the main process knows it."""

    pid: int
    channel: socket.socket  # to it: new settings
    life: mmap.mmap  # shared: the worker counts up in it
    seen: int = 0
    missed: int = 0


class _Crew:
    def __init__(self, listener: socket.socket, settings: config.Settings, pseudonym: Pseudonym | None) -> None:
        self._listener = listener
        self._started = settings.daemon  # what is fixed: where it listens, and how many workers there are
        self.settings = settings
        self._pseudonym = pseudonym
        self._members: dict[int, _Member] = {}

    def fill(self) -> None:
        """Start the workers that are missing; where the system has nothing left for one, it is tried again at the next look."""
        try:
            while len(self._members) < self._started.workers:
                self._start()
        except OSError as error:
            logger.error("a worker could not be started: %s", error.strerror)

    def _start(self) -> None:
        life = mmap.mmap(-1, mmap.PAGESIZE)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setblocking(False)  # send_fds() and recv_fds() do nothing with the flags they are given
        parent = os.getpid()
        child = os.fork()
        if child:
            theirs.close()
            self._members[child] = _Member(child, ours, life)
            return
        ours.close()
        status = 1
        try:
            beats = 0

            def beat() -> None:
                nonlocal beats
                struct.pack_into("Q", life, 0, beats := beats + 1)

            worker = Worker(self._listener, self.settings, beat, self._pseudonym)
            worker.run(parent, _SIGNALS, lambda: _last_received(theirs))
            status = 0
        except Exception as error:
            logger.error("worker failed: %s", type(error).__name__)
        finally:
            sys.stderr.flush()
            os._exit(status)

    def look(self) -> None:
        """Kill who shows no sign of life: its calls are lost either way, and its end is found by `replace`."""
        self.fill()
        for member in self._members.values():
            (seen,) = struct.unpack_from("Q", member.life)
            member.missed = member.missed + 1 if seen == member.seen else 0
            member.seen = seen
            if member.missed == _MISSED:
                logger.error("a worker stands still and is killed")
                _signal(member.pid, signal.SIGKILL)

    def replace(self, ended: set[int]) -> None:
        lost = [self._members.pop(pid) for pid in ended if pid in self._members]
        for member in lost:
            member.channel.close()
            member.life.close()
        if lost:
            logger.error("%d worker(s) died and are started anew", len(lost))
            time.sleep(_RESTART_PAUSE_S)
            self.fill()

    def reload(self, path: Path) -> None:
        """Read the configuration and its keys, once for all, so that all workers take the same ones."""
        try:
            new = with_shadow(config.load(path))
            pseudonym = Gate.under(new, DecisionLog(new.log.path)).pseudonym
        except (config.ConfigError, KeyFileError) as error:
            logger.error("the configuration stays as it was:\n%s", error)
            return
        except Exception as error:  # calls go on under the old one, whatever is in the new; its words may hold a password
            logger.error("the configuration stays as it was:\n%s: %s", path, type(error).__name__)
            return
        if new.daemon.needs_restart(self._started):
            logger.warning("[daemon] listen and workers take effect at the next start")
        if new.daemon.host != self._started.host and not new.daemon.allow:
            # no list was asked for where it will listen; where it still does, all the network could ask
            new = replace(new, daemon=replace(new.daemon, allow=self.settings.daemon.allow))
        self.settings, self._pseudonym = new, pseudonym
        # a file of no folder, which every worker gets a descriptor of: a pipe has room for small settings only
        with os.fdopen(os.memfd_create("settings"), "w+b") as file:
            pickle.dump((new, pseudonym), file)
            file.flush()
            for member in self._members.values():
                try:
                    socket.send_fds(member.channel, [b"settings"], [file.fileno()])
                    _signal(member.pid, signal.SIGHUP)
                except OSError as error:  # it has not read many before, or is gone: `look` and `replace` see to it
                    logger.error("a worker could not be told the new configuration: %s", error.strerror)

    def stop(self) -> None:
        for pid in self._members:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + self.settings.daemon.deadline_ms / 1000 + 2
        left = set(self._members)
        while left and time.monotonic() < deadline:
            left -= _reap()
            time.sleep(0.005)
        for pid in left:
            logger.error("a worker did not end in time and is killed")
            _signal(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _last_received(channel: socket.socket) -> Given | None:
    """The newest that was sent; None where an earlier signal has brought it."""
    given: Given | None = None
    while True:
        try:
            _message, (descriptor, *_), _flags, _address = socket.recv_fds(channel, 64, 1)
        except BlockingIOError:
            return given
        with os.fdopen(descriptor, "rb") as file:
            given = pickle.loads(os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0))


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


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
