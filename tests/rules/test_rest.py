"""REST_AFTER_SILENT_CALL: five days without calls after a silent one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agi_gate.facts import Facts
from agi_gate.rules import rest
from agi_gate.verdict import Reason
from tests.support.builders import ENERGY_RULE, NOTHING, NOW, SECOND, a_call, time


def rests(at: str, *silent_at: str) -> bool:
    facts = Facts(silent_calls=tuple(map(time, silent_at))).known_at(time(at))
    finding = rest.check(a_call(at=time(at)), facts, ENERGY_RULE)
    assert finding is None or finding.reason is Reason.REST_AFTER_SILENT_CALL
    return finding is not None


def test_without_a_silent_call_there_is_no_rest() -> None:
    assert rest.check(a_call(), NOTHING, ENERGY_RULE) is None


@pytest.mark.parametrize("silent_at, end", [
    ("2026-10-09T11:00:00+02:00", "2026-10-14T11:00:00+02:00"),
    ("2026-10-23T11:00:00+02:00", "2026-10-28T11:00:00+01:00"),   # clocks go back: 5 calendar days end last
    ("2026-03-27T11:00:00+01:00", "2026-04-01T12:00:00+02:00"),   # clocks go forward: 5 x 24 h end last
    ("2026-12-29T11:00:00+01:00", "2027-01-03T11:00:00+01:00"),
])
def test_the_rest_lasts_five_days_and_daylight_saving_never_shortens_it(silent_at: str, end: str) -> None:
    assert rests(silent_at, silent_at)
    assert rests(str(time(end) - SECOND), silent_at)
    assert not rests(str(time(end)), silent_at)
    assert not rests(str(time(end) + SECOND), silent_at)


def test_the_latest_silent_call_counts_in_any_order() -> None:
    old, new = str(NOW - timedelta(days=20)), str(NOW - timedelta(days=3))
    assert rests(str(NOW), old, new) and rests(str(NOW), new, old)
    assert not rests(str(NOW), old, old)


def test_a_silent_call_after_the_call_is_not_known() -> None:
    assert not rests(str(NOW), str(NOW + SECOND))


def test_the_finding_says_until_when() -> None:
    finding = rest.check(a_call(), Facts(silent_calls=(NOW - timedelta(days=1),)), ENERGY_RULE)
    assert finding is not None and finding.expires_at == NOW + timedelta(days=4)
