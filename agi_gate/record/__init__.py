"""The decision record: one JSON line, enough to decide the call again from the line alone.

Core.  `draft` and `write` make it, `parse` and `read` take it apart; they are each other's inverse in all that a decision rests on:
the request, the policy entries it resolved to, the facts as used, the time.  The layout is versioned by `v`.
"""

from agi_gate.record.line import Draft, Line, draft, write
from agi_gate.record.reading import MASKED, call_of, facts_of, parse, policy_of, read
from agi_gate.record.values import instant

__all__ = ("MASKED", "Draft", "Line", "call_of", "draft", "facts_of", "instant", "parse", "policy_of", "read", "write")
