"""The command line of ops on one configuration, and what its store holds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from agi_gate import config
from agi_gate.archive import Archive
from agi_gate.ops.exit_codes import DONE
from agi_gate.ops.main import main
from agi_gate.store import keys, manifest
from tests.support.gate_toml import write_gate_toml


class Ops:
    """The command line on one configuration, whose archive and log lie beside it."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str], *changes: tuple[str, str]) -> None:
        self.folder, self.url, self._capsys = folder, url, capsys
        self.gate_toml = write_gate_toml(folder, *changes)
        self.settings = config.load(self.gate_toml)
        self.archive = Archive(self.settings.archive_path)
        self.err = ""

    def __call__(self, *arguments: str, code: int = DONE) -> str:
        self._capsys.readouterr()
        ran = main(["--config", str(self.gate_toml), *arguments])
        said = self._capsys.readouterr()
        self.err = said.err
        assert ran == code, said.err
        return said.out

    def load(self, feed: str, text: str, *more: str, name: str = "feed.csv", code: int = DONE) -> str:
        path = self.folder / name
        path.write_text(text)
        return self("load", feed, str(path), *more, code=code)

    def check(self, flags: dict[str, int], day: int, *more: str, code: int = DONE) -> str:
        return self.load("registry", "".join(f"{number},{flag}\n" for number, flag in flags.items()), "--controller", "acme",
                         "--checked-at", f"2026-10-{day:02d}T09:00:00+02:00", *more, name=f"esito{day}.txt", code=code)

    @staticmethod
    def today() -> str:
        return time.strftime("%Y-%m-%dT00:00:00+00:00", time.gmtime())

    def pages(self) -> dict[str, bytes]:
        """All that calls read, without the ids of the loads that wrote it."""
        found = {}
        with redis.Redis.from_url(self.url) as client:
            for name in client.scan_iter("agi:*", count=10_000):
                key = name.decode()
                if client.type(name) == b"string" and not key.endswith(":load"):
                    body = client.get(name)[keys.LOAD_ID_BYTES:]
                    if ":m:" not in key or manifest.decode(body, name):  # a block without pages says nothing
                        found[key] = body
                elif key.endswith(":used") and (marks := set(client.hkeys(name)) - {b"#"}):
                    found[key] = b",".join(sorted(marks))
        return found


def empty(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushall()


def copy_of(ops: Ops) -> dict[bytes, bytes]:
    """All that the store holds."""
    with redis.Redis.from_url(ops.url) as client:
        return {name: client.dump(name) for name in client.keys("*")}


def restore(ops: Ops, copy: dict[bytes, bytes]) -> None:
    """Have the store hold a copy, and nothing else."""
    with redis.Redis.from_url(ops.url) as client:
        client.flushall()
        for name, value in copy.items():
            client.restore(name, 0, value)
