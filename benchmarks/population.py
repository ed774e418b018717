"""A store full of numbers as the measured calls find it, and the numbers among them that may be called."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.bench import Bench
from benchmarks.children import spend
from benchmarks.servers import on_cores

_NUMBERS_CALLED = 50_000
_VATICAN = "06698"  # another country within Rome's numbers, which the campaign may not call


@dataclass(frozen=True)
class Population:
    store_url: str
    peers_url: str  # of the same server: a plain key a number
    numbers: Path  # clear, and in the directory: to be allowed
    server_name: str
    store_pid: int

    def let_store_use(self, cores: set[int]) -> None:
        for thread in os.listdir(f"/proc/{self.store_pid}/task"):
            os.sched_setaffinity(int(thread), cores)


@contextmanager
def population(rows: int, folder: Path, cores: set[int]) -> Iterator[Population]:
    """A server of its own with so many numbers: checked and with their contacts for the gate, plain keys for the peers.

    Every program started meanwhile finds it in its environment.
    """
    bench = Bench(rows, 1, 0, folder)
    registry, contacts = bench.feed("registry", rows), bench.feed("contacts", rows)
    with on_cores(cores):
        running = bench.server()
        url = running.__enter__()
    try:
        bench.load_registry(registry)
        bench.load_table("contacts", contacts)
        peers_url = url.removesuffix("/0") + "/1"
        spend([sys.executable, "-m", "benchmarks.naive", peers_url, str(registry), str(rows)])
        numbers = folder / "numbers.txt"
        numbers.write_text("".join(f"{number}\n" for number in _to_be_allowed(registry, contacts)))
        yield Population(url, peers_url, numbers, bench.server_name, _pid(url))
    finally:
        running.__exit__(None, None, None)


def _pid(url: str) -> int:
    with redis.Redis.from_url(url, protocol=2) as client:
        return int(client.info("server")["process_id"])


def _to_be_allowed(registry: Path, contacts: Path) -> list[str]:
    """Some of those who are not enrolled, and whose contact stands in the directory."""
    with registry.open() as stream:
        clear = {line.partition(",")[0] for line in stream if line.rstrip().endswith(",0")}
    with contacts.open() as stream:
        listed = [number for number, _controller, _source, directory, _on in (line.split(",") for line in stream)
                  if directory == "yes" and number in clear and not number.startswith(_VATICAN)]
    return random.Random(1).sample(listed, min(len(listed), _NUMBERS_CALLED))
