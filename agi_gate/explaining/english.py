"""Every word that is told in English, put together: here those of the record, the origin and the dossier.

`italian` has the same keys.
"""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.countries import COUNTRIES
from agi_gate.explaining.english_law import FOUNDING_REASONS, LAWS, REASONS, REGIMES, SOURCES
from agi_gate.explaining.english_opposite import OPPOSITE
from agi_gate.explaining.english_story import STORY
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
    "masked.channel": "Asterisk's channel",
    "masked.unique_id": "its unique ID",
    "masked.evidence": "the consents' origin, evidence and notice",
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
    "origin.from_log": "The store knows no source of this number (any more); the decision log does: it is from the "
                       "decision {id} of {at}, campaign `{campaign}`.",
    "origin.from_log_only": "The store could not be asked; the source is from the decision {id} of {at}, campaign "
                            "`{campaign}`.",
    "origin.campaign": "It is the list that the campaign `{campaign}` was declared with; no row of the number's own "
                       "names a source.",
    "origin.campaign_alone": "It is the list that the campaign `{campaign}` was declared with.  The decision's record holds "
                             "nothing that was known of the number, of which a row of its own may name another source.",
    "origin.nothing": "Nothing is on record of where the number came from: {store}, and {log}.",
    "origin.not_certain": "It could not be found out: {store}, and {log}.",
    "origin.store_none": "the store has neither a contact nor a consent that names a source",
    "origin.store_silent": "the store could not be asked",
    "origin.log_none": "no decision in the log names one",
    "origin.log_in_part": "a part of the decision log could not be searched",
    "origin.campaign_would": "In the campaign `{campaign}` the source would be “{source}”, the list that the campaign was "
                             "declared with.",
    "origin.ahead": "What is on file names “{source}”, but is dated {day}, which is still to come: it does not count yet.",
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
    "dossier.source_of_decisions": "The store knows no source of this number (any more); the records of the decisions below "
                                   "name {sources}.",
    "dossier.masked_source": "the origin of a consent, masked by now",
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
    "dossier.contract_ended": "Given within a contract whose end is {day}.",
    "dossier.expires_at": "Valid until {at}.",
    "dossier.revoked_at": "Revocation of {at}.",
    "dossier.others": "Objections, requests to be called, silent calls",
    "dossier.callback_used": "used up",
    "dossier.decisions": "Calls: every decision on record",
    "dossier.no_decisions": "No call to this number was ever decided for this controller, as far as the log reaches.",
    "dossier.counts": "Decisions: {count}, of which allowed: {allowed}, refused: {denied}.  Files of the decision log that were "
                      "searched: {files}.",
    "dossier.removed": "Decisions from {begun} to {ended} were removed on {at}, past their retention; their seal is "
                       "kept.",
    "dossier.ownerless": "Decisions on calls to this number without a known campaign, which are no controller's and do not "
                         "stand here: {count}.",
    "dossier.numberless": "Masked decisions of this controller in which a code hid the caller ID, and of which nobody can "
                          "tell any more which number they were for: {count}.",
    "dossier.caller_id": "caller ID {caller_id}",
    "dossier.category": "category: {category}",
    "dossier.statistics_basis": "basis of the survey: “{basis}”",
    "dossier.agent": "call {agent}",
    "dossier.call_source": "source by its record: “{source}”",
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
    code="en", texts=_TEXTS | STORY | OPPOSITE | _COUNTRIES, reasons=REASONS, founding_reasons=FOUNDING_REASONS,
    remedies=REMEDIES, sources=SOURCES, laws=LAWS, regimes=REGIMES, write_instant=_instant, write_day=_day)
