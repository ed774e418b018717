"""A store client to whose connection something happens at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BEFORE_SENDING, AFTER_SENDING = "before sending", "after sending"


class Fault:
    """Breaks the connection at one sending, counted from 0; `lasting`: at every one from there on.

    `meanwhile`: instead of breaking, do this before the sending.
    """

    def __init__(self, at: int | None = None, moment: str = BEFORE_SENDING, *, lasting: bool = False,
                 meanwhile: Callable[[], object] | None = None) -> None:
        self.at, self.moment, self.lasting, self.meanwhile = at, moment, lasting, meanwhile
        self.sent = 0

    def client(self, port: int) -> redis.Redis:
        fault = self

        class BreakingConnection(redis.Connection):
            def send_packed_command(self, command: Any, *arguments: Any, **options: Any) -> None:
                number, fault.sent = fault.sent, fault.sent + 1
                breaks = fault.at is not None and (number >= fault.at if fault.lasting else number == fault.at)
                if breaks and fault.meanwhile is not None:
                    fault.meanwhile()
                    breaks = False
                if not breaks or fault.moment == AFTER_SENDING:
                    super().send_packed_command(command, *arguments, **options)
                if breaks:
                    self.disconnect()
                    raise redis.ConnectionError("broken by the test")

        pool = redis.ConnectionPool(connection_class=BreakingConnection, port=port, protocol=2, socket_timeout=5,
                                    retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)))
        return redis.Redis(connection_pool=pool)
