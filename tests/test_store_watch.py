"""A daemon denies the calls of a controller whose store is not what was loaded, goes on with the others, and says so once."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from agi_gate.ops.admission import OPTION
from agi_gate.ops.exit_codes import UNREACHABLE
from agi_gate.store.seen import path_beside
from lab.waiting import eventually
from tests.support.daemon import Daemon, answer
from tests.support.gate_toml import CLEAR, ENROLLED, load_feeds, write_gate_toml
from tests.support.ops import Ops, copy_of, empty, restore

AT = "2026-10-05T09:00:00+02:00"
ALLOWED, UNAVAILABLE = "ALLOW DIRECTORY_NOT_OPPOSED", "DENY STORE_UNAVAILABLE"
SECOND = ("[campaigns.assistenza]", """[controllers.beta]
name = "Beta"
sector = "telecom"
[caller_ids."+390212340001"]
holder = "beta"
roc_declared = true
[campaigns.beta]
controller = "beta"
purpose = "marketing"
agent = "human"
category = "telecom"
caller_ids = ["+390212340001"]
trunk = "carrier1"
source = "Elenco"
[campaigns.assistenza]""")


@pytest.fixture
def ops(tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> Ops:
    return Ops(tmp_path, store_url, capsys, SECOND)


def objections(ops: Ops) -> None:
    ops.load("objections", f"number,controller,objected_at,via\n{CLEAR},acme,{AT},call\n", name="objections.csv")


def beside(ops: Ops) -> Daemon:
    """A daemon of a machine that has seen nothing yet."""
    path_beside(ops.settings.log_path).unlink(missing_ok=True)
    return Daemon(ops.gate_toml)


def of_beta(daemon: Daemon) -> str:
    return answer(daemon, campaign="beta", agi_callerid="0212340001")


def lacking_objections(ops: Ops) -> None:
    """The store of before the objections, with the answers that let both controllers' calls through."""
    load_feeds(ops.gate_toml)
    esito = (ops.folder / "esito.txt").read_text()
    ops("load", "registry", str(ops.folder / "esito.txt"), "--controller", "beta", "--checked-at", ops.today())
    assert esito.startswith(CLEAR)
    ops.load("contacts", f"number,controller,source,directory\n{CLEAR},beta,Elenco,yes\n", name="of-beta.csv")
    older = copy_of(ops)
    objections(ops)
    restore(ops, older)


def test_a_controller_that_is_not_whole_is_denied_until_it_is(ops: Ops) -> None:
    lacking_objections(ops)
    with beside(ops) as daemon:
        assert "the store of controller `acme` lacks 1 load (objections objections.csv of" in daemon.said()
        assert [answer(daemon), answer(daemon, "112")] == [UNAVAILABLE, "ALLOW EMERGENCY"]
        assert of_beta(daemon) == ALLOWED
        assert daemon.said().count("agi-gate: the store of controller `acme` lacks 1 load") == 1
        empty(ops.url)
        ops("rebuild", "--without-callbacks")
        eventually(lambda: "the store of controller `acme` is whole again" in daemon.said())
        assert answer(daemon) == "DENY OBJECTION_RECORDED" and of_beta(daemon) == ALLOWED
        assert daemon.said().count("is whole again") == 1


def test_a_file_that_is_loaded_again_makes_it_whole_too(ops: Ops) -> None:
    lacking_objections(ops)
    with beside(ops) as daemon:
        assert answer(daemon) == UNAVAILABLE
        objections(ops)
        eventually(lambda: "is whole again" in daemon.said())
        assert answer(daemon) == "DENY OBJECTION_RECORDED"


def test_what_somebody_chose_to_go_on_without_is_said_and_denies_nobody(ops: Ops) -> None:
    lacking_objections(ops)
    ops.load("contacts", f"number,controller,source,directory\n{ENROLLED},acme,Elenco,yes\n", OPTION, name="more.csv")
    with beside(ops) as daemon:
        assert "goes on without 1 load (objections objections.csv of" in daemon.said()
        assert answer(daemon) == ALLOWED


@pytest.mark.parametrize("mend", ("load", "rebuild", "status"))
def test_a_doubt_goes_with_its_cause_where_no_daemon_runs(ops: Ops, mend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking_objections(ops)
    with beside(ops):
        pass
    check = ["check", CLEAR, "--campaign", "fibra", "--at", f"{ops.today()[:10]}T12:00:00+00:00"]
    ops(*check, code=UNREACHABLE)
    if mend == "rebuild":
        empty(ops.url)
        ops("rebuild", "--without-callbacks")
    else:
        with monkeypatch.context() as patch:
            if mend == "status":
                patch.setattr("agi_gate.ops.loading.compare_anew", lambda *_: None)
            objections(ops)
    if mend == "status":
        ops(*check, code=UNREACHABLE)
        ops("status")
    assert "OBJECTION_RECORDED" in ops(*check, code=3)


def test_a_controller_of_another_name_is_named_at_the_start(ops: Ops) -> None:
    load_feeds(ops.gate_toml)
    write_gate_toml(ops.folder, ("[controllers.acme]", "[controllers.acne]"), ('holder = "acme"', 'holder = "acne"'),
                    ('controller = "acme"', 'controller = "acne"'))
    with beside(ops) as daemon:
        assert "the store holds facts of controller `acme`, which the configuration does not have" in daemon.said()


def test_without_an_archive_it_says_that_it_does_not_know(ops: Ops) -> None:
    load_feeds(ops.gate_toml)
    (ops.folder / "archive").rename(ops.folder / "elsewhere")
    with beside(ops) as daemon:
        assert daemon.said().count("whether the store is whole is not known here") == 1
        assert answer(daemon) == ALLOWED


def test_a_store_that_is_down_keeps_no_daemon_from_starting(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    load_feeds(ops.gate_toml)
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    with beside(ops) as daemon:
        assert answer(daemon) == UNAVAILABLE


def test_what_a_whole_store_shows_is_known_before_any_call(ops: Ops) -> None:
    load_feeds(ops.gate_toml)
    with beside(ops) as daemon:
        empty(ops.url)
        assert answer(daemon) == UNAVAILABLE
        assert "calls have seen load" in daemon.said()
