"""Every decision that is on record anywhere under a folder, decided again."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agi_gate.decision_log import segment
from agi_gate.ops.replaying import Replay, Wanted


@dataclass
class Replayed:
    files: int = 0
    records: int = 0
    differing: list[str] = field(default_factory=list)  # which log, what, how often

    @classmethod
    def under(cls, folder: Path, without: Collection[Path]) -> Replayed:
        """Lines that are no records are left to the tests that made them."""
        found, replay = cls(), Replay(Wanted(examples=1))
        for path in sorted(folder.rglob("*.jsonl*")):
            if path.is_symlink() or not path.is_file() or any(path.is_relative_to(other) for other in without):
                continue
            tally = replay.count(_lines(path))
            found.files += bool(tally.records)
            found.records += tally.records
            found.differing += [f"{path}: {' '.join(map(str, key))}: {group.count} of {tally.records}: {group.examples}"
                                for key, group in tally.changed.items()]
        return found


def _lines(path: Path) -> Iterator[str]:
    try:
        lines = segment.lines(path) if path.suffix == segment.SUFFIX else io.BytesIO(path.read_bytes())
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\n")
    except (OSError, segment.SegmentError):
        return  # damaged, as its test wanted it
