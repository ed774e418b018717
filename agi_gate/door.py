"""One conversation, behind both doors: the request read, the gate asked, the verdict told.

Joint.  The variables are set in the order of `actions`, ALLOW last of all; then, on DENY, the channel is hung up.
"""

from __future__ import annotations

from agi_gate import actions
from agi_gate.agi import Conversation
from agi_gate.call import Presentation, Request
from agi_gate.gate import Decision, Gate


def converse(conversation: Conversation, gate: Gate, on_deny: str) -> Decision:
    """Answer one call.  Raises what the conversation raises; by then the decision is on record."""
    decision = gate.decide(request_from(conversation.env))
    for name, value in actions.variables(decision.verdict, decision.id, decision.destination):
        conversation.set_variable(name, value)
    cause = actions.hangup_cause(decision.verdict, on_deny)
    if cause is not None:
        conversation.hang_up(cause)
    return decision


def request_from(env: dict[str, str]) -> Request:
    """Read destination, campaign and trunk (the dialplan's arguments) and the channel's caller ID."""
    arguments = [env[name] for number in range(1, 10) if (name := f"agi_arg_{number}") in env]
    destination, campaign, trunk = (*arguments[:3], "", "", "")[:3]
    if len(arguments) > 3:
        # a comma in what a phone dialled has shifted the arguments: it must not choose its own campaign
        destination = "|".join(arguments)
    return Request(
        destination=destination.strip(),
        campaign=campaign.strip(),
        trunk=trunk.strip(),
        caller_id=env.get("agi_callerid", ""),
        presentation=Presentation.from_q931(env.get("agi_callingpres", "")),
        channel=env.get("agi_channel", ""),
        unique_id=env.get("agi_uniqueid", ""),
    )
