"""One run's means: the sizes, a server, the command line as ops use it, and the proof that a load is seen by calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from agi_gate import config
from agi_gate.facts import Facts
from agi_gate.store.reader import Store
from benchmarks import data, servers
from benchmarks.children import Spent, empty_server, spend
from lab.store_server import StoreServer
from tests.support.daemon import AGI_GATE

CONTROLLER = "acme"
FULL_ROWS = 15_000_000
_BETWEEN_CHECKS = timedelta(hours=6)


class NotVisible(Exception):
    """A load said that it was done, and calls do not see it."""


@dataclass
class Bench:
    rows: int
    repeat: int
    calls_a_second: float
    folder: Path
    # what the naive load needs for one number, once it was measured
    naive_s: float | None = None
    naive_bytes: float | None = None
    server_name: str = ""
    _checks: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.configuration = servers.write_configuration(self.folder)

    def scaled(self, full: int) -> int:
        """A size of the full run, in proportion to this one."""
        return max(1, full * self.rows // FULL_ROWS)

    @contextmanager
    def server(self) -> Iterator[str]:
        """A new server's URL, which every program started meanwhile uses."""
        before = os.environ.get(config.STORE_URL_VARIABLE)
        self._forget_archive()
        with StoreServer.start() as server:
            os.environ[config.STORE_URL_VARIABLE] = server.url
            with redis.Redis.from_url(server.url, protocol=2) as client:
                told = client.info("server")
            number = told.get("valkey_version", told["redis_version"])
            self.server_name = f"{told.get('server_name', 'redis')} {number}"
            try:
                yield server.url
            finally:
                del os.environ[config.STORE_URL_VARIABLE]
                if before is not None:
                    os.environ[config.STORE_URL_VARIABLE] = before

    def empty(self, url: str) -> None:
        """Have nothing loaded: a store that lacks what the archive has would take no load."""
        empty_server(url)
        self._forget_archive()

    def _forget_archive(self) -> None:
        shutil.rmtree(config.load(self.configuration).archive_path, ignore_errors=True)

    def feed(self, kind: str, count: int) -> Path:
        """A feed's file, made in a process of its own so that this one stays small."""
        if not data.path_of(kind, count).exists():
            print(f"making {kind}, {count:,} rows", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "benchmarks.data", kind, str(count)], check=True,
                           stdout=subprocess.DEVNULL)
        path = data.path_of(kind, count)
        with path.open("rb") as stream:  # from the disk means: from the kernel's cache, each time alike
            while stream.read(1 << 24):
                pass
        return path

    def agi_gate(self, *words: str | Path, prefix: tuple[str, ...] = ()) -> Spent:
        return spend([*prefix, AGI_GATE, "--config", str(self.configuration), *map(str, words)])

    def load_registry(self, path: Path) -> Spent:
        """Load a check, six hours after the one before it, and see that calls rest on it."""
        self._checks += 1
        # the last of a run's checks is days old and the first still counts
        checked_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10) + self._checks * _BETWEEN_CHECKS
        spent = self.agi_gate("load", "registry", path, "--controller", CONTROLLER,
                              "--checked-at", checked_at.isoformat())
        for line in _ends(path):
            number, flag = line.split(",")
            check = self.facts(number).last_check
            if check is None or check.at != checked_at or check.enrolled != (flag == "1"):
                raise NotVisible(f"a number of {path.name} is not known as checked at {checked_at}")
        return spent

    def load_table(self, feed: str, path: Path) -> Spent:
        spent = self.agi_gate("load", feed, path)
        for line in _ends(path):
            facts = self.facts(line.split(",")[0])
            if not (facts.consents if feed == "consents" else facts.contact):
                raise NotVisible(f"a row of {path.name} is not known")
        return spent

    def facts(self, national: str) -> Facts:
        """What a call would find of a number."""
        return Store.at(os.environ[config.STORE_URL_VARIABLE], 5_000).facts_for(CONTROLLER, f"+39{national}")


def _ends(path: Path) -> tuple[str, str]:
    """The second and the last line of a feed: the first may be a header."""
    with path.open("rb") as stream:
        stream.readline()
        second = stream.readline()
        stream.seek(-min(1_000, path.stat().st_size), os.SEEK_END)
        last = stream.read().splitlines()[-1]
    return second.decode().strip(), last.decode().strip()
