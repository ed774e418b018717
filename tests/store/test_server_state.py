"""What a server says of itself is asked before anything is changed, and what it does not say is never taken for the best."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate import config
from agi_gate.ops.exit_codes import DONE, FEED_REFUSED, UNREACHABLE
from agi_gate.ops.main import main
from agi_gate.store import server_state
from agi_gate.store.reader import Store, StoreUnavailable, connect
from agi_gate.store.server_state import Persistence, clock_ahead, eviction, missing_commands, persistence
from lab.store_server import StoreServer
from lab.store_servers import Command
from lab.waiting import PATIENT_MS
from tests.support.gate_toml import load_feeds, write_feeds, write_gate_toml

Start = Callable[..., redis.Redis]


@pytest.fixture
def start(server_command: Command, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A server with options of its own; every `agi-gate` of this test uses it."""
    def run(*options: str) -> redis.Redis:
        server = StoreServer.start(server_command, *options)
        request.addfinalizer(server.stop)
        monkeypatch.setenv(config.STORE_URL_VARIABLE, server.url)
        return connect(server.url, PATIENT_MS)
    return run


def without(*commands: str) -> list[str]:
    return [word for command in commands for word in ("--rename-command", command, "")]


# --- commands

def test_every_command_that_ops_send_is_asked_for(start: Start, tmp_path: Path) -> None:
    client, path = start(), write_gate_toml(tmp_path)
    load_feeds(path)
    for words in (["rollback"], *write_feeds(tmp_path), ["load", "callbacks", str(tmp_path / "callbacks.csv")],
                  ["purge", "--yes"], ["status", "--max-stale", "100"]):
        assert main(["--config", str(path), *words]) == DONE, words
    client.flushall()
    (tmp_path / "decisions.jsonl").touch()
    assert main(["--config", str(path), "rebuild"]) == DONE
    sent = {name.removeprefix("cmdstat_").split("|")[0].upper() for name in client.info("commandstats")}
    asked = {words.split()[0] for words in server_state._NEEDED} | {"WATCH", "UNWATCH", "MULTI", "EXEC", "DISCARD"}
    # what a connection begins with, what may go unsaid, and what this test itself sends
    assert sent - asked - {"CLIENT", "HELLO", "AUTH", "SELECT", "PING", "INFO", "CONFIG", "MEMORY", "FLUSHALL"} == set()


# without ROLE there is no connection to begin with: see below
@pytest.mark.parametrize("command", sorted({words.split()[0] for words in server_state._NEEDED} - {"ROLE"} | {
    "WATCH", "MULTI", "EXEC", "DISCARD"}))
def test_a_command_that_was_renamed_away_is_named_before_anything_is_changed(
        start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    client, path = start(*without(command)), write_gate_toml(tmp_path)
    assert missing_commands(client, "acme") == [command]
    for words in write_feeds(tmp_path):
        assert main(["--config", str(path), *words]) == FEED_REFUSED
        said = capsys.readouterr().err
        assert f"the store has no {command} for this user" in said and "docs/acl/loader.acl; nothing was changed" in said
    assert client.dbsize() == 0 and not (tmp_path / "archive" / "receipts").exists()


def test_all_that_are_missing_are_named_at_once(start: Start) -> None:
    assert missing_commands(start(*without("EVAL", "SCAN", "WATCH")), "acme") == ["WATCH", "EVAL", "SCAN"]


def test_asking_changes_nothing_and_leaves_no_transaction(start: Start) -> None:
    client = start()
    client.set("agi:{acme}:lock", "somebody's")
    assert missing_commands(client, "acme") == missing_commands(client, "acme") == []
    assert client.get("agi:{acme}:lock") == b"somebody's" and client.keys("*") == [b"agi:{acme}:lock"]
    assert client.ping() is True


# --- role

def test_a_replica_is_not_asked(start: Start) -> None:
    replica = start("--replicaof", "127.0.0.1", "1")
    url = f"redis://127.0.0.1:{replica.connection_pool.connection_kwargs['port']}/0"
    with pytest.raises(StoreUnavailable, match="replica by now"):
        Store.at(url, PATIENT_MS).facts_for("acme", "+393331234500")


def test_a_server_that_does_not_say_whether_it_is_a_master_is_unavailable(
        start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client, path = start(*without("ROLE")), write_gate_toml(tmp_path)
    url = f"redis://127.0.0.1:{client.connection_pool.connection_kwargs['port']}/0"
    with pytest.raises(StoreUnavailable, match="does not say whether it is a master"):
        Store.at(url, PATIENT_MS).facts_for("acme", "+393331234500")
    assert main(["--config", str(path), *write_feeds(tmp_path)[0]]) == UNREACHABLE
    assert "does not say whether it is a master" in capsys.readouterr().err and client.dbsize() == 0


# --- eviction

@pytest.mark.parametrize(("options", "policy"), (
    ((), "noeviction"), (("--maxmemory-policy", "volatile-ttl"), "volatile-ttl"),
    (("--maxmemory-policy", "allkeys-lru", *without("INFO")), "allkeys-lru"),
    (("--maxmemory-policy", "allkeys-lru", *without("CONFIG")), "allkeys-lru"),
    (without("INFO", "CONFIG"), None)), ids=str)
def test_the_policy_is_what_the_server_says_and_else_it_is_not_known(
        start: Start, options: tuple[str, ...], policy: str | None) -> None:
    assert eviction(start(*options)) == policy


@pytest.mark.parametrize(("options", "declared", "code"), (
    (without("INFO", "CONFIG"), False, FEED_REFUSED), (without("INFO", "CONFIG"), True, DONE),
    (("--maxmemory-policy", "allkeys-lru"), True, FEED_REFUSED), ((), False, DONE)), ids=str)
def test_only_the_admin_s_word_takes_the_place_of_the_server_s(
        start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], declared: bool,
        code: int) -> None:
    client = start(*options)
    path = write_gate_toml(tmp_path, *([("[store]", '[store]\neviction = "never"')] if declared else []))
    feeds = write_feeds(tmp_path)
    for words in feeds:
        assert main(["--config", str(path), *words]) == code
    said = capsys.readouterr().err
    assert (client.dbsize() > 0) is (code == DONE)
    if code == FEED_REFUSED:
        assert "nothing was changed" in said
        assert ("set maxmemory-policy noeviction" if declared else 'eviction = "never" under [store]') in said


def test_a_policy_that_was_changed_afterwards_is_in_the_status(
        start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client, path = start(), write_gate_toml(tmp_path)
    load_feeds(path)
    client.config_set("maxmemory-policy", "allkeys-lru")
    capsys.readouterr()
    assert main(["--config", str(path), "status", "--json", "--max-stale", "100"]) == UNREACHABLE
    said = json.loads(capsys.readouterr().out)
    assert said["servers"][0]["eviction"] == "allkeys-lru" and "may drop keys" in said["warnings"][0]


# --- persistence

@pytest.mark.parametrize(("options", "found"), (
    ((), Persistence(False, None, False, True)),
    (("--save", "60 1"), Persistence(False, None, True, True)),
    (("--appendonly", "yes"), Persistence(True, "everysec", False, True)),
    (("--appendonly", "yes", "--appendfsync", "no"), Persistence(True, "no", False, True)),
    (("--appendonly", "yes", *without("CONFIG")), Persistence(True, None, None, True)),
    (("--appendonly", "yes", *without("INFO")), Persistence(True, "everysec", False, None)),
    (without("INFO", "CONFIG"), Persistence(None, None, None, None))), ids=str)
def test_how_a_server_keeps_what_it_holds(start: Start, options: tuple[str, ...], found: Persistence) -> None:
    assert persistence(start(*options)) == found


@pytest.mark.parametrize(("held", "advice"), (
    (Persistence(True, "always", True, True), None), (Persistence(True, "everysec", None, None), None),
    (Persistence(True, None, None, True), None), (Persistence(True, "no", True, True), "appendfsync everysec"),
    (Persistence(False, None, True, True), "appendonly yes"), (Persistence(None, None, True, True), "is not known"),
    (Persistence(True, "always", True, False), "look after its disk")), ids=str)
def test_what_would_lose_loads_has_its_advice(held: Persistence, advice: str | None) -> None:
    assert held.advice() is None if advice is None else advice in str(held.advice())


def test_status_reports_it(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start("--save", "60 1")
    path = write_gate_toml(tmp_path)
    assert main(["--config", str(path), "status"]) == DONE
    said = capsys.readouterr()
    assert "the store's server: eviction noeviction; no append-only file; snapshots\n" in said.out
    assert "warning: the store's server has no append-only file" in said.err


# --- clocks

@pytest.mark.parametrize(("minutes", "code"), ((-11, FEED_REFUSED), (-9, DONE), (9, DONE), (11, FEED_REFUSED)))
def test_a_load_of_a_clock_far_from_the_server_s_is_refused(
        start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, minutes: int,
        code: int) -> None:
    client, path = start(), write_gate_toml(tmp_path)
    assert abs(clock_ahead(client)) < timedelta(minutes=1)
    asked = redis.Redis.time

    def shifted(self: redis.Redis) -> Any:
        seconds, microseconds = asked(self)
        return seconds - 60 * minutes, microseconds
    monkeypatch.setattr(redis.Redis, "time", shifted)
    for words in write_feeds(tmp_path):
        assert main(["--config", str(path), *words]) == code
    said = capsys.readouterr().err
    assert ("more than 10 minutes apart" in said) is (code == FEED_REFUSED) and (client.dbsize() > 0) is (code == DONE)
