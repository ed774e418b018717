"""What happens to the decision log: no call goes on without its record, but for emergencies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from lab.store_server import StoreServer
from tests.faults import log_acts as acts
from tests.faults.conftest import OpenStage
from tests.faults.numbers import EMERGENCY, LOG_UNAVAILABLE, STORE_UNAVAILABLE
from tests.faults.stage import Stage

_ALL_BUT_EMERGENCIES = ("clear", "enrolled", "never checked", "objected", "call-back", "service", "unknown campaign")
UNRECORDED = {**dict.fromkeys(_ALL_BUT_EMERGENCIES, frozenset({LOG_UNAVAILABLE})), "emergency": frozenset({EMERGENCY.right})}

FAULTS: dict[str, tuple[Callable[[Stage], AbstractContextManager[object]], dict[str, frozenset[str]]]] = {
    "file size limit (EFBIG)": (acts.file_size_limit, UNRECORDED),
    "folder gone": (acts.folder_gone, UNRECORDED),
    "folder away, and back": (acts.folder_moved_and_back, UNRECORDED),
    "a file in the folder's place": (acts.file_in_folders_place, UNRECORDED),
    "a folder in the file's place": (acts.directory_in_its_place, UNRECORDED),
    "immutable (chattr +i)": (acts.immutable, UNRECORDED),
    "rotated each 10 ms": (acts.rotated, {}),
}
DISK_KB = 2048
DEADLINE_S = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[StoreServer]:
    with StoreServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def stage(server: StoreServer, open_stage: OpenStage) -> Iterator[Stage]:
    with open_stage(server.url) as stage:
        yield stage


@pytest.mark.parametrize("fault", FAULTS)
def test_without_the_log_only_emergencies_go_on(stage: Stage, fault: str) -> None:
    act, expected = FAULTS[fault]
    figures = stage.under_calls(f"log: {fault}", act(stage), expected=expected, also_right=frozenset({LOG_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.under_fault


@pytest.mark.parametrize(("fault", "act"), (("disk full", acts.full_disk), ("disk read-only", acts.read_only_disk)))
def test_a_disk_that_takes_no_record(server: StoreServer, open_stage: OpenStage, fault: str,
                                     act: Callable[[Stage], AbstractContextManager[object]]) -> None:
    with open_stage(server.url, small_disk_kb=DISK_KB) as stage:
        figures = stage.under_calls(f"log: {fault}", act(stage), expected=UNRECORDED,
                                    also_right=frozenset({LOG_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.under_fault


@contextmanager
def held_by_somebody(stage: Stage) -> Iterator[None]:
    """Another process has the file's lock, and stands still."""
    descriptor = os.open(stage.folder / "log" / "decisions.jsonl", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_a_lock_that_somebody_holds_denies_in_time(stage: Stage) -> None:
    # where eight rounds wait for it the next calls are denied without the store; one may have its record as the lock is given up
    figures = stage.under_calls("log: its lock held by another process", held_by_somebody(stage), during_s=4,
                                expected=UNRECORDED, also_right=frozenset({LOG_UNAVAILABLE, STORE_UNAVAILABLE}))
    assert figures.wrong == []
    assert stage.form.in_time(figures.slowest_s, DEADLINE_S + 0.5), "a call waited for the calls before it"
