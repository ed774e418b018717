"""Files that appear whole or not at all, and the words for a disk that will not have them.

Edge.  What is being written has a name of its own (`.partial-...`) and is locked by its writer: a partial file that
nobody holds was left by a kill, and the next writer in that folder takes it away.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from agi_gate.disk import belong, new_folder, sync_folder

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_PARTIAL = ".partial-"
_BUFFER_BYTES = 1 << 20
_FULL = "there is no more room; make some there, or name another folder with [archive] path"
_NOT_ALLOWED = "this user may not; run it as the user who owns the archive, or give the folder to this one"
_ABSENT = "make the folder that it lies in, or name another with [archive] path"
_WAYS_OUT = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL, errno.EACCES: _NOT_ALLOWED,
             errno.EPERM: _NOT_ALLOWED, errno.EROFS: _NOT_ALLOWED, errno.ENOENT: _ABSENT, errno.ENOTDIR: _ABSENT}


class ArchiveError(Exception):
    """The archive could not be written, or what it holds cannot be read; the message has the way out."""


class ArchiveDamaged(ArchiveError):
    """What the archive holds is not what was put into it."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the disk says of `path` into an ArchiveError."""
    try:
        yield
    except OSError as error:
        way_out = _WAYS_OUT.get(error.errno or 0, "look after the disk, or name another folder with [archive] path")
        raise ArchiveError(f"the archive's `{path}`: {error.strerror or error}; {way_out}") from error


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes are under `path` once the block has ended well, synced, in place of what was there.

    An OSError of the block counts as the archive's: what is read from elsewhere in it raises errors of its own.
    """
    with explained(path):
        make_folder(path.parent)
        _sweep(path.parent)
        partial, stream = _open_partial(path.parent)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                os.replace(partial, path)  # while it is locked: nobody sweeps it up
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a room of the archive, and the archive's own folder around it; not what that lies in."""
    for one in (folder.parent, folder):
        try:
            new_folder(one, _FOLDER_MODE)
        except FileExistsError:
            continue
        sync_folder(one.parent)


def probe(folder: Path) -> None:
    """See to it that a file can be put into a folder; it is made if it is not there."""
    with explained(folder):
        make_folder(folder)
        partial, stream = _open_partial(folder)
        with stream:
            partial.unlink()


def remove(path: Path) -> None:
    """Take a file away, if it is there."""
    with explained(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return
        sync_folder(path.parent)


def listing(folder: Path, suffix: str) -> list[Path]:
    """The folder's whole files of that suffix, by name; none where there is no folder."""
    with explained(folder):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return []
        return [folder / name for name in sorted(names) if name.endswith(suffix) and not name.startswith(".")]


def _open_partial(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        path = folder / f"{_PARTIAL}{secrets.token_hex(8)}"
        stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE), "wb",
                           buffering=_BUFFER_BYTES)
        belong(stream.fileno(), folder)
        fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink:
            return path, stream
        stream.close()  # swept up by another writer before it was locked


def _sweep(folder: Path) -> None:
    for name in os.listdir(folder):
        if not name.startswith(_PARTIAL):
            continue
        try:
            with (folder / name).open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (folder / name).unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            pass  # its writer is at work, or was done just now
