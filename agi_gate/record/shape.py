"""The shape of a record: what each reader may rest on without looking again.

Core.  A log is read years later, when anybody may have had it in his hands: a value of another kind than this program
writes makes a line no record, in words, and crashes nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

_OR_NONE: dict[str, tuple[type, ...]] = {
    "regime": (str,), "source": (str,), "destination": (str,), "caller_id_sent": (str,), "number": (dict,), "shadow": (dict,),
    "pseudonyms": (dict,), "facts": (dict,), "clock": (dict,)}
_CALL = ("campaign", "caller_id", "presentation", "trunk", "channel", "unique_id", "destination")
# what people's calendars, in any time zone, can show
_YEARS = range(1970, 9_990)
_MOST_US = 1 << 53


def check(record: dict[str, Any]) -> None:
    """Raise ValueError where a record, in the one shape that `parse` gives it, does not hold what records hold."""
    for name in ("id", "verdict", "reason"):
        _must(isinstance(record.get(name), str), name)
    _must(is_time(record.get("at")), "at")
    _must(_are_texts(record.get("reasons")) and bool(record["reasons"]), "reasons")
    elapsed_us = record.get("elapsed_us")
    _must(type(elapsed_us) is int and abs(elapsed_us) < _MOST_US, "elapsed_us")
    for name, kinds in _OR_NONE.items():
        value = record.get(name)
        _must(value is None or isinstance(value, kinds), name)
    _must(_are_texts(record.get("masked", [])), "masked")
    _must(isinstance(record.get("policy"), dict), "policy")
    _must("facts" in record, "facts")
    call = record.get("call")
    _must(isinstance(call, dict), "call")
    assert isinstance(call, dict)
    _must("campaign" in call and "controller" in call, "call")
    for name in _CALL:
        _must(isinstance(call.get(name, ""), str), f"call.{name}")
    for name, value in (("call.controller", call["controller"]),
                        ("pseudonyms.destination", (record.get("pseudonyms") or {}).get("destination"))):
        _must(value is None or isinstance(value, str), name)


def _must(is_so: bool, name: str) -> None:
    if not is_so:
        raise ValueError(f"its `{name}` is nothing that a record has there")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all([isinstance(text, str) for text in value])


def is_time(text: Any) -> bool:
    """Whether it is the time of a call."""
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return False
    return at.tzinfo is not None and at.year in _YEARS
