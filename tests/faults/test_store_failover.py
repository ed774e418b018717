"""The store fails over under running calls: until a replica has taken over marketing is denied, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.cluster import Cluster
from lab.sentinel import SentinelGroup
from lab.store_server import StoreServer
from tests.faults.conftest import OpenStage
from tests.faults.numbers import STORE_UNAVAILABLE
from tests.faults.test_store_faults import AS_EVER

_CONTROLLER_KEYS = "agi:{acme}:"
_FAILING_OVER_S = 1.0
# which of the two it is depends on how far the others are
MEANWHILE = {kind: answers | {STORE_UNAVAILABLE} for kind, answers in AS_EVER.items()}


@contextmanager
def killed(server: StoreServer) -> Iterator[None]:
    server.kill()
    yield


@pytest.mark.parametrize("kind", ("Sentinel", "Cluster"))
def test_a_master_that_is_killed_is_followed_by_a_replica(open_stage: OpenStage, kind: str) -> None:
    with SentinelGroup.start() if kind == "Sentinel" else Cluster.start() as group, open_stage(group.url) as stage:
        master = group.master() if isinstance(group, SentinelGroup) else group.master_of(_CONTROLLER_KEYS)
        figures = stage.under_calls(f"store: failing over ({kind})", killed(master), expected=MEANWHILE,
                                    also_right=frozenset({STORE_UNAVAILABLE}), during_s=_FAILING_OVER_S)
        assert figures.wrong == []
        assert STORE_UNAVAILABLE in figures.answers
