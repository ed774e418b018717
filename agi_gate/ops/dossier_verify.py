"""Whether a dossier's file is what was made, and says of each decision what the decision log says.

Joint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agi_gate import record
from agi_gate.decision_log import files, sealing
from agi_gate.decision_log.wanted import Wanted
from agi_gate.explaining import LANGUAGES
from agi_gate.explaining.dossier import FORMAT, digest_of
from agi_gate.ops import dossier_files, dossier_pdf
from agi_gate.ops.decisions import Decision, Log

_BROKEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass
class Verified:
    """`findings` are what is not as it was made; `notes` what could not be compared."""

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    decisions: int = 0
    digest: str = ""


def verify(path: Path, log: Log, program: str, expected: list[str]) -> Verified:
    """Raises WrongFile where the file cannot be read at all."""
    found = Verified()
    try:
        content, whole = dossier_files.read(path)
    except dossier_files.Unreadable as error:
        found.findings.append(str(error))
        return found
    dossier = whole["dossier"]
    found.digest = digest_of(dossier)
    found.findings += _digests(whole, found.digest)
    found.findings += [f"the digest {digest} was expected, and this file's is {found.digest}: it is another file, or was "
                       "made anew" for digest in expected if digest != found.digest]
    try:
        if dossier["format"] != FORMAT:
            found.findings.append(f"it is no dossier of the form `{FORMAT}`")
            return found
        _compare_page(path, content, whole, program, found)
        _compare_decisions(dossier, log, found)
    except _BROKEN:
        found.findings.append("a part of it has another form than this program gives it")
    found.unread = log.unread
    return found


def _digests(whole: Mapping[str, Any], digest: str) -> Iterator[str]:
    dossier, parts = whole["dossier"], whole["parts"]
    for name in sorted({*dossier, *parts}):
        if name not in dossier:
            yield f"its part `{name}` is missing"
        elif name not in parts:
            yield f"its part `{name}` was put in"
        elif digest_of(dossier[name]) != parts[name]:
            yield f"its part `{name}` was changed: the digest of it is another"
    if digest != whole["digest"]:
        yield f"its data have the digest {digest}, and it says {whole['digest'][:64]}: data or digest were changed"


def _compare_page(path: Path, content: bytes, whole: Mapping[str, Any], program: str, found: Verified) -> None:
    """What people read against what its data would give."""
    dossier = whole["dossier"]
    if dossier["program"] != program:
        found.notes.append(f"it was made by {str(dossier['program'])[:40]}, and this is {program}: its data were "
                           "compared, not the page that is drawn of them")
        return
    ending = path.suffix.lower()
    if ending == ".pdf" and not dossier_pdf.is_drawn_alike(content):
        found.notes.append("another version of fpdf2 drew it, or none is installed: its data were compared, not the page "
                           "that is drawn of them")
        return
    if dossier_files.drawn(whole, LANGUAGES[dossier["language"]], ending) != content:
        found.findings.append("the page is not the one that its data give: what people read in it was changed")


def _compare_decisions(dossier: Mapping[str, Any], log: Log, found: Verified) -> None:
    for said in dossier["decisions"]:
        found.decisions += 1
        name = f"decision `{said['id']}`"
        at_hand = list(log.find(Wanted(decision=said["id"]), with_key=False))
        if not at_hand:
            if _is_past_retention(said, log):
                found.notes.append(f"{name} is past retention: its record was removed, and the seal of its file is kept")
            elif not log.unread:
                found.findings.append(f"{name} is not in the log")
            continue
        differing = [_differing(said, decision) for decision in at_hand]
        if all(differing):
            found.findings.append(f"{name} is in the log with another {', '.join(differing[0])}")


def _differing(said: Mapping[str, Any], decision: Decision) -> list[str]:
    entry, call = decision.entry, decision.entry["call"]
    pairs = {"record hash": (said["hash"], decision.hash), "chain": (said["chain"], entry["chain"]),
             "number in its chain": (said["seq"], entry["seq"]),
             "time": (said["at"], record.instant(datetime.fromisoformat(entry["at"]))),
             "verdict": (said["verdict"], entry["verdict"]), "reason": (said["reason"], entry["reason"]),
             "list of reasons": (list(said["reasons"]), list(entry["reasons"])),
             "campaign": (said["campaign"], call["campaign"]), "caller ID": (said["caller_id"], call.get("caller_id", "")),
             "source": (said["source"], entry["source"])}
    names = [name for name, (one, other) in pairs.items() if one != other]
    if said["seal"] is not None and (decision.seal is None or decision.seal.digest != said["seal"]):
        names.append("seal")
    if decision.is_changed and not said["changed"]:
        names.append("personal part")
    return names


def _is_past_retention(said: Mapping[str, Any], log: Log) -> bool:
    for segment in files.segments(log.settings.log.path):
        try:
            seal = sealing.read(segment.seal) if segment.file is None else None
        except (sealing.SealError, FileNotFoundError):
            continue
        if seal is None or not seal.was_removed:
            continue
        ends = seal.seal["chains"].get(said["chain"])
        if ends is not None and ends["first_seq"] <= said["seq"] <= ends["last_seq"]:
            return True
    return False
