"""The fail-closed net: whatever breaks inside the gate, the call is denied and what it claimed is given back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agi_gate import answer, config, record
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.facts import Callback, Check, Contact, Facts, Objection
from agi_gate.gate import Asked, Gate, Latest
from agi_gate.store import keys
from agi_gate.store.reader import Question, StoreUnavailable
from agi_gate.store.seen import Seen
from agi_gate.verdict import Reason
from tests.support.gate_toml import CALLER_ID, write_gate_toml

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
CALLBACK = Callback(datetime(2026, 10, 13, 9, tzinfo=UTC))
CLEAR = Facts(checks=(Check(datetime(2026, 10, 10, 9, tzinfo=UTC), False, "1-0"),), contact=Contact("Elenco", True))
SALE = Request("3331234500", "fibra", CALLER_ID, Presentation.ALLOWED)
SERVICE = Request("3331234500", "assistenza", CALLER_ID, Presentation.ALLOWED)
EMERGENCY = Request("112", "fibra", "", Presentation.RESTRICTED)
UNEXPECTED = (RuntimeError("+393331234500"), TypeError("+393331234500"), ValueError("+393331234500"), KeyError("x"),
              AttributeError("x"), OSError(5, "x"), MemoryError(), RecursionError(), AssertionError(),
              UnicodeError("x"),
              ZeroDivisionError(), NotImplementedError(), StopIteration())


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*arguments: object, **options: object) -> Any:
        raise error
    return fail


class World:
    """A gate whose store and log are these lists; any part can be made to raise."""

    def __init__(self, folder: Path, facts: Facts = CLEAR) -> None:
        self.facts = facts
        self.file = folder / "recorded.jsonl"  # for who replays every record that any test makes
        self.used: list[Callback] = []
        self.given_back: list[Callback] = []
        self.lines: list[str] = []
        self.seen = Seen()
        self.gate = Gate(config.load(write_gate_toml(folder)).policy, self, self, lambda: NOW)  # type: ignore[arg-type]

    def facts_of(self, questions: list[Question], meanwhile: Callable[[], None]) -> list[Facts | StoreUnavailable]:
        meanwhile()
        return [self.facts] * len(questions)

    def claim(self, controller: str, e164: str, callback: Callback, channel: str) -> bool:
        if callback in self.used:
            return False
        self.used.append(callback)
        return True

    def give_back(self, controller: str, e164: str, callback: Callback) -> None:
        self.given_back.append(callback)
        self.used.remove(callback)

    def append_all(self, lines: list[record.Line], deadline: float) -> None:
        with self.file.open("ab") as file:
            for line in lines:
                data, _ = line.linked("0", len(self.lines) + 1, "0" * 64, 0)
                self.lines.append(data.decode())
                file.write(data + b"\n")

    def ask(self, request: Request) -> str:
        verdict = self.gate.decide(request).verdict
        return f"{verdict.outcome.value} {verdict.reason.name}"

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def recorded(self) -> list[str]:
        return ["{verdict} {reason}".format_map(json.loads(line)) for line in self.lines]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_with_all_in_order_the_calls_go_on(world: World) -> None:
    answers = [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)]
    assert answers == world.recorded == ["ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE", "ALLOW EMERGENCY"]


def test_each_no_is_on_record_where_the_last_is_still_to_come(world: World) -> None:
    """The record decides the call again (`replayed.py`): one in the middle has taken the call-back back."""
    hour = timedelta(hours=1)
    world.facts = Facts(callbacks=(CALLBACK,), objection=Objection(NOW - 90 * hour, "call", NOW + hour, (NOW - hour,)))
    assert [world.ask(SALE)] == ["DENY OBJECTION_RECORDED"]
    assert world.records[0]["facts"]["objection"]["between"] == ["2026-10-14T08:00:00.000000Z"]


# --- the clock

def at(world: World, now: datetime) -> World:
    world.gate = replace(world.gate, now=lambda: now)
    return world


def test_a_clock_that_was_put_back_denies_sales_and_lets_service_and_emergency_go_on(
        world: World, caplog: pytest.LogCaptureFixture) -> None:
    assert world.ask(SALE) == "ALLOW DIRECTORY_NOT_OPPOSED"
    at(world, NOW - timedelta(hours=1))
    assert [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)] == [
        "DENY CLOCK_BEHIND", "ALLOW SERVICE", "ALLOW EMERGENCY"]
    assert "the clock says" in caplog.text
    # the record decides the call again (`replayed.py`)
    assert world.records[1]["clock"] == {"not_before": "2026-10-14T09:00:00.000000Z"} and "clock" not in world.records[0]
    assert at(world, NOW).ask(SALE) == "ALLOW DIRECTORY_NOT_OPPOSED"


def test_a_load_that_is_newer_than_the_clock_denies_from_the_first_call_on(world: World) -> None:
    newer = keys.load_id(NOW + timedelta(hours=2), None, b"abc")

    def facts_of(questions: list[Question], meanwhile: Callable[[], None]) -> list[Facts]:
        world.seen.check(world.seen.now(), "acme", newer)
        return [CLEAR] * len(questions)
    world.facts_of = facts_of  # type: ignore[method-assign]
    assert [world.ask(SALE), world.ask(SALE)] == ["DENY CLOCK_BEHIND"] * 2
    assert at(world, NOW + timedelta(hours=2)).ask(SALE) == "ALLOW DIRECTORY_NOT_OPPOSED"


def test_the_newest_record_of_the_log_counts_after_a_restart(world: World, tmp_path: Path) -> None:
    world.ask(SALE)
    world.gate = replace(world.gate, latest=Latest.of(world.file), now=lambda: NOW - timedelta(days=1))
    assert world.ask(SALE) == "DENY CLOCK_BEHIND"


@pytest.mark.parametrize(("now", "answer"), (
    (NOW, "ALLOW DIRECTORY_NOT_OPPOSED"), (NOW - timedelta(minutes=20), "DENY CLOCK_BEHIND")))
def test_an_admin_who_looked_at_the_clock_lifts_what_was_dated_ahead(world: World, now: datetime, answer: str) -> None:
    world.gate.latest.see(NOW + timedelta(days=365))
    assert world.ask(SALE) == "DENY CLOCK_BEHIND"
    world.gate = replace(world.gate, policy=replace(world.gate.policy, clock_checked_at=NOW - timedelta(minutes=5)))
    assert at(world, now).ask(SALE) == answer


# --- the store

def test_a_store_that_is_down_denies_marketing_and_lets_service_and_emergency_go_on(world: World) -> None:
    world.facts = StoreUnavailable("down")  # type: ignore[method-assign]
    answers = [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)]
    assert answers == world.recorded == ["DENY STORE_UNAVAILABLE", "ALLOW SERVICE", "ALLOW EMERGENCY"]


def test_a_store_that_goes_down_before_the_claim_denies(world: World) -> None:
    world.facts, world.claim = Facts(callbacks=(CALLBACK,
                                                )), raising(StoreUnavailable("down"))  # type: ignore[method-assign]
    assert [world.ask(SALE)] == world.recorded == ["DENY STORE_UNAVAILABLE"]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
@pytest.mark.parametrize("part", ("facts_of", "claim"))
def test_whatever_the_store_raises_denies(world: World, part: str, error: Exception) -> None:
    world.facts = Facts(callbacks=(CALLBACK,))
    setattr(world, part, raising(error))
    assert [world.ask(SALE)] == world.recorded == ["DENY GATE_ERROR"]


@pytest.mark.parametrize("facts", (None, 3, "facts", [], {"checks": ()}), ids=repr)
def test_whatever_the_store_answers_denies(world: World, facts: Any) -> None:
    world.facts = facts
    assert world.ask(SALE).startswith("DENY ")


# --- the clock

@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_a_clock_that_fails_denies(world: World, error: Exception) -> None:
    broken = Gate(world.gate.policy, world, world, raising(error))  # type: ignore[arg-type]
    for request in (SALE, SERVICE):
        assert broken.decide(request).verdict.reason.name == "GATE_ERROR"


@pytest.mark.parametrize("now", (datetime(2010, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)), ids=str)
def test_a_clock_of_before_the_law_allows_nothing_but_an_emergency(world: World, now: datetime) -> None:
    early = Gate(world.gate.policy, world, world, lambda: now)  # type: ignore[arg-type]
    assert [early.decide(request).verdict.allows for request in (SALE, SERVICE, EMERGENCY)] == [False, False, True]


# --- emergencies

@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
@pytest.mark.parametrize("part", ("understand", "answer_without_facts"))
def test_whatever_fails_an_emergency_goes_on(
        world: World, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception) -> None:
    monkeypatch.setattr(f"agi_gate.gate.{part}", raising(error))
    decision = world.gate.decide(EMERGENCY)
    assert (decision.verdict.reason, decision.destination) == (Reason.EMERGENCY, "112")
    assert [world.ask(request) for request in (SALE, SERVICE)] == ["DENY GATE_ERROR"] * 2


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_an_emergency_goes_on_where_the_clock_fails(world: World, error: Exception) -> None:
    broken = Gate(world.gate.policy, world, world, raising(error))  # type: ignore[arg-type]
    decision = broken.decide(EMERGENCY)
    assert (decision.verdict.reason, decision.destination) == (Reason.EMERGENCY, "112")


def test_an_emergency_is_answered_before_it_is_on_record_and_no_other_call_is(world: World) -> None:
    asked = [Asked(request) for request in (SALE, EMERGENCY, SERVICE)]
    seen = [(decision.verdict.reason.name, len(world.lines)) for decided in world.gate.decide_all(asked)
            for _, decision in decided if decision is not None]
    assert seen == [("EMERGENCY", 0), ("SERVICE", 2), ("DIRECTORY_NOT_OPPOSED", 3)]


def test_an_emergency_is_on_record_whatever_became_of_its_answer(world: World) -> None:
    with closing(world.gate.decide_all([Asked(EMERGENCY), Asked(EMERGENCY)])) as decisions, pytest.raises(OSError):
        for _ in decisions:
            raise OSError("the caller hung up")
    assert world.recorded == ["ALLOW EMERGENCY"] * 2


def test_an_emergency_that_was_answered_before_is_recorded_as_it_was_answered(world: World) -> None:
    list(world.gate.decide_all([Asked(EMERGENCY, answered=("00-11", "0212340000"))]))
    assert [(one["id"], one["reason"], one["caller_id_sent"]) for one in world.records] == [("00-11", "EMERGENCY", "0212340000")]


# --- the log and the record

def test_without_a_record_no_call_goes_on_but_an_emergency(world: World) -> None:
    world.append_all = raising(LogUnavailable("disk full"))  # type: ignore[method-assign]
    assert [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)] == [
        "DENY LOG_UNAVAILABLE", "DENY LOG_UNAVAILABLE", "ALLOW EMERGENCY"]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_whatever_the_log_raises_denies_but_an_emergency(world: World, error: Exception) -> None:
    world.append_all = raising(error)  # type: ignore[method-assign]
    assert [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)] == [
        "DENY LOG_UNAVAILABLE", "DENY LOG_UNAVAILABLE", "ALLOW EMERGENCY"]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_a_record_that_cannot_be_made_denies_but_an_emergency(
        world: World, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(record, "write", raising(error))
    assert [world.ask(request) for request in (SALE, SERVICE, EMERGENCY)] == [
        "DENY LOG_UNAVAILABLE", "DENY LOG_UNAVAILABLE", "ALLOW EMERGENCY"]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_a_rule_that_fails_denies_and_the_denial_is_on_record(
        world: World, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(answer, "decide_with_facts", raising(error))
    assert [world.ask(SALE)] == world.recorded == ["DENY GATE_ERROR"]


@pytest.mark.parametrize("error", (LogUnavailable("disk full"), *UNEXPECTED), ids=repr)
def test_a_callback_whose_record_failed_is_given_back_once(world: World, error: Exception) -> None:
    world.facts, working = Facts(callbacks=(CALLBACK,)), world.append_all
    world.append_all = raising(error)  # type: ignore[method-assign]
    assert world.ask(SALE) == "DENY LOG_UNAVAILABLE"
    assert (world.used, world.given_back) == ([], [CALLBACK])
    world.append_all = working  # type: ignore[method-assign]
    assert world.ask(SALE) == "ALLOW CALLBACK_REQUESTED"


def test_a_callback_is_given_back_where_only_the_record_of_the_allowance_failed(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.facts, write = Facts(callbacks=(CALLBACK,)), record.write

    def write_denials_only(begun: record.Draft, facts: Any, verdict: Any, elapsed_us: int, **more: Any) -> record.Line:
        if verdict.allows:
            raise TypeError
        return write(begun, facts, verdict, elapsed_us, **more)

    monkeypatch.setattr(record, "write", write_denials_only)
    assert [world.ask(SALE)] == world.recorded == ["DENY GATE_ERROR"]
    assert (world.used, world.given_back) == ([], [CALLBACK])


def test_a_record_that_cannot_be_begun_while_the_store_works_is_begun_after_it(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts, draft = iter((TypeError, None)), record.draft

    def draft_the_second_time(*arguments: Any, **more: Any) -> record.Draft:
        if error := next(drafts):
            raise error
        return draft(*arguments, **more)
    monkeypatch.setattr(record, "draft", draft_the_second_time)
    assert [world.ask(SALE)] == world.recorded == ["ALLOW DIRECTORY_NOT_OPPOSED"]


def test_a_record_that_cannot_be_begun_at_all_denies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "draft", raising(TypeError()))
    assert world.ask(SALE) == "DENY LOG_UNAVAILABLE"


@pytest.mark.parametrize("error", (StoreUnavailable("down"), *UNEXPECTED), ids=repr)
def test_a_callback_that_cannot_be_given_back_still_denies(world: World, error: Exception) -> None:
    world.facts = Facts(callbacks=(CALLBACK,))
    world.append_all = raising(LogUnavailable("disk full"))  # type: ignore[method-assign]
    world.give_back = raising(error)  # type: ignore[method-assign]
    assert world.ask(SALE) == "DENY LOG_UNAVAILABLE"


def test_of_two_requests_to_call_back_each_is_used_once(world: World) -> None:
    world.facts = Facts(callbacks=(CALLBACK, Callback(datetime(2026, 10, 12, 9, tzinfo=UTC))))
    assert [world.ask(SALE) for _ in range(3)] == ["ALLOW CALLBACK_REQUESTED"] * 2 + ["DENY REGISTRY_UNKNOWN"]
    assert len(world.used) == 2


# --- what is told

@pytest.mark.parametrize("part", ("facts_of", "append_all", "claim"))
def test_an_error_is_told_by_its_kind_and_without_a_number(
        world: World, caplog: pytest.LogCaptureFixture, part: str) -> None:
    world.facts = Facts(callbacks=(CALLBACK,))
    setattr(world, part, raising(RuntimeError("+393331234500")))
    world.ask(SALE)
    assert "RuntimeError in fail, line" in caplog.text and "333" not in caplog.text


def test_each_decision_has_an_id_of_its_own_and_they_sort_by_time(world: World) -> None:
    ids = [world.gate.decide(SALE).id for _ in range(200)]
    assert len(set(ids)) == 200 and [id_[:12] for id_ in ids] == sorted(id_[:12] for id_ in ids)
    assert [json.loads(line)["id"] for line in world.lines] == ids


def test_many_threads_share_one_gate_and_one_file(world: World, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    shared = Gate(world.gate.policy, world, DecisionLog(path), lambda: NOW)  # type: ignore[arg-type]
    threads = [threading.Thread(target=lambda: [shared.decide(SALE) for _ in range(20)]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.loads(line)["id"] for line in path.read_text().splitlines()}) == 400
