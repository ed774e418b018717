"""HOURS_SUNDAY, HOURS_HOLIDAY, HOURS_CLOSED: when marketing and research may call."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agi_gate.policy import Hours
from agi_gate.regime import REGIMES, ROME, Regime
from agi_gate.rules import hours
from tests.support.almanac import easter, is_national_holiday
from tests.support.builders import (CODE_OF_CONDUCT, ENERGY_RULE, FOUNDING, NEW_REGISTRY, NOTHING, SECOND, a_call,
                                    time)


def found(at: datetime, regime: Regime = ENERGY_RULE, **policy: Any) -> str | None:
    finding = hours.check(a_call(at=at, policy=policy), NOTHING, regime)
    return None if finding is None else finding.reason.name


# what day it is, and when calls may begin and end
OPEN = [
    ("2026-10-14", 9, 20, "Wednesday"),
    ("2026-10-16", 9, 20, "Friday: the day before a Saturday is an ordinary day"),
    ("2026-10-17", 10, 19, "Saturday, though the next day is a Sunday"),
    ("2026-10-26", 9, 20, "Monday after the clocks went back"),
    ("2026-03-30", 9, 20, "Monday after the clocks went forward"),
    ("2026-04-03", 9, 20, "Good Friday is no holiday"),
    ("2026-04-04", 10, 19, "Saturday before Easter"),
    ("2026-04-07", 9, 20, "Tuesday after Easter Monday"),
    ("2026-12-07", 10, 19, "Monday before 8 December"),
    ("2026-12-24", 10, 19, "Christmas Eve"),
    ("2026-12-31", 10, 19, "the next year's first day is a holiday"),
    ("2027-01-05", 10, 19, "before Epiphany"),
    ("2026-04-24", 10, 19, "Friday before a holiday that is a Saturday"),
    ("2027-04-24", 10, 19, "Saturday before a holiday that is a Sunday"),
    ("2025-10-03", 9, 20, "4 October was no holiday yet"),
    ("2025-10-04", 10, 19, "a Saturday, and no holiday yet"),
    ("2028-10-03", 10, 19, "4 October is a holiday now"),
    ("2026-11-03", 9, 20, "4 November is no holiday"),
    ("2025-11-03", 9, 20, "a Monday"),
]


@pytest.mark.parametrize("day, opens, closes", [row[:3] for row in OPEN], ids=[f"{row[0]}-{row[3]}" for row in OPEN])
def test_calls_may_begin_at_opening_and_not_at_closing(day: str, opens: int, closes: int) -> None:
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), ROME)
    opening, closing = midnight.replace(hour=opens), midnight.replace(hour=closes)
    assert [found(at) for at in (midnight, opening - SECOND, opening, closing - SECOND, closing, midnight.replace(
        hour=23, minute=59, second=59))] == [
            "HOURS_CLOSED", "HOURS_CLOSED", None, None, "HOURS_CLOSED", "HOURS_CLOSED"]


@pytest.mark.parametrize("clock", ["00:00:00", "03:00:00", "11:00:00", "18:59:59", "23:59:59"])
@pytest.mark.parametrize("day, reason", [
    ("2026-10-18", "HOURS_SUNDAY"),
    ("2026-04-05", "HOURS_SUNDAY"),    # Easter
    ("2026-11-01", "HOURS_SUNDAY"),    # a holiday on a Sunday
    ("2026-10-04", "HOURS_SUNDAY"),    # the same, new in 2026
    ("2027-10-03", "HOURS_SUNDAY"),    # the day before a holiday
    ("2026-04-06", "HOURS_HOLIDAY"),   # Easter Monday
    ("2026-04-25", "HOURS_HOLIDAY"),   # a holiday on a Saturday
    ("2026-12-25", "HOURS_HOLIDAY"),   # a holiday before a holiday
    ("2027-10-04", "HOURS_HOLIDAY"),
])
def test_never_on_a_sunday_or_a_holiday(day: str, clock: str, reason: str) -> None:
    assert found(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ROME)) == reason


@pytest.mark.parametrize("at, reason", [
    ("2026-10-14T06:59:59+00:00", "HOURS_CLOSED"),
    ("2026-10-14T07:00:00+00:00", None),
    ("2026-10-14T03:00:00-04:00", None),
    ("2026-10-17T21:59:59+00:00", "HOURS_CLOSED"),   # still Saturday in Rome
    ("2026-10-17T22:00:00+00:00", "HOURS_SUNDAY"),
    ("2026-10-18T22:00:00+00:00", "HOURS_CLOSED"),   # Monday in Rome
    ("2026-10-26T07:59:59+00:00", "HOURS_CLOSED"),
    ("2026-10-26T08:00:00+00:00", None),
])
def test_the_clock_is_the_one_in_rome(at: str, reason: str | None) -> None:
    assert found(time(at)) == reason


SUNDAY_NIGHT = time("2026-10-18T03:00:00+02:00")


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
def test_hours_bind_from_the_code_of_conduct_on(regime: Regime) -> None:
    assert found(SUNDAY_NIGHT, regime) == (None if regime in (FOUNDING, NEW_REGISTRY) else "HOURS_SUNDAY")


def test_hours_can_be_switched_off() -> None:
    assert found(SUNDAY_NIGHT, CODE_OF_CONDUCT, hours_off=True) is None


OWN = Hours(weekday=(8 * 60 + 30, 13 * 60), saturday=None, before_holiday=(9 * 60, 10 * 60), sunday=(660, 720))


@pytest.mark.parametrize("at, reason", [
    ("2026-10-14T08:29:59+02:00", "HOURS_CLOSED"),
    ("2026-10-14T08:30:00+02:00", None),
    ("2026-10-14T12:59:59+02:00", None),
    ("2026-10-14T13:00:00+02:00", "HOURS_CLOSED"),
    ("2026-10-17T11:00:00+02:00", "HOURS_CLOSED"),
    ("2026-12-07T09:00:00+01:00", None),
    ("2026-10-18T11:00:00+02:00", None),
    ("2026-12-08T11:00:00+01:00", "HOURS_HOLIDAY"),
    # the first Sunday of November is the day of unity, and no day off: its eve is a Saturday like any other
    ("2027-11-06T09:30:00+01:00", "HOURS_CLOSED"),
])
def test_the_controllers_own_windows_take_the_codes_place(at: str, reason: str | None) -> None:
    assert found(time(at), hours=OWN) == reason


def test_the_holidays_are_the_national_ones_in_every_year() -> None:
    day, mistakes = date(2024, 9, 28), []
    while day.year < 2050:
        if hours.is_holiday(day) != is_national_holiday(day):
            mistakes.append(day)
        day += timedelta(days=1)
    assert mistakes == []


def test_easter_is_known_from_another_source() -> None:
    assert [easter(year) for year in (2024, 2025, 2026, 2027)] == [
        date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28)]


@pytest.mark.parametrize("language", ["", "it_IT.UTF-8", "en_US.UTF-8"])
def test_the_language_of_the_machine_changes_no_holiday(language: str) -> None:
    days = ["2026-11-01", "2027-11-01", "2027-11-07", "2028-11-05"]
    answer = subprocess.run(
        [sys.executable, "-c", "import sys; from datetime import date; from agi_gate.rules.hours import is_holiday; "
         "print(*(is_holiday(date.fromisoformat(day)) for day in sys.argv[1:]))", *days],
        env={"LANG": language, "LANGUAGE": language}, cwd=Path(hours.__file__).parents[2],
        capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True", "False", "False"]


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried_threads")
def test_a_holiday_is_one_to_every_thread_that_asks_first() -> None:
    # a daemon's first calls of a year come at once: none may see a calendar that another is still filling
    for year in range(2051, 2081):
        start = threading.Barrier(16)
        answers: list[bool] = []

        def ask(day: date, start: threading.Barrier = start, answers: list[bool] = answers) -> None:
            start.wait()
            answers.append(hours.is_holiday(day))

        threads = [threading.Thread(target=ask, args=(date(year, 12, 25),)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 16, year
