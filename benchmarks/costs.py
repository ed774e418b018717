"""Where a call's time goes: a sampling profiler beside a worker under load, its samples told by the part of the route.

py-spy looks from outside, some hundred times a second, at the thread that runs Python.  A sample belongs to the first
part of the route that its stack goes into, so what a part calls in libraries is its own cost.  The time in system
calls, for which Python is let go, is what the kernel counts.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from benchmarks import servers, tools
from benchmarks.daemon_stages import MANY, Found, Plan
from benchmarks.generator import load
from benchmarks.population import Population
from benchmarks.promises import TableOf
from benchmarks.report import figure
from benchmarks.rounds import cores_of_machine
from benchmarks.servers import on_cores
from lab.processes import tied

_TITLE = f"Where a call's processor time goes, {MANY} connections"
_COLUMNS = ("part of the route", "share", "a call", "most of it in")
_SAMPLES_A_SECOND = 400
_ATTACH_S = 1.0
_FRAME = re.compile(r"(.*?) \((.*):\d+\)$")
# the first that matches a frame's file, frame by frame from the outermost
_PARTS = (
    ("agi_gate/store/", "the store: asked, answer read"),
    ("agi_gate/record/", "the record: written out"),
    ("agi_gate/decision_log/", "the record: into the log"),
    ("agi_gate/rules/", "the rules"), ("agi_gate/decide.py", "the rules"),
    ("agi_gate/call.py", "the call: understood"), ("agi_gate/number.py", "the call: understood"),
    ("agi_gate/agi.py", "AGI: header read, commands told, replies read"),
    ("agi_gate/actions.py", "AGI: header read, commands told, replies read"),
)
_REST = "connections, threads, the way between the parts"


def stage(plan: Plan, people: Population) -> Found:
    server_cores, other_cores = cores_of_machine()
    seconds = max(1.0, plan.seconds * 3)
    with servers.gate(plan.folder / "profiled", 1, server_cores) as gate, on_cores(other_cores):
        load(gate.port, MANY, min(0.5, seconds), people.numbers)
        before = gate.user_and_kernel_s()
        seen = load(gate.port, MANY, seconds, people.numbers)
        user_us, kernel_us = ((after - then) / seen.all_calls * 1e6
                              for after, then in zip(gate.user_and_kernel_s(), before, strict=True))
        try:
            stacks = _stacks(gate.pids[0], seconds, plan.folder / "stacks", gate.port, people.numbers)
        except tools.NotHad as why:
            return Found([TableOf(_TITLE, _COLUMNS, [(_REST, "", "", f"not measured: {why}")])], [])
    return Found([TableOf(_TITLE, _COLUMNS, _rows(stacks, user_us, kernel_us))], [])


def _stacks(pid: int, seconds: float, path: Path, port: int, numbers: Path) -> Counter[str]:
    """Stacks of the worker under load, outermost frame first, and how often each was seen.  Raises NotHad."""
    py_spy = tools.peers_python().with_name("py-spy")
    command = [str(py_spy), "record", "--pid", str(pid), "--duration", str(round(seconds)), "--rate",
               str(_SAMPLES_A_SECOND), "--format", "raw", "--nonblocking", "--gil", "--output", str(path)]
    profiler = subprocess.Popen(tied(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(_ATTACH_S)
    if profiler.poll() is None:
        load(port, MANY, seconds, numbers)
    _, said = profiler.communicate(timeout=seconds + 30)
    if profiler.returncode != 0 or not path.exists():
        raise tools.NotHad(f"py-spy: {said.strip().splitlines()[-1] if said.strip() else profiler.returncode}")
    counted: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        counted[stack] += int(count)
    return counted


def _rows(stacks: Counter[str], user_us: float, kernel_us: float) -> list[tuple[str, ...]]:
    parts: Counter[str] = Counter()
    functions: dict[str, Counter[str]] = {}
    for stack, count in stacks.items():
        frames = [(found[1], found[2]) for frame in stack.split(";") if (found := _FRAME.match(frame))]
        part, inner = _part_of(frames)
        parts[part] += count
        functions.setdefault(part, Counter())[inner] += count
    total_us, samples = user_us + kernel_us, sum(parts.values())
    rows = [(kernel_us, "the kernel: sockets, the log's file", "system calls of all parts")]
    for part, count in parts.items():
        most = ", ".join(f"`{name}` {some / count:.0%}" for name, some in functions[part].most_common(3))
        rows.append((user_us * count / samples, part, most))
    rows.sort(reverse=True)
    return [(part, f"{us / total_us:.0%}", f"{figure(us)} µs", most) for us, part, most in rows]


def _part_of(frames: list[tuple[str, str]]) -> tuple[str, str]:
    """The part of the route that a stack is in, and the innermost function of the gate's own."""
    own = [(function, file) for function, file in frames if "agi_gate/" in file]
    for _function, file in own:
        for place, part in _PARTS:
            if place in file:
                return part, own[-1][0]
    return _REST, own[-1][0] if own else (frames[-1][0] if frames else "?")
