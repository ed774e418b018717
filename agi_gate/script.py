"""The door that Asterisk starts per call: `AGI(agi-gate.agi,...)`, one process on stdin and stdout.

Joint.  It hands the conversation to the daemon of the same configuration, and imports next to nothing for that: reading
the configuration whole, the rules and the store's client take twenty times as long as a bare interpreter's start.  Only
where there is no such daemon it decides by itself (`alone`).

Whatever goes wrong it leaves GATE_VERDICT unset, which the dialplan takes for a refusal, and says so by its
exit code (AGISTATUS=FAILURE).  It ends at once: a script that lingers is a zombie on the PBX.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
import tomllib

from agi_gate import place

_READ_BYTES = 65536
# beside the daemon's own deadline: both ends' reading and writing
MARGIN_S = 0.5


def main() -> int:
    """Answer the one call on stdin; 0 when it was answered or hung up, 1 and 2 as the command line's."""
    # the caller hung up: the end of the stream says so too, and the record must still be written
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = os.environ.get(place.PATH_VARIABLE) or place.DEFAULT_PATH
    started, received = time.monotonic(), b""
    daemon = _daemon_of(path)
    if daemon is not None:
        address, deadline_s = daemon
        deadline = started + deadline_s + MARGIN_S
        received = _header(deadline)
        if _is_whole(received):
            status = _hand_over(path, address, received, deadline)
            if status is not None:
                return status
    from pathlib import Path

    from agi_gate.alone import answer
    return answer(Path(path), received, started)


def _daemon_of(path: str) -> tuple[tuple[str, int], float] | None:
    """Where the configuration has its daemon, and its deadline in seconds; None where it must be read with more care."""
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file).get("daemon", {})
        host, _, port = table.get("listen", place.LISTEN).rpartition(":")
        reachable = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))
        return (reachable, int(port)), float(table.get("deadline_ms", place.DEADLINE_MS)) / 1000
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return None


def _header(deadline: float) -> bytes:
    """What comes until the blank line at the header's end, the stream's end, or the deadline."""
    received, poll = b"", select.poll()
    poll.register(0, select.POLLIN)
    while not _is_whole(received) and len(received) < _READ_BYTES and _waited(poll, deadline):
        more = os.read(0, _READ_BYTES)
        if not more:
            break
        received += more
    return received


def _is_whole(received: bytes) -> bool:
    return b"\n\n" in received or b"\n\r\n" in received


def _hand_over(path: str, address: tuple[str, int], received: bytes, deadline: float) -> int | None:
    """Let the daemon converse.  None where there is none: nobody listens, or it is another configuration's."""
    try:
        daemon = socket.create_connection(address, timeout=deadline - time.monotonic())
    except TimeoutError:
        return failed("the daemon did not answer in time")
    except OSError:
        return None
    named = f"{place.CONFIGURATION}: {os.path.realpath(path)}\n".encode("utf-8", "surrogateescape")
    told = b""
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
                    else:  # the caller hung up; the daemon still writes its record
                        poll.unregister(0)
                        daemon.shutdown(socket.SHUT_WR)
            else:
                return failed("the daemon did not answer in time")
        except OSError:
            pass  # a reset is an end
    if not told:
        return None
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
