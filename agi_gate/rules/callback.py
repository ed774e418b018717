"""CALLBACK_REQUESTED: a one-off call that the person asked for, unused and in its window (step 7).

Source: the registry's FAQ for operators.  The window is closed: at `valid_until` itself the request still stands.
It goes before an objection (step 9) only where it is the later of the two: GDPR 21(3).  Using it up, once, is the
store's part.
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.facts import Callback, Facts
from agi_gate.regime import Regime
from agi_gate.verdict import Finding, Reason


def check(call: Call, facts: Facts, regime: Regime) -> Finding | None:
    open_requests = [callback for callback in facts.callbacks if not callback.used
                     and (callback.valid_until is None or call.at <= callback.valid_until)
                     and (facts.objection is None or callback.requested_at > facts.objection.last_at)]
    # the one that ends first goes first, so that a standing request is not spent while another runs out
    callback = min(open_requests, key=_end, default=None)
    return None if callback is None else Finding(Reason.CALLBACK_REQUESTED, callback=callback)


def _end(callback: Callback) -> tuple[bool, float, float]:
    if callback.valid_until is None:
        return True, 0.0, callback.requested_at.timestamp()
    return False, callback.valid_until.timestamp(), callback.requested_at.timestamp()
