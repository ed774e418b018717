"""A record taken apart again, of this version and the one before, masked or not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.number import Number, NumberClass
from agi_gate.policy import CALLBACK_DAYS, Agent, CallerId, Campaign, Controller, Hours, Policy, Purpose, Trunk
from agi_gate.record import shape
from agi_gate.record.values import EVIDENCE, VERSION

MASKED = "masked"  # stands for a word that was there
# a name, a time or a number that is none is a ValueError
_NO_RECORD = (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError)
_MOST_DAYS = 36_525  # a century: what calendars can add to any time of a call
_NOT_WHOLE = "it does not hold all that a decision record holds"
_NEW: dict[str, Any] = {"chain": None, "seq": None, "prev": None, "after": None, "masked": [], "pseudonyms": None, "number": None,
        "caller_id_sent": None, "fail": None, "shadow": None, "clock": None}


def parse(line: str) -> dict[str, Any]:
    """A record as one shape, whatever its version.  Raises ValueError where the line is none.

    `destination` and `call.destination` (as dialled) are None and empty where the record is masked (`masked` lists what
    is); consents hold their evidence again.
    """
    record = _object(line)
    version = record.get("v")
    if type(version) is not int or version not in (1, VERSION):
        raise ValueError(f"it is of version {version}, and this program reads versions 1 and {VERSION}: a newer one may read it"
                         if type(version) is int else "it is JSON, and no decision record")
    try:
        if version == 1:
            record |= _NEW
        else:
            _restore(record)
    except _NO_RECORD as error:
        raise ValueError(_NOT_WHOLE) from error
    shape.check(record)
    return record


def _object(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError("it is no JSON") from error
    except ValueError as error:
        raise ValueError("it holds a number of too many digits") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError("it is JSON, and no decision record")
    return record


def _restore(record: dict[str, Any]) -> None:
    """Put what stands in the personal part where version 1 had it."""
    is_masked = "masked" in record
    evidence = record.pop("evidence", [])
    record |= {key: value for key, value in _NEW.items() if key not in record}
    if is_masked:
        record["destination"] = None
    call = record["call"]
    call["destination"] = record.pop("dialled", "") if not is_masked else ""
    for name in ("channel", "unique_id"):  # earlier builds wrote them into `call`, and they are not masked there
        call[name] = record.pop(name, call.get(name, ""))
    record["destination"]
    facts = record["facts"]
    if facts is None:
        return
    for place, consent in enumerate(facts["consents"]):
        there = consent.pop("has")
        words = [MASKED if name in there else "" for name in EVIDENCE] if is_masked else evidence[place]
        consent.update((name, word) for name, word in zip(EVIDENCE, words, strict=True) if word)
    if isinstance(record["source"], dict):
        record["source"] = facts["consents"][record["source"]["consent"]]["origin"]
    rested_on = record["rests_on"]["consent"]
    if rested_on is not None and (place := rested_on.pop("place")) is not None:
        rested_on.update((name, word) for name in EVIDENCE if (word := facts["consents"][place].get(name)))


def read(line: str) -> tuple[Call, Facts | None]:
    """The call and the facts of a record, ready for `decide`.  Raises ValueError where the line is no record."""
    record = parse(line)
    return call_of(record, policy_of(record["policy"])), facts_of(record)


def call_of(record: dict[str, Any], policy: Policy) -> Call:
    """The call under a policy.  Raises ValueError."""
    try:
        request = Request(**{name: record["call"][name] for name in Request.__slots__ if name in record["call"]}
                          | {"presentation": Presentation(record["call"]["presentation"])})
        call = understand(request, policy, datetime.fromisoformat(record["at"]),
                          _instant((record["clock"] or {}).get("not_before")))
        if not record["masked"]:
            return call
        number = record["number"] or {}
        return replace(
            call, withholding_code=number.get("withholding", False),
            destination=number.get("class") and Number(MASKED, NumberClass(number["class"]), number["country"]))
    except _NO_RECORD as error:
        raise ValueError(_NOT_WHOLE) from error


def policy_of(entry: dict[str, Any]) -> Policy:
    """The policy of a record's `policy`: what one call resolved to.  Raises ValueError."""
    try:
        campaign, declared, trunk, hours = entry["campaign"], entry["caller_id"], entry["trunk"], entry["hours"]
        return Policy(
            campaigns={} if campaign is None else {campaign["id"]: Campaign(**campaign | {
                "controller": Controller(**campaign["controller"]), "purpose": Purpose(campaign["purpose"]),
                "agent": Agent(campaign["agent"]), "caller_ids": tuple(campaign["caller_ids"]),
                "countries": frozenset(campaign["countries"])})},
            caller_ids={} if declared is None else {declared["number"]: CallerId(**declared | {
                "last_recall_test": _day(declared.get("last_recall_test"))})},
            trunks={} if trunk is None else {trunk["id"]: Trunk(**trunk)},
            hours=Hours(**{day: window and tuple(window) for day, window in hours.items()})
            if isinstance(hours, dict) else None,
            hours_off=hours == "off",
            # a record from before requests had a bounded time does not say it: they are held to the one that is usual
            callback_days=_days(entry.get("callback_days", CALLBACK_DAYS)),
        )
    except _NO_RECORD as error:
        raise ValueError(_NOT_WHOLE) from error


def facts_of(record: dict[str, Any]) -> Facts | None:
    """The facts as they were used; None where the store was not asked or did not answer.  Raises ValueError."""
    try:
        return None if record["facts"] is None else _facts(record["facts"])
    except _NO_RECORD as error:
        raise ValueError(_NOT_WHOLE) from error


def _facts(entry: dict[str, Any]) -> Facts:
    contact, objection = entry["contact"], entry["objection"]
    return Facts(
        checks=tuple(Check(datetime.fromisoformat(check["at"]), check["enrolled"], check["id"])
                     for check in entry["checks"]),
        consents=tuple(map(_consent, entry["consents"])),
        contact=contact and Contact(contact.get("source", ""), contact["directory"], _day(contact.get("acquired_on")),
                                    contact.get("recipient", "")),
        objection=objection and Objection(datetime.fromisoformat(objection["objected_at"]), objection.get("via", ""),
                                          _instant(objection.get("repeated_at")),
                                          tuple(map(datetime.fromisoformat, objection.get("between", ())))),
        callbacks=tuple(
            Callback(datetime.fromisoformat(callback["requested_at"]), _instant(callback.get("valid_until")),
                     callback.get("used", False), callback.get("via", ""), callback.get("again", False))
            for callback in entry["callbacks"]),
        silent_calls=tuple(datetime.fromisoformat(text) for text in entry["silent_calls"]),
    )


def _consent(entry: dict[str, Any]) -> Consent:
    texts = {key: entry.get(key, "") for key in ("purpose", "category", "channel", *EVIDENCE)}
    return Consent(
        granted_at=datetime.fromisoformat(entry["granted_at"]), **texts,
        expires_at=_instant(entry.get("expires_at")), revoked_at=_instant(entry.get("revoked_at")),
        contract=entry.get("contract", False), contract_ended_on=_day(entry.get("contract_ended_on")))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _days(count: Any) -> int:
    if type(count) is not int or not 0 < count < _MOST_DAYS:
        raise ValueError(_NOT_WHOLE)
    return count


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
