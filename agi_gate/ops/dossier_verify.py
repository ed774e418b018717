"""Whether a dossier's file is what was made, and says of each decision what the decision log says.

Joint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agi_gate.archive import Archive, ArchiveError
from agi_gate.explaining import LANGUAGES
from agi_gate.explaining.dossier import FORMAT, digest_of
from agi_gate.ops import dossier_files, dossier_pdf
from agi_gate.ops.decisions import Log
from agi_gate.ops.dossier_decisions import Comparison

_BROKEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass
class Verified:
    """`findings` are what is not as it was made; `notes` what could not be compared."""

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    decisions: int = 0
    digest: str = ""
    proven_by: str | None = None  # expect or archive: the digest is one that was kept; None: nothing proves it


def verify(path: Path, log: Log, archive: Archive, program: str, expected: list[str]) -> Verified:
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
        found.decisions = len(dossier["decisions"])
        comparison = Comparison(dossier, log, dossier["program"] == program)
        comparison.compare()
        found.findings += comparison.findings
        found.notes += comparison.notes
    except _BROKEN:
        found.findings.append("a part of it has another form than this program gives it")
    found.unread += [*log.unread, *log.hidden]
    _prove(found, expected, archive)
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


def _prove(found: Verified, expected: list[str], archive: Archive) -> None:
    """What the log does not know rests on the digest alone: it was kept by whom the dossier was handed to, or here."""
    if expected:
        found.proven_by = "expect" if found.digest in expected else None
        return
    try:
        if archive.dossiers.has(found.digest):
            found.proven_by = "archive"
        elif known := archive.dossiers.count():
            found.findings.append(f"its digest is none of those of the {known:,} dossier(s) that were made here: it was made anew, or "
                                  "elsewhere; the digest that was told when it was made proves it (--expect)")
    except ArchiveError as error:
        found.unread.append(str(error))
