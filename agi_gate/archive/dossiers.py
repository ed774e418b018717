"""The digests of the dossiers that were made here, so that one can be known again: no number, no name, a file each.

Edge.  Nothing is ever taken away: a digest says nothing of a person, and a dossier may be shown years later.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from agi_gate.archive.folder import ArchiveError, appearing, explained, listing
from agi_gate.archive.receipts import who

VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Dossiers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remember(self, digest: str, made_at: datetime) -> None:
        """To be done before the dossier's file can be handed out."""
        said = {"v": VERSION, "made_at": made_at.astimezone(UTC).isoformat(), "made_by": who()}
        with appearing(self._path(digest)) as stream:
            stream.write(json.dumps(said).encode("utf-8", "backslashreplace") + b"\n")

    def has(self, digest: str) -> bool:
        path = self._path(digest)
        with explained(path):
            try:
                path.stat()
            except FileNotFoundError:
                return False
        return True

    def count(self) -> int:
        return len(listing(self._folder, ".json"))

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ArchiveError(f"`{digest}` is no SHA-256; it has 64 digits, 0 to 9 and a to f")
        return self._folder / f"{digest}.json"
