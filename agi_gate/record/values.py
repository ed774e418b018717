"""Values as a record's JSON holds them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from agi_gate.call import Presentation
from agi_gate.policy import Agent, Purpose

VERSION = 2
# what a consent says about a person's life; it stands in the personal part, and may be masked
EVIDENCE = ("origin", "evidence", "notice")
_EMPTY = (None, "", False, ())


def instant(at: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain(value: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A dataclass as JSON values; what is empty is left out, since it is the default."""
    # not asdict(): it copies deeply, and took a quarter of a decision's time
    return {name: as_json(item) for name in value.__slots__
            if (item := getattr(value, name)) not in _EMPTY and name not in without}


def as_json(item: Any) -> Any:
    if isinstance(item, datetime):
        return instant(item)
    if isinstance(item, date):
        return item.isoformat()
    if isinstance(item, Presentation | Purpose | Agent):
        return item.value
    if isinstance(item, tuple):
        return [as_json(one) for one in item]
    return item
