"""`--keep-good`: of a list of refusals what can be read is loaded, the rest waits to be mended, and nothing allows a call."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from agi_gate.ops.exit_codes import DENIED, DONE, FEED_REFUSED, REJECTS_KEPT, USAGE
from agi_gate.ops.main import main
from tests.support.gate_toml import CLEAR, ENROLLED, NEVER_CHECKED, write_gate_toml
from tests.support.ran import Ran

YESTERDAY, AT = "2026-10-13T11:00:00+02:00", "2026-10-14T11:00:00+02:00"
OBJECTIONS = "number,controller,objected_at,via"
CONSENTS = "number,controller,granted_at,purpose,category,channel,origin,evidence,revoked_at"
GRANT = "acme,2026-09-01T09:00:00+02:00,marketing,telecom,both,web,ip"
Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, store_url: str) -> Path:
    write_gate_toml(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        try:
            code = main(["--config", str(folder / "gate.toml"), *map(str, arguments)])
        except SystemExit as end:  # argparse's own way out
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())
    return run


@pytest.fixture
def load(run: Run, folder: Path) -> Run:
    def load(feed: str, text: str, *more: str) -> Ran:
        (folder / f"{feed}.csv").write_text(text)
        return run("load", feed, folder / f"{feed}.csv", *more)
    return load


def reason(run: Run, number: str) -> str:
    return str(run("check", number, "--campaign", "fibra", "--at", AT, "--json").json["reason"])


def rejected(folder: Path, feed: str) -> list[dict[str, str]]:
    with (folder / f"{feed}.csv.rejects").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("feed", "header", "row", "denied"), (
    ("objections", OBJECTIONS, "acme,{},call", "OBJECTION_RECORDED"), ("rests", "number,controller,silent_at", "acme,{}", "REST_AFTER_SILENT_CALL")))
def test_what_can_be_read_is_loaded_and_the_rest_waits(load: Run, run: Run, folder: Path, feed: str, header: str, row: str,
                                                       denied: str) -> None:
    for number in (CLEAR, ENROLLED):
        load("contacts", f"number,controller,source,directory\n{number},acme,Elenco,yes\n")
    text = f"{header}\n{CLEAR},{row.format(YESTERDAY)}\n02 1234563/4,{row.format(YESTERDAY)}\n{ENROLLED},{row.format('yesterday')}\n"
    assert load(feed, text).code == FEED_REFUSED and reason(run, CLEAR) == "REGISTRY_UNKNOWN"
    (folder / f"{feed}.csv.rejects").unlink()
    ran = load(feed, text, "--keep-good", "--json")
    assert ran.code == REJECTS_KEPT and ran.json["kept_good"] is True
    assert (ran.json["rows"], ran.json["rejected"], ran.json["rejects"]) == (1, 2, str(folder / f"{feed}.csv.rejects"))
    assert reason(run, CLEAR) == denied and reason(run, ENROLLED) == "REGISTRY_UNKNOWN"
    assert [row["number"] for row in rejected(folder, feed)] == ["02 1234563/4", ENROLLED]
    whole = load(feed, f"{header}\n{CLEAR},{row.format(YESTERDAY)}\n", "--keep-good", "--json")
    assert (whole.code, whole.json["kept_good"], whole.json["rejects"]) == (DONE, False, None)


def test_what_only_rejects_that_were_allowed_needs_no_keeping(load: Run, folder: Path) -> None:
    ran = load("objections", f"{OBJECTIONS}\n{CLEAR},acme,{YESTERDAY},call\nx,acme,{YESTERDAY},call\n", "--keep-good", "--max-rejects", "1")
    assert ran.code == DONE


def test_a_list_of_which_nothing_can_be_kept_is_refused(load: Run) -> None:
    ran = load("objections", f"{OBJECTIONS}\nx,acme,{YESTERDAY},call\n", "--keep-good")
    assert (ran.code, ran.out) == (FEED_REFUSED, "") and "holds no row that can be kept" in ran.err
    ran = load("objections", f"number,controller,when,via\nx,acme,{YESTERDAY},call\n", "--keep-good")
    assert ran.code == FEED_REFUSED and "`when` is not known" in ran.err


@pytest.mark.parametrize("feed", ("contacts", "callbacks", "registry"))
def test_lists_that_allow_calls_are_loaded_whole_or_not_at_all(run: Run, feed: str) -> None:
    more = ("--controller", "acme", "--checked-at", AT) if feed == "registry" else ()
    ran = run("load", feed, "x.csv", "--keep-good", *more)
    assert ran.code == USAGE and "--keep-good" in ran.err


def test_a_row_that_stray_quotes_put_into_a_cell_does_not_keep_the_others_back(load: Run, run: Run, folder: Path) -> None:
    text = (f'{OBJECTIONS}\n{CLEAR},acme,{YESTERDAY},call\n{ENROLLED},acme,{YESTERDAY},"call\n'
            f'{NEVER_CHECKED},acme,{YESTERDAY},call"\n')
    assert load("objections", text).code == FEED_REFUSED
    assert load("objections", text, "--keep-good").code == REJECTS_KEPT
    assert reason(run, CLEAR) == "OBJECTION_RECORDED"
    assert "holds a whole row" in rejected(folder, "objections")[0]["why"]


def test_of_consents_only_what_revokes_is_kept(load: Run, run: Run, folder: Path) -> None:
    for flags in (f"{CLEAR},0\n{ENROLLED},0\n{NEVER_CHECKED},0\n",):
        (folder / "esito.txt").write_text(flags)
        assert run("load", "registry", folder / "esito.txt", "--controller", "acme", "--checked-at", "2026-10-11T09:00:00+02:00").code == DONE
    assert load("consents", f"{CONSENTS}\n{CLEAR},{GRANT},\n").code == DONE
    assert reason(run, CLEAR) == "CONSENT_VALID"
    # a consent that is withdrawn in a row which cannot be read must not be loaded beside it
    text = f"{CONSENTS}\n{CLEAR},{GRANT},{YESTERDAY}\n{ENROLLED},{GRANT},\n{ENROLLED},{GRANT},13/10/2026\n{NEVER_CHECKED},{GRANT},{AT}\n"
    ran = load("consents", text, "--keep-good", "--json")
    assert (ran.code, ran.json["rows"], ran.json["rejected"]) == (REJECTS_KEPT, 2, 2)
    assert (reason(run, CLEAR), reason(run, ENROLLED)) == ("CONSENT_REVOKED", "CONSENT_NONE")
    waiting = rejected(folder, "consents")
    assert [row["number"] for row in waiting] == [ENROLLED, ENROLLED] and "waits until the file can be read whole" in waiting[0]["why"]
    assert load("consents", text.replace("13/10/2026", YESTERDAY)).code == DONE
    assert reason(run, ENROLLED) == "CONSENT_REVOKED"


def test_a_revocation_of_tomorrow_is_not_kept_since_it_would_allow_calls_today(load: Run, run: Run, folder: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    ran = load("consents", f"{CONSENTS}\n{CLEAR},{GRANT},{tomorrow}\nx,{GRANT},\n{ENROLLED},{GRANT},{YESTERDAY}\n", "--keep-good", "--json")
    assert (ran.code, ran.json["rows"]) == (REJECTS_KEPT, 1)


@pytest.mark.parametrize("packed", (False, True))
def test_a_store_that_is_made_again_holds_no_more_than_was_kept(load: Run, run: Run, folder: Path, store_url: str, packed: bool) -> None:
    def held() -> list[str]:
        return [reason(run, number) for number in (CLEAR, ENROLLED, NEVER_CHECKED, "331234567", "3331234500")]

    (folder / "esito.txt").write_text(f"{CLEAR},0\n{ENROLLED},0\n{NEVER_CHECKED},0\n331234567,0\n3331234500,0\n")
    assert run("load", "registry", folder / "esito.txt", "--controller", "acme", "--checked-at", "2026-10-11T09:00:00+02:00",
               "--max-doubtful", "1").code == DONE
    assert load("consents", f"{CONSENTS}\n{CLEAR},{GRANT},\n{ENROLLED},{GRANT},\n331234567,{GRANT},\n", "--max-doubtful", "1").code == DONE
    text = f"{CONSENTS}\n{CLEAR},{GRANT},{YESTERDAY}\n{NEVER_CHECKED},{GRANT},\nx,{GRANT},\n"
    assert load("consents", text, "--keep-good").code == REJECTS_KEPT
    objections = f"{OBJECTIONS}\n331234567,acme,{YESTERDAY},call\n3331234500,acme,{YESTERDAY},call\n"
    assert load("objections", objections, "--keep-good").code == REJECTS_KEPT
    before = held()
    assert before == ["CONSENT_REVOKED", "CONSENT_VALID", "CONSENT_NONE", "CONSENT_VALID", "OBJECTION_RECORDED"]
    with redis.Redis.from_url(store_url) as client:
        client.flushall()
    assert run("rebuild").code == DONE
    assert held() == before


# --- doubtful numbers, and what a dry run says

def test_a_list_of_doubtful_numbers_is_refused_until_somebody_says_that_they_are_right(load: Run, run: Run) -> None:
    text = f"{OBJECTIONS}\n331234567,acme,{YESTERDAY},call\n{CLEAR},acme,{YESTERDAY},call\n"
    ran = load("objections", text)
    assert (ran.code, ran.out) == (FEED_REFUSED, "")
    assert "1 of 2 numbers are doubtful, the first in line 2: `331234567`" in ran.err and "`0331234567`" in ran.err
    assert "load it with --max-doubtful 1; nothing was changed" in ran.err
    ran = load("objections", text, "--max-doubtful", "1", "--json")
    assert (ran.code, ran.json["doubtful"], ran.json["rows"]) == (DONE, 1, 2) and "are doubtful" in ran.json["notices"][0]
    assert reason(run, "331234567") == "OBJECTION_RECORDED"


def test_doubtful_numbers_wait_where_the_good_ones_are_kept(load: Run, run: Run, folder: Path) -> None:
    ran = load("objections", f"{OBJECTIONS}\n331234567,acme,{YESTERDAY},call\n{CLEAR},acme,{YESTERDAY},call\n", "--keep-good")
    assert ran.code == REJECTS_KEPT and reason(run, CLEAR) == "OBJECTION_RECORDED" and reason(run, "331234567") == "REGISTRY_UNKNOWN"
    row, = rejected(folder, "objections")
    assert row["number"] == "331234567" and "`0331234567` without its 0" in row["why"]


@pytest.mark.parametrize("more", ((), ("--keep-good",), ("--keep-good", "--max-doubtful", "1"), ("--max-rejects", "2", "--max-doubtful", "1")))
def test_a_dry_run_and_a_load_say_the_same(load: Run, folder: Path, more: tuple[str, ...]) -> None:
    text = f"{OBJECTIONS}\n331234567,acme,{YESTERDAY},call\n{CLEAR},acme,{YESTERDAY},call\nx,acme,{YESTERDAY},call\ny,acme,,call"
    said = []
    for dry in (("--dry-run",), ()):
        ran = load("objections", text, *more, *dry, "--json")
        path = folder / "objections.csv.rejects"
        rejects = path.read_text()
        path.unlink()
        answer = {key: value for key, value in json.loads(ran.out or "{}").items() if key not in ("dry_run", "changed", "loaded_at")}
        said.append((ran.code, ran.err, answer, rejects))
    assert said[0] == said[1]
    assert said[0][0] in (DONE, REJECTS_KEPT, FEED_REFUSED) and DENIED != said[0][0]
