"""What a language has to bring, and how its templates are filled in.

A template is a text with `{names}`.  Instants and days are written as the language writes them; what stands behind a colon
(`{at:dal}`) is the form that the sentence needs, and languages that know no such forms leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from agi_gate.regime import ROME
from agi_gate.verdict import Reason


@dataclass(frozen=True)
class Language:
    code: str
    texts: Mapping[str, str]
    reasons: Mapping[Reason, str]           # what a reason means, as a clause
    founding_reasons: Mapping[Reason, str]  # the same under the law of 2011, where that says something else
    remedies: Mapping[Reason, str]
    sources: Mapping[str, str]              # a legal source as `verdict` has it -> as this language cites it
    laws: Mapping[str, str]                 # a part of a source (`law.FIRST_DAYS`) -> as this language cites it
    regimes: Mapping[str, str]              # a regime's id -> its name
    write_instant: Callable[[datetime, str], str]  # of Italian time
    write_day: Callable[[date, str], str]

    def text(self, key: str, /, **values: Any) -> str:
        return self.texts[key].format(**{name: self._shown(value) for name, value in values.items()})

    def name(self, kind: str, value: str) -> str:
        """What one of a closed set of words is called; what is none of them stays as it is."""
        return self.texts.get(f"{kind}.{value}", value)

    def listed(self, items: Sequence[str]) -> str:
        """Several things as one: with commas, and a word before the last."""
        *first, last = items
        return self.text("list.and", first=", ".join(first), last=last) if first else last

    def meaning(self, reason: Reason, founding: bool = False) -> str:
        return (self.founding_reasons.get(reason) if founding else None) or self.reasons[reason]

    def source(self, source: str) -> str:
        return self.sources.get(source, source)

    def law(self, part: str, first: str) -> str:
        """A part of a source with its day or its year; a month stands in its name already."""
        if len(first) == len("YYYY-MM"):
            return self.laws[part]
        when = first if len(first) == len("YYYY") else self.write_day(date.fromisoformat(first), "")
        return f"{self.laws[part]} ({when})"

    def _shown(self, value: Any) -> Any:
        # a datetime is a date, too
        if isinstance(value, datetime):
            return _Written(value.astimezone(ROME), self.write_instant)
        return _Written(value, self.write_day) if isinstance(value, date) else value


class _Written:
    def __init__(self, value: Any, write: Callable[[Any, str], str]) -> None:
        self._value, self._write = value, write

    def __format__(self, form: str) -> str:
        return self._write(self._value, form)


def clock(at: datetime) -> str:
    """
    >>> clock(datetime.fromisoformat("2026-10-14T11:00:00+02:00").astimezone(ROME))
    '11:00 CEST'
    """
    return f"{at:%H:%M:%S}".removesuffix(":00") + f" {at:%Z}"


def offset(at: datetime) -> str:
    """
    >>> offset(datetime.fromisoformat("2026-10-14T11:00:00+02:00").astimezone(ROME))
    'UTC+02:00'
    """
    plain = f"{at:%z}"
    return f"UTC{plain[:3]}:{plain[3:5]}"
