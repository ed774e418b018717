"""A dossier's content, gathered from the store, the archive, the decision log and the configuration.

Joint.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from agi_gate import config
from agi_gate.archive import Archive, ArchiveError
from agi_gate.explaining import Language
from agi_gate.explaining.dossier import content_of
from agi_gate.facts import Facts
from agi_gate.ops.check_receipts import receipts_of, told
from agi_gate.ops.decisions import Log
from agi_gate.ops.dossier_log import account_of, decisions_of, placed
from agi_gate.ops.first_loads import first_loads
from agi_gate.policy import Controller
from agi_gate.store.check_records import check_records
from agi_gate.store.reader import Store
from agi_gate.store.servers import Servers

_TIMEOUT_MS = 5_000
_LOADS_S = 60.0  # a dossier is made once


def gathered(number: str, controller: Controller, settings: config.Settings, log: Log, program: str, language: Language,
             say: Callable[[str], None]) -> dict[str, Any]:
    """Raises StoreUnavailable."""
    now = datetime.now(UTC)  # before anything is read: what is decided from here on is another dossier's
    timeout_ms = max(_TIMEOUT_MS, settings.store.timeout_ms)
    servers = Servers.at(settings.store.url, timeout_ms)
    facts = Store(servers, timeout_ms).facts_for(controller.id, number)
    receipts, missing = _receipts(facts, controller.id, settings, servers, say)
    found = decisions_of(log, number, controller.id)
    account = account_of(log, found)
    account["missing"] = missing + account["missing"]
    sources = {campaign.id: campaign.source for campaign in settings.policy.campaigns.values()
               if campaign.controller.id == controller.id and campaign.source}
    loads = first_loads(Archive(settings.archive_path), controller.id, number, facts, _LOADS_S)
    return content_of(number, controller, facts, receipts, [placed(one) for one in found.decisions], account, now, program,
                      language, sources, loads, settings.policy.callback_days)


def _receipts(facts: Facts, controller: str, settings: config.Settings, servers: Servers, say: Callable[[str], None],
              ) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Of the checks, by id: what the store keeps beside them, and what the archive's receipts say over that; what is missing."""
    ids = [check.id for check in facts.checks]
    found = {id_: told(said) for id_, said in check_records(servers, controller, ids).items()}
    archive = Archive(settings.archive_path)
    try:
        for id_, said in receipts_of(archive, controller, ids).items():
            found[id_] = said | {"archived": archive.feeds.has(said["sha256"]) if "sha256" in said else False}
    except ArchiveError as error:
        say(str(error))
        return found, [{"what": "receipts", "file": None}]
    return found, []
