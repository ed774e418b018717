"""One conversation, behind both doors: the request read, the gate asked, the verdict told.

Joint.  The variables are set by one command, where their values allow it, and the verdict by another, last of all; then,
on DENY, the channel is hung up.
"""

from __future__ import annotations

from agi_gate import actions
from agi_gate.agi import Conversation, is_plain
from agi_gate.call import Presentation, Request
from agi_gate.gate import Decision, Gate


def converse(conversation: Conversation, gate: Gate, on_deny: str, *, overloaded: bool = False) -> Decision:
    """Answer one call.  Raises what the conversation raises; by then the decision is on record."""
    request = request_from(conversation.env)
    # this process may have slept, or the call may have waited: nothing is decided for a caller who has gone
    conversation.still_there()
    decision = gate.decide(request, conversation.deadline, overloaded=overloaded)
    *before, last = actions.variables(decision.verdict, decision.id, decision.destination)
    try:
        conversation.set_variables([variable for variable in before if is_plain(variable[1])])
        for name, value in before:
            if not is_plain(value):
                conversation.set_variable(name, value)
    except BaseException:
        gate.take_back(decision)  # the verdict was not told
        raise
    conversation.set_variable(*last)
    cause = actions.hangup_cause(decision.verdict, on_deny)
    if cause is not None:
        conversation.hang_up(cause)
    return decision


def converse_at_once(conversation: Conversation, gate: Gate) -> None:
    """Answer one call without the store and without waiting for a reply: there are too many others.

    So it is one command, and the dialplan hangs up.  Raises what the conversation raises.
    """
    decision = gate.decide(request_from(conversation.env), conversation.deadline, overloaded=True)
    variables = actions.variables(decision.verdict, decision.id, decision.destination)
    conversation.tell_variables([variable for variable in variables if is_plain(variable[1])])


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
