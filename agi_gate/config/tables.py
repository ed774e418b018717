"""The shapes of gate.toml's tables.

Edge, the only pydantic models: what each key may hold, and nothing of what names refer to.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from agi_gate import place
from agi_gate.policy import CALLBACK_DAYS, NumberFormat
from agi_gate.regime import CHECK_GOOD_DAYS, CONTRACT_GRACE_DAYS
from agi_gate.retention import FIVE_YEARS_DAYS

_A_CENTURY_DAYS = 36_525


class Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True)]
# what no system call takes, or what names no file, would end the program where it is opened
Folder = Annotated[Name, StringConstraints(pattern=r"^[^\x00]*$")]
File = Annotated[Name, StringConstraints(pattern=r"^[^\x00]*[^\x00/]$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
HOST_AND_PORT = r"(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}"
Listen = Annotated[str, StringConstraints(pattern=rf"^{HOST_AND_PORT}$")]
TIME_OF_DAY = r"([01]?[0-9]|2[0-4])(:[0-5][0-9])?"
Day = Annotated[str, StringConstraints(pattern=rf"^(closed|{TIME_OF_DAY}-{TIME_OF_DAY})$")]


class StoreTable(Table):
    url: str
    timeout_ms: Annotated[int, Field(ge=1, le=2000)] = 250
    # of a server that does not say whether it may drop keys the admin has to know it
    eviction: Literal["never"] | None = None
    former_controllers: list[Name] = []


class DaemonTable(Table):
    listen: Listen = place.LISTEN
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    # the dialplan leaves a gate that has not answered within 2 s
    deadline_ms: Annotated[int, Field(ge=50, le=1900)] = place.DEADLINE_MS
    waiting: Annotated[int, Field(ge=1, le=1000)] = 256
    allow: list[str] = []


class LogTable(Table):
    path: File
    durability: Literal["written", "synced"] = "written"
    rotate_mb: Annotated[int, Field(ge=1, le=10_000)] = 256
    key: File | None = None
    pseudonymise_after_days: Annotated[int, Field(ge=1, le=_A_CENTURY_DAYS)] | None = None


class ArchiveTable(Table):
    path: Folder = "archive"


class RetentionTable(Table):
    # less would take away what decisions still rest on: a check is good for 15 days, a silent call rests for 5
    checks_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    consents_days: Annotated[int, Field(ge=CONTRACT_GRACE_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    contacts_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    callbacks_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    rests_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    feeds_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS
    decisions_days: Annotated[int, Field(ge=CHECK_GOOD_DAYS + 1, le=_A_CENTURY_DAYS)] = FIVE_YEARS_DAYS


class HoursTable(Table):
    weekday: Day
    saturday: Day
    before_holiday: Day
    sunday: Day = "closed"
    holiday: Day = "closed"


class PolicyTable(Table):
    hours: Literal["code-of-conduct", "off"] | HoursTable = "code-of-conduct"
    on_deny: Literal["hangup", "return"] = "hangup"
    clock_checked_at: AwareDatetime | None = None
    # a request counts for a bounded time: of one that counts for longer its row says until when
    callback_days: Annotated[int, Field(ge=1, le=366)] = CALLBACK_DAYS


class StoreFailTable(Table):
    marketing: Literal["deny"] = "deny"
    market_research: Literal["deny"] = "deny"
    statistics: Literal["allow", "deny"] = "allow"
    service: Literal["allow", "deny"] = "allow"


class LogFailTable(Table):
    marketing: Literal["deny"] = "deny"
    market_research: Literal["deny"] = "deny"
    statistics: Literal["allow", "deny"] = "deny"
    service: Literal["allow", "deny"] = "deny"


class FailTable(Table):
    store: StoreFailTable = StoreFailTable()
    log: LogFailTable = LogFailTable()


class ShadowTable(Table):
    config: File


class ControllerTable(Table):
    name: Name
    sector: Name


class CallerIdTable(Table):
    holder: Name
    roc_declared: bool
    last_recall_test: date | None = None


class TrunkTable(Table):
    country: Country
    number_format: NumberFormat = "e164"


class CampaignTable(Table):
    controller: Name
    purpose: Literal["marketing", "market_research", "statistics", "service"]
    agent: Literal["human", "automated", "ai"]
    category: Name
    caller_ids: Annotated[list[str], Field(min_length=1)]
    trunk: Name
    source: Name | None = None
    countries: list[Country] = []
    ai_disclosure: bool = False
    statistics_basis: Text | None = None


class FileTable(Table):
    store: StoreTable
    log: LogTable
    daemon: DaemonTable = DaemonTable()
    archive: ArchiveTable = ArchiveTable()
    retention: RetentionTable = RetentionTable()
    policy: PolicyTable = PolicyTable()
    fail: FailTable = FailTable()
    shadow: ShadowTable | None = None
    controllers: Annotated[dict[str, ControllerTable], Field(min_length=1)]
    caller_ids: dict[str, CallerIdTable] = {}
    trunks: dict[str, TrunkTable] = {}
    campaigns: Annotated[dict[str, CampaignTable], Field(min_length=1)]
