"""HOURS_SUNDAY, HOURS_HOLIDAY, HOURS_CLOSED: when marketing and research may call (step 10).

Source: Code of conduct (Garante, docweb 9993808), from 2024-09-28.  Monday to Friday 9-20; Saturday and the day
before a holiday 10-19; never on a Sunday or a holiday.  Half-open, Europe/Rome wall time.  National holidays only
(L. 260/1949 as amended; 4 October from 2026).  A holiday beats a Saturday; a Sunday is no holiday for the
day-before rule.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.policy import CODE_OF_CONDUCT_HOURS, Hours, Window
from agi_gate.regime import ROME, Regime
from agi_gate.verdict import Finding, Reason

_SATURDAY, _SUNDAY = 5, 6
# what is said of a day that has no window at all
_NEVER = {"sunday": Reason.HOURS_SUNDAY, "holiday": Reason.HOURS_HOLIDAY}


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny outside the windows: the controller's own where it has any, else the Code's where it is in force."""
    if call.hours_off or (call.hours is None and not regime.code_of_conduct_hours):
        return None
    wall = call.at.astimezone(ROME)
    window = window_on(wall.date(), call.hours or CODE_OF_CONDUCT_HOURS)
    if window is None:
        return Finding(_NEVER.get(kind_of(wall.date()), Reason.HOURS_CLOSED))
    minute = wall.hour * 60 + wall.minute
    return None if window[0] <= minute < window[1] else Finding(Reason.HOURS_CLOSED)


def window_on(day: date, hours: Hours) -> Window:
    """The window of a day; None where it has none."""
    window: Window = getattr(hours, kind_of(day))
    return window


def kind_of(day: date) -> str:
    """What kind of day it is, as `Hours` names them."""
    if day.weekday() == _SUNDAY:
        return "sunday"
    if is_holiday(day):
        return "holiday"
    if is_holiday(day + timedelta(days=1)):
        return "before_holiday"
    return "saturday" if day.weekday() == _SATURDAY else "weekday"


def is_holiday(day: date) -> bool:
    """Say whether a day is a national holiday; the day of national unity in November is none."""
    return day in _holidays_of(day.year)


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    # made whole before anybody sees it: a calendar that fills itself shows half a year to the thread that asks second.
    # Without a language the names would be in the machine's.
    calendar = holidays.country_holidays("IT", years=year, expand=False, language="en_US")
    return frozenset(day for day in calendar if any(name != "National Unity Day" for name in calendar.get_list(day)))
