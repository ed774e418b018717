"""The daemon's look at the store beside the archive: at its start, and now and then, by a child of the main process.

Joint.  What differs is logged once, and once that it is whole again.  Calls learn of it by the file beside the log
(`store/seen.py`): those of a controller that is not whole are denied, the others go on.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import time
from typing import Any

from agi_gate import config

logger = logging.getLogger(__name__)

_EVERY_S, _EVERY_S_WHEN_AMISS = 60.0, 5.0
_FIRST_S = 1.0  # calls that have come wait meanwhile, and they do not wait for more than 2 s
_TIMEOUT_MS = 5_000
_WAY_GIVEN = 19


class StoreWatch:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._child: int | None = None
        self._answer = -1  # what the child has found, as a file in memory
        self._next = 0.0
        self._said: dict[str, list[str]] = {}  # by controller, and under the empty name what is of none

    def first(self, settings: config.Settings) -> None:
        """Compare before any call is answered; a store or an archive that takes its time is not waited for."""
        self.look(settings)
        deadline = time.monotonic() + _FIRST_S
        while self._child is not None and time.monotonic() < deadline:
            ended, _ = os.waitpid(self._child, os.WNOHANG)
            self.ended({ended})
            time.sleep(0.005)

    def look(self, settings: config.Settings) -> None:
        """Compare where it is time to, and nobody is at it."""
        if self._child is not None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        try:
            self._answer = os.memfd_create("wholeness")
            child = os.fork()
        except OSError as error:
            logger.error("the store could not be compared with the archive: %s", error.strerror)
            self._close()
            return
        if child:
            self._child = child
        else:
            # where the main process is killed nobody answers any more: who asks must be refused, and not left waiting
            self._listener.close()
            _compare(settings, self._answer)

    def ended(self, children: set[int]) -> None:
        """Say what is new of what the child has found."""
        if self._child is None or self._child not in children:
            return
        self._child = None
        text = os.pread(self._answer, os.fstat(self._answer).st_size, 0)
        self._close()
        if not text:
            return  # the store could not be read, which each call says; what was known holds
        found: dict[str, Any] = json.loads(text)
        for name, words in found["said"].items():
            before = self._said.get(name, [])
            for sentence in words:
                if sentence not in before:
                    logger.warning("%s", sentence)
            if name and before and not words:
                logger.warning("the store of controller `%s` is whole again", name)
        self._said |= found["said"]
        if not found["is_whole"]:
            self._next = min(self._next, time.monotonic() + _EVERY_S_WHEN_AMISS)

    def stop(self) -> None:
        if self._child is not None:
            os.kill(self._child, signal.SIGTERM)

    def _close(self) -> None:
        if self._answer >= 0:
            os.close(self._answer)
            self._answer = -1


def _compare(settings: config.Settings, answer: int) -> None:
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.nice(_WAY_GIVEN)
        # these bring the compression with them, which the workers are started without
        from agi_gate.archive import Archive
        from agi_gate.store.servers import Servers
        from agi_gate.store.unavailable import StoreUnavailable
        from agi_gate.wholeness import compare, note
        try:
            found = compare(Archive(settings.archive_path), Servers.at(settings.store.url, _TIMEOUT_MS),
                            settings.controllers, settings.known_controllers)
        except StoreUnavailable:
            os._exit(0)
        said = {controller: list(one.words(controller)) for controller, one in found.differences.items()}
        for controller, difference in found.differences.items():
            if difference.doubt:
                said[controller][0] += "; its calls are denied until then"
        os.pwrite(answer, json.dumps({"said": said | {"": list(found.words_of_none())},
                                      "is_whole": found.is_whole is not False}).encode(), 0)
        note(settings.log.path, found)
        status = 0
    except OSError as error:
        logger.error("that the store is not what was loaded could not be written beside %s (%s)", settings.log.path,
                     error.strerror)
    except Exception as error:
        logger.error("the store could not be compared with the archive: %s; see agi-gate status", type(error).__name__)
    finally:
        sys.stderr.flush()
        os._exit(status)
