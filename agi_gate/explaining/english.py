"""Every word that is told in English.  `italian` has the same keys."""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.countries import COUNTRIES
from agi_gate.explaining.english_law import FOUNDING_REASONS, LAWS, REASONS, REGIMES, SOURCES
from agi_gate.explaining.english_opposite import OPPOSITE
from agi_gate.explaining.language import Language, clock, offset
from agi_gate.remedy import REMEDIES

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(day: date, form: str) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _instant(at: datetime, form: str) -> str:
    if form == "long":
        return f"{_DAYS[at.weekday()]} {_day(at, '')} at {at:%H:%M:%S %Z} (Italian time, {offset(at)})"
    return f"{_day(at, '')} at {clock(at)}"


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
    "number.behind_code": "`{dialled}`, a number ({kind}) behind a code,",
    "number.masked_code": "something behind a code, masked by now,",
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
    "call.trunk": "Trunk: `{trunk}`; country where it enters the network: {country}.",
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
    "contact.undated": "When it was acquired is not known: the row carries no date.",
    "contact.none": "Contact: no row of a contact list names the number.",
    "contact.no_source": "Contact: its row names no source{acquired}; {listed} in the public directory.",
    "source": "Where the contact came from: “{source}”.",
    "source.told": "Where the contact came from, as it was told to the agent: “{source}”.",
    "source.masked": "Where the contact came from is the origin of a consent, which is masked by now.",
    "source.none": "Where the contact came from is not recorded.",
    "registry.never": "Registry (RPO): the number had never been checked for this controller.",
    "registry.last": "Registry (RPO): last checked on {at}; result: {result}; check {id}{receipt}.",
    "registry.enrolled": "ENROLLED",
    "registry.clear": "not enrolled",
    "registry.receipt": ", receipt {receipt}",
    "registry.file": ", file {file} (SHA-256 {sha256})",
    "registry.good": "That check is good for 15 days, until {until}.",
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
    "consent.covers_by_itself": "By itself it covered this call.",
    "later.contact": "Contact: the row of a list that names the number was acquired on {when}, after the call, and did not "
                     "count.",
    "later.check": "A check of the registry of {when} is dated after the call, and did not count.",
    "later.consent": "A consent of {when} is dated after the call, and did not count.",
    "later.revocation": "The revocation of {when} of the consent of {of} is dated after the call, and did not count.",
    "later.objection": "An objection of {when} is dated after the call, and did not count.",
    "later.callback": "A request to be called of {when} is dated after the call, and did not count.",
    "later.silent_call": "A silent call of {when} is dated after the call, and did not count.",
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
    "callback.after_objection": "The request to be called is later than the objection.",
    "callback.none": "Request to be called: none is on file.",
    "rest": "Silent call: on {at}; the number rests until {until}.",
    "rest.none": "Silent call: none is on file.",

    "unassigned": "the caller ID {conditions}",
    "unassigned.failed_screening": "was not the caller's, as the network found",
    "unassigned.not_the_campaigns": "was not among the numbers of the campaign `{campaign}`",
    "unassigned.not_declared": "was not declared to the ROC",
    "unassigned.other_holder": "was held by `{holder}`",
    "unassigned.call_centre": "was held by the call centre, where a short or freephone number has to be the controller's own",
    "hours.holiday": "it was a national holiday ({holiday}), when no marketing calls are made",
    "hours.closed": "it was outside the calling hours, which {on} are {window}",
    "hours.closed_own": "it was outside the controller's own calling hours, which {on} are {window}",
    "hours.none": "none",
    "hours.never": "none",
    "hours.within": "call within the calling hours: {windows}",
    "hours.on.weekday": "from Monday to Friday",
    "hours.on.saturday": "on Saturday",
    "hours.on.before_holiday": "on the day before a holiday{holiday}",
    "hours.on.sunday": "on Sunday",
    "hours.on.holiday": "on a holiday{holiday}",
    "holiday.01-01": "New Year's Day",
    "holiday.01-06": "Epiphany",
    "holiday.03-17": "150 years of Italian unity",
    "holiday.easter": "Easter Sunday",
    "holiday.easter_monday": "Easter Monday",
    "holiday.04-25": "Liberation Day",
    "holiday.05-01": "Labour Day",
    "holiday.06-02": "Republic Day",
    "holiday.08-15": "Assumption",
    "holiday.10-04": "Saint Francis",
    "holiday.11-01": "All Saints",
    "holiday.12-08": "Immaculate Conception",
    "holiday.12-25": "Christmas Day",
    "holiday.12-26": "Saint Stephen",

    "decision.ALLOW": "The call was allowed because {meaning} ({reason}).",
    "decision.DENY": "The call was refused because {meaning} ({reason}).",
    "decision.source": "Legal source: {source}.",
    "decision.later_parts": "  Younger than the call: {parts}.",
    "decision.source_later": "A source that is of a later day than the call is where the rule stands today; the gate keeps "
                             "that rule on any day.",
    "decision.state": "State of the law on the day of the call: that of {day} (last change: {name}{concerned}).",
    "decision.unconcerned": "; it does not concern this call",
    "decision.no_regime": "No regime was in force: the first is of 1 February 2011.",
    "decision.since": "The rule that was applied was in force since {day}: {name}.",
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
                        "hours): {windows}.",
    "policy.shadow": "The configuration on trial ({config}) would have decided otherwise: {verdict}, {reasons}.",
    "policy.shadow_skipped.controller": "What the configuration on trial ({config}) would have decided is not known: "
                                        "it has the campaign under another controller.",
    "policy.shadow_skipped.facts": "What the configuration on trial ({config}) would have decided is not known: "
                                   "nothing was looked up for this call.",
    "policy.none": "No part: no fail policy was applied, and no configuration on trial decided otherwise.",

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

_COUNTRIES = {f"country.{code}": names[0] for code, names in COUNTRIES.items()}

ENGLISH = Language(
    code="en", texts=_TEXTS | OPPOSITE | _COUNTRIES, reasons=REASONS, founding_reasons=FOUNDING_REASONS, remedies=REMEDIES,
    sources=SOURCES, laws=LAWS, regimes=REGIMES, write_instant=_instant, write_day=_day)
