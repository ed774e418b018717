"""SOURCE_UNKNOWN: where the contact came from is on record, or it is not called."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agi_gate.facts import Contact, Facts
from agi_gate.rules import source
from agi_gate.verdict import Reason
from tests.support.builders import CLEAR, ENERGY_RULE, NOTHING, NOW, SECOND, UNLISTED, a_call, a_consent

UNNAMED = Contact("", directory=True)


@pytest.mark.parametrize("facts, of_campaign, expected", [
    (NOTHING, None, None),
    (NOTHING, "", None),
    (Facts(CLEAR), None, None),
    (NOTHING, "Lista", "Lista"),
    (Facts(contact=UNLISTED), None, "Elenco 2026-09"),
    (Facts(contact=UNLISTED), "Lista", "Elenco 2026-09"),
    (Facts(contact=UNNAMED), None, None),
    (Facts(contact=Contact("  ", directory=True)), None, None),
    (Facts(contact=UNNAMED), "Lista", "Lista"),
    (Facts(consents=(a_consent(origin="fair"),)), None, "fair"),
    (Facts(consents=(a_consent(origin="fair"),)), "Lista", "fair"),
    (Facts(consents=(a_consent(origin=""),)), None, None),
    (Facts(consents=(a_consent(origin=" "),)), None, None),
    (Facts(consents=(a_consent(origin="fair"),), contact=UNNAMED), None, "fair"),
    (Facts(consents=(a_consent(origin="fair"),), contact=UNLISTED), None, "Elenco 2026-09"),
    (Facts(consents=(a_consent(origin="fair"), a_consent(origin="shop", granted_at="2026-05-10T10:00:00+02:00"))),
     None, "shop"),
])
def test_a_row_a_consent_or_the_campaign_names_the_source(
        facts: Facts, of_campaign: str | None, expected: str | None) -> None:
    call = a_call(source=of_campaign)
    assert source.source_of(call, facts) == expected
    finding = source.check(call, facts, ENERGY_RULE)
    if expected is None:
        assert finding is not None and finding.reason is Reason.SOURCE_UNKNOWN
    else:
        assert finding is None


@pytest.mark.parametrize("facts", [
    Facts(consents=(a_consent(granted_at=NOW + SECOND),)),
    Facts(contact=Contact("Elenco", True, date(2026, 10, 15)))], ids=["consent", "contact"])
def test_what_is_dated_after_the_call_names_no_source(facts: Any) -> None:
    assert source.check(a_call(source=None), facts.known_at(NOW), ENERGY_RULE) is not None
