"""Reasons, legal sources and regimes in English: the words behind the codes.  `italian_law` has the same keys.

The remedies are those of `agi_gate.remedy`.
"""

from __future__ import annotations

from agi_gate import regime
from agi_gate.explaining.law import ALL_SOURCES, FIRST_DAYS, OWN_HOURS
from agi_gate.verdict import Reason

REASONS = {
    Reason.EMERGENCY: "the number is an emergency or social-value number, and those are never blocked",
    Reason.SERVICE: "it was a service call, made to perform a contract, which the registry does not cover",
    Reason.STATISTICS: "it was a call for a statistical survey, on the basis that the campaign declares",
    Reason.CALLBACK_REQUESTED: "the person had asked to be called, and that request was open",
    Reason.CONTRACT_CONSENT: "there was a consent given within a contract that was in force or had ended at most 30 "
                             "days before (for electricity and gas: that was in force)",
    Reason.CONSENT_AFTER_ENROLMENT: "the number was enrolled in the registry, but there was a valid consent given "
                                    "after the enrolment",
    Reason.CONSENT_VALID: "there was a valid consent, and the number was not enrolled in the registry",
    Reason.DIRECTORY_NOT_OPPOSED: "the number was listed in the public directory, and a fresh check had found it not "
                                  "enrolled in the registry",

    Reason.DESTINATION_INVALID: "what was dialled is no telephone number",
    Reason.DESTINATION_PREMIUM: "the number is a premium-rate number",
    Reason.DESTINATION_CLASS: "the number is a freephone, short or service code, which only service calls may reach",
    Reason.DESTINATION_FOREIGN: "the number is not Italian, and the campaign does not list its country",
    Reason.CAMPAIGN_UNKNOWN: "the campaign was not in the configuration, so nobody stood for the call",

    Reason.CALLER_ID_WITHHELD: "the caller ID was hidden",
    Reason.CALLER_ID_MISSING: "there was no caller ID",
    Reason.CALLER_ID_FOREIGN: "the caller ID was a number of another country",
    Reason.CALLER_ID_MALFORMED: "the caller ID was not a number that may be presented",
    Reason.CALLER_ID_NOT_ASSIGNED: "the caller ID was not one of the campaign's, was not declared, was held by "
                                   "somebody else, or was not the caller's as the network found",
    Reason.CALLER_ID_PURPOSE: "the caller ID did not fit the purpose: 0843 is for statistics only, 0844 for "
                              "commercial calls only",
    Reason.CALLER_ID_TRUNK_FOREIGN: "an Italian caller ID was to go out on a trunk that enters the network from "
                                    "abroad, or on one that is not declared",
    Reason.CALLER_ID_NOT_CONTROLLER: "electricity and gas may be sold only under a caller ID that the controller "
                                     "itself holds, and this one was another's",

    Reason.AI_DISCLOSURE_MISSING: "an AI agent was to speak, and the campaign did not declare that it says at once that "
                                  "it is an AI",

    Reason.SOURCE_UNKNOWN: "nobody had recorded where the contact came from",
    Reason.OBJECTION_RECORDED: "the person had objected to calls of this controller",
    Reason.HOURS_SUNDAY: "it was a Sunday, when no marketing calls are made",
    Reason.HOURS_HOLIDAY: "it was a national holiday, when no marketing calls are made",
    Reason.HOURS_CLOSED: "it was outside the calling hours",
    Reason.REST_AFTER_SILENT_CALL: "the number was resting: it had received a silent call less than five days before",

    Reason.REGISTRY_UNKNOWN: "the number had never been checked against the registry for this controller, and what is "
                             "not known is never taken for clear",
    Reason.REGISTRY_STALE: "the last check against the registry was more than 15 days old",
    Reason.REGISTRY_OPPOSED: "the number was enrolled in the registry, and no valid consent stood against that",
    Reason.CONSENT_DATE_UNPROVEN: "the consent cannot be proven to be later than the enrolment of the number in the "
                                  "registry",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "the enrolment of the number in the registry voided the consent, which had been "
                                       "given before it",

    Reason.CONSENT_REVOKED: "the consent had been revoked",
    Reason.CONSENT_EXPIRED: "the consent was past the end that the controller itself had set",
    Reason.CONSENT_NO_EVIDENCE: "the consent had no recorded origin or no recorded evidence",
    Reason.CONSENT_OTHER_PURPOSE: "the consent was given for another purpose",
    Reason.CONSENT_GENERIC: "the consent named no product category",
    Reason.CONSENT_OTHER_CATEGORY: "the consent was given for another product category",
    Reason.CONSENT_OTHER_CHANNEL: "the consent was given for another kind of call",
    Reason.CONSENT_NONE: "there was no consent, and no other ground for the call",
    Reason.AUTOMATED_NEEDS_CONSENT: "automated and AI calls need a consent, and there was none",
    Reason.SECTOR_NEEDS_CONSENT: "calls to sell electricity or gas to a consumer need the consent of a customer or the "
                                 "person's own request on the seller's own site, and there was neither",
    Reason.SECTOR_CUSTOMERS_ONLY: "electricity and gas are sold by phone only to customers, and the consent was not of "
                                  "a customer whose contract was in force on that day",

    Reason.CLOCK_BEHIND: "the clock was behind what was on record already, and the gate then refuses",
    Reason.STORE_UNAVAILABLE: "what is known of the number could not be read, and the gate then refuses",
    Reason.LOG_UNAVAILABLE: "the decision could not be put on record, and the gate then refuses",
    Reason.GATE_ERROR: "something unexpected happened inside the gate, and the gate then refuses",
}

FOUNDING_REASONS = {
    Reason.CONSENT_VALID: "there was a valid consent, with which no check of the registry was owed",
    Reason.CONSENT_NONE: "the number is not a landline, so that only a valid consent allowed the call, and there was "
                         "none",
    Reason.DIRECTORY_NOT_OPPOSED: "the number is a landline, and a fresh check had found it not enrolled in the "
                                  "registry",
}

SOURCES = {source: source for source in ALL_SOURCES} | {
    "a call is decided by the law of its own day": "none; it is a rule of the gate, which must know the day",
    "the gate fails closed": "none; it is a rule of the gate, which refuses where it cannot decide",
    OWN_HOURS: "none; they are the controller's own calling hours ([policy] hours)"}
LAWS = {part: part for part in FIRST_DAYS} | {
    "Garante, Feb 2023": "Garante, February 2023", "106/25/CONS": "AGCOM 106/25/CONS",
    "Codice del consumo art. 51": "Codice del consumo art. 51 c. 8-bis to 8-quater", "271/25/CONS": "AGCOM 271/25/CONS", "60/25/CIR": "AGCOM 60/25/CIR", "21/26/CIR": "AGCOM 21/26/CIR"}
REGIMES = {one.id: one.name for one in regime.REGIMES}
