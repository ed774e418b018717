"""What breaks once a load is shown is never a refusal: the exit code and the words say what is in force, and what is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate.archive import Export
from agi_gate.archive.past import Past
from agi_gate.ops import purging
from agi_gate.ops.exit_codes import DONE, TO_MEND, UNREACHABLE
from agi_gate.store import keys
from agi_gate.store.loader import Load
from agi_gate.store.unavailable import StoreUnavailable
from lab.store_server import StoreServer
from tests.support.ops import Ops, copy_of, empty

OBJECTED, OTHER = "3331234501", "3331234502"
AT = "2026-10-05T09:00:00+02:00"
Break = Callable[[Ops], None]


@pytest.fixture(autouse=True)
def calls_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_LONGEST_CALL_S", 0.01)


@pytest.fixture
def ops(tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> Ops:
    return Ops(tmp_path, store_url, capsys)


def objections(ops: Ops, code: int = DONE, *, name: str = "objections.csv", number: str = OBJECTED) -> str:
    return ops.load("objections", f"number,controller,objected_at,via\n{number},acme,{AT},call\n", name=name, code=code)


def a_file_in_place_of(folder: str) -> Break:
    """No folder can be made, and nothing be put or looked for, where a file is: for root neither."""
    def break_(ops: Ops) -> None:
        path = ops.archive.path / folder
        path.rename(path.with_name(f"{folder}.away")) if path.exists() else None
        path.touch()
    return break_


def gone(folder: str) -> Break:
    return lambda ops: shutil.rmtree(ops.archive.path / folder)


def cut_the_newest_receipt(ops: Ops) -> None:
    path = max((ops.archive.path / "receipts").glob("*.json"))
    path.write_bytes(path.read_bytes()[:40])


def mend(ops: Ops) -> None:
    for path in ops.archive.path.glob("*.away"):
        whole = path.with_suffix("")
        whole.unlink()
        path.rename(whole)


def after_commit(monkeypatch: pytest.MonkeyPatch, ops: Ops, break_: Break, *, nth: int = 1) -> None:
    """Break something of the disk's right after the nth load is shown."""
    commit, count = Load.commit, 0

    def then(self: Load, *arguments: Any, **named: Any) -> bool:
        nonlocal count
        shown = commit(self, *arguments, **named)
        count += 1
        if count == nth:
            break_(ops)
        return shown
    monkeypatch.setattr(Load, "commit", then)


@pytest.mark.parametrize("break_", (a_file_in_place_of("receipts"), a_file_in_place_of("pending"), gone("pending")),
                         ids=("receipts", "pending", "pending gone"))
def test_a_load_whose_receipt_cannot_be_accepted_is_in_force_and_says_so(
        ops: Ops, monkeypatch: pytest.MonkeyPatch, break_: Break) -> None:
    with monkeypatch.context() as patch:
        after_commit(patch, ops, break_)
        assert "loaded objections" in objections(ops, TO_MEND)
    assert "the load is in force, but its receipt waits" in ops.err and "nothing was changed" not in ops.err
    assert "OBJECTION_RECORDED" in ops("check", OBJECTED, "--campaign", "fibra", "--at", "2026-10-14T11:00:00+02:00", code=3)


@pytest.mark.parametrize("break_", (a_file_in_place_of("receipts"), a_file_in_place_of("undo")), ids=("receipts", "undo"))
def test_the_next_load_finishes_what_was_left(ops: Ops, monkeypatch: pytest.MonkeyPatch, break_: Break) -> None:
    objections(ops, name="first.csv", number=OTHER)
    with monkeypatch.context() as patch:
        after_commit(patch, ops, break_)
        objections(ops, TO_MEND)
    mend(ops)
    objections(ops, name="third.csv", number="3331234503")
    assert ops.archive.receipts.pending() == [] and len(ops.archive.receipts.all()) == 3 and len(ops.archive.undo.all()) == 1
    before = ops.pages()
    empty(ops.url)
    ops("rebuild")
    assert ops.pages() == before


def test_a_receipt_that_is_damaged_just_after_the_commit_is_no_refusal(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    objections(ops, name="first.csv", number=OTHER)
    with monkeypatch.context() as patch:
        after_commit(patch, ops, cut_the_newest_receipt)
        assert "loaded objections" in objections(ops, TO_MEND)
    assert "the load is in force, but" in ops.err


@pytest.mark.parametrize("folder", ("receipts", "pending", "undo", "feeds"))
def test_a_folder_that_takes_nothing_is_found_before_anything_is_shown(ops: Ops, folder: str) -> None:
    objections(ops, name="first.csv", number=OTHER)
    a_file_in_place_of(folder)(ops)
    before = copy_of(ops)
    objections(ops, UNREACHABLE)
    assert "nothing was changed" in ops.err and copy_of(ops) == before


def test_a_rollback_that_cannot_be_put_on_record_is_in_force(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    objections(ops)
    with monkeypatch.context() as patch:
        after_commit(patch, ops, a_file_in_place_of("receipts"))
        assert "took back objections" in ops("rollback", code=TO_MEND)
    assert "it is taken back, but its receipt waits" in ops.err and "nothing was changed" not in ops.err
    mend(ops)
    objections(ops)
    assert [one["feed"] for one in ops.archive.receipts.all()] == ["objections", "rollback", "objections"]


@pytest.mark.parametrize("break_", (a_file_in_place_of("receipts"), a_file_in_place_of("exports")), ids=("receipts", "exports"))
def test_a_purge_that_cannot_be_finished_is_in_force_and_keeps_the_archive(
        ops: Ops, monkeypatch: pytest.MonkeyPatch, break_: Break) -> None:
    ops.load("rests", f"number,controller,silent_at\n{OTHER},acme,2016-10-05T09:00:00+02:00\n")
    (ops.archive.path / "exports").mkdir()
    with monkeypatch.context() as patch:
        after_commit(patch, ops, break_)
        patch.setattr(purging, "past", _everything)
        said = ops("purge", "--yes", code=TO_MEND)
    assert "acme: removed 1 silent calls" in said and "the purge is in force, but" in ops.err
    assert "nothing was changed" not in ops.err and "run it again" in ops.err or "next load" in ops.err
    assert ops.archive.feeds.all()


def _everything(archive: Any, before: Any, controllers: Any) -> Any:
    """An export to take away, so that its folder is looked into."""
    return Past([], [], [Export("run", "acme", before, 1, 1, "lista.zip", "", 1, 1, 1, 0, "ops")])


@pytest.mark.parametrize("nth", (1, 2))
def test_a_rebuild_that_breaks_off_says_which_controllers_are_in_force(
        tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    ops = Ops(tmp_path, store_url, capsys, ("[controllers.acme]", '[controllers.beta]\nname = "Beta"\nsector = "x"\n'
                                            "[controllers.acme]"))
    for controller in ("acme", "beta"):
        ops.load("objections", f"number,controller,objected_at,via\n{OBJECTED},{controller},{AT},call\n", name=f"{controller}.csv")
    before = ops.pages()
    empty(ops.url)
    with monkeypatch.context() as patch:
        after_commit(patch, ops, a_file_in_place_of("receipts"), nth=nth)
        said = ops("rebuild", code=TO_MEND)
    assert "rebuilt acme from 1 loads" in said and ("rebuilt beta" in said) is (nth == 2)
    assert "nothing was changed" not in ops.err or "of beta nothing was changed" in ops.err
    mend(ops)
    if nth == 1:  # the rest, without what is made again already
        assert "rebuilt beta" in ops("rebuild") and "acme" not in ops.err
    assert ops.pages() == before


# --- the store

@pytest.fixture
def doomed(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    """A server that a test may kill."""
    with StoreServer.start(None, "--appendonly", "yes", "--appendfsync", "always") as server:
        monkeypatch.setenv("AGI_GATE_STORE_URL", server.url)
        yield server


@pytest.mark.parametrize("restarts", (False, True))
def test_a_store_that_dies_right_after_the_commit_is_no_refusal(
        tmp_path: Path, doomed: StoreServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
        restarts: bool) -> None:
    ops = Ops(tmp_path, doomed.url, capsys)

    def die(_ops: Ops) -> None:
        doomed.kill()
        if restarts:
            doomed.restart()
    with monkeypatch.context() as patch:
        after_commit(patch, ops, die)
        objections(ops, DONE if restarts else TO_MEND)
    assert "nothing was changed" not in ops.err
    assert restarts or "the load is in force, but whether every replica has it was not found out" in ops.err
    assert len(ops.archive.receipts.all()) == 1


def test_a_connection_that_breaks_with_the_answer_is_asked_about(
        ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction was done, and nobody heard so."""
    commit = Load.commit

    def deaf(self: Load, *arguments: Any, **named: Any) -> bool:
        commit(self, *arguments, **named)
        raise StoreUnavailable("the connection broke within a transaction")
    with monkeypatch.context() as patch:
        patch.setattr(Load, "commit", deaf)
        assert "loaded objections" in objections(ops)
    assert len(ops.archive.receipts.all()) == 1 and ops.archive.receipts.pending() == []


def test_what_a_store_did_that_cannot_be_asked_stays_open(
        tmp_path: Path, doomed: StoreServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ops = Ops(tmp_path, doomed.url, capsys)
    commit = Load.commit

    def dies(self: Load, *arguments: Any, **named: Any) -> bool:
        doomed.kill()
        return commit(self, *arguments, **named)
    with monkeypatch.context() as patch:
        patch.setattr(Load, "commit", dies)
        objections(ops, UNREACHABLE)
    assert "unless it broke at the very end" in ops.err and len(ops.archive.receipts.pending()) == 1
    doomed.restart()
    with redis.Redis.from_url(doomed.url) as client:
        client.delete(keys.lock_key("acme"))  # as a minute does
    objections(ops)
    assert len(ops.archive.receipts.all()) == 1 and ops.archive.receipts.pending() == []


# --- a disk that is full

def test_a_full_disk_is_a_refusal_that_changed_nothing(ops: Ops) -> None:
    """Every size of room that a load may find: it is refused with nothing changed, or done, and never between."""
    path = ops.folder / "objections.csv"
    path.write_text("number,controller,objected_at,via\n" + "".join(
        f"33312{number:05d},acme,{AT},call\n" for number in range(400)))
    ended = set[int]()
    for room in (0, 16, 64, 128, 256, 400, 512, 700, 1_024, 1 << 20):
        empty(ops.url)
        shutil.rmtree(ops.archive.path, ignore_errors=True)
        ran = subprocess.run([sys.executable, "-c", f"""
import resource, sys
from agi_gate.ops import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
sys.exit(main.main(["--config", {str(ops.gate_toml)!r}, "load", "objections", {str(path)!r}]))
"""], capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=False)
        ended.add(ran.returncode)
        with redis.Redis.from_url(ops.url) as client:
            is_shown = bool(client.exists("agi:{acme}:load"))
        assert ran.returncode in (DONE, UNREACHABLE), ran.stderr
        assert is_shown is (ran.returncode == DONE) is ("nothing was changed" not in ran.stderr), (room, ran.stderr)
    assert ended == {DONE, UNREACHABLE}
