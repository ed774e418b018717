"""Who the master is, where that may change: the word of a majority, of the sentinels or of a cluster's masters.

Edge.  A server that was asleep, or is cut off, takes itself for the master long after another one was made so, and
what it holds may lack an objection.  So it is never the one that is asked about itself alone: a failover needs the
votes of a majority, and whatever a majority says later cannot be older than that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import redis
from redis.crc import key_slot

from agi_gate.store import keys
from agi_gate.store.deadline import left, within
from agi_gate.store.unavailable import UNREADABLE, explain

_Voter = TypeVar("_Voter")
_Answer = TypeVar("_Answer")
Address = tuple[str, int]


class NoMajority(redis.ConnectionError):
    """Too few answer, or they do not agree: nobody knows who the master is."""


class MasterUnknown(redis.ConnectionError):
    """A majority answers, and knows of no such master."""


def by_majority(voters: list[_Voter], ask: Callable[[_Voter], _Answer], plural: str) -> _Answer:
    """The answer that more than half of the voters give; must be called within a deadline.

    Each voter gets a share of the time that is left, so that one which stands still does not use it up; from then on
    it is asked last.
    """
    needed, votes, last_words = len(voters) // 2 + 1, Counter[_Answer](), ""
    for position, voter in enumerate(tuple(voters)):
        try:
            with within((left() or 0) / (len(voters) - position + 1)):
                answer = ask(voter)
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            last_words = explain(error)
            voters.remove(voter)
            voters.append(voter)
            continue
        votes[answer] += 1
        if votes[answer] == needed:
            return answer
    if votes.total() >= needed:
        raise NoMajority(f"the {plural} do not agree on who the master is")
    raise NoMajority(f"{votes.total()} of {len(voters)} {plural} answer, and more than half must; the last error is: "
                     f"{last_words}")


def by_first(voters: list[_Voter], ask: Callable[[_Voter], _Answer]) -> _Answer:
    """The answer of whoever has one first, in the time that is left; who has none is asked last from then on."""
    last_words = ""
    for position, voter in enumerate(tuple(voters)):
        try:
            with within((left() or 0) / (len(voters) - position + 1)):
                return ask(voter)
        except (redis.RedisError, OSError, *UNREADABLE) as error:
            last_words = explain(error)
            voters.remove(voter)
            voters.append(voter)
    raise NoMajority(f"no node of the cluster that the URL names answers; the last error is: {last_words}")


class SentinelGroup:
    """The sentinels of one master.  All that are named in the URL vote."""

    def __init__(self, sentinels: Sequence[redis.Redis], master: str) -> None:
        self._sentinels = list(sentinels)
        self._master = master

    def slot_of(self, controller: str) -> int:
        return 0  # everything is on the one master

    def owners(self, slots: Sequence[int]) -> dict[int, Address]:
        """Slot -> its master.  Raises redis.RedisError."""
        master = by_majority(self._sentinels, self._named_by, "sentinels")
        if master is None:
            raise MasterUnknown(f"the sentinels know of no master `{self._master}`; its name stands after the `/` of "
                                "the URL")
        return dict.fromkeys(slots, master)

    def _named_by(self, sentinel: redis.Redis) -> Address | None:
        answer: Any = sentinel.execute_command(  # type: ignore[no-untyped-call]
            "SENTINEL GET-MASTER-ADDR-BY-NAME", self._master)
        return None if answer is None else (_text(answer[0]), int(answer[1]))


@dataclass(frozen=True, slots=True)
class _View:
    """What one node of a cluster believes: equal to another's view where the slots that matter have the same owners."""

    owners: tuple[tuple[int, Address], ...]
    masters: tuple[Address, ...] = field(compare=False)


class ClusterNodes:
    """The masters of a cluster: those of whom the last majority spoke, and the nodes of the URL to begin with."""

    def __init__(self, seeds: Sequence[Address], client_at: Callable[[Address], redis.Redis]) -> None:
        self._seeds = list(seeds)
        self._masters: list[Address] = []
        self._client_at = client_at

    def slot_of(self, controller: str) -> int:
        return key_slot(keys.base(controller).encode())

    @property
    def masters(self) -> tuple[Address, ...]:
        """Those of whom the last majority spoke: none before the first question."""
        return tuple(self._masters)

    def owners(self, slots: Sequence[int]) -> dict[int, Address]:
        """Slot -> its master; a slot that nobody has is left out.  Raises redis.RedisError."""
        def ask(address: Address) -> _View:
            return _view(address, self._client_at(address), slots)

        try:
            view = by_majority(self._masters or self._found(ask), ask, "masters of the cluster")
        except NoMajority:
            if not self._masters:
                raise
            self._masters = []  # it may have changed altogether since then
            view = by_majority(self._found(ask), ask, "masters of the cluster")
        # those who were found wanting stay the last to be asked
        order = self._masters
        self._masters = sorted(view.masters, key=lambda address: order.index(address) if address in order else -1)
        return dict(view.owners)

    def _found(self, ask: Callable[[Address], _View]) -> list[Address]:
        """The masters, on the word of the first node of the URL that answers; they are asked themselves then."""
        return list(by_first(self._seeds, ask).masters)


def _view(address: Address, client: redis.Redis, slots: Sequence[int]) -> _View:
    ranges: Any = client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
    owners: dict[int, Address] = {}
    masters: dict[Address, None] = {}
    for first, last, (host, port, *_), *_replicas in ranges:
        # a node that was never told its own address leaves it out: it is where we asked
        owner = (_text(host) if host not in (None, b"", b"?") else address[0], int(port))
        masters[owner] = None
        owners |= {slot: owner for slot in slots if first <= slot <= last}
    return _View(tuple(sorted(owners.items())), tuple(masters))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
