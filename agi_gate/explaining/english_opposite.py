"""What would change a decision, in English.  `italian_opposite` has the same keys."""

from __future__ import annotations

OPPOSITE = {
    "opposite.all": "The call was refused for {count} reasons.  Unless the person asks to be called, all of them would have "
                    "to be lifted:",
    "opposite.deny": "{reason}: {remedy}.",
    "opposite.request": "In any case a request of the person to be called, later than any objection, would allow one call.",
    "opposite.request_own_web": "In any case a request of the person on the controller's own site, later than any objection, "
                                "would allow one call.",
    "opposite.not_examined": "The gate stopped there.  With that put right it would go on to {parts}, which this decision "
                             "did not look at.",
    "opposite.not_examined_after": "With this put right, too, the gate would go on to {parts}, which this decision did not "
                                   "look at.",
    "beyond.campaign": "the campaign",
    "beyond.class": "the kind of number",
    "beyond.caller_id": "caller ID and trunk",
    "beyond.caller_id_rest": "what else is asked of caller ID and trunk",
    "beyond.disclosure": "whether the AI agent says that it is one",
    "beyond.known": "what is known of the number (registry, consents, objections, calling hours)",
    "opposite.put_right": "With that put right, {then}",
    "opposite.open_again": "The next time within the calling hours is {at}.",
    "opposite.rest_ended": "The rest ends on {at}.",
    "opposite.checked_clear": "Had a fresh check found the number not enrolled, {then}",
    "opposite.checked_enrolled": "Had it found the number still enrolled, {then}",
    "opposite.then_allowed": "nothing more would have been needed in this respect: the permission would have rested on "
                             "{ground} ({reason}).",
    "opposite.then_purpose": "the call would have been allowed because {meaning} ({reason}).",
    "opposite.then_denied": "the call would still have been refused: {meaning} ({reason}).  What would lift that: "
                            "{remedy}.",
    "ground.that_check": "that check",
    "ground.in_directory": "the listing in the public directory",
    "way.consent": "a documented consent of the person ({purpose}, category `{category}`, calls {channel}){since}",
    "way.since": ", given on {at} or later",
    "way.after": ", given after {at}",
    "way.customer": "a documented consent of the person as a customer in contract ({purpose}, category `{category}`, calls "
                    "{channel}){since}",
    "way.business": "where the number is a company's, a contact row that says so (recipient=business)",
    "way.evidence": "loading the consent with its origin and evidence, where they are on record",
    "way.human": "a call by a human",
    "way.automated": "an automated call",
    "way.listing": "a listing of the number in the public directory",
    "way.or": "; or ",
    "way.screening": "present a number that the network finds to be the caller's own (`agi_callingpres` other than 2)",
    "opposite.purpose": "The permission rests on the purpose of the call.  Nothing that is known of the number would "
                        "change it, only another caller ID, trunk or purpose.",
    "opposite.allow": "The permission rests on {ground}.",
    "opposite.ends": "Each of these alone would have ended it:",
    "opposite.still": "It would not have ended with {end}: the call would then have been allowed because {meaning} "
                      "({reason}).",
    "ground.check": "the check of {at}",
    "ground.consent": "the consent of {at}",
    "ground.check_and_consent": "the consent of {consent_at} and the check of {at}",
    "ground.callback": "the person's request of {at}, which allows one call, this one",
    "ground.listing": "the listing in the public directory and the check of {at}",
    "end.check": "the end of the check's 15 days, on {when}",
    "end.enrolment": "a later check that finds the number enrolled in the registry",
    "end.consent_expires": "the consent's own end, on {when}",
    "end.revocation": "the revocation of the consent",
    "end.revocation_of": "the revocation of the consent of {when}",
    "end.listing": "the number's leaving the public directory",
    "end.objection": "an objection of the person, from the moment it is recorded",
    "end.contract": "the end of the contract, once 30 days have gone by since",
    "end.contract_ended": "the end of the 30 days after the contract, the last of which is {when}",
    "end.contract_customer": "the end of the contract, from the day after it on",
    "end.contract_last_day": "the end of the contract, whose last day is {when}",
    "end.consumer": "a contact row that does not say any more that the number is a company's",
    "end.disclosure": "a campaign that does not declare that its AI agent says that it is one",
    "end.callback_until": "the end of the request, on {when}",
    "end.callback_used": "a second call, since this one uses the request up",
    "end.callback_objection": "an objection later than the request",
    "end.hours": "a time outside the calling hours",
    "end.rest": "a silent call less than five days before",
    "end.caller_id": "a caller ID or a trunk that may not be used",
}
