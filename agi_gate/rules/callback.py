"""CALLBACK_REQUESTED: a one-off call that the person asked for, unused and in its window (step 7).

Sources: L. 5/2018 art. 2, the registry's FAQ for operators; for energy Codice del consumo art. 51 c. 8-bis (only a
request made on the seller's own site).  The window is closed: at its end itself the request still counts.  It goes
before an objection (step 9) only where it is the later of the two: GDPR 21(3).  Using it up, once, is the store's part.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agi_gate.call import Call
from agi_gate.facts import OWN_WEB, Callback, Facts
from agi_gate.regime import Regime
from agi_gate.rules import energy
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    if not facts.callbacks:
        return None
    own_web_only = energy.binds(call, facts, regime)
    open_requests = [callback for callback in facts.callbacks if not callback.used
                     and call.at <= ends_at(callback, call.callback_days)
                     and (callback.via == OWN_WEB or not own_web_only)
                     and (facts.objection is None or callback.requested_at > facts.objection.last_at)]
    # the one that ends first goes first, so that a long request is not spent while another runs out
    callback = min(open_requests, key=lambda one: (ends_at(one, call.callback_days), one.requested_at), default=None)
    return None if callback is None else Finding(Reason.CALLBACK_REQUESTED, callback=callback)


def ends_at(callback: Callback, days: int) -> datetime:
    """The last instant at which a request counts: its own, else so many times 24 hours after it was made."""
    if callback.valid_until is not None:
        return callback.valid_until
    return callback.requested_at.astimezone(UTC) + timedelta(days=days)
