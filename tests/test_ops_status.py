"""`agi-gate status`: what is counted, what is shown, and when monitoring is woken."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate.ops.main import main
from agi_gate.regime import ROME
from agi_gate.store import keys
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import CALLBACK, CLEAR, ENROLLED, NEVER_CHECKED, write_gate_toml

DONE, USAGE, UNREACHABLE, STALE = 0, 2, 4, 6
DAY = timedelta(days=1)
Ran = tuple[int, str, str]
Status = Callable[..., Ran]
Load = Callable[..., None]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path)


@pytest.fixture
def status(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> Status:
    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            code = main(["--config", str(gate_toml), "status", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()
    return run


@pytest.fixture
def load(gate_toml: Path, tmp_path: Path) -> Load:
    """Load a feed of so many days ago."""
    def run(feed: str, text: str, days: float = 0, name: str = "feed.csv", *arguments: str) -> None:
        (tmp_path / name).write_text(text)
        at = ["--controller", "acme", "--checked-at", (datetime.now(UTC) - days * DAY).isoformat()]
        assert main(["--config", str(gate_toml), "load", feed, str(tmp_path / name),
                     *(at if feed == "registry" else ()), *arguments]) == DONE
    return run


def contacts(*numbers: str) -> str:
    return "number,controller,source,directory\n" + "".join(f"{number},acme,Elenco,yes\n" for number in numbers)


def acme(ran: Ran) -> Any:
    return json.loads(ran[1])["controllers"]["acme"]


def test_status_counts_what_is_known(status: Status, load: Load) -> None:
    empty = acme(status("--json"))
    assert {value for value in empty.values() if not isinstance(value, dict | list)} == {0, None}
    load("registry", "0212345699,0\n", 20)
    load("registry", "0212345698,0\n", 13)
    load("registry", f"{CLEAR},0\n{ENROLLED},1\n", 1)
    load("contacts", contacts(CLEAR, ENROLLED, NEVER_CHECKED, "+33142685300"))
    now, at = datetime.now(UTC).isoformat(), (datetime.now(UTC) - DAY).isoformat()
    load("consents", "number,controller,granted_at,purpose,category,channel,origin,evidence,revoked_at,contract\n"
                     f"{CLEAR},acme,{at},marketing,telecom,both,web,ip,,yes\n"
                     f"{CLEAR},acme,{at},marketing,energy,human,web,ip,{now},\n"
                     f"0212345610,acme,{at},marketing,energy,human,web,,,\n")
    load("objections", f"number,controller,objected_at,via\n{ENROLLED},acme,{at},call\n")
    load("callbacks", f"number,controller,requested_at\n{CALLBACK},acme,{at}\n")
    load("rests", f"number,controller,silent_at\n{CLEAR},acme,{at}\n")
    code, out, err = status("--json")
    found = acme((code, out, err))
    assert {name: value for name, value in found.items() if isinstance(value, int) and name != "memory_bytes"} == {
        "numbers": 4, "enrolled": 1, "clear": 3, "unknown": 2, "stale": 1, "contacts": 4, "consents": 3,
        "objections": 1, "callbacks": 1, "rests": 1}
    assert {state: count for state, count in found["consents_by_state"].items() if count} == {
        "revoked": 1, "no_evidence": 1, "contract": 1}
    assert found["stale_within_days"] == {"1": 0, "3": 1, "7": 1, "15": 3}
    assert found["to_call"] == {"numbers": 4, "stale": 0, "stale_within_days": {"1": 0, "3": 0, "7": 0, "15": 2}}
    assert datetime.fromisoformat(found["oldest_check"]) < datetime.fromisoformat(found["newest_check"])
    assert [one["feed"] for one in found["loads"]] == ["contacts", "consents", "objections", "callbacks", "rests"]
    assert 0 < found["memory_bytes"] < json.loads(out)["server_memory_bytes"]
    assert (code, err) == (DONE, "")


def test_in_a_pipe_each_fact_is_one_line_that_names_its_controller(status: Status, load: Load) -> None:
    load("registry", f"{CLEAR},0\n{ENROLLED},1\n", 20)
    load("contacts", contacts(CLEAR))
    code, out, err = status()
    assert re.search(r"^acme  enrolled +1$", out, re.MULTILINE) and re.search(r"^acme  stale +1$", out, re.MULTILINE)
    assert re.search(r"^acme  stale, not to be called +1$", out, re.MULTILINE)
    assert "█" not in out and "\x1b" not in out
    assert all(line.startswith(("acme  ", "the store")) for line in out.splitlines())
    assert code == STALE and "stale: acme: 1 of 1 numbers rest on a check that is stale now" in err


@pytest.mark.parametrize(("columns", "has_bars"), ((100, True), (60, True), (40, False)))
def test_a_terminal_shows_bars_where_there_is_room(
        gate_toml: Path, load: Load, columns: int, has_bars: bool) -> None:
    load("registry", f"{CLEAR},0\n", 20)
    terminal, its_end = pty.openpty()
    with subprocess.Popen([AGI_GATE, "--config", gate_toml, "status"], stdout=its_end, stderr=subprocess.DEVNULL,
                          env={**os.environ, "COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8"}) as process:
        os.close(its_end)
        out = b""
        try:
            while block := os.read(terminal, 65_536):
                out += block
        except OSError:  # the other end is closed
            pass
    os.close(terminal)
    text = out.decode().replace("\r\n", "\n")
    assert process.returncode == STALE and text.startswith("acme: Acme Telecom\n")
    assert (re.search(r"^  stale +1  █+ 100 %$", text, re.MULTILINE) is not None) is has_bars
    assert max(len(line) for line in text.splitlines() if "stale" in line) <= max(columns, 45)


@pytest.mark.parametrize(("days", "contact", "arguments", "code"), (
    (14, CLEAR, (), DONE), (16, CLEAR, (), STALE),
    # a number that nobody calls any more wakes nobody; where there is no list, every number counts
    (16, NEVER_CHECKED, (), DONE), (16, None, (), STALE),
    (14, CLEAR, ("--stale-within", "12h"), DONE), (14, CLEAR, ("--stale-within", "2d"), STALE),
    (16, CLEAR, ("--max-stale", "99.9"), STALE), (16, CLEAR, ("--max-stale", "100"), DONE)), ids=str)
def test_the_exit_code_tells_monitoring(status: Status, load: Load, days: int, contact: str | None,
                                        arguments: tuple[str, ...], code: int) -> None:
    load("registry", f"{CLEAR},0\n", days)
    if contact is not None:
        load("contacts", contacts(contact))
    for words in ((), ("--json",)):
        assert status(*arguments, *words)[0] == code
    assert json.loads(status(*arguments, "--json")[1])["alarm"] is (code == STALE)


def test_the_share_counts_numbers_that_were_never_checked_too(status: Status, load: Load) -> None:
    load("registry", f"{CLEAR},0\n", 16)
    load("contacts", contacts(CLEAR, NEVER_CHECKED))
    assert status("--max-stale", "50")[0] == DONE and status("--max-stale", "49.9")[0] == STALE


@pytest.mark.parametrize("arguments", (("--stale-within", "3"), ("--stale-within", "1w"), ("--max-stale", "101"),
                                       ("--max-stale", "nan")), ids=str)
def test_a_wrong_limit_is_exit_2(status: Status, arguments: tuple[str, str]) -> None:
    code, out, err = status(*arguments)
    assert (code, out) == (USAGE, "") and arguments[1] in err


def test_loads_are_shown_with_their_receipt_in_local_time(status: Status, load: Load, store_url: str) -> None:
    load("registry", f"{CLEAR},0\n", 1, "esito\x1b[2J.txt", "--receipt", "4711")
    with redis.Redis.from_url(store_url) as client:
        (id_, text), = client.hgetall(keys.loads_key("acme")).items()
        loaded_at = datetime.fromisoformat(json.loads(text)["loaded_at"])
        shown = f"{loaded_at.astimezone(ROME):%Y-%m-%d %H:%M}"
        assert f"acme  load {shown}  registry esito?[2J.txt: 1 rows, receipt 4711\n" in status()[1].replace(
            str(Path(json.loads(text)["file"]).parent) + "/", "")
        client.hset(keys.loads_key("acme"), id_, json.dumps(
            json.loads(text) | {"rolled_back_at": "2026-07-01T10:00:00.000000Z"}))
    assert "receipt 4711, rolled back 2026-07-01 12:00\n" in status()[1]
    assert acme(status("--json"))["loads"][0]["rolled_back_at"] == "2026-07-01T10:00:00.000000Z"


def test_status_warns_of_a_caller_id_that_nobody_called_back(status: Status, gate_toml: Path) -> None:
    code, _, err = status()
    assert code == DONE and "no recall test is recorded" in err
    long_ago = (datetime.now(UTC) - 100 * DAY).date().isoformat()
    write_gate_toml(gate_toml.parent, ("roc_declared = true", f"roc_declared = true\nlast_recall_test = {long_ago}"))
    warning, = (one for one in json.loads(status("--json")[1])["warnings"] if "caller ID" in one)
    assert re.search(r"the last recall test is (99|100|101) days old", warning)


def test_status_without_the_store_is_exit_4(status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    code, out, err = status("--json")
    assert (code, out) == (UNREACHABLE, "") and "see [store] url" in err
