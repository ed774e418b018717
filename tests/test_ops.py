"""The command line: each verb's exit code, its words for people, its JSON for machines."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from agi_gate import __version__
from agi_gate.ops.main import main
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S
from tests.support.cases import own_gate_toml
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import CALLER_ID, CLEAR, ENROLLED, NEVER_CHECKED, write_gate_toml
from tests.support.ran import Ran

DONE, CRASHED, USAGE, DENIED, UNREACHABLE, FEED_REFUSED = range(6)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"
AT = "2026-10-14T11:00:00+02:00"


AgiGate = Callable[..., Ran]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path)


@pytest.fixture
def agi_gate(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> AgiGate:
    """Run `agi-gate --config gate.toml ...`."""
    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        try:
            code = main(["--config", str(gate_toml), *map(str, arguments)])
        except SystemExit as end:  # argparse's own way out
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())
    return run


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def esito(tmp_path: Path) -> tuple[str | Path, ...]:
    """The arguments that load a good registry file."""
    path = write(tmp_path, "esito.txt", f"{CLEAR},0\r\n{ENROLLED},1\r\n")
    return "load", "registry", path, "--controller", "acme", "--checked-at", "2026-10-10T09:00:00+02:00"


# --- the command line as such

def test_the_configuration_is_named_before_or_after_the_verb(gate_toml: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    check = ["check", "112", "--campaign", "fibra"]
    for arguments in (["--config", str(gate_toml), *check], [*check, "--config", str(gate_toml)],
                      ["--config=absent.toml", *check, "--config", str(gate_toml)]):
        assert main(arguments) == DONE
    assert main(["load", "--config", str(gate_toml), "rests", "absent.csv"]) == FEED_REFUSED


def test_the_configuration_comes_from_the_environment_too(
        gate_toml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AGI_GATE_CONFIG", str(gate_toml))
    assert main(["check", "112", "--campaign", "fibra"]) == DONE


@pytest.mark.parametrize("arguments", (
    [], ["chek"], ["check"], ["check", "112"], ["load"], ["load", "nonsense", "x"], ["load", "registry", "x"],
    ["--nonsense"],
    ["check", "112", "--campaign", "fibra", "--at", "tomorrow"],
    ["check", "112", "--campaign", "fibra", "--at", "2026-10-14T11:00:00"],
    ["check", "112", "--campaign", "fibra", "--presentation", "hidden"], ["load", "rests", "x", "--max-rejects", "-1"],
    ["load", "rests", "x", "--max-rejects", "many"], ["log", "--since", "yesterday"], ["log", "--verdict", "MAYBE"]),
    ids=shlex.join)
def test_wrong_usage_is_exit_2_with_nothing_on_stdout(agi_gate: AgiGate, arguments: list[str]) -> None:
    ran = agi_gate(*arguments)
    assert (ran.code, ran.out) == (USAGE, "") and "usage: agi-gate" in ran.err


@pytest.mark.parametrize("verb",
                         (["check", "112", "--campaign", "x"], ["status"], ["log"], ["serve"], ["load", "rests", "x"]),
                         ids=" ".join)
def test_a_wrong_configuration_is_exit_2_with_each_mistake_on_stderr(
        agi_gate: AgiGate, gate_toml: Path, verb: list[str]) -> None:
    write_gate_toml(gate_toml.parent, ("workers = 2", "workers = 0"), ('"marketing"', '"selling"'))
    ran = agi_gate(*verb)
    assert (ran.code, ran.out) == (USAGE, "")
    assert f"{gate_toml}: daemon.workers: 0" in ran.err
    assert f"{gate_toml}: campaigns.fibra.purpose: 'selling'" in ran.err


def test_a_wrong_store_url_in_the_environment_is_exit_2(agi_gate: AgiGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://:hunter2@host:port/0")
    ran = agi_gate("status")
    assert (ran.code, ran.out) == (USAGE, "") and "$AGI_GATE_STORE_URL: " in ran.err and "hunter2" not in ran.err


def test_help_and_version_are_exit_0(agi_gate: AgiGate) -> None:
    assert agi_gate("--version").out == f"agi-gate {__version__}\n"
    ran = agi_gate("--help")
    assert ran.code == DONE and "4 the store or the log could not be reached" in " ".join(ran.out.split())
    assert all(verb in ran.out for verb in ("serve", "check", "load", "status", "log"))


FEEDS = ("registry", "consents", "contacts", "objections", "callbacks", "rests")


@pytest.mark.parametrize("verb", (["check"], ["log"], *(["load", feed] for feed in FEEDS)), ids=" ".join)
def test_the_example_of_each_help_can_be_pasted(
        agi_gate: AgiGate, verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = agi_gate(*verb, "--help").out
    example = re.search(r"^example: agi-gate (.*)$", text, re.MULTILINE)
    assert example is not None and max(map(len, text[:example.start()].splitlines())) <= 80, text
    ran = agi_gate(*shlex.split(example[1]))
    # its file is not there, its call may be denied, but its words are understood
    assert ran.code in (DENIED, UNREACHABLE, FEED_REFUSED, DONE), ran.err


# --- check

@pytest.mark.parametrize(("arguments", "code", "reason"), (
    ((CLEAR,), DONE, "DIRECTORY_NOT_OPPOSED"), ((ENROLLED,), DENIED, "REGISTRY_OPPOSED"),
    ((NEVER_CHECKED,), DENIED, "REGISTRY_UNKNOWN"),
    ((CLEAR, "--at", "2026-10-25T09:00:01+01:00"), DENIED, "REGISTRY_STALE"), (("112",), DONE, "EMERGENCY"),
    ((CLEAR, "--presentation", "restricted"), DENIED, "CALLER_ID_WITHHELD"),
    ((CLEAR, "--caller-id", ""), DENIED, "CALLER_ID_MISSING"),
    ((CLEAR, "--caller-id", "201"), DENIED, "CALLER_ID_MALFORMED"),
    ((CLEAR, "--caller-id", "+390212349999"), DENIED, "CALLER_ID_NOT_ASSIGNED"),
    (("nonsense",), DENIED, "DESTINATION_INVALID"), (("",), DENIED, "DESTINATION_INVALID")), ids=str)
def test_check_decides_as_a_call_would(
        agi_gate: AgiGate, esito: tuple[str | Path, ...], tmp_path: Path, arguments: tuple[str, ...], code: int,
        reason: str) -> None:
    agi_gate(*esito)
    agi_gate("load", "contacts", write(tmp_path, "contacts.csv", "number,controller,source,directory\n"
                                       f"{CLEAR},acme,Elenco,yes\n{ENROLLED},acme,Elenco,yes\n"))
    at = () if "--at" in arguments else ("--at", AT)
    for words in ((), ("--json",)):
        ran = agi_gate("check", *arguments, "--campaign", "fibra", *at, *words)
        assert (ran.code, ran.err) == (code, "")
        verdict = "ALLOW" if code == DONE else "DENY"
        if words:
            assert (ran.json["verdict"], ran.json["reason"], ran.json["reasons"][0]) == (verdict, reason, reason)
        else:
            assert ran.out.startswith(f"{verdict}  {reason}: ")


def test_the_json_of_check_holds_what_the_contract_names(agi_gate: AgiGate, esito: tuple[str | Path, ...]) -> None:
    agi_gate(*esito)
    answer = agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT, "--json").json
    assert {name: answer[name] for name in ("destination", "regime", "source", "at", "campaign", "controller",
                                            "caller_id")} == {
        "destination": f"+39{CLEAR}", "regime": "2026-08-02", "source": "Elenco 2026-09",
        "at": "2026-10-14T09:00:00.000000Z",
        "campaign": "fibra", "controller": "acme", "caller_id": CALLER_ID}


def test_check_says_whose_the_number_is_and_which_request_allows_the_call(
        agi_gate: AgiGate, esito: tuple[str | Path, ...], tmp_path: Path) -> None:
    agi_gate(*esito)
    agi_gate("load", "contacts", write(tmp_path, "contacts.csv", "number,controller,source,directory,recipient\n"
                                       f"{CLEAR},acme,Elenco,yes,business\n"))
    agi_gate("load", "callbacks", write(tmp_path, "callbacks.csv", "number,controller,requested_at,via\n"
                                        f"{ENROLLED},acme,2026-10-10T10:00:00+02:00,own_web\n"))
    answer = agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT, "--json").json
    assert (answer["recipient"], answer["callback"], answer["statistics_basis"]) == ("business", None, None)
    assert "  recipient business\n" in agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT).out
    answer = agi_gate("check", ENROLLED, "--campaign", "fibra", "--at", AT, "--json").json
    assert (answer["recipient"], answer["reason"]) == ("consumer", "CALLBACK_REQUESTED")
    assert answer["callback"] == {"requested_at": "2026-10-10T08:00:00.000000Z", "via": "own_web",
                                  "ends_at": "2026-11-09T08:00:00.000000Z"}
    told = agi_gate("check", ENROLLED, "--campaign", "fibra", "--at", AT).out
    assert "  call-back asked for on 2026-10-10T08:00:00.000000Z (via own_web), until 2026-11-09T08:00:00.000000Z\n" in told
    assert agi_gate("check", CLEAR, "--campaign", "assistenza", "--at", AT, "--json").json["recipient"] is None


def test_check_without_the_store_is_exit_4_and_still_answers(agi_gate: AgiGate,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", NOBODY_LISTENS)
    ran = agi_gate("check", CLEAR, "--campaign", "fibra", "--json")
    assert ran.code == UNREACHABLE and ran.json["reason"] == "STORE_UNAVAILABLE" and "[store] url" in ran.err
    assert agi_gate("check", CLEAR, "--campaign", "assistenza").code == DONE


def test_check_writes_no_record(agi_gate: AgiGate, gate_toml: Path) -> None:
    agi_gate("check", CLEAR, "--campaign", "fibra")
    assert not (gate_toml.parent / "decisions.jsonl").exists()


def test_what_is_no_utf_8_is_shown_and_crashes_nothing(gate_toml: Path, store_url: str) -> None:
    ran = subprocess.run([AGI_GATE, "--config", gate_toml, "check", b"02\xff", "--campaign", b"x\xff"],
                         capture_output=True, timeout=PATIENCE_S)
    assert ran.returncode == DENIED and b"Traceback" not in ran.stderr and b"x\\udcff" in ran.stdout
    feed = gate_toml.parent / os.fsdecode(b"rests\xff.csv")
    feed.write_text("number,controller,silent_at\n")
    ran = subprocess.run([AGI_GATE, "--config", gate_toml, "load", "rests", feed, "--json"], capture_output=True,
                         timeout=PATIENCE_S)
    assert ran.returncode == DONE and json.loads(ran.stdout)["rows"] == 0


# --- load

NO_EXPORT = "  it answers no export that is known here\n"


def counted(client: redis.Redis) -> int:
    return int(client.dbsize())  # type: ignore[arg-type]


def test_load_says_what_changed(agi_gate: AgiGate, esito: tuple[str | Path, ...], tmp_path: Path) -> None:
    assert agi_gate(*esito).out == "loaded registry esito.txt for acme: 2 rows: 2 new\n" + NO_EXPORT
    assert agi_gate(*esito).out == "nothing to change in registry esito.txt for acme: 2 rows: 2 unchanged\n" + NO_EXPORT
    write(tmp_path, "esito.txt", f"{CLEAR},1\n{ENROLLED},1\n{NEVER_CHECKED},0\n")
    later = (*esito[:-1], "2026-10-12T09:00:00+02:00")
    assert agi_gate(*later, "--dry-run").out == (
        "would load registry esito.txt for acme: 3 rows: 1 confirmed, 1 new, 1 newly enrolled\n" + NO_EXPORT)
    answer = agi_gate(*later, "--receipt", "R-1", "--json").json
    assert answer["changes"] == {"confirmed": 1, "new": 1, "newly enrolled": 1} and answer["changed"] is True
    assert (answer["rows"], answer["enrolled"], answer["clear"], answer["rejected"], answer["receipt"],
            answer["dry_run"]) == (
        3, 2, 1, 0, "R-1", False)
    write(tmp_path, "esito.txt", f"{CLEAR},0\n")
    assert agi_gate(*esito[:-1], "2026-10-11T09:00:00+02:00").out.endswith("1 rows: 1 history\n" + NO_EXPORT)


def test_a_dry_run_changes_nothing(agi_gate: AgiGate, esito: tuple[str | Path, ...], store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        assert agi_gate(*esito, "--dry-run").code == DONE
        assert counted(client) == 0


def test_a_feed_with_a_wrong_row_is_exit_5_and_changes_nothing(
        agi_gate: AgiGate, esito: tuple[str | Path, ...], store_url: str, tmp_path: Path) -> None:
    write(tmp_path, "esito.txt", f'{CLEAR},0\r\n39 06x,1\r\n{ENROLLED},"1"\r\n')
    ran = agi_gate(*esito)
    assert (ran.code, ran.out) == (FEED_REFUSED, "")
    assert "row 2 of esito.txt: `39 06x` is not an Italian number: it holds `x`" in ran.err and "--max-rejects 2" in ran.err
    with redis.Redis.from_url(store_url) as client:
        assert counted(client) == 0
    rejects = tmp_path / "esito.txt.rejects"
    with rejects.open(newline="") as stream:
        assert [[number, flag, why.split(":")[0]] for number, flag, why in csv.reader(stream)] == [
            ["39 06x", "1", "esito.txt, line 2"], [ENROLLED, '"1"', "esito.txt, line 3"]]
    assert rejects.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("allowed", "code"), (("0", FEED_REFUSED), ("1", FEED_REFUSED), ("2", DONE), ("3", DONE)))
def test_max_rejects_decides_whether_the_rest_is_loaded(
        agi_gate: AgiGate, esito: tuple[str | Path, ...], tmp_path: Path, allowed: str, code: int) -> None:
    write(tmp_path, "esito.txt", f"{CLEAR},0\nx,1\n{ENROLLED},1\ny,1\n")
    rejects = tmp_path / "away.csv"
    ran = agi_gate(*esito, "--max-rejects", allowed, "--rejects", rejects, "--json")
    assert ran.code == code and len(rejects.read_text().splitlines()) == 2
    if code == DONE:
        assert (ran.json["rows"], ran.json["rejected"]) == (2, 2)
    assert agi_gate("check", ENROLLED, "--campaign", "fibra", "--at", AT, "--json").json["reason"] == (
        "REGISTRY_OPPOSED" if code == DONE else "REGISTRY_UNKNOWN")


def test_many_rejects_are_not_all_told(agi_gate: AgiGate, tmp_path: Path) -> None:
    path = write(tmp_path, "rests.csv", "number,controller,silent_at\n" + "x,acme,y\n" * 500)
    ran = agi_gate("load", "rests", path)
    assert ran.code == FEED_REFUSED and len(ran.err.splitlines()) < 15 and "... and 490 more" in ran.err
    assert len((tmp_path / "rests.csv.rejects").read_text().splitlines()) == 501


def test_rejects_that_cannot_be_written_are_told_and_change_no_answer(agi_gate: AgiGate, tmp_path: Path) -> None:
    path = write(tmp_path, "rests.csv", "number,controller,silent_at\nx,acme,y\n")
    ran = agi_gate("load", "rests", path, "--rejects", tmp_path / "absent" / "x.csv")
    assert ran.code == FEED_REFUSED and "name a file with --rejects" in ran.err


@pytest.mark.parametrize("what", ("the feed itself", "a file", "a folder", "a link", "a link to nowhere"))
def test_rejects_take_no_file_s_place_and_follow_no_link(agi_gate: AgiGate, tmp_path: Path, what: str) -> None:
    path = write(tmp_path, "rests.csv", "number,controller,silent_at\nx,acme,y\n")
    there, target = tmp_path / "there", write(tmp_path, "target", "as it was")
    if what == "the feed itself":
        there = tmp_path / "." / "rests.csv"
    elif what == "a file":
        there.write_text("as it was")
    elif what == "a folder":
        there.mkdir()
    else:
        there.symlink_to(target if what == "a link" else tmp_path / "absent")
    before = sorted((one.name, one.is_symlink() or one.is_dir() or one.read_bytes()) for one in tmp_path.iterdir())
    ran = agi_gate("load", "rests", path, "--rejects", there)
    assert (ran.code, ran.out) == (USAGE, "") and "is there already; name a file that is not" in ran.err
    assert sorted((one.name, one.is_symlink() or one.is_dir() or one.read_bytes()) for one in tmp_path.iterdir()) == before
    assert target.read_text() == "as it was" and not (tmp_path / "absent").exists()


def test_rejects_beside_the_feed_have_a_name_of_their_own_each_time(agi_gate: AgiGate, tmp_path: Path) -> None:
    path = write(tmp_path, "rests.csv", "number,controller,silent_at\nx,acme,y\n")
    (tmp_path / "rests.csv.rejects").symlink_to(tmp_path / "absent")
    for number in (2, 3):
        ran = agi_gate("load", "rests", path)
        assert f"rejected rows are in {path}.{number}.rejects" in ran.err
    assert not (tmp_path / "absent").exists() and [one.name for one in tmp_path.glob("*.csv")] == ["rests.csv"]


REJECTED = {
    "objections": (f"number;controller;objected_at;via\n{CLEAR};acme;{AT};=1+1\n02 1234563/4;acme;{AT};@cmd\n"
                   f"+39 x;acme;{AT};-5\n{ENROLLED};acme\n{ENROLLED};acme;{AT};a;b\n",
                   {"02 1234563/4": "021234563", "+39 x": "+39021234564"}),
    "rests": (f"number,controller,silent_at\n{CLEAR},acme,{AT}\nx,acme,{AT}\n", {"x": ENROLLED}),
    "consents": ("number,controller,granted_at,purpose,category,channel,origin,evidence,notice\n"
                 f"x,acme,2026-09-01T09:00:00Z,marketing,telecom,both,\"web, \"\"form\"\"\",'=ip,{'long ' * 900}\n", {"x": ENROLLED}),
    "contacts": ("\ufeffnumber\tcontroller\tsource\tdirectory\r\nx\tacme\t=HYPERLINK(1)\tyes\r\n", {"x": ENROLLED}),
    "callbacks": (f"number,controller,requested_at\nx,acme,{AT}\n", {"x": ENROLLED}),
}


@pytest.mark.parametrize("name", REJECTED)
def test_rejects_are_loaded_once_they_were_mended_and_say_what_they_said(agi_gate: AgiGate, tmp_path: Path, name: str) -> None:
    text, mended = REJECTED[name]
    rejects = tmp_path / f"{name}.csv.rejects"
    path = write(tmp_path, f"{name}.csv", text)
    agi_gate("load", name, path)
    assert not [cell for row in csv.reader(rejects.read_text().splitlines(), delimiter=";") for cell in row if cell[:1] in "=@-\t"
                and cell]
    lines = rejects.read_text().splitlines()
    assert lines[0].endswith("why") and f"{name}.csv, line " in lines[1]
    good = "\n".join(line for line in lines if ENROLLED not in line)
    for wrong, right in mended.items():
        assert wrong in good
        good = good.replace(wrong, right, 1)
    rejects.write_text(good + "\n")
    ran = agi_gate("load", name, rejects, "--json")
    assert (ran.code, ran.json["rejected"]) == (DONE, 0) and ran.json["changes"] == {"new": len(mended)}
    if name == "consents":
        whole = write(tmp_path, "whole.csv", text.replace("\nx,", f"\n{ENROLLED},"))
        assert agi_gate("load", name, whole, "--json").json["changes"] == {"unchanged": 1}


def test_rejects_of_an_answer_are_loaded_once_they_were_mended(agi_gate: AgiGate, esito: tuple[str | Path, ...],
                                                               tmp_path: Path) -> None:
    write(tmp_path, "esito.txt", f"{CLEAR};0;Milano\n02 1234563/4;1;Roma\n{ENROLLED}\n")
    assert agi_gate(*esito, "--max-rejects", "2").code == DONE
    rejects = tmp_path / "esito.txt.rejects"
    text = rejects.read_text()
    assert text.startswith("02 1234563/4;1;") and f"\n{ENROLLED};;" in text
    rejects.write_text(text.replace("02 1234563/4", "021234563").replace(f"{ENROLLED};;", f"{ENROLLED};1;"))
    ran = agi_gate("load", "registry", rejects, *esito[3:], "--json")
    assert (ran.code, ran.json["enrolled"], ran.json["rejected"]) == (DONE, 2, 0)


@pytest.mark.parametrize(("name", "text", "why"), (
    ("rests", "number,controller\n", "column `silent_at` is missing"), ("consents", "", "is empty"),
    ("contacts", "number,controller,source,directory\n3331234500,acne,x,yes\n", "`acne` is no controller"),
    ("objections", 'number,controller,objected_at,via\n"', "line 2"),
    ("objections", f'number,controller,objected_at,via\n{CLEAR},acme,{AT},"call\n{ENROLLED},acme,{AT},call"\n',
     "cell 4 holds a whole row")))
def test_a_feed_that_cannot_be_used_is_exit_5(agi_gate: AgiGate, tmp_path: Path, name: str, text: str,
                                              why: str) -> None:
    ran = agi_gate("load", name, write(tmp_path, "feed.csv", text))
    assert (ran.code, ran.out) == (FEED_REFUSED, "") and why in ran.err and "nothing was changed" in ran.err


def test_an_unknown_controller_is_exit_2_and_the_known_ones_are_named(agi_gate: AgiGate,
                                                                      esito: tuple[str | Path, ...]) -> None:
    ran = agi_gate(*(argument if argument != "acme" else "acne" for argument in esito))
    assert (ran.code, ran.out) == (USAGE, "") and "`acne` is no controller of the configuration; known: acme" in ran.err


def test_load_without_the_store_is_exit_4(agi_gate: AgiGate, esito: tuple[str | Path, ...],
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", NOBODY_LISTENS)
    ran = agi_gate(*esito)
    assert (ran.code, ran.out) == (UNREACHABLE, "") and "the store could not be reached" in ran.err


def test_a_store_that_may_drop_keys_is_refused(agi_gate: AgiGate, esito: tuple[str | Path, ...],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    with StoreServer.start(None, "--maxmemory-policy", "allkeys-lru") as server:
        monkeypatch.setenv("AGI_GATE_STORE_URL", server.url)
        ran = agi_gate(*esito)
        assert ran.code == FEED_REFUSED and "set maxmemory-policy noeviction" in ran.err
        with redis.Redis.from_url(server.url) as client:
            assert counted(client) == 0


def test_a_load_beside_another_is_exit_5_and_says_so_once(agi_gate: AgiGate, esito: tuple[str | Path, ...],
                                                          store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        client.set("agi:{acme}:lock", "another", ex=30)
        ran = agi_gate(*esito)
    assert ran.code == FEED_REFUSED and "is at work" in ran.err and ran.err.count("nothing was changed") == 1


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_check_that_is_still_to_come_today_is_told(agi_gate: AgiGate, esito: tuple[str | Path, ...]) -> None:
    ran = agi_gate(*esito[:-1], in_days(0.9), "--json")
    assert ran.code == DONE and "is still to come" in ran.err and "is still to come" in ran.json["notices"][0]
    assert agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT, "--json").json["reason"] == "REGISTRY_UNKNOWN"


@pytest.mark.parametrize("days", (1.01, 365, 20_000))
def test_a_check_of_the_days_to_come_is_refused_since_calls_would_rest_on_it(
        agi_gate: AgiGate, esito: tuple[str | Path, ...], store_url: str, days: float) -> None:
    ran = agi_gate(*esito[:-1], in_days(days))
    assert (ran.code, ran.out) == (FEED_REFUSED, "") and "is still to come" in ran.err
    assert "write when the registry answered; nothing was changed" in ran.err
    with redis.Redis.from_url(store_url) as client:
        assert counted(client) == 0


def test_a_feed_comes_from_stdin_too(gate_toml: Path, store_url: str, tmp_path: Path) -> None:
    ran = subprocess.run([AGI_GATE, "--config", gate_toml, "load", "rests", "-", "--json"], capture_output=True,
                         cwd=tmp_path, timeout=PATIENCE_S,
                         input=f"number,controller,silent_at\n{CLEAR},acme,{AT}\n".encode())
    assert ran.returncode == DONE and json.loads(ran.stdout)["file"] == "stdin"


def test_an_enrolment_found_within_a_millisecond_is_never_moved_before_a_consent(
        store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clear.txt").write_text("3331234500,0\n")
    (tmp_path / "enrolled.txt").write_text("3331234500,1\n")
    (tmp_path / "consents.csv").write_text(
        "number,controller,granted_at,purpose,category,channel,origin,evidence\n"
        "3331234500,t1,2026-09-15T09:00:00.000600+02:00,marketing,telecom,both,web,ip\n")
    gate_toml = ["--config", str(own_gate_toml(tmp_path))]
    for name, at in (("clear", "2026-09-01T09:00:00+02:00"), ("enrolled", "2026-09-15T09:00:00.000900+02:00")):
        assert main([*gate_toml, "load", "registry", str(tmp_path / f"{name}.txt"), "--controller", "t1",
                     "--checked-at", at]) == 0
    assert main([*gate_toml, "load", "consents", str(tmp_path / "consents.csv")]) == 0
    capsys.readouterr()
    assert main([*gate_toml, "check", "3331234500", "--campaign", "t1-mkt", "--json",
                 "--at", "2026-09-16T11:00:00+02:00"]) == 3
    assert json.loads(capsys.readouterr().out)["reason"] == "CONSENT_DATE_UNPROVEN"


def test_a_consent_that_is_revoked_once_more_takes_along_what_was_given_since(agi_gate: AgiGate, tmp_path: Path,
                                                                              esito: tuple[str | Path, ...]) -> None:
    header = "number,controller,granted_at,purpose,category,channel,origin,evidence,revoked_at\n"
    first, second = (f"{CLEAR},acme,2026-09-{day:02d}T09:00:00Z,marketing,telecom,both,web,ip" for day in (1, 20))
    agi_gate(*esito)
    agi_gate("load", "consents", write(tmp_path, "first.csv", f"{header}{first},2026-09-10T09:00:00Z\n{second},\n"))
    assert agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT).code == DONE
    # the list names the last revocation, and the row that it always named
    agi_gate("load", "consents", write(tmp_path, "again.csv", f"{header}{first},2026-10-05T09:00:00Z\n"))
    ran = agi_gate("check", CLEAR, "--campaign", "fibra", "--at", AT, "--json")
    assert (ran.code, ran.json["reason"]) == (DENIED, "CONSENT_REVOKED")


def test_a_number_that_was_never_sent_is_told_without_a_row_that_nobody_knows(agi_gate: AgiGate, tmp_path: Path) -> None:
    agi_gate("load", "contacts", write(tmp_path, "contacts.csv", "number,controller,source,directory\n" + "".join(
        f"{number},acme,Elenco,yes\n" for number in (CLEAR, ENROLLED))))
    assert agi_gate("export", "registry", "--controller", "acme", "--out", tmp_path / "lista.zip").code == DONE
    answer = write(tmp_path, "esito.txt", f"{CLEAR},0\n{ENROLLED},1\n{NEVER_CHECKED},0\n")
    ran = agi_gate("load", "registry", answer, "--controller", "acme", "--checked-at", in_days(0.5))
    assert ran.code == FEED_REFUSED
    assert f"\nesito.txt: `+39{NEVER_CHECKED}` was never sent in export `" in ran.err
