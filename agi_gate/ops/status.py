"""`agi-gate status`: per controller what is known, how old it is, and what goes stale when.

Joint.  Counts for people and for monitoring; the words and bars for people are in `status_text`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive
from agi_gate.facts import Check
from agi_gate.ops import exit_codes, status_text
from agi_gate.ops.arguments import percent, span
from agi_gate.ops.fitness import MOST_APART, dropping
from agi_gate.ops.telling import shown
from agi_gate.regime import ROME
from agi_gate.rules.registry import check_expires_at
from agi_gate.store import census
from agi_gate.store.loader import Client
from agi_gate.store.server_state import clock_ahead, eviction, persistence
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable
from agi_gate.wholeness import Wholeness, compare, note_if_ours

_TIMEOUT_MS = 30_000
_HORIZONS_DAYS = (1, 3, 7, 15)
# AGCOM 156/18/CIR asks that a caller ID can be called back; an old test is a warning, never a denial
_RECALL_TEST_DAYS = 90
_SHOWN_LOADS = 5


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "status", parents=[common], help="what is known, how old it is, what goes stale when",
        description="Count what is known per controller, how old it is, and what goes stale when.  Exit code 6 when "
                    "numbers to be called (those with a contact or a consent; where a controller has none, all "
                    "that were checked) rest on a check that is stale.",
        epilog="examples:\n"
               "  agi-gate status\n"
               "  agi-gate status --json --stale-within 3d --max-stale 0.5",
        formatter_class=argparse.RawTextHelpFormatter)
    parser.description = status_text.filled(parser.description or "")
    parser.add_argument("--stale-within", metavar="TIME", type=span, default=timedelta(0),
                        help="alarm for what goes stale within so long, as `3d` or `12h` (default: what is stale now)")
    parser.add_argument("--max-stale", metavar="PERCENT", type=percent, default=0.0,
                        help="alarm only above this share of the numbers (default: 0)")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    servers, now = Servers.at(settings.store.url, _TIMEOUT_MS), datetime.now(UTC)
    compared: Wholeness | None = None
    try:
        clients = {id_: servers.client_of(id_) for id_ in settings.controllers}
        compared = compare(Archive(settings.archive_path), servers, clients, settings.known_controllers)
        counted = {id_: census.take(client, id_, now) for id_, client in clients.items()}
        servers_said = [_server(client) for client in dict.fromkeys(clients.values())]
        used = [census.used_memory(client) for client in set(clients.values())]  # in a cluster there may be several
    except StoreUnavailable as error:
        for finding in compared.words() if compared is not None else ():
            print(f"not whole: {shown(finding)}", file=sys.stderr)
        print(f"agi-gate status: the store could not be read ({error}); see [store] url", file=sys.stderr)
        return exit_codes.UNREACHABLE
    may_drop_keys = [why for one in servers_said
                     if (why := dropping(one["eviction"], never_evicts=settings.store.never_evicts)) is not None]
    note_if_ours(settings.log.path, compared)
    alarm_at = now + arguments.stale_within
    controllers = {id_: _status(counts, now) | {
        "alarm": _alarm(counts, alarm_at, arguments.max_stale),
        "store": compared.differences[id_].for_json() if id_ in compared.differences else {"is_whole": None},
    } for id_, counts in counted.items()}
    status = {
        "at": record.instant(now),
        "controllers": controllers,
        "alarm": any(of_one["alarm"]["raised"] for of_one in controllers.values()),
        "wholeness": compared.for_json(),
        "servers": servers_said,
        "server_memory_bytes": None if None in used else sum(size or 0 for size in used),
        "warnings": [*_of_servers(servers_said, may_drop_keys), *_old_recall_tests(settings, now.astimezone(ROME).date()), *(
            f"controller `{id_}`: loads came while it was counted, some numbers are of before and some of after them"
            for id_, counts in counted.items() if not counts.is_steady)],
    }
    if arguments.json:
        print(json.dumps(status, ensure_ascii=False))
    else:
        status_text.tell(status, {id_: controller.name for id_, controller in settings.controllers.items()})
    if compared.is_whole is False or compared.is_damaged or may_drop_keys:
        return exit_codes.UNREACHABLE
    return exit_codes.STALE if status["alarm"] else exit_codes.DONE


def _server(client: Client) -> dict[str, Any]:
    """What one server says of itself; null is what it does not say."""
    try:
        ahead_s = round(clock_ahead(client).total_seconds(), 3)
    except StoreUnavailable:
        ahead_s = None
    held = persistence(client)
    return {"eviction": eviction(client), "clock_ahead_s": ahead_s, "persistence": held.for_json(),
            "persistence_words": held.words(), "advice": held.advice()}


def _of_servers(servers: Sequence[Mapping[str, Any]], may_drop_keys: Sequence[str]) -> list[str]:
    warnings = [*may_drop_keys, *(str(one["advice"]) for one in servers if one["advice"])]
    for one in servers:
        if one["clock_ahead_s"] is None:
            warnings.append("the store's server does not say its time, so no load is taken; allow TIME (docs/acl/loader.acl)")
        elif abs(one["clock_ahead_s"]) > MOST_APART.total_seconds():
            warnings.append(f"this machine's clock is {one['clock_ahead_s']:+,.0f} s ahead of the store's server, so no load is "
                            "taken; set the one that is wrong")
    return list(dict.fromkeys(warnings))


def _status(counts: census.Census, now: datetime) -> dict[str, Any]:
    checks, numbers = counts.last_checks, counts.last_checks.total()
    enrolled = sum(count for check, count in checks.items() if check.enrolled)
    checked_at = sorted(check.at for check in checks)
    to_call = counts.last_checks_to_call
    return {
        "numbers": numbers,
        "enrolled": enrolled,
        "clear": numbers - enrolled,
        "unknown": counts.unknown,
        **_staleness(checks, now),
        "to_call": {"numbers": to_call.total() + counts.unknown, **_staleness(to_call, now)},
        "oldest_check": record.instant(checked_at[0]) if checked_at else None,
        "newest_check": record.instant(checked_at[-1]) if checked_at else None,
        "contacts": counts.contacts,
        "consents": counts.consents.total(),
        "consents_by_state": {state: counts.consents[state] for state in census.CONSENT_STATES},
        "objections": counts.objections,
        "callbacks": counts.callbacks,
        "rests": counts.rests,
        "memory_bytes": counts.key_bytes,
        "loads": counts.loads[-_SHOWN_LOADS:],
    }


def _staleness(checks: Counter[Check], now: datetime) -> dict[str, Any]:
    stale = _stale_at(checks, now)
    return {"stale": stale, "stale_within_days": {
        str(days): _stale_at(checks, now + timedelta(days=days)) - stale for days in _HORIZONS_DAYS}}


def _stale_at(checks: Counter[Check], at: datetime) -> int:
    """How many numbers a call at an instant would find stale, if nothing is loaded until then."""
    return sum(count for check, count in checks.items() if check_expires_at(check.at) < at)


def _alarm(counts: census.Census, at: datetime, max_percent: float) -> dict[str, Any]:
    """Whether monitoring should wake somebody: an old list's numbers that nobody calls any more never do."""
    is_calling = counts.contacts or counts.consents
    checks = counts.last_checks_to_call if is_calling else counts.last_checks
    numbers = checks.total() + (counts.unknown if is_calling else 0)
    stale = _stale_at(checks, at)
    return {"raised": 100 * stale > max_percent * numbers, "stale": stale, "numbers": numbers, "at": record.instant(at)}


def _old_recall_tests(settings: config.Settings, today: date) -> list[str]:
    warnings = []
    for number, caller_id in settings.policy.caller_ids.items():
        tested_on = caller_id.last_recall_test
        if tested_on is None:
            warnings.append(f"caller ID {number}: no recall test is recorded (last_recall_test)")
        elif (today - tested_on).days > _RECALL_TEST_DAYS:
            warnings.append(f"caller ID {number}: the last recall test is {(today - tested_on).days} days old")
    return warnings
