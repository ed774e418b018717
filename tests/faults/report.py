"""The figures of all faults: JSON for machines, the table of docs/reliability.md for people."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.faults.ledger import Figures
from tests.faults.numbers import CLEAR, EMERGENCY, ENROLLED, NEVER_CHECKED, OBJECTED, SERVICE, UNDECLARED

PROJECT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = PROJECT / "docs" / "reliability.md"
FILE = PROJECT / ".cache" / "faults.json"
BEGIN, END = "<!-- faults: begin, written by make faults -->", "<!-- faults: end -->"
# a call-back is used up by the first call of them
AS_EVER = {f"{kind.name}: {kind.right}" for kind in (CLEAR, ENROLLED, NEVER_CHECKED, OBJECTED, SERVICE, EMERGENCY, UNDECLARED)}
AS_EVER |= {"call-back: ALLOW CALLBACK_REQUESTED", "call-back: DENY REGISTRY_UNKNOWN"}
HEAD = ("| Fault | What the caller hears while it lasts | Calls | Wrong ALLOW | Without record | Unanswered > 3 s | Recovered after |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")


def write(figures: list[Figures], into_document: bool) -> None:
    FILE.parent.mkdir(exist_ok=True)
    written = FILE.with_name(f"{FILE.name}.{os.getpid()}")  # another run may write its own
    written.write_text(json.dumps([one.as_json() for one in figures], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    written.rename(FILE)
    if into_document:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        DOCUMENT.write_text(before + BEGIN + "\n\n" + table(figures) + "\n" + END + rest.split(END)[1], encoding="utf-8")


def summary(figures: list[Figures]) -> str:
    return (f"{len(figures)} faults under {sum(one.calls for one in figures)} calls: "
            f"{sum(one.wrong_allows for one in figures)} wrong ALLOWs, "
            f"{sum(one.without_record for one in figures)} decisions without a record, "
            f"{sum(one.unanswered for one in figures)} calls unanswered after 3 s; {FILE.relative_to(PROJECT)}")


def table(figures: list[Figures]) -> str:
    return HEAD + "".join(
        f"| {one.fault} | {one.note or heard(one)} | {one.calls:,} | {one.wrong_allows} | {one.without_record} | "
        f"{one.unanswered} | {'' if one.recovered_s is None else f'{one.recovered_s:.2f} s'} |\n" for one in figures)


def heard(figures: Figures) -> str:
    """What calls heard by kind, those left out that heard what they always hear."""
    words = [f"{kind_answer} ({times})" for kind_answer, times in figures.under_fault.items()
             if kind_answer not in AS_EVER]
    return "; ".join(words) or "what they always hear"
