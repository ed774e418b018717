"""The log's upkeep, as a child of the daemon's main process, beside the calls and after them in everything.

Joint.  Once a minute it is asked whether anything is due (a rotation, a seal, a mask); what is done then is
`agi-gate log keep`'s.  It may be killed anywhere.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from datetime import UTC, datetime

from agi_gate import config

logger = logging.getLogger(__name__)

_EVERY_S = 60.0
_WAY_GIVEN = 19


class Upkeep:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._child: int | None = None
        self._next = time.monotonic() + _EVERY_S / 6

    def look(self, settings: config.Settings) -> None:
        """Start it where something is due and nobody is at it."""
        if self._child is not None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        # these modules bring the compression with them: the workers were started without
        from agi_gate.ops.log_keep import is_due
        try:
            if not is_due(settings, datetime.now(UTC)):
                return
            child = os.fork()
        except OSError as error:
            logger.error("the log's upkeep could not begin: %s", error.strerror)
            return
        if child:
            self._child = child
        else:
            # where the main process is killed nobody answers any more: who asks must be refused, and not left waiting
            self._listener.close()
            _keep(settings)

    def ended(self, children: set[int]) -> None:
        if self._child in children:
            self._child = None

    def stop(self) -> None:
        if self._child is not None:
            os.kill(self._child, signal.SIGTERM)


def _keep(settings: config.Settings) -> None:
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.nice(_WAY_GIVEN)
        from agi_gate.decision_log.keeping import keep
        from agi_gate.ops.log_keep import plan_of
        keep(settings.log.path, plan_of(settings), datetime.now(UTC), lambda words: None,
             lambda words: logger.warning("%s", words))
        status = 0
    except Exception as error:
        logger.error("the log's upkeep failed: %s; see agi-gate log keep", type(error).__name__)
    finally:
        sys.stderr.flush()
        os._exit(status)
