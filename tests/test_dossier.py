"""`agi-gate dossier`: one page of all that is on record of a number, for the person or the authority, that can be checked."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog, time_seen
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.explaining import LANGUAGES
from agi_gate.explaining.dossier import Placed, canonical, decision_data, digest_of
from agi_gate.explaining.page import Table, page_of
from agi_gate.facts import Facts
from agi_gate.gate import Gate
from agi_gate.ops import dossier_files, dossier_html, dossier_pdf
from agi_gate.ops.exit_codes import DONE, NOT_PROVEN, UNREACHABLE, USAGE
from agi_gate.ops.main import main
from agi_gate.store.reader import Store, connect
from lab.waiting import PATIENCE_S
from tests.decision_log.writing import change
from tests.support.clock import load_in
from tests.support.builders import LANDLINE, UNLISTED, a_call, checks, time
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import CALLER_ID, write_gate_toml
from tests.support.stories import entry_of

NUMBER, OTHER = "3331234500", "3331234501"
# whatever a list holds, none of it is markup, a command or a character that must break the page
HOSTILE = '<script>alert(1)</script> </script><!-- " \' & {0} %s Šimić é \u202e x'
CELL = HOSTILE.replace('"', '""')
FEEDS = {
    "contacts": f'number,controller,source,directory,acquired_on,recipient\n{NUMBER},acme,"{CELL}",yes,2026-08-03,business\n',
    "consents": f"""number,controller,granted_at,purpose,category,channel,origin,evidence,notice,revoked_at
{NUMBER},acme,2026-03-10T10:00:00+01:00,marketing,telecom,both,"{CELL}",IP 192.0.2.7 e SMS,informativa v3,
{NUMBER},acme,2025-03-10T10:00:00+01:00,marketing,telecom,human,fiera,firma,,2025-05-01T09:00:00+02:00
""",
    "objections": f"number,controller,objected_at,via\n{NUMBER},acme,2026-05-02T09:00:00+02:00,telefono\n",
    "callbacks": "number,controller,requested_at,valid_until,via\n"
                 f"{NUMBER},acme,2026-06-02T09:00:00+02:00,2027-12-31T00:00:00+01:00,own_web\n",
    "rests": f"number,controller,silent_at\n{NUMBER},acme,2026-07-02T09:00:00+02:00\n",
}


class Ops:
    def __init__(self, gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.gate_toml, self._capsys, self.folder = gate_toml, capsys, gate_toml.parent
        self.settings = config.load(gate_toml)
        self.err = self.out = ""

    def run(self, *arguments: str, code: int = DONE) -> str:
        self._capsys.readouterr()
        ran = main(["--config", str(self.gate_toml), *arguments])
        said = self._capsys.readouterr()
        self.out, self.err = said.out, said.err
        assert ran == code, said.out + said.err
        assert NUMBER not in said.err and OTHER not in said.err
        return said.out

    def load(self) -> None:
        for name, text in FEEDS.items():
            (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
            self.run("load", name, str(self.folder / f"{name}.csv"))
        for number, (at, flag) in enumerate((("2026-09-01T09:00:00+02:00", 0), ("2026-10-11T09:00:00+02:00", 1))):
            (self.folder / f"esito{number}.txt").write_text(f"{NUMBER},{flag}\r\n")
            self.run("load", "registry", str(self.folder / f"esito{number}.txt"), "--controller", "acme", "--checked-at", at,
                     "--receipt", f"RPO-{number}")

    def call(self, number: str = NUMBER, caller_id: str = CALLER_ID, campaign: str = "fibra") -> str:
        pseudonym = Keys.load(self.settings.log.key).pseudonym if self.settings.log.key else None
        with connect(self.settings.store.url, 5_000) as client:
            log = DecisionLog(self.settings.log_path)
            gate = Gate(self.settings.policy, Store(client), log, pseudonym=pseudonym)
            try:
                return gate.decide(Request(number, campaign, caller_id, Presentation.ALLOWED)).id
            finally:
                log.close()

    def keep(self, days: int, **plan: int) -> None:
        time_seen.trust(self.settings.log.path, at := datetime.now(UTC) + timedelta(days=days))
        keep(self.settings.log.path, Plan(**plan), at, lambda words: None, pytest.fail)

    def make(self, name: str = "person.json", *arguments: str, number: str = NUMBER, code: int = DONE) -> Path:
        path = self.folder / name
        self.run("dossier", number, "--controller", "acme", "--out", str(path), *arguments, code=code)
        return path

    def content(self, *arguments: str, code: int = DONE) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.make("person.json", "--force", *arguments, code=code).read_text())["dossier"]
        return content

    def forget_dossiers(self) -> None:
        shutil.rmtree(self.settings.archive_path / "dossiers")

    def verify(self, path: Path, *arguments: str, code: int = DONE) -> str:
        return self.run("dossier", "--verify", str(path), *arguments, code=code)


@pytest.fixture
def ops(store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ops:
    add_key(tmp_path / "keys", datetime.now(UTC))
    made = Ops(write_gate_toml(tmp_path, ('path = "decisions.jsonl"', 'path = "decisions.jsonl"\nkey = "keys"')), capsys)
    made.load()
    made.ids = [made.call(), made.call(caller_id=HOSTILE[:40]), made.call()]  # type: ignore[attr-defined]
    made.call(OTHER)
    return made


def ids_of(ops: Ops) -> list[str]:
    ids: list[str] = ops.ids  # type: ignore[attr-defined]
    return ids


# --- what is in it

def test_it_holds_all_that_is_on_record_of_the_number_and_no_other(ops: Ops) -> None:
    path = ops.make()
    text = path.read_text()
    assert OTHER not in text
    content = json.loads(text)["dossier"]
    assert (content["number"], content["controller"]) == (f"+39{NUMBER}", {"id": "acme", "name": "Acme Telecom"})
    assert content["source"] == HOSTILE == content["contact"]["source"]
    assert [check["enrolled"] for check in content["checks"]] == [False, True]
    receipts = [check["receipt"] for check in content["checks"]]
    assert [(one["receipt"], one["file"], one["archived"]) for one in receipts] == [
        ("RPO-0", "esito0.txt", True), ("RPO-1", "esito1.txt", True)]
    assert "loaded_by" not in text and all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in receipts)
    assert [(one["evidence"], one["fault"]) for one in content["consents"]] == [
        ("firma", "CONSENT_REVOKED"), ("IP 192.0.2.7 e SMS", "CONSENT_VOIDED_BY_REGISTRY")]
    assert content["objection"]["via"] == "telefono" and content["callbacks"][0]["used"]
    assert (content["contact"]["recipient"], content["callbacks"][0]["via"]) == ("business", "own_web")
    assert content["callbacks"][0]["ends_at"] == content["callbacks"][0]["valid_until"]
    assert len(content["silent_calls"]) == 1
    decisions = content["decisions"]
    assert [one["id"] for one in decisions] == ids_of(ops)
    assert [one["verdict"] for one in decisions] == ["ALLOW", "DENY", "DENY"]
    assert decisions[0]["rested_on"] and decisions[2]["why"][0]["code"] == "OBJECTION_RECORDED"
    records = {one["id"]: one for one in map(json.loads, ops.settings.log_path.read_text().splitlines())}
    for one in decisions:
        assert (one["chain"], one["seq"]) == (records[one["id"]]["chain"], records[one["id"]]["seq"])
        assert re.fullmatch("[0-9a-f]{64}", one["hash"]) and one["seal"] is None and one["file"] == "decisions.jsonl"
    assert content["log"]["missing"] == []


def test_the_number_is_read_as_people_type_it(ops: Ops) -> None:
    for number, typed in enumerate((f"+39{NUMBER}", f"0039{NUMBER}", "333 123 4500")):
        assert json.loads(ops.make(f"{number}.json", number=typed).read_text())["dossier"]["number"] == f"+39{NUMBER}"


def test_a_number_of_which_nothing_is_known_has_a_page_that_says_so(ops: Ops) -> None:
    page = ops.make("empty.html", "--language", "en", number="3339999999").read_text()
    for words in ("No source is on record", "never checked for this controller", "No consent is on file", "none is on file",
                  "No call to this number was ever decided"):
        assert words in page, words
    ops.verify(ops.folder / "empty.html")


def test_sealed_decisions_name_their_seal(ops: Ops) -> None:
    ops.keep(2)
    seals = {one["seal"] for one in ops.content()["decisions"]}
    [seal] = ops.folder.glob("*.seal")
    assert seals == {json.loads(seal.read_text())["digest"]}
    assert ops.content()["log"]["newest_seal"] in seals
    ops.verify(ops.folder / "person.json")


def test_masked_decisions_are_in_it_for_who_has_the_key(ops: Ops) -> None:
    before = ops.content()["decisions"]
    for days in (2, 4):
        ops.keep(days, pseudonymise_after_days=1)
    after = ops.content()["decisions"]
    assert all(one["masked"] for one in after)
    assert [(one["id"], one["hash"], one["seq"]) for one in after] == [(one["id"], one["hash"], one["seq"]) for one in before]


def test_without_the_key_it_says_which_files_could_not_be_searched(ops: Ops) -> None:
    for days in (2, 4):
        ops.keep(days, pseudonymise_after_days=1)
    (ops.folder / "keys").rename(ops.folder / "away")
    page = ops.make("person.html", "--language", "it", code=UNREACHABLE).read_text()
    [segment] = ops.folder.glob("*.zst")
    assert "QUESTO FASCICOLO NON È COMPLETO" in page and segment.name in page and "k1" in ops.err
    assert str(ops.folder) not in page  # paths are nobody else's business
    assert "not complete" in ops.err
    assert "what could be compared" in ops.verify(ops.folder / "person.html", code=UNREACHABLE)
    (ops.folder / "away").rename(ops.folder / "keys")
    assert "3 decision(s) that are in the log are not in it; it says itself that their file" in ops.verify(ops.folder / "person.html")


def test_a_part_of_the_log_that_is_damaged_or_missing_is_named(ops: Ops) -> None:
    ops.keep(2)
    [segment] = ops.folder.glob("*.zst")
    kept = segment.read_bytes()
    segment.write_bytes(kept[:60])
    assert {"what": "unread", "file": segment.name} in ops.content(code=UNREACHABLE)["log"]["missing"]
    segment.unlink()
    assert ops.content(code=UNREACHABLE)["log"]["missing"] == [{"what": "gone", "file": segment.name}]


@pytest.mark.parametrize("break_it", (
    lambda ops: (ops.keep(2), next(ops.folder.glob("*.zst")).write_bytes(b"x")), lambda ops: ops.settings.log_path.unlink(),
    lambda ops: (ops.keep(2), next(ops.folder.glob("*.zst")).unlink()),
    lambda ops: (ops.keep(2), next(ops.folder.glob("*.zst")).unlink(), next(ops.folder.glob("*.seal")).write_text("{")),
    lambda ops: (ops.keep(2, pseudonymise_after_days=1), ops.keep(4, pseudonymise_after_days=1), (ops.folder / "keys").unlink()),
    lambda ops: next((ops.settings.archive_path / "receipts").iterdir()).write_text("{")),
    ids=("damaged", "no log", "gone", "gone with its seal", "no key", "receipts"))
def test_what_is_missing_is_told_in_the_language_of_the_page(ops: Ops, break_it: Callable[[Ops], Any]) -> None:
    break_it(ops)
    page = ops.make("person.html", "--language", "it", code=UNREACHABLE).read_text()
    boxes = re.findall('<p class="grave">(.*?)</p>', page)
    assert boxes and all(box.startswith("QUESTO FASCICOLO NON È COMPLETO. ") for box in boxes)
    assert not re.search(r"\b(is|the|read|missing|with|file of)\b", " ".join(boxes)), boxes
    assert boxes[0].removeprefix("QUESTO FASCICOLO NON È COMPLETO. ") in " ".join(ops.err.split()).replace("'", "&#x27;")


def test_calls_that_no_search_by_controller_and_number_finds_are_in_it_or_counted(ops: Ops) -> None:
    hidden, nowhere = ops.call(f"#31#{NUMBER}"), ops.call(f"*67{OTHER}")
    unknown, _ = ops.call(campaign="no such"), ops.call(f"*31#{NUMBER}", campaign="no such")
    content = ops.content()
    ids = [one["id"] for one in content["decisions"]]
    assert ids == [*ids_of(ops), hidden] and not {nowhere, unknown} & set(ids)
    assert content["decisions"][-1]["reason"] == "CALLER_ID_WITHHELD"
    assert (content["log"]["ownerless"], content["log"]["numberless"]) == (2, 0)
    page = ops.make("person.html", "--language", "it").read_text()
    assert "senza una campagna nota, che non sono di alcun titolare e non sono qui riportate: 2." in page
    ops.verify(ops.folder / "person.html")
    for days in (2, 4):
        ops.keep(days, pseudonymise_after_days=1)
    content = ops.content()
    assert [one["id"] for one in content["decisions"]] == ids_of(ops)
    assert (content["log"]["ownerless"], content["log"]["numberless"]) == (1, 2)
    assert "nessuno può più dire" in ops.make("masked.html", "--language", "it").read_text()


def test_each_call_is_told_with_human_or_machine_category_and_the_source_of_its_record(ops: Ops) -> None:
    decision = ops.content("--language", "it")["decisions"][0]
    assert (decision["agent"], decision["category"], decision["source"]) == ("human", "telecom", HOSTILE)
    rows = next(block.rows for block in page_of(json.loads((ops.folder / "person.json").read_text()), LANGUAGES["it"]).blocks
                if isinstance(block, Table) and block.columns[0] == "Quando")
    assert f"marketing; categoria: telecom; chiamata con operatore; provenienza secondo la registrazione: «{HOSTILE}»" in rows[0][1]


def test_a_refusal_by_the_controllers_own_hours_cites_no_law(ops: Ops) -> None:
    own = "".join(f'{day} = "closed"\n' for day in ("weekday", "saturday", "before_holiday", "sunday", "holiday"))
    path = write_gate_toml(ops.folder, ('hours = "off"\n', f"[policy.hours]\n{own}"), name="own.toml")
    Ops(path, ops._capsys).call()
    why = ops.content("--language", "en")["decisions"][-1]["why"]
    # on a Sunday or a holiday the code is another one
    assert {one["law"] for one in why if one["code"].startswith("HOURS_")} == {
        "none; they are the controller's own calling hours ([policy] hours)"}


def test_under_the_law_of_2011_a_call_rested_on_its_check_and_on_no_listing() -> None:
    call = a_call(LANDLINE, at=time("2017-03-07T11:00:00+01:00"))
    entry = entry_of(call, Facts(checks("2017-03-01T11:00:00+01:00=0"), contact=UNLISTED))
    decision = decision_data(Placed(entry, None, "decisions.jsonl", None), LANGUAGES["it"])
    assert decision["rested_on"] == "alla verifica del 1° marzo 2017 alle ore 11:00 CET"


def test_each_fact_is_told_with_the_file_that_it_was_loaded_from(ops: Ops) -> None:
    content = ops.content("--language", "it")
    assert content["contact"]["loaded"]["file"] == "contacts.csv" and content["objection"]["loaded"]["file"] == "objections.csv"
    assert [one["loaded"]["file"] for one in content["consents"]] == ["consents.csv"] * 2
    assert [bool(one["revocation_loaded"]) for one in content["consents"]] == [True, False]
    page = ops.make("person.html", "--language", "it").read_text().partition("<script")[0]
    assert page.count("Dato caricato il") == 4 and page.count("Revoca caricata il") == 1
    shutil.rmtree(ops.settings.archive_path / "feeds")
    assert "Quando il dato sia stato caricato non è documentato." in ops.make("person.html", "--force", "--language", "it").read_text()


def test_where_the_number_has_no_source_those_of_the_campaigns_are_told(ops: Ops) -> None:
    page = ops.make("empty.html", "--language", "it", number="3339999999").read_text()
    assert "Nella campagna `fibra` la provenienza sarebbe «Elenco 2026-09»" in page
    assert ops.content()["campaign_sources"] == {}


def test_a_source_that_the_records_alone_name_is_not_called_absent(ops: Ops) -> None:
    ops.call("3339999999")
    page = ops.make("list.html", "--language", "it", number="3339999999").read_text()
    assert "Decisioni: 1, di cui consentite: 0, negate: 1." in page
    assert "la provenienza del numero; le registrazioni delle decisioni sotto riportate indicano «Elenco 2026-09»." in page
    assert "Non è documentata alcuna provenienza" not in page
    ops.verify(ops.folder / "list.html")


def test_a_row_that_is_dated_ahead_is_told_beside_the_source_that_is_not_there(
        ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    load_in(monkeypatch, 2100)  # on a machine whose clock was wrong
    (ops.folder / "ahead.csv").write_text("number,controller,source,directory,acquired_on\n3339999999,acme,Elenco Neri,no,2099-08-03\n")
    ops.run("load", "contacts", str(ops.folder / "ahead.csv"))
    page = ops.make("ahead.html", "--language", "it", number="3339999999").read_text()
    assert "Agli atti è indicata «Elenco Neri», ma con la data del 3 agosto 2099" in page
    ops.verify(ops.folder / "ahead.html")


def test_what_is_past_retention_is_told_of(ops: Ops) -> None:
    made = ops.make("before.json")
    ops.keep(2)
    ops.keep(40, decisions_days=30)
    content = ops.content()
    assert content["decisions"] == [] and len(content["log"]["removed"]) == 1 and content["log"]["missing"] == []
    page = ops.make("person.html", "--language", "en").read_text()
    assert "were removed on" in page and "their seal is kept" in page
    assert ops.verify(made).count("is past retention") == 3


def test_receipts_come_from_the_store_where_the_archive_has_none(ops: Ops) -> None:
    shutil.rmtree(ops.settings.archive_path)
    receipts = [check["receipt"] for check in ops.content()["checks"]]
    assert [(one["receipt"], one.get("archived")) for one in receipts] == [("RPO-0", None), ("RPO-1", None)]


def test_a_damaged_archive_is_told_of(ops: Ops) -> None:
    next((ops.settings.archive_path / "receipts").iterdir()).write_text("{")
    assert ops.content(code=UNREACHABLE)["log"]["missing"] == [{"what": "receipts", "file": None}]
    assert "cannot be read" in ops.err


def test_without_the_store_nothing_is_written(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    assert not ops.make("person.html", code=UNREACHABLE).exists()
    assert "the store could not be read" in ops.err and "nothing was written" in ops.err


# --- the file

@pytest.mark.parametrize("name", ("person.html", "person.json", "person.pdf", "PERSON.HTML"))
def test_it_is_for_its_owner_alone_and_never_writes_over_another(ops: Ops, name: str) -> None:
    path = ops.make(name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    ops.make(name, code=USAGE)
    assert "--force" in ops.err and path.read_bytes() == first
    ops.make(name, "--force")
    assert path.read_bytes() != first  # it was made at another time
    assert [one.name for one in ops.folder.iterdir() if one.name.startswith(f".{name}")] == []


@pytest.mark.parametrize(("arguments", "words"), (
    (("--out", "x.txt"), "ends in none of .html, .json, .pdf"), (("--out", "html"), "ends in none"), ((), "--out missing"),
    (("--out", "/no/such/folder/x.html"), "no file can be made"), (("--out", "{folder}/taken.html"), "no regular file"),
    (("--out", "x.html", "--json"), "--out FILE.json"), (("--verify", "x.html"), "takes a file alone")))
def test_what_cannot_be_written_is_exit_2(ops: Ops, arguments: tuple[str, ...], words: str) -> None:
    (ops.folder / "taken.html").mkdir()
    ops.run("dossier", NUMBER, "--controller", "acme", "--force", *(one.format(folder=ops.folder) for one in arguments), code=USAGE)
    assert words in ops.err


def test_nobody_meant_is_exit_2(ops: Ops) -> None:
    for number, controller, words in ((NUMBER, "acm", "did you mean `acme`"), ("x", "acme", "is not a number")):
        ops.run("dossier", number, "--controller", controller, "--out", str(ops.folder / "x.html"), code=USAGE)
        assert words in ops.err
    ops.run("dossier", "--out", "x.html", code=USAGE)
    assert "NUMBER, --controller missing" in ops.err


def test_a_link_is_not_followed_and_a_file_that_comes_meanwhile_is_left(ops: Ops) -> None:
    link = ops.folder / "link.html"
    link.symlink_to(ops.folder / "target.html")
    ops.make("link.html", code=USAGE)
    assert not (ops.folder / "target.html").exists()
    (ops.folder / "late.json").write_text("mine")
    with pytest.raises(dossier_files.WrongFile):
        dossier_files.write(ops.folder / "late.json", b"x", False)
    assert (ops.folder / "late.json").read_text() == "mine"


# --- the page

class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", ("it", "en"))
def test_the_page_has_no_script_nothing_from_outside_and_no_markup_of_others(ops: Ops, language: str) -> None:
    page = ops.make("person.html", "--language", language).read_text()
    reader = Reader()
    reader.feed(page)
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "dossier"}]
    assert {tag for tag, _ in reader.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "p", "table", "colgroup", "col", "thead",
        "tbody", "tr", "th", "td", "script"}
    for _, attributes in reader.tags:
        assert not {name for name in attributes if name.startswith("on")} and not {"src", "href"} & set(attributes)
    assert "url(" not in page and "@import" not in page and "default-src 'none'" in page and "@media print" in page
    shown = HOSTILE.replace("\u202e", "?")
    assert reader.text.count(shown) >= 3 and "\u202e" not in page.partition('<script type="application/json"')[0]
    assert not re.search(r"None\b|\{\w", reader.text.partition('{"digest"')[0].replace(shown, "").replace(HOSTILE[:40], "")
                         .partition("body{")[0])


@pytest.mark.parametrize("language", ("it", "en"))
def test_the_page_says_what_the_data_say(ops: Ops, language: str) -> None:
    words = LANGUAGES[language]
    whole = json.loads(ops.make("person.json", "--language", language).read_text())
    page = page_of(whole, words)
    text = json.dumps([page.facts, [getattr(block, "text", None) or [*block.columns, *block.rows] for block in page.blocks]],  # type: ignore[union-attr]
                      ensure_ascii=False)
    for one in whole["dossier"]["decisions"]:
        assert one["id"] in text and one["hash"] in text
        assert all(why["meaning"] in text and why["law"] in text and f"({why['code']}" in text for why in one["why"])
    for piece in ("RPO-0", "RPO-1", "esito1.txt", "informativa v3", "telefono", whole["digest"], "Acme Telecom (acme)"):
        assert piece in text, piece
    assert "None" not in text


def test_a_pdf_has_the_data_attached_and_shows_what_it_cannot_print(ops: Ops) -> None:
    content = ops.make("person.pdf", "--language", "it").read_bytes()
    assert content.startswith(b"%PDF-") and dossier_pdf.data_of(content)["dossier"]["source"] == HOSTILE
    assert b"/JavaScript" not in content and b"/URI" not in content
    assert "[U+0160]imi[U+0107]" in dossier_pdf._latin(HOSTILE)


def test_a_pdf_of_many_decisions_has_many_pages(ops: Ops) -> None:
    for _ in range(40):
        ops.call()
    content = ops.make("person.pdf").read_bytes()
    assert content.count(b"/Type /Page\n") > 2
    ops.verify(ops.folder / "person.pdf")


def test_without_fpdf2_a_pdf_is_refused_with_the_way_out(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    assert not ops.make("person.pdf", code=USAGE).exists()
    assert "pip install 'agi-gate[pdf]'" in ops.err
    ops.make("person.html")


def test_fpdf2_is_imported_only_for_a_pdf() -> None:
    code = "import sys; import agi_gate.ops.main; sys.exit('fpdf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=PATIENCE_S).returncode == 0


# --- verify

ALL = pytest.mark.parametrize("ending", (".json", ".html", ".pdf"))


@ALL
def test_what_was_not_touched_verifies_also_when_the_log_went_on(ops: Ops, ending: str) -> None:
    path = ops.make(f"person{ending}", "--language", "it")
    whole = dossier_files.read(path)[1]
    assert whole["digest"] == digest_of(whole["dossier"]) and whole["digest"] in ops.out
    assert "its 3 decision(s) are in the log as it says" in ops.verify(path, "--expect", whole["digest"])
    ops.call()
    for days in (2, 4):
        ops.keep(days, pseudonymise_after_days=1)
    said = json.loads(ops.verify(path, "--json"))
    assert said == {"verifies": True, "findings": [], "notes": [], "unreadable": [], "decisions": 3, "digest": whole["digest"],
                    "proven_by": "archive"}
    ops.forget_dossiers()
    assert "nothing differs that the log can show" in ops.verify(path) and "only be proven with --expect" in ops.verify(path)
    assert json.loads(ops.verify(path, "--json", "--expect", whole["digest"]))["proven_by"] == "expect"


def edited(path: Path, how: Callable[[dict[str, Any]], Any]) -> Path:
    """The data of a file changed, its page and digests left as they were."""
    whole = dossier_files.read(path)[1]
    old = whole["dossier"]
    how(new := json.loads(json.dumps(old)))
    data = path.read_bytes()
    if path.suffix == ".json":
        data = json.dumps(whole | {"dossier": new}, ensure_ascii=False, indent=1).encode() + b"\n"
    elif path.suffix == ".html":
        at = data.index(b'id="dossier">') + 13
        text = json.dumps(whole | {"dossier": new}, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
        data = data[:at] + text.encode() + data[data.index(b"</script>", at):]
    else:
        data = data.replace(canonical(whole), canonical(whole | {"dossier": new}))
    path.write_bytes(data)
    return path


EDITS: tuple[tuple[Callable[[dict[str, Any]], Any], str], ...] = (
    (lambda content: content["consents"].pop(), "its part `consents` was changed"),
    (lambda content: content["consents"][0].update(granted_at="2026-01-01T00:00:00.000000Z"), "its part `consents` was changed"),
    (lambda content: content.update(number="+390212345600"), "its part `number` was changed"),
    (lambda content: content.update(objection=None), "its part `objection` was changed"),
    (lambda content: content.pop("objection"), "its part `objection` is missing"),
    (lambda content: content.update(more=1), "its part `more` was put in"),
    (lambda content: content["decisions"][0].update(verdict="DENY"), "is in the log with another verdict"),
    (lambda content: content["decisions"][1].update(id="01a20d420d18-000000000000"), "is not in the log"),
    (lambda content: content["decisions"][2].update(hash="ab" * 32), "is in the log with another record hash"),
    (lambda content: content["decisions"][2].update(seal="ab" * 32), "is in the log with another seal"),
    (lambda content: content["decisions"].pop(), "its part `decisions` was changed"),
    (lambda content: content.update(decisions=5), "its part `decisions` was changed"),
    (lambda content: content.update(format="x"), "its part `format` was changed"),
)


@ALL
@pytest.mark.parametrize(("how", "words"), EDITS, ids=[words for _, words in EDITS])
def test_edited_data_are_found_and_named(ops: Ops, ending: str, how: Callable[[dict[str, Any]], Any], words: str) -> None:
    path = edited(ops.make(f"person{ending}"), how)
    out = ops.verify(path, code=NOT_PROVEN)
    assert words in out and "THE DOSSIER DOES NOT VERIFY" in out
    said = json.loads(ops.verify(path, "--json", code=NOT_PROVEN))
    assert said["verifies"] is False and any(words in finding for finding in said["findings"])


@ALL
@pytest.mark.parametrize(("how", "words"), [edit for edit in EDITS if "in the log" in edit[1]])
def test_edited_decisions_are_found_also_where_every_digest_was_made_anew(
        ops: Ops, ending: str, how: Callable[[dict[str, Any]], Any], words: str) -> None:
    path = ops.make(f"person{ending}")
    whole = dossier_files.read(path)[1]
    expected = whole["digest"]
    how(whole["dossier"])
    whole |= {"parts": {name: digest_of(part) for name, part in whole["dossier"].items()}, "digest": digest_of(whole["dossier"])}
    path.write_bytes(dossier_files.drawn(whole, LANGUAGES["en"] if whole["dossier"]["language"] == "en" else LANGUAGES["it"], ending))
    out = ops.verify(path, code=NOT_PROVEN)
    assert words in out and "its part" not in out and "the page" not in out
    assert f"the digest {expected} was expected" in ops.verify(path, "--expect", expected, code=NOT_PROVEN)


def forged(path: Path, how: Callable[[dict[str, Any]], Any]) -> Path:
    """The data of a file changed, and its page and all its digests made anew."""
    whole = dossier_files.read(path)[1]
    how(whole["dossier"])
    whole |= {"parts": {name: digest_of(part) for name, part in whole["dossier"].items()}, "digest": digest_of(whole["dossier"])}
    path.write_bytes(dossier_files.drawn(whole, LANGUAGES[whole["dossier"]["language"]], path.suffix))
    return path


def of_decision(place: int, **changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda content: content["decisions"][place].update(changes)


FORGERIES: tuple[tuple[Callable[[dict[str, Any]], Any], str], ...] = (
    (lambda content: content.update(number=f"+39{OTHER}"), "is in the log with another number"),
    (lambda content: content.update(number=f"+39{OTHER}"), "is in the log and not in the dossier"),
    (lambda content: content["decisions"].pop(1), "is in the log and not in the dossier"),
    (lambda content: content["decisions"].append(content["decisions"][0]), "is listed 2 times"),
    (lambda content: content["decisions"][2]["why"][0].update(meaning="era tutto in ordine"), "another meaning or law of its reasons"),
    (lambda content: content["decisions"][2]["why"][0].update(law="L. 1/2000"), "another meaning or law of its reasons"),
    (of_decision(0, rested_on="al consenso di ieri"), "another ground"), (of_decision(0, purpose="service"), "another purpose"),
    (of_decision(0, agent="automated"), "another agent"), (of_decision(0, category="energy"), "another category"),
    (of_decision(0, regime="2011-02-01"), "another regime"), (of_decision(0, masked=True), "another state of masking"),
    (of_decision(0, changed=True), "another personal part"), (of_decision(0, file="other.jsonl"), "another file"),
    (of_decision(0, source="un elenco"), "another source"), (of_decision(0, version=1), "another version"),
    (of_decision(0, more=1), "another more"),
    (lambda content: (content["decisions"].pop(), content["log"].update(missing=[{"what": "gone", "file": "x.jsonl.zst"}])),
     "is in the log and not in the dossier"),
    (lambda content: content["log"].update(newest_seal="ab" * 32), "the newest seal that it names is none of the log's"),
    (lambda content: content["log"].update(removed=[{"segment": "x", "first_at": content["made_at"], "last_at": content["made_at"],
                                                     "removed_at": content["made_at"]}]), "was removed past retention was not"),
    (lambda content: content["controller"].update(name="Beta"), "has the controller's name as it says"),
    (lambda content: content["controller"].update(id="beta"), "another controller"),
)


@pytest.mark.parametrize(("how", "words"), FORGERIES, ids=[f"{number}-{words}" for number, (_, words) in enumerate(FORGERIES)])
def test_what_the_log_can_show_is_found_in_a_forgery(
        ops: Ops, how: Callable[[dict[str, Any]], Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_gate.ops.dossier_decisions._IN_FLIGHT", timedelta())
    path = forged(ops.make("person.html", "--language", "it"), how)
    ops.forget_dossiers()
    out = ops.verify(path, code=NOT_PROVEN)
    assert words in out and "its part" not in out and "the page" not in out, out


@pytest.mark.parametrize("how", (
    lambda content: content["consents"].pop(), lambda content: content.update(objection=None), lambda content: content["checks"].pop(),
    lambda content: content["contact"].update(source="x"), lambda content: content["log"].update(files=9)))
def test_what_the_log_cannot_show_is_proven_by_the_digest_alone(ops: Ops, how: Callable[[dict[str, Any]], Any]) -> None:
    path = ops.make("person.json")
    digest = json.loads(path.read_text())["digest"]
    forged(path, how)
    assert "its digest is none of those of the 1 dossier(s) that were made here" in ops.verify(path, code=NOT_PROVEN)
    assert f"the digest {digest} was expected" in ops.verify(path, "--expect", digest, code=NOT_PROVEN)
    ops.forget_dossiers()
    assert "contact, consents, objections and checks can only be proven with --expect" in ops.verify(path)


def test_masked_decisions_are_compared_with_the_number_by_the_key(ops: Ops) -> None:
    for days in (2, 4):
        ops.keep(days, pseudonymise_after_days=1)
    path = ops.make("person.html")
    other = forged(ops.make("other.html"), lambda content: content.update(number=f"+39{OTHER}"))
    assert ops.verify(other, code=NOT_PROVEN).count("with another number") == 3
    ops.verify(path)
    (ops.folder / "keys").unlink()
    assert "3 masked decision(s) could not be compared with the number" in ops.verify(path, code=UNREACHABLE)


def test_a_decision_of_the_same_moment_is_a_note(ops: Ops) -> None:
    path = ops.make()
    forged(path, lambda content: (content["decisions"].pop(), content.update(made_at=datetime.now(UTC).isoformat())))
    ops.forget_dossiers()
    assert "is not in it: it was made in the same moment" in ops.verify(path)


def test_a_digest_that_cannot_be_kept_is_told_and_the_dossier_is_written(ops: Ops) -> None:
    (ops.settings.archive_path / "dossiers").write_text("in the way")
    path = ops.make(code=UNREACHABLE)
    assert "only --expect will prove it" in ops.err and path.exists()
    ops.verify(path, "--expect", json.loads(path.read_text())["digest"])


def test_the_list_of_dossiers_holds_no_more_than_a_digest_and_a_time(ops: Ops) -> None:
    [kept] = (ops.make().parent, next((ops.settings.archive_path / "dossiers").iterdir()))[1:]
    assert set(json.loads(kept.read_text())) == {"v", "made_at", "made_by"} and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.stem == json.loads((ops.folder / "person.json").read_text())["digest"]


def test_a_digest_that_is_not_of_the_data_is_found_also_where_each_parts_is(ops: Ops) -> None:
    path = ops.make("person.json")
    whole = json.loads(path.read_text())
    whole["dossier"]["contact"]["source"] = "another"
    whole["parts"]["contact"] = digest_of(whole["dossier"]["contact"])
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    out = ops.verify(path, code=NOT_PROVEN)
    assert f"its data have the digest {digest_of(whole['dossier'])}, and it says {whole['digest']}" in out


@pytest.mark.parametrize(("old", "new"), ((b"OBJECTION_RECORDED", b"CONSENT_VALID"), (b"telefono", b"nessuno!")))
def test_a_page_that_says_something_else_than_its_data_is_found(ops: Ops, old: bytes, new: bytes) -> None:
    path = ops.make("person.html")
    page, mark, data = path.read_bytes().partition(b'<script type="application/json"')
    assert old in page
    path.write_bytes(page.replace(old, new) + mark + data)
    assert "the page is not the one that its data give" in ops.verify(path, code=NOT_PROVEN)


def test_a_pdf_that_says_something_else_than_its_data_is_found(ops: Ops) -> None:
    path = ops.make("person.pdf")
    content = path.read_bytes()
    at = content.index(b"stream\n") + 20
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
    assert "the page is not the one that its data give" in ops.verify(path, code=NOT_PROVEN)


def test_another_version_compares_the_data_and_says_so(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ops.make("person.html")
    monkeypatch.setattr("agi_gate.ops.dossier.PROGRAM", "agi-gate 99")
    assert "note: it was made by agi-gate 0" in ops.verify(path)
    pdf = ops.make("person.pdf")
    monkeypatch.setitem(sys.modules, "fpdf", None)
    assert "another version of fpdf2 drew it" in ops.verify(pdf)


def test_a_log_that_was_changed_since_is_found(ops: Ops) -> None:
    path = ops.make("person.html")
    change(ops.settings.log_path, lambda lines: [lines[0].replace(b'"ALLOW"', b'"DENY"'), *lines[1:]])
    out = ops.verify(path, code=NOT_PROVEN)
    assert f"decision `{ids_of(ops)[0]}` is in the log with another record hash" in out and "its part" not in out
    change(ops.settings.log_path, lambda lines: lines[2:])
    assert ops.verify(path, code=NOT_PROVEN).count("is not in the log") == 2


def test_a_log_that_cannot_be_read_is_exit_4(ops: Ops) -> None:
    path = ops.make("person.html")
    ops.settings.log_path.rename(ops.folder / "away")
    assert "what could be compared" in ops.verify(path, code=UNREACHABLE)
    assert ops.err.count("cannot be read") == 1


@pytest.mark.parametrize("ending", (".json", ".html", ".pdf"))
@pytest.mark.parametrize("content", (b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"dossier":{},"digest":"","parts":{}}', b"[" * 100_000,
                                     b'{"dossier":5,"digest":"x","parts":{}}', b"<html></html>"))
def test_what_is_no_dossier_is_exit_7(ops: Ops, ending: str, content: bytes) -> None:
    path = ops.folder / f"x{ending}"
    path.write_bytes(content)
    assert "DOES NOT VERIFY" in ops.verify(path, code=NOT_PROVEN)


def test_a_file_that_cannot_be_verified_at_all_is_exit_2(ops: Ops) -> None:
    ops.verify(ops.folder / "absent.html", code=USAGE)
    assert "cannot be read" in ops.err
    ops.verify(ops.gate_toml, code=USAGE)
    assert "is no dossier's file" in ops.err


def test_the_digest_is_the_one_that_jq_gives(ops: Ops) -> None:
    if shutil.which("jq") is None:
        pytest.skip("there is no jq")
    path = ops.make()
    ran = subprocess.run(["jq", "-jcS", ".dossier", path], capture_output=True, timeout=PATIENCE_S, check=True)
    assert ran.stdout == canonical(json.loads(path.read_text())["dossier"])


def test_the_command_as_people_run_it(ops: Ops, store_url: str) -> None:
    ran = subprocess.run([AGI_GATE, "--config", ops.gate_toml, "dossier", NUMBER, "--controller", "acme", "--out",
                          ops.folder / "p.html"], capture_output=True, text=True, timeout=PATIENCE_S,
                         env={"PATH": "/usr/bin:/bin", "AGI_GATE_STORE_URL": store_url, "LANG": "it_IT.UTF-8"})
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    assert "Titolare del trattamento" in (ops.folder / "p.html").read_text()
