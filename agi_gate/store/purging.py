"""A controller's pages as they are to be after a purge, some hundred at a time.

Edge.  Reads what calls see and writes nothing but at the very end (`forget_marks`); who stages the pages is the joint.
What is decided of a value is decided once for all numbers of a batch that share it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import redis

from agi_gate import retention
from agi_gate.columns import Column, e164_of
from agi_gate.facts import Callback
from agi_gate.retention import Retention, reaches_back_to
from agi_gate.store import keys, pages, used, values
from agi_gate.store.loader import store_errors
from agi_gate.store.survey import Survey

NUMBERS = "numbers, unknown from now on"  # of which all results went
_SCAN_COUNT = 1_000
_MARKS_A_BATCH = 1_000


class Fate(NamedTuple):
    """What becomes of one value: the value to come (None: it goes), what goes of it, what stays of it although old."""

    value: bytes | None
    gone: Mapping[str, int] = {}
    stays: Mapping[str, int] = {}


@dataclass(slots=True)
class Batch:
    """Pages of one kind by name as they are to be, and of these the ones that change: no bytes, where a page goes."""

    pages: dict[str, bytes]
    changed: dict[str, bytes]


@dataclass(slots=True)
class Purging:
    """One look at a controller.  What is counted, and `marks`, are of the batches read so far.

    `marks`: used-up call-backs that stay, each a number and its token.  Every method raises StoreUnavailable.
    """

    client: redis.Redis
    controller: str
    retention: Retention
    now: datetime
    gone: Counter[str] = field(default_factory=Counter)
    stays: Counter[str] = field(default_factory=Counter)
    marks: list[tuple[str, str]] = field(default_factory=list)
    _survey: Survey = field(init=False)
    _old_checks: set[int] = field(init=False, default_factory=set)  # milliseconds of results that stay although old

    def __post_init__(self) -> None:
        self._survey = Survey(self.client, self.controller)

    def is_current(self) -> bool:
        return self._survey.is_current()

    def batches(self) -> Iterator[Batch]:
        """Every page there is, each once."""
        for kind in keys.KINDS:
            for digits, bodies in self._survey.pages(kind):
                with store_errors():
                    yield self._batch(kind, digits, bodies)

    def _batch(self, kind: keys.Kind, digits: list[int], bodies: list[bytes]) -> Batch:
        changed = self._changed(kind, pages.decode(self.controller, kind, digits, bodies))
        after = dict(zip(digits, bodies, strict=True)) | changed

        def named(some: Mapping[int, bytes]) -> dict[str, bytes]:
            return {keys.page_key(self.controller, kind, str(page_digits)): body for page_digits, body in some.items()}

        return Batch(named({page_digits: body for page_digits, body in after.items() if body}), named(changed))

    def _changed(self, kind: keys.Kind, column: Column) -> dict[int, bytes]:
        if kind is keys.CALLBACKS:
            column, fates = self._callbacks(column)
        else:
            decided: dict[bytes, Fate] = {}
            decide = self._decider(kind)
            for value in column.table:
                if value not in decided:
                    decided[value] = decide(value)
            fates = [decided[value] for value in column.table]
        times = np.bincount(column.values, minlength=len(fates)).tolist()
        table: dict[bytes, int] = {}
        after = np.empty(len(fates), np.int32)
        for id_, (fate, count) in enumerate(zip(fates, times, strict=True)):
            after[id_] = -1 if fate.value is None else table.setdefault(fate.value, len(table))
            for name, of_one in fate.gone.items():
                self.gone[name] += of_one * count
            for name, of_one in fate.stays.items():
                self.stays[name] += of_one * count
        is_other = np.array([fate.value != value for fate, value in zip(fates, column.table, strict=True)], np.bool_)
        if not is_other.any():
            return {}
        on_page = pages.pages_of(kind, column.numbers)
        touched = np.unique(on_page[is_other[column.values]])
        result = after[column.values]
        staying = np.isin(on_page, touched) & (result >= 0)
        return dict.fromkeys(touched.tolist(), b"") | dict(pages.encode(
            self.controller, kind, Column(column.numbers[staying], result[staying], list(table))))

    def _decider(self, kind: keys.Kind) -> Callable[[bytes], Fate]:
        return {keys.REGISTRY: self._checks, keys.CONTACTS: self._contact, keys.CONSENTS: self._consents,
                keys.DENSE_CONSENTS: self._consents, keys.OBJECTIONS: self._objection, keys.RESTS: self._rests}[kind]

    def _checks(self, value: bytes) -> Fate:
        before = reaches_back_to(self.now, self.retention.checks_days)
        if values.first_check_at(value) >= before:  # ascending: spares decoding long histories
            return Fate(value)
        checks = values.checks_from(value)
        kept = set(retention.kept_checks(checks, before))
        old = [check for check in kept if check.at < before]
        self._old_checks.update(_milliseconds(check.id) for check in old)
        return Fate(
            b"".join(value[8 * place:8 * place + 8] for place, check in enumerate(checks) if check in kept) or None,
            {"results": len(checks) - len(kept), NUMBERS: int(not kept)}, {"results": len(old)})

    def _consents(self, value: bytes) -> Fate:
        before = reaches_back_to(self.now, self.retention.consents_days)
        if values.first_granted_at(value) >= before:
            return Fate(value)
        consents = values.consents_from(value)
        kept = retention.kept_consents(consents, before)
        cut = len(set(kept) - set(consents))
        revoked = sum(consent.revoked_at is not None and consent.revoked_at < before for consent in kept)
        in_force = sum(consent.revoked_at is None and consent.granted_at < before for consent in kept)
        return Fate(value if kept == consents else values.consents_bytes(kept) if kept else None,
                    {"consents": len(consents) - len(kept), "proofs of revoked consents": cut},
                    {"revoked consents": revoked, "consents without an end": in_force})

    def _contact(self, value: bytes) -> Fate:
        contact = values.contact_from(value)
        if retention.kept_contact(contact, reaches_back_to(self.now, self.retention.contacts_days)) is None:
            return Fate(None, {"contacts": 1})
        return Fate(value, {}, {"contacts without a date": int(contact.acquired_on is None)})

    def _objection(self, value: bytes) -> Fate:
        objection = values.objection_from(value)
        return Fate(value, {}, {"objections": int(
            objection.last_at < reaches_back_to(self.now, self.retention.consents_days))})

    def _rests(self, value: bytes) -> Fate:
        silent_calls = values.silent_calls_from(value)
        kept = retention.kept_silent_calls(silent_calls, reaches_back_to(self.now, self.retention.rests_days))
        return Fate(value if kept == silent_calls else values.silent_calls_bytes(kept) if kept else None,
                    {"silent calls": len(silent_calls) - len(kept)})

    def _callbacks(self, column: Column) -> tuple[Column, list[Fate]]:
        """Number by number, of which there are few: the same request may be used up of one and open of another."""
        before = reaches_back_to(self.now, self.retention.callbacks_days)
        fates, table = [], []
        for number, id_, callbacks in zip(column.numbers.tolist(), column.values.tolist(), self._marked(column),
                                          strict=True):
            kept = retention.kept_callbacks(callbacks, before, self.retention.callback_end_days)
            self.marks += [(e164_of(number), values.callback_token(callback)) for callback in kept if callback.used]
            fates.append(Fate(
                column.table[id_] if kept == callbacks else values.callbacks_bytes(kept) if kept else None,
                {"call-backs": len(callbacks) - len(kept)},
                {"open call-backs": sum(callback.requested_at < before and not callback.used for callback in kept)}))
            table.append(column.table[id_])
        return Column(column.numbers, np.arange(len(table), dtype=np.int32), table), fates

    def _marked(self, column: Column) -> Iterator[tuple[Callback, ...]]:
        """Each number's call-backs with what was used up of them."""
        asked = [(e164_of(number), values.callbacks_from(column.table[id_]), "")
                 for number, id_ in zip(column.numbers.tolist(), column.values.tolist(), strict=True)]
        for start in range(0, len(asked), _MARKS_A_BATCH):
            yield from used.marked(self.client, self.controller, asked[start:start + _MARKS_A_BATCH], self.now)[1]

    def records_of_checks(self) -> tuple[dict[str, Any], list[str]]:
        """What is on record of each check that stays, by its id, and the ids of those of which no result is left.

        To be asked after all batches.  Checks of one millisecond stay together: their serials are counted from zero.
        """
        before = reaches_back_to(self.now, self.retention.checks_days)
        first = before.timestamp() * 1000
        with store_errors():
            held: Mapping[bytes, bytes] = self.client.hgetall(  # type: ignore[assignment]  # no awaiting client
                keys.checks_key(self.controller))
            stay, go = {}, []
            for name, text in held.items():
                id_ = name.decode()
                if _milliseconds(id_) >= first or _milliseconds(id_) in self._old_checks:
                    stay[id_] = json.loads(text)
                else:
                    go.append(id_)
        return stay, go

    def old_marks(self) -> list[str]:
        """The marks, old enough, of call-backs that calls see no more.  Raises StoreUnavailable.

        They are asked for when the pages without the call-backs are shown: a mark alone harms nobody, and a call-back
        without its mark could be used again.
        """
        before = values.instant_token(reaches_back_to(self.now, self.retention.callbacks_days))
        callbacks = Survey(self.client, self.controller).column(keys.CALLBACKS)
        with store_errors():
            # a scan may name a field twice
            names = {name.decode() for name, _ in self.client.hscan_iter(
                keys.used_key(self.controller), count=_SCAN_COUNT)} - {used.COUNT}
        found = []
        for digits, _, token in (name.partition(":") for name in sorted(names)):
            value = callbacks.value_of(int(digits)) if digits.isdecimal() else None
            seen = {values.callback_token(one) for one in values.callbacks_from(value)} if value else set()
            if token not in seen and token.isdecimal() and int(token) < before:
                found.append(used.field(digits, token))
        return found

    def forget_marks(self, marks: Sequence[str]) -> None:
        """Take marks away; nobody may have read the call-backs that they marked for as long as a call takes."""
        with store_errors():
            for start in range(0, len(marks), _MARKS_A_BATCH):
                used.forget(self.client, self.controller, marks[start:start + _MARKS_A_BATCH])


def _milliseconds(check_id: str) -> int:
    return int(check_id.partition("-")[0])
