"""Processes held to a part of a core by the kernel (cgroups), so that others beside them have the rest for sure.

Where generator and store want cores that a server would use, too, what a second worker brings cannot be seen; held to
less than there is, each worker has its part whatever the others do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.tools import NotHad

_CGROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 5_000


@contextmanager
def held(pids: Sequence[int], share: float) -> Iterator[None]:
    """Each of these to a share of a core (0-1).  Raises NotHad where this machine does not let it."""
    with ExitStack() as stack:
        for pid in pids:
            stack.enter_context(_group(pid, round(share * _PERIOD_US)))
        yield


@contextmanager
def _group(pid: int, quota_us: int) -> Iterator[None]:
    parent, limits = _parent(quota_us)
    group = parent / f"agi-gate-bench-{os.getpid()}-{pid}"
    try:
        group.mkdir()
    except OSError as error:
        raise NotHad(f"a cgroup cannot be made here ({error.strerror})") from error
    try:
        try:
            for name, value in limits:
                (group / name).write_text(value)
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise NotHad(f"a cgroup does not take a limit here ({error.strerror})") from error
        yield
    finally:
        (parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _parent(quota_us: int) -> tuple[Path, list[tuple[str, str]]]:
    """The folder in which groups can be made, and what is written into a group of it: cgroups of version 1, or 2."""
    if (_CGROUPS / "cpu" / "cpu.cfs_quota_us").exists():
        return _CGROUPS / "cpu", [("cpu.cfs_period_us", str(_PERIOD_US)), ("cpu.cfs_quota_us", str(quota_us))]
    control = _CGROUPS / "cgroup.subtree_control"
    if control.exists() and "cpu" in control.read_text().split():
        return _CGROUPS, [("cpu.max", f"{quota_us} {_PERIOD_US}")]
    raise NotHad("no cgroups of processors here")
