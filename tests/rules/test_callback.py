"""CALLBACK_REQUESTED: a one-off request, unused and in its window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agi_gate.facts import Callback, Facts, Objection
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import callback
from agi_gate.verdict import Reason
from tests.support.builders import ENERGY_RULE, NOTHING, NOW, SECOND, a_call, time

ASKED = time("2026-10-14T09:00:00+02:00")


def test_no_request_says_nothing() -> None:
    assert callback.check(a_call(), NOTHING, ENERGY_RULE) is None


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
def test_a_request_allows_under_every_regime(regime: Regime) -> None:
    finding = callback.check(a_call(), Facts(callbacks=(Callback(ASKED),)), regime)
    assert finding is not None and finding.reason is Reason.CALLBACK_REQUESTED
    assert finding.callback == Callback(ASKED)


@pytest.mark.parametrize("valid_until, allowed", [
    (NOW + SECOND, True),
    (NOW, True),
    (NOW - SECOND, False),
    (ASKED, False),
])
def test_the_window_is_closed_at_its_end(valid_until: datetime | None, allowed: bool) -> None:
    finding = callback.check(a_call(), Facts(callbacks=(Callback(ASKED, valid_until),)), ENERGY_RULE)
    assert (finding is not None) is allowed


@pytest.mark.parametrize("days", (1, 7, 30, 366))
@pytest.mark.parametrize("after, allowed", [(0 * SECOND, True), (SECOND, False), (-SECOND, True)], ids=str)
def test_a_request_without_an_end_counts_for_a_bounded_time(days: int, after: timedelta, allowed: bool) -> None:
    asked = Callback(NOW - timedelta(days=days) - after)
    call = a_call(policy={"callback_days": days})
    assert (callback.check(call, Facts(callbacks=(asked,)), ENERGY_RULE) is not None) is allowed


def test_without_a_word_of_the_controller_it_is_30_days() -> None:
    for seconds, allowed in ((0, True), (1, False)):
        asked = Callback(NOW - timedelta(days=30, seconds=seconds))
        assert (callback.check(a_call(), Facts(callbacks=(asked,)), ENERGY_RULE) is not None) is allowed


@pytest.mark.parametrize("days", (1, 30))
def test_an_end_that_the_request_names_is_its_end(days: int) -> None:
    asked = NOW - timedelta(days=50)
    call = a_call(policy={"callback_days": days})
    for until, allowed in ((NOW, True), (NOW - SECOND, False)):
        assert (callback.check(call, Facts(callbacks=(Callback(asked, until),)), ENERGY_RULE) is not None) is allowed


def test_the_days_are_24_hours_each_when_the_clocks_change() -> None:
    """Made in summer time, asked for in winter time: the same wall time would be an hour later."""
    rome = ZoneInfo("Europe/Rome")
    asked = datetime(2026, 10, 20, 11, tzinfo=rome)
    end = datetime(2026, 11, 19, 10, tzinfo=rome)
    for after, allowed in ((0 * SECOND, True), (SECOND, False)):
        call = a_call(at=end.astimezone(UTC) + after)
        assert (callback.check(call, Facts(callbacks=(Callback(asked),)), ENERGY_RULE) is not None) is allowed


def test_a_used_request_allows_nothing() -> None:
    assert callback.check(a_call(), Facts(callbacks=(Callback(ASKED, used=True),)), ENERGY_RULE) is None


def test_a_used_request_does_not_spend_another() -> None:
    used, other = Callback(ASKED, used=True), Callback(ASKED + SECOND)
    finding = callback.check(a_call(), Facts(callbacks=(used, other)), ENERGY_RULE)
    assert finding is not None and finding.callback == other


def test_of_several_requests_the_one_that_ends_first_is_used() -> None:
    standing, later, sooner = (
        Callback(ASKED), Callback(ASKED, NOW + timedelta(hours=2)), Callback(ASKED, NOW + timedelta(hours=1)))
    over = Callback(ASKED, NOW - SECOND)
    finding = callback.check(a_call(), Facts(callbacks=(standing, over, later, sooner)), ENERGY_RULE)
    assert finding is not None and finding.callback == sooner
    oldest = Callback(NOW - timedelta(days=30) + SECOND)
    finding = callback.check(a_call(), Facts(callbacks=(standing, sooner, oldest)), ENERGY_RULE)
    assert finding is not None and finding.callback == oldest


def test_a_request_dated_after_the_call_is_not_known() -> None:
    for requested_at, known in ((NOW, True), (NOW + SECOND, False)):
        facts = Facts(callbacks=(Callback(requested_at),)).known_at(NOW)
        assert (callback.check(a_call(), facts, ENERGY_RULE) is not None) is known


@pytest.mark.parametrize("objection, allowed", [
    (Objection(ASKED - SECOND, "call"), True),
    (Objection(ASKED, "call"), False),
    (Objection(ASKED + SECOND, "call"), False),
    (Objection(ASKED - SECOND, "call", repeated_at=ASKED + SECOND), False),
])
def test_a_no_that_is_later_than_the_request_takes_it_back(objection: Objection, allowed: bool) -> None:
    facts = Facts(callbacks=(Callback(ASKED),), objection=objection)
    assert (callback.check(a_call(), facts, ENERGY_RULE) is not None) is allowed


def test_of_many_a_no_to_come_hides_none_that_was_said() -> None:
    """A list of today's may be dated a little ahead; what was said before it is known all the same."""
    objection = Objection(ASKED - SECOND, "call", NOW + 2 * SECOND, (ASKED - SECOND / 2, ASKED + SECOND, NOW + SECOND))
    facts = Facts(callbacks=(Callback(ASKED),), objection=objection).known_at(NOW)
    assert facts.objection == Objection(ASKED - SECOND, "call", ASKED + SECOND)
    assert callback.check(a_call(), facts, ENERGY_RULE) is None


def test_a_no_to_come_takes_nothing_back() -> None:
    objection = Objection(ASKED - SECOND, "call", repeated_at=NOW + SECOND)
    facts = Facts(callbacks=(Callback(ASKED),), objection=objection).known_at(NOW)
    assert callback.check(a_call(), facts, ENERGY_RULE) is not None
