"""DESTINATION_INVALID, DESTINATION_PREMIUM, DESTINATION_CLASS, DESTINATION_FOREIGN: what may be dialled at all."""

from __future__ import annotations

from typing import Any

import pytest

from agi_gate.policy import Purpose
from agi_gate.rules import destination
from agi_gate.verdict import Reason
from tests.support.builders import ENERGY_RULE, LANDLINE, MOBILE, NOTHING, a_call

NOT_SERVICE = [purpose for purpose in Purpose if purpose is not Purpose.SERVICE]


def found(dialled: str, **campaign: Any) -> Reason | None:
    finding = destination.check_class(a_call(dialled, **campaign), NOTHING, ENERGY_RULE)
    return None if finding is None else finding.reason


@pytest.mark.parametrize("dialled, invalid", [
    (MOBILE, False), (LANDLINE, False), ("112", False), ("899123456", False), ("+41223456789", False),
    ("021", True), ("", True), ("abc", True), ("+", True), ("+39", True), ("39333123456", True),
    ("+396612345678", True), ("0" * 65, True),
])
def test_what_is_no_number_is_destination_invalid(dialled: str, invalid: bool) -> None:
    finding = destination.check(a_call(dialled), NOTHING, ENERGY_RULE)
    assert (finding is not None and finding.reason is Reason.DESTINATION_INVALID) is invalid


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("dialled", [MOBILE, LANDLINE, "021234", "5512345678"])
def test_a_persons_number_may_be_dialled_for_every_purpose(dialled: str, purpose: Purpose) -> None:
    assert found(dialled, purpose=purpose) is None


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("dialled", ["144123456", "166123456", "1781234567", "892424", "894123", "895123456",
                                     "899123456", "0878123456", "48123", "4312345678", "+39 899 123456"])
def test_a_premium_number_is_destination_premium_for_every_purpose(dialled: str, purpose: Purpose) -> None:
    assert found(dialled, purpose=purpose) is Reason.DESTINATION_PREMIUM


def test_another_countrys_premium_number_is_destination_premium_even_where_the_country_is_listed() -> None:
    assert found("+41900123456", purpose=Purpose.SERVICE, countries=frozenset({"CH"})) is Reason.DESTINATION_PREMIUM


@pytest.mark.parametrize("dialled", ["800123456", "803123456", "848123456", "199123456", "190", "119", "1254", "116111",
                                     "0844123456", "084312345"])
def test_a_service_code_is_destination_class_but_for_service_calls(dialled: str) -> None:
    assert [found(dialled, purpose=purpose) for purpose in NOT_SERVICE] == [Reason.DESTINATION_CLASS] * 3
    assert found(dialled, purpose=Purpose.SERVICE) is None


@pytest.mark.parametrize("dialled, country", [
    ("+41223456789", "CH"), ("0041223456789", "CH"), ("+33123456789", "FR"), ("+378886123", "SM"),
    ("0549886123", "SM"), ("+390549886123", "SM"), ("0669812345", "VA"), ("+37969885300", "VA")])
def test_another_countrys_number_is_destination_foreign_unless_listed(dialled: str, country: str) -> None:
    other = {"CH", "FR", "SM", "VA"} - {country}
    for purpose in Purpose:
        assert found(dialled, purpose=purpose) is Reason.DESTINATION_FOREIGN
        assert found(dialled, purpose=purpose, countries=frozenset(other)) is Reason.DESTINATION_FOREIGN
        assert found(dialled, purpose=purpose, countries=frozenset({country})) is None


@pytest.mark.parametrize("beside", ["0547123456", "0669712345", "0669912345"])
def test_the_neighbours_of_san_marino_and_the_vatican_are_italian(beside: str) -> None:
    assert found(beside) is None


def test_a_campaign_that_lists_a_country_still_calls_italy() -> None:
    assert found(MOBILE, countries=frozenset({"CH"})) is None
