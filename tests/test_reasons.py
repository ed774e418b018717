"""A newcomer finds a reason's rule, source and test by its name alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import agi_gate.rules
from agi_gate.verdict import Outcome, Reason

RULES = Path(agi_gate.rules.__file__).parent
TESTS = Path(__file__).parent / "rules"
# said by decide.py and gate.py, where a rule could not be asked
WITHOUT_A_RULE = {"STORE_UNAVAILABLE", "LOG_UNAVAILABLE", "GATE_ERROR"}
MODULES = sorted(path.stem for path in RULES.glob("*.py") if path.stem != "__init__")


def docstring(module: str) -> str:
    return ast.get_docstring(ast.parse((RULES / f"{module}.py").read_text(encoding="utf-8"))) or ""


def names(reason: Reason, text: str) -> bool:
    return re.search(rf"\b{reason.name}\b", text) is not None


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.name not in WITHOUT_A_RULE], ids=str)
def test_each_reason_is_named_by_one_rule_and_by_its_tests(reason: Reason) -> None:
    modules = [module for module in MODULES if names(reason, docstring(module))]
    assert len(modules) == 1, f"{reason} is named in the docstrings of {modules}"
    tests = TESTS / f"test_{modules[0]}.py"
    assert names(reason, tests.read_text(encoding="utf-8")), f"{reason} is not named in {tests.name}"


@pytest.mark.parametrize("name", sorted(WITHOUT_A_RULE))
def test_what_no_rule_says_stands_in_no_rule(name: str) -> None:
    assert Reason[name].outcome is Outcome.DENY
    assert [module for module in MODULES if name in (RULES / f"{module}.py").read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("module", MODULES)
def test_each_rule_has_its_tests(module: str) -> None:
    assert (TESTS / f"test_{module}.py").exists()


def test_each_test_module_has_its_rule() -> None:
    assert sorted(path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py")) == MODULES


@pytest.mark.parametrize("reason", Reason, ids=str)
def test_each_reason_says_what_it_means_and_by_which_source(reason: Reason) -> None:
    assert reason.meaning and reason.source


def test_the_reason_codes_are_the_published_ones() -> None:
    # a public contract: never renamed, never reused
    assert {reason.name for reason in Reason if reason.outcome is Outcome.ALLOW} == {
        "EMERGENCY", "SERVICE", "STATISTICS", "CALLBACK_REQUESTED", "CONTRACT_CONSENT", "CONSENT_AFTER_ENROLMENT",
        "CONSENT_VALID", "DIRECTORY_NOT_OPPOSED"}
    assert {reason.name for reason in Reason if reason.outcome is Outcome.DENY} == {
        "DESTINATION_INVALID", "DESTINATION_PREMIUM", "DESTINATION_CLASS", "DESTINATION_FOREIGN", "CAMPAIGN_UNKNOWN",
        "CALLER_ID_WITHHELD", "CALLER_ID_MISSING", "CALLER_ID_FOREIGN", "CALLER_ID_MALFORMED",
        "CALLER_ID_NOT_ASSIGNED", "CALLER_ID_PURPOSE", "CALLER_ID_TRUNK_FOREIGN", "CALLER_ID_NOT_CONTROLLER",
        "AI_DISCLOSURE_MISSING",
        "SOURCE_UNKNOWN", "OBJECTION_RECORDED", "HOURS_SUNDAY", "HOURS_HOLIDAY", "HOURS_CLOSED",
        "REST_AFTER_SILENT_CALL", "REGISTRY_UNKNOWN", "REGISTRY_STALE", "REGISTRY_OPPOSED", "CONSENT_DATE_UNPROVEN",
        "CONSENT_VOIDED_BY_REGISTRY", "CONSENT_REVOKED", "CONSENT_EXPIRED", "CONSENT_NO_EVIDENCE",
        "CONSENT_OTHER_PURPOSE", "CONSENT_GENERIC", "CONSENT_OTHER_CATEGORY", "CONSENT_OTHER_CHANNEL", "CONSENT_NONE",
        "AUTOMATED_NEEDS_CONSENT", "SECTOR_NEEDS_CONSENT", "SECTOR_CUSTOMERS_ONLY", "CLOCK_BEHIND", "STORE_UNAVAILABLE", "LOG_UNAVAILABLE",
        "GATE_ERROR"}
