"""What is told on stderr while calls are answered: the same message at most a few times a minute, and no wait for a reader.

Joint.  A peer that sends garbage all day must not fill the disk.  Messages are told apart by their template, so the
text that a peer sent does not count.
"""

from __future__ import annotations

import logging
import select
import time
from typing import TextIO

PER_MINUTE = 10
_PIECE = 1024  # characters: a pipe that is ready takes 4,096 bytes without a wait, and no character has more than four


class OncePerSoOften(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        template, now = str(record.msg), time.monotonic()
        since, count = self._seen.get(template, (now, 0))
        if now - since >= 60:
            if count > PER_MINUTE:
                record.msg = f"{template} ({count - PER_MINUTE} more like this were not shown)"
            since, count = now, 0
        self._seen[template] = since, count + 1
        return count < PER_MINUTE


class NeverWaiting(logging.StreamHandler[TextIO]):
    """Whoever reads stderr may stand still (a service manager, a terminal held by Ctrl-S): what is told meanwhile is lost.

    A call, or the process that looks after the workers, would wait for it for ever.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            poll, text = select.poll(), self.format(record) + self.terminator
            poll.register(self.stream, select.POLLOUT)
            for start in range(0, len(text), _PIECE):
                if not poll.poll(0):
                    return
                self.stream.write(text[start:start + _PIECE])
                self.flush()
        except Exception:
            self.handleError(record)
