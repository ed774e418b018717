"""OBJECTION_RECORDED: a no, once said, holds."""

from __future__ import annotations

import pytest

from agi_gate.facts import Facts, Objection
from agi_gate.regime import REGIMES, Regime
from agi_gate.rules import objection
from agi_gate.verdict import Reason
from tests.support.builders import CLEAR, LISTED, NOTHING, NOW, OBJECTION, SECOND, a_call, a_consent, time


@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.id)
def test_an_objection_denies_under_every_regime(regime: Regime) -> None:
    finding = objection.check(a_call(), Facts(objection=OBJECTION), regime)
    assert finding is not None and finding.reason is Reason.OBJECTION_RECORDED
    assert objection.check(a_call(), NOTHING, regime) is None


def test_no_later_consent_and_no_age_undoes_it() -> None:
    facts = Facts(CLEAR, (a_consent(contract=True),), LISTED, Objection(time("2012-01-01T10:00:00+01:00"), "letter"))
    assert objection.check(a_call(), facts, REGIMES[-1]) is not None


@pytest.mark.parametrize("after, known", [(-1, True), (0, True), (1, False)])
def test_it_counts_from_its_own_instant_on(after: int, known: bool) -> None:
    facts = Facts(objection=Objection(NOW + after * SECOND, "call")).known_at(NOW)
    assert (objection.check(a_call(), facts, REGIMES[-1]) is not None) is known
