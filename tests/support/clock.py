"""A clock that stands still, for loads of facts that are dated later than today."""

from __future__ import annotations

from datetime import datetime, tzinfo

import pytest

from agi_gate.ops import loading


def load_in(patch: pytest.MonkeyPatch, year: int) -> None:
    """Let loads take it for the beginning of a year."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime(year, 1, 1, tzinfo=tz)

    patch.setattr(loading, "datetime", Then)
