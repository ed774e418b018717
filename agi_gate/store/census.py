"""What the store holds, counted: the numbers behind `agi-gate status`.

Edge.  Reads every page of a controller, by column, so it is for people, not for calls; each distinct value is decoded
once, however many numbers share it.  "Now" is an argument: a check that is still to come is not known yet, as for a
call.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray

from agi_gate import national
from agi_gate.columns import Column, Numbers
from agi_gate.facts import Check, Consent, Facts
from agi_gate.rules import contract
from agi_gate.rules.consent import own_fault
from agi_gate.store import keys, values
from agi_gate.store.reader import UNREADABLE, StoreUnavailable, explain
from agi_gate.store.survey import Survey
from agi_gate.verdict import Reason

_LOOKS = 3
_SCAN_COUNT = 1_000
_NUMBERS_A_PIECE = 1 << 20  # numpy makes wider copies of what it counts: of a piece, not of millions

# What a consent is as of now, the first that holds of these: so each has one state, and they add up
CONSENT_STATES = {
    "revoked": "withdrawn, or taken along by a later withdrawal of the same",
    "expired": "past its expires_at",
    "no_evidence": "its origin or its evidence is empty",
    "generic": "names no category",
    "not_yet": "granted at an instant to come",
    "contract": "in order, within a contract in force or ended at most 30 days ago",
    "valid": "in order in itself; whether an enrolment or the energy rule is against it is seen at the call",
}
_STATES_OF_FAULTS = {Reason.CONSENT_REVOKED: "revoked", Reason.CONSENT_EXPIRED: "expired",
                     Reason.CONSENT_NO_EVIDENCE: "no_evidence"}


@dataclass(slots=True)
class Census:
    """Counts of one controller.

    `last_checks`: how many numbers rest on each last result; `last_checks_to_call`: of these, the numbers to be called,
    which are those with a contact or a consent.  `unknown` are those of them that were never checked.
    """

    last_checks: Counter[Check] = field(default_factory=Counter)
    last_checks_to_call: Counter[Check] = field(default_factory=Counter)
    unknown: int = 0
    contacts: int = 0
    consents: Counter[str] = field(default_factory=Counter)  # by state
    objections: int = 0
    callbacks: int = 0
    rests: int = 0
    key_bytes: int | None = None  # None where the server does not say
    loads: list[dict[str, Any]] = field(default_factory=list)
    is_steady: bool = True  # no load became visible while it was counted


def take(client: redis.Redis, controller: str, now: datetime) -> Census:
    """Count what calls would see.  Raises StoreUnavailable."""
    try:
        for _look in range(_LOOKS):
            survey = Survey(client, controller)
            census = _count(survey, now)
            census.is_steady = survey.is_current()
            if census.is_steady:
                break
        loads: dict[bytes, bytes] = client.hgetall(  # type: ignore[assignment]  # bytes: the client decodes nothing
            keys.loads_key(controller))
        census.loads = sorted((json.loads(text) for text in loads.values()), key=lambda load: str(load["loaded_at"]))
        census.key_bytes = _key_bytes(client, controller)
    except (redis.RedisError, OSError, *UNREADABLE) as error:
        raise StoreUnavailable(explain(error)) from error
    return census


def used_memory(client: redis.Redis) -> int | None:
    """What the server says that it uses, whoever wrote it; None where it does not.  Raises StoreUnavailable."""
    try:
        used = client.info("memory").get("used_memory")
    except redis.ResponseError:  # a managed server may forbid it
        return None
    except (redis.RedisError, OSError) as error:
        raise StoreUnavailable(explain(error)) from error
    return None if used is None else int(used)


def _count(survey: Survey, now: datetime) -> Census:
    census = Census()
    contacts = survey.column(keys.CONTACTS)
    census.contacts = len(contacts)
    consents = survey.column(keys.CONSENTS)
    for value, count in _tally(consents).items():
        for state in _consent_states(values.consents_from(value), now):
            census.consents[state] += count
    only_consents = consents.numbers[~_are_in(consents.numbers, contacts.numbers)]
    # not union1d: it hashes what is sorted already, ten times as long
    to_call = np.sort(np.concatenate((contacts.numbers, only_consents)), kind="stable")
    del contacts, consents, only_consents  # some hundred MB
    _count_checks(census, survey.column(keys.REGISTRY), to_call, now)
    census.objections = len(survey.column(keys.OBJECTIONS))
    for value, count in _tally(survey.column(keys.CALLBACKS)).items():
        census.callbacks += count * len(values.callbacks_from(value))
    for value, count in _tally(survey.column(keys.RESTS)).items():
        census.rests += count * len(values.silent_calls_from(value))
    return census


def _count_checks(census: Census, checks: Column, to_call: Numbers, now: datetime) -> None:
    lasts = {value: Facts(checks=values.checks_from(value)).known_at(now).last_check for value in set(checks.table)}

    def by_last_check(rows: NDArray[np.bool_] | None = None) -> Counter[Check]:
        counts: Counter[Check] = Counter()
        for value, count in _tally(checks, rows).items():
            last = lasts[value]
            if last is not None:
                counts[last] += count
        return counts

    census.last_checks = by_last_check()
    if not len(to_call):
        return
    census.last_checks_to_call = by_last_check(_are_in(checks.numbers, to_call))
    are_known = np.array([lasts[value] is not None for value in checks.table], np.bool_)[checks.values]
    unknown = to_call[~_are_in(to_call, checks.numbers[are_known])]
    census.unknown = int(national.is_subscriber(unknown).sum())


def _tally(column: Column, rows: NDArray[np.bool_] | None = None) -> Counter[bytes]:
    """How many numbers hold each distinct value."""
    times = np.zeros(len(column.table), np.int64)
    for piece in _pieces(len(column)):
        held = column.values[piece] if rows is None else column.values[piece][rows[piece]]
        times += np.bincount(held, minlength=len(column.table))
    counts: Counter[bytes] = Counter()
    for value, count in zip(column.table, times.tolist(), strict=True):
        counts[value] += count
    return +counts


def _are_in(numbers: Numbers, others: Numbers) -> NDArray[np.bool_]:
    """For each number whether the others, which ascend too, hold it."""
    found = np.zeros(len(numbers), np.bool_)
    if len(others):
        for piece in _pieces(len(numbers)):
            places = np.searchsorted(others, numbers[piece])
            found[piece] = others[np.minimum(places, len(others) - 1)] == numbers[piece]
    return found


def _pieces(length: int) -> Iterator[slice]:
    for start in range(0, length, _NUMBERS_A_PIECE):
        yield slice(start, start + _NUMBERS_A_PIECE)


def _consent_states(consents: tuple[Consent, ...], now: datetime) -> list[str]:
    """The state of each consent of one number."""
    revoked = [consent for consent in consents if own_fault(consent, now) is Reason.CONSENT_REVOKED]
    return [_consent_state(consent, revoked, now) for consent in consents]


def _consent_state(consent: Consent, revoked: list[Consent], now: datetime) -> str:
    if any(_takes_along(other, consent) for other in revoked):
        return "revoked"
    fault = own_fault(consent, now)
    if fault is not None:
        return _STATES_OF_FAULTS[fault]
    if not consent.category.strip():
        return "generic"
    if consent.granted_at > now:
        return "not_yet"
    return "contract" if consent.contract and contract.covers(consent, now) else "valid"


def _takes_along(revoked: Consent, consent: Consent) -> bool:
    """Say whether a withdrawal leaves nothing of a consent given before it, whoever calls (see `rules.consent`)."""
    return (revoked.revoked_at is not None and consent.granted_at <= revoked.revoked_at
            and revoked.purpose == consent.purpose and revoked.category in ("", consent.category)
            and revoked.channel in (consent.channel, "both"))


def _key_bytes(client: redis.Redis, controller: str) -> int | None:
    """What the server says that the controller's keys take, each with its name and the allocator's rounding."""
    names = set(client.scan_iter(match=keys.base(controller) + "*", count=_SCAN_COUNT))  # a scan may repeat itself
    total, waiting = 0, iter(names)
    try:
        while batch := list(islice(waiting, _SCAN_COUNT)):
            pipeline = client.pipeline(transaction=False)
            for name in batch:
                pipeline.memory_usage(name)
            total += sum(size or 0 for size in pipeline.execute())  # nil: gone since
    except redis.ResponseError:  # a managed server may forbid it
        return None
    return total
