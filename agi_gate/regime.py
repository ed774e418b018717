"""The law by date: one table of what holds from which day.

Core.  Every decision is made under the regime in force at the call's own time (Europe/Rome date).
Nothing else in the product compares dates of laws.  Sources: `docs/rules.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class Regime:
    first_day: date
    name: str
    mobiles_in_registry: bool           # enrolment covers mobiles too, and voids earlier consents
    code_of_conduct_hours: bool = False
    fixed_caller_id_national: bool = False   # an Italian fixed caller ID must not enter from abroad
    mobile_caller_id_national: bool = False  # nor a mobile one
    energy_to_customers_only: bool = False  # and to people who asked on the seller's own site
    ai_discloses_itself: bool = False

    @property
    def id(self) -> str:
        return self.first_day.isoformat()


REGIMES = (
    Regime(date(2011, 2, 1), "RPO for directory landlines (DPR 178/2010)", mobiles_in_registry=False),
    Regime(date(2022, 7, 27), "new RPO (DPR 26/2022, L. 5/2018)", mobiles_in_registry=True),
    Regime(date(2024, 9, 28), "Code of conduct (Garante, docweb 9993808)", True, code_of_conduct_hours=True),
    Regime(date(2025, 8, 19), "AGCOM 106/25/CONS", True, True, fixed_caller_id_national=True),
    Regime(date(2025, 11, 19), "AGCOM 106/25/CONS, 271/25/CONS", True, True, True, mobile_caller_id_national=True),
    Regime(date(2026, 6, 19), "energy rule (Codice del consumo art. 51 c. 8-bis to 8-quater, by DL 21/2026, L. 49/2026)",
           True, True, True, True, energy_to_customers_only=True),
    Regime(date(2026, 8, 2), "AI Act (Reg. (EU) 2024/1689) art. 50(1)", True, True, True, True, True,
           ai_discloses_itself=True),
)

# DPR 26/2022 art. 8 c. 2, and DPR 178/2010 before it: a check is good for 15 days
CHECK_GOOD_DAYS = 15
# L. 5/2018 art. 1 c. 5: a consent within a contract outlives it by 30 days
CONTRACT_GRACE_DAYS = 30
# Garante 83/2014: after a silent call the number rests
SILENT_CALL_REST_DAYS = 5
# AGCOM 21/26/CIR: three-digit and freephone caller IDs, where assigned.  No regime of its own: it binds no call
# that presents an ordinary number
SHORT_CALLER_IDS_FIRST_DAY = date(2026, 4, 14)


# calls that are decided together have one instant, and every rule asks
@lru_cache(256)
def local_day(at: datetime) -> date:
    """The Europe/Rome date of an instant."""
    return at.astimezone(ROME).date()


@lru_cache(256)
def regime_at(at: datetime) -> Regime | None:
    """The regime in force at an instant; None before the registry existed (2011-02-01)."""
    day = local_day(at)
    in_force = None
    for regime in REGIMES:
        if regime.first_day <= day:
            in_force = regime
    return in_force
