"""When what is known of a number was loaded, and from which file: told beside its own dates, which may be earlier.

Core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agi_gate.explaining.language import Language
from agi_gate.facts import Consent

Load = Mapping[str, Any]  # loaded_at, file, sha256
ConsentKey = tuple[datetime, str, str, str]


@dataclass(slots=True)
class Loads:
    """Nothing of what is not recorded."""

    contact: Load | None = None
    objection: Load | None = None
    consents: dict[ConsentKey, Load] = field(default_factory=dict)
    revocations: dict[tuple[ConsentKey, datetime | None], Load] = field(default_factory=dict)  # a consent may have many

    def of_consent(self, consent: Consent) -> dict[str, Any]:
        key = consent_key(consent)
        return {"loaded": self.consents.get(key), "revocation_loaded": self.revocations.get((key, consent.revoked_at))}


def consent_key(consent: Consent) -> ConsentKey:
    """What makes two rows one consent, as the store has it."""
    return consent.granted_at, consent.purpose, consent.category, consent.channel


def load_words(load: Load | None, language: Language, what: str = "load") -> str:
    """`what`: load, or revocation_load."""
    if load is None:
        return language.text(f"{what}.none")
    return language.text(what, at=datetime.fromisoformat(load["loaded_at"]), file=load["file"], sha256=load["sha256"])


def consent_load_words(data: Mapping[str, Any], language: Language) -> str:
    """Of a consent's data; of its revocation only where there is one."""
    words = load_words(data["loaded"], language)
    return f"{words}  {load_words(data['revocation_loaded'], language, 'revocation_load')}" if data["revoked_at"] else words
