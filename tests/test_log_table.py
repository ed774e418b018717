"""The table of `agi-gate log`: on any terminal what the next command is called with can be read, and copied."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from agi_gate.ops.log_table import TableOnce

ID, NUMBER, CALLER_ID = "01a20d57e7bf-6285c1d0f4b3", "+393331234500", "+390212340000"
REASONS = ("CONSENT_VOIDED_BY_REGISTRY", "CALLER_ID_NOT_CONTROLLER", "HOURS_CLOSED")
WIDTHS = pytest.mark.parametrize("width", (80, 100, 120, 200))


def a_record(**changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "at": "2026-11-25T10:00:00.000000Z", "id": ID, "verdict": "DENY", "reasons": list(REASONS), "destination": NUMBER,
        "masked": [], "elapsed_us": 1234, "call": {"campaign": "acme-fibra", "caller_id": CALLER_ID}}
    return record | changes


def drawn(width: int, *records: dict[str, Any], has_number: bool = True) -> str:
    out = StringIO()
    table = TableOnce(has_number=has_number, console=Console(file=out, width=width))
    for record in records:
        table.add(record)
    table.end()
    assert "…" not in out.getvalue()
    return out.getvalue()


@WIDTHS
def test_ids_reasons_and_numbers_are_whole_and_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = drawn(width, a_record(), a_record(verdict="ALLOW", reasons=["EMERGENCY"], destination="+390212345678901"))
    for words in (ID, NUMBER, "+390212345678901", *REASONS, "EMERGENCY", "2026-11-25 11:00:00", "acme-fibra", "DENY"):
        assert words in text, words
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(("width", "has_number", "shown", "dropped"), (
    (80, True, ("number", "campaign"), ("ms", "caller ID")), (80, False, ("campaign",), ("ms", "caller ID", "number")),
    (120, True, ("number",), ("ms", "caller ID")), (114, False, ("caller ID",), ("ms", "number")),
    (200, True, ("ms", "caller ID", "number"), ()), (200, False, ("ms", "caller ID"), ("number",))))
def test_what_is_least_asked_for_goes_first(width: int, has_number: bool, shown: tuple[str, ...], dropped: tuple[str, ...]) -> None:
    head = drawn(width, a_record(), has_number=has_number).partition("2026")[0]
    assert all(name in head for name in shown) and not any(name in head for name in dropped)


@WIDTHS
def test_what_a_phone_sent_is_folded_and_is_no_markup(width: int) -> None:
    campaign = "x" * 50
    text = drawn(width, a_record(call={"campaign": campaign, "caller_id": "[red]\x1b[2J"}, destination=None))
    assert text.count("x") == 50 + text.partition("2026")[0].count("x") and "\x1b" not in text and ID in text
    assert max(map(len, text.splitlines())) <= width


def test_a_narrower_terminal_loses_nothing_either() -> None:
    text = drawn(40, a_record())
    assert all(words in text for words in (ID, NUMBER, *REASONS))
