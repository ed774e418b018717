"""CALLER_ID_*: a valid, declared, own number is presented in clear, on a trunk that may carry it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agi_gate.call import Presentation
from agi_gate.policy import Purpose
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import caller_id
from agi_gate.verdict import Reason
from tests.support.builders import (AI_ACT, COMMERCIAL, ENERGY_RULE, FIXED_TRUNKS, FOUNDING, FOUR_DIGITS, FREEPHONE,
                                    MOBILE_TRUNKS, NEW_REGISTRY, NOT_DECLARED, NOTHING, NOW, OF_ANOTHER,
                                    OF_THE_CALL_CENTRE, OF_THE_CALL_CENTRE_FREEPHONE, OWN, OWN_MOBILE, STATISTICAL,
                                    THREE_DIGITS, a_call, time)

ALLOWED, RESTRICTED, UNAVAILABLE = Presentation.ALLOWED, Presentation.RESTRICTED, Presentation.UNAVAILABLE


def found(regime: Regime = ENERGY_RULE, **changes: Any) -> str | None:
    finding = caller_id.check(a_call(**changes), NOTHING, regime)
    return None if finding is None else finding.reason.name


@pytest.mark.parametrize("presented", [OWN, "0212340000", "00390212340000", OWN_MOBILE, COMMERCIAL,
                                       OF_THE_CALL_CENTRE])
def test_an_own_declared_number_may_be_presented(presented: str) -> None:
    assert found(caller_id=presented) is None


# --- CALLER_ID_WITHHELD

@pytest.mark.parametrize("dialled, withheld", [
    ("#31#3331234500", True),
    ("*67 0212345600", True),
    ("*31#0212345600", True),
    ("#31#0212345600,,12", True),
    ("0212345600", False),
    ("0212345600,,*67", False),      # a tone sent after the answer hides nothing
    ("0316731670", False),
])
def test_a_code_that_hides_the_caller_id_is_caller_id_withheld(dialled: str, withheld: bool) -> None:
    finding = caller_id.check_code(a_call(dialled), NOTHING, ENERGY_RULE)
    assert (finding is not None and finding.reason is Reason.CALLER_ID_WITHHELD) is withheld


@pytest.mark.parametrize("presented", [OWN, "", "unknown", "201", "+41223456789"])
def test_a_restricted_presentation_is_withheld_whatever_the_number(presented: str) -> None:
    assert found(caller_id=presented, presentation=RESTRICTED) == "CALLER_ID_WITHHELD"


@pytest.mark.parametrize("presented", ["anonymous", "Anonymous", "restricted", "private"])
def test_a_word_for_a_hidden_number_is_withheld(presented: str) -> None:
    assert found(caller_id=presented) == "CALLER_ID_WITHHELD"


# --- CALLER_ID_MISSING

@pytest.mark.parametrize("presented", [OWN, "", "unknown", "201", "+41223456789"])
def test_an_unavailable_presentation_is_missing_whatever_the_number(presented: str) -> None:
    assert found(caller_id=presented, presentation=UNAVAILABLE) == "CALLER_ID_MISSING"


@pytest.mark.parametrize("presented", ["", " ", "unknown", "Unknown", "<unknown>"])
def test_no_number_is_missing(presented: str) -> None:
    assert found(caller_id=presented) == "CALLER_ID_MISSING"


# --- CALLER_ID_FOREIGN

@pytest.mark.parametrize("presented", ["+41223456789", "0041223456789", "+442071234567", "+378886123", "+390549886123",
                                       "+390669812345", "+41", "+999123456789"])
def test_another_countrys_number_is_foreign(presented: str) -> None:
    assert found(caller_id=presented) == "CALLER_ID_FOREIGN"


def test_foreign_beats_the_trunk() -> None:
    assert found(caller_id="+41223456789", trunk="fr") == "CALLER_ID_FOREIGN"


# --- CALLER_ID_MALFORMED

@pytest.mark.parametrize("presented, reason", [
    ("+3902123", "CALLER_ID_MALFORMED"),           # 0 and 4 more digits
    ("+39021234", "CALLER_ID_NOT_ASSIGNED"),       # 5
    ("+3902123456789", "CALLER_ID_NOT_ASSIGNED"),  # 10
    ("+39021234567890", "CALLER_ID_MALFORMED"),    # 11
    ("+3933123456", "CALLER_ID_MALFORMED"),        # 3 and 7 more digits
    ("+39331234567", "CALLER_ID_NOT_ASSIGNED"),    # 8
    ("+393312345678", "CALLER_ID_NOT_ASSIGNED"),   # 9
    ("+3933123456789", "CALLER_ID_MALFORMED"),     # 10
    ("+396612345678", "CALLER_ID_MALFORMED"),      # without its leading 0
    ("201", "CALLER_ID_MALFORMED"),
    ("Vendite", "CALLER_ID_MALFORMED"),
    ("+390212340000;ext=1", "CALLER_ID_MALFORMED"),
    ("+39899123456", "CALLER_ID_MALFORMED"),
    ("+395512345678", "CALLER_ID_MALFORMED"),      # voice over IP without a place
    ("+39848123456", "CALLER_ID_MALFORMED"),
    ("112", "CALLER_ID_MALFORMED"),
    ("390212340000", "CALLER_ID_MALFORMED"),       # for a trunk that takes +39...
    ("+39 02 12340000", "CALLER_ID_MALFORMED"),    # an own number, but not what would be sent
    ("(02) 1234-0000", "CALLER_ID_MALFORMED"),
    ("0039.02/12340000", "CALLER_ID_MALFORMED"),
    (" +390212340000", "CALLER_ID_MALFORMED"),
    ("++390212340000", "CALLER_ID_MALFORMED"),
    ("+41 22 345 67 89", "CALLER_ID_MALFORMED"),
    ("+390844123456", "CALLER_ID_NOT_ASSIGNED"),
    ("+3908431234", "CALLER_ID_NOT_ASSIGNED"),
])
def test_only_a_whole_geographic_or_mobile_number_0843_or_0844_is_well_formed(presented: str, reason: str) -> None:
    assert found(caller_id=presented) == reason


LAST_DAY_WITHOUT, FIRST_DAY_WITH = time("2026-04-13T23:59:59+02:00"), time("2026-04-14T00:00:00+02:00")


@pytest.mark.parametrize("presented", [FREEPHONE, THREE_DIGITS])
@pytest.mark.parametrize("at, reason", [(LAST_DAY_WITHOUT, "CALLER_ID_MALFORMED"), (FIRST_DAY_WITH, None), (NOW, None)])
def test_short_and_freephone_numbers_may_present_from_2026_04_14(
        presented: str, at: datetime, reason: str | None) -> None:
    assert found(caller_id=presented, at=at) == reason


@pytest.mark.parametrize("presented, reason", [
    ("+39800999999", "CALLER_ID_MALFORMED"),
    ("119", "CALLER_ID_MALFORMED"),
    (FOUR_DIGITS, "CALLER_ID_MALFORMED"),   # declared, and too long for what the law lets present
    (OF_THE_CALL_CENTRE_FREEPHONE, "CALLER_ID_NOT_ASSIGNED"),
])
def test_short_and_freephone_numbers_may_present_only_where_assigned_to_the_controller(
        presented: str, reason: str) -> None:
    assert found(caller_id=presented) == reason


# --- CALLER_ID_NOT_ASSIGNED

@pytest.mark.parametrize("presented", [NOT_DECLARED, OF_ANOTHER, "+390212349999"])
def test_a_number_not_declared_or_held_by_another_is_not_assigned(presented: str) -> None:
    assert found(caller_id=presented) == "CALLER_ID_NOT_ASSIGNED"


def test_a_declared_number_out_of_the_campaigns_list_is_not_assigned() -> None:
    assert found(caller_id=OWN, caller_ids=(OWN_MOBILE,)) == "CALLER_ID_NOT_ASSIGNED"


def test_a_number_that_failed_the_networks_screening_is_refused() -> None:
    assert found(presentation=Presentation.FAILED_SCREENING) == "CALLER_ID_NOT_ASSIGNED"


@pytest.mark.parametrize("changes", [{"trunk": "fr"}, {"purpose": Purpose.STATISTICS}])
def test_not_assigned_beats_purpose_and_trunk(changes: dict[str, Any]) -> None:
    assert found(caller_id="+390844123456", **changes) == "CALLER_ID_NOT_ASSIGNED"


# --- CALLER_ID_PURPOSE

@pytest.mark.parametrize("presented, purpose, reason", [
    (STATISTICAL, Purpose.STATISTICS, None),
    (STATISTICAL, Purpose.MARKETING, "CALLER_ID_PURPOSE"),
    (STATISTICAL, Purpose.MARKET_RESEARCH, "CALLER_ID_PURPOSE"),
    (STATISTICAL, Purpose.SERVICE, "CALLER_ID_PURPOSE"),
    (COMMERCIAL, Purpose.MARKETING, None),
    (COMMERCIAL, Purpose.MARKET_RESEARCH, None),
    (COMMERCIAL, Purpose.STATISTICS, "CALLER_ID_PURPOSE"),
    (COMMERCIAL, Purpose.SERVICE, "CALLER_ID_PURPOSE"),
    (OWN, Purpose.STATISTICS, None),
    (OWN, Purpose.SERVICE, None),
])
def test_0843_is_for_statistics_and_0844_for_commercial_calls(
        presented: str, purpose: Purpose, reason: str | None) -> None:
    assert found(caller_id=presented, purpose=purpose) == reason


def test_purpose_beats_the_trunk() -> None:
    assert found(caller_id=STATISTICAL, trunk="fr") == "CALLER_ID_PURPOSE"


# --- CALLER_ID_TRUNK_FOREIGN

BINDS = {
    OWN: (FIXED_TRUNKS, MOBILE_TRUNKS, ENERGY_RULE, AI_ACT),
    COMMERCIAL: (FIXED_TRUNKS, MOBILE_TRUNKS, ENERGY_RULE, AI_ACT),
    OWN_MOBILE: (MOBILE_TRUNKS, ENERGY_RULE, AI_ACT),
}


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
@pytest.mark.parametrize("presented", BINDS)
def test_an_italian_number_must_not_enter_from_abroad(presented: str, regime: Regime) -> None:
    expected = "CALLER_ID_TRUNK_FOREIGN" if regime in BINDS[presented] else None
    assert found(regime, caller_id=presented, trunk="fr") == expected
    assert found(regime, caller_id=presented, trunk="it") is None


def test_a_freephone_number_must_not_enter_from_abroad() -> None:
    assert found(caller_id=FREEPHONE, trunk="fr") == "CALLER_ID_TRUNK_FOREIGN"


@pytest.mark.parametrize("regime", [FIXED_TRUNKS, MOBILE_TRUNKS, ENERGY_RULE], ids=lambda regime: regime.id)
def test_a_trunk_that_nobody_declared_is_never_taken_for_italian(regime: Regime) -> None:
    assert found(regime, trunk="nowhere") == "CALLER_ID_TRUNK_FOREIGN"


# --- CALLER_ID_NOT_CONTROLLER

ENERGY: dict[str, Any] = {"sector": "energy", "category": "energy"}


@pytest.mark.parametrize("regime, reason", [(MOBILE_TRUNKS, None), (ENERGY_RULE, "CALLER_ID_NOT_CONTROLLER"),
                                            (AI_ACT, "CALLER_ID_NOT_CONTROLLER")])
def test_energy_presents_a_number_that_the_controller_itself_holds(regime: Regime, reason: str | None) -> None:
    assert found(regime, caller_id=OF_THE_CALL_CENTRE, **ENERGY) == reason
    assert found(regime, caller_id=OWN, **ENERGY) is None


@pytest.mark.parametrize("energy, reason", [
    ({"sector": "energy"}, "CALLER_ID_NOT_CONTROLLER"),
    ({"category": "energy"}, "CALLER_ID_NOT_CONTROLLER"),
    ({}, None),
])
def test_energy_is_who_sells_or_what_is_sold(energy: dict[str, Any], reason: str | None) -> None:
    assert found(caller_id=OF_THE_CALL_CENTRE, **energy) == reason


def test_the_trunk_beats_the_energy_rule() -> None:
    assert found(caller_id=OF_THE_CALL_CENTRE, trunk="fr", **ENERGY) == "CALLER_ID_TRUNK_FOREIGN"


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("regime", [FOUNDING, NEW_REGISTRY, ENERGY_RULE], ids=lambda regime: regime.id)
def test_every_purpose_on_every_day_shows_its_caller_id(purpose: Purpose, regime: Regime) -> None:
    assert found(regime, presentation=RESTRICTED, purpose=purpose) == "CALLER_ID_WITHHELD"
