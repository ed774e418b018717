"""The route of one call (`answer.decide_call`), taken by a whole list at one instant: nothing is claimed or recorded.

Joint.  No rule in it.  No rule reads the digits of a destination, only its class and country, so calls that are
alike in these and of whose numbers the very same is known are one decision; a test holds the rules to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from agi_gate.call import Call, Request, understand
from agi_gate.columns import Numbers
from agi_gate.decide import decide_with_facts, decide_without_facts
from agi_gate.number import NumberClass, parse_destination, withholds_caller_id
from agi_gate.ops.cycles import no_search_for_cycles
from agi_gate.ops.progress import progress
from agi_gate.policy import Policy
from agi_gate.store.bulk_facts import BulkFacts

_READINGS = 3
_TOLD_EVERY = 20_000

_Places = NDArray[np.int32]
_Reasons = tuple[str, ...]
_Alike = tuple[bool, NumberClass | None, str]


class StoreKeepsChanging(Exception):
    """Loads became visible while the store was read, each time that it was read."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Each distinct number of a list, in the list's order: the reasons of the nth are `reasons[which[n]]`."""

    numbers: list[str]       # as first written
    destinations: list[str]  # E.164, or empty where nothing was understood
    which: _Places
    reasons: list[_Reasons]

    def counts(self) -> Iterator[tuple[_Reasons, int]]:
        """How many numbers there are of each list of reasons."""
        places, counts = np.unique(self.which, return_counts=True)
        return ((self.reasons[place], count) for place, count in zip(places.tolist(), counts.tolist(), strict=True))


def decide_many(written: Sequence[str], request: Request, policy: Policy, at: datetime,
                look: Callable[[str], BulkFacts], *, silent: bool = False) -> Decided:
    """Decide each distinct number of a list as `request` would be with it.

    A number is known by its E.164 form, however it is written.  `look` reads the store of a controller; it is asked
    only where a verdict rests on facts.  Raises StoreUnavailable, StoreKeepsChanging.
    """
    with no_search_for_cycles():
        known_by, numbers, calls, call_of = _understand(written, request, policy, at, silent)
        destinations = [known if calls[nth].destination else "" for known, nth in zip(known_by, call_of, strict=True)]
        which, reasons = _decide(calls, np.array(call_of, np.int32), destinations, look, silent)
    return Decided(numbers, destinations, which, reasons)


def _understand(written: Sequence[str], request: Request, policy: Policy, at: datetime, silent: bool,
                ) -> tuple[Iterable[str], list[str], list[Call], list[int]]:
    """What each distinct number is known by, how it is written, the calls that are not alike, and which is its own."""
    known_by: dict[str, int] = {}
    numbers: list[str] = []
    alike: dict[_Alike, int] = {}
    calls: list[Call] = []
    call_of: list[int] = []
    with progress("reading numbers", len(written), silent=silent) as advance:
        for nth, text in enumerate(dict.fromkeys(written), 1):
            if nth % _TOLD_EVERY == 0:
                advance(_TOLD_EVERY, rows=_TOLD_EVERY)
            number = parse_destination(text)
            if known_by.setdefault(text if number is None else number.e164, len(numbers)) < len(numbers):
                continue
            numbers.append(text)
            withholds = withholds_caller_id(text)
            key = (withholds, None, "") if number is None else (withholds, number.number_class, number.country)
            if key not in alike:
                alike[key] = len(calls)
                calls.append(understand(replace(request, destination=text), policy, at))
            call_of.append(alike[key])
    return known_by, numbers, calls, call_of


def _decide(calls: list[Call], call_of: _Places, destinations: list[str], look: Callable[[str], BulkFacts],
            silent: bool) -> tuple[_Places, list[_Reasons]]:
    places: dict[_Reasons, int] = {}
    alone = [decide_without_facts(call) for call in calls]
    of_call = [-1 if verdict is None else places.setdefault(verdict.reasons, len(places)) for verdict in alone]
    which = np.array(of_call, np.int32)[call_of]
    asked = np.flatnonzero(which < 0)
    if len(asked):
        controller = calls[call_of[asked[0]]].known_campaign.controller.id
        numbers = np.array([int(destinations[place].removeprefix("+")) for place in asked.tolist()], np.int64)
        order = np.argsort(numbers, kind="stable")
        asked, numbers = asked[order], numbers[order]
        for _ in range(_READINGS):
            facts = look(controller)
            which[asked] = _with_facts(facts, numbers, calls, call_of[asked], places, silent)
            if facts.is_current():
                break
        else:
            raise StoreKeepsChanging(f"a load became visible each of the {_READINGS} times that the store was read")
    return which, list(places)


def _with_facts(facts: BulkFacts, numbers: Numbers, calls: list[Call], call_of: _Places, places: dict[_Reasons, int],
                silent: bool) -> _Places:
    which = np.empty(len(numbers), np.int32)
    with progress("deciding", len(numbers), silent=silent) as advance:
        for batch in facts.batches(numbers):
            count = len(batch.facts)
            pairs, of_pair = np.unique(call_of[batch.begin:batch.end] * np.int64(count) + batch.which,
                                       return_inverse=True)
            verdicts = (decide_with_facts(calls[pair // count], batch.facts[pair % count]) for pair in pairs.tolist())
            found = [places.setdefault(verdict.reasons, len(places)) for verdict in verdicts]
            which[batch.begin:batch.end] = np.array(found, np.int32)[of_pair]
            advance(batch.end - batch.begin, rows=batch.end - batch.begin)
    return which
