"""CAMPAIGN_UNKNOWN: without a campaign there is no controller and no purpose, and no call."""

from __future__ import annotations

import pytest

from agi_gate.rules import campaign
from agi_gate.verdict import Reason
from tests.support.builders import ENERGY_RULE, NOTHING, a_call


@pytest.mark.parametrize("asked, known", [("fibra", True), ("nobody", False), ("", False), ("Fibra", False)])
def test_only_a_declared_campaign_may_call(asked: str, known: bool) -> None:
    finding = campaign.check(a_call(campaign_asked=asked), NOTHING, ENERGY_RULE)
    assert finding is None if known else finding is not None and finding.reason is Reason.CAMPAIGN_UNKNOWN
