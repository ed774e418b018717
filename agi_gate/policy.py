"""What the controller has declared: campaigns, caller IDs, trunks, calling hours.

Core.  The part of the configuration that a decision rests on, as values; `config` reads them from `gate.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal

CALL_CENTRE = "callcentre"  # the holder of a caller ID that belongs to the declared call centre
ENERGY = "energy"           # the sector, and the product category, of electricity and gas
CALLBACK_DAYS = 30          # a request to be called that names no end counts for so many

NumberFormat = Literal["e164", "digits", "national"]  # +3902..., 3902..., 02...


class Purpose(Enum):
    MARKETING = "marketing"
    MARKET_RESEARCH = "market_research"
    STATISTICS = "statistics"
    SERVICE = "service"


class Agent(Enum):
    HUMAN = "human"
    AUTOMATED = "automated"
    AI = "ai"


@dataclass(frozen=True, slots=True)
class Controller:
    id: str
    sector: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class CallerId:
    """A number the call centre may present, as declared to the ROC (register of communication operators)."""

    number: str  # E.164, or the bare digits of a short code
    holder: str  # a controller's id, or CALL_CENTRE
    roc_declared: bool
    last_recall_test: date | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    id: str
    country: str  # where calls on it enter the network, ISO 3166 alpha-2
    number_format: NumberFormat = "e164"  # how it takes numbers


@dataclass(frozen=True, slots=True)
class Campaign:
    id: str
    controller: Controller
    purpose: Purpose
    agent: Agent
    category: str
    caller_ids: tuple[str, ...]
    trunk: str
    source: str | None = None
    countries: frozenset[str] = frozenset()
    ai_disclosure: bool = False  # an AI agent says at once that it is one
    statistics_basis: str | None = None  # what a statistical survey rests on; decides nothing, and is on record

    def __hash__(self) -> int:
        return hash(self.id)  # equal ones have equal ids; all the rest of it takes its time, at every call

    @property
    def is_energy(self) -> bool:
        """Electricity or gas, by who sells or by what is sold: either brings the energy rule."""
        return ENERGY in (self.controller.sector, self.category)


Window = tuple[int, int] | None  # minutes from local midnight, half-open; None: closed


@dataclass(frozen=True, slots=True)
class Hours:
    """Calling windows by kind of day, Europe/Rome wall time."""

    weekday: Window
    saturday: Window
    before_holiday: Window
    sunday: Window = None
    holiday: Window = None


CODE_OF_CONDUCT_HOURS = Hours(
    weekday=(9 * 60, 20 * 60), saturday=(10 * 60, 19 * 60), before_holiday=(10 * 60, 19 * 60))


@dataclass(frozen=True, slots=True)
class FailPolicy:
    """The purposes whose calls go on where something fails; all others are denied.

    Only purposes that the registry does not cover can be here: of a sale nothing is lawful that is not known.
    """

    store: frozenset[Purpose] = frozenset({Purpose.SERVICE, Purpose.STATISTICS})
    log: frozenset[Purpose] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything declared.

    `hours`: None follows the law of the day (the Code of conduct, from its first day on);
    `Hours` are the controller's own, kept on any day; `hours_off` leaves them out.  `callback_days`: for so many times
    24 hours a request to be called counts that names no end.
    """

    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    caller_ids: Mapping[str, CallerId] = field(default_factory=dict)
    trunks: Mapping[str, Trunk] = field(default_factory=dict)
    hours: Hours | None = None
    hours_off: bool = False
    fail: FailPolicy = FailPolicy()
    callback_days: int = CALLBACK_DAYS
    clock_checked_at: datetime | None = None  # from then on the clock was right, whatever is dated later
