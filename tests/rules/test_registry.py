"""REGISTRY_UNKNOWN, REGISTRY_STALE: marketing rests on a fresh check."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_gate.facts import Facts
from agi_gate.regime import REGIMES, ROME, Regime
from agi_gate.rules import registry
from tests.support.builders import ENERGY_RULE, NOW, SECOND, a_call, checks, time


def found(at: str, *history: str) -> str | None:
    facts = Facts(checks(*history)).known_at(time(at))
    finding = registry.check(a_call(at=time(at)), facts, ENERGY_RULE)
    return None if finding is None else finding.reason.name


def test_a_number_never_checked_is_unknown_and_never_clear() -> None:
    assert found(str(NOW)) == "REGISTRY_UNKNOWN"


@pytest.mark.parametrize("flag", [0, 1])
@pytest.mark.parametrize("checked_at, last_good", [
    ("2026-09-29T11:00:00+02:00", "2026-10-14T11:00:00+02:00"),
    ("2026-09-29T09:00:00+00:00", "2026-10-14T11:00:00+02:00"),
    ("2026-10-20T11:00:00+02:00", "2026-11-04T10:00:00+01:00"),   # clocks go back: 15 x 24 h end first
    ("2026-03-17T11:00:00+01:00", "2026-04-01T11:00:00+02:00"),   # clocks go forward: 15 calendar days end first
    ("2026-10-10T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),   # ends in the hour that comes twice: its first pass
    ("2026-03-14T02:30:00+01:00", "2026-03-29T03:30:00+02:00"),   # ends in the hour that is left out
    ("2026-03-14T01:59:59+01:00", "2026-03-29T01:59:59+01:00"),
    ("2026-03-14T03:00:00+01:00", "2026-03-29T03:00:00+02:00"),
    ("2026-10-25T02:30:00+02:00", "2026-11-09T01:30:00+01:00"),   # made in the first pass of that hour
    ("2026-10-25T02:30:00+01:00", "2026-11-09T02:30:00+01:00"),   # and in the second
    ("2027-12-20T11:00:00+01:00", "2028-01-04T11:00:00+01:00"),
    ("2028-02-20T11:00:00+01:00", "2028-03-06T11:00:00+01:00"),
])
def test_a_check_is_good_at_its_expiry_and_stale_a_second_later(checked_at: str, last_good: str, flag: int) -> None:
    check = f"{checked_at}={flag}"
    assert found(last_good, check) is None
    assert found(str(time(last_good) - SECOND), check) is None
    assert found(str(time(last_good) + SECOND), check) == "REGISTRY_STALE"
    assert registry.check_expires_at(time(checked_at)) == time(last_good)


@given(st.datetimes(min_value=time("2011-02-01T00:00:00").replace(tzinfo=None),
                    max_value=time("2035-01-01T00:00:00").replace(tzinfo=None), timezones=st.just(UTC)))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_daylight_saving_never_lengthens_a_check(checked_at) -> None:  # type: ignore[no-untyped-def]
    expiry = registry.check_expires_at(checked_at)
    assert timedelta(days=15) - timedelta(hours=1) <= expiry - checked_at <= timedelta(days=15)
    wall, expiry_wall = checked_at.astimezone(ROME), expiry.astimezone(ROME)
    # the hour that is left out has no wall time: what would end in it ends as much later as the clocks jump
    skipped = expiry_wall.utcoffset() > wall.utcoffset() and expiry - checked_at == timedelta(days=15)
    assert skipped or expiry_wall.replace(tzinfo=None) <= wall.replace(tzinfo=None) + timedelta(days=15)


@pytest.mark.parametrize("history, reason", [
    (("2026-09-20T10:00:00+02:00=0", "2026-10-11T11:00:00+02:00=1"), None),
    (("2026-10-11T11:00:00+02:00=1", "2026-09-20T10:00:00+02:00=0"), None),
    (("2026-09-20T10:00:00+02:00=0", "2026-10-14T11:00:01+02:00=0"), "REGISTRY_STALE"),
    (("2026-10-14T11:00:01+02:00=0",), "REGISTRY_UNKNOWN"),
    (("2026-10-14T11:00:00+02:00=0",), None),
])
def test_the_newest_check_that_was_known_counts(history: tuple[str, ...], reason: str | None) -> None:
    assert found("2026-10-14T11:00:00+02:00", *history) == reason


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
def test_fifteen_days_hold_under_every_regime(regime: Regime) -> None:
    for checked_at, stale in (("2026-09-29T11:00:00+02:00", False), ("2026-09-29T10:59:59+02:00", True)):
        assert (registry.check(a_call(), Facts(checks(f"{checked_at}=0")), regime) is not None) is stale
