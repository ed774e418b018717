"""REST_AFTER_SILENT_CALL: after a silent call the number rests for five days (step 10).

Source: Garante 83/2014.  The rest ends at the later of 5 calendar days (Europe/Rome wall time) and 5 x 24 h, so
that daylight saving never shortens it; at the end itself the number may be called.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import ROME, SILENT_CALL_REST_DAYS, Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    end = max(map(rest_ends_at, facts.silent_calls), default=None)
    return None if end is None or call.at >= end else Finding(Reason.REST_AFTER_SILENT_CALL, expires_at=end)


def rest_ends_at(silent_at: datetime) -> datetime:
    days = timedelta(days=SILENT_CALL_REST_DAYS)
    wall = (silent_at.astimezone(ROME) + days).astimezone(UTC)
    return max(wall, silent_at.astimezone(UTC) + days)
