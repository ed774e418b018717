"""Servers that all tests share: one real store for a run, emptied before each test that uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from lab.store_server import StoreServer


@pytest.fixture(scope="session")
def store_server() -> Iterator[StoreServer]:
    with StoreServer.start() as server:
        yield server


@pytest.fixture
def store_url(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty store, which every `agi-gate` of this test uses."""
    with redis.Redis.from_url(store_server.url) as client:
        client.flushall()
    monkeypatch.setenv("AGI_GATE_STORE_URL", store_server.url)
    return store_server.url
