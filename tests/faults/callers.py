"""Many calls at once: each plays Asterisk's side of FastAGI, and says how it ended.

A double of Asterisk's, open-loop: a new call comes at its time whether or not those before it were answered.  It takes
the gate's commands as Asterisk does, and leaves where the dialplan would.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType

from lab.peer import assignments, header, words_of
from lab.waiting import PATIENCE_S, eventually
from tests.faults.numbers import CLEAR, Kind, mix

IN_TIME_S = 3.0  # what is promised of an answer; `make faults` measures it
DIALPLAN_LIMIT_S = 2.0  # dialplan/agi-gate.conf: TIMEOUT(absolute)
VERDICT, CLOSED, LEFT, REFUSED = "verdict", "closed", "left", "not connected"


@dataclass
class Call:
    kind: Kind
    unique_id: str
    started: float
    ended: float = 0.0
    gone_at: float = 0.0  # the same of time.time()
    ending: str = LEFT
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """`ALLOW SERVICE`, or how it ended without a verdict.  An ALLOW counts even if the conversation broke after it."""
        verdict = self.variables.get("GATE_VERDICT")
        return f"{verdict} {self.variables.get('GATE_REASON', '')}" if verdict else self.ending

    @property
    def allowed(self) -> bool:
        return self.variables.get("GATE_VERDICT") == "ALLOW"

    @property
    def took_s(self) -> float:
        return self.ended - self.started


def place(address: tuple[str, int], kind: Kind, unique_id: str, limit_s: float) -> Call:
    """Hold one conversation to its end, or to the limit."""
    call = Call(kind, unique_id, time.monotonic())
    leave_at = call.started + limit_s
    try:
        with socket.create_connection(address, timeout=limit_s) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(header((kind.number, kind.campaign, "carrier1"), agi_uniqueid=unique_id))
            try:
                _converse(connection, call, leave_at)
            except TimeoutError:
                call.ending = LEFT
            except OSError:  # a reset: to the dialplan the same as a close
                call.ending = CLOSED
    except TimeoutError:
        call.ending = LEFT
    except OSError:
        call.ending = REFUSED
    call.ended, call.gone_at = time.monotonic(), time.time()
    return call


def _converse(connection: socket.socket, call: Call, leave_at: float) -> None:
    rest = b""
    while True:
        left_s = leave_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        received = connection.recv(65536)
        if not received:
            call.ending = VERDICT if "GATE_VERDICT" in call.variables else CLOSED
            return
        *lines, rest = (rest + received).split(b"\n")
        for line in lines:
            connection.sendall(reply(line.decode("utf-8", "surrogateescape"), call.variables))


def reply(command: str, variables: dict[str, str]) -> bytes:
    """Asterisk's answer, with what the command sets taken into `variables`."""
    words = words_of(command)
    if words[:2] == ["SET", "VARIABLE"] and len(words) == 4:
        variables[words[2]] = words[3]
        return b"200 result=1\n"
    if words[:2] == ["EXEC", "MSet"] and len(words) == 3:
        variables.update(assignments(words[2]))
        return b"200 result=0\n"
    if words[:2] == ["EXEC", "Hangup"]:
        return b"200 result=-1\n"
    return b"510 Invalid or unknown command\n"


def reset(connection: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Callers:
    """Places calls at a rate from the block's beginning to its end; then waits until every one has ended."""

    def __init__(self, address: tuple[str, int], rate: float, prefix: str, limit_s: float = PATIENCE_S) -> None:
        self._address, self._pause_s, self._prefix, self._limit_s = address, 1 / rate, prefix, limit_s
        self._kinds: Iterator[Kind] = mix()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.calls: list[Call] = []

    def __enter__(self) -> Callers:
        self._dispatcher = threading.Thread(target=self._dispatch)
        self._dispatcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        self._dispatcher.join()
        for thread in self._threads:
            thread.join()

    def _dispatch(self) -> None:
        begun = time.monotonic()
        for number, kind in enumerate(self._kinds):
            if self._over.wait(max(0.0, begun + number * self._pause_s - time.monotonic())):
                return
            thread = threading.Thread(target=self._place, args=(kind, f"{self._prefix}.{number}"))
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _place(self, kind: Kind, unique_id: str) -> None:
        self.calls.append(place(self._address, kind, unique_id, self._limit_s))

    def ended_since(self, instant: float) -> list[Call]:
        """The calls that were asked after an instant and are over."""
        return [call for call in self.calls if call.started >= instant]

    def allowed_after(self, instant: float) -> float:
        """Wait for a call asked after an instant, of a number that is clear, to be allowed: seconds from the instant on."""
        ended = eventually(lambda: [call.ended for call in self.ended_since(instant)
                                    if call.kind == CLEAR and call.answer == CLEAR.right], "a call is allowed again")
        return min(ended) - instant
