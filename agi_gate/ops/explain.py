"""`agi-gate explain`: the story of one decision, in plain sentences."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from agi_gate import config, record
from agi_gate.archive import Archive, ArchiveError
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import Language, Story, tell
from agi_gate.ops import exit_codes
from agi_gate.ops.check_receipts import receipts_of
from agi_gate.ops.decisions import Decision, Log
from agi_gate.ops.telling import add_language, language_of, print_sections, shown

_SHORTEST = 8  # characters of an id; that many are unique within a minute or so
_MOST_NAMED = 5


class _NotTold(Exception):
    """Why there is no story; the message has the way out."""

    def __init__(self, words: str, code: int) -> None:
        self.code = code
        super().__init__(words)


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "explain", parents=[common], help="tell the story of one decision",
        description="Tell in plain sentences who called whom for whom, what was known, which rule of which law decided,\n"
                    "and what would have to change for the opposite verdict.",
        epilog="example: agi-gate explain 0199e2ab41c7-5f3a9c --language it\n",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("decision", metavar="DECISION",
                        help=f"its id (GATE_DECISION_ID, agi-gate log), or the first {_SHORTEST} or more characters of it")
    add_language(parser)
    parser.add_argument("--json", action="store_true", help="the same as data")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    log = Log(settings, lambda words: print(f"agi-gate explain: {words}", file=sys.stderr))
    try:
        decision = _found(arguments.decision.strip().lower(), log)  # some write hex in capitals
        story = story_of(decision, settings, language_of(arguments))
    except _NotTold as error:
        print(f"agi-gate explain: {error}", file=sys.stderr)
        return error.code
    if arguments.json:
        print(json.dumps(story.as_json(), ensure_ascii=False))
    else:
        print_sections(story.title, story.sections)
    return exit_codes.DONE


def story_of(decision: Decision, settings: config.Settings, language: Language) -> Story:
    """A decision's story, with what the archive and the seal add to its record.  Raises _NotTold."""
    entry, notes = decision.entry, []
    receipts: dict[str, Any] = {}
    controller = entry["call"]["controller"]
    try:
        if controller is not None and (facts := record.facts_of(entry)) is not None:
            receipts = receipts_of(Archive(settings.archive_path), controller, (check.id for check in facts.checks))
    except ArchiveError as error:
        notes.append(language.text("record.receipts", why=error))
    except ValueError:
        pass  # the story says so
    if decision.link is not None:
        notes.append(language.text("record.place", chain=entry["chain"], seq=entry["seq"], hash=decision.hash))
    if decision.masked_at is not None:
        notes.append(language.text("record.masked_at", at=decision.masked_at))
    if decision.is_changed:
        notes.insert(0, language.text("record.changed"))
    names = {controller.id: controller.name for controller in settings.controllers.values() if controller.name}
    try:
        story = tell(entry, language, controllers=names, receipts=receipts, notes=notes)
    except ValueError as error:
        raise _NotTold(f"decision `{shown(entry['id'])}` cannot be told: {error}; it was changed, or another program wrote it "
                       "(agi-gate log verify says which)", exit_codes.NOT_PROVEN) from error
    story.data["record"] |= {
        "hash": decision.hash, "file": decision.path.name, "seal": decision.seal and decision.seal.digest,
        "masked_at": decision.masked_at and record.instant(decision.masked_at), "changed": decision.is_changed}
    return story


def _found(id_: str, log: Log) -> Decision:
    if len(id_) < _SHORTEST:
        raise _NotTold(f"`{shown(id_)}` is too short: give the whole id of a decision, or its first {_SHORTEST} or more "
                       "characters", exit_codes.USAGE)
    found: dict[str, Decision] = {}
    copies = 0
    # by its id: no key is needed
    for decision in log.find(Wanted(decision_prefix=id_), with_key=False):
        copies += decision.entry["id"] == id_ and id_ in found
        found.setdefault(decision.entry["id"], decision)
    if id_ in found:
        if copies:
            log.complain(f"decision `{shown(id_)}` stands {copies + 1} times in the log, and the first is told: records were "
                         "put in (agi-gate log verify says where)")
        return found[id_]
    if not found:
        missing = ("; a part of the log could not be read, and it may be there" if log.unread else
                   "; look with `agi-gate log --since ...`.  A call that was refused with LOG_UNAVAILABLE is in no log, and a "
                   "file past retention is gone")
        raise _NotTold(f"no decision in the log begins with `{shown(id_)}`{missing}",
                       exit_codes.UNREACHABLE if log.unread else exit_codes.NOT_ON_RECORD)
    if len(found) > 1:
        named = ", ".join(f"`{shown(name)}`" for name in list(found)[:_MOST_NAMED])
        raise _NotTold(f"{len(found)} decisions begin with `{shown(id_)}`: {named}{' ...' if len(found) > _MOST_NAMED else ''}; "
                       "give more characters", exit_codes.USAGE)
    return next(iter(found.values()))
