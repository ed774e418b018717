"""What happens between the gate and its store: an answer that is late, cut or changed is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.store_server import StoreServer
from tests.faults import store_proxy
from tests.faults.conftest import OpenStage
from tests.faults.numbers import STORE_UNAVAILABLE
from tests.faults.stage import Stage
from tests.faults.store_proxy import StoreProxy
from tests.faults.test_store_faults import NOTHING_KNOWN

FAULTS = {
    "cut mid-reply": store_proxy.CUT,
    "reset mid-reply": store_proxy.RESET,
    "connected and silent": store_proxy.SILENT,
    "slow by 10 s": store_proxy.SLOW,
    "one byte each 0.2 s": store_proxy.DRIP,
}


@pytest.fixture(scope="module")
def proxied(open_stage: OpenStage) -> Iterator[tuple[StoreProxy, Stage]]:
    with StoreServer.start() as server, StoreProxy(server.port) as proxy, open_stage(proxy.url) as stage:
        yield proxy, stage


@contextmanager
def answers(proxy: StoreProxy, mode: str) -> Iterator[None]:
    proxy.mode = mode
    yield
    proxy.mode = store_proxy.PASS


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_does_not_come_whole_and_in_time_is_none(proxied: tuple[StoreProxy, Stage], fault: str) -> None:
    proxy, stage = proxied
    figures = stage.under_calls(f"store: {fault}", answers(proxy, FAULTS[fault]), expected=NOTHING_KNOWN,
                                also_right=frozenset({STORE_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.under_fault


def test_a_bit_that_changed_on_the_way_never_makes_an_allow(proxied: tuple[StoreProxy, Stage]) -> None:
    """Where the page still adds up, the answer is the right one; a claim's answer is a number without a sum."""
    proxy, stage = proxied
    figures = stage.under_calls("store: a flipped bit in every reply", answers(proxy, store_proxy.FLIP),
                                also_right=frozenset({STORE_UNAVAILABLE, "DENY REGISTRY_UNKNOWN", "DENY GATE_ERROR"}))
    assert figures.wrong == []
