"""The AGI conversation over two descriptors: header in, one command out, one reply in.

Edge, the only pyst2 user.  pyst2's `AGI` is right in its command names and formats and wrong in its edges; this
subclass mends these and nothing else:

- its constructor sets a signal handler (fails outside the main thread) and tells every header line to stderr;
- it escapes nothing: a quote breaks a value, a newline begins another command;
- the end of the stream passes as an empty environment, or spins for ever after a 520;
- Asterisk's bare `HANGUP` line, which may come between any two replies, is taken for a reply;
- a 520 of one line waits for more; bytes that are not UTF-8 kill it; `result=-1`, the normal answer to
  `EXEC Hangup`, is an error to it.

It never decides anything, and never waits past its deadline.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from asterisk.agi import AGI, AGIError, AGIHangup, AGIInvalidCommand, AGIUnknownError, AGIUsageError, re_kv

# Asterisk sends some 20 header lines, and cuts a line of its own at 8,191 bytes
MAX_HEADER_LINES = 200
MAX_LINE_BYTES = 8192
_MAX_NAME = 68
_BEGIN = b"agi_"
# what Asterisk's MSet, which unquotes twice, leaves as it is between quotes
_PLAIN = re.compile(r"[\w +*#./:,;@()!?'&-]*")


def is_plain(value: str) -> bool:
    """Say whether a value arrives as it is by `set_variables`."""
    return _PLAIN.fullmatch(value) is not None


def _joined(variables: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in variables)


def may_become_header(received: bytes) -> bool:
    """Say whether what has come is the beginning of a header; bytes that are not need not be waited for."""
    *lines, rest = received.split(b"\n")
    return (len(lines) <= MAX_HEADER_LINES and len(rest) <= MAX_LINE_BYTES and all(map(_is_header_line, lines))
            and rest[:len(_BEGIN)] == _BEGIN[:len(rest)])


def _is_header_line(line: bytes) -> bool:
    return line.startswith(_BEGIN) and b":" in line


class GarbageReceived(Exception):
    """The other side does not speak AGI."""


class Hangup(Exception):
    """The call is gone: the stream ended.  No error, just the end of the conversation."""


class DeadlinePassed(Exception):
    """The other side did not say its part in time."""


class CommandRefused(Exception):
    """Asterisk answered a command with an error."""


class _Silence:
    """Where pyst2 would tell numbers to stderr."""

    def write(self, text: str) -> None:
        pass


class _Lines:
    """Lines from a descriptor, each within the deadline of the whole conversation."""

    def __init__(self, descriptor: int, deadline: float, received: bytes) -> None:
        self._descriptor = descriptor
        self._deadline = deadline
        self._lines: deque[bytes] = deque()
        self._rest = b""  # the beginning of a line
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._take(received)

    def readline(self) -> str:
        """One line without its end.  Raises Hangup at the end of the stream, half a line or none before it."""
        while not self._lines:
            if len(self._rest) > MAX_LINE_BYTES:
                raise GarbageReceived("a line without an end")
            left_ms = (self._deadline - time.monotonic()) * 1000
            if left_ms <= 0 or not self._poll.poll(left_ms):
                raise DeadlinePassed("no whole line in time")
            self._receive()
        line = self._lines.popleft()
        if len(line) > MAX_LINE_BYTES:
            raise GarbageReceived("a line of over 8,192 bytes")
        # caller names come cut in the middle of a character; surrogates keep what was sent
        return line.rstrip(b"\r").decode("utf-8", "surrogateescape")

    def look(self) -> None:
        """Take what has come meanwhile, without waiting.  Raises Hangup where the call is gone."""
        if self._poll.poll(0):
            self._receive()
        if b"HANGUP" in self._lines:
            raise Hangup("the channel was hung up")

    def _receive(self) -> None:
        received = os.read(self._descriptor, 65536)
        if not received:
            raise Hangup("the stream ended")
        self._take(received)

    def _take(self, received: bytes) -> None:
        *lines, self._rest = (self._rest + received).split(b"\n")
        self._lines.extend(lines)


class Conversation(AGI):
    """One AGI conversation; `env` holds the header.

    `deadline` is an instant of `time.monotonic()` for the whole of it, `received` what was read of the header before.
    Raises GarbageReceived, Hangup, DeadlinePassed; what sends a command raises CommandRefused as well.
    """

    env: dict[str, str]

    def __init__(self, reading: int, writing: int, deadline: float, received: bytes = b"") -> None:
        self.deadline = deadline
        self.stdin = _Lines(reading, deadline, received)
        self.stdout = writing
        self.stderr = _Silence()
        self._got_sighup = False
        self.env = {}
        try:
            self._get_agi_env()
        except OSError as error:
            raise Hangup(str(error)) from error

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; line breaks in the value become spaces."""
        self._execute(super().set_variable, name, value)

    def set_variables(self, variables: Iterable[tuple[str, str]]) -> None:
        """Set several channel variables by one command; their values must be plain (see `is_plain`)."""
        self._execute(self.appexec, "MSet", _joined(variables))

    def tell_variables(self, variables: Iterable[tuple[str, str]]) -> None:
        """As `set_variables`, but the reply is for whoever reads on; nothing may be commanded before it is there."""
        self._execute(self.send_command, "EXEC", "MSet", self._quote(_joined(variables)))

    def still_there(self) -> None:
        """Raises Hangup where the caller has gone since the header was sent."""
        try:
            self.stdin.look()
        except OSError as error:
            raise Hangup(str(error)) from error

    def hang_up(self, cause: int) -> None:
        """Hang the channel up with a Q.850 cause: AGI's own HANGUP would leave cause 0."""
        self._execute(self.appexec, "Hangup", str(cause))

    @staticmethod
    def _execute(command: Any, *arguments: str) -> None:
        try:
            command(*arguments)
        except OSError as error:  # a reset or a closed pipe: the caller hung up
            raise Hangup(str(error)) from error
        except AGIHangup as error:
            raise Hangup(str(error)) from error
        except AGIError as error:
            # by its kind alone: what the other side said may hold a number
            raise CommandRefused(f"a command was refused ({type(error).__name__})") from error

    # --- what pyst2 calls, mended

    def _get_agi_env(self) -> None:
        env = self.env
        for _ in range(MAX_HEADER_LINES):
            line = self.stdin.readline()
            if not line:
                if not env:
                    raise GarbageReceived("an empty header")
                return
            name, colon, value = line.partition(":")
            if not colon or not name.startswith("agi_") or len(name) > _MAX_NAME or not name.isidentifier():
                raise GarbageReceived("a header line that is not AGI's")
            if name in env:
                # a line break in what a phone sent becomes a header line of its own: of two callers none is believed
                raise GarbageReceived("a header line that stands there twice")
            env[name] = value.strip()
        raise GarbageReceived(f"a header of over {MAX_HEADER_LINES} lines")

    def _quote(self, value: object) -> str:
        text = re.sub(r"[\r\n\0]+", " ", str(value))
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def send_command(self, command: str, *args: object) -> None:
        line = " ".join((command.strip(), *map(str, args)))
        data = line.encode("utf-8", "surrogateescape") + b"\n"
        while data:
            data = data[os.write(self.stdout, data):]

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        line = self.stdin.readline()
        while line == "HANGUP":  # not a reply: the reply to our command comes after it
            line = self.stdin.readline()
        code = line[:3]
        result = {key: (value, data) for key, value, data in re_kv.findall(line[3:])}
        if code == "200" and "result" in result:
            return result
        if code == "510":
            raise AGIInvalidCommand(line)
        if code == "520":
            while line.startswith("520-") or not line.startswith("520"):  # usage in several lines
                line = self.stdin.readline()
            raise AGIUsageError(line)
        if code == "511":
            raise AGIUnknownError(line)  # a dead channel that refuses this command
        raise GarbageReceived("a reply that is not AGI's")
