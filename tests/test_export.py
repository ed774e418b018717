"""`agi-gate export registry`: whom the registry is asked about, in what file, and that it is remembered."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_gate import feeds
from agi_gate.archive import Archive
from agi_gate.facts import Consent, Contact
from agi_gate.national import is_subscriber
from agi_gate.ops import export, unchecked
from agi_gate.ops.main import main
from agi_gate.ops.matching import match
from agi_gate.rules.registry import check_expires_at
from agi_gate.store import keys, values
from agi_gate.store.reader import connect
from agi_gate.store.survey import Survey
from tests.store.loads import load
from tests.support.gate_toml import write_gate_toml
from tests.support.ran import Ran

DONE, _, USAGE, _, UNREACHABLE, _ = range(6)
NOW = datetime.now(UTC)
CONTACT = values.contact_bytes(Contact("Elenco", True))
CONSENT = values.consents_bytes([Consent(NOW, "marketing", "telecom", "both", "web", "ip")])
MOBILE, LANDLINE = "+393331234500", "+390212345600"
DAY = timedelta(days=1)


Export = Callable[..., Ran]


@pytest.fixture
def client(store_url: str) -> Iterator[redis.Redis]:
    with connect(store_url, 5_000) as client:
        yield client


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def run_export(client: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Export:
    """Run `agi-gate export registry --controller acme --out lista.zip ...`."""
    gate_toml = write_gate_toml(tmp_path, ("[controllers.acme]", '[controllers.beta]\nname = "Beta"\nsector = "x"\n'
                                                                 "[controllers.acme]"))

    def run(*arguments: str, controller: str = "acme", out: Path = tmp_path / "lista.zip") -> Ran:
        capsys.readouterr()
        try:
            code = main(["--config", str(gate_toml), "export", "registry", "--controller", controller,
                         "--out", str(out), *arguments])
        except SystemExit as end:  # argparse's own way out
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())
    return run


def know(client: redis.Redis, *numbers: str, controller: str = "acme") -> None:
    load(client, {keys.CONTACTS: dict.fromkeys(numbers, CONTACT)}, controller)


def check(client: redis.Redis, at: datetime, *numbers: str, enrolled: bool = False, controller: str = "acme") -> None:
    load(client, {keys.REGISTRY: dict.fromkeys(numbers, values.check_bytes(at, 0, enrolled))}, controller)


def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["lista.txt"] and archive.testzip() is None
        return archive.read("lista.txt").decode()


def exported(folder: Path) -> list[str]:
    path = folder / "lista.zip"
    return text_of(path).split() if path.exists() else []


# --- whom the registry is asked about

def test_contacts_and_consents_are_exported_once_each_in_national_form(
        run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, LANDLINE)
    load(client, {keys.CONSENTS: {MOBILE: CONSENT, "+39021234": CONSENT}})
    assert run_export().code == DONE
    assert text_of(tmp_path / "lista.zip") == "021234\r\n0212345600\r\n3331234500\r\n"


def test_only_subscriber_numbers_are_exported(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, "+390549123456", "+390669812345", "+39800123456", "+41446681800", "+390878123456")
    ran = run_export("--json")
    assert exported(tmp_path) == ["3331234500"]
    assert json.loads(ran.out)["not_subscribers"] == 5


def test_what_is_known_of_another_controller_is_not_exported(
        run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, LANDLINE)
    know(client, MOBILE, controller="beta")
    check(client, NOW - DAY, MOBILE, controller="beta")
    run_export()
    assert exported(tmp_path) == ["0212345600", "3331234500"]


def test_a_number_that_is_no_contact_is_not_exported(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE)
    check(client, NOW - 20 * DAY, LANDLINE)
    run_export()
    assert exported(tmp_path) == ["3331234500"]


def checked_so_that_it_expires(expires_at: datetime) -> datetime:
    """The latest whole minute at which a check expires no later than that."""
    at = expires_at - 14 * DAY
    while check_expires_at(at) > expires_at:
        at -= timedelta(minutes=1)
    return at


@pytest.mark.parametrize(("within", "left", "wanted"), (
    (None, 3 * DAY - timedelta(hours=1), True), (None, 3 * DAY + timedelta(hours=1), False),
    ("3d", 3 * DAY - timedelta(hours=1), True), ("3d", 3 * DAY + timedelta(hours=1), False),
    ("12h", timedelta(hours=11), True), ("12h", timedelta(hours=13), False),
    ("0d", timedelta(hours=-1), True), ("0d", timedelta(hours=1), False), ("15d", 14 * DAY, True)), ids=str)
def test_a_check_that_runs_out_within_the_time_is_asked_for_again(
        run_export: Export, client: redis.Redis, tmp_path: Path, within: str | None, left: timedelta, wanted: bool,
) -> None:
    know(client, MOBILE)
    check(client, checked_so_that_it_expires(datetime.now(UTC) + left), MOBILE)
    run_export(*(("--stale-within", within) if within else ()))
    assert exported(tmp_path) == (["3331234500"] if wanted else [])


@pytest.mark.parametrize("offset", (-1, 0, 1))
@pytest.mark.parametrize("within", (timedelta(0), 3 * DAY), ids=str)
def test_a_check_is_good_until_its_very_last_instant(client: redis.Redis, offset: int, within: timedelta) -> None:
    """Both sides of the boundary, which is the rule's own."""
    checked_at = datetime(2026, 10, 20, 9, tzinfo=UTC)  # the clocks are put back within its 15 days
    know(client, MOBILE)
    check(client, checked_at, MOBILE)
    now = check_expires_at(checked_at) - within + timedelta(milliseconds=offset)
    found = unchecked.unchecked(lambda: Survey(client, "acme"), now, within)
    assert (len(found.numbers), found.unknown, found.running_out) == ((1, 0, 1) if offset > 0 else (0, 0, 0))


def test_the_latest_check_counts_in_whatever_order_they_were_loaded(
        run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, LANDLINE)
    for number in (MOBILE, LANDLINE):
        check(client, NOW - DAY, number)
    check(client, NOW - 30 * DAY, LANDLINE, enrolled=True)
    assert run_export().code == DONE and exported(tmp_path) == []


def test_a_check_that_is_still_to_come_is_none_yet(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, LANDLINE)
    check(client, NOW + DAY, MOBILE, LANDLINE)
    check(client, NOW - 14 * DAY, LANDLINE)
    summary = json.loads(run_export("--json").out)
    assert (summary["unknown"], summary["running_out"]) == (1, 1)


def test_enrolled_numbers_are_asked_for_again_too(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE)
    check(client, NOW - 20 * DAY, MOBILE, enrolled=True)
    run_export()
    assert exported(tmp_path) == ["3331234500"]


def test_what_is_neither_new_nor_stale_is_told_and_no_file_written(
        run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path) -> None:
    ran = run_export()
    assert ran.code == DONE and "no contacts or consents" in ran.out
    know(client, MOBILE)
    check(client, NOW, MOBILE)
    ran = run_export()
    assert ran.code == DONE and "all 1 numbers of its contacts and consents have a check that is good" in ran.out
    assert not (tmp_path / "lista.zip").exists() and archive.exports.all() == [] and not archive.path.exists()
    summary = json.loads(run_export("--json").out)
    assert (summary["numbers"], summary["good"], summary["files"], summary["export"]) == (0, 1, [], None)


def test_consents_are_exported_wherever_their_pages_lie(
        run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    """Dense consents lie in pages of their own."""
    distinct = {
        number: values.consents_bytes([Consent(NOW - nth * DAY / 24, "marketing", "telecom", "both", "web", "ip")])
        for nth, number in enumerate(numbers_in_a_row(2000))}
    load(client, {keys.CONSENTS: distinct})
    load(client, {keys.CONSENTS: {LANDLINE: CONSENT}})
    survey = Survey(client, "acme")
    assert len(survey.numbers(keys.CONSENTS)) == 2001
    assert survey.numbers(keys.CONSENTS).tolist() == survey.column(keys.CONSENTS).numbers.tolist()
    run_export()
    assert exported(tmp_path) == ["0212345600", *(number.removeprefix("+39") for number in distinct)]


# --- the files

def numbers_in_a_row(count: int) -> list[str]:
    return [f"+3933312{place:05}" for place in range(count)]


def test_the_summary_tells_what_was_written(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, MOBILE, LANDLINE, "+390212345601")
    check(client, NOW - 20 * DAY, LANDLINE)
    check(client, NOW, "+390212345601")
    ran = run_export()
    assert "exported 2 numbers of acme: 1 never checked, 1 whose check has run out or soon will (1 are good" in ran.out
    assert f"{tmp_path / 'lista.zip'}: 2 numbers, export 20" in ran.out and ran.err == ""
    summary = json.loads(run_export("--json", "--force").out)
    (file,) = summary.pop("files")
    assert file == {"file": str(tmp_path / "lista.zip"), "export": summary["export"], "numbers": 2,
                    "sha256": hashlib.sha256((tmp_path / "lista.zip").read_bytes()).hexdigest()}
    assert summary.items() >= {"controller": "acme", "stale_within_s": 259_200, "numbers": 2, "unknown": 1,
                               "running_out": 1, "good": 1}.items()


def test_the_same_numbers_make_the_same_file(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, *numbers_in_a_row(1000))
    run_export()
    first = (tmp_path / "lista.zip").read_bytes()
    run_export("--force")
    assert (tmp_path / "lista.zip").read_bytes() == first
    assert stat.S_IMODE((tmp_path / "lista.zip").stat().st_mode) == 0o600


@pytest.mark.parametrize(("count", "split", "sizes"), (
    (10, "3", [3, 3, 3, 1]), (9, "3", [3, 3, 3]), (3, "3", [3]), (2, "3", [2]), (3, "1", [1, 1, 1])))
def test_no_file_holds_more_numbers_than_it_may(
        run_export: Export, client: redis.Redis, tmp_path: Path, count: int, split: str, sizes: list[int]) -> None:
    know(client, *numbers_in_a_row(count))
    files = json.loads(run_export("--split", split, "--json").out)["files"]
    names = ["lista.zip"] if len(sizes) == 1 else [f"lista-{part}.zip" for part in range(1, len(sizes) + 1)]
    assert [(Path(file["file"]).name, file["numbers"]) for file in files] == list(zip(names, sizes, strict=True))
    written = [line for name in names for line in text_of(tmp_path / name).split()]
    assert written == [number.removeprefix("+39") for number in numbers_in_a_row(count)]


@pytest.mark.parametrize(("max_bytes", "split", "sizes"), (
    (36, None, [3, 3, 1]), (35, None, [2, 2, 2, 1]), (84, None, [7]), (83, None, [6, 1]), (12, None, [1] * 7),
    (36, 2, [2, 2, 2, 1]), (36, 5, [3, 3, 1])))
def test_no_list_is_longer_than_it_may(
        run_export: Export, client: redis.Redis, max_bytes: int, split: int | None, sizes: list[int]) -> None:
    know(client, *numbers_in_a_row(7))
    ran = run_export("--max-bytes", str(max_bytes), "--json", *(("--split", str(split)) if split else ()))
    assert [file["numbers"] for file in json.loads(ran.out)["files"]] == sizes


def test_a_list_too_short_for_one_number_is_refused(run_export: Export, client: redis.Redis, archive: Archive) -> None:
    know(client, MOBILE)
    ran = run_export("--max-bytes", "11")
    assert ran.code == USAGE and "--max-bytes 11 has no room for one number" in ran.err
    assert archive.exports.all() == []


@pytest.mark.parametrize("there", ("lista-1.zip", "lista-3.zip"))
def test_no_file_is_written_over_unless_it_is_said(
        run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path, there: str) -> None:
    know(client, *numbers_in_a_row(3))
    (tmp_path / there).write_text("mine")
    before = sorted(os.listdir(tmp_path))
    ran = run_export("--split", "1")
    assert ran.code == USAGE and f"{there}` is there already; name another, or write over it with --force" in ran.err
    assert (tmp_path / there).read_text() == "mine" and sorted(os.listdir(tmp_path)) == before
    assert archive.exports.all() == []
    assert run_export("--split", "1", "--force").code == DONE
    assert len(text_of(tmp_path / there).split()) == 1


def test_files_of_an_earlier_export_are_told(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, *numbers_in_a_row(3))
    assert run_export("--split", "1").err == ""
    ran = run_export("--split", "2", "--force")
    assert ran.err == "agi-gate export: of an earlier export, not of this one: `lista-3.zip`\n"


@pytest.mark.parametrize(("arguments", "why"), (
    (("--stale-within", "3"), "`3` is no length of time; write 3d or 12h"), (("--stale-within", "-3d"), "expected one"),
    (("--stale-within", "3w"), "no length of time"), (("--split", "0"), "`0` is no number of 1 or more"),
    (("--split", "x"), "`x` is no number"), (("--max-bytes", "0"), "no number of 1 or more")), ids=str)
def test_wrong_arguments_are_usage(run_export: Export, arguments: tuple[str, ...], why: str) -> None:
    ran = run_export(*arguments)
    assert ran.code == USAGE and why in ran.err


def test_an_unknown_controller_is_named(run_export: Export) -> None:
    ran = run_export(controller="acne")
    assert ran.code == USAGE and "`acne` is no controller of the configuration; known: " in ran.err


def test_an_out_that_is_no_zip_or_has_no_folder_is_refused_before_the_store_is_read(
        run_export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    for out, why in ((tmp_path / "lista.txt", "does not end in .zip"), (tmp_path / "absent" / "x.zip", "no file can")):
        ran = run_export(out=out)
        assert ran.code == USAGE and why in ran.err


def test_without_the_store_it_is_exit_4(run_export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    ran = run_export()
    assert ran.code == UNREACHABLE and "see [store] url" in ran.err and "nothing was exported" in ran.err


def test_a_store_with_something_else_in_it_is_exit_4(run_export: Export, client: redis.Redis) -> None:
    know(client, MOBILE)
    client.set(keys.page_key("acme", keys.CONTACTS, "39333123"), b"something else")
    ran = run_export()
    assert ran.code == UNREACHABLE and "was lost" in ran.err


# --- the archive

def test_each_file_is_remembered(run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path) -> None:
    know(client, *numbers_in_a_row(5))
    run_export("--split", "2", "--stale-within", "12h")
    exports = archive.exports.all()
    assert [(one.controller, one.part, one.parts, one.count, one.file, one.stale_within_s) for one in exports] == [
        ("acme", 1, 3, 2, "lista-1.zip", 43_200), ("acme", 2, 3, 2, "lista-2.zip", 43_200),
        ("acme", 3, 3, 1, "lista-3.zip", 43_200)]
    for one in exports:
        path = tmp_path / one.file
        assert one.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert [f"39{line}" for line in text_of(path).split()] == list(map(str, archive.exports.numbers(one).tolist()))
    assert len({one.run for one in exports}) == 1 and abs(exports[0].created_at - datetime.now(UTC)) < DAY


def test_an_archive_that_cannot_be_written_writes_no_file(
        run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path) -> None:
    know(client, MOBILE)
    archive.path.write_text("no folder")
    ran = run_export()
    assert ran.code == UNREACHABLE and "name another with [archive] path; nothing was exported" in ran.err
    assert not [name for name in os.listdir(tmp_path) if "lista" in name]


KILLED = """
import os, signal, sys
from agi_gate.ops.main import main
if sys.argv[1] == "before":
    from agi_gate.archive import Exports
    Exports.remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    from agi_gate.ops import export
    export._refuse_existing = lambda paths, seen=[]: os.kill(os.getpid(), signal.SIGKILL) if seen else seen.append(1)
main(sys.argv[2:])
"""


@pytest.mark.parametrize(("when", "remembered"), (("before", 0), ("after", 1)))
def test_no_file_can_be_sent_that_is_not_remembered(
        run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path, when: str, remembered: int) -> None:
    know(client, MOBILE)
    ran = subprocess.run([sys.executable, "-c", KILLED, when, "--config", tmp_path / "gate.toml", "export", "registry",
                          "--controller", "acme", "--out", tmp_path / "lista.zip"], cwd=Path(__file__).parent.parent)
    assert ran.returncode == -signal.SIGKILL
    assert not (tmp_path / "lista.zip").exists() and len(archive.exports.all()) == remembered
    assert run_export().code == DONE and exported(tmp_path) == ["3331234500"]


def test_a_full_disk_is_told_and_leaves_nothing(run_export: Export, client: redis.Redis, tmp_path: Path) -> None:
    know(client, *numbers_in_a_row(2000))
    script = ("import resource, sys\nfrom agi_gate.ops.main import main\n"
              "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\nsys.exit(main(sys.argv[1:]))")
    ran = subprocess.run([sys.executable, "-c", script, "--config", tmp_path / "gate.toml", "export", "registry",
                          "--controller", "acme", "--out", tmp_path / "lista.zip"], cwd=Path(__file__).parent.parent,
                         capture_output=True, text=True)
    assert ran.returncode == USAGE and "could not be written (File too large); name another file" in ran.stderr
    assert not [name for name in os.listdir(tmp_path) if "lista" in name]


# --- loads that come between

def loading_between(client: redis.Redis, monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Each of the first `times` looks at the store sees a load come between."""
    loaded: list[str] = []
    is_current = Survey.is_current

    def late(self: Any) -> bool:
        if len(loaded) < times:
            loaded.append(f"+3902123456{len(loaded):02}")
            know(client, loaded[-1])
        return is_current(self)
    monkeypatch.setattr(Survey, "is_current", late)
    return loaded


@pytest.mark.parametrize("times", (1, 2))
def test_a_load_that_comes_between_is_read_too(run_export: Export, client: redis.Redis, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    know(client, MOBILE)
    loaded = loading_between(client, monkeypatch, times)
    assert run_export().code == DONE
    assert exported(tmp_path) == [*(number.removeprefix("+39") for number in loaded), "3331234500"]


def test_loads_that_never_end_are_told(run_export: Export, client: redis.Redis, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    know(client, MOBILE)
    loading_between(client, monkeypatch, 3)
    ran = run_export()
    assert ran.code == UNREACHABLE and "each of the 3 times" in ran.err and exported(tmp_path) == []


# --- the round trip

def test_the_answer_to_what_was_exported_is_told_by_its_numbers(
        run_export: Export, client: redis.Redis, archive: Archive, tmp_path: Path) -> None:
    know(client, *numbers_in_a_row(10), LANDLINE, "+39021234")
    run_export("--split", "8")
    lines = [line for part in (1, 2) for line in text_of(tmp_path / f"lista-{part}.zip").split()]
    for answered, export_id in ((lines, ""), (lines[:8], ".1"), (lines[8:], ".2")):
        (tmp_path / "esito.txt").write_text("".join(f"{line},0\r\n" for line in answered))
        with feeds.FeedFile(str(tmp_path / "esito.txt")) as answer:
            numbers = feeds.read_registry(answer).numbers
        found = match(numbers, "acme", datetime.now(UTC), archive.exports.all(), archive.exports.numbers)
        assert found is not None and found.export_id == archive.exports.all()[0].run + export_id
        assert not len(found.missing)


listed = st.one_of(st.integers(390_100_000_000, 390_999_999_999), st.integers(393_000_000_000, 393_999_999_999),
                   st.integers(3_901_0000, 3_909_9999), st.integers(39_010_000_000_000, 39_099_999_999_999),
                   st.integers(395_500_000_000, 395_599_999_999))


@given(numbers=st.sets(listed, min_size=1, max_size=40), max_numbers=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_what_the_feeds_read(tmp_path_factory: pytest.TempPathFactory, numbers: set[int],
                                                max_numbers: int) -> None:
    folder = tmp_path_factory.mktemp("export")
    (folder / "answer.txt").write_text("")
    wanted = np.array(sorted(numbers), np.int64)
    wanted = wanted[is_subscriber(wanted)]
    read: list[int] = []
    for nth, part in enumerate(export._split(wanted, max_numbers, None)):
        path = folder / f"{nth}.zip"
        path.touch()
        export._zip(export._Part(path, path, part))
        assert len(part) <= max_numbers
        with feeds.FeedFile(str(folder / "answer.txt")) as answer, feeds.FeedFile(str(path)) as submitted:
            feed = feeds.read_registry(answer, submitted)  # a stripped answer to it
        assert feed.rejects == []
        read += feed.numbers.tolist()
    assert read == wanted.tolist()
