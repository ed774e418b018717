"""Worlds: a call and all that is known of its number, in words of their own, that neither rules nor oracle share.

A world is in order by default, with some things in it changed.  `choose` makes every choice, so that hypothesis can
make worlds, and so can a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from agi_gate.call import Call, Presentation
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.policy import Agent, Purpose
from tests.support.builders import (COMMERCIAL, FOUR_DIGITS, FREEPHONE, LANDLINE, MOBILE, NOT_DECLARED, OF_ANOTHER,
                                    OF_THE_CALL_CENTRE, OF_THE_CALL_CENTRE_FREEPHONE, OWN, OWN_MOBILE, STATISTICAL,
                                    THREE_DIGITS, a_call, time)

ROME = ZoneInfo("Europe/Rome")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
Choice = TypeVar("Choice")
Choose = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Said:
    """A consent's row; `ended_on` is the contract's."""

    at: datetime
    purpose: str
    category: str
    channel: str
    origin: str
    evidence: str
    expires: datetime | None
    revoked: datetime | None
    contract: bool
    ended_on: date | None


@dataclass(frozen=True)
class Row:
    """A contact's row."""

    source: str
    listed: bool
    acquired: date | None
    recipient: str


@dataclass(frozen=True)
class Asked:
    """A request to be called."""

    at: datetime
    until: datetime | None
    via: str
    used: bool


@dataclass(frozen=True)
class World:
    at: datetime
    dialled: str
    campaign_is_known: bool
    purpose: str
    agent: str
    discloses: bool
    category: str
    sector: str
    campaign_source: str | None
    countries: tuple[str, ...]
    presented: str
    presentation: str
    trunk: str
    callback_days: int
    hours_off: bool
    store_answers: bool
    checks: tuple[tuple[datetime, int], ...]
    consents: tuple[Said, ...]
    row: Row | None
    objections: tuple[datetime, ...]
    asked: tuple[Asked, ...]
    silent: tuple[datetime, ...]

    @property
    def day(self) -> date:
        return self.at.astimezone(ROME).date()

    def call(self) -> Call:
        return a_call(
            self.dialled, at=self.at, caller_id=self.presented, trunk=self.trunk,
            presentation=Presentation(self.presentation), campaign_asked="fibra" if self.campaign_is_known else "nobody",
            purpose=Purpose(self.purpose), agent=Agent(self.agent), ai_disclosure=self.discloses,
            category=self.category, sector=self.sector, source=self.campaign_source, countries=frozenset(self.countries),
            policy={"callback_days": self.callback_days, "hours_off": self.hours_off})

    def facts(self) -> Facts | None:
        if not self.store_answers:
            return None
        row, noes = self.row, sorted(self.objections)
        return Facts(
            checks=tuple(Check(at, bool(flag), f"check-{nth}") for nth, (at, flag) in enumerate(self.checks)),
            consents=tuple(Consent(one.at, one.purpose, one.category, one.channel, one.origin, one.evidence, "",
                                   one.expires, one.revoked, one.contract, one.ended_on) for one in self.consents),
            contact=row and Contact(row.source, row.listed, row.acquired, row.recipient),
            objection=Objection(noes[0], "call", noes[-1] if noes[1:] else None, tuple(noes[1:-1])) if noes else None,
            callbacks=tuple(Callback(one.at, one.until, one.used, one.via) for one in self.asked),
            silent_calls=self.silent)


# the first days of the laws, the edges of the hours and of daylight saving, and ordinary days between
MOMENTS = tuple(map(time, (
    "2011-02-01T00:00:00+01:00", "2017-03-07T11:00:00+01:00", "2022-07-27T00:00:00+02:00", "2023-10-15T00:00:00+02:00",
    "2024-09-28T00:00:00+02:00", "2024-10-28T11:00:00+01:00", "2025-08-19T09:00:00+02:00", "2025-11-19T09:00:00+01:00",
    "2026-04-01T11:00:00+02:00", "2026-04-14T00:00:00+02:00", "2026-06-19T00:00:00+02:00", "2026-06-19T09:00:00+02:00",
    "2026-08-02T00:00:00+02:00", "2026-08-03T11:00:00+02:00", "2026-10-14T09:00:00+02:00", "2026-10-14T20:00:00+02:00",
    "2026-10-17T19:00:00+02:00", "2026-10-18T11:00:00+02:00", "2026-11-04T10:00:00+01:00", "2026-12-07T10:00:00+01:00",
    "2026-12-08T11:00:00+01:00", *("2026-10-14T11:00:00+02:00",) * 10, *("2026-11-18T15:30:00+01:00",) * 4)))
NUDGES = (0 * SECOND,) * 4 + (SECOND, -SECOND, timedelta(hours=1), -timedelta(hours=1))
AGES = (0, 1, 3, 5, 10, 14, 15, 16, 29, 30, 31, 45, 60, 90, 400, -1)
DIALLED = (MOBILE, LANDLINE, "021234", "0039 02 12345600", "112", "1522", "899123456", "800123456", "190", "+41223456789",
           "0549886123", "0669812345", "021", "#31#3331234500", "3331234500,,1")
PRESENTED = (OWN, OWN_MOBILE, COMMERCIAL, STATISTICAL, OF_THE_CALL_CENTRE, NOT_DECLARED, OF_ANOTHER, FREEPHONE,
             OF_THE_CALL_CENTRE_FREEPHONE, THREE_DIGITS, FOUR_DIGITS, "+390212349999", "+41223456789", "201", "unknown", "")


def a_world(choose: Choose) -> World:
    at = (choose(MOMENTS) + choose(NUDGES)).astimezone(UTC)

    def some(usual: Choice, *others: Any, odds: int = 8) -> Choice:
        """The usual, but once in so many times another."""
        return usual if choose(range(odds)) else choose(others)

    def past() -> datetime:
        return at - choose(AGES) * DAY + choose(NUDGES)

    def maybe(odds: int, make: Callable[[], Choice]) -> Choice | None:
        return None if choose(range(odds)) else make()

    def past_day() -> date:
        return past().astimezone(ROME).date()

    sells_energy = choose((False, False, True))
    category = "energy" if sells_energy else "telecom"
    purpose = some("marketing", "marketing", "market_research", "statistics", "service", odds=3)

    def consent() -> Said:
        contract = choose((False, False, True))
        return Said(
            at=past() if choose((0, 1)) else at - 40 * DAY, purpose=some(purpose, "market_research", "marketing", odds=12),
            category=some(category, "", "energy", "telecom", odds=12),
            channel=some("both", "human", "automated", odds=4), origin=some("web form", "", odds=16),
            evidence=some("ip and sms", "", odds=16), expires=maybe(12, past), revoked=maybe(10, past),
            contract=contract, ended_on=maybe(2, past_day) if contract else maybe(8, past_day))

    consents = [consent() for _ in range(choose((0, 1, 1, 1, 2, 3)))]
    return World(
        at=at, dialled=some(MOBILE, LANDLINE, LANDLINE, *DIALLED, odds=3), campaign_is_known=bool(choose(range(50))),
        purpose=purpose, agent=some("human", "automated", "ai", odds=3), discloses=bool(choose(range(3))),
        category=category, sector=some(category, "energy", "telecom"), campaign_source=some("Lista", None),
        countries=some((), ("CH",), odds=12), presented=some(OWN, *PRESENTED, odds=4),
        presentation=some("allowed", "failed_screening", "restricted", "unavailable", odds=20),
        trunk=some("it", "fr", "nowhere", odds=10), callback_days=some(30, 1, 15, 60, odds=3), hours_off=choose((True, False)),
        store_answers=bool(choose(range(60))),
        checks=tuple((past(), choose((0, 1))) for _ in range(choose(range(6)))),
        # the newest consent's fault is the reason: of two of one instant nobody says which is newer
        consents=tuple({one.at: one for one in consents}.values()),
        row=some(Row("Elenco", bool(choose((0, 1))), maybe(6, past_day), choose(("", "consumer", "business"))), None,
                 Row("", True, None, ""), odds=5),
        objections=tuple(past() for _ in range(some(0, 1, 2, 3, odds=8))),
        asked=tuple(Asked(past(), maybe(2, past), choose(("", "own_web", "web", "phone", "branch", "other")),
                          not choose(range(4))) for _ in range(some(0, 1, 2, odds=4))),
        silent=tuple(past() for _ in range(some(0, 1, 2, odds=12))))
