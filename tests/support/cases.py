"""Decision cases: tab-separated tables that a non-programmer can read, one call and its whole world a line.

`facts_of` builds a case's facts for the core; `feeds_of` writes them as the files that ops would load.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from agi_gate import config
from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.number import parse_destination
from agi_gate.policy import Policy

DATA = Path(__file__).parent.parent / "data"
TABLES = ("cases.tsv", "boundaries.tsv", "readings.tsv")
GATE_TOML = DATA / "gate.toml"
_CONSENT_DEFAULTS = {"purpose": "marketing", "category": "telecom", "channel": "both", "origin": "web form",
                     "evidence": "ip and sms"}
_AS_IT_IS = ("--max-doubtful", "1")  # one case calls a mobile of nine digits


@dataclass(frozen=True)
class Case:
    case: str
    at: datetime
    campaign: str
    destination: str
    caller_id: str
    presentation: str
    trunk: str
    checks: str
    consent: str
    contact: str
    other: str
    verdict: str
    reason: str

    def __str__(self) -> str:
        return self.case.replace(" ", "-")


def read_cases(name: str) -> list[Case]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t",
                              quoting=csv.QUOTE_NONE)
        return [Case(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in rows]


def all_cases() -> list[Case]:
    return [case for name in TABLES for case in read_cases(name)]


def own_gate_toml(folder: Path) -> Path:
    """The cases' configuration in a folder of the test's own: the archive is made beside it."""
    return Path(shutil.copy(GATE_TOML, folder))


def policy() -> Policy:
    return config.load(GATE_TOML).policy


def call_of(case: Case, declared: Policy) -> Call:
    campaign = declared.campaigns.get(case.campaign)
    caller_id = case.caller_id or (campaign.caller_ids[0] if campaign else "")
    return understand(Request(case.destination, case.campaign, caller_id, Presentation(case.presentation or "allowed"),
                              case.trunk), declared, case.at)


def _pairs(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(";") if item)


def checks_of(case: Case, controller: str) -> list[tuple[str, datetime, bool]]:
    """(controller, time, enrolled) in the order of loading."""
    checks = []
    for item in filter(None, case.checks.split(";")):
        when, flag = item.rsplit("=", 1)
        owner = controller
        if not when[0].isdigit():
            owner, when = when.split(":", 1)
        checks.append((owner, datetime.fromisoformat(when), flag == "1"))
    return checks


def consents_of(case: Case, controller: str) -> list[tuple[str, dict[str, str]]]:
    """(controller, cells of the consents feed); several consents are parted by ` | `."""
    consents = []
    for text in filter(None, case.consent.split(" | ")):
        cells = _CONSENT_DEFAULTS | _pairs(text)
        consents.append((cells.pop("controller", controller), cells))
    return consents


def facts_of(case: Case, declared: Policy) -> Facts:
    """What the store would know of the case's number for its campaign's controller."""
    campaign = declared.campaigns.get(case.campaign)
    controller = campaign.controller.id if campaign else ""
    contact, other = _pairs(case.contact), case.other
    return Facts(
        checks=tuple(Check(at.astimezone(UTC), enrolled, f"check-{at:%s}")
                     for owner, at, enrolled in checks_of(case, controller) if owner == controller),
        consents=tuple(_consent(cells) for owner, cells in consents_of(case, controller) if owner == controller),
        contact=Contact(contact.get("source", "a list"), contact["directory"] == "yes", _day(contact.get("acquired_on")),
                        contact.get("recipient", ""))
        if contact and contact.get("controller", controller) == controller else None,
        objection=min((Objection(at, "call") for at, _ in _events(other, "objection")),
                      key=lambda objection: objection.objected_at, default=None),
        callbacks=tuple(Callback(at, until, via=via) for at, until, via in _callbacks(other)),
        silent_calls=tuple(at for at, _ in _events(other, "silent")),
    )


def _consent(cells: dict[str, str]) -> Consent:
    return Consent(
        granted_at=datetime.fromisoformat(cells["granted_at"]), purpose=cells["purpose"], category=cells["category"],
        channel=cells["channel"], origin=cells["origin"], evidence=cells["evidence"],
        expires_at=_instant(cells.get("expires_at")), revoked_at=_instant(cells.get("revoked_at")),
        contract=cells.get("contract") == "yes", contract_ended_on=_day(cells.get("contract_ended_on")))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _events(other: str, name: str) -> list[tuple[datetime, datetime | None]]:
    events = []
    for item in filter(None, other.split(";")):
        kind, when = item.split("=", 1)
        if kind == name:
            start, _, end = when.partition("..")
            events.append((datetime.fromisoformat(start), _instant(end)))
    return events


def _callbacks(other: str) -> list[tuple[datetime, datetime | None, str]]:
    """(requested, until, via): `via=` belongs to the call-back that it stands behind."""
    items = [item.split("=", 1) for item in filter(None, other.split(";")) if item.startswith(("callback=", "via="))]
    vias = [items[place + 1][1] if items[place + 1:] and items[place + 1][0] == "via" else ""
            for place, (kind, _) in enumerate(items) if kind == "callback"]
    return [(at, until, via) for (at, until), via in zip(_events(other, "callback"), vias, strict=True)]


def load_arguments(case: Case, declared: Policy, folder: Path) -> list[list[str]]:
    """Write the case's facts as ops' files into a folder: the `agi-gate` arguments that load each, in order."""
    campaign = declared.campaigns.get(case.campaign)
    controller = campaign.controller.id if campaign else "t1"
    number = parse_destination(case.destination)
    commands: list[list[str]] = []
    if number is None:
        return commands

    def feed(name: str, rows: list[dict[str, str]]) -> None:
        path = folder / f"{name}.csv"
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        commands.append(["load", name, str(path), *_AS_IT_IS])

    for index, (owner, at, enrolled) in enumerate(checks_of(case, controller)):
        path = folder / f"registry{index}.txt"
        path.write_text(f"{number.e164.removeprefix('+39')},{int(enrolled)}\r\n")
        commands.append(["load", "registry", str(path), "--controller", owner, "--checked-at", at.isoformat(), *_AS_IT_IS])
    key = {"number": number.e164, "controller": controller}
    if consents := consents_of(case, controller):
        feed("consents", [{**key, "controller": owner, **cells} for owner, cells in consents])
    if case.contact:
        feed("contacts", [key | {"source": "a list"} | _pairs(case.contact)])
    for name, rows in (
            ("objections", [{"objected_at": at.isoformat(), "via": "call"} for at, _ in _events(case.other, "objection")]),
            ("callbacks", [{"requested_at": at.isoformat()} | ({"valid_until": until.isoformat()} if until else {})
                           | ({"via": via} if via else {}) for at, until, via in _callbacks(case.other)]),
            ("rests", [{"silent_at": at.isoformat()} for at, _ in _events(case.other, "silent")])):
        if rows:
            feed(name, [key | row for row in rows])
    return commands
