"""`agi-gate source`: where a contact came from, for the person who asks."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import Story
from agi_gate.explaining.origin import Origin
from agi_gate.facts import Facts
from agi_gate.ops import exit_codes
from agi_gate.ops.decisions import Log
from agi_gate.ops.first_loads import first_loads
from agi_gate.ops.person import NobodyMeant, add_person, person_of
from agi_gate.ops.telling import add_language, language_of, print_sections
from agi_gate.store.reader import Store
from agi_gate.store.unavailable import StoreUnavailable

_TIMEOUT_MS = 5_000  # people can wait longer than a call
_LOADS_S = 10.0  # and the one on the phone not for ever


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "source", parents=[common], help="where a contact came from",
        description="Tell where the contact came from, when, and by which consent with its evidence: from the store, and where\n"
                    "that does not know (any more), from the newest decision that does.  Exit code 8: nothing is on record.",
        epilog="example: agi-gate source 3331234500 --controller acme\n",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_person(parser)
    add_language(parser)
    parser.add_argument("--json", action="store_true", help="the same as data")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    try:
        number, controller = person_of(arguments, settings)
    except NobodyMeant as error:
        _say(str(error))
        return exit_codes.USAGE
    origin = Origin(number, controller, datetime.now(UTC), language_of(arguments))
    facts: Facts | None = None
    try:
        facts = Store.at(settings.store.url, max(_TIMEOUT_MS, settings.store.timeout_ms),
                         settings.log.path).facts_for(controller.id, number)
    except StoreUnavailable as error:
        _say(f"the store could not be read ({error}); see [store] url, or ${config.STORE_URL_VARIABLE}; this is what the "
             "decision log knows")
    story = None if facts is None else origin.of_store(
        facts, first_loads(Archive(settings.archive_path), controller.id, number, facts, _LOADS_S))
    code = exit_codes.DONE
    if story is None:
        story, code = _of_log(origin, number, controller.id, settings, facts)
    if arguments.json:
        print(json.dumps(story.as_json(), ensure_ascii=False))
    else:
        print_sections(story.title, story.sections)
    return exit_codes.UNREACHABLE if facts is None else code


def _of_log(origin: Origin, number: str, controller: str, settings: config.Settings, facts: Facts | None,
            ) -> tuple[Story, int]:
    log = Log(settings, _say)
    named = (one.entry for one in log.find(Wanted(number, controller=controller)) if one.entry["source"])
    # a decision for which nothing was looked up names its campaign's list, whatever row the number has
    newest = max(named, key=lambda entry: (entry["facts"] is not None, entry["source"] != record.MASKED,
                                           datetime.fromisoformat(entry["at"])), default=None)
    if newest is not None:
        return origin.of_decision(newest, facts), exit_codes.DONE
    missing = bool(log.hidden or log.unread)
    campaigns = [one for one in settings.policy.campaigns.values() if one.controller.id == controller]
    return (origin.nothing(facts, bool(log.hidden), bool(log.unread), campaigns),
            exit_codes.UNREACHABLE if missing else exit_codes.NOT_ON_RECORD)


def _say(words: str) -> None:
    print(f"agi-gate source: {words}", file=sys.stderr)
