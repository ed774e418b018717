"""A real cluster on loopback: masters that share the slots, each with replicas that follow it.

Lab.  Free ports throughout, the cluster's own among them; every node ends by its process id and with this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import redis
from redis.crc import key_slot

from lab.processes import free_port
from lab.store_server import StoreServer, servers_say, tls_options

SLOTS = 16384
NODE_TIMEOUT_MS = 1000


@dataclass
class Cluster:
    nodes: list[StoreServer]
    password: str
    _exits: ExitStack

    @classmethod
    def start(cls, command: Sequence[str] | None = None, *options: str, masters: int = 3, replicas: int = 1,
              password: str = "", tls: bool = False) -> Cluster:
        """Start the nodes, make them one cluster, and wait until each says that all is well.

        `options` are the nodes' own, a certificate among them where they talk TLS; `password` is the default user's.
        """
        with ExitStack() as exits:
            nodes = [exits.enter_context(StoreServer.start(
                command, "--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                "--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-replica-validity-factor", "0",
                "--repl-diskless-sync-delay", "0", *options, *(tls_options() if tls else ())))
                for _ in range(masters * (1 + replicas))]
            cluster = cls(nodes, password, exits.pop_all())
        try:
            cluster._join(masters)
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def _join(self, masters: int) -> None:
        ids = [str(self.ask(node, "CLUSTER", "MYID"), "ascii") for node in self.nodes]
        for number, node in enumerate(self.nodes):
            self.ask(node, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            bus_port = node.command[node.command.index("--cluster-port") + 1]
            self.ask(self.nodes[0], "CLUSTER", "MEET", "127.0.0.1", node.port, bus_port)
        for number in range(masters):
            first, end = (SLOTS * part // masters for part in (number, number + 1))
            self.ask(self.nodes[number], "CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        servers_say(lambda: all(self.info(node)["cluster_known_nodes"] == str(len(self.nodes)) for node in self.nodes),
                    "the nodes know each other")
        for number, node in enumerate(self.nodes[masters:]):
            self.ask(node, "CLUSTER", "REPLICATE", ids[number % masters])
        servers_say(lambda: all(self.info(node)["cluster_state"] == "ok" for node in self.nodes)
                    and all(len(self.ask(node, "ROLE")[2]) == len(self.nodes) // masters - 1
                            for node in self.nodes[:masters]), "the cluster is complete")

    def ask(self, node: StoreServer, *words: str | int) -> Any:
        """A node's answer, whatever it is."""
        with redis.Redis(port=node.port, password=self.password or None, protocol=2) as client:
            return client.execute_command(*words)

    def info(self, node: StoreServer) -> dict[str, str]:
        with redis.Redis(port=node.port, password=self.password or None, protocol=2) as client:
            return {str(name): str(value) for name, value in client.execute_command("CLUSTER INFO").items()}

    def master_of(self, key: str) -> StoreServer:
        """The node that has a key's slot, as the nodes that answer say."""
        slot = key_slot(key.encode())
        for asked in self.nodes:
            if asked.process.poll() is not None:
                continue
            for first, last, master, *_replicas in self.ask(asked, "CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(node for node in self.nodes if node.port == master[1])
        raise RuntimeError(f"nobody has slot {slot}")

    @property
    def url(self) -> str:
        login = f":{self.password}@" if self.password else ""
        scheme = "rediss" if "--tls-port" in self.nodes[0].command else "redis"
        return f"{scheme}+cluster://{login}" + ",".join(f"127.0.0.1:{node.client_port}" for node in self.nodes)

    def stop(self) -> None:
        self._exits.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
