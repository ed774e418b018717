"""EMERGENCY: emergency and social-value numbers, whatever else is wrong with the call."""

from __future__ import annotations

import pytest

from agi_gate.call import Presentation
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import emergency
from agi_gate.verdict import Reason
from tests.support.builders import ENERGY_RULE, LANDLINE, MOBILE, NOTHING, a_call

NUMBERS = "112 113 114 115 117 118 1522 1530 116000 116117".split()


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
@pytest.mark.parametrize("dialled", [*NUMBERS, "116 117", "112,,1", "112p1"])
def test_every_emergency_number_is_let_through(dialled: str, regime: Regime) -> None:
    finding = emergency.check(
        a_call(dialled, campaign_asked="nobody", caller_id="", presentation=Presentation.RESTRICTED, trunk="nowhere"),
        NOTHING, regime)
    assert finding is not None and finding.reason is Reason.EMERGENCY


@pytest.mark.parametrize("dialled", ["111", "116", "119", "1121", "1523", "116001", "116118", "0112", "02112",
                                     MOBILE, LANDLINE, "021", "112112", "3112"])
def test_no_other_number_is_an_emergency(dialled: str) -> None:
    assert emergency.check(a_call(dialled), NOTHING, ENERGY_RULE) is None
