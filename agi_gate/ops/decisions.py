"""Decisions out of all files of a log, each with the file that it stands in.

Joint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from agi_gate import config
from agi_gate.decision_log import files, keep_state, linked, sealing
from agi_gate.decision_log.linked import Link, Personal
from agi_gate.decision_log.pseudonyms import KeyFileError, Keys
from agi_gate.decision_log.search import Unread, Wanted, search
from agi_gate.decision_log.wanted import Hidden

_KEEP_WAIT_S = 10.0


@dataclass(frozen=True)
class Decision:
    """One record, and where it stands."""

    path: Path
    line: str
    entry: dict[str, Any]
    seal: sealing.Seal | None  # of its file; None of the open file, and where there is none to be read

    @cached_property
    def link(self) -> Link | None:
        """What chains it; None of a record of version 1, and of one that is not as this program writes them."""
        what = linked.read(self.line.encode("utf-8", "surrogatepass"))
        return what if isinstance(what, Link) else None

    @property
    def hash(self) -> str | None:
        return None if self.link is None else self.link.hash.decode()

    @property
    def is_changed(self) -> bool:
        """Say whether its personal part is another than the one that was written."""
        return self.link is not None and self.link.personal is Personal.CHANGED or (
            self.link is None and self.entry["v"] != 1)

    @property
    def masked_at(self) -> datetime | None:
        """When its file was masked, as the seal says."""
        at = None if self.seal is None else self.seal.file.get("masked_at")
        try:
            return datetime.fromisoformat(at) if at and self.entry["masked"] else None
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Gap:
    """A file of the log in which there may be more than was found."""

    what: str  # unread; or masked: its key is not at hand
    file: str


@dataclass
class Log:
    """The log of a configuration, with what could not be read of it so far; nothing is told twice."""

    settings: config.Settings
    complain: Callable[[str], None]
    unread: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)  # files with masked records whose key is not at hand
    gaps: list[Gap] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _file: str = ""  # the one that is being searched

    @cached_property
    def keys(self) -> Keys | None:
        path = self.settings.log.key
        try:
            return Keys.load(path) if path else None
        except KeyFileError as error:
            self._tell(f"{error}; what is masked is not found by its number")
            return None

    def find(self, wanted: Wanted, with_key: bool = True) -> Iterator[Decision]:
        """The decisions that are wanted, in the order of files and lines, while nobody moves the files."""
        keys = self.keys if with_key else None
        with keep_state.undisturbed(self.settings.log.path, _KEEP_WAIT_S):
            for path in self.paths():
                self._file = path.name
                seal: sealing.Seal | None = None
                for place, (line, entry) in enumerate(search([path], wanted, keys, self._tell)):
                    seal = _seal_of(path) if place == 0 else seal
                    yield Decision(path, line, entry, seal)

    def paths(self) -> list[Path]:
        """The files that hold records.  A log that was rotated and not written to since has no open one."""
        log = self.settings.log.path
        return [path for path in files.of(log) if path.exists() or not files.segments(log)]

    def _tell(self, words: str) -> None:
        if words in self._told:
            return
        self._told.add(words)
        if isinstance(words, Unread):
            self.unread.append(words)
            self._add(Gap("unread", self._file))
        if isinstance(words, Hidden):
            self.hidden.append(words)
            self._add(Gap("masked", self._file))
        self.complain(words)

    def _add(self, gap: Gap) -> None:
        if gap not in self.gaps:
            self.gaps.append(gap)


def _seal_of(path: Path) -> sealing.Seal | None:
    segment = files.segment_of(path)
    try:
        return None if segment is None else sealing.read(segment.seal)
    except (sealing.SealError, FileNotFoundError):
        return None
