"""The numbers of a controller that the registry has to be asked about: contacts and consents without a fresh check.

Joint.  It goes by columns: what is told of a check history is told once for all numbers that share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import numpy as np

from agi_gate.columns import Numbers
from agi_gate.national import is_subscriber
from agi_gate.ops.decide_many import StoreKeepsChanging
from agi_gate.ops.progress import progress
from agi_gate.rules.registry import check_expires_at
from agi_gate.store import keys, values
from agi_gate.store.reader import StoreUnavailable
from agi_gate.store.survey import Survey

_READINGS = 3


class _State(IntEnum):
    GOOD = 0
    RUNS_OUT = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Unchecked:
    """`numbers` ascending.  Of them `unknown` were never checked; the others' checks have run out or soon will."""

    numbers: Numbers
    unknown: int
    known: int   # subscriber numbers among contacts and consents
    others: int  # numbers there that the registry knows nothing of: foreign ones, services

    @property
    def running_out(self) -> int:
        return len(self.numbers) - self.unknown


def unchecked(look: Callable[[], Survey], now: datetime, within: timedelta, *, silent: bool = False) -> Unchecked:
    """Which subscriber numbers have no check, or none that is still good `within` from now.

    `look` reads the store of a controller.  Raises StoreUnavailable, StoreKeepsChanging.
    """
    for _ in range(_READINGS):
        survey = look()
        found = _look(survey, now, within, silent)
        if survey.is_current():
            return found
    raise StoreKeepsChanging(f"a load became visible each of the {_READINGS} times that the store was read")


def _look(survey: Survey, now: datetime, within: timedelta, silent: bool) -> Unchecked:
    with progress("reading the store", 3, silent=silent) as advance:
        known = survey.numbers(keys.CONTACTS)
        advance(1)
        known = _union(known, survey.numbers(keys.CONSENTS))
        advance(1)
        subscribers = known[is_subscriber(known)]
        checks = survey.column(keys.REGISTRY)
        advance(1)
    states = np.full(len(subscribers), _State.UNKNOWN, np.int8)
    if len(checks):
        places = np.searchsorted(checks.numbers, subscribers)
        np.minimum(places, len(checks) - 1, out=places)
        checked = checks.numbers[places] == subscribers
        states[checked] = _states(checks.table, now, within)[checks.values[places[checked]]]
    return Unchecked(subscribers[states != _State.GOOD], int(np.count_nonzero(states == _State.UNKNOWN)),
                     len(subscribers), len(known) - len(subscribers))


def _union(numbers: Numbers, others: Numbers) -> Numbers:
    """Each number once, ascending; of numbers that are so already (np.unique counts by hashes, ten times as long)."""
    if not len(numbers) or not len(others):
        return numbers if len(numbers) else others
    both = np.concatenate([numbers, others])
    both.sort(kind="stable")
    distinct: Numbers = both[np.append(both[1:] != both[:-1], True)]
    return distinct


def _states(histories: Sequence[bytes], now: datetime, within: timedelta) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    try:
        by_history = {history: _state(history, now, within) for history in set(histories)}
    except values.ValueUnreadable as error:
        raise StoreUnavailable(f"what it holds cannot be read ({error})") from error
    return np.array([by_history[history] for history in histories], np.int8)


def _state(history: bytes, now: datetime, within: timedelta) -> _State:
    # a check that is still to come is none yet: no call rests on it
    last_at = max((check.at for check in values.checks_from(history) if check.at <= now), default=None)
    if last_at is None:
        return _State.UNKNOWN
    return _State.RUNS_OUT if now + within > check_expires_at(last_at) else _State.GOOD
