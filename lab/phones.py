"""The telephones around `asterisk.py`: SIPp as the agent's phone and as the carrier.

Stands beside the gate, never in it.  SIPp plays the scenarios in `sipp/`; what was said is read from its message trace, so that
the tests see what went over the wire and not what a scenario made of it.  Every wait has a limit and every SIPp is ended by its
process id.
"""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.asterisk import AGENT_ADDRESS, Tools
from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S, eventually

SCENARIOS = Path(__file__).resolve().parent / "sipp"
CARRIER_ADDRESS = "127.0.0.1"

# ----------------------------------------------- 2026-11-23T19:36:12.013277Z      (older SIPp: a blank and no Z)
# UDP message sent [470] bytes:
_TRACED = re.compile(
    r"^-{20,} (?P<day>[-0-9]{10}).(?P<time>[0-9:.]+)[^\n]*\n\w+ message (?P<way>sent|received)[^\n]*\n\n(?P<text>.*?)(?=^-{20,} |\Z)",
    re.MULTILINE | re.DOTALL,
)


class PhoneFailed(Exception):
    """SIPp could not play its part; the message holds what it said."""


@dataclass(frozen=True)
class Message:
    """One SIP message as it went over the wire."""

    at: datetime
    sent: bool
    first_line: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """Answer the first header of that name, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def code(self) -> int | None:
        """A response's status code, None for a request."""
        return int(self.first_line.split()[1]) if self.first_line.startswith("SIP/2.0 ") else None


@dataclass(frozen=True)
class Invite:
    """A call that reached the carrier."""

    request_user: str  # whom the carrier is asked to call
    from_user: str  # who calls, as the carrier presents it
    privacy: str | None
    p_asserted_identity: str | None
    message: Message


@dataclass(frozen=True)
class Outcome:
    """How a call ended for the agent.  `code` is the final SIP status, `cause` the Q.850 cause of the refusal or of the hang-up."""

    code: int
    cause: int | None
    elapsed_s: float
    messages: tuple[Message, ...]


def messages_of(trace: str) -> list[Message]:
    """Read SIPp's message trace; a message that is still being written is left out."""
    found = []
    for match in _TRACED.finditer(trace):
        lines = match["text"].replace("\r", "").split("\n\n", 1)[0].split("\n")
        if lines and lines[0]:
            headers = tuple((k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:]))
            at = datetime.fromisoformat(f"{match['day']} {match['time']}")
            found.append(Message(at, match["way"] == "sent", lines[0], headers))
    return found


def _user(address: str) -> str:
    """Answer the user part of a SIP address: `"A" <sip:+39061@host>;tag=1` is `+39061`."""
    found = re.search(r"sips?:(?:([^@>;]*)@)?", address)
    return (found[1] or "") if found else ""


class Carrier:
    """A carrier at a port of its own that answers every call; what arrived is in `invites()`."""

    def __init__(self, tools: Tools, scenario: Path = SCENARIOS / "carrier.xml") -> None:
        self._tools, self._scenario = tools, scenario
        self._folder = tempfile.TemporaryDirectory(prefix="gate-carrier-")
        self._trace = Path(self._folder.name) / "messages"
        self.port = free_port(socket.SOCK_DGRAM, CARRIER_ADDRESS)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        words = [*self._tools.sipp, "-sf", str(self._scenario), "-i", CARRIER_ADDRESS, "-p", str(self.port), "-nostdin",
                 "-trace_msg", "-message_file", str(self._trace), *_media(CARRIER_ADDRESS)]
        output = (Path(self._folder.name) / "output").open("wb")
        with output:
            self._process = subprocess.Popen(
                tied(words), cwd=self._folder.name, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        process = self._process
        eventually(lambda: process.poll() is not None or _is_bound(CARRIER_ADDRESS, self.port), "the carrier's sipp has its port")
        if process.poll() is not None:
            said = (Path(self._folder.name) / "output").read_text(errors="replace")
            self.__exit__(None, None, None)
            raise PhoneFailed(f"the carrier's sipp did not start:\n{said[-2000:]}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._folder.cleanup()

    def messages(self) -> list[Message]:
        """Answer every message that went in or out so far."""
        return messages_of(self._trace.read_text(errors="replace")) if self._trace.exists() else []

    def invites(self) -> list[Invite]:
        """Answer the calls that arrived, each once however often Asterisk repeated it."""
        seen: dict[str, Invite] = {}
        for message in self.messages():
            if message.sent or not message.first_line.startswith("INVITE "):
                continue
            seen.setdefault(message.header("Call-ID") or "", Invite(
                _user(message.first_line), _user(message.header("From") or ""), message.header("Privacy"),
                message.header("P-Asserted-Identity"), message))
        return list(seen.values())


def _media(address: str) -> list[str]:
    return ["-mi", address, "-mp", str(free_port(socket.SOCK_DGRAM, address))]


def _is_bound(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def call(
    tools: Tools,
    sip_port: int,
    number: str,
    *,
    from_user: str = "agent",
    headers: Sequence[str] = (),
    give_up_after_ms: int | None = None,
    scenario: Path | None = None,
) -> Outcome:
    """Call `number` from the agent's phone and wait until the call is over.

    `number` is the user part as it goes over the wire, so what a URL cannot hold comes percent-encoded.  `headers` are whole
    lines.  With `give_up_after_ms` the agent hangs up so long after Asterisk's first word.  `scenario` is another phone's.
    """
    scenario = scenario or SCENARIOS / ("phone.xml" if give_up_after_ms is None else "phone_gives_up.xml")
    text = scenario.read_text().replace("    X-Lab: phone\n", "".join(f"    {line}\n" for line in ("X-Lab: phone", *headers)))
    text = text.replace("[give_up_after_ms]", str(give_up_after_ms))
    with tempfile.TemporaryDirectory(prefix="gate-phone-") as folder:
        play, trace = Path(folder) / "play.xml", Path(folder) / "messages"
        # the number and the caller are written in: SIPp would read its keywords in `-s`, and a phone's user may hold anything
        play.write_text(text.replace("[service]", number).replace("[from]", from_user))
        words = [*tools.sipp, f"127.0.0.1:{sip_port}", "-sf", str(play), "-i", AGENT_ADDRESS, *_media(AGENT_ADDRESS),
                 "-p", str(free_port(socket.SOCK_DGRAM, AGENT_ADDRESS)), "-m", "1", "-nostdin", "-trace_msg",
                 "-message_file", str(trace), "-timeout", f"{PATIENCE_S:.0f}s", "-timeout_error"]
        try:
            done = subprocess.run(
                tied(words), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=2 * PATIENCE_S,
            )
        except subprocess.TimeoutExpired as error:
            raise PhoneFailed(f"the call to `{number}` was not over in {2 * PATIENCE_S:.0f} s") from error
        messages = messages_of(trace.read_text(errors="replace")) if trace.exists() else []
    finals = [m for m in messages if m.code is not None and m.code >= 200 and (m.header("CSeq") or "").endswith("INVITE")]
    if not finals:
        raise PhoneFailed(f"the call to `{number}` had no answer:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    reasons = [m.header("Reason") for m in messages if not m.sent and m.header("Reason")]
    cause = re.search(r"cause=(\d+)", reasons[-1] or "") if reasons else None
    elapsed = (finals[0].at - messages[0].at).total_seconds()
    return Outcome(finals[0].code or 0, int(cause[1]) if cause else None, elapsed, tuple(messages))
