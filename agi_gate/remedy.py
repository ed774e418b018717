"""What would change each verdict: one plain sentence a reason code, for those who have to do something about it.

Core.  No rule reads it.  A sentence speaks of its own reason alone: a call may be denied for others too, and what lifts
one of them allows nothing by itself.  What the law does not allow has no remedy, and the sentence says so.
"""

from __future__ import annotations

from agi_gate.verdict import Reason

_EXPORT_AND_CHECK = "export and check: agi-gate export registry, then load the answer"
_OR_ASKED = "a request on the controller's site (via=own_web), or recipient=business of a company"

REMEDIES: dict[Reason, str] = {
    Reason.EMERGENCY: "nothing: an emergency number is never blocked",
    Reason.SERVICE: "nothing that is known of the number, only another caller ID, trunk or purpose",
    Reason.STATISTICS: "nothing that is known of the number, only another caller ID, trunk or purpose",
    Reason.CALLBACK_REQUESTED: "the call itself: a request allows one call; or its end, or an objection after it",
    Reason.CONTRACT_CONSENT: "a revocation or an objection, or the 31st day after the contract's end (energy: the next)",
    Reason.CONSENT_AFTER_ENROLMENT: "a revocation or an objection, the consent's expiry, or a check older than 15 days",
    Reason.CONSENT_VALID: "a revocation or an objection, the consent's expiry, an enrolment, or a check gone stale",
    Reason.DIRECTORY_NOT_OPPOSED: "an objection, an enrolment, or a check older than 15 days",

    Reason.DESTINATION_INVALID: "correct the number: E.164 or the Italian national form",
    Reason.DESTINATION_PREMIUM: "nothing: a premium-rate number is called for no purpose",
    Reason.DESTINATION_CLASS: "nothing for this purpose: only a service campaign may call it",
    Reason.DESTINATION_FOREIGN: "list its country in the campaign's `countries`, where that country's law allows it",
    Reason.CAMPAIGN_UNKNOWN: "declare the campaign in gate.toml, or name one that is declared",

    Reason.CALLER_ID_WITHHELD: "show the caller ID: no code that hides it (#31#, *67), no restriction on the channel",
    Reason.CALLER_ID_MISSING: "set the campaign's caller ID on the channel before the gate is asked",
    Reason.CALLER_ID_FOREIGN: "present an Italian number that the campaign declares",
    Reason.CALLER_ID_MALFORMED: "present a whole number that the campaign declares, not an extension: digits and at "
                                "most one leading +",
    Reason.CALLER_ID_NOT_ASSIGNED: "present a number of the campaign's list, declared to the ROC and held by the "
                                   "controller or its call centre",
    Reason.CALLER_ID_PURPOSE: "present 0843 for statistics, 0844 for commercial calls, or an ordinary declared number",
    Reason.CALLER_ID_TRUNK_FOREIGN: "send the call over a declared trunk that enters the network in Italy",
    Reason.CALLER_ID_NOT_CONTROLLER: "present a number that the controller itself holds, not the call centre",

    Reason.AI_DISCLOSURE_MISSING: "have the agent say at once that it is an AI, and declare so in the campaign: "
                                  "ai_disclosure = true",

    Reason.SOURCE_UNKNOWN: "record where the contact came from: agi-gate load contacts, or the campaign's `source`",
    Reason.OBJECTION_RECORDED: "nothing: the person said no; only their own later request to be called allows one call",
    Reason.HOURS_SUNDAY: "call on another day, within hours",
    Reason.HOURS_HOLIDAY: "call on a working day, within hours",
    Reason.HOURS_CLOSED: "call within hours: Monday to Friday 9-20, Saturday and the day before a holiday 10-19, "
                         "or the controller's own",
    Reason.REST_AFTER_SILENT_CALL: "wait: the number rests for five days after the silent call",

    Reason.REGISTRY_UNKNOWN: _EXPORT_AND_CHECK,
    Reason.REGISTRY_STALE: _EXPORT_AND_CHECK,
    Reason.REGISTRY_OPPOSED: "only the person: a consent given after the enrolment, or a request to be called",
    Reason.CONSENT_DATE_UNPROVEN: "a new consent, given after the check that first found the enrolment",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "a new consent, given after the enrolment",

    Reason.CONSENT_REVOKED: "only the person: a new consent, given after the revocation, or a request to be called",
    Reason.CONSENT_EXPIRED: "a new consent",
    Reason.CONSENT_NO_EVIDENCE: "load the consent with its origin and evidence, where they are on record",
    Reason.CONSENT_OTHER_PURPOSE: "a consent that names the campaign's purpose",
    Reason.CONSENT_GENERIC: "a consent that names the campaign's product category",
    Reason.CONSENT_OTHER_CATEGORY: "a consent that names the campaign's product category",
    Reason.CONSENT_OTHER_CHANNEL: "a consent for this channel, or a call of the kind it was given for",
    Reason.CONSENT_NONE: "a consent; where the law allows calls without one, a listing in the public directory",
    Reason.AUTOMATED_NEEDS_CONSENT: "a consent for automated calls, or a human caller",
    Reason.SECTOR_NEEDS_CONSENT: f"a customer's consent, {_OR_ASKED}",
    Reason.SECTOR_CUSTOMERS_ONLY: f"a contract in force, {_OR_ASKED}",

    Reason.CLOCK_BEHIND: "set this machine's clock; where a load or a record is dated ahead instead, see [policy] "
                         "clock_checked_at",
    Reason.STORE_UNAVAILABLE: "bring the store back: agi-gate status, [store] url",
    Reason.LOG_UNAVAILABLE: "make the log writable again: room on its disk, [log] path",
    Reason.GATE_ERROR: "mend what the gate's own messages name; or the clock, where it stands before 2011",
}


def remedy(reason: Reason) -> str:
    """Say what would change a verdict that rests on this reason.

    >>> remedy(Reason.CONSENT_EXPIRED)
    'a new consent'
    """
    return REMEDIES[reason]
