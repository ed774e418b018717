"""REGISTRY_UNKNOWN, REGISTRY_STALE: marketing rests on a fresh check of the registry (step 12).

Source: DPR 26/2022 art. 8 c. 2-3.  There is no dump of the registry: a number never checked is unknown, never clear.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from agi_gate.call import Call
from agi_gate.facts import Facts
from agi_gate.regime import CHECK_GOOD_DAYS, ROME, Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    last = facts.last_check
    if last is None:
        return Finding(Reason.REGISTRY_UNKNOWN)
    if call.at > check_expires_at(last.at):
        return Finding(Reason.REGISTRY_STALE, check=last)
    return None


@lru_cache(4096)  # the numbers of one upload have one
def check_expires_at(checked_at: datetime) -> datetime:
    """The last instant at which a check is good: the earlier of 15 calendar days and 15 x 24 h.

    Calendar days run on Europe/Rome wall time; the earlier of both, so that daylight saving never lengthens it.
    """
    days = timedelta(days=CHECK_GOOD_DAYS)
    wall = (checked_at.astimezone(ROME) + days).astimezone(UTC)
    return min(wall, checked_at.astimezone(UTC) + days)
