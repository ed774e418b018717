"""The stage of a fault: a store, a daemon and callers; `under_calls` plays one fault on it and gives its figures."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import redis

from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S, eventually
from tests.faults.callers import IN_TIME_S, Call, Callers
from tests.faults.ledger import Figures, figures_of
from tests.faults.numbers import load, write_configuration
from tests.support.daemon import AGI_GATE, Daemon
from tests.support.gate_toml import DEFAULT_LIMITS

_RUN = count(1)
NOT_INJECTED = "A FAULT WAS NOT INJECTED: "


@dataclass(frozen=True)
class Form:
    """How long each part of a run takes, and how many calls come."""

    long: bool
    rate: float
    before_s: float
    during_s: float
    after_s: float
    at_least: int = 20  # calls that begin and end while the fault lasts

    @classmethod
    def chosen(cls) -> Form:
        if os.environ.get("AGI_GATE_FAULTS") == "long":
            return cls(True, 50, 3, 12, 3)
        return cls(False, 40, 0.3, 1.0, 0.1)

    def in_time(self, took_s: float, limit_s: float) -> bool:
        """Say whether it took no longer; the short form, on a machine that has other things to do, measures nothing."""
        return not self.long or took_s <= limit_s


class StagedDaemon(Daemon):
    """`agi-gate serve`, in an environment and behind words of its own (`unshare -m …`)."""

    def __init__(self, configuration: Path, environment: Mapping[str, str], before: Sequence[str] = ()) -> None:
        self._said = configuration.parent / "daemon.stderr"
        self._workers_seen: set[int] = set()
        told = len(self.said()) if self._said.exists() else 0
        with self._said.open("ab") as stderr:
            self.process = subprocess.Popen(
                tied([*before, AGI_GATE, "--config", str(configuration), "serve"]), stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr, env={**os.environ, **environment})
        try:
            eventually(lambda: self.process.poll() is not None or "listening on" in self.said()[told:], "it listens")
            found = re.search(r"listening on (\S+):(\d+)", self.said()[told:])
            assert found, self.said()
        except BaseException:
            self.kill()
            raise
        self.address = found[1], int(found[2])
        self.workers()


@dataclass
class Stage:
    """A folder with a configuration, a loaded store and a daemon that runs.

    Its decisions are in every file under `log*/` that begins with the log's name.
    """

    folder: Path
    store_url: str
    form: Form
    daemon: StagedDaemon
    figures: list[Figures]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "AGI_GATE_STORE_URL": self.store_url}

    def logs(self) -> list[Path]:
        return list(self.seen_by_daemon(self.folder).glob("log*/decisions*.jsonl*"))

    def seen_by_daemon(self, path: Path) -> Path:
        """The same path, with whatever is mounted there for the daemon alone."""
        return Path(f"/proc/{self.daemon.process.pid}/root{path}")

    @property
    def configuration(self) -> Path:
        return self.folder / "gate.toml"

    def load(self) -> None:
        load(self.configuration, self.environment)

    def rebuild(self) -> None:
        """Everything into an empty store again, as ops would."""
        subprocess.run([AGI_GATE, "--config", self.configuration, "rebuild"], env=self.environment, check=True, timeout=PATIENCE_S,
                       capture_output=True)

    def under_calls(self, name: str, fault: AbstractContextManager[object], *,
                    expected: Mapping[str, frozenset[str]] | None = None, also_right: frozenset[str] = frozenset(),
                    settle_s: float = 0.3, is_settled: Callable[[Call], bool] | None = None, limit_s: float = PATIENCE_S,
                    during_s: float | None = None) -> Figures:
        """Inject a fault under running calls, wait until calls are allowed again, and hold all of them to the log.

        The fault is there from its entry to its exit, for some calls at least.  `settle_s` after its entry `expected` holds,
        and once the last calls that ended were all as `is_settled` has them.
        """
        with Callers(self.daemon.address, self.form.rate, f"{os.getpid()}.{next(_RUN)}", limit_s) as callers:
            time.sleep(self.form.before_s)
            with fault:
                injected = time.monotonic()
                time.sleep(settle_s)
                if is_settled is not None:
                    eventually(lambda: len(callers.ended_since(injected)) >= self.form.at_least
                               and all(map(is_settled, callers.calls[-self.form.at_least:])), "the fault shows")
                settled = time.monotonic()
                time.sleep(self.form.during_s if during_s is None else during_s)
                eventually(lambda: len(callers.ended_since(settled)) >= self.form.at_least, "calls end meanwhile")
                during = settled, time.monotonic()
            over = time.monotonic()
            recovered_s = callers.allowed_after(over)
            time.sleep(self.form.after_s)
        figures = figures_of(name, callers.calls, self.logs(), during, expected, also_right)
        figures.recovered_s = recovered_s
        if not self.form.in_time(figures.slowest_s, IN_TIME_S):
            figures.wrong.append(f"{figures.unanswered} calls waited over {IN_TIME_S:.0f} s")
        self.figures.append(figures)
        return figures


def on_a_small_disk(folder: Path, size_kb: int) -> list[str]:
    """Words that start a program for which the folder is a disk of its own, or a loud skip."""
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        if subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0:
            return [*words, "sh", "-c", f'mount -t tmpfs -o size={size_kb}k none "$0" && exec "$@"', str(folder)]
    pytest.skip(NOT_INJECTED + "a disk of one's own to fill wants root, or user namespaces")


@contextmanager
def staged(folder: Path, store_url: str, form: Form, figures: list[Figures], *changes: tuple[str, str],
           loaded: bool = True, environment: Mapping[str, str] | None = None,
           small_disk_kb: int = 0) -> Iterator[Stage]:
    """Write the configuration, load the feeds, run the daemon; its log on a disk of its own where that is asked for."""
    (folder / "log").mkdir(exist_ok=True)
    # a port that nobody else is given once the daemon is gone; what is measured is measured with the limits as shipped
    configuration = write_configuration(folder, ("127.0.0.1:0", f"127.0.0.1:{free_port()}"), *changes,
                                        *(DEFAULT_LIMITS if form.long else ()))
    settings = {"AGI_GATE_STORE_URL": store_url}
    if loaded and "+" not in store_url:  # what another folder's archive knows of is nothing that was lost
        with redis.Redis.from_url(store_url) as client:
            client.flushall()
    if loaded:
        load(configuration, {**os.environ, **settings})
    before = on_a_small_disk(folder / "log", small_disk_kb) if small_disk_kb else ()
    with StagedDaemon(configuration, {**settings, **(environment or {})}, before) as daemon:
        yield Stage(folder, store_url, form, daemon, figures)
