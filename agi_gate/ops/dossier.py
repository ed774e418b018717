"""`agi-gate dossier`: all that is on record of a number, on one page, with a digest that can be checked."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agi_gate import __version__, config
from agi_gate.archive import Archive, ArchiveError
from agi_gate.decision_log import files, sealing
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import Language
from agi_gate.explaining.dossier import Placed, content_of, sealed
from agi_gate.facts import Facts
from agi_gate.ops import dossier_files, exit_codes
from agi_gate.ops.check_receipts import receipts_of, told
from agi_gate.ops.decisions import Log
from agi_gate.ops.dossier_files import WrongFile
from agi_gate.ops.dossier_pdf import NoPdf
from agi_gate.ops.dossier_verify import Verified, verify
from agi_gate.ops.person import NobodyMeant, person_of
from agi_gate.ops.telling import add_language, language_of, shown
from agi_gate.policy import Controller
from agi_gate.store.check_records import check_records
from agi_gate.store.reader import Store
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable

_TIMEOUT_MS = 5_000
PROGRAM = f"agi-gate {__version__}"


class _Usage(Exception):
    """What is asked for cannot be asked like that."""


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "dossier", parents=[common], help="all that is on record of a number, on one page",
        description="Write all that is on record of a number for a controller: contact, consents, objections, registry checks\n"
                    "with receipts, every decision.  The file's ending says which form: .html, .json, .pdf.  It has a digest;\n"
                    "--verify computes it again, and compares each decision with the log.  Exit code 7: something differs.",
        epilog="examples:\n"
               "  agi-gate dossier 3331234500 --controller acme --out fascicolo.html --language it\n"
               "  agi-gate dossier --verify fascicolo.html\n",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", metavar="NUMBER", nargs="?", help="E.164 or the Italian national form")
    parser.add_argument("--controller", metavar="C", help="on whose behalf: an id of [controllers]")
    parser.add_argument("--out", metavar="FILE", help="FILE.html, FILE.json or FILE.pdf (mode 0600)")
    parser.add_argument("--force", action="store_true", help="write over the file that is there")
    add_language(parser)
    parser.add_argument("--verify", metavar="FILE", help="check a file that was made before")
    parser.add_argument("--expect", metavar="DIGEST", action="append", default=[], type=_digest,
                        help="with --verify: the digest that the file had when it was handed over")
    parser.add_argument("--json", action="store_true", help="with --verify: what was found, for a machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    log = Log(settings, _say)
    try:
        if arguments.verify is not None:
            _refuse_both(arguments)
            return _verify(arguments, log)
        return _make(arguments, settings, log)
    except (_Usage, NobodyMeant, WrongFile, NoPdf) as error:
        _say(f"{error}; nothing was written" if arguments.verify is None else str(error))
        return exit_codes.USAGE
    except StoreUnavailable as error:
        _say(f"the store could not be read ({error}); see [store] url, or ${config.STORE_URL_VARIABLE}; nothing was written")
        return exit_codes.UNREACHABLE


def _refuse_both(arguments: argparse.Namespace) -> None:
    if arguments.number is not None or arguments.out is not None or arguments.controller is not None:
        raise _Usage("--verify takes a file alone: no number, no --controller, no --out")


# --- one is made

def _make(arguments: argparse.Namespace, settings: config.Settings, log: Log) -> int:
    missing = [name for name, value in (("NUMBER", arguments.number), ("--controller", arguments.controller),
                                        ("--out", arguments.out)) if value is None]
    if missing:
        raise _Usage(f"{', '.join(missing)} missing: agi-gate dossier NUMBER --controller C --out FILE.html")
    if arguments.expect or arguments.json:
        raise _Usage("--expect and --json go with --verify; a dossier as data is --out FILE.json")
    path = dossier_files.path_for(arguments.out, arguments.force)
    number, controller = person_of(arguments, settings)
    language = language_of(arguments)
    content = _content(number, controller, settings, log, language)
    whole = sealed(content)
    dossier_files.write(path, dossier_files.drawn(whole, language, path.suffix), arguments.force)
    print(f"{path}: {len(content['decisions']):,} decision(s), digest {whole['digest']}")
    incomplete = content["log"]["missing"]
    for words in incomplete:
        _say(f"the dossier is not complete, and says so: {shown(words)}")
    return exit_codes.UNREACHABLE if incomplete else exit_codes.DONE


def _content(number: str, controller: Controller, settings: config.Settings, log: Log, language: Language) -> dict[str, Any]:
    """Raises StoreUnavailable."""
    timeout_ms = max(_TIMEOUT_MS, settings.store.timeout_ms)
    servers = Servers.at(settings.store.url, timeout_ms)
    facts = Store(servers, timeout_ms).facts_for(controller.id, number)
    receipts, missing = _receipts(facts, controller.id, settings, servers)
    decisions = [Placed(one.entry, one.hash, one.path.name, one.seal.digest if one.seal else None, one.is_changed)
                 for one in log.find(Wanted(number, controller=controller.id))]
    said = _log(log, settings.log.path)
    said["missing"] = missing + said["missing"]
    return content_of(number, controller.id, controller.name, facts, receipts, decisions, said, datetime.now(UTC), PROGRAM,
                      language)


def _receipts(facts: Facts, controller: str, settings: config.Settings, servers: Servers,
              ) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Of the checks, by id: what the store keeps beside them, and what the archive's receipts say over that."""
    ids = [check.id for check in facts.checks]
    found = {id_: told(said) for id_, said in check_records(servers, controller, ids).items()}
    archive = Archive(settings.archive_path)
    try:
        for id_, said in receipts_of(archive, controller, ids).items():
            found[id_] = said | {"archived": archive.feeds.has(said["sha256"]) if "sha256" in said else False}
    except ArchiveError as error:
        return found, [str(error).replace(f"{settings.archive_path}/", "")]
    return found, []


def _log(log: Log, path: Path) -> dict[str, Any]:
    """Which files were searched and which could not be, with file names alone: the paths are nobody else's business."""
    segments = files.segments(path)
    removed, missing, newest = [], [], None
    for segment in segments:
        try:
            seal = sealing.read(segment.seal)
        except (sealing.SealError, FileNotFoundError):
            if segment.file is None:
                missing.append(f"{segment.name} is missing, and so is its seal")
            continue
        newest = seal.digest
        if segment.file is None and seal.was_removed:
            removed.append({"segment": segment.name, "first_at": seal.seal["first_at"], "last_at": seal.seal["last_at"],
                            "removed_at": seal.file["removed_at"]})
        elif segment.file is None:
            missing.append(f"{segment.compressed.name} is missing")
    missing += [words.replace(f"{path.parent}/", "") for words in (*log.unread, *log.hidden)]
    return {"files": len(log.paths()), "removed": removed, "missing": missing, "newest_seal": newest}


# --- one is checked

def _verify(arguments: argparse.Namespace, log: Log) -> int:
    found = verify(Path(arguments.verify), log, PROGRAM, arguments.expect)
    if arguments.json:
        print(json.dumps({"verifies": not found.findings, "findings": found.findings, "notes": found.notes,
                          "unreadable": found.unread, "decisions": found.decisions, "digest": found.digest}, ensure_ascii=False))
    else:
        _tell(found)
    if found.findings:
        return exit_codes.NOT_PROVEN
    return exit_codes.UNREACHABLE if found.unread else exit_codes.DONE


def _tell(found: Verified) -> None:
    for words in found.findings:
        print(shown(words))
    for words in found.notes:
        print(f"note: {shown(words)}")
    if found.findings:
        print(f"THE DOSSIER DOES NOT VERIFY: {len(found.findings)} finding(s)")
    else:
        print(f"the dossier is as it was made, and its {found.decisions:,} decision(s) are in the log as it says"
              if not found.unread else "what could be compared is as it was made")
    if found.digest:
        print(f"digest: {found.digest}")


def _digest(text: str) -> str:
    text = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is no digest: 64 hex digits, as the dossier has them")
    return text


def _say(words: str) -> None:
    print(f"agi-gate dossier: {words}", file=sys.stderr)
