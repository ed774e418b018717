"""A logging filter: the same message at most a few times a minute.

Joint.  A peer that sends garbage all day must not fill the disk.  Messages are told apart by their template, so the
text that a peer sent does not count.
"""

from __future__ import annotations

import logging
import time

PER_MINUTE = 10


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
