"""What `source` and `dossier` say of a consent by itself: no consent that lets no call through is called in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agi_gate.decide import decide
from agi_gate.explaining import LANGUAGES
from agi_gate.explaining.consent_state import states_data, states_from, states_of, states_words
from agi_gate.explaining.dossier import content_of, sealed
from agi_gate.explaining.page import Table, page_of
from agi_gate.facts import Consent, Facts, Objection
from agi_gate.policy import Agent, Controller
from tests.support.builders import CLEAR, ENROLLED, NOW, OBJECTION, a_call, a_consent, checks, time

FOUND_LATER = checks("2026-09-01T09:00:00+02:00=0", "2026-10-11T11:00:00+02:00=1")
OLD = a_consent(granted_at="2026-01-20T10:00:00+01:00", revoked_at="2026-09-08T10:00:00+02:00")
LATER = a_consent(granted_at="2026-10-12T10:00:00+02:00")
CONTRACT = a_consent(contract=True)
IN_ORDER = "Di per sé è regolare."

ROWS: tuple[tuple[str, Facts, str], ...] = (
    ("in order", Facts(CLEAR, (a_consent(),)), IN_ORDER),
    ("no check", Facts(consents=(a_consent(),)), IN_ORDER),
    ("generic", Facts(CLEAR, (a_consent(category=""),)),
     "Non vale per alcuna chiamata: non indica alcuna categoria merceologica."),
    ("no evidence", Facts(CLEAR, (a_consent(evidence=" "),)),
     "Non vale per alcuna chiamata: non ne è documentata l'origine o la prova."),
    ("revoked", Facts(CLEAR, (a_consent(revoked_at="2026-09-08T10:00:00+02:00"),)), "Revocato l'8 settembre 2026."),
    ("to be revoked", Facts(CLEAR, (a_consent(revoked_at="2026-12-08T10:00:00+02:00"),)), IN_ORDER),
    ("expired", Facts(CLEAR, (a_consent(expires_at="2026-10-01T00:00:00+02:00"),)), "Scaduto il 1° ottobre 2026"),
    ("not given yet", Facts(CLEAR, (a_consent(granted_at="2027-01-01T00:00:00+01:00"),)), "per ora non vale"),
    ("taken along", Facts(CLEAR, (a_consent(), OLD)), "Revocato insieme a quello del 20 gennaio 2026, l'8 settembre 2026."),
    ("given after a revocation", Facts(CLEAR, (LATER, OLD)), IN_ORDER),
    ("another purpose was revoked", Facts(CLEAR, (a_consent(), replace(OLD, purpose="market_research"))), IN_ORDER),
    ("another category was revoked", Facts(CLEAR, (a_consent(), replace(OLD, category="energy"))), IN_ORDER),
    ("a generic one was revoked", Facts(CLEAR, (a_consent(), replace(OLD, category=""))), "Revocato insieme a quello"),
    ("one channel was revoked", Facts(CLEAR, (a_consent(), replace(OLD, channel="human"))),
     "Chiamate con operatore: Revocato insieme a quello del 20 gennaio 2026, l'8 settembre 2026.  Chiamate automatizzate: "
     + IN_ORDER),
    ("voided", Facts(ENROLLED, (a_consent(),)), "Annullato dall'iscrizione nel Registro, rilevata l'11 ottobre 2026."),
    ("given after the enrolment", Facts(ENROLLED, (LATER,)), IN_ORDER),
    ("date unproven", Facts(FOUND_LATER, (a_consent(granted_at="2026-09-10T10:00:00+02:00"),)),
     "l'iscrizione nel Registro è stata rilevata l'11 ottobre 2026, e non è possibile provare"),
    ("within a contract", Facts(ENROLLED, (CONTRACT,)), IN_ORDER),
    ("a contract that is over", Facts(ENROLLED, (replace(CONTRACT, contract_ended_on=time("2026-05-01T00:00:00+02:00").date()),)),
     "Annullato dall'iscrizione"),
    ("an objection", Facts(CLEAR, (a_consent(),), objection=OBJECTION), "Vi è un'opposizione del 2 settembre 2026."),
    ("an objection to come", Facts(CLEAR, (a_consent(),), objection=Objection(time("2026-12-02T15:00:00+02:00"), "")), IN_ORDER),
    ("an odd purpose", Facts(CLEAR, (a_consent(purpose="x"),)), "Non vale per alcuna chiamata: il consenso era stato"),
    ("an odd channel", Facts(CLEAR, (a_consent(channel="x"),)), "Non vale per alcuna chiamata: il consenso era stato"),
)


@pytest.mark.parametrize(("facts", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_consent_is_said_to_be_what_the_rules_make_of_it(facts: Facts, words: str) -> None:
    states = next(states for consent, states in states_of(facts, NOW, "telecom") if consent == facts.consents[0])
    said = states_words(states, LANGUAGES["it"])
    assert words in said and (IN_ORDER in said) == (IN_ORDER in words)
    assert states_from(states_data(states)) == states
    assert "None" not in states_words(states, LANGUAGES["en"])


@pytest.mark.parametrize("facts", [row[1] for row in ROWS], ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("agent", (Agent.HUMAN, Agent.AUTOMATED), ids=str)
def test_what_is_in_order_lets_a_call_through_and_what_is_not_none(facts: Facts, agent: Agent) -> None:
    """A fresh check at hand, within hours, of the campaign that it was given to."""
    first = facts.consents[0]
    alone = replace(facts, checks=facts.checks or CLEAR)
    states = next(states for consent, states in states_of(facts, NOW, "telecom") if consent == first)
    state = states.get(first.channel) or states[agent.value]
    verdict = decide(a_call(agent=agent, category=first.category, at=NOW), alone)
    assert verdict.allows == (state.name == "in_order"), (state, verdict.reasons)


def test_the_cell_says_that_it_is_the_category_that_is_meant() -> None:
    def cells(consent: Consent) -> str:
        content = content_of("+393331234500", Controller("acme", "telecom", "Acme"), Facts(CLEAR, (consent,)), {}, [],
                             {"files": 1, "removed": [], "missing": [], "newest_seal": None,
                              "ownerless": 0, "numberless": 0}, NOW, "x", LANGUAGES["it"])
        return " | ".join(next(row for block in page_of(sealed(content), LANGUAGES["it"]).blocks
                               if isinstance(block, Table) and block.columns[0] == "Prestato" for row in block.rows))

    assert "marketing; categoria: nessuna indicata; chiamate con operatore e automatizzate" in cells(a_consent(category=""))
    said = cells(replace(OLD, contract=True))
    assert "categoria: telecom" in said and "Revocato l'8 settembre 2026.  Prestato nell'ambito di un contratto" in said
    assert said.count("8 settembre") == 1
