"""Connections by the thousand from one address that may ask: each says its part and is gone, however little it heard.

    python -m tests.faults.flood HOST PORT FROM KIND RATE SECONDS

A process of its own, so that it and those who call beside it do not wait for each other.  It opens RATE connections a
second for SECONDS, in bursts of 10 ms, and prints how many those were.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.peer import header
from lab.processes import tied
from tests.faults.callers import reset
from tests.faults.numbers import CLEAR, EMERGENCY

FROM, UNIQUE_ID = "127.0.0.2", "flood"
_BURST_S = 0.01
_KEPT_S = 0.25


def _call(number: str = CLEAR.number) -> bytes:
    return header((number, "fibra", "carrier1"), agi_uniqueid=UNIQUE_ID)


@dataclass(frozen=True)
class Kind:
    """What a connection says at once, what later, and how it ends."""

    said: bytes
    kept_s: float = 0.0
    later: bytes = b""
    later_s: float = 0.0  # 0: from then on a byte in each burst
    is_reset: bool = True


KINDS: dict[str, Kind] = {
    "whole calls, reset at once": Kind(_call()),
    "whole calls, closed at once": Kind(_call(), is_reset=False),
    "whole calls that never reply": Kind(_call(), _KEPT_S),
    "emergencies that never reply": Kind(_call(EMERGENCY.number), _KEPT_S),
    "nothing": Kind(b"", _KEPT_S),
    "half a header": Kind(_call()[:300], _KEPT_S),
    "a header whose end is late": Kind(_call()[:-1], 0.7, b"\n", 0.6),
    "a header byte by byte": Kind(b"agi_request: " + b"x" * 8000 + b"\n", _KEPT_S, _call()),
    "30 KB of a header": Kind((b"agi_calleridname: " + b"x" * 6000 + b"\n") * 5, _KEPT_S),
    "30 KB of garbage": Kind(b"GET / HTTP/1.1\r\n" * 2000, _KEPT_S),
    "a usage message without end": Kind(_call() + b"520-" + b"x" * 20_000, _KEPT_S),
}


def flood(address: tuple[str, int], source: str, kind: Kind, rate: float, seconds: float) -> int:
    begun, opened = time.monotonic(), 0
    kept: deque[tuple[float, socket.socket]] = deque()
    silent: deque[tuple[float, socket.socket]] = deque()  # of these, who have something to say later
    while (now := time.monotonic()) < begun + seconds:
        for _ in range(min(500, int((now - begun) * rate) - opened)):
            opened += 1
            with contextlib.suppress(OSError):  # a queue that is full; no port that is free
                kept.append((now, _opened(address, source, kind.said)))
                silent.extend([kept[-1]] if kind.later_s else [])
        while silent and silent[0][0] + kind.later_s <= now:
            _say(silent.popleft()[1], kind.later)
        while kept and kept[0][0] + kind.kept_s <= now:
            _, peer = kept.popleft()
            reset(peer) if kind.is_reset else peer.close()
        for since, peer in kept if kind.later and not kind.later_s else ():
            place = int((now - since) / _BURST_S)
            _say(peer, kind.later[place:place + 1])
        time.sleep(max(0.0, _BURST_S - (time.monotonic() - now)))
    return opened


def _opened(address: tuple[str, int], source: str, said: bytes) -> socket.socket:
    peer = socket.socket()
    try:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.bind((source, 0))
        peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            peer.connect(address)
        if said:
            peer.send(said)
    except OSError:
        peer.close()
        raise
    return peer


def _say(peer: socket.socket, words: bytes) -> None:
    if words:
        with contextlib.suppress(OSError):  # the gate has closed it
            peer.send(words)


@contextmanager
def flooding(address: tuple[str, int], kind: str, rate: float, source: str = FROM, at_most_s: float = 60) -> Iterator[None]:
    """Flood until the block ends."""
    command = [sys.executable, "-m", "tests.faults.flood", address[0], str(address[1]), source, kind, str(rate),
               str(at_most_s)]
    process = subprocess.Popen(tied(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"flooding\n"
        yield
        assert process.poll() is None, "the flood was over before the block's end"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    host, port, source, kind, rate, seconds = sys.argv[1:]
    print("flooding", flush=True)
    print(flood((host, int(port)), source, KINDS[kind], float(rate), float(seconds)))
