"""What the gate can say: outcomes, reason codes with their sources, findings and verdicts.

Core.  Stands at both ends of the rules: a rule returns a `Finding`, `decide` returns a `Verdict`.
Reason codes are a public contract: never renamed, never reused.  Sources are explained in `docs/rules.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agi_gate.facts import Callback, Check, Consent


class Outcome(Enum):
    ALLOW = "ALLOW"
    DENY = "DENY"


class Reason(Enum):
    """Why a call was allowed or denied: the value is (outcome, meaning, source)."""

    outcome: Outcome
    meaning: str
    source: str

    EMERGENCY = ("ALLOW", "emergency or social-value number", "numbering plan; never blocked")
    SERVICE = ("ALLOW", "service call: performance of a contract", "L. 5/2018 art. 2; RPO operator FAQ")
    STATISTICS = ("ALLOW", "statistical survey, on the basis that the campaign declares",
                  "DPR 26/2022 arts. 1, 2 c. 3; RPO operator FAQ")
    CALLBACK_REQUESTED = ("ALLOW", "the person asked to be called back", "L. 5/2018 art. 2; RPO operator FAQ")
    CONTRACT_CONSENT = ("ALLOW", "consent within a contract in force or ended at most 30 days ago (energy: in force)",
                        "L. 5/2018 art. 1 c. 5")
    CONSENT_AFTER_ENROLMENT = ("ALLOW", "consent given after the enrolment in the registry", "L. 5/2018 art. 1 c. 6")
    CONSENT_VALID = ("ALLOW", "valid consent, number not enrolled", "L. 5/2018 art. 1 c. 7-8; art. 130 Codice privacy")
    DIRECTORY_NOT_OPPOSED = ("ALLOW", "directory-listed number, checked and not enrolled",
                             "art. 130 c. 3-bis Codice privacy; DPR 26/2022 arts. 7 c. 5, 8")

    DESTINATION_INVALID = ("DENY", "what was dialled is no number", "numbering plan")
    DESTINATION_PREMIUM = ("DENY", "premium-rate number", "numbering plan")
    DESTINATION_CLASS = ("DENY", "freephone, short or service code: only for service calls", "numbering plan")
    DESTINATION_FOREIGN = ("DENY", "not an Italian number, and its country is not listed by the campaign",
                           "numbering plan")
    CAMPAIGN_UNKNOWN = ("DENY", "the campaign is not in the configuration", "L. 5/2018 art. 1 c. 7-8")

    CALLER_ID_WITHHELD = ("DENY", "the caller ID is hidden", "L. 5/2018 art. 2; DPR 26/2022 art. 9")
    CALLER_ID_MISSING = ("DENY", "there is no caller ID", "L. 5/2018 art. 2; DPR 26/2022 art. 9")
    CALLER_ID_FOREIGN = ("DENY", "the caller ID is another country's number", "AGCOM 156/18/CIR")
    CALLER_ID_MALFORMED = ("DENY", "the caller ID is no number that may be presented", "AGCOM 156/18/CIR, 21/26/CIR")
    CALLER_ID_NOT_ASSIGNED = ("DENY", "the caller ID is not the campaign's, not declared, or held by another",
                              "Code of conduct art. 7")
    CALLER_ID_PURPOSE = ("DENY", "0843 is for statistics only, 0844 for commercial calls only",
                         "AGCOM 156/18/CIR, 60/25/CIR")
    CALLER_ID_TRUNK_FOREIGN = ("DENY", "an Italian caller ID on a trunk that enters from abroad",
                               "AGCOM 106/25/CONS, 271/25/CONS")
    CALLER_ID_NOT_CONTROLLER = ("DENY", "energy: the caller ID must be held by the controller itself",
                                "Codice del consumo art. 51 c. 8-ter (DL 21/2026, L. 49/2026)")
    AI_DISCLOSURE_MISSING = ("DENY", "the campaign does not declare that its AI agent says at once that it is one",
                             "AI Act (Reg. (EU) 2024/1689) art. 50(1)")

    SOURCE_UNKNOWN = ("DENY", "nobody recorded where the contact came from", "L. 5/2018 art. 1 c. 14; GDPR 14(2)(f)")
    OBJECTION_RECORDED = ("DENY", "the person objected to calls of this controller", "GDPR 21(3); Garante, Feb 2023")
    HOURS_SUNDAY = ("DENY", "no marketing calls on a Sunday", "Code of conduct, docweb 9993808")
    HOURS_HOLIDAY = ("DENY", "no marketing calls on a national holiday", "Code of conduct; L. 260/1949")
    HOURS_CLOSED = ("DENY", "outside the calling hours", "Code of conduct, docweb 9993808")
    REST_AFTER_SILENT_CALL = ("DENY", "a silent call within the last five days", "Garante 83/2014")

    REGISTRY_UNKNOWN = ("DENY", "never checked against the registry for this controller", "DPR 26/2022 art. 8 c. 2-3")
    REGISTRY_STALE = ("DENY", "the last registry check is older than 15 days", "DPR 26/2022 art. 8 c. 2")
    REGISTRY_OPPOSED = ("DENY", "enrolled in the registry", "L. 5/2018 art. 1 c. 5; DPR 26/2022 art. 7")
    CONSENT_DATE_UNPROVEN = ("DENY", "the consent cannot be proven to be later than the latest enrolment",
                             "L. 5/2018 art. 1 c. 5-6; DPR 26/2022 art. 7 c. 4-5")
    CONSENT_VOIDED_BY_REGISTRY = ("DENY", "the latest enrolment voided the consent",
                                  "L. 5/2018 art. 1 c. 5; DPR 26/2022 art. 7 c. 4-5")

    CONSENT_REVOKED = ("DENY", "the consent was revoked", "GDPR 7(3), 21(3)")
    CONSENT_EXPIRED = ("DENY", "the consent is past the controller's own expiry", "Garante, docweb 9486485")
    CONSENT_NO_EVIDENCE = ("DENY", "the consent has no recorded origin or evidence", "Code of conduct art. 6")
    CONSENT_OTHER_PURPOSE = ("DENY", "the consent is for another purpose", "Garante, docweb 10114967")
    CONSENT_GENERIC = ("DENY", "the consent names no product category", "Garante, docweb 10114967")
    CONSENT_OTHER_CATEGORY = ("DENY", "the consent is for another product category", "Garante, docweb 10114967")
    CONSENT_OTHER_CHANNEL = ("DENY", "the consent is for another channel", "art. 130 c. 1-3 Codice privacy")
    CONSENT_NONE = ("DENY", "no consent, and no other ground for the call", "art. 130 Codice privacy")
    AUTOMATED_NEEDS_CONSENT = ("DENY", "automated and AI calls need consent", "art. 130 c. 1-2 Codice privacy")
    SECTOR_NEEDS_CONSENT = ("DENY", "electricity and gas: only a customer's consent, or a request on the seller's own site",
                            "Codice del consumo art. 51 c. 8-bis (DL 21/2026, L. 49/2026)")
    SECTOR_CUSTOMERS_ONLY = ("DENY", "electricity and gas: the consent is not of a customer in contract on the day",
                             "Codice del consumo art. 51 c. 8-bis (DL 21/2026, L. 49/2026)")

    CLOCK_BEHIND = ("DENY", "the clock is behind what is on record", "a call is decided by the law of its own day")
    STORE_UNAVAILABLE = ("DENY", "what is known of the number could not be read", "the gate fails closed")
    LOG_UNAVAILABLE = ("DENY", "the decision could not be put on record", "accountability, GDPR 5(2)")
    GATE_ERROR = ("DENY", "something unexpected happened inside the gate", "the gate fails closed")

    def __new__(cls, outcome: str, meaning: str, source: str) -> Reason:
        reason = object.__new__(cls)
        # two codes may share an outcome and a source: their identity is their place in the list
        reason._value_ = len(cls.__members__)
        reason.outcome, reason.meaning, reason.source = Outcome(outcome), meaning, source
        return reason

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one call, and the fact it rests on."""

    reason: Reason
    check: Check | None = None
    consent: Consent | None = None
    callback: Callback | None = None
    expires_at: datetime | None = None  # until when the same facts would give the same finding, where a rule knows

    @property
    def allows(self) -> bool:
        return self.reason.outcome is Outcome.ALLOW


@dataclass(frozen=True, slots=True)
class Verdict:
    """ALLOW or DENY, with the deciding finding first and the other denials that were found."""

    findings: tuple[Finding, ...]
    source: str | None = None  # where the contact came from, for the agent's screen

    @property
    def outcome(self) -> Outcome:
        return self.findings[0].reason.outcome

    @property
    def allows(self) -> bool:
        return self.findings[0].allows

    @property
    def reason(self) -> Reason:
        return self.findings[0].reason

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.reason.name for finding in self.findings))
