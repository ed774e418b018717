"""A decision log of millions of records over several days: decided, chained, sealed, compressed and indexed.

Each kind of call is decided once a day by the rules; its record is then written again and again with another number,
time, id and salt, which change nothing that a rule looks at.  So a replay finds what was decided.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agi_gate import config, record
from agi_gate.call import Presentation, Request, understand
from agi_gate.decide import decide
from agi_gate.decision_log import DecisionLog, keeping
from agi_gate.facts import Check, Contact, Facts
from agi_gate.policy import Policy
from agi_gate.record import Line, instant
from benchmarks import servers
from tests.support.gate_toml import CALLER_ID

DAYS = 5
NUMBERS = 2_000_000
_FIRST_DAY = datetime(2026, 10, 12, 8, tzinfo=UTC)
_HOURS = 8
_STEP = 7919  # a prime: neighbours in the log are no neighbours in number
_BATCH = 2_000
_KEEP_EACH = 100_000
_ID, _SALT, _NUMBER = "0" * 12 + "-" + "0" * 12, "0" * 32, "3331234500"
_DONE = "made"


def number(place: int) -> str:
    """The number of the record at a place, as dialled."""
    return f"333{place * _STEP % NUMBERS:07}"


def log_of(folder: Path, count: int) -> Path:
    """The log's gate.toml, made at the first time it is asked for."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs may overlap
        return _log_of(folder, count)


def _log_of(folder: Path, count: int) -> Path:
    path = servers.write_configuration(folder)
    if not (folder / _DONE).exists():
        settings = config.load(path)
        log, day_long = DecisionLog(settings.log.path), -(-count // DAYS)
        for day in range(DAYS):
            for first in range(day * day_long, min(count, (day + 1) * day_long), _KEEP_EACH):
                places = range(first, min(count, (day + 1) * day_long, first + _KEEP_EACH))
                at = _write(log, settings.policy, day, places, day * day_long, day_long)
                _keep(settings.log.path, at)
        log.close()
        _keep(settings.log.path, at + timedelta(days=1))
        (folder / _DONE).touch()
    return path


def _keep(log: Path, now: datetime) -> None:
    keeping.keep(log, keeping.Plan(), now, lambda words: None, _complain)


def _complain(words: str) -> None:
    raise AssertionError(words)


def _write(log: DecisionLog, policy: Policy, day: int, places: range, first: int, day_long: int) -> datetime:
    opens = _FIRST_DAY + timedelta(days=day)
    kinds, batch = list(_kinds(policy, opens)), []
    at = opens
    for place in places:
        at = opens + timedelta(hours=_HOURS) * ((place - first) / day_long)
        kind, called = kinds[place % len(kinds)], number(place)
        id_ = f"{int(at.timestamp() * 1000):012x}-{secrets.token_hex(6)}"
        batch.append(Line(kind.impersonal.replace(_ID, id_, 1).replace(instant(opens), instant(at), 1),
                          kind.personal.replace(_NUMBER, called).replace(_SALT, secrets.token_hex(16), 1)))
        if len(batch) == _BATCH:
            log.append_all(batch)
            batch.clear()
    if batch:
        log.append_all(batch)
    return at


def _kinds(policy: Policy, at: datetime) -> Iterator[Line]:
    """A record of each kind of call, as it is decided at an instant."""
    checked, known = at - timedelta(days=3), Contact("Elenco 2026-09", True)
    facts = (Facts(checks=(Check(checked, False, "1-0"),), contact=known),
             Facts(checks=(Check(checked, True, "1-0"),), contact=known), Facts(contact=known))
    for one in (*facts, facts[0]):
        call = understand(Request(_NUMBER, "fibra", CALLER_ID, Presentation.ALLOWED, "carrier1", "PJSIP/agent-0001",
                                  "1760180400.1"), policy, at)
        yield record.write(record.draft(_ID, call, salt=_SALT), one, decide(call, one), 150)
