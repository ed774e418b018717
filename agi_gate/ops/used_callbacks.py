"""Which call-backs were used up, from the decision logs: the one thing in a store that calls write and no feed brings."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from agi_gate.facts import Callback
from agi_gate.store import values
from agi_gate.verdict import Reason

_MARK = f'"{Reason.CALLBACK_REQUESTED.name}"'.encode()


def used_callbacks(logs: Iterable[Path]) -> dict[str, list[tuple[str, str]]]:
    """Controller -> (E.164 number, mark of the request) of each call that rested on one.  Raises OSError, EOFError.

    A line that is no record allowed no call: it is written whole before Asterisk is answered.
    """
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in logs:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                if _MARK not in line:
                    continue
                try:
                    record = json.loads(line)
                    requested_at = datetime.fromisoformat(record["rests_on"]["callback"]["requested_at"])
                    controller, e164 = record["call"]["controller"], record["destination"]
                except (ValueError, KeyError, TypeError):
                    continue
                found[controller].append((e164, values.callback_token(Callback(requested_at))))
    return found
