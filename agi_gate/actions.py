"""From a verdict to AGI commands.

Core.  Every channel variable name lives here.  ALLOW is the last command of all: a variable that was set survives a
gate that dies half way, so nothing may follow the word that lets a call go on.
"""

from __future__ import annotations

TYPE_CHECKING = False  # an emergency loads neither `typing` nor what it does not need
if TYPE_CHECKING:
    from agi_gate.verdict import Verdict

VERDICT = "GATE_VERDICT"
REASON = "GATE_REASON"
REASONS = "GATE_REASONS"
DECISION_ID = "GATE_DECISION_ID"
DESTINATION = "GATE_DESTINATION"
CALLER_ID = "GATE_CALLER_ID"
SOURCE = "GATE_SOURCE"
VARIABLES: tuple[str, ...] = (VERDICT, REASON, REASONS, DECISION_ID, DESTINATION, CALLER_ID, SOURCE)

CALL_REJECTED = 21  # Q.850 cause
# Asterisk cuts a command line at 8,191 bytes; a source is a line of text for the agent's screen
MAX_SOURCE_CHARACTERS = 400

SetVariable = tuple[str, str]


def variables(verdict: Verdict, decision_id: str, destination: str, caller_id: str) -> tuple[SetVariable, ...]:
    """The channel variables of a verdict, in the order of setting; both numbers are in the trunk's format.

    They stay empty on DENY, so that a dialplan that forgets to ask cannot dial.
    """
    source = verdict.source or ""
    if not source.isprintable():
        source = "".join(character if character.isprintable() else " " for character in source)
    return (
        (REASON, verdict.reason.name),
        (REASONS, ",".join(verdict.reasons)),
        (DECISION_ID, decision_id),
        (SOURCE, source[:MAX_SOURCE_CHARACTERS]),
        (DESTINATION, destination if verdict.allows else ""),
        (CALLER_ID, caller_id if verdict.allows else ""),
        (VERDICT, verdict.outcome.value),
    )


def of_emergency(decision_id: str, number: str, caller_id: str) -> tuple[SetVariable, ...]:
    """The same of ALLOW EMERGENCY, without a verdict to make it from."""
    return ((REASON, "EMERGENCY"), (REASONS, "EMERGENCY"), (DECISION_ID, decision_id), (SOURCE, ""), (DESTINATION, number),
            (CALLER_ID, caller_id), (VERDICT, "ALLOW"))


def hangup_cause(verdict: Verdict, on_deny: str) -> int | None:
    """The cause to hang up with after the variables are set, or None where the call goes on in the dialplan."""
    return CALL_REJECTED if not verdict.allows and on_deny == "hangup" else None
