"""An emergency at the script's door: answered before any library is loaded, and put on record behind the answer.

Joint, and light.  It needs no configuration, store, log or daemon; what it finds of them it uses.  The record is a child's
work, since Asterisk goes on only when the script has ended.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time

from agi_gate import actions
from agi_gate.dialled import in_format

_ID_BYTES = 6
_DECLARED = re.compile(r"\+39[0-9]{5,11}", re.ASCII)
_REPLY_BYTES = 4096
_PATIENCE_S = 1.5  # with the PBX; the dialplan's own ends after 2 s
# a record that waits for a log that hangs ends
_RECORD_WITHIN_S = 60


def answer(number: str, env: dict[str, str], path: str, received: bytes) -> int:
    """Allow the call on stdin; 0 when that was heard or the caller hung up, else 1.

    `number` and `env` are of the header in `received`, `path` is the configuration's.
    """
    deadline = time.monotonic() + _PATIENCE_S
    decision_id = f"{time.time_ns() // 1_000_000:012x}-{os.urandom(_ID_BYTES).hex()}"
    caller_id = _caller_id(path, env)
    status, rest = 0, received.partition(b"\n\n")[2]
    try:
        for name, value in actions.of_emergency(decision_id, number, caller_id):
            os.write(1, f'SET VARIABLE {name} "{value}"\n'.encode())
            rest = _hear(rest, deadline)
    except EOFError:
        pass  # the caller hung up
    except OSError as error:
        status = _failed(f"the conversation ended: {error}")
    _put_on_record(path, received, (decision_id, caller_id))
    return status


def _caller_id(path: str, env: dict[str, str]) -> str:
    """A declared number as the trunk takes it: the channel's if it is declared, else the campaign's first; empty if none is found.

    It is read as it is written: the configuration need not be good.
    """
    try:
        with open(path, "rb") as file:
            import tomllib
            table = tomllib.load(file)
        presented, campaign = env.get("agi_callerid", ""), table["campaigns"].get(env.get("agi_arg_2", ""), {})
        number = presented if presented in table["caller_ids"] else campaign["caller_ids"][0]
        trunk = table["trunks"][env.get("agi_arg_3") or campaign["trunk"]]
        return in_format(number, trunk.get("number_format", "e164")) if _DECLARED.fullmatch(number) else ""
    except Exception:  # whatever is wrong with it, the call goes on, with the caller ID that it has
        return ""


def _hear(rest: bytes, deadline: float) -> bytes:
    """Wait for the reply to a command, of which `rest` has come: what came behind it.  Raises EOFError at the end of the
    stream, OSError."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    while True:
        line, newline, behind = rest.partition(b"\n")
        if newline and line.startswith(b"200"):
            return behind
        if newline and line.startswith(b"5") or len(line) > _REPLY_BYTES:
            raise OSError("a command was refused")
        if newline:  # HANGUP, which may come at any time
            rest = behind
        elif not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError("no reply in time")
        elif more := os.read(0, _REPLY_BYTES):
            rest += more
        else:
            raise EOFError


def _put_on_record(path: str, received: bytes, answered: tuple[str, str]) -> None:
    """In a child that Asterisk does not wait for: it holds none of the script's pipes but stderr."""
    try:
        if os.fork():
            return
    except OSError as error:
        _failed(f"an emergency call has no record: {error.strerror}")
        return
    try:
        os.setpgrp()  # a session of its own would have a share of the processor of its own, whatever its priority
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.setpriority(os.PRIO_PROCESS, 0, 19)  # other emergencies may need the processor
        signal.alarm(_RECORD_WITHIN_S)
        from agi_gate.alone import put_on_record
        put_on_record(path, received, answered)
    except Exception as error:
        _failed(f"an emergency call has no record: {error}")
    finally:
        sys.stderr.flush()
        os._exit(0)


def _failed(words: str) -> int:
    print(f"agi-gate: {words}", file=sys.stderr)
    return 1
