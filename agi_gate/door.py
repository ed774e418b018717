"""One conversation, behind both doors: the request read, the gate asked, the verdict told.

Joint.  All variables are set by one command, where their values allow it, with the verdict last; then, on DENY, the
channel is hung up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from agi_gate import actions
from agi_gate.agi import Conversation, is_plain
from agi_gate.call import Presentation, Request
from agi_gate.gate import Asked, Decision, Gate

_ARGUMENTS = tuple(f"agi_arg_{number}" for number in range(1, 10))


def converse(conversation: Conversation, gate: Gate, on_deny: str) -> None:
    """Answer one call, and wait for whatever it takes.  Raises what the conversation raises; by then the decision is on
    record.  For a caller who has gone by now nothing is decided."""
    conversation.look()
    conversation.check_caller()
    asked = Asked(request_from(conversation.env), conversation.deadline)
    # an emergency is put on record behind its answer, when the generator goes on or is closed
    with closing(gate.decide_all([asked])) as decisions:
        for ((_number, decision),) in decisions:
            assert decision is not None  # it may claim
            is_told = False
            try:
                conversation.look()  # what Asterisk writes behind a header's false end has come by now
                for is_told in tell(conversation, decision, on_deny):
                    conversation.hear()
            except BaseException:
                if not is_told:
                    gate.take_back(decision)
                raise


def tell(conversation: Conversation, decision: Decision, on_deny: str) -> Iterator[bool]:
    """Say a decision, command by command: each time it goes on, the reply to the one before must have been heard.

    It yields whether that was the last one; the verdict of a call that goes on is.  Raises what the conversation raises.
    """
    *together, verdict = actions.variables(decision.verdict, decision.id, decision.destination, decision.caller_id)
    if not is_plain("".join([value for _name, value in together])):
        for variable in [one for one in together if not is_plain(one[1])]:
            together.remove(variable)
            conversation.say_variable(*variable)
            yield False
    cause = actions.hangup_cause(decision.verdict, on_deny)
    if decision.verdict.findings[0].callback is None:
        conversation.say_variables([*together, verdict])
    else:
        # what the call has used up is given back as long as it is sure that nobody was told
        conversation.say_variables(together)
        yield False
        conversation.say_variable(*verdict)
    yield cause is None
    if cause is not None:
        conversation.say_hang_up(cause)
        yield True


def request_from(env: dict[str, str]) -> Request:
    """Read destination, campaign and trunk (the dialplan's arguments) and the channel's caller ID."""
    destination = env.get("agi_arg_1", "")
    if "agi_arg_4" in env:
        # a comma in what a phone dialled has shifted the arguments: it must not choose its own campaign
        destination = "|".join([env[name] for name in _ARGUMENTS if name in env])
    return Request(
        destination=destination.strip(),
        campaign=env.get("agi_arg_2", "").strip(),
        trunk=env.get("agi_arg_3", "").strip(),
        caller_id=env.get("agi_callerid", ""),  # a blank in it would be sent, too
        presentation=Presentation.from_q931(env.get("agi_callingpres", "").strip()),
        channel=env.get("agi_channel", "").strip(),
        unique_id=env.get("agi_uniqueid", "").strip(),
    )
