"""SERVICE, STATISTICS: purposes that the registry does not cover."""

from __future__ import annotations

import pytest

from agi_gate.facts import Facts
from agi_gate.policy import Agent, Purpose
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import purpose
from tests.support.builders import ENROLLED, NOW, OBJECTION, a_call


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
@pytest.mark.parametrize("agent", Agent)
@pytest.mark.parametrize("asked, reason", [
    (Purpose.SERVICE, "SERVICE"), (Purpose.STATISTICS, "STATISTICS"), (Purpose.MARKETING, None),
    (Purpose.MARKET_RESEARCH, None)])
def test_service_and_statistics_need_nothing_more(
        asked: Purpose, reason: str | None, agent: Agent, regime: Regime) -> None:
    facts = Facts(ENROLLED, objection=OBJECTION, silent_calls=(NOW,))
    finding = purpose.check(a_call(purpose=asked, agent=agent), facts, regime)
    assert (None if finding is None else finding.reason.name) == reason
