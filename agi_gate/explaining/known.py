"""What was known of the number at the time of the call, told fact by fact, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agi_gate.call import Call
from agi_gate.explaining.language import Language
from agi_gate.explaining.later import later
from agi_gate.explaining.law import is_founding
from agi_gate.facts import BUSINESS, CONSUMER, OTHER, OWN_WEB, Callback, Consent, Contact, Facts, Objection
from agi_gate.record import instant
from agi_gate.regime import regime_at
from agi_gate.rules import dating, energy
from agi_gate.rules.callback import ends_at
from agi_gate.rules.consent import fault, last_withdrawn, valid_consents
from agi_gate.rules.contract import covers
from agi_gate.rules.registry import check_expires_at
from agi_gate.rules.rest import rest_ends_at
from agi_gate.verdict import Reason

Told = tuple[list[str], dict[str, Any]]
_NONE = {"contact": "contact.none", "registry": "registry.never", "consents": "consent.none", "objection": "objection.none",
         "callbacks": "callback.none", "silent_calls": "rest.none"}
Receipts = Mapping[str, Mapping[str, Any]]  # by check id: receipt, file, sha256


class Known:
    """Tells the facts of one call in one language; `facts` are whole, also what is dated after the call."""

    def __init__(self, call: Call, facts: Facts, language: Language, receipts: Receipts, masked: bool,
                 used_now: str | None) -> None:
        self._call, self._all, self._language = call, facts, language
        self._facts = facts.known_at(call.at)
        self._receipts, self._masked, self._used_now = receipts, masked, used_now

    def tell(self) -> Told:
        sentences: list[str] = []
        data: dict[str, Any] = {}
        afterwards = list(later(self._call, self._all))
        for name, told in (("contact", self._contact()), ("registry", self._registry()), ("consents", self._consents()),
                           ("objection", self._objection()), ("callbacks", self._callbacks()),
                           ("silent_calls", self._rests())):
            words, data[name] = told
            words += [self._language.text(f"later.{one.key}", when=one.when, of=one.of)
                      for one in afterwards if one.kind == name]
            sentences += words or [self._language.text(_NONE[name])]
        data["later"] = [{"fact": one.key, "at": instant(one.when) if isinstance(one.when, datetime) else one.when.isoformat()}
                         for one in afterwards]
        return sentences, data

    def _contact(self) -> tuple[list[str], Any]:
        contact = self._facts.contact
        if contact is None:
            return [], None
        undated = [] if contact.acquired_on is not None else [self._language.text("contact.undated")]
        return [contact_words(contact, self._language), *undated], {
            "source": contact.source, "directory": contact.directory, "recipient": contact.recipient or CONSUMER,
            "acquired_on": contact.acquired_on and contact.acquired_on.isoformat()}

    def _registry(self) -> tuple[list[str], Any]:
        last, text = self._facts.last_check, self._language.text
        if last is None:
            return [], None
        until, enrolled = check_expires_at(last.at), "registry.enrolled" if last.enrolled else "registry.clear"
        receipt = self._receipts.get(last.id, {})
        data: dict[str, Any] = {
            "checked_at": instant(last.at), "enrolled": last.enrolled, "check": last.id, "good_until": instant(until),
            "good_days": 15, "was_good": self._call.at <= until, "receipt": receipt or None, "first_enrolled_at": None,
            "last_clear_at": None}
        words = [text("registry.last", at=last.at, result=text(enrolled), id=last.id,
                      receipt=receipt_words(receipt, self._language)),
                 text("registry.good" if self._call.at <= until else "registry.stale", until=until)]
        enrolment = self._facts.enrolment
        if enrolment is not None:
            first, clear = enrolment.first, enrolment.clear_before
            data |= {"first_enrolled_at": instant(first.at), "last_clear_at": clear and instant(clear.at)}
            words.append(text("registry.first_enrolled" if last.enrolled else "registry.was_enrolled", at=first.at))
            words.append(text("registry.never_clear") if clear is None else text("registry.last_clear", at=clear.at))
        return words, data

    def _consents(self) -> tuple[list[str], Any]:
        newest_first = sorted(self._facts.consents, key=lambda consent: consent.granted_at, reverse=True)
        valid = valid_consents(self._call, self._facts)
        words, data = [], []
        for consent in newest_first:
            own = fault(consent, self._call)
            reason = None if consent in valid else own or Reason.CONSENT_REVOKED
            barred = reason is None and self._is_barred(consent)
            sells_only_to = reason is None and self._is_no_customers(consent)
            covers = self._covers(reason, barred, sells_only_to) if own is reason else self._withdrawn()
            words.append(consent_words(consent, self._language, covers, self._masked))
            data.append(consent_data(consent) | {
                "covers": reason is None and not barred and not sells_only_to, "fault": reason.name if reason else None,
                "barred_by_enrolment": barred, "barred_by_sector": sells_only_to})
        return words, data

    def _is_barred(self, consent: Consent) -> bool:
        """Say whether an enrolment voids a consent, or may."""
        if is_founding(self._call.at) or (consent.contract and covers(consent, self._call.at)):
            return False
        return dating.fault(consent, self._facts) is not None

    def _is_no_customers(self, consent: Consent) -> bool:
        """Say whether a consent does not count because energy is sold to customers alone."""
        return self._sells_energy() and not energy.is_customers(consent, self._call.at)

    def _sells_energy(self) -> bool:
        """Say whether the energy rule binds the call."""
        regime = regime_at(self._call.at)
        return regime is not None and energy.binds(self._call, self._facts, regime)

    def _covers(self, reason: Reason | None, barred: bool, sells_only_to: bool) -> str:
        if reason is not None:
            return self._language.text("consent.covers_not", meaning=self._language.meaning(reason), reason=reason.name)
        beside = ("but_enrolled" if barred else "but_no_customers" if sells_only_to
                  else "covers" if self._facts.objection is None else "covers_by_itself")
        return self._language.text(f"consent.{beside}")

    def _withdrawn(self) -> str:
        """Of a consent that is not marked as revoked itself, and yet withdrawn together with another."""
        other = last_withdrawn(self._call, self._facts)
        assert other is not None  # the rule says so
        return self._language.text("consent.withdrawn", other=other.granted_at, at=other.revoked_at,
                                   reason=Reason.CONSENT_REVOKED.name)

    def _objection(self) -> tuple[list[str], Any]:
        objection = self._facts.objection
        if objection is None:
            return [], None
        words = [objection_words(objection, self._language)]
        if self._used_now is not None:
            words.append(self._language.text("callback.after_objection"))
        return words, {
            "objected_at": instant(objection.objected_at), "via": objection.via,
            "repeated_at": objection.repeated_at and instant(objection.repeated_at)}

    def _callbacks(self) -> tuple[list[str], Any]:
        words, data = [], []
        for callback in self._facts.callbacks:
            state = ("used_now" if instant(callback.requested_at) == self._used_now
                     else "used" if callback.used else "unused")
            data.append(callback_data(callback, self._call.callback_days) | {"state": state})
            words.append(callback_words(data[-1], self._language.text(f"callback.{state}"), self._language))
        if self._sells_energy() and any(callback.via != OWN_WEB for callback in self._facts.callbacks):
            words.append(self._language.text("callback.own_web_only"))
        return words, data

    def _rests(self) -> tuple[list[str], Any]:
        calls = self._facts.silent_calls
        return ([self._language.text("rest", at=at, until=rest_ends_at(at)) for at in calls],
                [{"silent_at": instant(at), "rested_until": instant(rest_ends_at(at))} for at in calls])


def contact_words(contact: Contact, language: Language) -> str:
    acquired = "" if contact.acquired_on is None else language.text("contact.acquired", day=contact.acquired_on)
    words = language.text("contact" if contact.source.strip() else "contact.no_source", source=contact.source,
                          acquired=acquired,
                          listed=language.text("contact.listed" if contact.directory else "contact.unlisted"))
    if contact.recipient not in (CONSUMER, BUSINESS):
        return words
    return f"{words}  {language.text(f'contact.{contact.recipient}')}"


def receipt_words(receipt: Mapping[str, Any], language: Language) -> str:
    words = language.text("registry.receipt", receipt=receipt["receipt"]) if receipt.get("receipt") else ""
    if receipt.get("file") and receipt.get("sha256"):
        words += language.text("registry.file", file=receipt["file"], sha256=receipt["sha256"])
    return words


def objection_words(objection: Objection, language: Language) -> str:
    return language.text(
        "objection", at=objection.objected_at,
        via=language.text("objection.via", via=objection.via) if objection.via.strip() else "",
        repeated="" if objection.repeated_at is None else language.text("objection.repeated", at=objection.repeated_at))


def callback_data(callback: Callback, days: int) -> dict[str, Any]:
    """`valid_until`: as the row says it; `ends_at`: when the request ends by it, or else by so many days."""
    return {"requested_at": instant(callback.requested_at), "via": callback.via or OTHER,
            "valid_until": callback.valid_until and instant(callback.valid_until),
            "ends_at": instant(ends_at(callback, days))}


def callback_words(data: Mapping[str, Any], state: str, language: Language) -> str:
    """Of a request's data, as `callback_data` has it."""
    until = datetime.fromisoformat(data["ends_at"])
    return language.text(
        "callback", at=datetime.fromisoformat(data["requested_at"]), state=state, via=language.name("via", data["via"]),
        until=language.text("callback.until" if data["valid_until"] else "callback.no_end", at=until))


def consent_words(consent: Consent, language: Language, covers: str = "", masked: bool = False) -> str:
    text = language.text

    def quoted(words: str) -> str:
        if not words.strip():
            return text("consent.not_recorded")
        return text("consent.masked") if masked else text("consent.quoted", text=words)

    more = ""
    if consent.contract:
        more += (text("consent.contract") if consent.contract_ended_on is None
                 else text("consent.contract_ended", day=consent.contract_ended_on))
    if consent.expires_at is not None:
        more += text("consent.expires", at=consent.expires_at)
    if consent.revoked_at is not None:
        more += text("consent.revoked", at=consent.revoked_at)
    return text("consent", at=consent.granted_at, purpose=language.name("purpose", consent.purpose),
                category=consent.category if consent.category.strip() else text("consent.no_category"),
                channel=language.name("channel", consent.channel), origin=quoted(consent.origin),
                evidence=quoted(consent.evidence), more=more, covers=covers,
                notice=text("consent.notice", notice=quoted(consent.notice)) if consent.notice.strip() else "").rstrip()


def consent_data(consent: Consent) -> dict[str, Any]:
    return {"granted_at": instant(consent.granted_at), "purpose": consent.purpose, "category": consent.category,
            "channel": consent.channel, "origin": consent.origin, "evidence": consent.evidence, "notice": consent.notice,
            "expires_at": consent.expires_at and instant(consent.expires_at),
            "revoked_at": consent.revoked_at and instant(consent.revoked_at), "contract": consent.contract,
            "contract_ended_on": consent.contract_ended_on and consent.contract_ended_on.isoformat()}
