"""What calls have seen of the store, kept on the gate's own disk: a store that is an older copy is known by it.

Edge, one small file beside the decision log.  Of each controller it holds the latest load that was visible and the count
of used call-backs.  A store that shows an earlier one was restored, lost its last writes, or is a replica that is
behind: what is known of a number there is not all that was known.  All processes of a gate share the file.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agi_gate.disk import replacing
from agi_gate.store import keys
from agi_gate.store.unavailable import StoreUnavailable

logger = logging.getLogger(__name__)

_FILE_MODE = 0o640
_NEVER = (0, 0)
_RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class State:
    """Of one controller; `doubt`: why its facts are not whole, by a comparison with the archive (empty: nothing)."""

    load: bytes = b""
    count: int = 0
    doubt: str = ""


States = Mapping[str, State]


class Seen:
    """Threads may share it.  Without a path it lasts as long as its process.

    An answer is compared with what had been seen when its question was put (`now`): of two answers at once the one with
    the older facts may come later.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._states: States = {}  # exchanged as a whole, so that whoever has it sees no change
        self._read_of = _NEVER
        self.newest_load_at: datetime | None = None  # of all controllers
        self._is_dirty = False
        self._not_before = 0.0  # of time.monotonic(): no attempt to write it is earlier
        self._lock = threading.Lock()
        self.refresh()

    @classmethod
    def beside(cls, log: Path) -> Seen:
        return cls(path_beside(log))

    def refresh(self) -> None:
        """Take over what another process has written."""
        if self._path is None:
            return
        try:
            state = os.stat(self._path)
        except OSError:
            return  # not there yet; or not to be had, and then what is in memory holds
        if (state.st_mtime_ns, state.st_ino) == self._read_of:
            return
        with self._lock:
            self._read_of = state.st_mtime_ns, state.st_ino
            try:
                written = _decode(self._path.read_bytes())
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.error("%s cannot be read (%s); an older copy of the store may not be noticed until a load is seen",
                             self._path, type(error).__name__)
                return
            self._exchange({controller: replace(_later(state_, self.state(controller)), doubt=state_.doubt)
                            for controller, state_ in written.items()})

    def now(self) -> States:
        """What was seen by now, also by other processes; to be asked once for calls that are decided together."""
        self.refresh()
        return self._states

    def state(self, controller: str) -> State:
        return self._states.get(controller, State())

    def check(self, before: States, controller: str, load: bytes | None) -> None:
        """Take note of the visible load.  Raises StoreUnavailable where a later one was seen, or the store is in doubt."""
        state = before.get(controller)
        if state is None:
            if load is not None:
                self._note(controller, load=load)
            return
        if load != state.load:
            if load is None or load < state.load:
                raise StoreUnavailable(
                    f"it is an older copy, or was emptied: calls have seen load {state.load.hex()} of "
                    f"{keys.loaded_at(state.load):%Y-%m-%d %H:%M:%S} UTC for controller `{controller}`; see agi-gate status")
            self._note(controller, load=load)
        if state.doubt:
            raise StoreUnavailable(f"it is not what was loaded for controller `{controller}`: {state.doubt}")

    def check_count(self, before: States, controller: str, count: int) -> None:
        """The same of the count of used call-backs."""
        if count < before.get(controller, State()).count:
            raise StoreUnavailable(f"marks of used call-backs of controller `{controller}` were lost: the store is an "
                                   "older copy; see agi-gate status")
        if count > self.state(controller).count:
            self._note(controller, count=count)

    def expect(self, controller: str, load: bytes) -> None:
        """Know of a load from elsewhere, such as the archive."""
        if load > self.state(controller).load:
            self._note(controller, load=load)

    def _note(self, controller: str, *, load: bytes = b"", count: int = 0) -> None:
        with self._lock:
            self._exchange({controller: _later(State(load, count), self.state(controller))})
            self._is_dirty = True

    def _exchange(self, states: States) -> None:
        self._states = {**self._states, **states}
        self.newest_load_at = max((keys.loaded_at(state.load) for state in self._states.values() if state.load),
                                  default=None)

    def save(self) -> None:
        """Write down what is new, if anything is.  Raises OSError."""
        if self._is_dirty:
            self._write({})

    def save_or_warn(self) -> None:
        """The same, for a caller that asks many times a second; after an error it is tried again in 10 seconds."""
        if not self._is_dirty or time.monotonic() < self._not_before:
            return
        try:
            self.save()
        except OSError as error:
            self._not_before = time.monotonic() + _RETRY_S
            logger.error("%s cannot be written (%s): an older copy of the store may not be noticed after a restart",
                         self._path, error.strerror)

    def set_doubts(self, doubts: Mapping[str, str]) -> None:
        """Say of controllers whether their facts are whole (empty words: they are).  Raises OSError."""
        if any(self.state(controller).doubt != why for controller, why in doubts.items()):
            self._write(doubts)

    def _write(self, doubts: Mapping[str, str]) -> None:
        with self._lock:
            self._is_dirty = False
            if self._path is None:
                self._exchange({controller: replace(self.state(controller), doubt=why) for controller, why in doubts.items()})
                return
            try:
                with _locked(self._path):
                    try:
                        written = _decode(self._path.read_bytes())
                    except (FileNotFoundError, ValueError, KeyError, TypeError):
                        written = {}
                    for controller, state in self._states.items():
                        held = written.get(controller, State())
                        written[controller] = replace(_later(state, held), doubt=held.doubt)
                    for controller, why in doubts.items():
                        written[controller] = replace(written.get(controller, State()), doubt=why)
                    with replacing(self._path, _FILE_MODE) as stream:
                        stream.write(_encode(written))
            except OSError:
                self._is_dirty = True
                raise
            self._exchange(written)


def path_beside(log: Path) -> Path:
    """Where a gate keeps what it has seen: named after its log, and not as one of the log's own files are."""
    return log.with_name(f"{log.stem}.store-seen.json")


def _later(one: State, other: State | None) -> State:
    if other is None:
        return one
    return State(max(one.load, other.load), max(one.count, other.count), one.doubt or other.doubt)


def _encode(states: Mapping[str, State]) -> bytes:
    said = {"v": 1, "written_at": datetime.now(UTC).isoformat(timespec="seconds"), "controllers": {
        controller: {"load": state.load.hex(), "count": state.count, "doubt": state.doubt}
        for controller, state in sorted(states.items())}}
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _decode(text: bytes) -> dict[str, State]:
    said = json.loads(text)
    if said["v"] != 1:
        raise ValueError("another version")
    return {controller: State(bytes.fromhex(state["load"]), int(state["count"]), str(state["doubt"]))
            for controller, state in said["controllers"].items()}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock is the folder's, since the file itself is replaced."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
