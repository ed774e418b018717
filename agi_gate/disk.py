"""Files that appear whole and outlast a loss of power, and files of people's data: theirs alone who may read them.

Edge, the ground under the other edges: it knows folders and files, and nothing of what is in them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A stream whose bytes are under `path` once the block has ended well, synced, in place of what was there.

    For one writer at a time: what a kill leaves, the next attempt writes over.  Raises OSError.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode),
                       "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            belong(stream.fileno(), path.parent)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def new_file(path: Path, mode: int) -> BinaryIO:
    """A file that was not there, open for writing: it takes nobody's place, and no link is followed.

    Raises FileExistsError, OSError.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    os.fchmod(descriptor, mode)  # whatever the umask is
    return os.fdopen(descriptor, "wb")


@contextmanager
def appearing(path: Path, mode: int, *, over: bool) -> Iterator[BinaryIO]:
    """A stream whose bytes are under `path` once the block has ended well, synced: a new file.

    `over`: also in place of what is there; of a link, the link's.  Raises FileExistsError, OSError.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with new_file(partial, mode) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if over:
            os.replace(partial, path)
        else:
            os.link(partial, path)  # unlike a rename it takes nobody's place
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def belong(descriptor: int, folder: Path) -> None:
    """Give a file of root's to the owner of the folder that it is in; what is somebody else's stays theirs.

    A load or an upkeep by root would else leave files that the gate's own user cannot read.  Where a disk or a container
    lets nobody be the owner, it stays as it is.
    """
    if os.geteuid() == 0 and os.fstat(descriptor).st_uid == 0:
        with suppress(OSError):
            owner = os.stat(folder)
            if owner.st_uid != 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)


def new_folder(path: Path, mode: int) -> None:
    """Make a folder, which belongs to the owner of the one around it.  Raises FileExistsError, OSError."""
    path.mkdir(mode)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        belong(descriptor, path.parent)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """See to it that names which were made or taken away outlast a loss of power.  Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
