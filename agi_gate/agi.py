"""The AGI conversation over two descriptors: header in, one command out, one reply in.

Edge, the only pyst2 user.  What pyst2's `AGI` is wrong in, this subclass mends:

- its constructor sets a signal handler (fails outside the main thread) and tells every header line to stderr;
- it escapes nothing: a quote breaks a value, a newline begins another command;
- the end of the stream passes as an empty environment, or spins for ever after a 520;
- Asterisk's bare `HANGUP` line, which may come between any two replies, is taken for a reply;
- a 520 of one line waits for more; bytes that are not UTF-8 kill it; `result=-1`, the normal answer to
  `EXEC Hangup`, is an error to it.

A command is said (`say_...`), and its reply heard (`hear`): between the two, others may be served.

It never decides anything, and never waits past its deadline.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from asterisk.agi import AGI, AGIAppError, AGIError, AGIHangup, AGIInvalidCommand, AGIUnknownError, AGIUsageError, re_kv

# Asterisk sends some 20 header lines, and cuts a line of its own at 8,191 bytes
MAX_HEADER_LINES = 200
MAX_LINE_BYTES = 8192
# Asterisk's header has some 700 bytes, and a reply some 20: what is longer as a whole would only fill memory
MAX_HEADER_BYTES = MAX_REPLIES_BYTES = 32_768
_READ_BYTES = 65536
# what to poll for, and of what is found the signs that the other side has gone: closed, reset, or closed for writing.
# Asterisk closes both ways at once; for a caller of the script who has hung up the script closes one, and hears the end
WORD_OR_END = select.POLLIN | select.POLLRDHUP
GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL
_BEGIN = b"agi_"
_HEADER_LINE = re.compile(r"^(agi_\w{1,64}): ?(.*)\n", re.MULTILINE | re.ASCII)
_LINE_BREAKS = re.compile(r"[\r\n\0]+")
_HANGUP = "HANGUP"
# what Asterisk's MSet, which unquotes twice, leaves as it is between quotes; it counts brackets there, too
_PLAIN = re.compile(r"[\w +*#./:,;@!?'&-]*")
_DONE = {f"200 result={value}": {"result": (value, "")} for value in ("0", "1", "-1")}  # nearly every reply
_DONE_LINES = frozenset(f"{reply}\n".encode() for reply in _DONE)


def is_plain(value: str) -> bool:
    """Say whether a value arrives as it is by `say_variables`."""
    return _PLAIN.fullmatch(value) is not None


def header_end(received: bytes, line: int = 0) -> int:
    """Where the blank line begins with which a header ends; -1 if that has not come.

    `line`: where the last line of what had come before begins (see `last_line`).
    """
    begin = max(0, line - 1)
    end = received.find(b"\n\n", begin)
    other = received.find(b"\n\r\n", begin, end + 1 if end >= 0 else len(received))
    return other if other >= 0 else end


def last_line(received: bytes, line: int = 0) -> int:
    """Where the last line begins of a header whose end has not come.  Raises GarbageReceived if this becomes none.

    `line` is its last answer for the same header: a header that comes byte by byte is not read anew for each of them.
    """
    end = received.rfind(b"\n") + 1
    rest = received[end:]
    # the cheap questions first: who sends garbage sends much of it
    if (len(received) > MAX_HEADER_BYTES or len(rest) > MAX_LINE_BYTES or received.count(b"\n") > MAX_HEADER_LINES
            or not (may_begin_header(rest) or rest == b"\r")
            or not all(map(_is_header_line, received[line:end].split(b"\n")[:-1]))):
        raise GarbageReceived("what came is no AGI header")
    return end


def may_begin_header(received: bytes) -> bool:
    """Say whether a header, or a line of it, may begin so, as far as it has come."""
    return received[:len(_BEGIN)] == _BEGIN[:len(received)]


def _is_header_line(line: bytes) -> bool:
    return line.startswith(_BEGIN) and b":" in line


def is_success(received: bytes) -> bool:
    """Say whether what has come is one reply, and that to a command that was done."""
    return received in _DONE_LINES


class ConversationEnded(Exception):
    """Nothing more is to be said in it; how it ended is told by the kind."""


class GarbageReceived(ConversationEnded):
    """The other side does not speak AGI."""


class Hangup(ConversationEnded):
    """The call is gone: the stream ended.  No error, just the end of the conversation."""


class DeadlinePassed(ConversationEnded):
    """The other side did not say its part in time."""


class CommandRefused(ConversationEnded):
    """Asterisk answered a command with an error."""


class _Silence:
    """Where pyst2 would tell numbers to stderr."""

    def write(self, text: str) -> None:
        pass


_SILENCE = _Silence()


class _Lines:
    """A header and lines from a descriptor, each within the deadline of the whole conversation.

    `header` and `readline` wait for what is not there; who waits for many descriptors himself gives what has come by
    `take`.
    """

    def __init__(self, descriptor: int, deadline: float) -> None:
        self._descriptor = descriptor
        self._deadline = deadline
        self.lines: deque[str] = deque()  # whole ones, not read yet
        self._rest = b""  # the beginning of a line
        self._taken = 0  # bytes

    def header(self, received: bytes) -> str:
        """The lines before the blank one; `received` is what has been read of them.  Raises Hangup before their end."""
        line = 0
        while (end := header_end(received, line) + 1) == 0:
            line = last_line(received, line)
            received += self._received()
        behind = received.index(b"\n", end) + 1
        if behind < len(received):
            self.take(received[behind:])
        # caller names come cut in the middle of a character; surrogates keep what was sent
        return received[:end].decode("utf-8", "surrogateescape")

    def readline(self) -> str:
        """One line without its end.  Raises Hangup at the end of the stream, half a line or none before it."""
        while not self.lines:
            self.take(self._received())
        line = self.lines.popleft()
        if len(line) > MAX_LINE_BYTES:
            raise GarbageReceived("a line of over 8,192 bytes")
        return line

    def take(self, received: bytes) -> None:
        self._taken += len(received)
        if self._taken > MAX_REPLIES_BYTES:
            raise GarbageReceived("more than all replies together have")
        whole, newline, rest = received.rpartition(b"\n")
        if newline:
            text = (self._rest + whole).decode("utf-8", "surrogateescape")
            lines = [line.rstrip("\r") for line in text.split("\n")]
            self.lines.extend(lines)
            self._rest = rest
            goes_on = any([line.startswith("agi_") for line in lines])
        else:
            self._rest += received
            goes_on = False
        if goes_on or self._rest.startswith(_BEGIN):
            # a line break in what a phone sent can end it early, behind arguments of the phone's own
            raise GarbageReceived("the header goes on behind its end")
        if len(self._rest) > MAX_LINE_BYTES:
            raise GarbageReceived("a line without an end")

    def look(self) -> bool:
        """Take what has come; False if the other side has gone.  Raises OSError after a reset."""
        event = self._event(0)
        if event & select.POLLIN:
            self.take(os.read(self._descriptor, _READ_BYTES))
        return not event & GONE

    def _event(self, wait_ms: float) -> int:
        poll = select.poll()
        poll.register(self._descriptor, WORD_OR_END)
        return sum(event for _descriptor, event in poll.poll(wait_ms))

    def _received(self) -> bytes:
        wait_ms = (self._deadline - time.monotonic()) * 1000
        if wait_ms <= 0 or not self._event(wait_ms):
            raise DeadlinePassed("no whole line in time")
        received = os.read(self._descriptor, _READ_BYTES)
        if not received:
            raise Hangup("the stream ended")
        return received


def _env_of(header: str) -> dict[str, str]:
    """Name -> value of a header's lines, without the blank before it.  Raises GarbageReceived."""
    if "\r\n" in header:
        header = header.replace("\r\n", "\n")
    found = _HEADER_LINE.findall(header)
    env = dict(found)
    if len(found) != header.count("\n"):
        raise GarbageReceived("a header line that is not AGI's")
    if len(env) != len(found):
        # a line break in what a phone sent becomes a header line of its own: of two callers none is believed
        raise GarbageReceived("a header line that stands there twice")
    if len(found) >= MAX_HEADER_LINES:
        raise GarbageReceived(f"a header of over {MAX_HEADER_LINES} lines")
    if len(header) > MAX_LINE_BYTES and max(map(len, header.split("\n"))) > MAX_LINE_BYTES:
        raise GarbageReceived("a line of over 8,192 bytes")
    return env


class Conversation(AGI):
    """One AGI conversation; `env` holds the header.

    `deadline` is an instant of `time.monotonic()` for the whole of it, `received` what was read of the header before.
    Raises GarbageReceived, Hangup, DeadlinePassed; what sends a command raises CommandRefused as well.
    """

    env: dict[str, str]

    def __init__(self, reading: int, writing: int, deadline: float, received: bytes = b"") -> None:
        self.deadline = deadline
        self.stdin = _Lines(reading, deadline)
        self.stdout = writing
        self.stderr = _SILENCE
        self._got_sighup = False
        try:
            self.env = _env_of(self.stdin.header(received))
        except OSError as error:
            raise Hangup(str(error)) from error

    def say_variable(self, name: str, value: str) -> None:
        """Set a channel variable; line breaks in the value become spaces."""
        self._execute(self.send_command, "SET VARIABLE", self._quote(name), self._quote(value))

    def say_variables(self, variables: Iterable[tuple[str, str]]) -> None:
        """Several by one command; their values must be plain (see `is_plain`)."""
        # there is nothing to escape in a plain value but the quotes around it
        values = ",".join([f'{name}=\\"{value}\\"' for name, value in variables])
        self._execute(self.send_command, "EXEC", "MSet", f'"{values}"')

    def say_hang_up(self, cause: int) -> None:
        """Hang the channel up with a Q.850 cause: AGI's own HANGUP would leave cause 0."""
        self._execute(self.send_command, "EXEC", "Hangup", self._quote(cause))

    def hear(self) -> None:
        """Read the reply to what was said.  Raises CommandRefused where it is a refusal."""
        self._execute(self.get_result)

    def take(self, received: bytes) -> None:
        """What has come, for who waits elsewhere.  Raises Hangup where it is the end, GarbageReceived."""
        if not received:
            raise Hangup("the stream ended")
        self.stdin.take(received)
        if len(self.stdin.lines) > MAX_HEADER_LINES:
            raise GarbageReceived("more lines than any reply has")

    def look(self) -> None:
        """Take what has come unasked.  Raises Hangup if the other side has gone, GarbageReceived."""
        try:
            is_there = self.stdin.look()
        except OSError as error:  # a reset
            raise Hangup(str(error)) from error
        if not is_there:
            raise Hangup("the other side has gone")

    def has_reply(self) -> bool:
        """Say whether `hear` would not have to wait."""
        is_usage = False  # which comes in several lines
        for line in self.stdin.lines:
            if is_usage:
                if line.startswith("520") and not line.startswith("520-"):
                    return True
            elif line.startswith("520-"):
                is_usage = True
            elif line != _HANGUP:
                return True
        return False

    def check_caller(self) -> None:
        """Raises Hangup if Asterisk has said that the channel was hung up, as far as its words were taken."""
        if _HANGUP in self.stdin.lines:
            raise Hangup("the channel was hung up")

    @staticmethod
    def _execute(command: Callable[..., Any], *arguments: str) -> None:
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

    def _quote(self, value: object) -> str:
        text = _LINE_BREAKS.sub(" ", str(value))
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def send_command(self, command: str, *args: object) -> None:
        line = " ".join((command.strip(), *map(str, args)))
        data = line.encode("utf-8", "surrogateescape") + b"\n"
        while data:
            data = data[os.write(self.stdout, data):]

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        line = self.stdin.readline()
        while line == _HANGUP:  # not a reply: the reply to our command comes after it
            line = self.stdin.readline()
        if line in _DONE:
            return _DONE[line]
        code = line[:3]
        result = {key: (value, data) for key, value, data in re_kv.findall(line[3:])}
        if code == "200" and "result" in result:
            if result["result"][0] == "-2":
                raise AGIAppError("no such application")
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
