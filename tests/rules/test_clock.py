"""No sale is decided under a clock that is earlier than what is on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agi_gate.decide import decide
from agi_gate.facts import Facts
from agi_gate.policy import Purpose
from agi_gate.rules.clock import TOLERANCE
from tests.support.builders import CLEAR, LISTED, NOW, SECOND, a_call

KNOWN = Facts(checks=CLEAR, contact=LISTED)


@pytest.mark.parametrize(("behind", "denied"), (
    (timedelta(0), False), (TOLERANCE, False), (TOLERANCE + SECOND, True), (timedelta(days=3_650), True),
    (-timedelta(days=3_650), False)))
def test_a_sale_is_denied_under_a_clock_that_is_over_a_minute_behind(behind: timedelta, denied: bool) -> None:
    verdict = decide(replace(a_call(), not_before=NOW + behind), KNOWN)
    assert (verdict.reason.name == "CLOCK_BEHIND") is denied and verdict.allows is not denied


def test_what_is_not_on_record_denies_nothing() -> None:
    assert decide(replace(a_call(), not_before=None), KNOWN).allows


@pytest.mark.parametrize(("more", "reason"), (
    ({"destination": "112"}, "EMERGENCY"), ({"purpose": Purpose.SERVICE}, "SERVICE"),
    ({"destination": "garbage"}, "DESTINATION_INVALID"), ({"caller_id": ""}, "CALLER_ID_MISSING")))
def test_what_rests_on_no_fact_is_decided_as_ever(more: dict[str, Any], reason: str) -> None:
    late = replace(a_call(**more), not_before=datetime.max.replace(tzinfo=NOW.tzinfo))
    assert decide(late, KNOWN).reason.name == reason


def test_a_store_that_does_not_answer_is_the_reason_before_the_clock() -> None:
    assert decide(replace(a_call(), not_before=NOW + timedelta(days=1)), None).reason.name == "STORE_UNAVAILABLE"


def test_a_clock_of_years_ago_does_not_bring_the_law_of_its_day_back() -> None:
    long_ago = replace(a_call(), at=datetime(2015, 3, 3, 12, tzinfo=NOW.tzinfo), not_before=NOW)
    assert decide(long_ago, KNOWN).reason.name == "CLOCK_BEHIND"
