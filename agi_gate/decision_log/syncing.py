"""Group commit: one thread syncs the log for all who wait, and nobody waits longer than its own deadline.

Edge.  A disk may stand still, and who waits in the kernel cannot be called back: so it is not the calls' threads.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

from agi_gate.disk import sync_folder


class Syncing:
    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._asked, self._done = 0, 0
        self._waiting: set[int] = set()  # tickets of who has not given up
        self._failed: set[int] = set()
        self._folders: set[Path] = set()
        self._files: dict[tuple[int, int], int] = {}  # a descriptor of each file that holds records which are not synced
        self._thread: threading.Thread | None = None
        self._is_over = False

    def stop(self) -> None:
        """Have the thread end with what it has been asked so far."""
        with self._condition:
            self._is_over = True
            self._condition.notify_all()

    def ask(self, descriptor: int, folder: Path | None = None) -> int:
        """Have what was written so far synced, and the file's name in its folder; the ticket is for `wait`.  Raises OSError."""
        with self._condition:
            if self._thread is None or self._is_over:
                thread = threading.Thread(target=self._work, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the system has no more; it is tried again at the next record
                    raise OSError(errno.EAGAIN, "there is no thread to sync it") from error
                self._thread, self._is_over = thread, False
            found = os.fstat(descriptor)
            if (found.st_dev, found.st_ino) not in self._files:
                # one of its own: the log's may be closed by then
                self._files[found.st_dev, found.st_ino] = os.dup(descriptor)
            if folder is not None:
                self._folders.add(folder)
            self._asked += 1
            self._waiting.add(self._asked)
            self._condition.notify_all()
            return self._asked

    def wait(self, ticket: int, until: float) -> bool:
        """Say whether it is on the disk, by an instant of `time.monotonic()`."""
        with self._condition:
            done = self._condition.wait_for(lambda: self._done >= ticket, max(0.0, until - time.monotonic()))
            failed = ticket in self._failed
            self._failed.discard(ticket)
            self._waiting.discard(ticket)
            return done and not failed

    def _work(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._files or self._is_over)
                if not self._files:
                    return
                files, self._files = self._files, {}
                folders, self._folders = self._folders, set()
                first, last = self._done + 1, self._asked
            failed = False
            for file in files.values():
                try:
                    try:
                        os.fdatasync(file)
                    finally:
                        os.close(file)  # a file system over the network tells some errors only here
                except OSError:
                    failed = True
            try:
                for folder in folders:
                    sync_folder(folder)
            except OSError:
                failed = True
            with self._condition:
                self._done = last
                if failed:
                    self._failed |= self._waiting & set(range(first, last + 1))
                self._condition.notify_all()
