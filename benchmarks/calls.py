"""How long calls wait for their answer: a peer that plays Asterisk asks the real daemon, so many times a second.

Runs as a process of its own beside the daemon, until its standard input ends:
`python -m benchmarks.calls PORT NUMBERS RATE`.  A call counts from the moment its connection is asked for to the moment
the gate closes it, as a channel in the dialplan would wait.  Calls begin by the clock, however long the ones before
them take: a gate that stands still for a second makes all calls of that second wait, and all of them are seen.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lab.peer import ask
from lab.processes import tied

_THREADS = 32  # each has time for its call: 32 calls are under way at most
_CAMPAIGN, _TRUNK = "fibra", "carrier1"


@dataclass(frozen=True)
class Answered:
    """What many calls heard, and how long they waited."""

    waits_s: list[float]
    answers: Counter[str]  # verdict and reason; empty where the gate said nothing

    def percentile_s(self, percent: float) -> float:
        ordered = sorted(self.waits_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    @property
    def unanswered(self) -> int:
        """Calls that got no verdict, or one that only says that the gate could not find out."""
        broken = ("", "DENY STORE_UNAVAILABLE", "DENY GATE_ERROR", "DENY LOG_UNAVAILABLE")
        return sum(self.answers[answer] for answer in broken)


class Calls:
    """Calls that are placed from now on until `stop`."""

    def __init__(self, port: int, numbers: Path, rate: float) -> None:
        command = [sys.executable, "-m", "benchmarks.calls", str(port), str(numbers), str(rate)]
        self._process = subprocess.Popen(tied(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stop(self) -> Answered:
        said, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError(f"the calls ended with {self._process.returncode}")
        heard = json.loads(said)
        return Answered(heard["waits_s"], Counter(heard["answers"]))

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def _place_calls(port: int, numbers: list[str], rate: float) -> Answered:
    waits_s: list[float] = []
    answers: Counter[str] = Counter()
    lock, ended = threading.Lock(), threading.Event()
    begin = time.monotonic()

    def caller(first: int) -> None:
        turn = first
        while not ended.wait(max(0.0, begin + turn / rate - time.monotonic())):
            number = random.choice(numbers)
            started = time.monotonic()
            try:
                heard = ask(("127.0.0.1", port), number, _CAMPAIGN, _TRUNK).variables
            except OSError:
                heard = {}
            waited = time.monotonic() - started
            with lock:
                waits_s.append(waited)
                answers[" ".join(heard[name] for name in ("GATE_VERDICT", "GATE_REASON") if name in heard)] += 1
            turn += _THREADS

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    sys.stdin.buffer.read()
    ended.set()
    for thread in threads:
        thread.join()
    return Answered(waits_s, answers)


if __name__ == "__main__":
    result = _place_calls(int(sys.argv[1]), Path(sys.argv[2]).read_text().split(), float(sys.argv[3]))
    print(json.dumps({"waits_s": result.waits_s, "answers": result.answers}))
