"""`agi-gate dossier`: all that is on record of a number, on one page, with a digest that can be checked."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_gate import __version__, config
from agi_gate.archive import Archive, ArchiveError
from agi_gate.explaining.dossier import sealed
from agi_gate.explaining.page import gap_words
from agi_gate.ops import dossier_files, exit_codes
from agi_gate.ops.decisions import Log
from agi_gate.ops.dossier_content import gathered
from agi_gate.ops.dossier_files import WrongFile
from agi_gate.ops.dossier_pdf import NoPdf
from agi_gate.ops.dossier_verify import Verified, verify
from agi_gate.ops.person import NobodyMeant, person_of
from agi_gate.ops.telling import add_language, language_of, shown
from agi_gate.store.unavailable import StoreUnavailable

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
            return _verify(arguments, log, Archive(settings.archive_path))
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
    content = gathered(number, controller, settings, log, PROGRAM, language, _say)
    whole = sealed(content)
    drawn = dossier_files.drawn(whole, language, path.suffix)
    is_listed = _remember(whole, Archive(settings.archive_path))
    dossier_files.write(path, drawn, arguments.force)
    print(f"{path}: {len(content['decisions']):,} decision(s), digest {whole['digest']}")
    incomplete = content["log"]["missing"]
    for gap in incomplete:
        _say(f"the dossier is not complete, and says so: {shown(gap_words(gap, language))}")
    return exit_codes.UNREACHABLE if incomplete or not is_listed else exit_codes.DONE


def _remember(whole: Mapping[str, Any], archive: Archive) -> bool:
    """Keep the digest, so that the file proves itself here; it is as good without, to whoever was told the digest."""
    try:
        archive.dossiers.remember(whole["digest"], datetime.fromisoformat(whole["dossier"]["made_at"]))
    except ArchiveError as error:
        _say(f"the digest could not be kept here, and only --expect will prove it: {error}")
        return False
    return True


# --- one is checked

def _verify(arguments: argparse.Namespace, log: Log, archive: Archive) -> int:
    found = verify(Path(arguments.verify), log, archive, PROGRAM, arguments.expect)
    if arguments.json:
        print(json.dumps({"verifies": not found.findings, "findings": found.findings, "notes": found.notes,
                          "unreadable": found.unread, "decisions": found.decisions, "digest": found.digest,
                          "proven_by": found.proven_by}, ensure_ascii=False))
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
    elif found.unread:
        print("what could be compared is as it was made")
    elif found.proven_by is not None:
        print(f"the dossier is as it was made, and its {found.decisions:,} decision(s) are in the log as it says")
    else:
        print(f"nothing differs that the log can show: its {found.decisions:,} decision(s) are in the log as it says; contact, consents, "
              "objections and checks can only be proven with --expect, by the digest that was told when it was made")
    if found.digest:
        print(f"digest: {found.digest}")


def _digest(text: str) -> str:
    text = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is no digest: 64 hex digits, as the dossier has them")
    return text


def _say(words: str) -> None:
    print(f"agi-gate dossier: {words}", file=sys.stderr)
