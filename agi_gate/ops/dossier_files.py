"""A dossier's file: which form its name asks for, written whole or not at all, and read back.

Joint.  It is as personal as a file can be: nobody but its owner may read it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agi_gate.disk import sync_folder
from agi_gate.explaining import Language
from agi_gate.explaining.dossier import clean
from agi_gate.ops import dossier_html, dossier_pdf

_MODE = 0o600
ENDINGS = (".html", ".json", ".pdf")


class WrongFile(Exception):
    """Why a file cannot be written or read; the message has the way out."""


class Unreadable(WrongFile):
    """It is there and readable, and holds no dossier (any more)."""


def path_for(out: str, force: bool) -> Path:
    """Where a dossier goes, looked at before any work.  Raises WrongFile."""
    path = Path(out)
    if path.suffix.lower() not in ENDINGS:
        raise WrongFile(f"--out: `{out}` ends in none of {', '.join(ENDINGS)}; the ending says which form it is to have")
    if (path.exists() or path.is_symlink()) and not force:
        raise WrongFile(f"--out: `{out}` is there already; name another file, or write over it with --force")
    if path.exists() and not path.is_file():
        raise WrongFile(f"--out: `{out}` is no regular file; name another")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise WrongFile(f"--out: no file can be made in {path.parent}; name another folder")
    return path


def drawn(whole: Mapping[str, Any], language: Language, ending: str) -> bytes:
    """A dossier in the form that a file name's ending asks for.  Raises NoPdf."""
    if ending.lower() == ".html":
        return dossier_html.html(whole, language)
    if ending.lower() == ".pdf":
        return dossier_pdf.pdf(whole, language)
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def write(path: Path, content: bytes, force: bool) -> None:
    """The file appears whole, and in place of another only with `force`.  Raises WrongFile."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if force:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)  # unlike a rename it takes nobody's place
        sync_folder(path.parent)
    except FileExistsError as error:
        raise WrongFile(f"--out: `{path}` has come to be meanwhile; name another file, or write over it with --force") from error
    except OSError as error:
        raise WrongFile(f"--out: `{path}` could not be written ({error.strerror}); name another file") from error
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """A file's bytes, and the dossier in it.  Raises WrongFile, Unreadable."""
    readers: dict[str, Callable[[bytes], Any]] = {".html": dossier_html.data_of, ".pdf": dossier_pdf.data_of, ".json": json.loads}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WrongFile(f"`{path}` ends in none of {', '.join(ENDINGS)}: it is no dossier's file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WrongFile(f"`{path}` cannot be read: {error.strerror}") from error
    try:
        whole = clean(reader(content))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"`{path}` holds no dossier, or it was damaged or edited: its data cannot be read") from error
    if not (isinstance(whole, dict) and isinstance(whole.get("dossier"), dict) and isinstance(whole.get("digest"), str)
            and isinstance(whole.get("parts"), dict)):
        raise Unreadable(f"`{path}` holds no dossier, or it was damaged or edited: its data are of another form")
    return content, whole
