"""What a call learns from the store: everything in one round trip, or that it could not be learnt."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from redis.crc import key_slot

from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.store import keys, page, values
from agi_gate.store.reader import Question, Store, StoreUnavailable, connect
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S, PATIENT_MS, eventually
from tests.faults.store_proxy import DRIP, StoreProxy
from tests.store.conftest import TIMEOUT_MS
from tests.store.loads import CONTROLLER, DAY_1, NUMBER, everything, load, load_one_of_each
from tests.support.proxy import CountingProxy, DoublingProxy

EVERYTHING_KNOWN = Facts(
    (Check(DAY_1, False, values.check_id(DAY_1, 0)),), (Consent(DAY_1, "marketing", "telecom", "both", "web", "ip"),),
    Contact("Elenco", True), Objection(DAY_1, "call"), (Callback(DAY_1),), (DAY_1,))
PAGE_KEYS = [keys.page_key(CONTROLLER, kind, keys.place(kind, NUMBER)[0]) for kind in (keys.MANIFEST, *keys.KINDS)]
# a page of dense consents, and one that a load has staged, are not there
EXPECTED_KEYS = [name for name in PAGE_KEYS if ":d:" not in name] + [keys.load_key(CONTROLLER), keys.blocks_key(CONTROLLER),
                                                                    keys.used_key(CONTROLLER)]
KEYS_OF_A_CALL = [*keys.keys_of_call(CONTROLLER, NUMBER, staged=True), keys.blocks_key(CONTROLLER), keys.used_key(CONTROLLER)]


def ask(url: str, timeout_ms: int = PATIENT_MS) -> Facts:
    with connect(url, timeout_ms) as client:
        return Store(client, timeout_ms).facts_for(CONTROLLER, NUMBER)


def test_everything_known_of_a_number_comes_back(client: redis.Redis, store: Store) -> None:
    load_one_of_each(client)
    assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN


@pytest.mark.parametrize(("controller", "number"), (
    (CONTROLLER, "+393331234501"), (CONTROLLER, "+393331234599"), (CONTROLLER, "+3933312345"), ("acm", NUMBER),
    ("acme2", NUMBER), (CONTROLLER, "+33331234500")))
def test_nothing_is_known_of_another_number_or_to_another_controller(
        client: redis.Redis, store: Store, controller: str, number: str) -> None:
    load_one_of_each(client)
    assert store.facts_for(controller, number) == Facts()


def test_the_facts_of_many_calls_come_in_one_round_trip(client: redis.Redis, store_server: StoreServer) -> None:
    load_one_of_each(client)
    with CountingProxy(store_server.port) as proxy, connect(proxy.url, PATIENT_MS) as through:
        store = Store(through)
        store.facts_for(CONTROLLER, NUMBER)
        before = proxy.round_trips
        assert store.facts_of([
            Question(CONTROLLER, f"+3933312345{number:02}") for number in range(1, 60)]) == [Facts()] * 59
        assert proxy.round_trips - before == 1
        assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN
        assert proxy.round_trips - before == 3  # one more for a number with a call-back


def test_an_answer_too_many_is_not_taken_for_the_next_call_s(client: redis.Redis, store_server: StoreServer) -> None:
    """A number that nobody knows, with the same last digits as one of whom all is known."""
    load_one_of_each(client)
    stranger = "+393471234500"
    with DoublingProxy(store_server.port) as proxy, connect(proxy.url, PATIENT_MS) as through:
        store = Store(through)
        assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN
        for times in range(1, 5):
            proxy.double_next()
            assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN
            eventually(lambda times=times: proxy.doubled == times)  # type: ignore[misc]
            assert store.facts_for(CONTROLLER, stranger) == Facts()


def test_no_two_workers_put_the_same_word_behind_a_question(own_server: StoreServer) -> None:
    """Else a proxy that gave one the other's answer would not be found out."""
    with connect(own_server.url, PATIENT_MS) as client, client.monitor() as monitor:
        for _ in range(2):
            worker = multiprocessing.get_context("fork").Process(target=ask, args=(own_server.url,))
            worker.start()
            worker.join()
        said = (command["command"] for command in monitor.listen())
        words = [next(command for command in said if command.startswith("ECHO")) for _ in range(2)]
        assert len(set(words)) == 2


def test_a_first_call_waits_no_longer(client: redis.Redis, store_server: StoreServer) -> None:
    with CountingProxy(store_server.port) as proxy, connect(proxy.url, PATIENT_MS) as through:
        Store(through).facts_for(CONTROLLER, NUMBER)
        assert proxy.round_trips == 1


def test_every_key_of_a_controller_is_on_one_cluster_slot(client: redis.Redis, store: Store) -> None:
    load_one_of_each(client)
    load_one_of_each(client, "+390212345600")
    store.claim(CONTROLLER, NUMBER, Callback(DAY_1))
    written = {key_slot(name) for name in everything(client)}
    asked = {key_slot(name.encode()) for name in KEYS_OF_A_CALL}
    assert written == asked and len(asked) == 1


@pytest.mark.parametrize("name", EXPECTED_KEYS)
def test_a_key_of_another_type_is_not_taken_for_nothing_known(client: redis.Redis, store: Store, name: str) -> None:
    load_one_of_each(client)
    client.delete(name)
    client.hset(name, "somebody", "else's")
    with pytest.raises(StoreUnavailable):
        store.facts_for(CONTROLLER, NUMBER)


@pytest.mark.parametrize("name", sorted({*KEYS_OF_A_CALL} - {*EXPECTED_KEYS}))
def test_a_key_of_another_type_that_holds_nothing_of_ours_changes_nothing(
        client: redis.Redis, store: Store, name: str) -> None:
    load_one_of_each(client)
    client.hset(name, "somebody", "else's")
    assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN


@pytest.mark.parametrize("name", EXPECTED_KEYS)
def test_an_error_tells_no_number(client: redis.Redis, store: Store, name: str) -> None:
    load_one_of_each(client)
    client.delete(name)
    client.hset(name, "somebody", "else's")
    with pytest.raises(StoreUnavailable) as caught:
        store.facts_for(CONTROLLER, NUMBER)
    assert NUMBER[3:9] not in str(caught.value)


GARBAGE = {
    "nothing": b"", "too short": b"1234567", "only a load's id": b"12345678", "text": b"somebody else's value",
    "zeros": bytes(200), "half a page": bytes(8) + page.encode({offset: b"a history" for offset in range(100)}, PAGE_KEYS[1].encode())[:-1]}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("name", PAGE_KEYS)
def test_garbage_under_a_page_key_is_not_taken_for_nothing_known(
        client: redis.Redis, store: Store, name: str, garbage: bytes) -> None:
    load_one_of_each(client)
    client.set(name, garbage)
    with pytest.raises(StoreUnavailable):
        store.facts_for(CONTROLLER, NUMBER)


GARBAGE_VALUES = [
    (kind, garbage) for kind in keys.KINDS
    for garbage in (b"x", b"{", b"null", b'["a"]', b"[[{}]]", b"\xff\xfe", b"[1e99]")]


@pytest.mark.parametrize(("kind", "garbage"), GARBAGE_VALUES,
                         ids=[f"{kind.name} {text!r}" for kind, text in GARBAGE_VALUES])
def test_garbage_as_a_value_is_not_taken_for_nothing_known(
        client: redis.Redis, store: Store, kind: keys.Kind, garbage: bytes) -> None:
    load(client, {kind: {NUMBER: garbage}})
    with pytest.raises(StoreUnavailable):
        store.facts_for(CONTROLLER, NUMBER)


def test_a_staged_page_of_a_load_that_never_committed_is_not_seen(client: redis.Redis, store: Store) -> None:
    load_one_of_each(client)
    for name in PAGE_KEYS:
        client.set(name + keys.STAGED, b"another!" + page.encode({}, name.encode()))
    assert store.facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN


# --- a server that does not answer

def test_a_server_that_is_down_is_unavailable(own_server: StoreServer) -> None:
    own_server.kill()
    with pytest.raises(StoreUnavailable):
        ask(own_server.url)


@pytest.mark.parametrize("connected", (True, False), ids=("connected before", "never connected"))
def test_a_server_that_stands_still_is_unavailable_in_time(own_server: StoreServer, connected: bool) -> None:
    with connect(own_server.url, TIMEOUT_MS) as client:
        store = Store(client, TIMEOUT_MS)
        if connected:
            store.facts_for(CONTROLLER, NUMBER)
        own_server.signal(signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            store.facts_for(CONTROLLER, NUMBER)
        own_server.signal(signal.SIGCONT)
        assert store.facts_for(CONTROLLER, NUMBER) == Facts()


def test_a_late_answer_is_not_taken_for_the_next_call_s(own_server: StoreServer) -> None:
    with connect(own_server.url, TIMEOUT_MS) as client:
        load_one_of_each(client)
        store = Store(client, TIMEOUT_MS)
        store.facts_for(CONTROLLER, NUMBER)
        own_server.signal(signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            store.facts_for(CONTROLLER, NUMBER)
        own_server.signal(signal.SIGCONT)
        assert store.facts_for(CONTROLLER, "+393331234501") == Facts()


def test_the_next_call_after_a_restart_is_answered(own_server: StoreServer) -> None:
    with connect(own_server.url, PATIENT_MS) as client:
        store = Store(client)
        store.facts_for(CONTROLLER, NUMBER)
        own_server.kill()
        own_server.restart()
        assert store.facts_for(CONTROLLER, NUMBER) == Facts()


def test_a_wrong_password_is_unavailable_and_not_told(own_server: StoreServer) -> None:
    with connect(own_server.url, PATIENT_MS) as client:
        client.config_set("requirepass", "right")
    for url in (own_server.url, own_server.url.replace("://", "://:hunter2@")):
        with pytest.raises(StoreUnavailable) as caught:
            ask(url)
        assert "hunter2" not in str(caught.value)
    assert ask(own_server.url.replace("://", "://:right@")) == Facts()


# --- something that is no such server

@contextlib.contextmanager
def a_peer_that_says(words: bytes) -> Iterator[str]:
    """Listens like a server, and answers anything with the same words."""
    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                while connection.recv(65536):
                    connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("words", (
    b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\xfe\r\n", b"$-5\r\n", b"$99999999999\r\nabc", b"*3\r\n$-1\r\n",
    b":notanumber\r\n", b"+OK\r\n" * 3, b"*13\r\n" + b"$-1\r\n" * 13 + b"+OK\r\n+OK\r\n", b"-LOADING not yet\r\n",
    b"-MOVED 1 127.0.0.1:1\r\n", b"-NOAUTH Authentication required.\r\n"), ids=repr)
def test_a_peer_that_talks_nonsense_is_unavailable(words: bytes) -> None:
    with a_peer_that_says(words) as url, pytest.raises(StoreUnavailable):
        ask(url, TIMEOUT_MS)


def test_an_address_that_swallows_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # the queue is full from the second connection on: a third gets no answer to its first packet
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            ask(f"redis://127.0.0.1:{port}/0", TIMEOUT_MS)
        assert time.monotonic() - started < PATIENCE_S  # the kernel gives up after two minutes
        for connection in waiting:
            connection.close()


def test_the_time_limit_holds_for_the_whole_answer_however_slowly_it_drips(
        client: redis.Redis, store_server: StoreServer) -> None:
    load_one_of_each(client)
    with StoreProxy(store_server.port) as proxy, connect(proxy.url, TIMEOUT_MS) as through:
        assert Store(through).facts_for(CONTROLLER, NUMBER) == EVERYTHING_KNOWN
        proxy.mode = DRIP
        with pytest.raises(StoreUnavailable):
            Store(through, TIMEOUT_MS).facts_for(CONTROLLER, NUMBER)  # whoever gave each read as long would hear all of it


def test_each_call_has_a_time_limit_of_its_own(own_server: StoreServer) -> None:
    """None is left over from the call before, on one connection."""
    with connect(own_server.url, TIMEOUT_MS) as client:
        store = Store(client, TIMEOUT_MS)
        assert store.facts_for(CONTROLLER, NUMBER) == Facts()
        time.sleep(TIMEOUT_MS / 1000 * 1.1)
        assert store.facts_for(CONTROLLER, NUMBER) == Facts()
