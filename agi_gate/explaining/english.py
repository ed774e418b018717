"""Every word that is told in English.  `italian` has the same keys."""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.language import Language, clock, offset
from agi_gate.explaining.law import ALL_SOURCES
from agi_gate.regime import REGIMES
from agi_gate.remedy import REMEDIES
from agi_gate.verdict import Reason

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(day: date, form: str) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _instant(at: datetime, form: str) -> str:
    if form == "long":
        return f"{_DAYS[at.weekday()]} {_day(at, '')} at {at:%H:%M:%S %Z} (Italian time, {offset(at)})"
    return f"{_day(at, '')} at {clock(at)}"


_REASONS = {
    Reason.EMERGENCY: "the number is an emergency or social-value number, and those are never blocked",
    Reason.SERVICE: "it was a service call, made to perform a contract, which the registry does not cover",
    Reason.STATISTICS: "it was a call for a statistical survey, which the registry does not cover",
    Reason.CALLBACK_REQUESTED: "the person had asked to be called, and that request was open",
    Reason.CONTRACT_CONSENT: "there was a consent given within a contract that was in force or had ended at most 30 "
                             "days before",
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
    Reason.CALLER_ID_NOT_ASSIGNED: "the caller ID was not one of the campaign's, was not declared, or is held by "
                                   "somebody else",
    Reason.CALLER_ID_PURPOSE: "the caller ID did not fit the purpose: 0843 is for statistics only, 0844 for "
                              "commercial calls only",
    Reason.CALLER_ID_TRUNK_FOREIGN: "an Italian caller ID was to go out on a trunk that enters the network from "
                                    "abroad, or on one that is not declared",
    Reason.CALLER_ID_NOT_CONTROLLER: "electricity and gas may be sold only under a caller ID that the controller "
                                     "itself holds, and this one was another's",

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
    Reason.CONSENT_DATE_UNPROVEN: "the number was enrolled in the registry, and the consent cannot be proven to be "
                                  "later than the enrolment",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "the number was enrolled in the registry, and the enrolment voided the consent "
                                       "that had been given before",

    Reason.CONSENT_REVOKED: "the consent had been revoked",
    Reason.CONSENT_EXPIRED: "the consent was past the end that the controller itself had set",
    Reason.CONSENT_NO_EVIDENCE: "the consent had no recorded origin or no recorded evidence",
    Reason.CONSENT_OTHER_PURPOSE: "the consent was given for another purpose",
    Reason.CONSENT_GENERIC: "the consent named no product category",
    Reason.CONSENT_OTHER_CATEGORY: "the consent was given for another product category",
    Reason.CONSENT_OTHER_CHANNEL: "the consent was given for another kind of call",
    Reason.CONSENT_NONE: "there was no consent, and no other ground for the call",
    Reason.AUTOMATED_NEEDS_CONSENT: "automated and AI calls need a consent, and there was none",
    Reason.SECTOR_NEEDS_CONSENT: "calls to sell electricity or gas need a consent or the person's own request, and "
                                 "there was neither",

    Reason.STORE_UNAVAILABLE: "what is known of the number could not be read, and the gate then refuses",
    Reason.LOG_UNAVAILABLE: "the decision could not be put on record, and the gate then refuses",
    Reason.GATE_ERROR: "something unexpected happened inside the gate, and the gate then refuses",
}

_FOUNDING_REASONS = {
    Reason.CONSENT_VALID: "there was a valid consent, with which no check of the registry was owed",
    Reason.CONSENT_NONE: "the number is not a landline, so that only a valid consent allowed the call, and there was "
                         "none",
    Reason.DIRECTORY_NOT_OPPOSED: "the number is a landline, and a fresh check had found it not enrolled in the "
                                  "registry",
}

_TEXTS = {
    "title.ALLOW": "Decision {id}: the call was ALLOWED.",
    "title.DENY": "Decision {id}: the call was REFUSED.",
    "section.call": "The call",
    "section.known": "What was known of the number",
    "section.decision": "The decision",
    "section.policy": "The part of the configuration",
    "section.opposite": "What would have to change for the opposite verdict",
    "section.record": "The record",

    "call.asked": "On {at:long} the gate was asked whether {number} may be called.",
    "number.known": "{number} ({kind})",
    "number.none": "`{dialled}`, which is no telephone number,",
    "number.empty": "an empty number",
    "number.masked": "a number ({kind}) that is masked by now",
    "number.masked_none": "something that was no telephone number, and is masked by now,",
    "class.emergency": "emergency or social-value number",
    "class.geographic": "landline",
    "class.mobile": "mobile",
    "class.nomadic": "internet telephony, bound to no place",
    "class.commercial": "0844 number for commercial calls",
    "class.statistical": "0843 number for statistics",
    "class.freephone": "freephone number",
    "class.premium": "premium-rate number",
    "class.short": "short or service code",
    "class.foreign": "number of another country: {country}",
    "call.for": "It was to be made for {controller}, by the campaign `{campaign}`.  Purpose: {purpose}.  Kind of "
                "call: {agent}.  Product category: {category}.",
    "call.no_category": "none",
    "controller.named": "{name} (controller `{id}`)",
    "controller.unnamed": "the controller `{id}`",
    "call.no_campaign": "No campaign was named, so it is not known for whom the call was to be made.",
    "call.unknown_campaign": "The campaign named was `{campaign}`, which the configuration did not have: so it is not "
                             "known for whom the call was to be made.",
    "purpose.marketing": "marketing",
    "purpose.market_research": "market research",
    "purpose.statistics": "statistical survey",
    "purpose.service": "service, to perform a contract",
    "agent.human": "by a human",
    "agent.automated": "automated, without a human",
    "agent.ai": "by an AI voice",
    "call.caller_id": "Caller ID to be presented: {caller_id}; {holder}; presentation {presentation}.",
    "call.no_caller_id": "No caller ID was set; presentation {presentation}.",
    "call.withholding": "The dialled text itself asked to hide the caller ID (a code such as #31# or *67).",
    "holder.controller": "held by the controller itself, {declared}",
    "holder.callcentre": "held by the declared call centre, {declared}",
    "holder.other": "held by `{holder}`, {declared}",
    "holder.undeclared": "not among the caller IDs that the configuration declares",
    "roc.yes": "declared to the ROC",
    "roc.no": "not declared to the ROC",
    "presentation.allowed": "allowed",
    "presentation.failed_screening": "allowed, but the network found that the number is not the caller's",
    "presentation.restricted": "restricted",
    "presentation.unavailable": "not available",
    "call.trunk": "Trunk: `{trunk}`, which enters the network in {country}.",
    "call.unknown_trunk": "Trunk: `{trunk}`, which the configuration did not declare.",
    "call.channel": "Asterisk's channel was {channel}; its unique ID: {unique_id}.",
    "call.not_said": "not said",

    "known.not_asked": "Nothing was looked up: the decision rests on the call and the configuration alone.",
    "known.store": "The store did not answer in time, so nothing that is known of the number was before the gate.",
    "known.overload": "Too many calls were waiting, so the store was not asked, and nothing that is known of the "
                      "number was before the gate.",
    "known.error": "The record holds nothing that was known of the number: an error inside the gate ended the "
                   "decision.",
    "known.before_law": "Nothing was looked up: the gate's clock stood before 1 February 2011, and of those days it "
                        "knows no law to decide by.",
    "contact": "Contact: it comes from “{source}”{acquired}; {listed} in the public directory.",
    "contact.acquired": ", acquired on {day}",
    "contact.listed": "the number is listed",
    "contact.unlisted": "the number is not listed",
    "contact.none": "Contact: no row of a contact list names the number.",
    "contact.no_source": "Contact: its row names no source{acquired}; {listed} in the public directory.",
    "source": "Where the contact came from, as it was told to the agent: “{source}”.",
    "source.none": "Where the contact came from is not recorded.",
    "registry.never": "Registry (RPO): the number had never been checked for this controller.",
    "registry.last": "Registry (RPO): last checked on {at}; result: {result}; check {id}{receipt}.",
    "registry.enrolled": "ENROLLED",
    "registry.clear": "not enrolled",
    "registry.receipt": ", receipt {receipt}",
    "registry.file": ", file {file} (SHA-256 {sha256})",
    "registry.good": "That check was good until {until} (15 days).",
    "registry.stale": "That check was good for 15 days, until {until}, and so no longer at the time of the call.",
    "registry.first_enrolled": "The enrolment was first found by the check of {at}.",
    "registry.last_clear": "The last check that found the number not enrolled is of {at}; the enrolment lies between "
                           "the two.",
    "registry.never_clear": "No check of this controller ever found the number not enrolled.",
    "consent.none": "Consent: none is on file.",
    "consent": "Consent of {at}: purpose {purpose}; product category {category}; calls {channel}; origin: {origin}; "
               "evidence: {evidence}{notice}{more}.  {covers}",
    "consent.notice": "; notice: {notice}",
    "consent.no_category": "none named",
    "consent.not_recorded": "not recorded",
    "consent.quoted": "“{text}”",
    "consent.masked": "recorded, masked by now",
    "consent.contract": "; given within a contract in force",
    "consent.contract_ended": "; given within a contract that ended on {day}",
    "consent.expires": "; valid until {at}",
    "consent.revoked": "; revoked on {at}",
    "consent.covers": "It covered this call.",
    "consent.but_enrolled": "By itself it covered this call, but the enrolment in the registry stands against it.",
    "consent.covers_not": "It did not cover this call: {meaning} ({reason}).",
    "consent.later": "A consent of {at} is dated after the call, and did not count.",
    "channel.human": "by humans",
    "channel.automated": "by automatic devices",
    "channel.both": "by humans and by automatic devices",
    "objection": "Objection: the person objected on {at}{via}{repeated}.",
    "objection.via": " (via: {via})",
    "objection.repeated": ", and again on {at}",
    "objection.none": "Objection: none is on file.",
    "callback": "Request to be called: of {at}, {until}; {state}.",
    "callback.until": "open until {at}",
    "callback.no_end": "without an end",
    "callback.used": "used up by an earlier call",
    "callback.used_now": "used up by this call",
    "callback.unused": "not used",
    "callback.none": "Request to be called: none is on file.",
    "rest": "Silent call: on {at}; the number rested until {until}.",
    "rest.none": "Silent call: none is on file.",

    "decision.ALLOW": "The call was allowed because {meaning} ({reason}).",
    "decision.DENY": "The call was refused because {meaning} ({reason}).",
    "decision.source": "Legal source: {source}.",
    "decision.source_later": "That source is of a later day than the call: it is where the rule stands today, and the "
                             "gate keeps it on any day.",
    "decision.regime": "The law of that day is the regime in force since {day}: {name}.",
    "decision.no_regime": "No regime was in force: the first is of 1 February 2011.",
    "decision.since": "This rule has been law since {day}: {name}.",
    "decision.any_day": "This rule is tied to no day: the gate keeps it under every regime.",
    "decision.own_hours": "The calling hours were the controller's own, kept on any day.",
    "decision.also": "Also found, {reason}: {meaning}.  Legal source: {source}.",
    "decision.otherwise": "This version of the program would decide the same facts otherwise: {reasons}.  What is "
                          "told here of consents and dates is by today's rules.",

    "policy.store.deny": "The store did not answer, and a call for this purpose is then refused ([fail.store]).",
    "policy.overload.deny": "Too many calls were waiting, and the call was refused without asking the store ([daemon] "
                            "waiting).",
    "policy.fail": "Something failed ({cause}), and what the configuration says for that was applied: {applied}.",
    "policy.hours_off": "The calling hours were switched off in the configuration ([policy] hours).",
    "policy.hours_own": "The calling hours were the controller's own, and not those of the Code of conduct ([policy] "
                        "hours).",
    "policy.shadow": "The configuration on trial ({config}) would have decided otherwise: {verdict}, {reasons}.",
    "policy.shadow_skipped.controller": "What the configuration on trial ({config}) would have decided is not known: "
                                        "it has the campaign under another controller.",
    "policy.shadow_skipped.facts": "What the configuration on trial ({config}) would have decided is not known: "
                                   "nothing was looked up for this call.",
    "policy.none": "Nothing else: no fail policy was applied, and no configuration on trial decided otherwise.",

    "opposite.all": "The call was refused for {count} reasons, and all of them would have to be lifted:",
    "opposite.deny": "{reason}: {remedy}.",
    "opposite.not_examined": "The gate stopped there.  With that put right it would go on to what is known of the "
                             "number (registry, consents, objections, calling hours), which this decision did not "
                             "look at.",
    "opposite.open_again": "The next time within the calling hours was {at}.",
    "opposite.rest_ended": "The rest ended on {at}.",
    "opposite.checked_clear": "Had a fresh check found the number not enrolled, {then}",
    "opposite.then_allowed": "nothing more would have been needed for that part: {meaning} ({reason}).",
    "opposite.then_denied": "the call would still have been refused: {meaning} ({reason}).  For that: {remedy}.",
    "opposite.consent_after": "A consent counts here if it was given on {at} or later.",
    "opposite.purpose": "The permission rests on the purpose of the call; what would change it: {remedy}.",
    "opposite.allow": "The permission rests on {ground}.  It would have ended with any of these:",
    "ground.check": "the check of {at}",
    "ground.consent": "the consent of {at}",
    "ground.check_and_consent": "the consent of {consent_at} and the check of {at}",
    "ground.callback": "the person's request of {at}, which allows one call, this one",
    "ground.listing": "the listing in the public directory and the check of {at}",
    "end.check": "the check's 15 days: they ended on {at};",
    "end.enrolment": "a later check that finds the number enrolled in the registry;",
    "end.consent_expires": "the consent's own end, on {at};",
    "end.revocation": "the revocation of the consent;",
    "end.objection": "an objection of the person, from the moment it is recorded;",
    "end.contract": "the end of the contract, once 30 days have gone by since;",
    "end.contract_ended": "the 30 days after the contract's end: their last day was {day};",
    "end.callback_until": "the end of the request, on {at};",
    "end.callback_used": "a second call: the request is used up by this one;",
    "end.callback_objection": "an objection later than the request;",
    "end.hours": "a time outside the calling hours, or within five days of a silent call.",
    "end.caller_id": "a caller ID or a trunk that may not be used.",

    "record.place": "Record {seq} of chain {chain}; record hash {hash}.",
    "record.version_1": "The record is of version 1, which an earlier version of this program wrote: it is in no "
                        "chain, and is proven only by the seal of its file.",
    "record.changed": "THE RECORD WAS CHANGED: its personal part (number, dialled text, evidence of consents) is not "
                      "the one that was written.  `agi-gate log verify` tells more.",
    "record.masked": "Masked by now, as the configuration says: {what}.  In the number's place stands the pseudonym "
                     "{pseudonym}, made with key `{key}`: who has that key finds the record by the number.",
    "record.masked_no_key": "Masked by now: {what}.  There is no pseudonym: nobody finds the record by a number.",
    "masked.destination": "the number",
    "masked.dialled": "what was dialled",
    "masked.evidence": "the consents' evidence",
    "record.masked_at": "It was masked on {at}.",
    "record.receipts": "The receipts of the checks could not be read: {why}.",
    "origin.title": "Where the contact {number} of {controller} came from, as known on {at}",
    "section.origin": "The answer",
    "section.contact": "The contact",
    "section.consents": "The consents",
    "section.objection": "Objections",
    "section.decision_of": "The decision that this is from",
    "section.to_do": "What can be done",
    "origin.from": "The number comes from “{source}”.",
    "origin.acquired": "It was acquired on {day}.",
    "origin.not_acquired": "When it was acquired is not recorded.",
    "origin.consented": "The person gave a consent on {at}, by: {origin}.",
    "origin.since": "The earliest date on file is {day}.",
    "origin.from_log": "The store knows no source of this number (any more); the decision log does: the newest "
                       "decision that names one is {id} of {at}, campaign `{campaign}`.",
    "origin.from_log_only": "The store could not be asked; the newest decision that names a source is {id} of {at}, "
                            "campaign `{campaign}`.",
    "origin.campaign": "It is the list that the campaign `{campaign}` was declared with; no row of its own names the "
                       "number.",
    "origin.nothing": "Nothing is on record of where the number came from: {store}, and {log}.",
    "origin.not_certain": "It could not be found out: {store}, and {log}.",
    "origin.store_none": "the store has neither a contact nor a consent that names a source",
    "origin.store_silent": "the store could not be asked",
    "origin.log_none": "no decision in the log names one",
    "origin.log_in_part": "a part of the decision log could not be searched",
    "origin.campaign_would": "In the campaign `{campaign}` the source would be “{source}”, the list that the campaign was "
                             "declared with; no row of its own names the number.",
    "origin.refused_others": "In the controller's other campaigns, calls to it that need a source are refused "
                             "(SOURCE_UNKNOWN).",
    "origin.refused": "Calls to it that need a source are refused (SOURCE_UNKNOWN).",
    "origin.load": "If a list has it, load that list with its source: agi-gate load contacts FILE.",
    "origin.say_so": "Tell the person that the source is not documented, and do not call: an answer that was not "
                     "recorded must not be made up.",
    "origin.hidden": "Some masked records could not be searched for the number, since their key is not at hand: put "
                     "it back, and ask again.",
    "origin.unread": "A part of the log could not be read: what is missing may be there.",
    "load": "Loaded on {at} from the file {file} (SHA-256 {sha256}).",
    "load.none": "When it was loaded is not recorded.",
    "revocation_load": "The revocation was loaded on {at} from the file {file} (SHA-256 {sha256}).",
    "revocation_load.none": "When the revocation was loaded is not recorded.",
    "state.in_order": "It is in order by itself.",
    "state.not_yet": "It is dated in the future, and does not count yet.",
    "state.withdrawn": "Revoked together with that of {other}, on {day}.",
    "state.CONSENT_REVOKED": "Revoked on {day}.",
    "state.CONSENT_EXPIRED": "Expired on {day}, the controller's own limit.",
    "state.CONSENT_NO_EVIDENCE": "It counts for no call: its origin or evidence is not recorded.",
    "state.CONSENT_GENERIC": "It counts for no call: it names no product category.",
    "state.CONSENT_VOIDED_BY_REGISTRY": "Voided by the enrolment in the registry, found on {day}.",
    "state.CONSENT_DATE_UNPROVEN": "It counts for no call: the enrolment in the registry was found on {day}, and the "
                                   "consent cannot be proven to be later.",
    "state.OBJECTION_RECORDED": "It counts for no call.  There is an objection of {day}.",
    "state.other": "It counts for no call: {meaning}.",
    "state.by_channel": "Calls {channel}: {words}",

    "dossier.title": "What is on record of a telephone number",
    "dossier.number": "Number",
    "dossier.controller": "Controller",
    "dossier.made_at": "Date",
    "dossier.program": "Made by",
    "dossier.digest": "Digest (SHA-256)",
    "dossier.at": "{at}",
    "dossier.missing": "THIS FILE IS NOT COMPLETE.  {what}",
    "missing.unread": "The file {file} of the decision log, or a part of it, cannot be read: the decisions in it are not "
                      "here.",
    "missing.masked": "The file {file} of the decision log has records masked with a key that is not at hand: the number "
                      "could not be looked for in them.",
    "missing.gone": "The file {file} of the decision log is missing.",
    "missing.no_seal": "The file {file} of the decision log is missing, and so is its seal.",
    "missing.receipts": "The receipts of the checks could not be read.",
    "dossier.source": "Where the number comes from",
    "dossier.no_source": "No source is on record for this number.",
    "dossier.checks": "Checks against the registry (Registro pubblico delle opposizioni)",
    "dossier.no_checks": "The number was never checked for this controller.",
    "dossier.check_id": "check {id}",
    "dossier.no_receipt": "check {id}; its receipt is not in the archive",
    "dossier.loaded": "; loaded on {at}",
    "dossier.no_consents": "No consent is on file.",
    "dossier.origin": "origin",
    "dossier.evidence": "evidence",
    "dossier.notice": "notice",
    "dossier.what": "{purpose}; category: {category}; calls {channel}",
    "dossier.contract": "Given within a contract in force.",
    "dossier.contract_ended": "Given within a contract that ended on {day}.",
    "dossier.expires_at": "Valid until {at}.",
    "dossier.revoked_at": "Revocation of {at}.",
    "dossier.others": "Objections, requests to be called, silent calls",
    "dossier.callback_used": "used up",
    "dossier.decisions": "Calls: every decision on record",
    "dossier.no_decisions": "No call to this number was ever decided for this controller, as far as the log reaches.",
    "dossier.counts": "{count} decisions: {allowed} allowed, {denied} refused.  Files of the decision log that were "
                      "searched: {files}.",
    "dossier.removed": "Decisions from {begun} to {ended} were removed on {at}, past their retention; their seal is "
                       "kept.",
    "dossier.ownerless": "Decisions on calls to this number without a known campaign, which are no controller's and do not "
                         "stand here: {count}.",
    "dossier.numberless": "Masked decisions of this controller in which a code hid the caller ID, and of which nobody can "
                          "tell any more which number they were for: {count}.",
    "dossier.caller_id": "caller ID {caller_id}",
    "dossier.category": "category: {category}",
    "dossier.agent": "call {agent}",
    "dossier.told_source": "source that was told: “{source}”",
    "dossier.rested_on": ".  It rested on {ground}.",
    "dossier.ALLOW": "allowed",
    "dossier.DENY": "refused",
    "dossier.decision_id": "decision {id}",
    "dossier.place": "; record {seq} of chain {chain}, hash {hash}",
    "dossier.version_1": "; record of version 1, without a hash",
    "dossier.seal": "; file {file}, seal {seal}",
    "dossier.open": "; file {file}, not sealed yet",
    "dossier.masked": "; masked by now: found by its pseudonym",
    "dossier.changed": "; THE RECORD WAS CHANGED",
    "dossier.proof": "How this file is checked",
    "dossier.how": "The digest {digest} is of all that stands here.  Who keeps the decision log checks it with "
                   "`agi-gate dossier --verify FILE --expect DIGEST`: the digest is computed again, and each decision "
                   "is compared with its record.",
    "dossier.newest_seal": "The newest seal of the decision log was then {seal}.",
    "dossier.unprintable": "A character that this PDF's letters do not have stands as its number, [U+...]; the data "
                           "attached to it have it as it is.",
    "column.check.at": "Checked",
    "column.check.result": "Result",
    "column.check.good_until": "Good until",
    "column.check.receipt": "Receipt",
    "column.consent.at": "Given",
    "column.consent.what": "To what",
    "column.consent.evidence": "By what",
    "column.consent.state": "State",
    "column.decision.at": "When",
    "column.decision.call": "Call",
    "column.decision.verdict": "Decision",
    "column.decision.why": "Why, by which law",
    "column.decision.proof": "Proof",

    "list.and": "{first} and {last}",
}

ENGLISH = Language(
    code="en", texts=_TEXTS, reasons=_REASONS, founding_reasons=_FOUNDING_REASONS, remedies=REMEDIES,
    sources={source: source for source in ALL_SOURCES}, regimes={regime.id: regime.name for regime in REGIMES},
    write_instant=_instant, write_day=_day)
