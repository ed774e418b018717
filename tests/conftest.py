"""What all tests share: one real store for a run, emptied before each test that uses it; and the replay of every record
that they make."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis

from lab.store_server import StoreServer
from tests.support.replayed import Replayed


def pytest_configure() -> None:
    # an example takes as long as the machine lets it
    hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("patient")
    # a shell that starts the tests in the background has Ctrl-C ignored, by them and by whatever they start
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def _tampered() -> set[Path]:
    """Folders of tests that change the records which they make."""
    return set()


@pytest.fixture(autouse=True)
def _left_out(request: pytest.FixtureRequest, _tampered: set[Path]) -> None:
    if request.node.get_closest_marker("tampers") and "tmp_path" in request.fixturenames:
        _tampered.add(request.getfixturevalue("tmp_path"))


@pytest.fixture(scope="session", autouse=True)
def _every_record_decides_the_same_again(tmp_path_factory: pytest.TempPathFactory, _tampered: set[Path]) -> Iterator[None]:
    """At the end: each record that any test has made is decided again from its own facts, to the last reason."""
    yield
    replayed = Replayed.under(tmp_path_factory.getbasetemp(), _tampered)
    print(f"\n{replayed.records:,} records of {replayed.files:,} logs were decided again")
    assert replayed.differing == []
