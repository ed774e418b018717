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
from pathlib import Path

from agi_gate import config
from agi_gate.clock import Time
from agi_gate.decision_log.time_seen import time_of

logger = logging.getLogger(__name__)

_EVERY_S = 60.0
_WAY_GIVEN = 19


class Upkeep:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._child: int | None = None
        self._next = time.monotonic() + _EVERY_S / 6
        self._doubt: str | None = None
        self._has_looked = False

    def look(self, settings: config.Settings) -> None:
        """Start it where something is due and nobody is at it."""
        if not self._has_looked:  # at once: later clocks are compared with this one
            self._has_looked = True
            self._time_of(settings.log.path)
        if self._child is not None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        # these modules bring the compression with them: the workers were started without
        from agi_gate.ops.log_keep import is_due
        found = self._time_of(settings.log.path)
        try:
            if found is None or not is_due(settings, found):
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

    def _time_of(self, log: Path) -> Time | None:
        """Compare the clock with the time last seen, and log once that they disagree, or agree again.  None: unknown."""
        try:
            found = time_of(log, datetime.now(UTC))
        except OSError as error:
            logger.error("the log's upkeep could not begin: %s", error.strerror)
            return None
        if found.doubt is not None and self._doubt is None:
            logger.error("%s", found.doubt)
        elif found.doubt is None and self._doubt is not None:
            logger.warning("the clock agrees again with the time last seen: the log's upkeep goes on")
        self._doubt = found.doubt
        return found

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
             lambda words: logger.warning("%s", words), lambda words: logger.warning("the log's upkeep %s", words))
        status = 0
    except Exception as error:
        logger.error("the log's upkeep failed: %s; see agi-gate log keep", type(error).__name__)
    finally:
        sys.stderr.flush()
        os._exit(status)
