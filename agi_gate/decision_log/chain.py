"""A writer's chain: which head it holds, and what its next record goes on from.

Edge.  A writer takes the first head that nobody holds, for as long as it lives, or makes one, with a name that no chain
has had: so a folder of heads that was lost never makes a chain begin twice.  A head that a killed writer left open may
be one record behind the file; what stands behind it is looked for before the chain goes on.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agi_gate.decision_log import heads, linked
from agi_gate.decision_log.heads import Head
from agi_gate.disk import belong, new_folder
from agi_gate.record import Line

_NEW = Head(0, b"0" * 64, 0, True)
_MODE = 0o640
_PIECE = 1 << 20


class Chain:
    def __init__(self, name: str, descriptor: int, head: Head) -> None:
        self._name = name
        self._descriptor = descriptor  # of the head's file, locked
        self._head = head

    @classmethod
    def claim(cls, log: Path, file: int) -> Chain:
        """Take a chain of a log; `file` is its open file.  Raises OSError."""
        folder = heads.folder(log)
        with suppress(FileExistsError):
            new_folder(folder, 0o750)
        for path in sorted(folder.glob(f"*{heads.SUFFIX}")):
            with suppress(Exception):  # somebody's, another user's, or damaged: `log verify` tells that
                return cls._taken(path, log, file)
        name = secrets.token_hex(4)
        path = folder / f"{name}{heads.SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            belong(descriptor, folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            chain = cls(name, descriptor, _NEW)
            chain._save()
        except BaseException:
            os.close(descriptor)
            path.unlink()
            raise
        return chain

    @classmethod
    def _taken(cls, path: Path, log: Path, file: int) -> Chain:
        """The chain of a head that is there.  Raises whatever keeps it from being taken; then nothing of it is held."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            chain = cls(path.name.removesuffix(heads.SUFFIX), descriptor, heads.decode(os.pread(descriptor, heads.BYTES, 0)))
            chain._begin(log, file)
        except BaseException:
            os.close(descriptor)
            raise
        return chain

    def next(self, lines: Iterable[Line], size: int) -> tuple[bytes, Head]:
        """The lines as this chain's next records, to be written at that position, and the head after them."""
        head, written = self._head, []
        for line in lines:
            data, record_hash = line.linked(self._name, head.seq + 1, head.hash.decode(), head.ended)
            size += len(data) + 1
            written += [data, b"\n"]
            head = Head(head.seq + 1, record_hash.encode(), size, True)
        return b"".join(written), head

    def went_on(self, head: Head) -> None:
        """The records were written."""
        self._head = head
        with suppress(OSError):  # they are in the file, where the next writer of this chain looks for them
            self._save()

    def close(self) -> None:
        self._head = replace(self._head, open=False)
        with suppress(OSError):  # it stays open, and is looked after like that of a killed writer
            self._save()
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Let it go as a killed writer does."""
        os.close(self._descriptor)

    def _begin(self, log: Path, file: int) -> None:
        if self._head.open:
            self._head = self._last(log, file)
        self._head = replace(self._head, open=True)
        self._save()

    def _save(self) -> None:
        os.pwrite(self._descriptor, heads.encode(self._head), 0)

    def _last(self, log: Path, file: int) -> Head:
        """The head as it would be had its writer not been killed."""
        written_at, size = os.fstat(self._descriptor).st_mtime, os.fstat(file).st_size
        # not on a call's usual way: these modules bring the compression with them
        from agi_gate.decision_log import files, segment
        head, is_of_this_file = self._head, True
        for one in files.segments(log):
            # its file may have been rotated away meanwhile
            if one.file is not None and one.rotated_at.timestamp() >= int(written_at):
                is_of_this_file = False
                if one.file == one.compressed:
                    head = self._onwards(head, ((line, 0) for line in segment.lines(one.file)))
                else:
                    with one.file.open("rb") as lines:
                        head = self._onwards(head, ((line, 0) for line in lines))
        start = head.ended if is_of_this_file and head.ended <= size else 0
        return self._onwards(head, _lines(file, start))

    def _onwards(self, head: Head, lines: Iterable[tuple[bytes, int]]) -> Head:
        """The last record of this chain that goes on from a head."""
        mark = f'{{"v":2,"chain":"{self._name}",'.encode()
        for line, ended in lines:
            if line.startswith(mark):
                link = linked.read(line.rstrip(b"\n"))
                if isinstance(link, linked.Link) and link.seq == head.seq + 1 and link.prev == head.hash:
                    head = Head(link.seq, link.hash, ended, True)
        return head


def _lines(file: int, start: int) -> Iterator[tuple[bytes, int]]:
    """Lines from a position on, and where each ends."""
    rest, position, size = b"", start, os.fstat(file).st_size  # a device has no end
    while position + len(rest) < size and (data := os.pread(file, _PIECE, position + len(rest))):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            position += len(line) + 1
            yield line, position
    if rest:
        yield rest, position + len(rest)
