"""Which export an answer of the registry answers, told by its numbers.

Joint, without a clock, file or store: exports and the reader of their numbers come from outside.  A file answers an
export when over half of its numbers were in it.  Numbers are read of those exports alone whose count and range leave
that open, the newest first, and no further once one fits exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np

from agi_gate.archive import Export
from agi_gate.columns import Numbers

NO_EXPORT = "none"  # said of a file that was not asked for by an export
_NAMED = 5  # exports that a message names
NumbersOf = Callable[[Export], Numbers]


@dataclass(frozen=True, slots=True)
class Match:
    """What a file answers.  `missing`: sent and not answered, so still unknown; `never_sent`: the other way round."""

    export_id: str  # of one file, or the run that all parts share
    parts: tuple[Export, ...]
    missing: Numbers
    never_sent: Numbers

    @property
    def sent(self) -> int:
        return sum(part.count for part in self.parts)


class MatchError(Exception):
    """The file is refused.  `never_sent` has the numbers that led to it, if any did; `match` what fits but for them."""

    def __init__(self, message: str, match: Match | None = None) -> None:
        super().__init__(message)
        self.match = match
        self.never_sent: Numbers = np.empty(0, np.int64) if match is None else match.never_sent


def match(answer: Numbers, controller: str, checked_at: datetime, exports: Sequence[Export], numbers_of: NumbersOf,
          export_id: str | None = None) -> Match | None:
    """Find the export that a file answers; None where it answers none.  `answer` ascending and distinct.

    `exports` newest first, as `Archive.exports.all()` has them, and `numbers_of` is its `numbers`.  With `export_id`, a
    run or one part of it, that one alone is compared; with NO_EXPORT none is.  What was exported after `checked_at`
    cannot be what was answered.  Of several that fit, the one that holds all numbers of the file with the fewest
    missing, then the newest.  Raises MatchError for numbers that were never sent, for an answer to another controller,
    for an export that is not known.
    """
    if export_id == NO_EXPORT:
        return None
    if export_id is not None:
        found: Match | None = _compare(answer, _told(export_id, controller, checked_at, exports), numbers_of)
    else:
        candidates = [one for one in _candidates(exports) if one.created_at <= checked_at]
        found = _best(answer, [one for one in candidates if one.controller == controller], numbers_of)
        if found is None or len(found.never_sent) or len(found.missing):
            _refuse_other(answer, controller, found, [one for one in candidates if one.controller != controller],
                          numbers_of)
    if found is not None and len(found.never_sent):
        raise MatchError(
            f"answers export `{found.export_id}`, but {len(found.never_sent):,} of its {len(answer):,} numbers were "
            f"not in it; take them out, or say with --export which export it answers (`{NO_EXPORT}`: no export)", found)
    return found


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One file that was sent, or all files of one run together."""

    id: str
    parts: tuple[Export, ...]

    @property
    def controller(self) -> str:
        return self.parts[0].controller

    @property
    def created_at(self) -> datetime:
        return self.parts[0].created_at

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    def most_held(self, answer: Numbers) -> int:
        """No more numbers of the answer than these can have been sent, by counts and ranges alone."""
        total = 0
        for part in self.parts:
            begin = np.searchsorted(answer, part.first)
            end = np.searchsorted(answer, part.last, side="right")
            total += min(part.count, int(end - begin))
        return total


def _candidates(exports: Sequence[Export]) -> Iterator[_Candidate]:
    """Whole runs before their parts, in the order of the exports."""
    for run, group in groupby(exports, lambda export: export.run):
        parts = tuple(group)
        if len(parts) > 1:
            yield _Candidate(run, parts)
        yield from (_Candidate(part.id, (part,)) for part in parts)


def _best(answer: Numbers, candidates: Sequence[_Candidate], numbers_of: NumbersOf) -> Match | None:
    best: Match | None = None
    for candidate in candidates:
        held = candidate.most_held(answer)
        if held * 2 <= len(answer):
            continue
        # what it could be at best: is that any better than what was found?
        if best is not None and (len(answer) - held, candidate.count - held) >= _distance(best):
            continue
        found = _compare(answer, candidate, numbers_of)
        if (len(answer) - len(found.never_sent)) * 2 > len(answer) and (
                best is None or _distance(found) < _distance(best)):
            best = found
        if best is not None and _distance(best) == (0, 0):
            break
    return best


def _distance(found: Match) -> tuple[int, int]:
    return len(found.never_sent), len(found.missing)


def _compare(answer: Numbers, candidate: _Candidate, numbers_of: NumbersOf) -> Match:
    sent = np.concatenate([numbers_of(part) for part in candidate.parts])
    return Match(candidate.id, candidate.parts, _without(sent, answer), _without(answer, sent))


def _without(numbers: Numbers, others: Numbers) -> Numbers:
    """Those of ascending numbers that are not among the others, which are ascending too."""
    if not len(others):
        return numbers
    places = np.searchsorted(others, numbers)
    np.minimum(places, len(others) - 1, out=places)
    rest: Numbers = numbers[others[places] != numbers]
    return rest


def _refuse_other(answer: Numbers, controller: str, found: Match | None, others: Sequence[_Candidate],
                  numbers_of: NumbersOf) -> None:
    """Refuse what answers another controller's export, and this one's not or less well.

    Where this one's fits but for what is missing, only an exact fit of another's tells that it is the other's answer.
    """
    if found is not None:
        others = [one for one in others if one.most_held(answer) == len(answer)]
        if not len(found.never_sent):
            others = [one for one in others if one.count == len(answer)]
    other = _best(answer, others, numbers_of)
    if other is None or (found is not None and (len(other.never_sent) or (
            not len(found.never_sent) and len(other.missing)))):
        return
    asked = other.parts[0].controller
    insist = NO_EXPORT if found is None else found.export_id
    raise MatchError(
        f"answers export `{other.export_id}` of controller `{asked}`, not `{controller}`, and a check counts for the "
        f"controller that asked; load it with --controller {asked}, or say otherwise with --export {insist}")


def _told(export_id: str, controller: str, checked_at: datetime, exports: Sequence[Export]) -> _Candidate:
    for candidate in _candidates(exports):
        if candidate.id == export_id:
            break
    else:
        known = [candidate.id for candidate in _candidates(exports) if candidate.controller == controller][:_NAMED]
        raise MatchError(f"`{export_id}` is no export of the archive; the newest of controller `{controller}`: "
                         + (", ".join(known) or "none"))
    if candidate.controller != controller:
        raise MatchError(f"export `{export_id}` is of controller `{candidate.controller}`, not `{controller}`")
    if candidate.created_at > checked_at:
        raise MatchError(f"export `{export_id}` was made at {candidate.created_at.isoformat()}, after --checked-at: "
                         "what was not asked yet was not answered")
    return candidate
