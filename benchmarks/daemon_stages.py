"""The daemon's speed, stage by stage: beside its peers on one core, and with two workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import servers, tools
from benchmarks.held import held
from benchmarks.population import Population
from benchmarks.promises import Promise, TableOf, spread
from benchmarks.report import figure
from benchmarks.rounds import CONNECTIONS, Rounds, Run, cores_of_machine
from benchmarks.servers import DING_DONG, FLOOR, GATE, PANORAMISK, PEERS, PYST2

_WHAT_IT_DOES = {
    GATE: "all rules, decision log on, 1 worker",
    FLOOR: "no look-up, no log: the floor",
    PANORAMISK: "asyncio, redis.asyncio: one look-up, no rules, no log",
    DING_DONG: "Node, ioredis, libphonenumber-js: one look-up, no rules, no log",
    PYST2: "as it ships: one look-up, no rules, no log",
}
_SERVER_COLUMNS = ("server", "calls/s", "spread", "p50", "p99", "processor a call", "what it does")
MANY = 50
_PACE_MS = 20  # some 50 calls a second, as a PBX sends them: by then the caches hold other things
_HELD_SHARE = 0.4  # two of them leave generator and store more than they need


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    rows: int
    rounds: int
    seconds: float
    folder: Path


@dataclass
class Found:
    """What a stage brings: tables of figures, and promises for the table of all."""

    tables: list[TableOf]
    promises: list[Promise]


def beside_peers(plan: Plan, people: Population) -> Found:
    """Every server pinned to one core, the generator and the store on the others."""
    server_cores, other_cores = cores_of_machine()
    rounds, paced, missing = Rounds(plan.seconds), Rounds(plan.seconds, _PACE_MS), {}
    with ExitStack() as stack:
        running = [stack.enter_context(servers.gate(plan.folder / "one", 1, server_cores))]
        for name in PEERS:
            try:
                running.append(stack.enter_context(servers.peer(name, people.peers_url, server_cores)))
            except tools.NotHad as why:
                missing[name] = str(why)
                print(f"  {name}: {why}", file=sys.stderr)
        rounds.run(running, plan.rounds, people.numbers, other_cores)
        paced.run(running, plan.rounds, people.numbers, other_cores, [1])
    names = [server.name for server in running]
    tables = [TableOf(f"One core each, {number} connection{'s' * (number > 1)}", _SERVER_COLUMNS,
                      [_row(rounds, name, number, missing.get(name)) for name in (GATE, *PEERS)])
              for number in CONNECTIONS]
    tables.append(TableOf(f"One core each, 1 connection, a call {_PACE_MS} ms after the last", _SERVER_COLUMNS,
                          [_row(paced, name, 1, missing.get(name)) for name in (GATE, *PEERS)]))
    return Found(tables, [*_against_peers(rounds, names, missing), *_against_floor(rounds)])


def _row(rounds: Rounds, name: str, connections: int, missing: str | None) -> list[str]:
    rates = rounds.values(name, connections, _rate)
    if not rates:
        return [name, *[""] * 5, f"not measured: {missing or rounds.refusals.get(name, 'no run')}"]
    p50, p99, cpu = (median(rounds.values(name, connections, of)) for of in (_p50, _p99, _cpu))
    return [name, figure(median(rates)), spread(rates), f"{figure(p50)} ms", f"{figure(p99)} ms", f"{figure(cpu)} µs",
            _WHAT_IT_DOES[name]]


def _against_peers(rounds: Rounds, names: Sequence[str], missing: dict[str, str]) -> list[Promise]:
    found = []
    for name, at_least in ((PANORAMISK, 1.2), (DING_DONG, 1.2), (PYST2, None)):
        ratios = rounds.ratios((GATE, MANY), (name, MANY), _rate) if name in names else []
        why = "" if ratios else missing.get(name) or rounds.refusals.get(name, "")
        found.append(Promise(f"calls a second at {MANY} connections, gate / {name}", "times", ratios,
                             at_least=at_least, why_not=why))
    return found


def _against_floor(rounds: Rounds) -> list[Promise]:
    return [
        Promise("p50 at 1 connection, gate / empty server", "times", rounds.ratios((GATE, 1), (FLOOR, 1), _p50),
                at_most=3),
        Promise("p99 at 1 connection, gate", "ms", rounds.values(GATE, 1, _p99), at_most=1.5),
    ]


def two_workers(plan: Plan, people: Population) -> Found:
    """One worker and two, on whatever cores the kernel gives them; generator and store want some of these too.

    And once more each worker held to a part of a core: then two of them have what they need, as on cores of their own.
    """
    cores = os.sched_getaffinity(0)
    one, two = "1 worker", "2 workers"
    with ExitStack() as stack:
        running = [stack.enter_context(servers.gate(plan.folder / name.replace(" ", "-"), number, cores, name))
                   for number, name in ((1, one), (2, two))]
        people.let_store_use(cores)
        free = Rounds(plan.seconds)
        free.run(running, plan.rounds, people.numbers, cores, [MANY])
        beside, why_not = Rounds(plan.seconds), ""
        try:
            with held([pid for server in running for pid in server.pids], _HELD_SHARE):
                beside.run(running, plan.rounds, people.numbers, cores, [MANY])
        except tools.NotHad as why:
            why_not = str(why)
    ratios = free.ratios((two, MANY), (one, MANY), _rate)
    used = [run.load.own_cpu_s / run.load.run_s for run in free.runs[two, MANY] if run is not None]
    left = len(cores) - (median(used) if used else 0)
    known = f"{len(cores)} cores, of which generator and kernel leave {figure(left)} to the workers and the store"
    costs = free.ratios((two, MANY), (one, MANY), _cpu)
    what = f"calls a second at {MANY} connections, 2 workers / 1"
    return Found([], [
        Promise(f"{what}, each held to {_HELD_SHARE:g} of a core", "times", beside.ratios((two, MANY), (one, MANY), _rate),
                at_least=1.8, why_not=why_not or beside.refusals.get(two, "")),
        Promise(f"{what}, beside generator and store on {len(cores)} cores", "times", ratios,
                why_not=known if ratios else free.refusals.get(two, "")),
        Promise("  a call's processor time, 2 workers / 1", "times", costs,
                why_not="2 / this is what two free cores would give" if costs else ""),
    ])


def _rate(run: Run) -> float:
    return run.calls_a_second


def _p50(run: Run) -> float:
    return run.load.p50_ms


def _p99(run: Run) -> float:
    return run.load.p99_ms


def _cpu(run: Run) -> float:
    return run.server_cpu_us
