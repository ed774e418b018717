"""Where records stand, against where they were written: tells lines that changed places between chains.

Edge, pure.  Each record says where its chain's record before it ended (`after`), which is compared with where that one
ends now.  What was put in or taken out moves all that is behind it: that is no finding of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from agi_gate.decision_log.findings import Place, Problems


@dataclass(slots=True)
class _Stretch:
    """Lines that stand so many bytes behind where they were written."""

    first: int
    last: int
    bytes: int


class Positions:
    def __init__(self) -> None:
        self._stretches: dict[str, list[_Stretch]] = {}
        self._odd: list[tuple[Place, Place, int, bytes, int]] = []

    def see(self, before: Place, moved: int, record: Place, chain: bytes, seq: int) -> None:
        stretches = self._stretches.setdefault(before.file, [_Stretch(0, 0, 0)])
        last = stretches[-1]
        if moved == last.bytes and before.line >= last.first:
            last.last = max(last.last, before.line)
            return
        place = bisect_right(stretches, before.line, key=lambda stretch: stretch.first)
        inside = stretches[place - 1]
        if moved == inside.bytes:
            inside.last = max(inside.last, before.line)
        elif place < len(stretches) and moved == stretches[place].bytes:
            stretches[place].first = before.line
        else:
            if moved not in [stretch.bytes for stretch in stretches[max(0, place - 4):place]]:
                self._odd.append((Place(before.file, inside.last), record, before.line, chain, seq - 1))
            stretches.insert(place, _Stretch(before.line, before.line, moved))

    def tell(self, problems: Problems) -> None:
        """What no other finding explains."""
        lines = {(problem.file, problem.line) for problem in problems.told}
        for fine, record, line, chain, seq in self._odd:
            if not any((record.file, number) in lines for number in range(fine.line, record.line + 2)):
                problems.of("moved", Place(record.file, line), chain, seq,
                            "is not where it was written: lines changed places, or the file was changed before it")
