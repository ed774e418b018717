"""`agi-gate check`: decide as a call would, without hanging up, using up a call-back or writing a record."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import Any

from agi_gate import config, record
from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.answer import decide_call
from agi_gate.gate import Latest
from agi_gate.facts import BUSINESS, CONSUMER, OTHER, Facts
from agi_gate.ops import exit_codes
from agi_gate.ops.arguments import instant
from agi_gate.regime import ROME, regime_at
from agi_gate.rules.callback import ends_at
from agi_gate.rules.registry import check_expires_at
from agi_gate.store.reader import Store
from agi_gate.verdict import Reason


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "check", parents=[common], help="decide one call, as the gate would",
        description="Decide one call, as the gate would: nothing is hung up, used up or recorded.",
        epilog="example: agi-gate check 3331234500 --campaign acme-fibra --at 2026-10-14T11:00:00+02:00",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("destination", metavar="DEST", help="the number, as the dialplan would pass it")
    parser.add_argument("--campaign", required=True, metavar="C")
    parser.add_argument("--caller-id", metavar="N", help="as presented (default: the campaign's first)")
    parser.add_argument("--presentation", choices=("allowed", "restricted", "unavailable"), default="allowed")
    parser.add_argument("--trunk", metavar="T", default="", help="default: the campaign's")
    parser.add_argument("--at", metavar="TIME", type=instant,
                        help="ISO 8601 with an offset (default: now)")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    campaign = settings.policy.campaigns.get(arguments.campaign)
    caller_id = arguments.caller_id
    if caller_id is None:
        caller_id = campaign.caller_ids[0] if campaign else ""
    request = Request(arguments.destination, arguments.campaign, caller_id,
                      Presentation(arguments.presentation), arguments.trunk)
    store = Store.at(settings.store.url, settings.store.timeout_ms, settings.log.path)
    not_before = None
    if arguments.at is None:  # another time than now is not the clock's
        not_before = Latest.of(settings.log.path).not_before(store.seen.newest_load_at, settings.policy)
    call = understand(request, settings.policy, arguments.at or datetime.now(UTC), not_before)
    decided = decide_call(call, store, claim=False, fail=settings.policy.fail)
    facts, verdict = decided.facts, decided.verdict
    finding, regime = verdict.findings[0], regime_at(call.at)
    answer = {
        "verdict": verdict.outcome.value,
        "reason": verdict.reason.name,
        "reasons": verdict.reasons,
        "meaning": verdict.reason.meaning,
        "law": verdict.reason.source,
        "destination": call.destination.e164 if call.destination else None,
        "campaign": arguments.campaign,
        "controller": campaign.controller.id if campaign else None,
        "caller_id": call.caller_id.e164 if call.caller_id else None,
        "destination_sent": call.sent_destination if verdict.allows else None,
        "caller_id_sent": call.sent_caller_id if verdict.allows else None,
        "regime": regime.id if regime else None,
        "source": verdict.source,
        "at": record.instant(call.at),
        "check": finding.check and {
            "id": finding.check.id, "at": record.instant(finding.check.at), "enrolled": finding.check.enrolled,
            "good_until": record.instant(check_expires_at(finding.check.at))},
        "consent_granted_at": finding.consent and record.instant(finding.consent.granted_at),
        "callback": finding.callback and {
            "requested_at": record.instant(finding.callback.requested_at), "via": finding.callback.via or OTHER,
            "ends_at": record.instant(ends_at(finding.callback, call.callback_days))},
        "recipient": _recipient(facts, call),
        "statistics_basis": campaign and campaign.statistics_basis,
    }
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _tell(answer, call.at)
    if verdict.reason is Reason.STORE_UNAVAILABLE:
        print(f"agi-gate check: the store could not be read; see [store] url, or ${config.STORE_URL_VARIABLE}",
              file=sys.stderr)
        return exit_codes.UNREACHABLE
    return exit_codes.DONE if verdict.allows else exit_codes.DENIED


def _recipient(facts: Facts | None, call: Call) -> str | None:
    """Whose the number is, as the rules take it; None where nothing was looked up."""
    if facts is None:
        return None
    contact = facts.known_at(call.at).contact
    return BUSINESS if contact is not None and contact.is_business else CONSUMER


def _tell(answer: dict[str, Any], at: datetime) -> None:
    print(f"{answer['verdict']}  {answer['reason']}: {answer['meaning']}")
    rows = [
        ("number", answer["destination"] or "-"),
        ("at", f"{at.astimezone(ROME):%a %d %b %Y %H:%M:%S %z}, under the regime of {answer['regime']}"),
        ("campaign", f"{answer['campaign']}, controller {answer['controller'] or '-'}, "
                     f"caller ID {answer['caller_id'] or '-'}"),
        ("sent", f"{answer['destination_sent']}, caller ID {answer['caller_id_sent'] or '-'}, as the trunk takes them"
         if answer["destination_sent"] else ""),
        ("source", answer["source"] or "-"),
        ("also", ", ".join(answer["reasons"][1:])),
        ("check", f"{'enrolled' if answer['check']['enrolled'] else 'clear'} on {answer['check']['at']}, good until "
                  f"{answer['check']['good_until']}" if answer["check"] else ""),
        ("consent", f"granted {answer['consent_granted_at']}" if answer["consent_granted_at"] else ""),
        ("call-back", f"asked for on {answer['callback']['requested_at']} (via {answer['callback']['via']}), until "
                      f"{answer['callback']['ends_at']}" if answer["callback"] else ""),
        ("recipient", answer["recipient"] if answer["recipient"] == BUSINESS else ""),
        ("basis", answer["statistics_basis"] if answer["reason"] == Reason.STATISTICS.name else ""),
        ("law", answer["law"]),
    ]
    for name, value in rows:
        if value:
            print(f"  {name:<9} {value}")
