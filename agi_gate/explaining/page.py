"""A dossier laid out: headings, paragraphs and tables of plain text, for whatever draws them.

Core.  Nothing here is markup, and no text is trusted: who draws it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from agi_gate import record
from agi_gate.explaining.consent_state import states_from, states_words
from agi_gate.explaining.known import callback_words, contact_words, receipt_words
from agi_gate.explaining.language import Language
from agi_gate.explaining.loads import consent_load_words, load_words
from agi_gate.facts import Contact
from agi_gate.regime import local_day

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    grave: bool = False  # something is missing, or wrong


@dataclass(frozen=True, slots=True)
class Table:
    columns: Row
    widths: Sequence[int]  # shares of the page
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Page:
    language: str
    title: str
    facts: Sequence[tuple[str, str]]  # a name and a value each
    blocks: Sequence[Heading | Paragraph | Table]


def gap_words(gap: Mapping[str, Any], language: Language) -> str:
    """What is missing of a dossier, as its page says it."""
    return language.text(f"missing.{gap['what']}", file=gap["file"])


def page_of(whole: Mapping[str, Any], language: Language) -> Page:
    """Lay out what `dossier.sealed` made.  Raises KeyError, TypeError, ValueError where somebody made something else of it."""
    return _Layout(whole, language).page()


class _Layout:
    def __init__(self, whole: Mapping[str, Any], language: Language) -> None:
        self.content: Mapping[str, Any] = whole["dossier"]
        self.digest, self.language, self.text = whole["digest"], language, language.text

    def page(self) -> Page:
        content, text = self.content, self.text
        controller = content["controller"]
        facts = [
            (text("dossier.number"), content["number"]),
            (text("dossier.controller"), f"{controller['name']} ({controller['id']})" if controller["name"]
             else controller["id"]),
            (text("dossier.made_at"), self._at(content["made_at"])), (text("dossier.program"), content["program"]),
            (text("dossier.digest"), self.digest)]
        return Page(self.language.code, text("dossier.title"), facts, list(self._blocks()))

    def _blocks(self) -> Iterator[Heading | Paragraph | Table]:
        yield from self._missing()
        yield from self._source()
        yield from self._checks()
        yield from self._consents()
        yield from self._others()
        yield from self._decisions()
        yield from self._proof()

    def _missing(self) -> Iterator[Paragraph]:
        for gap in self.content["log"]["missing"]:
            yield Paragraph(self.text("dossier.missing", what=gap_words(gap, self.language)), grave=True)

    def _source(self) -> Iterator[Heading | Paragraph]:
        contact, source = self.content["contact"], self.content["source"]
        yield Heading(self.text("dossier.source"))
        yield Paragraph(self.text("origin.from", source=source) if source else self._source_of_decisions())
        if not source:
            yield from self._ahead()
        for campaign, of_campaign in self.content["campaign_sources"].items():
            yield Paragraph(self.text("origin.campaign_would", campaign=campaign, source=of_campaign))
        if contact is None:
            yield Paragraph(self.text("contact.none"))
            return
        day = contact["acquired_on"]
        yield Paragraph(contact_words(Contact(contact["source"], contact["directory"], day and date.fromisoformat(day),
                                              contact["recipient"]), self.language)
                        + "  " + load_words(contact["loaded"], self.language))

    def _source_of_decisions(self) -> str:
        """What the store knows no more the records may: they are not called absent on the page that has them."""
        named = dict.fromkeys(decision["source"] for decision in self.content["decisions"] if decision["source"])
        if not named:
            return self.text("dossier.no_source")
        return self.text("dossier.source_of_decisions", sources=self.language.listed([
            self.text("dossier.masked_source") if source == record.MASKED else self.text("consent.quoted", text=source)
            for source in named]))

    def _ahead(self) -> Iterator[Paragraph]:
        """Sources of rows that are dated in the future, as `agi-gate source` tells them."""
        made_at, contact = _instant(self.content["made_at"]), self.content["contact"]
        dated = [(consent["origin"], _instant(consent["granted_at"])) for consent in self.content["consents"]]
        days = [(source, local_day(at)) for source, at in dated if at > made_at]
        if contact is not None and contact["acquired_on"]:
            days.insert(0, (contact["source"], date.fromisoformat(contact["acquired_on"])))
        yield from (Paragraph(self.text("origin.ahead", source=source, day=day)) for source, day in days if source.strip())

    def _checks(self) -> Iterator[Heading | Paragraph | Table]:
        yield Heading(self.text("dossier.checks"))
        rows = [(self._at(check["at"]), self.text("registry.enrolled" if check["enrolled"] else "registry.clear"),
                 self._at(check["good_until"]), self._receipt(check)) for check in self.content["checks"]]
        yield from self._table("check", ("at", "result", "good_until", "receipt"), (20, 14, 20, 46), rows)

    def _receipt(self, check: Mapping[str, Any]) -> str:
        receipt = check["receipt"]
        if not receipt:
            return self.text("dossier.no_receipt", id=check["id"])
        words = self.text("dossier.check_id", id=check["id"]) + receipt_words(receipt, self.language)
        loaded_at = receipt.get("loaded_at")
        return words + (self.text("dossier.loaded", at=datetime.fromisoformat(loaded_at)) if loaded_at else "")

    def _consents(self) -> Iterator[Heading | Paragraph | Table]:
        yield Heading(self.text("section.consents"))
        rows = []
        for consent in self.content["consents"]:
            what = self.text("dossier.what", purpose=self.language.name("purpose", consent["purpose"]),
                             category=consent["category"].strip() or self.text("consent.no_category"),
                             channel=self.language.name("channel", consent["channel"]))
            evidence = "; ".join(f"{self.text(f'dossier.{name}')}: {consent[name].strip() or self.text('consent.not_recorded')}"
                                 for name in ("origin", "evidence", "notice")
                                 if name != "notice" or consent[name].strip())
            evidence += ".  " + consent_load_words(consent, self.language)
            rows.append((self._at(consent["granted_at"]), what, evidence, self._state(consent)))
        yield from self._table("consent", ("at", "what", "evidence", "state"), (18, 24, 34, 24), rows)

    def _state(self, consent: Mapping[str, Any]) -> str:
        words = [states_words(states_from(consent), self.language)]
        if consent["contract"]:
            ended_on = consent["contract_ended_on"]
            words.append(self.text("dossier.contract_ended", day=date.fromisoformat(ended_on)) if ended_on
                         else self.text("dossier.contract"))
        for name, reason in (("expires_at", "CONSENT_EXPIRED"), ("revoked_at", "CONSENT_REVOKED")):
            if consent[name] and consent["fault"] != reason:  # which has it
                words.append(self.text(f"dossier.{name}", at=_instant(consent[name])))
        return "  ".join(words)

    def _others(self) -> Iterator[Heading | Paragraph]:
        text, objection = self.text, self.content["objection"]
        yield Heading(text("dossier.others"))
        yield Paragraph(text("objection.none") if objection is None else text(
            "objection", at=datetime.fromisoformat(objection["objected_at"]),
            via=text("objection.via", via=objection["via"]) if objection["via"].strip() else "",
            repeated=text("objection.repeated", at=datetime.fromisoformat(objection["repeated_at"]))
            if objection["repeated_at"] else "") + "  " + load_words(objection["loaded"], self.language))
        for callback in self.content["callbacks"]:
            yield Paragraph(callback_words(
                callback, text("dossier.callback_used" if callback["used"] else "callback.unused"), self.language))
        if not self.content["callbacks"]:
            yield Paragraph(text("callback.none"))
        for silent in self.content["silent_calls"]:
            yield Paragraph(text("rest", at=datetime.fromisoformat(silent["silent_at"]),
                                 until=datetime.fromisoformat(silent["rested_until"])))
        if not self.content["silent_calls"]:
            yield Paragraph(text("rest.none"))

    def _decisions(self) -> Iterator[Heading | Paragraph | Table]:
        decisions, log = self.content["decisions"], self.content["log"]
        yield Heading(self.text("dossier.decisions"))
        allowed = sum(decision["verdict"] == "ALLOW" for decision in decisions)
        yield Paragraph(self.text("dossier.counts", count=len(decisions), allowed=allowed, denied=len(decisions) - allowed,
                                  files=log["files"]))
        for name in ("ownerless", "numberless"):
            if log[name]:
                yield Paragraph(self.text(f"dossier.{name}", count=log[name]))
        for gone in log["removed"]:
            yield Paragraph(self.text("dossier.removed", begun=_instant(gone["first_at"]), ended=_instant(gone["last_at"]),
                                      at=_instant(gone["removed_at"])))
        yield from self._table("decision", ("at", "call", "verdict", "why", "proof"), (13, 24, 10, 31, 22),
                               [self._decision(decision) for decision in decisions])

    def _decision(self, decision: Mapping[str, Any]) -> Row:
        text = self.text
        call = [decision["campaign"], text("dossier.caller_id", caller_id=decision["caller_id"] or text("call.not_said"))]
        if decision["purpose"]:
            call.append(self.language.name("purpose", decision["purpose"]))
        if decision["category"]:
            call.append(text("dossier.category", category=decision["category"]))
        if decision["statistics_basis"]:
            call.append(text("dossier.statistics_basis", basis=decision["statistics_basis"]))
        if decision["agent"]:
            call.append(text("dossier.agent", agent=self.language.name("agent", decision["agent"])))
        if decision["source"]:
            call.append(text("source.masked") if decision["source"] == record.MASKED
                        else text("dossier.call_source", source=decision["source"]))
        why = "; ".join(f"{one['meaning']} ({one['code']}{': ' + one['law'] if one['law'] else ''})" for one in decision["why"])
        if decision["rested_on"]:
            why += text("dossier.rested_on", ground=decision["rested_on"])
        proof = text("dossier.decision_id", id=decision["id"])
        if decision["hash"]:
            proof += text("dossier.place", chain=decision["chain"], seq=decision["seq"], hash=decision["hash"])
        else:
            proof += text("dossier.version_1")
        proof += (text("dossier.seal", file=decision["file"], seal=decision["seal"]) if decision["seal"]
                  else text("dossier.open", file=decision["file"]))
        if decision["masked"]:
            proof += text("dossier.masked")
        if decision["changed"]:
            proof += text("dossier.changed")
        return self._at(decision["at"]), "; ".join(call), text(f"dossier.{decision['verdict']}"), why, proof

    def _proof(self) -> Iterator[Heading | Paragraph]:
        yield Heading(self.text("dossier.proof"))
        yield Paragraph(self.text("dossier.how", digest=self.digest))
        if newest := self.content["log"]["newest_seal"]:
            yield Paragraph(self.text("dossier.newest_seal", seal=newest))

    def _table(self, kind: str, columns: Sequence[str], widths: Sequence[int], rows: Sequence[Row],
               ) -> Iterator[Table | Paragraph]:
        if rows:
            yield Table([self.text(f"column.{kind}.{name}") for name in columns], widths, rows)
        else:
            yield Paragraph(self.text(f"dossier.no_{kind}s"))

    def _at(self, at: str) -> str:
        return self.text("dossier.at", at=_instant(at))


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at
