"""Mending: a chain's head that is damaged is made again from the chain's last record, where somebody asks for it.

Edge.  A loss of power can leave a head empty or full of zeros, and so can whoever took records from the chain's end; which
of the two it was, no file here can tell.  So nothing does this by itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from agi_gate.decision_log import files, heads, keep_state, linked
from agi_gate.decision_log.findings import name
from agi_gate.decision_log.heads import Damaged, Head
from agi_gate.decision_log.verifying import verify


def mend(log: Path, did: Callable[[str], None]) -> None:
    """Make damaged heads again; `did` is told of each.  Raises KeepBusy, OSError."""
    damaged = [chain for chain, head in heads.read_all(log).items() if isinstance(head, Damaged) and head is not Damaged.UNREAD]
    if not damaged:
        return
    ends = verify(log).ends
    with keep_state.alone(log):
        for chain in damaged:
            path = heads.folder(log) / f"{os.fsdecode(chain)}{heads.SUFFIX}"
            seq, hash_ = ends.get(name(chain), (0, "0" * 64))
            if not _write(path, Head(seq, hash_.encode(), _ended(log, hash_.encode()), open=False)):
                continue
            did(f"made the head of chain {name(chain)} again: it ends with record {seq}; whether one was behind that is not known")


def _write(path: Path, head: Head) -> bool:
    """False where a writer has the chain: it writes the head itself."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, heads.encode(head), 0)
        os.fsync(descriptor)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def _ended(log: Path, hash_: bytes) -> int:
    """Where a record ended in the open file; 0 where it is in none that is open."""
    position = 0
    if log.exists():
        for piece in files.pieces(log):
            for line in piece.split(b"\n")[:-1]:
                position += len(line) + 1
                what = linked.read(line)
                if isinstance(what, linked.Link) and what.hash == hash_:
                    return position
    return 0
