"""CLOCK_BEHIND: no sale is decided under a clock that is earlier than what is on record (before step 7).

The law is the one of the call's own day, and a check, a rest or a request runs out by the clock: one that was put back
would bring them all to life again.  A load or a decision that is on record was made before the call, so the call is later.
"""

from __future__ import annotations

from datetime import timedelta

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason

# clocks of machines differ by seconds, and are put right by as much
TOLERANCE = timedelta(seconds=60)


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    is_behind = call.not_before is not None and call.at + TOLERANCE < call.not_before
    return Finding(Reason.CLOCK_BEHIND) if is_behind else None
