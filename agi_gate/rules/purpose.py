"""SERVICE, STATISTICS: purposes that the registry does not cover (step 6).

Sources: L. 5/2018 art. 2 and the registry's FAQ for operators (performance of a contract); DPR 26/2022 arts. 1 and 2
c. 3 (statistics, on the basis that the campaign has to declare: `statistics_basis`).
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.policy import Purpose
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason

_NOT_COVERED = {Purpose.SERVICE: Reason.SERVICE, Purpose.STATISTICS: Reason.STATISTICS}


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    reason = _NOT_COVERED.get(call.known_campaign.purpose)
    return None if reason is None else Finding(reason)
