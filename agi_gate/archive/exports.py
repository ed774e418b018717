"""What was sent to the registry: one entry a file, with its numbers, so that the answer can be told by them.

Edge.  The numbers lie in a file of their own, beside a description small enough to look through years of exports.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import zstandard

from agi_gate.archive.folder import ArchiveError, appearing, explained, listing, remove
from agi_gate.columns import Numbers

VERSION = 1
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,80}", re.ASCII)
_PIECE = 1 << 20  # numbers


@dataclass(frozen=True, slots=True)
class Export:
    """One file for the registry.

    `run` is what the parts of one export share, and what an export of one file is called.
    """

    run: str
    controller: str
    created_at: datetime
    part: int   # from 1
    parts: int
    file: str
    sha256: str  # of the file that was sent
    count: int
    first: int  # the smallest and the largest number, E.164 digits
    last: int
    stale_within_s: int
    exported_by: str

    @property
    def id(self) -> str:
        """What `--export` names: run, or run.part."""
        return self.run if self.parts == 1 else f"{self.run}.{self.part}"


class Exports:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remember(self, export: Export, numbers: Numbers) -> None:
        """Keep what one file holds; `numbers` ascending and distinct.  To be done before the file can be sent."""
        numbers_path, path = self._paths(export.id)
        if len(numbers) != export.count or not export.count:
            raise ArchiveError(f"export `{export.id}` says {export.count:,} numbers and holds {len(numbers):,}")
        digest = hashlib.sha256()
        with appearing(numbers_path) as stream:
            # neighbours differ by little: what is kept is the way from each to the next
            with zstandard.ZstdCompressor().stream_writer(stream, closefd=False) as packed:
                for steps in _steps(numbers):
                    digest.update(steps)
                    packed.write(steps)
        described = asdict(export) | {"v": VERSION, "created_at": export.created_at.astimezone(UTC).isoformat(),
                                      "steps_sha256": digest.hexdigest()}
        with appearing(path) as stream:  # last: an export without it was never remembered
            text = json.dumps(described, ensure_ascii=False, indent=1)
            stream.write(text.encode("utf-8", "backslashreplace") + b"\n")

    def all(self) -> list[Export]:
        """Every export, the newest first, a run's parts in their order."""
        exports = [self._read(path)[0] for path in listing(self._folder, ".json")]
        exports.sort(key=lambda export: export.part)
        return sorted(exports, key=lambda export: (export.created_at, export.run), reverse=True)

    def numbers(self, export: Export) -> Numbers:
        """The numbers that were sent, ascending: all of them, or an ArchiveError."""
        numbers_path, path = self._paths(export.id)
        _, steps_sha256 = self._read(path)
        damaged = ArchiveError(f"the archive's `{numbers_path}` is damaged or gone; bring it back from where the "
                               f"archive is saved, or say with --export which export the file answers")
        with explained(numbers_path):
            try:
                with numbers_path.open("rb") as file:
                    unpacked = zstandard.ZstdDecompressor().stream_reader(file).read(export.count * 8 + 1)
            except (FileNotFoundError, zstandard.ZstdError) as error:
                raise damaged from error
        if len(unpacked) != export.count * 8 or hashlib.sha256(unpacked).hexdigest() != steps_sha256:
            raise damaged
        return np.cumsum(np.frombuffer(unpacked, "<i8"), dtype=np.int64)

    def drop(self, export: Export) -> None:
        """Forget an export: its description first, since without it the numbers were never remembered."""
        numbers_path, path = self._paths(export.id)
        remove(path)
        remove(numbers_path)

    def _read(self, path: Path) -> tuple[Export, str]:
        with explained(path):
            text = path.read_bytes()
        try:
            described = json.loads(text)
            version, steps_sha256 = described.pop("v"), described.pop("steps_sha256")
            if version != VERSION:
                raise ValueError(f"version {version}")
            return Export(**described | {"created_at": datetime.fromisoformat(described["created_at"])}), steps_sha256
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(f"the export `{path}` cannot be read; bring it back from where the archive is "
                               "saved, or take it out of the archive") from error

    def _paths(self, id_: str) -> tuple[Path, Path]:
        if not _ID.fullmatch(id_):
            raise ArchiveError(f"`{id_}` is no id; it has letters, digits, `.`, `_` and `-`")
        return self._folder / f"{id_}.zst", self._folder / f"{id_}.json"


def _steps(numbers: Numbers) -> Iterator[bytes]:
    before = np.int64(0)
    for start in range(0, len(numbers), _PIECE):
        piece = numbers[start:start + _PIECE]
        yield np.diff(piece, prepend=before).astype("<i8").tobytes()
        before = piece[-1]
