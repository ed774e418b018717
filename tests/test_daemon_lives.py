"""What an admin or an accident does to a running daemon: signals, kills, a store or a log that is gone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_gate import config
from agi_gate import daemon as daemon_module
from agi_gate.daemon import ListenError, listen
from agi_gate.decision_log.pseudonyms import add_key
from agi_gate.upkeep import Upkeep
from lab.peer import ask, header
from lab.processes import tied
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S, eventually
from tests.support.daemon import AGI_GATE, Daemon, answer, is_accepted, is_running
from tests.support.gate_toml import CALLBACK, CLEAR, load_feeds, write_gate_toml

ALLOWED, SERVICE, EMERGENCY = "ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE", "ALLOW EMERGENCY"


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    path = write_gate_toml(tmp_path)
    load_feeds(path)
    return path


@pytest.fixture
def daemon(gate_toml: Path) -> Iterator[Daemon]:
    with Daemon(gate_toml) as running:
        yield running


# --- signals

def test_sigterm_lets_a_call_finish_and_leaves_nothing(daemon: Daemon) -> None:
    workers = daemon.workers()
    with socket.create_connection(daemon.address, timeout=PATIENCE_S) as connection:
        words = header((CLEAR, "fibra"))
        connection.sendall(words[:40])
        eventually(lambda: is_accepted(connection))
        daemon.process.terminate()
        eventually(lambda: _is_refused(daemon.address))
        connection.sendall(words[40:])
        with connection.makefile("rb") as stream:
            said = []
            for line in stream:
                said.append(line)
                connection.sendall(b"200 result=1\n")
    assert b'GATE_VERDICT=\\"ALLOW\\"' in said[-1]
    assert daemon.process.wait(PATIENCE_S) == 0
    assert not any(map(is_running, workers))


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT), ids=lambda number: number.name)
def test_without_calls_it_ends_of_itself(daemon: Daemon, number: signal.Signals) -> None:
    daemon.signal(number)
    assert daemon.process.wait(PATIENCE_S) == 0
    assert "did not end in time" not in daemon.said()


def test_sighup_takes_a_new_configuration_whole(daemon: Daemon, gate_toml: Path) -> None:
    assert answer(daemon) == ALLOWED
    write_gate_toml(gate_toml.parent, ("roc_declared = true", "roc_declared = false"), ("decisions.jsonl", "new.jsonl"))
    daemon.signal(signal.SIGHUP)
    eventually(lambda: all(answer(daemon) == "DENY CALLER_ID_NOT_ASSIGNED" for _ in range(8)))
    assert (gate_toml.parent / "new.jsonl").exists()


WRONG = (("roc_declared = true", "roc_declared = false\nroc = 1"),
         ('url = "redis://127.0.0.1:1/0"', 'url = "redis://h:p/0"'),
         ("[store]", "[store"))


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_sighup_with_a_wrong_configuration_changes_nothing(
        daemon: Daemon, gate_toml: Path, change: tuple[str, str]) -> None:
    workers = daemon.workers()
    write_gate_toml(gate_toml.parent, change)
    daemon.signal(signal.SIGHUP)
    eventually(lambda: daemon.said().count("the configuration stays as it was") == 1)
    assert [answer(daemon) for _ in range(8)] == [ALLOWED] * 8
    assert daemon.workers() == workers


def test_sighup_with_a_configuration_that_fails_unforeseen_changes_nothing(
        gate_toml: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    settings = config.load(gate_toml)

    def load(path: Path) -> config.Settings:
        raise ValueError("redis://:hunter2@h")

    with socket.socket() as listener:
        crew = daemon_module._Crew(listener, settings, None)
        monkeypatch.setattr(config, "load", load)
        crew.reload(gate_toml)
    assert crew.settings is settings
    assert f"the configuration stays as it was:\n{gate_toml}: ValueError" in caplog.text and "hunter2" not in caplog.text


def test_sighup_says_what_waits_for_the_next_start(daemon: Daemon, gate_toml: Path) -> None:
    write_gate_toml(gate_toml.parent, ("workers = 2", "workers = 3"))
    daemon.signal(signal.SIGHUP)
    eventually(lambda: daemon.said().count("[daemon] listen and workers take effect at the next start") == 1)
    assert answer(daemon) == ALLOWED
    daemon.signal(signal.SIGHUP)
    eventually(lambda: daemon.said().count("[daemon] listen and workers take effect at the next start") == 2)


def test_sighup_to_listen_on_this_machine_alone_opens_nothing_till_the_next_start(tmp_path: Path) -> None:
    write_gate_toml(tmp_path, ('"127.0.0.1:0"', '"0.0.0.0:0"\nallow = ["192.0.2.1"]'))
    with Daemon(tmp_path / "gate.toml") as daemon:
        write_gate_toml(tmp_path)
        for times in (1, 2):
            daemon.signal(signal.SIGHUP)
            eventually(lambda times=times: daemon.said().count("take effect at the next start") == times)
            time.sleep(0.2)  # the workers have it by then
            with socket.create_connection(("127.0.0.1", daemon.address[1]), timeout=PATIENCE_S) as connection:
                with contextlib.suppress(ConnectionResetError):
                    connection.sendall(header(("112", "fibra", "carrier1")))
                    assert connection.recv(4096) == b""
        eventually(lambda: daemon.said().count("127.0.0.1 asked, which is not in [daemon] allow") == 2)


def test_sighup_is_taken_by_the_workers_that_are_there(daemon: Daemon, gate_toml: Path) -> None:
    workers = daemon.workers()
    write_gate_toml(gate_toml.parent, ("roc_declared = true", "roc_declared = false"))
    daemon.signal(signal.SIGHUP)
    eventually(lambda: [answer(daemon) for _ in range(4)] == ["DENY CALLER_ID_NOT_ASSIGNED"] * 4)
    time.sleep(3)  # a worker that stood still would be killed meanwhile
    assert daemon.workers() == workers and "stands still" not in daemon.said()


def test_sighup_to_a_daemon_that_is_starting_is_heard_once_it_has(gate_toml: Path, tmp_path: Path) -> None:
    content = gate_toml.read_bytes()
    fifo = tmp_path / "starting.toml"
    os.mkfifo(fifo)
    with subprocess.Popen(tied([AGI_GATE, "--config", str(fifo), "serve"]), stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            with fifo.open("wb") as configuration:  # it reads it now, and has not listened yet
                process.send_signal(signal.SIGHUP)
                configuration.write(content)
            assert b"listening on" in process.stderr.readline()
            fifo.write_bytes(content.replace(b"workers = 2", b"workers = 3"))  # read once more
            assert b"take effect at the next start" in process.stderr.readline()
        finally:
            process.terminate()


def test_sighup_many_times_during_calls_loses_none(daemon: Daemon) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(answer, daemon) for _ in range(200)]
        for _ in range(10):
            daemon.signal(signal.SIGHUP)
            time.sleep(0.02)
        assert {future.result() for future in answers} == {ALLOWED}
    assert len(daemon.records()) == 200


def test_sighup_without_descriptors_ends_each_worker_with_its_calls_and_others_have_the_new_configuration(
        gate_toml: Path) -> None:
    write_gate_toml(gate_toml.parent, ("workers = 2", "workers = 1"))
    load_feeds(gate_toml)
    with Daemon(gate_toml) as daemon, socket.create_connection(daemon.address, timeout=PATIENCE_S) as begun:
        words = header((CLEAR, "fibra", "carrier1"))
        begun.sendall(words[:40])
        assert answer(daemon) == ALLOWED
        (worker,) = daemon.workers()
        limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, limits[1]))
        write_gate_toml(gate_toml.parent, ("workers = 2", "workers = 1"), ("roc_declared = true", "roc_declared = false"))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "could not take the new configuration" in daemon.said())
        begun.sendall(words[40:])
        assert b"ALLOW" in begun.recv(4096)
        begun.sendall(b"200 result=0\n")
        eventually(lambda: answer(daemon) == "DENY CALLER_ID_NOT_ASSIGNED")
        assert worker not in daemon.workers()


def test_a_worker_that_was_killed_is_replaced(daemon: Daemon) -> None:
    before = daemon.workers()
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: not is_running(before[0]))
    assert answer(daemon) == ALLOWED
    eventually(lambda: len(daemon.workers()) == 2 and before[0] not in daemon.workers())
    os.kill(before[1], signal.SIGKILL)
    eventually(lambda: not is_running(before[1]))
    assert answer(daemon) == ALLOWED
    eventually(lambda: len(daemon.workers()) == 2 and before[1] not in daemon.workers())
    assert [answer(daemon) for _ in range(8)] == [ALLOWED] * 8


def test_where_no_worker_can_be_started_the_others_answer_and_it_is_tried_again(daemon: Daemon) -> None:
    main, before = daemon.process.pid, daemon.workers()
    limits = resource.prlimit(main, resource.RLIMIT_NOFILE)
    resource.prlimit(main, resource.RLIMIT_NOFILE, (3, limits[1]))
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: "could not be started: Too many open files" in daemon.said())
    assert [answer(daemon) for _ in range(8)] == [ALLOWED] * 8
    resource.prlimit(main, resource.RLIMIT_NOFILE, limits)
    eventually(lambda: len(daemon.workers()) == 2 and before[0] not in daemon.workers())
    assert before[1] in daemon.workers()
    assert daemon.stop() == 0


def test_where_nobody_reads_what_it_tells_it_answers_looks_after_its_workers_and_ends(gate_toml: Path) -> None:
    """A pipe that is full, as where a service manager or a terminal stands still."""
    reading, writing = os.pipe()
    process = subprocess.Popen(tied([AGI_GATE, "--config", str(gate_toml), "serve"]), stdin=subprocess.DEVNULL, stderr=writing)
    try:
        told = re.search(rb"listening on (\S+):(\d+)", os.read(reading, 4096))
        assert told
        address = told[1].decode(), int(told[2])
        os.write(writing, b"x" * fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ))
        assert ask(address, raw_header=b"GET / HTTP/1.0\r\n\r\n").commands == []
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        before = set(children.read_text().split())
        for worker in before:
            os.kill(int(worker), signal.SIGKILL)
        eventually(lambda: len(now := set(children.read_text().split())) == 2 and not now & before)
        assert ask(address, CLEAR, "fibra", "carrier1").variables["GATE_VERDICT"] == "ALLOW"
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)


def test_a_worker_that_is_replaced_needs_no_key_file_and_goes_by_the_keys_of_the_last_sighup(gate_toml: Path) -> None:
    key, away = gate_toml.parent / "log.keys", gate_toml.parent / "log.keys.away"
    first = add_key(key, datetime.now(UTC)).newest.id
    write_gate_toml(gate_toml.parent, ('"decisions.jsonl"', '"decisions.jsonl"\nkey = "log.keys"'))
    load_feeds(gate_toml)
    with Daemon(gate_toml) as daemon:
        key.rename(away)
        _kill_workers(daemon)
        assert (answer(daemon), _key_of_last(daemon)) == (ALLOWED, first)
        away.rename(key)
        second = add_key(key, datetime.now(UTC)).newest.id
        daemon.signal(signal.SIGHUP)
        eventually(lambda: answer(daemon) == ALLOWED and _key_of_last(daemon) == second)
        key.unlink()
        _kill_workers(daemon)
        assert (answer(daemon), _key_of_last(daemon)) == (ALLOWED, second)


def _key_of_last(daemon: Daemon) -> str:
    return str(daemon.records()[-1]["pseudonyms"]["destination"]).partition(":")[0]


def _kill_workers(daemon: Daemon) -> None:
    before = daemon.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(now := daemon.workers()) == len(before) and not set(now) & set(before))


def test_a_main_process_that_was_killed_leaves_no_workers(daemon: Daemon) -> None:
    workers = daemon.workers()
    daemon.process.kill()
    daemon.process.wait()
    eventually(lambda: not any(map(is_running, workers)))


def test_the_log_s_upkeep_does_not_hold_the_port_of_a_daemon_that_was_killed(
        gate_toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, (wait, over) = config.load(gate_toml), os.pipe()
    monkeypatch.setattr("agi_gate.ops.log_keep.is_due", lambda *_: True)
    monkeypatch.setattr("agi_gate.upkeep._keep", lambda _: (os.close(over), os.read(wait, 1), os._exit(0)))
    monkeypatch.setattr("agi_gate.upkeep._EVERY_S", 0)
    with listen(settings.daemon) as listener:
        Upkeep(listener).look(settings)
        address = listener.getsockname()
    try:
        eventually(lambda: _is_refused(address))
    finally:
        os.close(over)
        os.wait()
        os.close(wait)


def _is_refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_address_of_another_machine_is_not_taken_for_a_second_daemon() -> None:
    settings = config.DaemonSettings("192.0.2.1", 4999, 2, 1000, 256)
    with pytest.raises(ListenError, match=r"^cannot listen on 192.0.2.1:4999: .*; change \[daemon\] listen$"):
        listen(settings)


def test_a_port_in_use_is_told_and_exits_2(daemon: Daemon, gate_toml: Path) -> None:
    path = write_gate_toml(gate_toml.parent, ("127.0.0.1:0", f"127.0.0.1:{daemon.address[1]}"), name="second.toml")
    second = subprocess.run([AGI_GATE, "--config", path, "serve"], capture_output=True, text=True, timeout=PATIENCE_S)
    assert second.returncode == 2 and second.stdout == ""
    assert f"cannot listen on 127.0.0.1:{daemon.address[1]}: Address already in use; is another daemon" in second.stderr
    assert "Traceback" not in second.stderr
    assert answer(daemon) == ALLOWED


# --- a store or a log that is gone

@pytest.fixture
def own_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    with StoreServer.start() as server:
        monkeypatch.setenv("AGI_GATE_STORE_URL", server.url)
        yield server


@pytest.mark.parametrize("gone", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "stands still"))
def test_without_the_store_marketing_is_denied_in_time_and_the_rest_goes_on(
        own_store: StoreServer, tmp_path: Path, gone: signal.Signals) -> None:
    path = write_gate_toml(tmp_path)
    load_feeds(path)
    with Daemon(path) as daemon:
        assert answer(daemon) == ALLOWED
        own_store.signal(gone)
        assert answer(daemon) == "DENY STORE_UNAVAILABLE"  # a call that is past its deadline hears nothing
        assert [answer(daemon, campaign="assistenza"), answer(daemon, "112")] == [SERVICE, EMERGENCY]
        if gone == signal.SIGSTOP:
            own_store.signal(signal.SIGCONT)
            assert answer(daemon) == ALLOWED
        eventually(lambda: len(daemon.records()) == (5 if gone == signal.SIGSTOP else 4))  # an emergency's record follows


def test_a_store_that_came_back_is_asked_again(own_store: StoreServer, tmp_path: Path) -> None:
    path = write_gate_toml(tmp_path)
    with Daemon(path) as daemon:
        assert answer(daemon) == "DENY REGISTRY_UNKNOWN"
        own_store.kill()
        assert answer(daemon) == "DENY STORE_UNAVAILABLE"
        own_store.restart()
        load_feeds(path)
        assert [answer(daemon) for _ in range(8)] == [ALLOWED] * 8


@pytest.mark.parametrize("log", ("full.jsonl", "absent/decisions.jsonl"))
def test_without_the_log_no_call_goes_on_but_an_emergency(gate_toml: Path, log: str) -> None:
    (gate_toml.parent / "full.jsonl").symlink_to("/dev/full")
    write_gate_toml(gate_toml.parent, ("decisions.jsonl", log))
    with Daemon(gate_toml) as daemon:
        assert [answer(daemon), answer(daemon, CALLBACK), answer(daemon, CALLBACK)] == ["DENY LOG_UNAVAILABLE"] * 3
        assert [answer(daemon, campaign="assistenza"), answer(daemon, "112")] == ["DENY LOG_UNAVAILABLE", EMERGENCY]
        assert "is not on record" in daemon.said()
        write_gate_toml(gate_toml.parent)
        daemon.signal(signal.SIGHUP)
        eventually(lambda: answer(daemon) == ALLOWED)
        # the call-back that was claimed in vain was given back
        eventually(lambda: answer(daemon, CALLBACK) in ("ALLOW CALLBACK_REQUESTED", "DENY REGISTRY_UNKNOWN"))
        assert [record["reason"] for record in daemon.records()].count("CALLBACK_REQUESTED") == 1


def test_where_a_write_never_ends_the_calls_that_come_meanwhile_are_denied_in_time(gate_toml: Path) -> None:
    """A disk that stands still, played by a pipe that nobody reads: it takes some records, then none."""
    os.mkfifo(gate_toml.parent / "pipe.jsonl")
    write_gate_toml(gate_toml.parent, ("decisions.jsonl", "pipe.jsonl"), ("workers = 2", "workers = 1"))
    with Daemon(gate_toml) as daemon:
        answers: list[str] = []
        while len(answers) < 500 and "nothing" not in answers:
            answers.append(ask(daemon.address, CLEAR, "fibra", "carrier1").variables.get("GATE_REASON", "nothing"))
        assert answers[0] == "DIRECTORY_NOT_OPPOSED" and answers[-1] == "nothing", "the pipe was never full"
        assert [answer(daemon), answer(daemon), answer(daemon, "112")] == ["DENY LOG_UNAVAILABLE"] * 2 + [EMERGENCY]


def test_a_log_that_is_rotated_while_it_runs_loses_no_record(daemon: Daemon, gate_toml: Path) -> None:
    log, stop = gate_toml.parent / "decisions.jsonl", threading.Event()

    def rotate() -> None:
        number = 0
        while not stop.wait(0.01):
            if log.exists():
                log.rename(f"{log}.{(number := number + 1)}")

    rotating = threading.Thread(target=rotate)
    rotating.start()
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(lambda _: ask(daemon.address, CLEAR, "fibra"), range(300)))
    stop.set()
    rotating.join()
    lines = [line for path in gate_toml.parent.glob("decisions.jsonl*") if path.is_file()
             for line in path.read_text().splitlines()]
    recorded = {re.search('"id":"([^"]+)"', line)[1] for line in lines}  # type: ignore[index]
    assert recorded == {one.variables["GATE_DECISION_ID"] for one in heard} and len(lines) == 300


def test_numbers_in_the_log_are_not_for_everybody_to_read(daemon: Daemon, gate_toml: Path) -> None:
    answer(daemon)
    assert (gate_toml.parent / "decisions.jsonl").stat().st_mode & 0o007 == 0
