"""A peer that plays Asterisk's side of AGI, whole or one byte at a time.

A double: it stands beside the tests on the real Asterisk (`tests/real`), never instead.  It parses command lines as
Asterisk does (quotes and backslashes), so that what it says a variable was set to is what a channel would hold.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
from dataclasses import dataclass, field

from lab.waiting import PATIENCE_S

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
HEADER = {
    "agi_network": "yes", "agi_network_script": "gate", "agi_request": "agi://127.0.0.1/gate",
    "agi_channel": "PJSIP/agent-00000001", "agi_language": "en", "agi_type": "PJSIP", "agi_uniqueid": "1760180400.1",
    "agi_version": "22.0.0", "agi_callerid": "+390212340000", "agi_calleridname": "Vendite", "agi_callingpres": "0",
    "agi_callingani2": "0", "agi_callington": "0", "agi_callingtns": "0", "agi_dnid": "unknown", "agi_rdnis": "unknown",
    "agi_context": "agi-gate", "agi_extension": "s", "agi_priority": "5", "agi_enhanced": "0.0",
    "agi_accountcode": "", "agi_threadid": "140",
}

_CHANNELS = itertools.count(1)


@dataclass
class Heard:
    """What the gate said in one conversation."""

    commands: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    hangup_cause: str | None = None


def header(arguments: tuple[str, ...], **changes: str) -> bytes:
    """The header of a new channel's call, unless `changes` name another."""
    lines = {**HEADER, "agi_uniqueid": f"1760180400.{next(_CHANNELS)}", **changes} | {f"agi_arg_{number}": text for number, text in enumerate(arguments, 1)}
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode("utf-8", "surrogateescape") + b"\n"


def ask(address: tuple[str, int], *arguments: str, one_byte: bool = False, stray_hangup: bool = False,
        hang_up_after: int | None = None, raw_header: bytes | None = None, timeout_s: float = PATIENCE_S,
        **changes: str) -> Heard:
    """Hold one conversation: the gate's commands, parsed.

    `hang_up_after`: close after that many commands, without answering the last.  `stray_hangup`: put Asterisk's
    `HANGUP` line before every reply.
    """
    heard = Heard()
    with socket.create_connection(address, timeout=timeout_s) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            _send(connection, header(arguments, **changes) if raw_header is None else raw_header, one_byte)
            with connection.makefile("rb") as stream:
                for line in stream:
                    command = line.decode("utf-8", "surrogateescape").rstrip("\n")
                    heard.commands.append(command)
                    if hang_up_after is not None and len(heard.commands) >= hang_up_after:
                        break
                    _send(connection, (b"HANGUP\n" if stray_hangup else b"") + reply(command, heard), one_byte)
    return heard


def _send(connection: socket.socket, data: bytes, one_byte: bool) -> None:
    for start in range(0, len(data), 1) if one_byte else (0,):
        connection.sendall(data[start:start + 1] if one_byte else data)


def words_of(command: str) -> list[str]:
    """Split a command line as Asterisk does."""
    return [re.sub(r"\\(.)", r"\1", quoted) if plain == "" else plain for quoted, plain in _WORD.findall(command)]


def assignments(text: str) -> dict[str, str]:
    """What Asterisk's MSet sets: it splits at commas outside quotes, takes the quotes away, and counts brackets within
    quotes, too."""
    pairs, depth, is_quoted = [""], 0, False
    for letter in text:
        depth = max(0, depth + (letter == "(") - (letter == ")"))
        is_quoted ^= letter == '"'
        if letter == "," and not depth and not is_quoted:
            pairs.append("")
        elif letter != '"':
            pairs[-1] += letter
    return dict((name, value) for name, _, value in (pair.partition("=") for pair in pairs))


def reply(command: str, heard: Heard) -> bytes:
    """What Asterisk answers a command, and what it did, kept in `heard`."""
    words = words_of(command)
    if words[:2] == ["SET", "VARIABLE"] and len(words) == 4:
        heard.variables[words[2]] = words[3]
        return b"200 result=1\n"
    if words[:2] == ["EXEC", "MSet"] and len(words) == 3:
        heard.variables.update(assignments(words[2]))
        return b"200 result=0\n"
    if words[:2] == ["EXEC", "Hangup"]:
        heard.hangup_cause = words[2]
        return b"200 result=-1\n"
    return b"510 Invalid or unknown command\n"
