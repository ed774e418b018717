"""Ports and processes of the lab: free ones, and ones that end with whoever started them.

Lab.  Nothing here is ever ended by its name.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from pathlib import Path

_LOWEST = 10_240
_random = random.SystemRandom()  # two runs beside each other, and the children of one, draw different ones


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    """A port that nobody has at this moment, and that the kernel gives nobody who only connects somewhere.

    Whoever binds it a moment later, or again after a restart, so finds it free.
    """
    highest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = _random.randrange(_LOWEST, highest) if highest > 2 * _LOWEST else 0
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])


def tied(command: Sequence[str]) -> list[str]:
    """Have the kernel kill the command when its parent dies, however that happens: no test leaves a process behind."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]
