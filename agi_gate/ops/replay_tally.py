"""What a replay has counted; tallies of parts add up to that of the whole, whoever counted the parts.

Joint, no world.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str, str, str, str]  # what differs; verdict and reason as recorded; verdict and reason now


@dataclass(slots=True)
class Group:
    """Calls that change in the same way."""

    count: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Group, examples: int) -> None:
        self.count += other.count
        self.causes += other.causes
        self.examples = [*self.examples, *other.examples][:examples]


@dataclass(slots=True)
class Tally:
    same: Counter[tuple[str, str]] = field(default_factory=Counter)  # verdict, reason
    changed: dict[Key, Group] = field(default_factory=dict)
    apart: Counter[str] = field(default_factory=Counter)
    masked: int = 0
    first_at: str = ""
    last_at: str = ""
    broken: list[tuple[int, str]] = field(default_factory=list)  # line, what is wrong with it
    torn: list[int] = field(default_factory=list)  # lines that are the beginning of a record
    lines: int = 0

    @property
    def records(self) -> int:
        return self.same.total() + self.changes + self.apart.total()

    @property
    def changes(self) -> int:
        return sum(group.count for group in self.changed.values())

    def note(self, key: Key, why: str, example: dict[str, Any], examples: int) -> None:
        group = self.changed.setdefault(key, Group())
        group.count += 1
        if why:
            group.causes[why] += 1
        if len(group.examples) < examples:
            group.examples.append(example | {"cause": why or None})

    def add(self, other: Tally, examples: int) -> None:
        """Take in what was counted of the lines that come next."""
        self.same += other.same
        self.apart += other.apart
        self.masked += other.masked
        for key, group in other.changed.items():
            self.changed.setdefault(key, Group()).add(group, examples)
        self.first_at = min(filter(None, (self.first_at, other.first_at)), default="")
        self.last_at = max(self.last_at, other.last_at)
        self.torn += [self.lines + line for line in other.torn]
        self.broken += [(self.lines + line, words) for line, words in other.broken]
        self.lines += other.lines
