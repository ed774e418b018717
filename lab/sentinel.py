"""A real Sentinel group on loopback: a master, the replicas that follow it, and the sentinels that watch over them.

Lab.  Free ports throughout; every process ends by its id and with this one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import redis

from lab.store_server import StoreServer, servers_say, tls_options, valkey_command
from lab.waiting import PATIENCE_S

MASTER_NAME = "mymaster"
DOWN_AFTER_MS = 1000


@dataclass
class SentinelGroup:
    servers: list[StoreServer]  # the first one was the master to begin with
    sentinels: list[StoreServer]
    _exits: ExitStack

    @classmethod
    def start(cls, command: Sequence[str] | None = None, *options: str, replicas: int = 2, sentinels: int = 3,
              sentinel_password: str = "", tls: bool = False) -> SentinelGroup:
        """Start all of them, and wait until every sentinel knows every replica and every other sentinel.

        `options` are those of the servers and the sentinels, a certificate among them where they talk TLS.
        """
        command = tuple(command or valkey_command())
        with ExitStack() as exits:
            folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="agi-gate-sentinel-")))

            def start(command: Sequence[str], *own_options: str) -> StoreServer:
                return exits.enter_context(StoreServer.start(
                    command, *own_options, *options, *(tls_options() if tls else ())))

            servers = [start(command, "--repl-diskless-sync-delay", "0")]
            for _ in range(replicas):
                servers.append(start(command, "--repl-diskless-sync-delay", "0",
                                     "--replicaof", f"127.0.0.1 {servers[0].client_port}"))
            watching = []
            for number in range(sentinels):
                written = folder / f"sentinel-{number}.conf"  # a sentinel writes what it learns into its file
                written.write_text(
                    f"sentinel monitor {MASTER_NAME} 127.0.0.1 {servers[0].client_port} {sentinels // 2 + 1}\n"
                    f"sentinel down-after-milliseconds {MASTER_NAME} {DOWN_AFTER_MS}\n"
                    f"sentinel failover-timeout {MASTER_NAME} 3000\n"
                    + (f'requirepass "{sentinel_password}"\nsentinel sentinel-pass "{sentinel_password}"\n'
                       if sentinel_password else ""))
                watching.append(start([*command, str(written)], "--sentinel"))
            group = cls(servers, watching, exits.pop_all())
        try:
            servers_say(lambda: all(
                (state["num-slaves"], state["num-other-sentinels"]) == (replicas, sentinels - 1)
                for state in (_state(sentinel, sentinel_password) for sentinel in watching)),
                "the sentinels know each other")
            servers_say(lambda: len(_role(servers[0])[2]) == replicas, "the replicas follow")
        except BaseException:
            group.stop()
            raise
        return group

    @property
    def url(self) -> str:
        scheme = "rediss" if "--tls-port" in self.servers[0].command else "redis"
        return f"{scheme}+sentinel://" + ",".join(
            f"127.0.0.1:{sentinel.client_port}" for sentinel in self.sentinels) + f"/{MASTER_NAME}"

    def master(self) -> StoreServer:
        """Whom the first sentinel that runs names."""
        for sentinel in self.sentinels:
            if sentinel.process.poll() is None:
                with redis.Redis(port=sentinel.port, protocol=2, socket_timeout=PATIENCE_S) as client:
                    _host, port = client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
                    return next(server for server in self.servers if server.client_port == int(port))
        raise RuntimeError("no sentinel runs")

    def stop(self) -> None:
        self._exits.close()

    def __enter__(self) -> SentinelGroup:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()


def _state(sentinel: StoreServer, password: str) -> dict[str, object]:
    with redis.Redis(port=sentinel.port, password=password or None, protocol=2) as client:
        return dict(client.execute_command("SENTINEL MASTER", MASTER_NAME))


def _role(server: StoreServer) -> list[list[object]]:
    with redis.Redis(port=server.port, protocol=2) as client:
        return list(client.execute_command("ROLE"))
