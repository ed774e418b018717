"""`agi-gate status`: per controller what is known, how old it is, and what goes stale when."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from agi_gate import config, record
from agi_gate.ops import exit_codes
from agi_gate.regime import ROME
from agi_gate.rules.registry import check_expires_at
from agi_gate.store import census
from agi_gate.store.reader import StoreUnavailable, connect

_TIMEOUT_MS = 30_000
_HORIZONS_DAYS = (1, 3, 7, 15)
# AGCOM 156/18/CIR asks that a caller ID can be called back; an old test is a warning, never a denial
_RECALL_TEST_DAYS = 90
_SHOWN_LOADS = 5


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("status", parents=[common], help="what is known, how old it is, what goes stale when")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    client, now = connect(settings.store.url, _TIMEOUT_MS), datetime.now(UTC)
    try:
        controllers = {id_: _status(census.take(client, id_), now) for id_ in settings.controllers}
    except StoreUnavailable as error:
        print(f"agi-gate status: the store could not be read ({error}); see [store] url", file=sys.stderr)
        return exit_codes.UNREACHABLE
    warnings = _old_recall_tests(settings, now.astimezone(ROME).date())
    if arguments.json:
        print(json.dumps({"at": record.instant(now), "controllers": controllers, "warnings": warnings}))
    else:
        _tell(settings, controllers, warnings)
    return exit_codes.DONE


def _status(counts: census.Census, now: datetime) -> dict[str, Any]:
    expiries = [(check_expires_at(at), count) for at, count in counts.checked_at_counts.items()]
    instants = sorted(counts.checked_at_counts)
    return {
        "numbers": counts.numbers,
        "enrolled": counts.enrolled,
        "clear": counts.clear,
        "stale": sum(count for expiry, count in expiries if expiry < now),
        "stale_within_days": {
            str(days): sum(count for expiry, count in expiries if now <= expiry < now + timedelta(days=days))
            for days in _HORIZONS_DAYS},
        "oldest_check": record.instant(instants[0]) if instants else None,
        "newest_check": record.instant(instants[-1]) if instants else None,
        "contacts": counts.contacts,
        "consents": counts.consents,
        "consents_revoked": counts.revoked,
        "objections": counts.objections,
        "callbacks": counts.callbacks,
        "rests": counts.rests,
        "loads": counts.loads[-_SHOWN_LOADS:],
    }


def _old_recall_tests(settings: config.Settings, today: date) -> list[str]:
    warnings = []
    for number, caller_id in settings.policy.caller_ids.items():
        tested_on = caller_id.last_recall_test
        if tested_on is None:
            warnings.append(f"caller ID {number}: no recall test is recorded (last_recall_test)")
        elif (today - tested_on).days > _RECALL_TEST_DAYS:
            warnings.append(f"caller ID {number}: the last recall test is {(today - tested_on).days} days old")
    return warnings


def _tell(settings: config.Settings, controllers: dict[str, dict[str, Any]], warnings: list[str]) -> None:
    console = Console()
    table = Table(title="per controller", title_justify="left")
    table.add_column("")
    for id_ in controllers:
        table.add_column(id_, justify="right")
    rows = ("numbers", "enrolled", "clear", "stale", "oldest_check", "newest_check", "contacts", "consents",
            "consents_revoked", "objections", "callbacks", "rests")
    for name in rows:
        table.add_row(name.replace("_", " "), *(_cell(status[name]) for status in controllers.values()))
    for days in _HORIZONS_DAYS:
        table.add_row(f"stale within {days} d",
                      *(_cell(status["stale_within_days"][str(days)]) for status in controllers.values()))
    console.print(table)
    for id_, status in controllers.items():
        for load in status["loads"]:
            receipt = f", receipt {load['receipt']}" if load.get("receipt") else ""
            print(f"{load['loaded_at']}  {id_}  {load['feed']} {load['file']}: {load['rows']:,} rows{receipt}")
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)[:16].replace("T", " ")
