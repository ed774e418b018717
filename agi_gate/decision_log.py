"""The decision log: one line a decision, written before Asterisk is answered (handed to the kernel, not synced).

Edge.  Lines are appended with a single write, so that workers share a file without mixing; a line that could not be
written whole is taken back and is an error.  A file that was rotated away is opened anew.
It writes what it is given: what a record holds is `record.py`'s.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

# numbers of called people are in it: nobody but the gate's user and its group
_MODE = 0o640


class LogUnavailable(Exception):
    """The decision is not on record."""


class DecisionLog:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def append(self, line: str) -> None:
        """Write one record.  Raises LogUnavailable; then the caller must deny."""
        # half a character of a caller's name may have come in from Asterisk: it is kept, escaped
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            try:
                descriptor = self._opened()
                # other workers write to this file too: none of them may append to a line that a full disk has cut
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                try:
                    written = os.write(descriptor, data)
                    if written < len(data):
                        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                        raise LogUnavailable(f"{self._path}: the disk took {written} of {len(data)} bytes")
                finally:
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            except OSError as error:
                raise LogUnavailable(f"{self._path}: {error.strerror}") from error

    def probe(self) -> None:
        """Open the file without writing to it.  Raises LogUnavailable."""
        try:
            with self._lock:
                self._opened()
        except OSError as error:
            raise LogUnavailable(f"{self._path}: {error.strerror}") from error

    def close(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is not None:
            try:
                at_path, mine = os.stat(self._path), os.fstat(self._descriptor)
                if (at_path.st_dev, at_path.st_ino) == (mine.st_dev, mine.st_ino):
                    return self._descriptor
            except FileNotFoundError:
                pass
            os.close(self._descriptor)
            self._descriptor = None
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        return self._descriptor
