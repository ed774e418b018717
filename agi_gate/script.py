"""The door that Asterisk starts per call: `AGI(agi-gate.agi,...)`, one process on stdin and stdout.

Joint.  It hands the conversation to the daemon of the same configuration, and imports next to nothing for that: reading
the configuration whole, the rules and the store's client take twenty times as long as a bare interpreter's start.  Only
where there is no such daemon it decides by itself (`alone`).  An emergency it lets go before all that (`emergency`).

Whatever goes wrong it leaves GATE_VERDICT unset, which the dialplan takes for a refusal, and says so by its
exit code (AGISTATUS=FAILURE).  It ends at once: a script that lingers is a zombie on the PBX.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from agi_gate import place
from agi_gate.dialled import emergency_number

_READ_BYTES = 65536
# Asterisk sends its header at once
_HEADER_S = 1.0
# beside the daemon's own deadline: both ends' reading and writing
MARGIN_S = 0.5


def main() -> int:
    """Answer the one call on stdin; 0 when it was answered or hung up, 1 and 2 as the command line's."""
    # the caller hung up: the end of the stream says so too, and the record must still be written
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = os.environ.get(place.PATH_VARIABLE) or place.DEFAULT_PATH
    received = _header(time.monotonic() + _HEADER_S)
    if received is None:
        return failed("no whole header in time")
    # every deadline counts from here, where there is something to decide: a start takes long on a busy machine
    begun = time.monotonic()
    if _is_whole(received):
        env = _env_of(received)
        number = emergency_number(env.get("agi_arg_1", ""))
        if number is not None and "agi_arg_4" not in env:
            from agi_gate import emergency
            return emergency.answer(number, env, path, received)
        daemon = _daemon_of(path)
        if daemon is not None:
            address, deadline_s = daemon
            status = _hand_over(path, address, received, begun + deadline_s + MARGIN_S)
            if status is not None:
                return status
    from agi_gate.alone import answer
    return answer(path, received)


def _daemon_of(path: str) -> tuple[tuple[str, int], float] | None:
    """Where the configuration has its daemon, and its deadline in seconds; None where it must be read with more care."""
    import tomllib  # an emergency does not wait for it
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file).get("daemon", {})
        host, _, port = table.get("listen", place.LISTEN).rpartition(":")
        reachable = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))
        return (reachable, int(port)), float(table.get("deadline_ms", place.DEADLINE_MS)) / 1000
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return None


def _header(deadline: float) -> bytes | None:
    """What comes until the blank line at the header's end, or the stream's end; None where neither comes in time."""
    received, poll = b"", select.poll()
    poll.register(0, select.POLLIN)
    while not _is_whole(received) and len(received) < _READ_BYTES:
        if not _waited(poll, deadline):
            return None
        more = os.read(0, _READ_BYTES)
        if not more:
            break
        received += more
    return received


def _is_whole(received: bytes) -> bool:
    return b"\n\n" in received or b"\n\r\n" in received


def _env_of(received: bytes) -> dict[str, str]:
    """The header's lines; of a name that is there twice nothing, since one of them is a phone's."""
    env: dict[str, str] = {}
    twice = set()
    for line in received.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        if name in env:
            twice.add(name)
        env[name] = value.strip()
    return {name: value for name, value in env.items() if name not in twice}


def _hand_over(path: str, address: tuple[str, int], received: bytes, deadline: float) -> int | None:
    """Let the daemon converse.  None where there is none: nobody listens, or it is another configuration's."""
    import socket
    try:
        daemon = socket.create_connection(address, timeout=deadline - time.monotonic())
    except TimeoutError:
        return failed("the daemon did not answer in time")
    except OSError:
        return None
    named = f"{place.CONFIGURATION}: {os.path.realpath(path)}\n".encode("utf-8", "surrogateescape")
    told, hung_up = b"", False
    with daemon:
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(daemon, select.POLLIN)
        try:
            daemon.sendall(named + received)
            while ready := _waited(poll, deadline):
                if daemon.fileno() in ready:
                    words = daemon.recv(_READ_BYTES)
                    if not words:
                        break
                    told += words
                    if not _say(words):
                        return 0  # the caller hung up
                if 0 in ready:
                    words = os.read(0, _READ_BYTES)
                    if words:
                        daemon.sendall(words)
                    else:  # the caller hung up; what the daemon has begun to decide it still puts on record
                        hung_up = True
                        poll.unregister(0)
                        daemon.shutdown(socket.SHUT_WR)
            else:
                return failed("the daemon did not answer in time")
        except OSError:
            pass  # a reset is an end
    if not told:
        return 0 if hung_up else None
    *lines, _rest = told.split(b"\n")  # half a line sets nothing
    return 0 if any(b"GATE_VERDICT" in line for line in lines) else failed("the daemon ended the conversation")


def _waited(poll: select.poll, deadline: float) -> set[int]:
    return {descriptor for descriptor, _event in poll.poll(max(0.0, deadline - time.monotonic()) * 1000)}


def _say(words: bytes) -> bool:
    try:
        while words:
            words = words[os.write(1, words):]
    except BrokenPipeError:
        return False
    return True


def failed(words: str) -> int:
    print(f"agi-gate: conversation ended: {words}", file=sys.stderr)
    return 1
