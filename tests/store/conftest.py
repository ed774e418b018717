"""The store's tests run on every server of `lab/store_servers.py`; one that cannot be had is skipped, and says so.

With AGI_GATE_REQUIRE_SERVERS=1 it fails instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest
import redis

from agi_gate.store.reader import Store, connect
from lab.store_server import StoreServer
from lab.store_servers import NAMES, Command, find_server
from lab.waiting import PATIENT_MS

REQUIRE_VARIABLE = "AGI_GATE_REQUIRE_SERVERS"
TIMEOUT_MS = 1_000  # where a test has a store that does not answer; the others are patient


@pytest.fixture(scope="session", params=NAMES)
def server_command(request: pytest.FixtureRequest) -> Command:
    command = find_server(request.param)
    return missing(f"ON {request.param}", command) if isinstance(command, str) else command


def missing(what: str, why: str) -> NoReturn:
    """Skip aloud what cannot be tested here."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{REQUIRE_VARIABLE}=1, but {why}")
    pytest.skip(f"THE STORE WAS NOT TESTED {what}: {why}")


@pytest.fixture(scope="session")
def store_server(server_command: Command) -> Iterator[StoreServer]:
    """One server for all tests that leave it running; `tests/conftest.py` empties it for each."""
    with StoreServer.start(server_command) as server:
        yield server


@pytest.fixture
def own_server(server_command: Command) -> Iterator[StoreServer]:
    """A server that a test may stop, kill or fill."""
    with StoreServer.start(server_command) as server:
        yield server


@pytest.fixture
def client(store_url: str) -> Iterator[redis.Redis]:
    with connect(store_url, PATIENT_MS) as client:
        yield client


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with connect(store_url, PATIENT_MS) as client:
        yield Store(client)
