"""The chains' ends against their heads: what was taken from the end, or put in behind it.

Edge.
"""

from __future__ import annotations

from pathlib import Path

from agi_gate.decision_log import heads
from agi_gate.decision_log.chains import Chains
from agi_gate.decision_log.findings import Place, Problems, name
from agi_gate.decision_log.heads import Damaged, Head


def compare(log: Path, chains: Chains, problems: Problems, unreadable: list[str],
            before: dict[bytes, Head | Damaged]) -> None:
    """Compare with the heads as they were before the open file was read, and as they are now.  Raises OSError."""
    for chain, head in before.items():
        end = chains.ends.get(chain)
        if head is Damaged.UNREAD:
            unreadable.append(f"{heads.folder(log).name}/{name(chain)}{heads.SUFFIX} {head.value}: where chain {name(chain)} ends is "
                              "not proven; run this as the gate's user")
        elif isinstance(head, Damaged):
            if end is None and head is Damaged.EMPTY:
                continue  # a writer made it just now, or was killed before its first record
            # not to be brought back itself: whoever wrote next would go on from where the chain was then
            problems.add(f"the head of chain {name(chain)} {head.value}: a loss of power can do that, and who took records from "
                         f"the end can.  Look with --expect whether the `hash` that {name(chain)}{heads.SUFFIX} has in your backup "
                         "is still there; then `agi-gate log keep --mend` makes it again from the chain's last record", "head",
                         Place(name(chain) + heads.SUFFIX, 1), chain)
        elif head.seq and (end is None or end.seq <= head.seq):
            chains.told_end(chain, head.seq, head.hash, f"the chain's head {head.file}")
    heads_now = heads.read_all(log)
    for chain, end in chains.ends.items():
        now = heads_now.get(chain)
        if isinstance(now, Damaged):
            continue  # it was told
        if now is None:
            problems.add(f"chain {name(chain)} has no head in {heads.folder(log).name}: it was removed, or its "
                         f"records were put in (the last is {end.place})", "head", end.place, chain, end.seq)
        elif end.seq > now.seq and not now.open:
            problems.of("inserted", end.place, chain, end.seq,
                        f"was put in: the chain's head {now.file} says that it ended with record {now.seq}")
