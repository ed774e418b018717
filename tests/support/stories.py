"""Stories of decisions that no log holds: a call and its facts, recorded, read again and told."""

from __future__ import annotations

from typing import Any

import pytest

from agi_gate import record
from agi_gate.decide import decide, decide_without_facts
from agi_gate.explaining import LANGUAGES, Language, tell
from agi_gate.facts import Facts
from agi_gate.verdict import Verdict

ID = "0199e2ab41c7-5f3a9c0d1e2f"
IT, EN = LANGUAGES["it"], LANGUAGES["en"]
both = pytest.mark.parametrize("language", (IT, EN), ids=lambda language: language.code)


def entry_of(call: Any, facts: Facts | None, verdict: Verdict | None = None, **more: Any) -> dict[str, Any]:
    """A decision's record, as it is read from the log."""
    if facts is not None and decide_without_facts(call) is not None:
        facts = None  # the gate would not have asked
    begun = record.draft(ID, call, salt="5a17")
    line, _ = record.write(begun, facts, verdict or decide(call, facts), 1, **more).linked("c", 7, "0" * 64, 0)
    return record.parse(line.decode())


def told(entry: dict[str, Any], language: Language = EN) -> str:
    story = tell(entry, language)
    return "\n".join([story.title, *(sentence for section in story.sections for sentence in section.sentences)])


def section(name: str, entry: dict[str, Any], language: Language = EN) -> str:
    [sentences] = [section.sentences for section in tell(entry, language).sections if section.name == name]
    return "\n".join(sentences)


def no_gaps(text: str) -> None:
    for gap in ("None", "{", "}", "''", "“”", "«»", "``", " .", "..", ": .", "()", "datetime", "Reason.", " ,"):
        assert gap not in text, f"{gap!r} in {text}"
