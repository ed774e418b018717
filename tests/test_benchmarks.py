"""The benchmarks run, from end to end, and tell honestly what they found; how fast it is says nothing here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis

from benchmarks import data, report, servers, tools
from benchmarks.generator import RunRefused, load, program
from benchmarks.numbering import distinct_numbers
from benchmarks.promises import Promise
from benchmarks.report import Line
from lab.peer import ask
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S

PROJECT = Path(__file__).parent.parent
LONG_S = 10 * PATIENCE_S


@pytest.fixture(scope="module")
def generator() -> None:
    try:
        program()
    except tools.NotHad as why:
        pytest.skip(f"the load generator cannot be compiled: {why}")


def test_a_small_run_measures_every_stage_and_writes_its_part_of_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Mine\n\n<!-- calls: begin -->\nkept\n")
    ran = subprocess.run([sys.executable, "-m", "benchmarks.load", "--rows", "2000", "--repeat", "1", "--write",
                          "--patient", "--document", str(document)], cwd=PROJECT, capture_output=True, text=True, timeout=LONG_S)
    assert ran.returncode == 0, ran.stderr
    written = document.read_text()
    assert written.startswith("# Mine\n\n<!-- calls: begin -->\nkept\n")
    for told in ("naive load, 2,000 numbers", "2,000 numbers into an empty store, sorted", "three checks", "consents",
                 "2,000 contacts", "preflight of 133 numbers", "calls without an answer |  | 0 calls"):
        assert told in written and told.split(" |")[0] in ran.stdout


@pytest.mark.parametrize(("values", "target", "verdict"), (
    ((20.0,), 20, "reached: 1 times"), ((20.1,), 20, "not reached: 0.995 times"),
    ((5.0, 10.0, 40.0), 20, "reached: 2 times"), ((15.0, 30.0, 40.0), 20, "not reached: 0.667 times"),
    ((0,), 0, "reached"), ((1,), 0, "not reached"), ((), 20, "not measured"), ((5.0,), None, ""),
), ids=str)
def test_a_verdict_is_the_medians(values: tuple[float, ...], target: float | None, verdict: str) -> None:
    assert Line("what", "s", values, target).verdict == verdict


def test_a_second_run_takes_the_place_of_the_first_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    for value in (1.0, 2.0):
        for section in ("load", "calls"):
            report.write(section, section.title(), "told", [Line("what", "s", [value])], document)
    written = document.read_text()
    assert written.startswith("# Speed and size\n") and written.count("## Load\n") == written.count("## Calls\n") == 1
    assert "2 s" in written and "1 s" not in written


def test_feeds_are_the_same_every_time_and_their_numbers_are_distinct() -> None:
    numbers = distinct_numbers(20_000)
    assert (numbers == distinct_numbers(20_000)).all()
    assert len(set(numbers.tolist())) == 20_000


def test_each_kind_of_feed_has_as_many_rows_as_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    for kind in data.KINDS:
        lines = data.make(kind, 500).read_text().splitlines()
        assert len(lines) == 500 + (not kind.startswith("registry")), kind


@pytest.mark.usefixtures("generator")
def test_a_quick_run_measures_every_server_and_writes_its_part_of_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Mine\n\n<!-- load: begin -->\nkept\n")
    ran = subprocess.run([sys.executable, "-m", "benchmarks.daemon", "--quick", "--patient", "--write", "--document", str(document)],
                         cwd=PROJECT, capture_output=True, text=True, timeout=LONG_S)
    assert ran.returncode == 0, ran.stderr
    written = document.read_text()
    assert written.startswith("# Mine\n\n<!-- load: begin -->\nkept\n")
    for told in (servers.GATE, *servers.PEERS, "gate / panoramisk", "gate / ding-dong", "gate / empty server",
                 "2 workers / 1", "Asterisk 22, 50 calls a second", "the script with a daemon", "refused: a script's call whose daemon stands still",
                 "Where a call's processor time goes"):
        assert told in written


@pytest.mark.usefixtures("generator")
def test_a_soak_tells_what_each_process_holds_at_every_tenth(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    ran = subprocess.run([sys.executable, "-m", "benchmarks.soak", "--calls", "300", "--rows", "2000", "--write",
                          "--patient", "--document", str(document)], cwd=PROJECT, capture_output=True, text=True, timeout=LONG_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len([line for line in document.read_text().splitlines() if line.count(" MB |") >= 3]) == 11


@pytest.mark.parametrize("name", servers.PEERS, ids=str)
@pytest.mark.usefixtures("generator")
def test_a_peer_answers_a_real_conversation_from_what_it_looked_up(name: str, tmp_path: Path) -> None:
    """One that answered without looking, or not at all, would look fast."""
    with StoreServer.start() as store:
        with redis.Redis.from_url(store.url, protocol=2) as client:
            client.mset({"registry:acme:+390212345601": "0 1790000000", "registry:acme:+390212345602": "1 1790000000"})
        try:
            running = servers.peer(name, store.url, os.sched_getaffinity(0))
            server = running.__enter__()
        except tools.NotHad as why:
            pytest.skip(str(why))
        try:
            heard = {number: ask(("127.0.0.1", server.port), number, "fibra", "carrier1")
                     for number in ("0212345601", "0212345602", "0212345603")}
            assert [len(one.commands) for one in heard.values()] == [1, 1, 1]
            clear, enrolled, unknown = (one.variables["GATE_VERDICT"] for one in heard.values())
            numbers = tmp_path / "numbers.txt"
            numbers.write_text("0212345601\n")
            assert load(server.port, 3, 0.1, numbers).calls > 0
        finally:
            running.__exit__(None, None, None)
    assert clear == "ALLOW"
    if name != servers.FLOOR:  # which looks nothing up
        assert enrolled == unknown == "DENY"


@pytest.mark.usefixtures("generator")
def test_a_run_with_a_call_that_was_not_allowed_is_refused(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("0212345602\n")
    with servers.gate(tmp_path / "gate", 1, os.sched_getaffinity(0)) as gate:  # its store is nowhere
        with pytest.raises(RunRefused, match="not ALLOW"):
            load(gate.port, 2, 0.1, numbers)


@pytest.mark.parametrize("behave", (b"", b"HANG", b"SET VARIABLE GATE_VERDICT ALLO"),
                         ids=("closes", "stalls", "half"))
@pytest.mark.usefixtures("generator")
def test_a_server_that_gives_no_whole_answer_is_not_fast(behave: bytes, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("0212345601\n")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    if behave == b"HANG":
                        connection.recv(1)  # until the generator gives the call up
                    else:
                        connection.sendall(behave)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with pytest.raises(RunRefused, match="no answer|not ALLOW|broken off"):
                load(listener.getsockname()[1], 1, 0.1, numbers)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(("promise", "verdict"), (
    (Promise("what", "ms", [1.0, 1.5, 9.0], at_most=1.5), "reached"),
    (Promise("what", "ms", [1.0, 1.6, 9.0], at_most=1.5), "not reached"),
    (Promise("what", "times", [1.2], at_least=1.2), "reached"),
    (Promise("what", "times", [1.1], at_least=1.2), "not reached"),
    (Promise("what", "times", [1.1]), ""), (Promise("what", "", [0], at_most=0), "reached"),
    (Promise("what", "times", at_least=1.2, why_not="no `node` here"), "not measured: no `node` here"),
    (Promise("what", "times", at_least=1.2), "not measured: no run was good"),
), ids=lambda value: str(getattr(value, "values", value)))
def test_a_promise_is_judged_by_its_median_and_its_own_bound(promise: Promise, verdict: str) -> None:
    assert promise.verdict == verdict


def test_a_small_log_is_searched_verified_and_replayed(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Mine\n")
    ran = subprocess.run([sys.executable, "-m", "benchmarks.decisions", "--records", "3000", "--rounds", "1", "--seconds", "0.1",
                          "--write", "--patient", "--document", str(document)], cwd=PROJECT, capture_output=True, text=True, timeout=LONG_S)
    assert "Traceback" not in ran.stderr, ran.stderr
    assert "3,000 records" in document.read_text() and "`replay`" in document.read_text()
