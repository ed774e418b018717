"""The calling hours of one call: which window held on its day and why, and when the next one opens."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta

from agi_gate.call import Call
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import HOURS
from agi_gate.facts import Facts
from agi_gate.policy import CODE_OF_CONDUCT_HOURS, Hours
from agi_gate.regime import ROME, local_day, regime_at
from agi_gate.rules import hours
from agi_gate.verdict import Reason

# a week of holidays in a row is more than any year has
_DAYS_AHEAD = 15
_KINDS = tuple(field.name for field in fields(Hours))
_SUNDAY, _MONDAY = 6, 0
_ALL_DAY = (0, 24 * 60)


def closed(reason: Reason, call: Call, language: Language) -> str | None:
    """The clause of a reason of the hours, with the holiday and the window; None where the general one says it all."""
    if reason is Reason.HOURS_SUNDAY or reason not in HOURS:
        return None
    day = local_day(call.at)
    if reason is Reason.HOURS_HOLIDAY:
        name = _holiday(day, language)
        return name and language.text("hours.holiday", holiday=name)
    kind = hours.kind_of(day)
    window = hours.window_on(day, call.hours or CODE_OF_CONDUCT_HOURS)
    return language.text("hours.closed" if call.hours is None else "hours.closed_own", on=_kind(kind, day, language),
                         window=language.text("hours.none") if window is None else _span(window))


def windows(call: Call, language: Language) -> str:
    """All windows that the call's hours have, by kind of day."""
    kept = call.hours or CODE_OF_CONDUCT_HOURS
    spans = [f"{language.text(f'hours.on.{kind}', holiday='')} {_span(window)}" for kind in _KINDS
             if (window := getattr(kept, kind)) is not None]
    return ", ".join(spans) or language.text("hours.never")


def next_open(call: Call) -> datetime | None:
    """The first instant after a call that is within the calling hours; None where none is found in two weeks."""
    kept = call.hours or CODE_OF_CONDUCT_HOURS
    starts = sorted({window[0] for kind in _KINDS if (window := getattr(kept, kind)) is not None})
    day = call.at.astimezone(ROME).replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(_DAYS_AHEAD):
        for minutes in starts:
            at = (day + timedelta(days=ahead)).replace(hour=minutes // 60, minute=minutes % 60)
            regime = regime_at(at)
            if at > call.at and regime is not None and hours.check(replace(call, at=at), Facts(), regime) is None:
                return at
    return None


def shut(call: Call) -> Call | None:
    """A call whose hours are closed all day; None where no hour is closed to it."""
    regime = regime_at(call.at)
    if call.hours_off or regime is None or (call.hours is None and not regime.code_of_conduct_hours):
        return None
    kept = call.hours or CODE_OF_CONDUCT_HOURS
    if all(getattr(kept, kind) == _ALL_DAY for kind in _KINDS):
        return None
    return replace(call, hours=Hours(None, None, None))


def _span(window: tuple[int, int]) -> str:
    """
    >>> _span((540, 1200))
    '9:00-20:00'
    """
    return "-".join(f"{minutes // 60}:{minutes % 60:02}" for minutes in window)


def _kind(kind: str, day: date, language: Language) -> str:
    name = _holiday(day + timedelta(days=kind == "before_holiday"), language)
    return language.text(f"hours.on.{kind}", holiday=f" ({name})" if name else "")


def _holiday(day: date, language: Language) -> str | None:
    """What a holiday is called: by its date, or one of the two that move; None where it has no name here."""
    if not hours.is_holiday(day):
        return None
    fixed = f"{day:%m-%d}"
    key = fixed if f"holiday.{fixed}" in language.texts else {_SUNDAY: "easter", _MONDAY: "easter_monday"}.get(day.weekday())
    return key and language.text(f"holiday.{key}")
