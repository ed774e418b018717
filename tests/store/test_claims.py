"""A call-back is used up exactly once, however many calls ask at the same instant and whatever is loaded later."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate import config
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog, LogUnavailable
from agi_gate.facts import Callback
from agi_gate.gate import Gate
from agi_gate.ops.main import main
from agi_gate.store import keys, used, values
from agi_gate.store.reader import Store, StoreUnavailable, connect
from agi_gate.store.seen import Seen
from lab.waiting import PATIENT_MS
from tests.store.conftest import TIMEOUT_MS
from tests.store.loads import CONTROLLER, NUMBER, day, load
from tests.support.gate_toml import CALLBACK, CALLER_ID, write_feeds, write_gate_toml

PROCESSES, THREADS = 2, 50
# a request without an end counts for 30 days
EARLIER, LATER = ((datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds") for days in (2, 1))
REQUEST = Request(CALLBACK, "fibra", CALLER_ID, Presentation.ALLOWED)


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    path = write_gate_toml(tmp_path)
    for arguments in write_feeds(tmp_path, EARLIER):
        assert main(["--config", str(path), *arguments]) == 0
    return path


def a_gate(path: Path) -> Gate:
    settings = config.load(path)
    return Gate(settings.policy, Store(connect(settings.store.url, PATIENT_MS), PATIENT_MS), DecisionLog(settings.log_path))


def verdicts(path: Path) -> Counter[str]:
    records = map(json.loads, (path.parent / "decisions.jsonl").read_text().splitlines())
    return Counter(record["reason"] for record in records)


def _ask_at_once(path: Path, instant: float) -> None:
    """Each thread asks once, all of them at one instant of `time.time()`."""
    gate = a_gate(path)

    def ask() -> None:
        time.sleep(max(0.0, instant - time.time()))
        gate.decide(REQUEST)

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_calls_at_one_instant_one_uses_the_callback(gate_toml: Path) -> None:
    fork = multiprocessing.get_context("fork")
    instant = time.time() + 0.3
    processes = [fork.Process(target=_ask_at_once, args=(gate_toml, instant)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 1, "REGISTRY_UNKNOWN": PROCESSES * THREADS - 1}


def test_a_feed_that_is_loaded_again_does_not_bring_a_used_callback_back(gate_toml: Path) -> None:
    gate = a_gate(gate_toml)
    gate.decide(REQUEST)
    for arguments in write_feeds(gate_toml.parent, EARLIER):
        assert main(["--config", str(gate_toml), *arguments]) == 0
    gate.decide(REQUEST)
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 1, "REGISTRY_UNKNOWN": 1}


def test_a_later_request_is_a_callback_of_its_own(gate_toml: Path) -> None:
    gate = a_gate(gate_toml)
    gate.decide(REQUEST)
    for arguments in write_feeds(gate_toml.parent, LATER):
        assert main(["--config", str(gate_toml), *arguments]) == 0
    gate.decide(REQUEST)
    gate.decide(REQUEST)
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 2, "REGISTRY_UNKNOWN": 1}


def test_asking_with_check_uses_nothing_up(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(gate_toml), "check", CALLBACK, "--campaign", "fibra"]
    assert [main(arguments), main(arguments)] == [0, 0]
    a_gate(gate_toml).decide(REQUEST)
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 1}
    assert main(arguments) == 3


def load_callback(client: redis.Redis) -> None:
    load(client, {keys.CALLBACKS: {NUMBER: values.callbacks_bytes([Callback(day(1))])}})


def test_a_claim_that_is_given_back_can_be_made_again(client: redis.Redis, store: Store) -> None:
    load_callback(client)
    callback = Callback(day(1))
    assert [store.claim(CONTROLLER, NUMBER, callback) for _ in range(2)] == [True, False]
    store.give_back(CONTROLLER, NUMBER, callback)
    assert store.claim(CONTROLLER, NUMBER, callback)


def test_a_claim_is_one_controller_s_and_one_number_s(client: redis.Redis, store: Store) -> None:
    load_callback(client)
    load(client, {keys.RESTS: {NUMBER: values.silent_calls_bytes([day(1)])}}, "other")
    assert store.claim("other", NUMBER, Callback(day(1)))
    assert store.claim(CONTROLLER, "+393331234501", Callback(day(1)))
    assert store.facts_for(CONTROLLER, NUMBER).callbacks == (Callback(day(1)),)
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))
    assert store.facts_for(CONTROLLER, NUMBER).callbacks == (Callback(day(1), used=True),)


def test_a_claim_that_cannot_be_made_sure_of_is_no_claim(client: redis.Redis, store: Store) -> None:
    load_callback(client)
    client.delete(keys.used_key(CONTROLLER))
    client.set(keys.used_key(CONTROLLER), "somebody else's")
    with pytest.raises(StoreUnavailable):
        store.claim(CONTROLLER, NUMBER, Callback(day(1)))


def test_a_server_too_slow_to_answer_a_claim_in_time_is_not_asked_for_it(
        client: redis.Redis, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would use the call-back up, and nobody would call."""
    load_callback(client)
    def slowly(client: redis.Redis) -> tuple[int, list[int]]:
        time.sleep(TIMEOUT_MS / 1000 * 0.6)
        return 0, []
    with monkeypatch.context() as slow:
        slow.setattr("agi_gate.store.reader.replica_offsets", slowly)
        with pytest.raises(StoreUnavailable, match="too slow|too long"):
            Store(client, TIMEOUT_MS).claim(CONTROLLER, NUMBER, Callback(day(1)))
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))


def test_the_channel_that_used_a_callback_up_may_ask_again_within_a_minute(gate_toml: Path) -> None:
    """Its call could not be placed over the first trunk."""
    gate = a_gate(gate_toml)
    first = replace(REQUEST, channel="PJSIP/agent-1", unique_id="1760000000.1")
    other = replace(REQUEST, channel="PJSIP/agent-2", unique_id="1760000000.2")
    assert [gate.decide(request).verdict.allows for request in (first, first, other, first, REQUEST)] == [
        True, True, False, True, False]
    with connect(config.load(gate_toml).store.url, PATIENT_MS) as client:
        name = keys.used_key("acme")
        (held,) = [key for key in client.hkeys(name) if key != b"#"]  # type: ignore[union-attr]
        long_ago = used.mark_of("1760000000.1 PJSIP/agent-1", datetime.now(UTC) - used.SAME_CALL - timedelta(seconds=1))
        client.hset(name, held, long_ago)
    assert not gate.decide(first).verdict.allows


def test_a_second_claim_of_one_channel_that_is_refused_does_not_open_the_callback_to_others(
        gate_toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call of the first may have left."""
    def full(*_: object) -> None:
        raise LogUnavailable("disk full")

    gate = a_gate(gate_toml)
    first = replace(REQUEST, channel="PJSIP/agent-1", unique_id="1760000000.1")
    assert gate.decide(first).verdict.allows
    with monkeypatch.context() as broken:
        broken.setattr(DecisionLog, "append_all", full)
        assert not gate.decide(first).verdict.allows
    gate.take_back(gate.decide(first))
    assert not gate.decide(REQUEST).verdict.allows
    assert gate.decide(first).verdict.allows
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 3, "REGISTRY_UNKNOWN": 1}
    again = [json.loads(line)["rests_on"]["callback"].get("again") for line in (gate_toml.parent / "decisions.jsonl").read_text().splitlines()
             if "CALLBACK_REQUESTED" in line]
    assert again == [None, True, True]


def test_a_claim_of_which_this_gate_can_keep_no_trace_loses_no_callback(client: redis.Redis, store: Store, tmp_path: Path) -> None:
    load_callback(client)
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        Store(client, PATIENT_MS, Seen.beside(tmp_path / "absent" / "decisions.jsonl")).claim(CONTROLLER, NUMBER, Callback(day(1)))
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))


@pytest.mark.parametrize(("seconds", "same"), ((0, True), (60, True), (60.001, False), (-1, False)))
def test_a_mark_is_the_same_call_s_for_a_minute(seconds: float, same: bool) -> None:
    mark = used.mark_of("one", day(1)).encode()
    assert used.is_same_call(mark, "one", day(1) + timedelta(seconds=seconds)) is same
    assert not used.is_same_call(mark, "two", day(1)) and not used.is_same_call(mark, "", day(1))
    assert not used.is_same_call(b"", "", day(1)) and not used.is_same_call(b"\xff:x", "one", day(1))


def test_a_mark_names_no_channel() -> None:
    assert "agent" not in used.mark_of("1760000000.1 PJSIP/agent-1", day(1))


@pytest.mark.parametrize("lose", ("the hash", "its count"))
def test_marks_that_were_lost_do_not_open_a_callback_again(client: redis.Redis, store: Store, lose: str) -> None:
    load_callback(client)
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))
    client.delete(keys.used_key(CONTROLLER)) if lose == "the hash" else client.hdel(keys.used_key(CONTROLLER), used.COUNT)
    for another in (store, Store(client)):
        with pytest.raises(StoreUnavailable, match="lost"):
            another.facts_for(CONTROLLER, NUMBER)
        with pytest.raises(StoreUnavailable, match="lost"):
            another.claim(CONTROLLER, NUMBER, Callback(day(1)))


def test_a_callback_that_was_used_is_not_usable_again_after_a_restore(
        client: redis.Redis, tmp_path: Path) -> None:
    """Another process of the same gate finds out, too, and so does the same gate after a restart."""
    load_callback(client)
    before: Any = client.dump(keys.used_key(CONTROLLER))
    gates = [Store(client, PATIENT_MS, Seen(tmp_path / "seen.json")) for _ in range(2)]
    assert gates[0].claim(CONTROLLER, NUMBER, Callback(day(1)))
    client.restore(keys.used_key(CONTROLLER), 0, before, replace=True)
    for store in (*gates, Store(client, PATIENT_MS, Seen(tmp_path / "seen.json"))):
        with pytest.raises(StoreUnavailable, match="older copy"):
            store.facts_for(CONTROLLER, NUMBER)


def test_a_claim_that_cannot_be_put_on_the_gate_s_disk_is_no_claim(client: redis.Redis, tmp_path: Path) -> None:
    load_callback(client)
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        Store(client, PATIENT_MS, Seen(tmp_path / "no folder" / "seen.json")).claim(CONTROLLER, NUMBER, Callback(day(1)))
