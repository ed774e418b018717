"""FastAGI servers that fail in one way each, for the dialplan to survive.

A double of the gate's, never of Asterisk's.  `BROKEN` is the table; each entry gets the open connection after its header was read
(or before, where the name says so) and whatever it does, the connection is closed when it returns.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from lab.waiting import PATIENCE_S

DESTINATION = "+390212345601"
CALLER_ID = "+390212340000"


@dataclass
class Talk:
    """One conversation from the gate's side.  `over` is set when the test is done, so that a stall ends with it."""

    connection: socket.socket
    over: threading.Event
    header: list[tuple[str, str]] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.connection.sendall(line.encode())

    def set(self, name: str, value: str) -> None:
        """Set a variable as the gate would, and wait for Asterisk's reply."""
        self.say(f'SET VARIABLE {name} "{value}"\n')
        assert self._reply().startswith("200 result=1")

    def _reply(self) -> str:
        reply = b""
        while not reply.endswith(b"\n"):
            received = self.connection.recv(1)
            if not received:
                break
            reply += received
        return reply.decode()

    def allow(self, reason: str = "CONSENT_VALID", destination: str = DESTINATION, caller_id: str = CALLER_ID) -> None:
        self.set("GATE_REASON", reason)
        self.set("GATE_DESTINATION", destination)
        self.set("GATE_CALLER_ID", caller_id)
        self.set("GATE_VERDICT", "ALLOW")

    def stall(self) -> None:
        self.over.wait(PATIENCE_S)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _closes_without_a_word(talk: Talk) -> None:
    pass


def _resets(talk: Talk) -> None:
    talk.reset()


def _stalls(talk: Talk) -> None:
    talk.stall()


def _half_a_line_then_closes(talk: Talk) -> None:
    talk.say('SET VARIABLE GATE_VERDICT "ALL')


def _half_the_verdicts_line_then_closes(talk: Talk) -> None:
    talk.set("GATE_DESTINATION", DESTINATION)
    talk.say("SET VARIABLE GATE_VERDICT ALLO")


def _crashes_before_the_verdict(talk: Talk) -> None:
    talk.set("GATE_REASON", "CONSENT_VALID")
    talk.set("GATE_DESTINATION", DESTINATION)


def _resets_before_the_verdict(talk: Talk) -> None:
    _crashes_before_the_verdict(talk)
    talk.reset()


def _stalls_before_the_verdict(talk: Talk) -> None:
    _crashes_before_the_verdict(talk)
    talk.stall()


def _allows_and_stalls(talk: Talk) -> None:
    talk.allow()
    talk.stall()


def _allows_and_fails(talk: Talk) -> None:
    talk.allow()
    talk.say("failure\n")


def _allows_nothing(talk: Talk) -> None:
    talk.allow(destination="")


def _allows_two_numbers(talk: Talk) -> None:
    talk.allow(destination=f"{DESTINATION}&PJSIP/{DESTINATION}")


def _allows_a_number_too_long_to_look_at(talk: Talk) -> None:
    talk.allow(destination=f"{'1' * 4075}&PJSIP/{DESTINATION}@carrier1")  # an expression sees the digits only


def _allows_without_a_caller_id(talk: Talk) -> None:
    talk.allow(caller_id="")


def _allows_two_caller_ids(talk: Talk) -> None:
    talk.allow(caller_id=f"{CALLER_ID},{CALLER_ID}")


def _allows_a_caller_id_too_long_to_look_at(talk: Talk) -> None:
    talk.allow(reason="X" * 4050, caller_id=f"{CALLER_ID}>;x=<{CALLER_ID}")


def _allows_in_small_letters(talk: Talk) -> None:
    talk.allow()
    talk.set("GATE_VERDICT", "allow")


def _says_an_expression(talk: Talk) -> None:
    talk.set("GATE_DESTINATION", DESTINATION)
    talk.set("GATE_VERDICT", '\\" = \\"\\" | \\"1\\" = \\"1')


def _denies_and_names_a_number(talk: Talk) -> None:
    talk.set("GATE_REASON", "CONSENT_NONE")
    talk.set("GATE_DESTINATION", DESTINATION)
    talk.set("GATE_VERDICT", "DENY")


def _denies_and_fails(talk: Talk) -> None:
    talk.set("GATE_VERDICT", "DENY")
    talk.say("failure\n")


def _talks_http(talk: Talk) -> None:
    talk.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


Behaviour = Callable[[Talk], None]

# what it does -> (how, the AGISTATUS that Asterisk leaves)
BROKEN: dict[str, tuple[Behaviour, str]] = {
    "closes without a word": (_closes_without_a_word, "SUCCESS"),
    "resets": (_resets, "SUCCESS"),
    "stalls": (_stalls, "HANGUP"),
    "half a line, then closes": (_half_a_line_then_closes, "SUCCESS"),
    "half the verdict's line, then closes": (_half_the_verdicts_line_then_closes, "SUCCESS"),
    "crashes before the verdict": (_crashes_before_the_verdict, "SUCCESS"),
    "resets before the verdict": (_resets_before_the_verdict, "SUCCESS"),
    "stalls before the verdict": (_stalls_before_the_verdict, "HANGUP"),
    "allows and stalls": (_allows_and_stalls, "HANGUP"),
    "allows and fails": (_allows_and_fails, "FAILURE"),
    "allows no number": (_allows_nothing, "SUCCESS"),
    "allows no caller ID": (_allows_without_a_caller_id, "SUCCESS"),
    "allows two caller IDs": (_allows_two_caller_ids, "SUCCESS"),
    "allows a caller ID too long to look at": (_allows_a_caller_id_too_long_to_look_at, "SUCCESS"),
    "allows two numbers": (_allows_two_numbers, "SUCCESS"),
    "allows a number too long to look at": (_allows_a_number_too_long_to_look_at, "SUCCESS"),
    "allows in small letters": (_allows_in_small_letters, "SUCCESS"),
    "says an expression": (_says_an_expression, "SUCCESS"),
    "denies and fails": (_denies_and_fails, "FAILURE"),
    "talks HTTP": (_talks_http, "SUCCESS"),
}


class StubGate:
    """A FastAGI server with one behaviour; `headers` are the headers of the calls that came, in order."""

    def __init__(self, behave: Behaviour, *, reads_header: bool = True) -> None:
        self._behave, self._reads_header = behave, reads_header
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.headers: list[list[tuple[str, str]]] = []
        self.ended = threading.Event()  # one conversation is over
        self.door = f"agi://127.0.0.1:{self._listener.getsockname()[1]}/gate"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(PATIENCE_S)
            talk = Talk(connection, self._over)
            with contextlib.suppress(OSError, AssertionError):  # what the other side does is for the test to see
                if self._reads_header:
                    talk.header = list(_header(connection))
                    self.headers.append(talk.header)
                self._behave(talk)
        self.ended.set()


def _header(connection: socket.socket) -> Iterator[tuple[str, str]]:
    """Read to the empty line and no further: what follows is the conversation."""
    line = b""
    while received := connection.recv(1):
        line += received
        if received == b"\n":
            if line == b"\n":
                return
            name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition(": ")
            yield name, value
            line = b""


def allow(talk: Talk) -> None:
    """The behaviour of a gate that says yes to anything: what then goes wrong is the dialplan's own."""
    talk.allow()


def deny_and_return(talk: Talk) -> None:
    """The behaviour of a gate with on_deny = "return" that leaves a number behind."""
    _denies_and_names_a_number(talk)
