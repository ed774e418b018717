"""What a process holds: descriptors, threads, memory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    descriptors: int
    threads: int
    memory_mb: float


def held_by(pid: int) -> Held:
    status = Path(f"/proc/{pid}/status").read_text()
    threads, resident = (re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE) for name in ("Threads", "VmRSS"))
    assert threads and resident
    return Held(len(os.listdir(f"/proc/{pid}/fd")), int(threads[1]), int(resident[1]) / 1024)
