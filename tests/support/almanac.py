"""Italy's national holidays from another source than the product's: L. 260/1949 as amended, and the computus."""

from __future__ import annotations

from datetime import date, timedelta

_FIXED = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus (Meeus).

    >>> easter(2026)
    datetime.date(2026, 4, 5)
    """
    century, year_of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - epact - year_of_century % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def is_national_holiday(day: date) -> bool:
    return ((day.month, day.day) in _FIXED
            or day - easter(day.year) in (timedelta(0), timedelta(days=1))
            # L. 151/2025
            or (day.month, day.day) == (10, 4) and day.year >= 2026)
