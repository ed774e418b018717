"""The load generator, run for a while against one server: how many calls, how long each waited, what went wrong."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tools
from lab.processes import tied
from lab.waiting import PATIENCE_S

CAMPAIGN, TRUNK = "fibra", "carrier1"
_LONGEST_S = 10


class RunRefused(Exception):
    """Calls did not get the answer that they should have got: how fast the others were says nothing."""


@dataclass(frozen=True)
class Load:
    """What the calls of one run saw."""

    calls: int
    all_calls: int  # with those of the warm-up
    seconds: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    own_cpu_s: float
    run_s: float  # with the warm-up

    @property
    def calls_a_second(self) -> float:
        return self.calls / self.seconds


def program() -> Path:
    """The generator, compiled.  Raises NotHad."""
    return tools.compiled(tools.HERE / "generator.c")


def load(port: int, connections: int, seconds: float, numbers: Path, *, pause_ms: int = 0,
         prefix: tuple[str, ...] = ()) -> Load:
    """Place calls for so long, all of which must be allowed; longer where none fits in.  Raises RunRefused."""
    told: dict[str, Any] = {}
    while not told.get("calls"):
        told = _told(port, connections, seconds, numbers, pause_ms, prefix)
        errors = ", ".join(f"{kind}: {count:,}" for kind, count in told["errors"].items() if count)
        if errors or not told["calls"] and seconds > _LONGEST_S:
            raise RunRefused(f"of {told['calls']:,} calls: {errors or 'none was answered'}")
        seconds *= 2
    return Load(told["calls"], told["all_calls"], told["seconds"], told["p50_us"] / 1000, told["p99_us"] / 1000,
                told["slowest_us"] / 1000, told["own_cpu_s"], told["run_s"])


def _told(port: int, connections: int, seconds: float, numbers: Path, pause_ms: int, prefix: tuple[str, ...]) -> dict[str, Any]:
    command = [*prefix, str(program()), str(port), str(connections), str(seconds), str(numbers), CAMPAIGN,
               TRUNK, str(pause_ms)]
    done = subprocess.run(tied(command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=seconds * 2 + PATIENCE_S)
    if done.returncode != 0:
        raise RunRefused(f"the generator ended with {done.returncode}: {done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told
