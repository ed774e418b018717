"""What `verify` finds: each finding in words, with the file, line, chain and record that it is of.

Edge, pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

_MOST_TOLD = 1_000


class Place(NamedTuple):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    words: str  # with the place
    kind: str
    file: str | None = None
    line: int | None = None
    chain: str | None = None
    seq: int | None = None


class Problems:
    """What was found, up to a bound, and how much there was."""

    def __init__(self) -> None:
        self.told: list[Problem] = []
        self.counts: Counter[str] = Counter()
        self._seen: set[Problem] = set()

    def add(self, words: str, kind: str, place: Place | None = None, chain: bytes | None = None,
            seq: int | None = None) -> None:
        problem = Problem(words, kind, place.file if place else None, place.line if place else None,
                          name(chain) if chain is not None else None, seq)
        if problem in self._seen:
            return
        self.counts[kind] += 1
        if len(self.told) < _MOST_TOLD:
            self._seen.add(problem)
            self.told.append(problem)

    def of(self, kind: str, place: Place, chain: bytes, seq: int, what: str) -> None:
        self.add(f"{place}: record {seq} of chain {name(chain)} {what}", kind, place, chain, seq)


@dataclass
class Report:
    problems: Problems = field(default_factory=Problems)
    notices: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    records: int = 0
    masked: int = 0
    version_1: int = 0
    files: int = 0
    seals: int = 0
    newest_seal: str | None = None
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)  # chain -> seq and hash of its last record
    found: set[str] = field(default_factory=set)  # of what was expected

    @property
    def verifies(self) -> bool:
        return not self.problems.counts


def name(chain: bytes) -> str:
    return chain.decode("utf-8", "backslashreplace")
