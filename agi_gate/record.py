"""The decision record: one JSON line, enough to decide the call again from the line alone.

Core.  `write` and `read` are each other's inverse in all that a decision rests on: the request, the policy entries it
resolved to, the facts as used, the time.  The layout is versioned by `v`; fields are only ever added.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.policy import Agent, CallerId, Campaign, Controller, Hours, Policy, Purpose, Trunk
from agi_gate.regime import regime_at
from agi_gate.verdict import Verdict

VERSION = 1
_EMPTY = (None, "", False, ())


def write(decision_id: str, call: Call, facts: Facts | None, verdict: Verdict, elapsed_us: int) -> str:
    """One line without its newline.  `facts` is None where the store was not asked or did not answer."""
    finding, regime = verdict.findings[0], regime_at(call.at)
    return json.dumps({
        "v": VERSION,
        "id": decision_id,
        "at": instant(call.at),
        "verdict": verdict.outcome.value,
        "reason": verdict.reason.name,
        "reasons": verdict.reasons,
        "regime": regime.id if regime else None,
        "destination": call.destination.e164 if call.destination else None,
        "source": verdict.source,
        "rests_on": {
            "check": _check(finding.check) if finding.check else None,
            "consent": _plain(finding.consent) if finding.consent else None,
            "callback": _plain(finding.callback) if finding.callback else None,
        },
        "call": {**_request(call.request), "controller": call.campaign.controller.id if call.campaign else None},
        "policy": _policy(call),
        "facts": _facts(facts) if facts is not None else None,
        "elapsed_us": elapsed_us,
    }, ensure_ascii=False, separators=(",", ":"))


def read(line: str) -> tuple[Call, Facts | None]:
    """The call and the facts of a record, ready for `decide`.  Raises ValueError where the line is no record."""
    try:
        record = json.loads(line)
        if record["v"] != VERSION:
            raise ValueError(f"record of version {record['v']}, and this program reads version {VERSION}")
        request = Request(**{key: value for key, value in record["call"].items() if key != "controller"}
                          | {"presentation": Presentation(record["call"]["presentation"])})
        facts = record["facts"]
        return (understand(request, _policy_from(record["policy"]), datetime.fromisoformat(record["at"])),
                None if facts is None else _facts_from(facts))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a decision record: {error!r}") from error


def instant(at: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as JSON values; what is empty is left out, since it is the default."""
    # not asdict(): it copies deeply, and took a quarter of a decision's time
    return {name: _json(item) for name in value.__slots__ if (item := getattr(value, name)) not in _EMPTY}


def _json(item: Any) -> Any:
    if isinstance(item, datetime):
        return instant(item)
    if isinstance(item, date):
        return item.isoformat()
    if isinstance(item, Presentation | Purpose | Agent):
        return item.value
    return item


def _request(request: Request) -> dict[str, Any]:
    """What was asked, also where it is empty: an empty caller ID is what a denial rests on."""
    return {name: _json(getattr(request, name)) for name in request.__slots__}


def _check(check: Check) -> dict[str, Any]:
    return {"at": instant(check.at), "enrolled": check.enrolled, "id": check.id}


def _policy(call: Call) -> dict[str, Any]:
    """The policy entries that this call resolved to, and nothing of the others."""
    campaign, declared = call.campaign, call.declared_caller_id
    presented = call.caller_id.e164 if call.caller_id else None
    return {
        "campaign": None if campaign is None else {
            **_plain(campaign), "controller": asdict(campaign.controller),
            "caller_ids": [number for number in campaign.caller_ids if number == presented],
            "countries": sorted(campaign.countries)},
        "caller_id": None if declared is None else _plain(declared) | {"roc_declared": declared.roc_declared},
        "trunk": None if call.trunk is None else asdict(call.trunk),
        "hours": "off" if call.hours_off else None if call.hours is None else asdict(call.hours),
    }


def _policy_from(entry: dict[str, Any]) -> Policy:
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
    )


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "checks": [_check(check) for check in facts.checks],
        "consents": [_plain(consent) for consent in facts.consents],
        "contact": facts.contact and _plain(facts.contact) | {"directory": facts.contact.directory},
        "objection": facts.objection and _plain(facts.objection),
        "callbacks": [_plain(callback) for callback in facts.callbacks],
        "silent_calls": [instant(silent_at) for silent_at in facts.silent_calls],
    }


def _facts_from(entry: dict[str, Any]) -> Facts:
    contact, objection = entry["contact"], entry["objection"]
    return Facts(
        checks=tuple(Check(datetime.fromisoformat(check["at"]), check["enrolled"], check["id"])
                     for check in entry["checks"]),
        consents=tuple(map(_consent_from, entry["consents"])),
        contact=contact and Contact(contact.get("source", ""), contact["directory"], _day(contact.get("acquired_on"))),
        objection=objection and Objection(datetime.fromisoformat(objection["objected_at"]), objection.get("via", ""),
                                          _instant(objection.get("repeated_at"))),
        callbacks=tuple(
            Callback(datetime.fromisoformat(callback["requested_at"]), _instant(callback.get("valid_until")),
                     callback.get("used", False))
            for callback in entry["callbacks"]),
        silent_calls=tuple(datetime.fromisoformat(text) for text in entry["silent_calls"]),
    )


def _consent_from(entry: dict[str, Any]) -> Consent:
    texts = {key: entry.get(key, "") for key in ("purpose", "category", "channel", "origin", "evidence", "notice")}
    return Consent(
        granted_at=datetime.fromisoformat(entry["granted_at"]), **texts,
        expires_at=_instant(entry.get("expires_at")), revoked_at=_instant(entry.get("revoked_at")),
        contract=entry.get("contract", False), contract_ended_on=_day(entry.get("contract_ended_on")))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
