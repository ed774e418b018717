"""The door that Asterisk starts per call: the daemon's answers over pipes, no verdict where anything is wrong."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agi_gate import actions
from agi_gate.actions import VARIABLES
from agi_gate.dialled import EMERGENCY_NUMBERS
from agi_gate.verdict import Finding, Reason, Verdict
from lab.peer import Heard, header, reply
from lab.processes import free_port, tied
from lab.waiting import PATIENCE_S, eventually
from tests.support.daemon import Daemon
from tests.support.gate_toml import CALLBACK, CALLER_ID, CLEAR, ENROLLED, NEVER_CHECKED, load_feeds, write_gate_toml

SCRIPT = str(Path(sys.executable).parent / "agi-gate.agi")


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_gate_toml(tmp_path)
    load_feeds(path)
    monkeypatch.setenv("AGI_GATE_CONFIG", str(path))
    return path


@contextmanager
def running() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(tied([SCRIPT]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(words)


def answered(process: subprocess.Popen[bytes]) -> list[str]:
    """Answer each command as Asterisk does, until the script ends: the commands."""
    assert process.stdout is not None
    commands = []
    for line in process.stdout:
        commands.append(line.decode().rstrip("\n"))
        say(process, b"200 result=-1\n" if line.startswith(b"EXEC") else b"200 result=1\n")
    return commands


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code and what it told on stderr."""
    assert process.stderr is not None
    told = process.stderr.read().decode()
    return process.wait(PATIENCE_S), told


def verdict_of(commands: list[str]) -> str:
    heard = Heard()
    for command in commands:
        reply(command, heard)
    return f"{heard.variables['GATE_VERDICT']} {heard.variables['GATE_REASON']}"


def records(gate_toml: Path) -> list[dict[str, Any]]:
    path = gate_toml.parent / "decisions.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(("number", "campaign", "expected"), (
    (CLEAR, "fibra", "ALLOW DIRECTORY_NOT_OPPOSED"), (ENROLLED, "fibra", "DENY REGISTRY_OPPOSED"),
    (NEVER_CHECKED, "assistenza", "ALLOW SERVICE"), ("112", "fibra", "ALLOW EMERGENCY"),
    (CALLBACK, "fibra", "ALLOW CALLBACK_REQUESTED"), (CLEAR, "unknown", "DENY CAMPAIGN_UNKNOWN"),
    ("", "", "DENY DESTINATION_INVALID")))
def test_the_script_answers_as_the_daemon_does(gate_toml: Path, number: str, campaign: str, expected: str) -> None:
    with running() as process:
        say(process, header((number, campaign, "carrier1")))
        commands = answered(process)
        assert ended(process) == (0, "")
    assert verdict_of(commands) == expected
    assert "ALLOW" in commands[-1] if expected.startswith("ALLOW") else commands[-1] == 'EXEC Hangup "21"'
    assert [f"{record['verdict']} {record['reason']}" for record in records(gate_toml)] == [expected]


# --- emergencies


@contextmanager
def an_emergency(number: str = "112", **lines: str) -> Iterator[subprocess.Popen[bytes]]:
    with running() as process:
        say(process, header((number, "fibra", "carrier1"), **lines))
        yield process


def allowed(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """The variables of an emergency that was allowed, with the verdict last."""
    heard, commands = Heard(), answered(process)
    for command in commands:
        reply(command, heard)
    assert (heard.variables["GATE_VERDICT"], heard.variables["GATE_REASON"]) == ("ALLOW", "EMERGENCY")
    assert "GATE_VERDICT" in commands[-1] and set(heard.variables) == set(VARIABLES)
    return heard.variables


@pytest.mark.parametrize("dialled", ["112", "112#", "+39 112", "116117", "112;phone-context=+39", "118,,1"])
def test_an_emergency_goes_on_and_is_on_record(gate_toml: Path, dialled: str) -> None:
    with an_emergency(dialled, agi_callerid="201", agi_callingpres="32") as process:
        variables = allowed(process)
        assert ended(process) == (0, "")
    (record,) = records(gate_toml)
    assert (record["id"], record["reason"], record["dialled"]) == (variables["GATE_DECISION_ID"], "EMERGENCY", dialled)
    assert variables["GATE_DESTINATION"] == record["destination"] in EMERGENCY_NUMBERS
    assert variables["GATE_CALLER_ID"] == record["caller_id_sent"] == CALLER_ID


@pytest.mark.parametrize("content", (None, "[store", "", "[campaigns]\nfibra = 3", "[caller_ids]\n[campaigns.fibra]\ncaller_ids = [7]"))
def test_an_emergency_needs_no_configuration(gate_toml: Path, content: str | None) -> None:
    gate_toml.unlink() if content is None else gate_toml.write_text(content)
    with an_emergency() as process:
        assert allowed(process)["GATE_CALLER_ID"] == ""
        code, said = ended(process)
    assert code == 0 and "an emergency call has no record: " in said and "Traceback" not in said


def test_an_emergency_needs_no_library(gate_toml: Path) -> None:
    loaded = subprocess.run([sys.executable, "-c", "import agi_gate.script, agi_gate.emergency, sys; print(*sys.modules)"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert "agi_gate.emergency" in loaded
    assert set(loaded) & (HEAVY | {"tomllib", "socket", "dataclasses", "typing"}) == set()


def test_an_emergency_waits_for_no_daemon(gate_toml: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        write_gate_toml(gate_toml.parent, ("127.0.0.1:0", f"127.0.0.1:{deaf.getsockname()[1]}"))
        with an_emergency() as process:
            allowed(process)
            assert ended(process) == (0, "")
    assert len(records(gate_toml)) == 1


def test_an_emergency_waits_for_no_log(gate_toml: Path) -> None:
    """One that hangs is played by a pipe that is full."""
    path = gate_toml.parent / "decisions.jsonl"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    os.write(pipe, b"x" * fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ))
    with an_emergency() as process:
        allowed(process)
        assert process.wait(PATIENCE_S) == 0
        os.read(pipe, 1 << 20)
        eventually(lambda: b"EMERGENCY" in os.read(pipe, 1 << 20))
    os.close(pipe)
    path.unlink()


def test_ten_emergencies_at_once_are_all_answered_and_on_record(gate_toml: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(an_emergency(number)) for number in sorted(EMERGENCY_NUMBERS)]
        ids = {allowed(process)["GATE_DECISION_ID"] for process in processes}
        assert [ended(process) for process in processes] == [(0, "")] * 10
    assert len(ids) == 10 and {record["id"] for record in records(gate_toml)} == ids


@pytest.mark.parametrize(("number_format", "caller_id"), (("digits", CALLER_ID[1:]), ("national", CALLER_ID[3:])))
def test_an_emergency_presents_a_declared_number_as_the_trunk_takes_it(gate_toml: Path, number_format: str, caller_id: str) -> None:
    write_gate_toml(gate_toml.parent, ('country = "IT"', f'country = "IT"\nnumber_format = "{number_format}"'))
    for presented in (CALLER_ID, "201", "+390299999999"):
        with an_emergency(agi_callerid=presented) as process:
            assert allowed(process)["GATE_CALLER_ID"] == caller_id
            assert ended(process) == (0, "")


def test_a_caller_that_hangs_up_on_an_emergency_leaves_the_record(gate_toml: Path) -> None:
    with an_emergency() as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert b"ALLOW" not in process.stdout.read()
        assert ended(process) == (0, "")
    assert [record["reason"] for record in records(gate_toml)] == ["EMERGENCY"]


def test_a_pbx_that_hangs_up_between_two_replies_still_hears_the_end(gate_toml: Path) -> None:
    with an_emergency() as process:
        say(process, b"HANGUP\n")
        allowed(process)
        assert ended(process) == (0, "")


def test_a_refused_command_is_a_failure_and_the_emergency_on_record(gate_toml: Path) -> None:
    with an_emergency() as process:
        say(process, b"510 Invalid or unknown command\n")
        assert b"ALLOW" not in process.stdout.read()  # type: ignore[union-attr]
        code, said = ended(process)
    assert code == 1 and "refused" in said
    assert len(records(gate_toml)) == 1


@pytest.mark.parametrize("words", (
    header(("112", "fibra", "carrier1"), agi_extra="x\nagi_arg_1: 0212345601"), header(("112", "fibra", "carrier1", "x")),
    header(("#31#112", "fibra", "carrier1"))), ids=("two destinations", "four arguments", "a code that hides"))
def test_what_is_no_plain_emergency_is_decided_with_care(gate_toml: Path, words: bytes) -> None:
    with running() as process:
        say(process, words)
        commands = answered(process)
        ended(process)
    assert not any("ALLOW" in command for command in commands)


def ignores_sighup(process: subprocess.Popen[bytes]) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return bool(int(re.findall(r"SigIgn:\s*(\w+)", status)[0], 16) & 1 << signal.SIGHUP - 1)


def test_a_sighup_in_the_middle_loses_neither_the_record_nor_the_answer(gate_toml: Path) -> None:
    words = header((CLEAR, "fibra", "carrier1"))
    with running() as process:
        say(process, words[:100])
        eventually(lambda: ignores_sighup(process))
        os.kill(process.pid, signal.SIGHUP)
        say(process, words[100:])
        assert verdict_of(answered(process)) == "ALLOW DIRECTORY_NOT_OPPOSED"
        assert ended(process) == (0, "")
    assert len(records(gate_toml)) == 1


def test_a_caller_that_hangs_up_leaves_the_record_and_no_error(gate_toml: Path) -> None:
    with running() as process:
        assert process.stdin is not None and process.stdout is not None
        say(process, header((CLEAR, "fibra", "carrier1")))
        process.stdout.readline()
        os.kill(process.pid, signal.SIGHUP)
        process.stdin.close()
        assert b"ALLOW" not in process.stdout.read()
        assert ended(process) == (0, "")
    assert [record["verdict"] for record in records(gate_toml)] == ["ALLOW"]


@pytest.mark.parametrize("length", (0, 10, 300))
def test_a_caller_that_hangs_up_at_once_is_no_error_and_no_decision(gate_toml: Path, length: int) -> None:
    with running() as process:
        assert process.stdin is not None
        say(process, header((CLEAR, "fibra"))[:length])
        process.stdin.close()
        assert answered(process) == [] and ended(process) == (0, "")
    assert records(gate_toml) == []


@pytest.mark.parametrize(("content", "told"),
                         ((None, "cannot be read"), ("[store", "is no TOML"), ("", "store: is missing")))
def test_without_a_configuration_there_is_no_verdict_and_an_exit_code(
        gate_toml: Path, content: str | None, told: str) -> None:
    gate_toml.unlink() if content is None else gate_toml.write_text(content)
    with running() as process:
        say(process, header((CLEAR, "fibra", "carrier1")))
        assert answered(process) == []
        code, said = ended(process)
    assert code == 2 and told in said and "Traceback" not in said


@pytest.mark.parametrize(("words", "told"), (
    (b"GET /3331234500 HTTP/1.1\r\n\r\n", "not AGI's"), (header((CALLBACK, "fibra")) + b"3331234500\n", "not AGI's"),
    (header((CALLBACK, "fibra")) + b"510 3331234500\n", "refused")), ids=("header", "reply", "refusal"))
def test_garbage_ends_with_an_exit_code_and_without_allow(gate_toml: Path, words: bytes, told: str) -> None:
    with running() as process:
        assert process.stdout is not None
        say(process, words)
        assert b"ALLOW" not in process.stdout.read()
        code, said = ended(process)
    assert code == 1 and told in said and "333" not in said and "Traceback" not in said


def test_a_pbx_that_stalls_is_not_waited_for(gate_toml: Path) -> None:
    with running() as process:
        assert answered(process) == []
        assert ended(process)[0] == 1


def test_without_the_store_a_marketing_call_is_denied_and_no_number_is_told(
        gate_toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    with running() as process:
        say(process, header((CLEAR, "fibra", "carrier1")))
        assert verdict_of(answered(process)) == "DENY STORE_UNAVAILABLE"
        code, said = ended(process)
    assert code == 0 and CLEAR[2:] not in said


def assert_refused(process: subprocess.Popen[bytes], why: str) -> None:
    """Nothing is told, and the script fails, of itself; how soon, `benchmarks.start` measures."""
    say(process, header((CLEAR, "fibra", "carrier1")))
    assert answered(process) == []
    code, said = ended(process)
    assert code == 1 and why in said


def test_a_disk_that_stands_still_is_not_waited_for(gate_toml: Path) -> None:
    """Played by a pipe that is full."""
    path = gate_toml.parent / "decisions.jsonl"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    os.write(pipe, b"x" * fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ))
    with running() as process:
        assert_refused(process, "stands still")
    os.close(pipe)
    path.unlink()


def test_without_the_log_a_call_is_denied(gate_toml: Path) -> None:
    (gate_toml.parent / "full.jsonl").symlink_to("/dev/full")
    write_gate_toml(gate_toml.parent, ("decisions.jsonl", "full.jsonl"))
    with running() as process:
        say(process, header((CLEAR, "fibra", "carrier1")))
        assert verdict_of(answered(process)) == "DENY LOG_UNAVAILABLE"
        assert ended(process)[0] == 0


def test_an_emergency_sets_what_its_verdict_would() -> None:
    told = actions.of_emergency("id", "112", CALLER_ID)
    assert told == actions.variables(Verdict((Finding(Reason.EMERGENCY),)), "id", "112", CALLER_ID)


# --- handed to the daemon


@pytest.fixture
def daemon(gate_toml: Path) -> Iterator[Daemon]:
    write_gate_toml(gate_toml.parent, ("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    with Daemon(gate_toml) as daemon:
        yield daemon


HEAVY = {"redis", "pydantic", "phonenumbers", "asterisk.agi", "agi_gate.config", "zstandard"}


@pytest.mark.parametrize(("number", "expected"), ((CLEAR, "ALLOW DIRECTORY_NOT_OPPOSED"), (ENROLLED, "DENY REGISTRY_OPPOSED"),
                                                  ("112", "ALLOW EMERGENCY"), (CALLBACK, "ALLOW CALLBACK_REQUESTED")))
def test_where_there_is_a_daemon_it_answers(daemon: Daemon, gate_toml: Path, number: str, expected: str) -> None:
    with running() as process:
        say(process, header((number, "fibra", "carrier1")))
        assert verdict_of(answered(process)) == expected
        assert ended(process) == (0, "")
    assert [f"{record['verdict']} {record['reason']}" for record in records(gate_toml)] == [expected]


def test_for_that_the_script_imports_next_to_nothing(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with running() as process:
        say(process, header((CLEAR, "fibra", "carrier1")))
        assert verdict_of(answered(process)) == "ALLOW DIRECTORY_NOT_OPPOSED"
        imported = {line.rpartition("|")[2].strip() for line in ended(process)[1].splitlines()}
    assert "agi_gate.script" in imported
    assert imported & HEAVY == set()


def test_a_daemon_of_another_configuration_does_not_decide(daemon: Daemon, gate_toml: Path, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "gate.toml"
    other.write_text(gate_toml.read_text().replace("[campaigns.fibra]", "[campaigns.altra]"))
    monkeypatch.setenv("AGI_GATE_CONFIG", str(other))
    with running() as process:
        say(process, header((CLEAR, "fibra", "carrier1")))
        assert verdict_of(answered(process)) == "DENY CAMPAIGN_UNKNOWN"
        assert ended(process) == (0, "")
    assert records(gate_toml) == [] and len(records(other)) == 1


def test_a_daemon_that_stands_still_is_a_refusal(daemon: Daemon, gate_toml: Path) -> None:
    for pid in (daemon.process.pid, *daemon.workers()):
        os.kill(pid, signal.SIGSTOP)
    try:
        with running() as process:
            assert_refused(process, "in time")
    finally:
        for pid in (daemon.process.pid, *daemon.workers()):
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("words", (b'EXEC MSet "GATE_REASON=\\"SERVICE\\",GATE_VERDICT=\\"AL', b"EXEC MSet "))
def test_a_daemon_that_dies_before_its_verdict_is_whole_is_a_failure(gate_toml: Path, words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, running_for(listener, gate_toml) as process:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(words)
        assert ended(process) == (1, "agi-gate: conversation ended: the daemon ended the conversation\n")


def test_a_daemon_that_dies_without_a_word_is_replaced(gate_toml: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, running_for(listener, gate_toml) as process:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
        assert verdict_of(answered(process)) == "ALLOW SERVICE"
        assert ended(process) == (0, "")
    assert len(records(gate_toml)) == 1


@contextmanager
def running_for(listener: socket.socket, gate_toml: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A script whose daemon is played, with its call's header said."""
    write_gate_toml(gate_toml.parent, ("127.0.0.1:0", f"127.0.0.1:{listener.getsockname()[1]}"))
    with running() as process:
        say(process, header((NEVER_CHECKED, "assistenza", "carrier1")))
        yield process


def test_a_caller_that_hangs_up_on_the_daemon_is_no_error(daemon: Daemon, gate_toml: Path) -> None:
    with running() as process:
        assert process.stdin is not None and process.stdout is not None
        say(process, header((CLEAR, "fibra", "carrier1")))
        process.stdout.readline()
        process.stdin.close()
        assert b"ALLOW" not in process.stdout.read()
        assert process.wait(PATIENCE_S) in (0, 1)
    assert [record["verdict"] for record in records(gate_toml)] == ["ALLOW"]
