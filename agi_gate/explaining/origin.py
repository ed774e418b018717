"""Where a contact came from, told to whoever asks: by which list or consent, when, and with what evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from agi_gate import record
from agi_gate.explaining.consent_state import states_data, states_of, states_words
from agi_gate.explaining.known import consent_data, consent_words, contact_words, objection_words
from agi_gate.explaining.language import Language
from agi_gate.explaining.loads import Loads, consent_load_words, load_words
from agi_gate.explaining.story import Section, Story
from agi_gate.facts import CONSUMER, Consent, Facts
from agi_gate.policy import Campaign, Controller, Purpose
from agi_gate.record import instant
from agi_gate.regime import local_day

NOTHING = Facts()
_NEED_SOURCE = (Purpose.MARKETING, Purpose.MARKET_RESEARCH)


class Origin:
    """Tells of one number of one controller."""

    def __init__(self, number: str, controller: Controller, now: datetime, language: Language) -> None:
        self._number, self._now, self._language, self._text = number, now, language, language.text
        self._sector = controller.sector
        self._controller = (language.text("controller.named", name=controller.name, id=controller.id) if controller.name
                            else language.text("controller.unnamed", id=controller.id))
        self._data: dict[str, Any] = {
            "number": number, "controller": controller.id, "controller_name": controller.name or None,
            "language": language.code, "as_of": instant(now)}

    def of_store(self, facts: Facts, loads: Loads) -> Story | None:
        """What the store knows; None where it knows no source."""
        known = facts.known_at(self._now)
        source = source_in(known)
        if source is None:
            return None
        return self._story([self._text("origin.from", source=source)], known, source, "store", [], {}, loads)

    def of_decision(self, entry: Mapping[str, Any], objected: Facts | None) -> Story:
        """What a decision knew that names a source.  `objected`: what the store knows beside that; None: it was not asked."""
        at, call = datetime.fromisoformat(entry["at"]), entry["call"]
        facts = _facts(entry)
        known = (facts or NOTHING).known_at(at)
        sentences = [self._text("source.masked") if entry["source"] == record.MASKED
                     else self._text("origin.from", source=entry["source"])]
        if source_in(known) is None:
            sentences.append(self._text("origin.campaign" if facts else "origin.campaign_alone", campaign=call["campaign"]))
        if known.objection is None and objected is not None:
            known = replace(known, objection=objected.objection)
        said = self._text("origin.from_log_only" if objected is None else "origin.from_log", id=entry["id"], at=at,
                          campaign=call["campaign"])
        decision = {"id": entry["id"], "at": entry["at"], "campaign": call["campaign"], "verdict": entry["verdict"],
                    "masked": bool(entry["masked"])}
        return self._story(sentences, known, entry["source"], "log", [said], {"decision": decision})

    def nothing(self, facts: Facts | None, hidden: bool, unread: bool, campaigns: Sequence[Campaign]) -> Story:
        """Nobody names a source.  `hidden`, `unread`: a part of the log could not be searched, so that absence is not proven.

        `campaigns` are the controller's: one may have a source of its own, which its calls would go by.
        """
        text, is_certain = self._text, facts is not None and not hidden and not unread
        answer = [text("origin.nothing" if is_certain else "origin.not_certain",
                       store=text("origin.store_silent" if facts is None else "origin.store_none"),
                       log=text("origin.log_in_part" if hidden or unread else "origin.log_none"))]
        if facts is not None:
            answer += [text("origin.ahead", source=source, day=day) for source, day in _ahead(facts, self._now)]
            answer += self._by_campaign(campaigns)
        to_do = [text("origin.hidden")] if hidden else []
        to_do += [text("origin.unread")] if unread else []
        to_do += [text("origin.load"), text("origin.say_so")] if is_certain else []
        story = self._story(answer, (facts or NOTHING).known_at(self._now), None, None, [], {
            "certain": is_certain, "campaigns": {} if facts is None else {one.id: one.source for one in campaigns if one.source}})
        return Story(story.title, [*story.sections, Section("to_do", text("section.to_do"), to_do)], story.data)

    def _by_campaign(self, campaigns: Sequence[Campaign]) -> list[str]:
        """What a call would go by, as the rule has it: the source of its campaign, or it is refused."""
        words = [self._text("origin.campaign_would", campaign=one.id, source=one.source) for one in campaigns if one.source]
        if not words:
            return [self._text("origin.refused")]
        others = any(not one.source and one.purpose in _NEED_SOURCE for one in campaigns)
        return [*words, self._text("origin.refused_others")] if others else words

    def _story(self, answer: list[str], known: Facts, source: str | None, where: str | None, decision: list[str],
               more: dict[str, Any], loads: Loads | None = None) -> Story:
        """`loads`: what the archive says of the store's facts; those of a record it is not asked for."""
        text, contact, masked = self._text, known.contact, bool(more.get("decision", {}).get("masked"))
        consents = states_of(known, self._now, self._sector)[::-1]
        if contact is not None:
            answer.append(text("origin.not_acquired") if contact.acquired_on is None
                          else text("origin.acquired", day=contact.acquired_on))
        for consent, _ in consents[:1]:
            quoted = "masked" if masked and consent.origin else "quoted" if consent.origin.strip() else "not_recorded"
            answer.append(text("origin.consented", at=consent.granted_at,
                               origin=text(f"consent.{quoted}", **({"text": consent.origin} if quoted == "quoted" else {}))))
        since = earliest(known)
        if since is not None:
            answer.append(text("origin.since", day=since))
        sections = [
            ("origin", answer), ("decision_of", decision),
            ("contact", [] if contact is None else [contact_words(contact, self._language), *self._load(loads, "contact")]),
            ("consents", [consent_words(consent, self._language, states_words(states, self._language), masked)
                          + self._loaded(consent, loads) for consent, states in consents]),
            ("objection", [] if known.objection is None else [objection_words(known.objection, self._language),
                                                              *self._load(loads, "objection")])]
        data = self._data | {
            "known": source is not None, "from": where, "source": source, "since": since and since.isoformat(),
            "contact": contact and {"source": contact.source, "directory": contact.directory,
                                    "recipient": contact.recipient or CONSUMER,
                                    "acquired_on": contact.acquired_on and contact.acquired_on.isoformat(),
                                    "loaded": loads and loads.contact},
            "consents": [consent_data(consent) | states_data(states) | (loads or Loads()).of_consent(consent)
                         for consent, states in consents],
            "objection": known.objection and {"objected_at": instant(known.objection.objected_at), "via": known.objection.via,
                                              "last_at": instant(known.objection.last_at),
                                              "loaded": loads and loads.objection}} | more
        return Story(text("origin.title", number=self._number, controller=self._controller, at=self._now),
                     [Section(name, text(f"section.{name}"), words) for name, words in sections], data)

    def _load(self, loads: Loads | None, name: str) -> list[str]:
        return [] if loads is None else [load_words(getattr(loads, name), self._language)]

    def _loaded(self, consent: Consent, loads: Loads | None) -> str:
        return "" if loads is None else "  " + consent_load_words(
            consent_data(consent) | loads.of_consent(consent), self._language)


def _facts(entry: Mapping[str, Any]) -> Facts | None:
    try:
        return record.facts_of(dict(entry))
    except ValueError:  # somebody changed them; the source stands apart
        return None


def source_in(known: Facts) -> str | None:
    """The contact's source, else the newest consent's origin: as the rule has it, but for a campaign's own list."""
    if known.contact is not None and known.contact.source.strip():
        return known.contact.source
    newest_first = sorted(known.consents, key=lambda consent: consent.granted_at, reverse=True)
    return next((consent.origin for consent in newest_first if consent.origin.strip()), None)


def _ahead(facts: Facts, now: datetime) -> Iterator[tuple[str, date]]:
    """Sources of rows that are dated in the future: no call goes by them yet, and yet they are on file."""
    contact = facts.contact
    if contact is not None and contact.acquired_on is not None and contact.acquired_on > local_day(now) and contact.source.strip():
        yield contact.source, contact.acquired_on
    yield from ((consent.origin, local_day(consent.granted_at)) for consent in facts.consents
                if consent.granted_at > now and consent.origin.strip())


def earliest(known: Facts) -> date | None:
    """The first day on which something says that the number was at hand: a check or an objection says it, too."""
    instants = [*(consent.granted_at for consent in known.consents), *(check.at for check in known.checks),
                *(callback.requested_at for callback in known.callbacks), *known.silent_calls]
    if known.objection is not None:
        instants.append(known.objection.objected_at)
    days = [local_day(at) for at in instants]
    if known.contact is not None and known.contact.acquired_on is not None:
        days.append(known.contact.acquired_on)
    return min(days, default=None)
