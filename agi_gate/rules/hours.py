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
from agi_gate.policy import CODE_OF_CONDUCT_HOURS, Window
from agi_gate.regime import ROME, Regime
from agi_gate.verdict import Finding, Reason

_SATURDAY, _SUNDAY = 5, 6


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    """Deny outside the windows: the controller's own where it has any, else the Code's where it is in force."""
    if call.hours_off or (call.hours is None and not regime.code_of_conduct_hours):
        return None
    hours = call.hours or CODE_OF_CONDUCT_HOURS
    wall = call.at.astimezone(ROME)
    day = wall.date()
    closed = Reason.HOURS_CLOSED
    window: Window
    if day.weekday() == _SUNDAY:
        window, closed = hours.sunday, Reason.HOURS_SUNDAY
    elif is_holiday(day):
        window, closed = hours.holiday, Reason.HOURS_HOLIDAY
    elif is_holiday(day + timedelta(days=1)):
        window = hours.before_holiday
    elif day.weekday() == _SATURDAY:
        window = hours.saturday
    else:
        window = hours.weekday
    if window is None:
        return Finding(closed)
    minute = wall.hour * 60 + wall.minute
    return None if window[0] <= minute < window[1] else Finding(Reason.HOURS_CLOSED)


def is_holiday(day: date) -> bool:
    """Say whether a day is a national holiday; the day of national unity in November is none."""
    return day in _holidays_of(day.year)


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    # made whole before anybody sees it: a calendar that fills itself shows half a year to the thread that asks second.
    # Without a language the names would be in the machine's.
    calendar = holidays.country_holidays("IT", years=year, expand=False, language="en_US")
    return frozenset(day for day in calendar if any(name != "National Unity Day" for name in calendar.get_list(day)))
