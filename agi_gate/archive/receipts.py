"""Receipts of loads: who loaded what and when, in the order in which it was accepted.

Edge.  A receipt is written before its load shows and stands apart as pending until the load has said what became of
it, so that no kill can lose the fact that a load was accepted.  Accepting is a rename, which needs no room on the disk.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agi_gate.archive.feeds import Feeds
from agi_gate.archive.folder import ArchiveDamaged, ArchiveError, appearing, explained, listing, make_folder, probe, remove
from agi_gate.clock import Seen, Time, time_of
from agi_gate.disk import sync_folder

VERSION = 1
_REQUIRED = ("load_id", "feed", "file", "files", "controllers", "shown")
_LOAD_ID = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
_STORE_S_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_MICROSECOND = timedelta(microseconds=1)

Receipt = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pending:
    """A receipt whose load has not said yet what became of it."""

    name: str
    receipt: Receipt

    @property
    def load_id(self) -> str:
        return str(self.receipt["load_id"])


class Receipts:
    def __init__(self, accepted: Path, pending: Path, feeds: Feeds, seen: Path) -> None:
        self._accepted, self._pending, self._feeds, self._seen = accepted, pending, feeds, seen

    def doubt(self, clock: datetime) -> str | None:
        """Why a clock is not believed: it is far from the time of the last load or purge; None if it is believed."""
        return self._time_of(clock, lambda seen: None).doubt

    def trust(self, clock: datetime) -> None:
        """Note a time as the one last seen, whatever was there."""
        self._see(Seen.now(clock))

    def _time_of(self, clock: datetime, write: Callable[[Seen], None], but: str = "") -> Time:
        newest = self._newest(but)
        with explained(self._seen):
            return time_of(self._seen, clock, None if newest is None else _begun_at(newest), write)

    def _see(self, seen: Seen) -> None:
        with appearing(self._seen) as stream:
            stream.write(seen.encode())

    def _newest(self, but: str = "") -> str | None:
        return max((path.name for folder in (self._accepted, self._pending) for path in listing(folder, ".json")
                    if path.name != but), default=None)

    def begin(self, receipt: Mapping[str, Any], now: datetime) -> Pending:
        """Write down a load that is about to be committed; call it while its controllers are locked.

        It may hold whatever JSON can; it must have `load_id`, `feed`, `file`, `controllers`, in `shown` those of them
        whose store names the load (none, where it changed nothing), and in `files` the SHA-256 of each file that was
        loaded, which are kept already: the answer first, then the submitted one of a stripped answer, unless it is the
        same.  `begun_at` and `loaded_by` are added.  Receipts are in the order in which they
        were begun, even where the clock was put back.
        """
        if missing := [key for key in _REQUIRED if key not in receipt]:
            raise ArchiveError(f"the receipt has no {', '.join(missing)}")
        if not _LOAD_ID.fullmatch(str(receipt["load_id"])):
            raise ArchiveError(f"`{receipt['load_id']}` is no load id")
        for sha256 in receipt["files"]:
            if not self._feeds.has(sha256):
                raise ArchiveError(f"feed `{sha256}` is not in the archive, so no receipt may speak of it")
        probe(self._accepted)  # where `accept` will put it, once there is no way back
        begun_at = now.astimezone(UTC)
        newest = self._newest()
        if newest is not None and begun_at <= (last := _begun_at(newest)):
            begun_at = last + _MICROSECOND
        name = f"{begun_at.strftime(_STAMP)}-{receipt['load_id']}.json"
        whole = {"v": VERSION, "begun_at": begun_at.isoformat(timespec="microseconds"), "loaded_by": who(), **receipt}
        _write(self._pending / name, whole)
        return Pending(name, whole)

    def accept(self, pending: Pending) -> None:
        """The load was committed.  Accepting it again does nothing."""
        source, target = self._pending / pending.name, self._accepted / pending.name
        with explained(target):
            make_folder(self._accepted)
            try:
                os.rename(source, target)
            except FileNotFoundError:
                if not target.exists():
                    raise ArchiveError(f"the receipt `{source}` is gone: what load `{pending.load_id}` did is not on "
                                       "record; load the same file again") from None
            sync_folder(self._accepted)
            sync_folder(self._pending)
        with suppress(ArchiveError):  # the load is in force; the next one notes the time as well
            self._time_of(datetime.now(UTC), self._see, but=pending.name)

    def drop(self, pending: Pending) -> None:
        """The load was not committed."""
        remove(self._pending / pending.name)

    def pending(self) -> list[Pending]:
        """Loads that may have been committed or not, the oldest first.

        Those of other controllers may be at work just now: resolve only what your own locks hold still.
        """
        found = []
        for path in listing(self._pending, ".json"):
            try:
                found.append(Pending(path.name, _read(path)))
            except ArchiveError:
                if path.exists():  # else its load has accepted or dropped it just now
                    raise
        return found

    def names(self) -> set[str]:
        """The names of all receipts, pending ones too: others, where a load came between."""
        return {path.name for folder in (self._accepted, self._pending) for path in listing(folder, ".json")}

    def newest_id(self) -> str | None:
        """The last of the ids of loads, which ascend by time; none is read.  An id that is no load's is left out."""
        ids = (name.partition("-")[2].removesuffix(".json") for name in self.names())
        return max((id_ for id_ in ids if _STORE_S_ID.fullmatch(id_)), default=None)

    def has(self, load_id: str) -> bool:
        """Say whether a load has a receipt, pending or not; none is read."""
        return self.is_pending(load_id) or bool(self._named(load_id))

    def is_pending(self, load_id: str) -> bool:
        return bool(listing(self._pending, f"-{load_id}.json"))

    def all(self) -> list[Receipt]:
        """The receipts of accepted loads, in the order of acceptance.

        One that cannot be read is an error: without it, what is made from the archive would be less than it was.
        """
        return [_read(path) for path in listing(self._accepted, ".json")]

    def find(self, load_id: str) -> Receipt | None:
        return next((_read(path) for path in self._named(load_id)), None)

    def amend(self, load_id: str, **more: Any) -> Receipt:
        """Add to an accepted load's receipt, such as `rolled_back_at`; what it says already is written over."""
        for path in self._named(load_id):
            receipt = _read(path) | more
            _write(path, receipt)
            return receipt
        raise ArchiveError(f"load `{load_id}` has no receipt in the archive")

    def forget(self, load_id: str) -> None:
        """Take an accepted load's receipt away, if it is there."""
        for path in self._named(load_id):
            remove(path)

    def _named(self, load_id: str) -> list[Path]:
        return [path for path in listing(self._accepted, f"-{load_id}.json")]


def who() -> str:
    """Who is at work, as the system knows them: `user@host`, and for whom if `sudo` says so."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return f"{user}@{socket.gethostname()}" + (f" for {behind}" if behind and behind != user else "")


def _begun_at(name: str) -> datetime:
    try:
        return datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError as error:
        raise ArchiveError(f"`{name}` is no receipt; take it out of the archive") from error


def _write(path: Path, receipt: Mapping[str, Any]) -> None:
    with appearing(path) as stream:
        stream.write(json.dumps(receipt, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n")


def _read(path: Path) -> Receipt:
    with explained(path):
        text = path.read_bytes()
    try:
        receipt = json.loads(text)
        if receipt["v"] != VERSION:
            raise ArchiveError(f"the receipt `{path}` is of version {receipt['v']}, and this program reads {VERSION}")
        if any(key not in receipt for key in _REQUIRED):
            raise KeyError
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveDamaged(f"the receipt `{path}` cannot be read; "
                             "bring it back from where the archive is saved") from error
    return dict(receipt)
