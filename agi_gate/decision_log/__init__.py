"""The decision log: one line a decision, written before Asterisk is answered, and of an emergency right after.

Edge.  It writes what it is given: what a record holds is `record`'s.  Here stands the way of one record into the file;
upkeep (rotation, seals, masking), verification and search are modules beside it, and no call imports them.
"""

from __future__ import annotations

import fcntl
import math
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from agi_gate.decision_log.chain import Chain
from agi_gate.decision_log.syncing import Syncing
from agi_gate.disk import belong
from agi_gate.record import Line

# numbers of called people are in it: nobody but the gate's user and its group
_MODE = 0o640
_MAX_WAIT_S = 2.0  # also where the caller would wait for ever
_LOOK_S = 0.0002


class LogUnavailable(Exception):
    """The decision is not on record."""


class DecisionLog:
    """The open file, to which all workers append, each with a chain of its own.

    Whoever writes holds the file alone for that long: so a line that a full disk has cut is taken back before another
    goes behind it, and a file that is renamed by whoever holds it alone is never written to again.
    """

    def __init__(self, path: Path, durability: Literal["written", "synced"] = "written") -> None:
        self._path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._identity = 0, 0  # of the file, its device and inode
        self._chain: Chain | None = None
        self._ended = -1
        self._openings = 0
        self._named = 0  # the opening whose file's name is on the disk: a new one's would be lost with the power
        self._syncing = Syncing() if durability == "synced" else None

    def append(self, line: Line, deadline: float = math.inf) -> None:
        """As `append_all`, for one record."""
        self.append_all([line], deadline)

    def append_all(self, lines: Sequence[Line], deadline: float = math.inf) -> None:
        """Write records, all or none of them.  Raises LogUnavailable; then the caller must deny.

        `deadline` is an instant of `time.monotonic()`.
        """
        until = min(deadline, time.monotonic() + _MAX_WAIT_S)
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):
            raise LogUnavailable(f"{self._path}: others wait for it, and time is up")
        try:
            descriptor, size = self._hold(until)
            try:
                self._write(descriptor, size, lines)
                opening = self._openings
                ticket = None if self._syncing is None else self._syncing.ask(
                    descriptor, None if opening == self._named else self._path.parent)
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        except OSError as error:
            raise LogUnavailable(f"{self._path}: {error.strerror}") from error
        finally:
            self._lock.release()
        if self._syncing is not None and ticket is not None:
            if not self._syncing.wait(ticket, until):
                raise LogUnavailable(f"{self._path}: the disk did not take it in time")
            self._named = max(self._named, opening)

    def probe(self) -> None:
        """Open the file without writing to it.  Raises LogUnavailable."""
        try:
            with self._lock:
                self._opened()
        except OSError as error:
            raise LogUnavailable(f"{self._path}: {error.strerror}") from error

    def close(self) -> None:
        with self._lock:
            if self._chain is not None:
                self._chain.close()
                self._chain = None
            self._close_file()
            if self._syncing is not None:
                self._syncing.stop()

    def __del__(self) -> None:
        self.close()

    # --- under the lock

    def _write(self, descriptor: int, size: int, lines: Sequence[Line]) -> None:
        if size != self._ended and size and os.pread(descriptor, 1, size - 1) != b"\n":
            # somebody died within a line: it is ended, so that ours is one by itself
            size += os.write(descriptor, b"\n")
        if self._chain is None:
            self._chain = Chain.claim(self._path, descriptor)
        data, head = self._chain.next(lines, size)
        written = os.write(descriptor, data)
        if written < len(data):
            try:
                os.ftruncate(descriptor, size)
            except OSError:
                # some of the records stay: who claims the chain next looks for them, and goes on from the last one
                self._chain.abandon()
                self._chain = None
            raise LogUnavailable(f"{self._path}: the disk took {written} of {len(data)} bytes")
        self._ended = size + written
        self._chain.went_on(head)

    def _hold(self, until: float) -> tuple[int, int]:
        """The open file, held alone, and still the one at the path; and its size.  Raises OSError, LogUnavailable."""
        while True:
            descriptor = self._opened()
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise LogUnavailable(f"{self._path}: another process holds it, and time is up") from None
                    time.sleep(_LOOK_S)
            is_at_path = False
            try:
                found = os.stat(self._path)
                is_at_path = (found.st_dev, found.st_ino) == self._identity
            except FileNotFoundError:
                pass
            finally:
                if not is_at_path:
                    self._close_file()
            if is_at_path:
                return descriptor, found.st_size

    def _opened(self) -> int:
        if self._descriptor is None:
            # to be read too: what somebody left torn is looked for
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            belong(self._descriptor, self._path.parent)
            found = os.fstat(self._descriptor)
            self._identity = found.st_dev, found.st_ino
            self._ended = -1
            self._openings += 1
        return self._descriptor

    def _close_file(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # what is being synced has it open, too
            os.close(self._descriptor)
            self._descriptor = None
