"""The store beside the archive: whatever differs is found, and no load lets a call through on what is left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis

from agi_gate.archive import Archive
from agi_gate.ops.exit_codes import DONE, FEED_REFUSED, UNREACHABLE
from agi_gate.store import keys
from agi_gate.store.servers import Servers
from agi_gate.wholeness import compare
from tests.support.gate_toml import write_gate_toml
from tests.support.ops import Ops, copy_of, empty, restore

OBJECTED, OTHER, THIRD = "3331234501", "3331234502", "3331234503"
AT = "2026-10-05T09:00:00+02:00"
CONSENT = "number,controller,granted_at,purpose,category,channel,origin,evidence,revoked_at\n"
DESPITE = "--despite-missing"


@pytest.fixture
def ops(tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> Ops:
    return Ops(tmp_path, store_url, capsys)


Loading = Callable[..., str]


def objections(ops: Ops, *more: str, numbers: tuple[str, ...] = (OBJECTED,), name: str = "objections.csv", code: int = DONE) -> str:
    return ops.load("objections", "number,controller,objected_at,via\n" + "".join(
        f"{number},acme,{AT},call\n" for number in numbers), *more, name=name, code=code)


def rests(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.load("rests", f"number,controller,silent_at\n{OTHER},acme,{AT}\n", *more, name="rests.csv", code=code)


def contacts(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.load("contacts", "number,controller,source,directory\n" + "".join(
        f"{number},acme,Elenco,yes\n" for number in (OBJECTED, OTHER, THIRD)), *more, name="contacts.csv", code=code)


def callbacks(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.load("callbacks", f"number,controller,requested_at\n{OTHER},acme,{AT}\n", *more, name="callbacks.csv",
                    code=code)


def consents(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.load("consents", f"{CONSENT}{OTHER},acme,{AT},marketing,telecom,both,web,ip,\n"
                                f"{THIRD},acme,{AT},marketing,telecom,both,web,ip,{AT}\n", *more, name="consents.csv",
                    code=code)


def revocations(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.load("consents", f"{CONSENT}{OTHER},acme,{AT},marketing,telecom,both,web,ip,{AT}\n", *more,
                    name="revocations.csv", code=code)


def answer(ops: Ops, *more: str, code: int = DONE) -> str:
    return ops.check({OBJECTED: 0, OTHER: 0, THIRD: 1}, 10, *more, code=code)


OPENING = (contacts, callbacks, consents, answer)
DENYING = (objections, rests, revocations)


def status(ops: Ops, code: int) -> Any:
    return json.loads(ops("status", "--json", "--max-stale", "100", code=code))


def is_whole(ops: Ops) -> bool | None:
    return compare(ops.archive, Servers.at(ops.url, 5_000), ops.settings.controllers, ops.settings.known_controllers).is_whole


# --- loads

@pytest.mark.parametrize("options", ((), ("--dry-run",)), ids=str)
@pytest.mark.parametrize("load", OPENING)
def test_a_load_that_could_open_calls_is_refused_while_objections_are_missing(
        ops: Ops, load: Loading, options: tuple[str, ...]) -> None:
    objections(ops)
    empty(ops.url)
    load(ops, *options, code=FEED_REFUSED)
    assert "lacks 1 load (objections objections.csv of 20" in ops.err and "agi-gate rebuild" in ops.err
    assert DESPITE in ops.err and ops.err.count("nothing was changed") == 1
    assert copy_of(ops) == {} and len(ops.archive.receipts.all()) == 1 and ops.archive.receipts.pending() == []
    ops("rebuild")
    load(ops, *options)


@pytest.mark.parametrize("load", DENYING)
def test_what_can_only_deny_is_loaded_and_warns(ops: Ops, load: Loading, caplog: pytest.LogCaptureFixture) -> None:
    objections(ops, numbers=(THIRD,), name="first.csv")
    empty(ops.url)
    load(ops)
    assert ["agi-gate rebuild" in record.getMessage() for record in caplog.records] == [True]
    receipt = ops.archive.receipts.all()[-1]
    assert [one["file"] for one in receipt["store_lacked"]] == ["first.csv"] and "despite_missing" not in receipt
    contacts(ops, code=FEED_REFUSED)


@pytest.mark.parametrize("load", OPENING)
def test_the_way_out_is_on_the_receipt_and_holds_until_something_else_is_lost(ops: Ops, load: Loading) -> None:
    objections(ops)
    rests(ops)
    empty(ops.url)
    load(ops, DESPITE)
    receipt = ops.archive.receipts.all()[-1]
    assert receipt["despite_missing"] is True
    assert [one["feed"] for one in receipt["store_lacked"]] == ["objections", "rests"]
    for other in OPENING:
        other(ops)
    assert status(ops, UNREACHABLE)["controllers"]["acme"]["store"]["missing"] == []
    empty(ops.url)
    ops.check({OTHER: 0}, 12, code=FEED_REFUSED)
    ops("rebuild", "--without-callbacks")
    assert is_whole(ops)
    empty(ops.url)
    load(ops, code=FEED_REFUSED)  # what was given up once is asked again
    assert "objections.csv" in ops.err


def test_what_was_taken_back_is_not_missing(ops: Ops, caplog: pytest.LogCaptureFixture) -> None:
    objections(ops)
    ops("rollback")
    empty(ops.url)
    answer(ops)
    assert not caplog.records and is_whole(ops)


@pytest.mark.parametrize("loads", (
    (objections, answer, contacts), (objections, rests, revocations, consents, answer, callbacks, contacts),
    (rests, contacts, answer, consents, objections)), ids=lambda loads: " ".join(load.__name__ for load in loads))
def test_loading_each_file_again_gets_through(ops: Ops, loads: tuple[Loading, ...]) -> None:
    """Objections and rests first, the others in any order: here as they were loaded."""
    for load in loads:
        load(ops)
    empty(ops.url)
    again = sorted(loads, key=lambda load: load not in (objections, rests))
    for load in again:
        assert not is_whole(ops)
        load(ops)
    assert is_whole(ops)
    status(ops, DONE)


def test_a_file_whose_rows_another_one_has_brought_back_is_back_too(ops: Ops) -> None:
    objections(ops)
    objections(ops, numbers=(OBJECTED, OTHER), name="both.csv")
    empty(ops.url)
    objections(ops, numbers=(OBJECTED, OTHER), name="both.csv")
    contacts(ops, code=FEED_REFUSED)
    objections(ops)
    assert is_whole(ops)
    contacts(ops)


def test_the_answer_of_another_day_is_not_the_one_that_is_missing(ops: Ops) -> None:
    ops.check({OTHER: 1}, 10)
    empty(ops.url)
    same = str(ops.folder / "esito10.txt")
    ops("load", "registry", same, "--controller", "acme", "--checked-at", "2026-10-12T09:00:00+02:00", code=FEED_REFUSED)
    ops("load", "registry", same, "--controller", "acme", "--checked-at", "2026-10-10T09:00:00+02:00")
    assert is_whole(ops)


def test_a_rollback_would_open_calls_too(ops: Ops) -> None:
    objections(ops)
    empty(ops.url)
    rests(ops)
    ops("rollback", code=FEED_REFUSED)
    assert "lacks 1 load" in ops.err and DESPITE in ops.err
    ops("rollback", DESPITE)
    assert ops.archive.receipts.all()[-1]["despite_missing"] is True


# --- older copies, mixtures

def test_an_older_copy_is_found(ops: Ops) -> None:
    answer(ops)
    older = copy_of(ops)
    objections(ops)
    restore(ops, older)
    found = status(ops, UNREACHABLE)["controllers"]["acme"]["store"]
    assert found["is_whole"] is False and [one["file"] for one in found["missing"]] == ["objections.csv"]
    contacts(ops, code=FEED_REFUSED)
    ops("preflight", str(ops.folder / "esito10.txt"), "--campaign", "fibra", code=UNREACHABLE)
    assert "nothing was decided" in ops.err
    empty(ops.url)
    ops("rebuild")
    assert status(ops, DONE)["controllers"]["acme"]["store"]["is_whole"] is True


def test_a_copy_of_before_a_rollback_is_found(ops: Ops) -> None:
    objections(ops)
    consents(ops)
    older = copy_of(ops)
    ops("rollback")
    restore(ops, older)
    found = status(ops, UNREACHABLE)["controllers"]["acme"]["store"]
    assert [one["file"] for one in found["taken_back"]] == ["consents.csv"] and found["missing"] == []
    answer(ops, code=FEED_REFUSED)


def test_the_visible_load_of_another_copy_is_found(ops: Ops) -> None:
    answer(ops)
    older = copy_of(ops)
    contacts(ops)
    restore(ops, copy_of(ops) | {b"agi:{acme}:load": older[b"agi:{acme}:load"]})
    found = status(ops, UNREACHABLE)["controllers"]["acme"]["store"]
    assert found["hidden"]["file"] == "contacts.csv"


@pytest.mark.parametrize("seed", range(4))
def test_a_copy_is_whole_while_nothing_came_after_it(ops: Ops, seed: int) -> None:
    """Whatever was done between: loads new and old, rollbacks, purges, rebuilds."""
    random, copies, number = Random(seed), list[dict[bytes, bytes]](), 0

    def key(copy: dict[bytes, bytes]) -> tuple[Any, ...]:
        return tuple(copy.get(f"agi:{{acme}}:{name}".encode()) for name in ("load",))

    objections(ops)
    for _step in range(12):
        does = random.choice(("load", "load", "again", "rollback", "purge", "rebuild"))
        if does == "load":
            number += 1
            objections(ops, numbers=(f"33312345{number + 10}",), name=f"{number}.csv")
        elif does == "again" and number:
            path = ops.folder / f"{random.randint(1, number)}.csv"
            ops("load", "objections", str(path))
        elif does == "rollback" and ops.archive.undo.all():
            ops("rollback")
        elif does == "purge":
            ops("purge", "--yes")
        elif does == "rebuild" and ops.archive.history().in_force():
            empty(ops.url)
            ops("rebuild")
        copies.append(copy_of(ops))
    now = copies[-1]
    for copy in copies:
        restore(ops, copy)
        assert is_whole(ops) is (key(copy) == key(now)), does
    empty(ops.url)
    assert is_whole(ops) is (not ops.archive.history().in_force())


# --- archives

def moved(ops: Ops) -> Path:
    """The configuration goes to another folder, and its archive, named by a relative path, stays behind."""
    first = ops.settings.archive_path
    (ops.folder / "etc").mkdir()
    ops.gate_toml = Path(shutil.move(ops.gate_toml, ops.folder / "etc"))
    ops.archive = Archive(ops.folder / "etc" / "archive")
    return first


def test_an_archive_that_lacks_what_the_store_holds_takes_no_load_and_makes_no_store(ops: Ops) -> None:
    objections(ops)
    first = moved(ops)
    assert status(ops, DONE)["wholeness"]["is_whole"] is None and not ops.archive.path.exists()
    contacts(ops, code=FEED_REFUSED)
    assert "holds 1 load (objections objections.csv of" in ops.err and "[archive] path" in ops.err
    contacts(ops, DESPITE)
    answer(ops)
    assert status(ops, UNREACHABLE)["controllers"]["acme"]["store"]["given_up"][0]["file"] == "objections.csv"
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    assert "objections.csv" in ops.err and copy_of(ops) == {}
    shutil.copytree(ops.archive.path, first, dirs_exist_ok=True)
    shutil.rmtree(ops.archive.path)
    first.rename(ops.archive.path)
    ops("rebuild")
    assert is_whole(ops) and ops("check", OBJECTED, "--campaign", "fibra", "--at", "2026-10-14T11:00:00+02:00", code=3)


def test_objections_are_loaded_with_a_lesser_archive_and_a_rebuild_knows_that_it_is_one(ops: Ops) -> None:
    objections(ops)
    moved(ops)
    rests(ops)
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    assert "objections.csv" in ops.err and DESPITE in ops.err
    ops("rebuild", DESPITE)


def test_rebuild_is_refused_where_the_store_names_what_the_archive_lacks(ops: Ops) -> None:
    objections(ops)
    held = copy_of(ops)
    moved(ops)
    empty(ops.url)
    contacts(ops)
    with redis.Redis.from_url(ops.url) as client:
        client.flushall()
        client.restore(keys.loads_key("acme"), 0, held[keys.loads_key("acme").encode()])
    ops("rebuild", code=FEED_REFUSED)
    assert "holds 1 load (objections objections.csv of" in ops.err


def test_a_purge_keeps_the_store_where_its_archive_is_lost_for_good(ops: Ops) -> None:
    objections(ops)
    answer(ops)
    shutil.rmtree(ops.archive.path)
    contacts(ops, code=FEED_REFUSED)
    assert "agi-gate purge keeps" in ops.err
    assert "with 2 loads that it lacked" in ops("purge", "--yes")
    assert is_whole(ops)
    contacts(ops)
    before = ops.pages()
    empty(ops.url)
    assert not is_whole(ops)
    ops("rebuild")
    assert ops.pages() == before and is_whole(ops)


def test_a_killed_load_is_not_dropped_because_a_lost_store_does_not_know_it(
        ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    rests(ops)
    with monkeypatch.context() as patch:
        patch.setattr("agi_gate.archive.receipts.Receipts.accept", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            objections(ops)
    empty(ops.url)
    rests(ops)
    contacts(ops, code=FEED_REFUSED)
    assert "objections.csv" in ops.err
    empty(ops.url)
    ops("rebuild")
    assert is_whole(ops) and ops.archive.receipts.pending() == []
    contacts(ops)


def test_without_an_archive_nothing_is_said_to_be_fine(ops: Ops) -> None:
    objections(ops)
    shutil.rmtree(ops.archive.path)
    said = status(ops, DONE)
    assert said["wholeness"]["is_whole"] is said["controllers"]["acme"]["store"]["is_whole"] is None
    assert str(ops.archive.path) in said["wholeness"]["not_known"]
    assert "acme  the store holds           not known here\n" in ops("status") and "is not known here" in ops.err
    (ops.folder / "list.txt").write_text(OTHER)
    said = json.loads(ops("preflight", str(ops.folder / "list.txt"), "--campaign", "fibra", "--json"))
    assert said["store_is_whole"] is None and "is not known here" in ops.err


# --- controllers

def test_a_controller_of_another_name_is_named(ops: Ops, caplog: pytest.LogCaptureFixture) -> None:
    objections(ops)
    changes = [("[controllers.acme]", "[controllers.acme-spa]"), ('holder = "acme"', 'holder = "acme-spa"'),
               ('controller = "acme"', 'controller = "acme-spa"')]
    write_gate_toml(ops.folder, *changes)
    said = status(ops, UNREACHABLE)
    assert said["wholeness"]["strangers"] == ["acme"] and "`acme`" in said["wholeness"]["findings"][0]
    ops.load("rests", f"number,controller,silent_at\n{OTHER},acme-spa,{AT}\n")
    assert any("holds facts of controller `acme`" in record.getMessage() for record in caplog.records)
    caplog.clear()
    write_gate_toml(ops.folder, *changes, ("[store]", '[store]\nformer_controllers = ["acme"]'))
    assert status(ops, DONE)["wholeness"]["is_whole"] is True
    ops.load("rests", f"number,controller,silent_at\n{THIRD},acme-spa,{AT}\n")
    assert not caplog.records


# --- damage

@pytest.mark.parametrize("damage", (lambda text: text[:len(text) // 2], lambda text: b"", lambda text: b"{}"),
                         ids=("cut", "empty", "another"))
@pytest.mark.parametrize("nth", (0, -1))
def test_a_damaged_receipt_is_found_before_anything_is_changed(
        ops: Ops, damage: Callable[[bytes], bytes], nth: int) -> None:
    objections(ops)
    answer(ops)
    path = sorted((ops.archive.path / "receipts").iterdir())[nth]
    path.write_bytes(damage(path.read_bytes()))
    before = copy_of(ops)
    for load in (contacts, rests, lambda ops, code: ops("rollback", code=code),
                 lambda ops, code: ops("purge", "--yes", code=code)):
        load(ops, code=UNREACHABLE)
        assert f"`{path}` cannot be read" in ops.err and ops.err.rstrip().endswith("nothing was changed")
        assert copy_of(ops) == before
    assert status(ops, UNREACHABLE)["wholeness"]["is_whole"] is None
