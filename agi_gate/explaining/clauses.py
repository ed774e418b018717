"""What a reason means for one call, as a clause: with what the call itself shows, where a reason has several causes.

By the rules' own code, so that the clause names what the rule found.
"""

from __future__ import annotations

from agi_gate.call import Call
from agi_gate.explaining import calling_hours
from agi_gate.explaining.language import Language
from agi_gate.explaining.law import is_founding
from agi_gate.policy import CALL_CENTRE
from agi_gate.rules.caller_id import NotAssigned, not_assigned
from agi_gate.verdict import Reason


def meaning(reason: Reason, call: Call, language: Language) -> str:
    """The clause of a reason; the general one where the call shows no more."""
    special = (_not_assigned(call, language) if reason is Reason.CALLER_ID_NOT_ASSIGNED
               else calling_hours.closed(reason, call, language))
    return special or language.meaning(reason, is_founding(call.at))


def _not_assigned(call: Call, language: Language) -> str | None:
    if call.campaign is None or call.caller_id is None:
        return None
    holder = call.declared_caller_id.holder if call.declared_caller_id else ""
    conditions = []
    for condition in not_assigned(call, call.caller_id):
        key = "call_centre" if condition is NotAssigned.OTHER_HOLDER and holder == CALL_CENTRE else condition.value
        conditions.append(language.text(f"unassigned.{key}", campaign=call.campaign.id, holder=holder))
    return language.text("unassigned", conditions=language.listed(conditions)) if conditions else None
