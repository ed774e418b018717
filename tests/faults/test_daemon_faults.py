"""What happens to the daemon itself: calls that a dead or stuck process holds are refused by the dialplan, no others."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agi_gate.verdict import Reason
from benchmarks import tools
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S, eventually
from tests.faults import daemon_acts as acts
from tests.faults.callers import CLOSED, DIALPLAN_LIMIT_S, LEFT, REFUSED, Callers
from tests.faults.conftest import OpenStage
from tests.faults.ledger import figures_of, records_of
from tests.faults.numbers import CLEAR, LOG_UNAVAILABLE, STORE_UNAVAILABLE
from tests.faults.stage import NOT_INJECTED, Stage
from tests.support.daemon import AGI_GATE

NOT_ASSIGNED = "DENY CALLER_ID_NOT_ASSIGNED"
_CHECKED_CALLER_ID = ("clear", "enrolled", "never checked", "objected", "call-back", "service")


@pytest.fixture(scope="module")
def server() -> Iterator[StoreServer]:
    with StoreServer.start() as server:
        yield server


@pytest.fixture
def stage(server: StoreServer, open_stage: OpenStage) -> Iterator[Stage]:
    with open_stage(server.url) as stage:
        yield stage


def test_workers_killed_one_after_the_other_lose_only_the_calls_that_they_held(stage: Stage) -> None:
    figures = stage.under_calls("daemon: each worker killed in turn", acts.worker_killed(stage),
                                also_right=frozenset({CLOSED}))
    assert figures.wrong == []


def test_all_workers_killed_at_once_are_replaced(stage: Stage) -> None:
    figures = stage.under_calls("daemon: all workers killed at once", acts.all_workers_killed(stage),
                                also_right=frozenset({CLOSED}))
    assert figures.wrong == []


def test_a_worker_that_is_stuck_is_replaced_and_the_others_answer(stage: Stage) -> None:
    figures = stage.under_calls("daemon: a worker stuck (SIGSTOP)", acts.worker_stuck(stage),
                                limit_s=DIALPLAN_LIMIT_S, also_right=frozenset({CLOSED, LEFT}))
    assert figures.wrong == []
    assert figures.under_fault.get(f"clear: {CLEAR.right}"), "the other worker answered nobody"


def test_a_daemon_that_stood_still_does_not_decide_for_callers_who_have_gone(stage: Stage) -> None:
    """Calls that Asterisk left leave no ALLOW on record, and use no call-back up."""
    figures = stage.under_calls("daemon: stopped (SIGSTOP) and continued", acts.all_stopped(stage), during_s=3,
                                limit_s=DIALPLAN_LIMIT_S, also_right=frozenset({LEFT, STORE_UNAVAILABLE, LOG_UNAVAILABLE}))
    assert figures.wrong == []
    assert figures.allows_nobody_heard == 0


def test_sighup_again_and_again_loses_no_call(stage: Stage) -> None:
    figures = stage.under_calls("daemon: SIGHUP, 20 times", acts.reloaded_again_and_again(stage))
    assert figures.wrong == []


def test_sighup_with_a_wrong_configuration_changes_nothing(stage: Stage) -> None:
    figures = stage.under_calls("daemon: SIGHUP, wrong configuration", acts.wrong_configuration(stage),
                                expected={CLEAR.name: frozenset({CLEAR.right})})
    assert figures.wrong == []
    assert stage.daemon.said().count("the configuration stays as it was") == 1


def test_sighup_takes_another_configuration_whole(stage: Stage) -> None:
    """Each call is decided by the old or by the new one; after a moment all by the new one."""
    expected = dict.fromkeys(_CHECKED_CALLER_ID, frozenset({NOT_ASSIGNED}))
    figures = stage.under_calls("daemon: SIGHUP, another configuration", acts.another_configuration(stage),
                                is_settled=lambda call: call.answer in expected.get(call.kind.name, {call.answer}),
                                expected=expected, also_right=frozenset({NOT_ASSIGNED}))
    assert figures.wrong == []


def test_a_clock_that_is_set_back_and_forth_allows_nobody_and_hurries_nobody(
        server: StoreServer, open_stage: OpenStage, tmp_path: Path) -> None:
    """By the law of the day it tells a call may be denied, never allowed that is denied today."""
    try:
        clock = tools.compiled(Path(__file__).with_name("clock.c"), "-shared", "-fPIC")
    except tools.NotHad as why:
        pytest.skip(f"{NOT_INJECTED}a clock set back and forth: {why}")
    moved = tmp_path / "moved"
    acts.tell_clock(moved, 0)
    with open_stage(server.url, environment={"LD_PRELOAD": str(clock), "MOVED_CLOCK": str(moved)}) as stage:
        figures = stage.under_calls("daemon: clock set back and forth", acts.clock_back_and_forth(stage, moved), during_s=3,
                                    also_right=frozenset(f"DENY {reason.name}" for reason in Reason))
        assert figures.wrong == []
        assert {"DENY GATE_ERROR", "DENY CLOCK_BEHIND"} <= set(figures.answers), "the clock was not moved"
        assert stage.daemon.stop() == 0
        verified = subprocess.run([AGI_GATE, "--config", stage.configuration, "log", "verify"], env=stage.environment,
                                  capture_output=True, text=True, timeout=PATIENCE_S)
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_without_descriptors_nobody_is_allowed_unrecorded_and_nobody_waits(stage: Stage) -> None:
    figures = stage.under_calls("daemon: all descriptors used", acts.no_descriptors(stage),
                                also_right=frozenset({CLOSED, STORE_UNAVAILABLE, LOG_UNAVAILABLE}))
    assert figures.wrong == []


def test_sigterm_under_calls_ends_each_with_a_verdict_or_at_once(server: StoreServer, open_stage: OpenStage) -> None:
    """What it has begun it answers, whoever comes later is refused the connection, and a new daemon takes over."""
    with open_stage(server.url) as stage:
        with Callers(stage.daemon.address, stage.form.rate, "sigterm") as callers:
            time.sleep(stage.form.before_s + 0.3)
            eventually(lambda: any(call.allowed for call in callers.calls))
            stage.daemon.process.terminate()
            assert stage.daemon.process.wait(PATIENCE_S) == 0
            ended = time.monotonic()
            eventually(lambda: callers.ended_since(ended))
        figures = figures_of("daemon: SIGTERM", callers.calls, stage.folder.glob("log*/decisions.jsonl*"),
                             also_right=frozenset({REFUSED, CLOSED}))
        stage.figures.append(figures)
        figures.note = "begun: their verdict; later: connection refused"
    assert figures.wrong == []
    assert {call.answer for call in callers.ended_since(ended)} == {REFUSED}
    # between the end of listening and the end of the queue: what nobody had accepted yet, so nobody had decided
    closed = {call.unique_id for call in callers.calls if call.answer == CLOSED}
    assert not closed & {record["unique_id"] for record in records_of(stage.folder.glob("log*/decisions.jsonl*"))[0]}


def test_a_main_process_that_is_killed_takes_the_port_with_it(stage: Stage) -> None:
    with Callers(stage.daemon.address, stage.form.rate, "orphans") as callers:
        eventually(lambda: any(call.allowed for call in callers.calls))
        workers = stage.daemon.workers()
        os.kill(stage.daemon.process.pid, signal.SIGKILL)
        eventually(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers))
        ended = time.monotonic()
        eventually(lambda: callers.ended_since(ended))
    figures = figures_of("daemon: its main process killed", callers.calls,
                         stage.folder.glob("log*/decisions.jsonl*"), also_right=frozenset({REFUSED, CLOSED}))
    stage.figures.append(figures)
    stage.daemon.process.wait()
    assert figures.wrong == []
    assert {call.answer for call in callers.ended_since(ended)} == {REFUSED}
