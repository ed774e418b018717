"""One number's value in a page: facts <-> bytes, and how a newly loaded value meets the one that is there.

Edge, codec only.  Check histories are 8 bytes a result; the rest is compact JSON.  Instants are seconds since 1970 in
JSON, or microseconds where seconds do not tell, and milliseconds in a check, which is what a check's id is made of.
Merging a value twice changes nothing, and histories merge alike in any order.
"""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from agi_gate.facts import CONSUMER, OWN_WEB, Callback, Check, Consent, Contact, Objection
from agi_gate.store.keys import CALLBACKS, CONSENTS, CONTACTS, DENSE_CONSENTS, OBJECTIONS, REGISTRY, RESTS, Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _MILLISECOND, _SECOND = timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(seconds=1)
_DAY_SECONDS = 24 * 60 * 60
MAX_CHECKS_OF_AN_INSTANT = 1 << 15
_CONSENT_COLUMNS = 11
# a number below is seconds (until the year 5138), one above microseconds (from the second day of 1970 on): no fact of a
# feed, 1990 to 2100, can be taken for the other
_FIRST_MICROSECONDS = 10**11
_LETTERS = {"marketing": "m", "market_research": "r", "human": "h", "automated": "a", "both": "b"}
_WORDS = {letter: word for word, letter in _LETTERS.items()}
_NOTHING = (',""', ",null", ",0")
_quoted = json.encoder.encode_basestring  # a text as JSON writes it, letters of other scripts as they are


class ValueUnreadable(ValueError):
    """A value is not what this program writes."""


# --- check histories: per result 8 bytes, big-endian: milliseconds (48 bits), serial (15), enrolled (1)

def check_bytes(at: datetime, serial: int, enrolled: bool) -> bytes:
    """One registry result; `serial` tells apart checks of the same millisecond, 0 to 32,767."""
    milliseconds = (at - _EPOCH) // _MILLISECOND
    return struct.pack(">Q", milliseconds << 16 | serial << 1 | enrolled)


def check_id(at: datetime, serial: int) -> str:
    return f"{(at - _EPOCH) // _MILLISECOND}-{serial}"


@lru_cache(4096)  # numbers of one file share their history
def checks_from(value: bytes) -> tuple[Check, ...]:
    if len(value) % 8:
        raise ValueUnreadable("a check history is not made of 8-byte results")
    results = struct.unpack(f">{len(value) // 8}Q", value)
    return tuple(
        Check(_EPOCH + (result >> 16) * _MILLISECOND, bool(result & 1), f"{result >> 16}-{result >> 1 & 0x7fff}")
        for result in results)


def first_check_at(value: bytes) -> datetime:
    """When the oldest result of a history is of, without decoding the rest."""
    return checks_from(value[:8])[0].at


def _merge_checks(old: bytes, new: bytes) -> bytes:
    """The union by time and flag.  Two files that say the same of the same instant count as the first of them."""
    merged: dict[bytes, bytes] = {}
    for value in (old, new):
        for start in range(0, len(value), 8):
            result = value[start:start + 8]
            merged.setdefault(result[:6] + bytes((result[7] & 1,)), result)
    return b"".join(merged[key] for key in sorted(merged))


# --- the other kinds: JSON

def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _written(at: datetime) -> int:
    since = at - _EPOCH
    seconds = since.days * _DAY_SECONDS + since.seconds
    return seconds * 1_000_000 + since.microseconds if since.microseconds else seconds


def _optional_written(at: datetime | None) -> int | None:
    return None if at is None else _written(at)


def _instant(number: int) -> datetime:
    return _EPOCH + (number * _SECOND if abs(number) < _FIRST_MICROSECONDS else number * _MICROSECOND)


def _optional_instant(number: int | None) -> datetime | None:
    return None if number is None else _instant(number)


def contact_bytes(contact: Contact) -> bytes:
    said = [contact.recipient] if contact.recipient else []
    return _dump([contact.source, int(contact.directory), contact.acquired_on and contact.acquired_on.isoformat(), *said])


@lru_cache(4096)
def contact_from(value: bytes) -> Contact:
    source, directory, acquired_on, *said = json.loads(value)
    return Contact(source, bool(directory), acquired_on and date.fromisoformat(acquired_on), *said)


def consents_bytes(consents: Iterable[Consent]) -> bytes:
    return f"[{','.join(map(_consent_text, consents))}]".encode()


def _consent_text(consent: Consent) -> str:
    # by hand: consents come by the million, and the json module takes three times the time
    text = (f"[{_written(consent.granted_at)},{_quoted(_LETTERS.get(consent.purpose, consent.purpose))}"
            f",{_quoted(consent.category)},{_quoted(_LETTERS.get(consent.channel, consent.channel))}"
            f",{_quoted(consent.origin)},{_quoted(consent.evidence)},{_quoted(consent.notice)}")
    if consent.expires_at or consent.revoked_at or consent.contract or consent.contract_ended_on:
        ends = (_optional_written(consent.expires_at), _optional_written(consent.revoked_at), int(consent.contract),
                consent.contract_ended_on and consent.contract_ended_on.isoformat())
        text += f",{','.join(map(json.dumps, ends))}"
    while text.endswith(_NOTHING):  # no text ends so: its last letter is a quote that stands behind no comma
        text = text[:text.rindex(",")]
    return f"{text}]"


def consents_from(value: bytes) -> tuple[Consent, ...]:
    return tuple(_consent_from_row(row) for row in json.loads(value))


def first_granted_at(value: bytes) -> datetime:
    """When the oldest consent was given, without decoding the rest: they are sorted, and it stands first."""
    end = value.find(b",")
    return _instant(int(value[2:end]))


def _consent_from_row(row: list[Any]) -> Consent:
    full = row + [None] * (_CONSENT_COLUMNS - len(row))
    granted_at, purpose, category, channel, origin, evidence, notice, expires_at, revoked_at, contract, ended_on = full
    return Consent(
        _instant(granted_at), _WORDS.get(purpose, purpose), category or "", _WORDS.get(channel, channel) or "",
        origin or "", evidence or "", notice or "", _optional_instant(expires_at), _optional_instant(revoked_at),
        bool(contract), ended_on and date.fromisoformat(ended_on))


def objection_bytes(objection: Objection) -> bytes:
    repeated = () if objection.repeated_at is None else (*objection.between, objection.repeated_at)
    return _dump([_written(objection.objected_at), objection.via, *map(_written, repeated)])


def objection_from(value: bytes) -> Objection:
    objected_at, via, *repeated = json.loads(value)
    between = map(_instant, repeated[:-1])
    return Objection(_instant(objected_at), via, _instant(repeated[-1]) if repeated else None, tuple(between))


def callbacks_bytes(callbacks: Iterable[Callback]) -> bytes:
    return _dump([[_written(callback.requested_at), _optional_written(callback.valid_until),
                   *([callback.via] if callback.via else [])] for callback in callbacks])


def callbacks_from(value: bytes) -> tuple[Callback, ...]:
    return tuple(Callback(_instant(requested_at), _optional_instant(valid_until), False, *said)
                 for requested_at, valid_until, *said in json.loads(value))


def callback_token(callback: Callback) -> str:
    """What marks a request as used up."""
    return str(instant_token(callback.requested_at))


def instant_token(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def silent_calls_bytes(silent_calls: Iterable[datetime]) -> bytes:
    return _dump([_written(silent_at) for silent_at in silent_calls])


def silent_calls_from(value: bytes) -> tuple[datetime, ...]:
    return tuple(_instant(silent_at) for silent_at in json.loads(value))


# --- merging

def _merge_consents(old: bytes, new: bytes) -> bytes:
    """One row per consent, known by its instant, purpose, category and channel.

    What was loaded last describes it, but an end that was once recorded (revocation, expiry, end of contract) is not
    undone by a row that leaves it empty: an old copy of a list must not bring a revoked consent back.  One that was
    revoked more than once has a row for each time: it counts no more from the first on, and what else was given until
    the last goes with it, until the one before where the last is still to come.
    """
    merged: dict[tuple[datetime, str, str, str], Consent] = {}
    revocations: dict[tuple[datetime, str, str, str], set[datetime]] = defaultdict(set)
    for consent in (*consents_from(old), *consents_from(new)):
        key = consent.granted_at, consent.purpose, consent.category, consent.channel
        if consent.revoked_at is not None:
            revocations[key].add(consent.revoked_at)
        before = merged.get(key)
        if before is not None:
            consent = replace(
                consent,
                expires_at=before.expires_at if consent.expires_at is None else consent.expires_at,
                contract_ended_on=(before.contract_ended_on if consent.contract_ended_on is None
                                   else consent.contract_ended_on))
        merged[key] = consent
    return consents_bytes(replace(merged[key], revoked_at=revoked_at) for key in sorted(merged)
                          for revoked_at in sorted(revocations[key]) or (None,))


def _merge_objections(old: bytes, new: bytes) -> bytes:
    """A no holds from the first time it was said; the last time tells whether a call-back was asked for after it."""
    both = objection_from(old), objection_from(new)
    first = min(both, key=lambda no: (no.objected_at, no.via))
    said = sorted({at for no in both for at in (no.objected_at, *no.between, no.last_at)} - {first.objected_at})
    return objection_bytes(Objection(first.objected_at, first.via, said[-1] if said else None, tuple(said[:-1])))


def _merge_callbacks(old: bytes, new: bytes) -> bytes:
    """One row per request, known by its instant.

    As with consents, an end that was once recorded is not undone by a row that leaves it empty: an old copy of a list
    must not bring a request back that has run out.  Of rows that say different things of how it was made, one that
    denies energy the call wins, in whatever order they are loaded; one that says nothing changes nothing.
    """
    merged: dict[datetime, Callback] = {}
    for callback in (*callbacks_from(old), *callbacks_from(new)):
        before = merged.get(callback.requested_at)
        if before is not None:
            via = min((before.via, callback.via), key=lambda said: (not said, said == OWN_WEB, said))
            callback = replace(before if callback.valid_until is None else callback, via=via)
        merged[callback.requested_at] = callback
    return callbacks_bytes(merged[requested_at] for requested_at in sorted(merged))


def _merge_rests(old: bytes, new: bytes) -> bytes:
    return silent_calls_bytes(sorted({*silent_calls_from(old), *silent_calls_from(new)}))


def _merge_contacts(old: bytes, new: bytes) -> bytes:
    """The row acquired last; where a row does not say, or both say the same, the one loaded last.

    An old list that is loaded again must not list in the directory who has left it since.  Whose the number is goes
    with the row, but for one thing: that it is a consumer's, which denies energy the call, once a row has said so, is
    undone only by a row that was acquired later and says otherwise.  A row that says nothing names no company.
    """
    before, after = contact_from(old), contact_from(new)
    kept, other = (before, after) if _is_later(before, after) else (after, before)
    if other.recipient == CONSUMER and not (kept.is_business and _is_later(kept, other)):
        kept = replace(kept, recipient=CONSUMER)
    return contact_bytes(kept)


def _is_later(contact: Contact, than: Contact) -> bool:
    """Say whether a row is known to be acquired later than another."""
    return (contact.acquired_on is not None and than.acquired_on is not None
            and contact.acquired_on > than.acquired_on)


MERGES: dict[Kind, Callable[[bytes, bytes], bytes]] = {
    REGISTRY: _merge_checks,
    CONTACTS: _merge_contacts,
    CONSENTS: _merge_consents,
    DENSE_CONSENTS: _merge_consents,
    OBJECTIONS: _merge_objections,
    CALLBACKS: _merge_callbacks,
    RESTS: _merge_rests,
}
