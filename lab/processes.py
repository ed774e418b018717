"""Ports and processes of the lab: free ones, and ones that end with whoever started them.

Lab.  Nothing here is ever ended by its name.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    """A port that nobody has at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """As many ports that nobody has at this moment, each another one."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]


def tied(command: Sequence[str]) -> list[str]:
    """Have the kernel kill the command when its parent dies, however that happens: no test leaves a process behind."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]
