"""What is measured, stage by stage; each has a server of its own and can be run alone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import redis

from benchmarks.bench import Bench
from benchmarks.calls import Answered, Calls
from benchmarks.children import ChildFailed, Spent, empty_server, server_bytes, spend
from benchmarks.report import Line
from tests.support.daemon import Daemon

_NAIVE_ROWS = 1_000_000
_MANY_ROWS = 31_000_000
_CONSENTS = _PREFLIGHT_ROWS = 1_000_000
_LEAST_CALLS_S = _WARM_UP_S = 1.0
_NUMBERS_CALLED = 20_000
_GB = 1e9
_MEMORY_GB = 1.5  # promised of every load that has a promised time

Stage = Callable[[Bench], Iterator[Line]]


def naive(bench: Bench) -> Iterator[Line]:
    rows = min(bench.rows, _NAIVE_ROWS)
    path = bench.feed("registry", bench.rows)
    walls, sizes = [], []
    with bench.server() as url:
        for _ in range(bench.repeat):
            empty_server(url)
            before = server_bytes(url)
            spent = spend([sys.executable, "-m", "benchmarks.naive", url, str(path), str(rows)])
            walls.append(spent.wall_s)
            sizes.append((server_bytes(url) - before) / rows)
    bench.naive_s, bench.naive_bytes = median(walls) / rows, median(sizes)
    yield Line(f"naive load, {rows:,} numbers of the same file", "s", walls)
    yield Line("naive load, server memory a number (one check)", "B", sizes)


def empty(bench: Bench) -> Iterator[Line]:
    sizes = []
    with bench.server() as url:
        for kind, order in (("registry", "in no order"), ("registry-sorted", "sorted")):
            path, spent = bench.feed(kind, bench.rows), []
            for _ in range(bench.repeat):
                bench.empty(url)
                before = server_bytes(url)
                spent.append(bench.load_registry(path))
                sizes.append((server_bytes(url) - before) / bench.rows)
            yield from _loads(bench, f"{bench.rows:,} numbers into an empty store, {order}", spent, 20, bench.rows)
    yield Line("server memory a number, one check", "B", sizes, naive=bench.naive_bytes)


def refresh(bench: Bench) -> Iterator[Line]:
    first, *later = (bench.feed(kind, bench.rows) for kind in ("registry", "registry-2", "registry-3"))
    spent = []
    with bench.server() as url:
        before = server_bytes(url)
        bench.load_registry(first)
        for turn in range(max(2, bench.repeat)):
            spent.append(bench.load_registry(later[turn % 2]))
            if turn == 1:
                history = (server_bytes(url) - before) / bench.rows
        with redis.Redis.from_url(url, protocol=2) as client:
            highest = (int(client.info("memory")["used_memory_peak"]) - before) / bench.rows
        yield from _loads(bench, f"{bench.rows:,} numbers into a store that holds them", spent, 30, bench.rows)
        yield Line("server memory a number, three checks", "B", [history], 10)
        yield Line("the same at its highest, within a load", "B", [highest])
        bench.load_table("consents", bench.feed("consents", bench.scaled(_CONSENTS)))
        yield from _calls(bench, first, later, median(load.wall_s for load in spent))


def many(bench: Bench) -> Iterator[Line]:
    rows = bench.scaled(_MANY_ROWS)
    path = bench.feed("registry", rows)
    with bench.server():
        yield from _loads(bench, f"{rows:,} numbers into an empty store", [bench.load_registry(path)], 60, rows)


def consents(bench: Bench) -> Iterator[Line]:
    rows = bench.scaled(_CONSENTS)
    for kind, spread in (("consents", "over random numbers"), ("consents-consecutive", "over consecutive numbers")):
        path, spent, sizes = bench.feed(kind, rows), [], []
        with bench.server() as url:
            for _ in range(bench.repeat):
                bench.empty(url)
                before = server_bytes(url)
                spent.append(bench.load_table("consents", path))
                sizes.append((server_bytes(url) - before) / rows)
        yield from _loads(bench, f"{rows:,} consents {spread}", spent, 15)
        yield Line(f"server memory a consent, {spread}", "B", sizes, 150)


def contacts(bench: Bench) -> Iterator[Line]:
    path = bench.feed("contacts", bench.rows)
    with bench.server() as url:
        before = server_bytes(url)
        yield from _loads(bench, f"{bench.rows:,} contacts", [bench.load_table("contacts", path)])
        yield Line("server memory a contact", "B", [(server_bytes(url) - before) / bench.rows])


def preflight(bench: Bench) -> Iterator[Line]:
    rows = bench.scaled(_PREFLIGHT_ROWS)
    registry, path, spent = bench.feed("registry", bench.rows), bench.feed("list", rows), []
    try:
        bench.agi_gate("preflight", "--help")
    except ChildFailed:  # a version that has no such command
        pass
    else:
        with bench.server():
            bench.load_registry(registry)
            one_core = ("taskset", "--cpu-list", str(min(os.sched_getaffinity(0))))
            for _ in range(bench.repeat):
                spent.append(bench.agi_gate("preflight", path, "--campaign", "fibra", prefix=one_core))
    yield from _loads(bench, f"preflight of {rows:,} numbers on one core", spent, 60)


STAGES: dict[str, Stage] = {stage.__name__: stage
                            for stage in (naive, empty, refresh, many, consents, contacts, preflight)}


def _loads(bench: Bench, what: str, spent: list[Spent], target_s: float | None = None,
           naive_rows: int | None = None) -> Iterator[Line]:
    naive_s = None if naive_rows is None or bench.naive_s is None else bench.naive_s * naive_rows
    yield Line(what, "s", [one.wall_s for one in spent], target_s, naive_s)
    if spent:
        yield Line("  its processor time", "s", [one.cpu_s for one in spent])
        yield Line("  its own memory", "GB", [one.peak_bytes / _GB for one in spent], target_s and _MEMORY_GB)


def _calls(bench: Bench, known: Path, later: list[Path], load_s: float) -> Iterator[Line]:
    """Calls on an idle server and on one that takes a load, in turn: each load stands between two idle spans."""
    numbers = bench.folder / "numbers.txt"
    with known.open() as stream:
        numbers.write_text("\n".join(line.split(",")[0] for line in islice(stream, _NUMBERS_CALLED)))
    walls: list[float] = []
    with Daemon(bench.configuration) as daemon:
        def calls_while(work: Callable[[], None]) -> Answered:
            with Calls(daemon.address[1], numbers, bench.calls_a_second) as calls:
                work()
                return calls.stop()

        def nothing() -> None:
            time.sleep(max(_LEAST_CALLS_S, load_s))

        calls_while(lambda: time.sleep(_WARM_UP_S))
        idle, loaded = [calls_while(nothing)], []
        for turn in range(bench.repeat):
            loaded.append(calls_while(lambda: walls.append(bench.load_registry(later[turn % 2]).wall_s)))
            idle.append(calls_while(nothing))
    for name, answered in (("idle", idle), ("during a load", loaded)):
        count = sum(len(one.waits_s) for one in answered)
        yield Line(f"calls, {name}: {count:,} at {bench.calls_a_second:g} a second, p50", "ms",
                   [one.percentile_s(50) * 1000 for one in answered])
        yield Line("  p99", "ms", [one.percentile_s(99) * 1000 for one in answered])
        yield Line("  the slowest", "ms", [max(one.waits_s) * 1000 for one in answered])
    # the machine's own noise moves p99 most: a load is held against what was just before and just after it
    quiet_s = [(before.percentile_s(99) + after.percentile_s(99)) / 2 for before, after in pairwise(idle)]
    yield Line("calls, p99 during a load / p99 idle", "times",
               [busy.percentile_s(99) / quiet for busy, quiet in zip(loaded, quiet_s, strict=True)], 2)
    yield Line("calls without an answer", "calls", [one.unanswered for one in (*idle, *loaded)], 0)
    yield Line(f"{bench.rows:,} numbers into a store that holds them, under calls", "s", walls)
