"""What happens to the store: marketing is denied for as long as nothing can be known, and the rest goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from lab.store_server import StoreServer
from tests.faults import store_acts as acts
from tests.faults.conftest import OpenStage
from tests.faults.numbers import CLEAR, ENROLLED, NEVER_CHECKED, OBJECTED, STORE_UNAVAILABLE
from tests.faults.stage import Stage

Act = Callable[[StoreServer, Stage], AbstractContextManager[object]]

_MARKETING = ("clear", "enrolled", "never checked", "objected", "call-back")
_UNKNOWN = frozenset({"DENY REGISTRY_UNKNOWN"})
NOTHING_KNOWN = dict.fromkeys(_MARKETING, frozenset({STORE_UNAVAILABLE}))
AS_EVER = {kind.name: frozenset({kind.right}) for kind in (CLEAR, ENROLLED, NEVER_CHECKED, OBJECTED)}
NO_CLAIM = {**AS_EVER, "call-back": frozenset({STORE_UNAVAILABLE, *_UNKNOWN})}

# what a call may hear at any time of the fault, beside what it always hears
WITHOUT_ALL = {"restarted empty, then rebuilt": _UNKNOWN}

FAULTS: dict[str, tuple[Act, dict[str, frozenset[str]]]] = {
    "killed, restarted with its data": (acts.killed, NOTHING_KNOWN),
    "stopped (SIGSTOP) and continued": (acts.stopped, NOTHING_KNOWN),
    "restarted empty, then rebuilt": (acts.emptied, NOTHING_KNOWN),
    "loading its data": (acts.loading, NOTHING_KNOWN),
    "read-only (a replica)": (acts.read_only, NOTHING_KNOWN),
    "out of memory, noeviction": (acts.out_of_memory, NO_CLAIM),
    "password changed": (acts.password_changed, NOTHING_KNOWN),
    "right to read taken away (ACL)": (acts.right_taken, NOTHING_KNOWN),
    "other types under our keys": (acts.of_other_types, NOTHING_KNOWN),
    "pages cut in the middle": (acts.cut_pages, NOTHING_KNOWN),
    "a flipped bit in every page": (acts.flipped_bits, NOTHING_KNOWN),
    "random bytes in every page": (acts.random_pages, NOTHING_KNOWN),
    "the page of objections damaged": (acts.damaged_objections, {
        "clear": frozenset({CLEAR.right, STORE_UNAVAILABLE}), "objected": frozenset({STORE_UNAVAILABLE})}),
}


@pytest.fixture(scope="module")
def server() -> Iterator[StoreServer]:
    """Keeps each change on the disk before it answers, so that what was used up stays so after a kill."""
    with StoreServer.start(None, "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


@pytest.fixture(scope="module")
def stage(server: StoreServer, open_stage: OpenStage) -> Iterator[Stage]:
    with open_stage(server.url) as stage:
        yield stage


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_denies_and_comes_back(server: StoreServer, stage: Stage, fault: str) -> None:
    act, expected = FAULTS[fault]
    figures = stage.under_calls(f"store: {fault}", act(server, stage), expected=expected,
                                also_right=frozenset({STORE_UNAVAILABLE, *WITHOUT_ALL.get(fault, ())}))
    assert figures.wrong == []
    assert figures.under_fault, "no call was asked while the fault lasted"


def test_a_store_that_is_absent_at_start_is_found_when_it_comes(open_stage: OpenStage) -> None:
    with StoreServer.start() as server:
        server.kill()
        with open_stage(server.url, loaded=False) as stage:
            figures = stage.under_calls("store: absent at start", acts.absent(server, stage), expected=NOTHING_KNOWN,
                                        also_right=frozenset({STORE_UNAVAILABLE, *_UNKNOWN}))
    assert figures.wrong == []


def test_a_daemon_that_was_stopped_with_its_store_still_ends(open_stage: OpenStage) -> None:
    """SIGTERM while every call waits for a store that stands still."""
    with StoreServer.start() as server, open_stage(server.url) as stage:
        server.signal(signal.SIGSTOP)
        assert stage.daemon.stop() == 0
        server.signal(signal.SIGCONT)
