"""The same load on several servers, turn about: a noisy machine is noisy to all of them alike.

A round asks every server at every number of connections, each round beginning with another one; figures of one round
are held against each other, and the median of the rounds counts.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.generator import Load, RunRefused, load
from benchmarks.servers import Server, on_cores

CONNECTIONS = (1, 50)
_WARM_UP_S = 0.5


@dataclass(frozen=True)
class Run:
    load: Load
    server_cpu_us: float  # a call

    @property
    def calls_a_second(self) -> float:
        return self.load.calls_a_second


@dataclass
class Rounds:
    """Runs by server and number of connections, one a round; None where the run was refused.

    `pause_ms`: between the calls of one connection.
    """

    seconds: float
    pause_ms: int = 0
    runs: dict[tuple[str, int], list[Run | None]] = field(default_factory=lambda: defaultdict(list))
    refusals: dict[str, str] = field(default_factory=dict)  # a server's last one

    def run(self, servers: Sequence[Server], count: int, numbers: Path, cores: set[int],
            connections: Iterable[int] = CONNECTIONS) -> None:
        """Ask the servers so many rounds, from these cores."""
        connections = tuple(connections)
        with on_cores(cores):
            for server in servers:  # what it does once, at its first calls, is not a call's cost
                self._ask(server, max(connections), min(_WARM_UP_S, self.seconds), numbers)
            for turn in range(count):
                first = turn % len(servers)
                for server in (*servers[first:], *servers[:first]):
                    for number in connections:
                        self.runs[server.name, number].append(self._ask(server, number, self.seconds, numbers))
                print(f"  round {turn + 1} of {count}", file=sys.stderr)

    def _ask(self, server: Server, connections: int, seconds: float, numbers: Path) -> Run | None:
        before = server.cpu_s()
        try:
            seen = load(server.port, connections, seconds, numbers, pause_ms=self.pause_ms)
        except RunRefused as refused:
            self.refusals[server.name] = str(refused)
            print(f"  {server.name}, {connections} connections: a run is refused: {refused}", file=sys.stderr)
            return None
        return Run(seen, (server.cpu_s() - before) / seen.all_calls * 1e6)

    def values(self, name: str, connections: int, figure: Callable[[Run], float]) -> list[float]:
        return [figure(run) for run in self.runs[name, connections] if run is not None]

    def ratios(self, one: tuple[str, int], other: tuple[str, int], figure: Callable[[Run], float]) -> list[float]:
        """One server's figure over another's of the same round."""
        return [figure(run) / figure(beside) for run, beside in zip(self.runs[one], self.runs[other], strict=True)
                if run is not None and beside is not None]


def cores_of_machine() -> tuple[set[int], set[int]]:
    """The one that a measured server has, and those of everything else; the same one where there is only one."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}
