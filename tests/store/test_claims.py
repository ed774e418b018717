"""A call-back is used up exactly once, however many calls ask at the same instant and whatever is loaded later."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import redis

from agi_gate import config
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog
from agi_gate.facts import Callback
from agi_gate.gate import Gate
from agi_gate.ops.main import main
from agi_gate.store import keys, values
from agi_gate.store.reader import Store, StoreUnavailable, connect
from tests.store.conftest import TIMEOUT_MS
from tests.store.loads import CONTROLLER, NUMBER, day, load
from tests.support.gate_toml import CALLBACK, CALLER_ID, write_feeds, write_gate_toml

PROCESSES, THREADS = 2, 50
REQUEST = Request(CALLBACK, "fibra", CALLER_ID, Presentation.ALLOWED)


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    path = write_gate_toml(tmp_path)
    for arguments in write_feeds(tmp_path):
        assert main(["--config", str(path), *arguments]) == 0
    return path


def a_gate(path: Path) -> Gate:
    settings = config.load(path)
    return Gate(settings.policy, Store(connect(settings.store.url, 5_000), 5_000), DecisionLog(settings.log_path))


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
    for arguments in write_feeds(gate_toml.parent):
        assert main(["--config", str(gate_toml), *arguments]) == 0
    gate.decide(REQUEST)
    assert verdicts(gate_toml) == {"CALLBACK_REQUESTED": 1, "REGISTRY_UNKNOWN": 1}


def test_a_later_request_is_a_callback_of_its_own(gate_toml: Path) -> None:
    gate = a_gate(gate_toml)
    gate.decide(REQUEST)
    for arguments in write_feeds(gate_toml.parent, "2026-10-02T09:00:00+02:00"):
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


def test_a_claim_that_is_given_back_can_be_made_again(client: redis.Redis, store: Store) -> None:
    callback = Callback(day(1))
    assert [store.claim(CONTROLLER, NUMBER, callback) for _ in range(2)] == [True, False]
    store.give_back(CONTROLLER, NUMBER, callback)
    assert store.claim(CONTROLLER, NUMBER, callback)


def test_a_claim_is_one_controller_s_and_one_number_s(client: redis.Redis, store: Store) -> None:
    load(client, {keys.CALLBACKS: {NUMBER: values.callbacks_bytes([Callback(day(1))])}})
    assert store.claim("other", NUMBER, Callback(day(1)))
    assert store.claim(CONTROLLER, "+393331234501", Callback(day(1)))
    assert store.facts_for(CONTROLLER, NUMBER).callbacks == (Callback(day(1)),)
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))
    assert store.facts_for(CONTROLLER, NUMBER).callbacks == (Callback(day(1), used=True),)


def test_a_claim_that_cannot_be_made_sure_of_is_no_claim(client: redis.Redis, store: Store) -> None:
    client.set(keys.used_key(CONTROLLER, NUMBER), "somebody else's")
    with pytest.raises(StoreUnavailable):
        store.claim(CONTROLLER, NUMBER, Callback(day(1)))


def test_a_server_too_slow_to_answer_a_claim_in_time_is_not_asked_for_it(
        client: redis.Redis, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would use the call-back up, and nobody would call."""
    def slowly(client: redis.Redis) -> tuple[int, list[int]]:
        time.sleep(TIMEOUT_MS / 1000 * 0.6)
        return 0, []
    with monkeypatch.context() as slow:
        slow.setattr("agi_gate.store.reader.replica_offsets", slowly)
        with pytest.raises(StoreUnavailable, match="too slow"):
            store.claim(CONTROLLER, NUMBER, Callback(day(1)))
    assert store.claim(CONTROLLER, NUMBER, Callback(day(1)))
