"""`agi-gate source`: the person who asks "where did you get my number?" is answered, or told that nobody knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate import config
from agi_gate.call import Presentation, Request
from agi_gate.decision_log import DecisionLog
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.gate import Gate
from agi_gate.ops.exit_codes import DONE, NOT_ON_RECORD, UNREACHABLE, USAGE
from agi_gate.ops.main import main
from agi_gate.store.reader import Store, connect
from tests.support.clock import load_in
from tests.support.gate_toml import CALLER_ID, write_gate_toml

NUMBER, OTHER, UNKNOWN = "3331234500", "3331234501", "3331234599"
CONTACTS = f"""number,controller,source,directory,acquired_on
{NUMBER},acme,"Elenco Rossi, agosto",no,2026-08-03
"""
CONSENTS = f"""number,controller,granted_at,purpose,category,channel,origin,evidence,notice,revoked_at
{NUMBER},acme,2026-03-10T10:00:00+01:00,marketing,telecom,both,modulo web,IP 192.0.2.7 e SMS,informativa v3,
{OTHER},acme,2026-03-11T10:00:00+01:00,marketing,telecom,both,fiera di Milano,firma,,2026-05-01T09:00:00+02:00
"""
OBJECTIONS = f"number,controller,objected_at,via\n{OTHER},acme,2026-05-02T09:00:00+02:00,telefono\n"
Source = Callable[..., str]


class Ops:
    def __init__(self, gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.gate_toml, self._capsys, self.folder = gate_toml, capsys, gate_toml.parent
        self.settings = config.load(gate_toml)
        self.err = ""

    def load(self, **feeds: str) -> None:
        for name, text in feeds.items():
            (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
            assert main(["--config", str(self.gate_toml), "load", name, str(self.folder / f"{name}.csv")]) == DONE

    def call(self, number: str, campaign: str = "fibra", caller_id: str = CALLER_ID) -> str:
        pseudonym = Keys.load(self.settings.log.key).pseudonym if self.settings.log.key else None
        with connect(self.settings.store.url, 5_000) as client:
            gate = Gate(self.settings.policy, Store(client), DecisionLog(self.settings.log_path), pseudonym=pseudonym)
            return gate.decide(Request(number, campaign, caller_id, Presentation.ALLOWED)).id

    def forget(self) -> None:
        with redis.Redis.from_url(self.settings.store.url) as client:
            client.flushall()

    def mask(self) -> None:
        for days in (2, 4):
            keep(self.settings.log.path, Plan(pseudonymise_after_days=1), datetime.now(UTC) + timedelta(days=days),
                 lambda words: None, pytest.fail)

    def source(self, number: str, *arguments: str, controller: str = "acme", code: int = DONE) -> str:
        self._capsys.readouterr()
        assert main(["--config", str(self.gate_toml), "source", number, "--controller", controller, *arguments]) == code
        said = self._capsys.readouterr()
        self.err = said.err
        assert not any(one in said.err for one in (NUMBER, OTHER, UNKNOWN)), said.err
        return said.out

    def json(self, number: str, code: int = DONE) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.source(number, "--json", code=code))
        return said


@pytest.fixture
def ops(store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ops:
    add_key(tmp_path / "keys", datetime.now(UTC))
    made = Ops(write_gate_toml(tmp_path, ('path = "decisions.jsonl"', 'path = "decisions.jsonl"\nkey = "keys"'),
                               ('source = "Elenco 2026-09"', 'source = "Elenco della campagna"')), capsys)
    made.load(contacts=CONTACTS, consents=CONSENTS, objections=OBJECTIONS)
    made.settings.log_path.touch()
    return made


def test_the_store_says_whence_when_and_by_which_consent(ops: Ops) -> None:
    text = ops.source(NUMBER, "--language", "en")
    for words in (f"+39{NUMBER}", "Acme Telecom (controller `acme`)", "The number comes from “Elenco Rossi, agosto”.",
                  "acquired on 3 August 2026", "consent on 10 March 2026 at 10:00 CET, by: “modulo web”",
                  "The earliest date on file is 10 March 2026", "evidence: “IP 192.0.2.7 e SMS”; notice: “informativa v3”",
                  "It is in order by itself."):
        assert words in text, words
    assert ops.err == "" and "None" not in text
    text = ops.source(f"+39 333 1234500".replace(" 333", "333"), "--language", "it")
    for words in ("Il numero proviene da «Elenco Rossi, agosto».", "È stato acquisito il 3 agosto 2026",
                  "informativa: «informativa v3»", "La data più remota agli atti è il 10 marzo 2026"):
        assert words in text, words


def test_a_consent_alone_is_a_source_and_its_end_and_the_objection_are_told(ops: Ops) -> None:
    text = ops.source(OTHER, "--language", "en")
    for words in ("The number comes from “fiera di Milano”.", "revoked on 1 May 2026",
                  "Revoked on 1 May 2026.",
                  "the person objected on 2 May 2026 at 09:00 CEST (via: telefono)"):
        assert words in text, words


def test_the_earliest_date_is_that_of_whatever_is_on_file(ops: Ops) -> None:
    ops.load(rests=f"number,controller,silent_at\n{NUMBER},acme,2025-11-03T10:00:00+01:00\n")
    assert ops.json(NUMBER)["since"] == "2025-11-03"
    ops.load(callbacks=f"number,controller,requested_at\n{NUMBER},acme,2025-07-03T10:00:00+02:00\n")
    assert ops.json(NUMBER)["since"] == "2025-07-03"
    ops.load(objections=f"number,controller,objected_at,via\n{NUMBER},acme,2025-05-02T09:00:00+02:00,telefono\n")
    assert ops.json(NUMBER)["since"] == "2025-05-02"
    (ops.folder / "esito.txt").write_text(f"{NUMBER},0\r\n")
    assert main(["--config", str(ops.gate_toml), "load", "registry", str(ops.folder / "esito.txt"), "--controller", "acme",
                 "--checked-at", "2024-05-01T09:00:00+02:00"]) == DONE
    assert "The earliest date on file is 1 May 2024." in ops.source(NUMBER, "--language", "en")


def test_json_has_the_same_as_data(ops: Ops) -> None:
    said = ops.json(NUMBER)
    assert (said["known"], said["from"], said["source"], said["since"]) == (True, "store", "Elenco Rossi, agosto", "2026-03-10")
    assert said["contact"].pop("loaded")["file"] == "contacts.csv"
    assert said["contact"] == {"source": "Elenco Rossi, agosto", "directory": False, "acquired_on": "2026-08-03",
                               "recipient": "consumer"}
    assert said["consents"][0]["evidence"] == "IP 192.0.2.7 e SMS" and said["consents"][0]["fault"] is None
    assert said["objection"] is None and ops.json(OTHER)["objection"]["via"] == "telefono"


def test_what_the_store_knows_no_more_the_log_tells_and_names_the_newest(ops: Ops) -> None:
    ops.call(NUMBER)
    newest = ops.call(NUMBER)
    ops.call(OTHER)
    ops.forget()
    text = ops.source(NUMBER, "--language", "en")
    for words in ("The number comes from “Elenco Rossi, agosto”.", f"it is from the decision {newest}",
                  "“IP 192.0.2.7 e SMS”", "acquired on 3 August 2026"):
        assert words in text, words
    said = ops.json(NUMBER)
    assert (said["from"], said["decision"]["id"], said["decision"]["masked"]) == ("log", newest, False)


def test_a_campaigns_own_list_is_said_to_be_that(ops: Ops) -> None:
    ops.call(UNKNOWN)
    text = ops.source(UNKNOWN, "--language", "en")
    assert "comes from “Elenco della campagna”" in text and "the list that the campaign `fibra` was declared with" in text


def test_a_decision_that_looked_nothing_up_is_no_match_for_one_that_did(ops: Ops) -> None:
    looked_up = ops.call(NUMBER)
    ops.call(NUMBER, caller_id="201")
    ops.call(UNKNOWN, caller_id="201")
    ops.forget()
    said = ops.json(NUMBER)
    assert (said["source"], said["decision"]["id"]) == ("Elenco Rossi, agosto", looked_up)
    text = ops.source(UNKNOWN, "--language", "en")
    assert "comes from “Elenco della campagna”" in text and "a row of its own may name another source" in text
    assert "no row of the number's own names a source" not in text


def test_a_masked_decision_is_found_by_who_has_the_key(ops: Ops) -> None:
    ops.call(NUMBER)
    ops.forget()
    ops.mask()
    text = ops.source(NUMBER, "--language", "en")
    assert "comes from “Elenco Rossi, agosto”" in text and "recorded, masked by now" in text and "IP 192.0.2.7" not in text
    (ops.folder / "keys").unlink()
    text = ops.source(NUMBER, "--language", "en", code=UNREACHABLE)
    assert "could not be searched for the number, since their key is not at hand" in text
    assert "It could not be found out: the store has neither" in text and "a part of the decision log could not be" in text
    assert "must not be made up" not in text and "no decision in the log" not in text
    assert "Non è stato possibile accertarlo" in ops.source(NUMBER, "--language", "it", code=UNREACHABLE)
    assert "keys is not there" in ops.err and "masked with key `k1" in ops.err


def test_a_source_that_was_the_origin_of_a_masked_consent_is_said_to_be(ops: Ops) -> None:
    ops.load(consents=CONSENTS.splitlines()[0] + f"\n{UNKNOWN},acme,2026-09-05T14:03:00+02:00,marketing,telecom,human,negozio di via Po,firma,,\n")
    ops.call(UNKNOWN, campaign="assistenza")
    ops.call(UNKNOWN)
    ops.forget()
    assert "comes from “negozio di via Po”" in ops.source(UNKNOWN, "--language", "en")
    ops.mask()
    text = ops.source(UNKNOWN, "--language", "en")
    assert "is the origin of a consent, which is masked by now" in text and "via Po" not in text


def test_what_nobody_knows_is_said_plainly_with_what_can_be_done(ops: Ops) -> None:
    ops.call(UNKNOWN, campaign="assistenza")  # a service campaign, which names no source
    text = ops.source(UNKNOWN, "--language", "en", code=NOT_ON_RECORD)
    for words in ("Nothing is on record of where the number came from", "agi-gate load contacts", "must not be made up"):
        assert words in text, words
    assert "In the campaign `fibra` the source would be “Elenco della campagna”" in text and "SOURCE_UNKNOWN" not in text
    path = write_gate_toml(ops.folder, ('source = "Elenco 2026-09"', ""), name="no_source.toml")
    bare = Ops(path, ops._capsys)
    assert bare.source(UNKNOWN, "--language", "it", code=NOT_ON_RECORD).count("SOURCE_UNKNOWN") == 1
    path.write_text(path.read_text() + MORE_CAMPAIGNS)
    said = Ops(path, ops._capsys)
    text = said.source(UNKNOWN, "--language", "it", code=NOT_ON_RECORD)
    assert "Nella campagna `voce` la provenienza sarebbe «Elenco voce»" in text and "Nelle altre campagne del titolare" in text
    assert said.json(UNKNOWN, code=NOT_ON_RECORD)["campaigns"] == {"voce": "Elenco voce"}
    said = ops.json(UNKNOWN, code=NOT_ON_RECORD)
    assert (said["known"], said["source"], said["consents"]) == (False, None, [])


MORE_CAMPAIGNS = """
[controllers.zeta]
name = "Zeta"
sector = "telecom"
[caller_ids."+390212340001"]
holder = "zeta"
roc_declared = true
[campaigns.voce]
controller = "acme"
purpose = "marketing"
agent = "human"
category = "telecom"
caller_ids = ["+390212340000"]
trunk = "carrier1"
source = "Elenco voce"
[campaigns.altra]
controller = "zeta"
purpose = "marketing"
agent = "human"
category = "telecom"
caller_ids = ["+390212340001"]
trunk = "carrier1"
source = "Elenco di zeta"
"""


def test_a_row_that_is_dated_ahead_is_not_called_absent(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    load_in(monkeypatch, 2100)  # on a machine whose clock was wrong
    ops.call(OTHER)
    ops.load(contacts=f'number,controller,source,directory,acquired_on\n{UNKNOWN},acme,"Elenco Neri",no,2099-08-03\n')
    text = ops.source(UNKNOWN, "--language", "it", code=NOT_ON_RECORD)
    assert "Agli atti è indicata «Elenco Neri», ma con la data del 3 agosto 2099, che deve ancora venire" in text
    ops.load(consents=CONSENTS.splitlines()[0] + f"\n{UNKNOWN},acme,2099-09-05T14:03:00+02:00,marketing,telecom,human,negozio,firma,,\n")
    text = ops.source(UNKNOWN, "--language", "en", code=NOT_ON_RECORD)
    assert "names “negozio”, but is dated 5 September 2099, which is still to come" in text


def test_a_log_that_is_not_there_proves_no_absence(ops: Ops) -> None:
    ops.settings.log_path.unlink()
    text = ops.source(UNKNOWN, "--language", "it", code=UNREACHABLE)
    assert "Non è stato possibile accertarlo" in text and "inventata" not in text and "nessuna decisione" not in text
    assert ops.json(UNKNOWN, code=UNREACHABLE)["certain"] is False


def test_a_log_with_an_unreadable_part_proves_no_absence(ops: Ops) -> None:
    ops.call(OTHER)
    ops.mask()
    [segment] = ops.folder.glob("*.zst")
    segment.write_bytes(segment.read_bytes()[:40])
    assert "what is missing may be there" in ops.source(UNKNOWN, "--language", "en", code=UNREACHABLE)


def test_without_the_store_the_log_answers_and_the_exit_code_says_so(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.call(NUMBER)
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    text = ops.source(NUMBER, "--language", "en", code=UNREACHABLE)
    assert "the store could not be read" in ops.err
    assert "comes from “Elenco Rossi, agosto”" in text and "The store could not be asked" in text
    text = ops.source(UNKNOWN, "--language", "en", code=UNREACHABLE)
    assert "It could not be found out: the store could not be asked, and no decision" in text and "load contacts" not in text


def test_it_is_told_when_each_fact_was_loaded_and_from_which_file(ops: Ops) -> None:
    later = CONSENTS.replace(",informativa v3,", ",informativa v3,2026-09-08T10:00:00+02:00")
    (ops.folder / "later.csv").write_text(later)
    assert main(["--config", str(ops.gate_toml), "load", "consents", str(ops.folder / "later.csv")]) == DONE
    said = ops.json(NUMBER)
    [consent] = said["consents"]
    assert (said["contact"]["loaded"]["file"], consent["loaded"]["file"]) == ("contacts.csv", "consents.csv")
    assert consent["revocation_loaded"]["file"] == "later.csv"  # and is dated months before
    assert consent["revocation_loaded"]["sha256"] == hashlib.sha256(later.encode()).hexdigest()
    assert ops.json(OTHER)["objection"]["loaded"]["file"] == "objections.csv"
    text = ops.source(NUMBER, "--language", "it")
    for words in ("Dato caricato il", "dal file contacts.csv (SHA-256 ", "Revoca caricata il", "dal file later.csv"):
        assert words in text, words


@pytest.mark.parametrize("spelling", ("333 123 4500", "+393331234500", "0039 333-1234500", "333.123.45.00"))
def test_a_number_is_found_in_a_feed_however_it_is_spelt(ops: Ops, spelling: str) -> None:
    rows = "\n".join(f"33399{number:05},acme,altro,no," for number in range(3_000))
    ops.load(contacts=f"number,controller,source,directory,acquired_on\n{rows}\n{spelling},acme,nuovo,yes,2026-09-09")
    assert ops.json(NUMBER)["contact"]["loaded"]["loaded_at"] > ops.json(NUMBER)["consents"][0]["loaded"]["loaded_at"]


def test_what_was_taken_back_or_is_no_longer_there_is_not_recorded(ops: Ops) -> None:
    ops.load(contacts=CONTACTS.replace("agosto", "settembre").replace("08-03", "09-03"))
    assert ops.json(NUMBER)["contact"]["loaded"] is not None
    assert main(["--config", str(ops.gate_toml), "rollback", "--controller", "acme"]) == DONE
    said = ops.json(NUMBER)["contact"]
    assert (said["source"], said["loaded"]["sha256"]) == ("Elenco Rossi, agosto", hashlib.sha256(CONTACTS.encode()).hexdigest())
    for feed in (ops.settings.archive_path / "feeds").iterdir():
        feed.write_bytes(b"damaged")
    assert ops.json(NUMBER)["contact"]["loaded"] is None
    assert "Quando il dato sia stato caricato non è documentato." in ops.source(NUMBER, "--language", "it")


def test_a_search_that_takes_too_long_is_given_up(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_gate.ops.source._LOADS_S", -1.0)
    assert ops.json(NUMBER)["contact"]["loaded"] is None


def test_another_controllers_contact_is_not_told(ops: Ops) -> None:
    path = write_gate_toml(ops.folder, ("[controllers.acme]", '[controllers.zeta]\nname = "Zeta"\nsector = "telecom"\n[controllers.acme]'),
                           name="two.toml")
    two = Ops(path, ops._capsys)
    text = two.source(NUMBER, "--language", "en", controller="zeta", code=NOT_ON_RECORD)
    assert "Elenco Rossi" not in text and "Zeta (controller `zeta`)" in text


@pytest.mark.parametrize(("number", "controller", "words"), (
    (NUMBER, "acmee", "`acmee` is no controller of the configuration; did you mean `acme`? known: acme"),
    (NUMBER, "", "known: acme"), ("nonsense", "acme", "is not a number"), ("", "acme", "is not a number"),
    ("39333123", "acme", "is not a number")))
def test_what_is_no_number_or_no_controller_is_exit_2(ops: Ops, number: str, controller: str, words: str) -> None:
    assert ops.source(number, controller=controller, code=USAGE) == "" and words in ops.err


def test_what_a_list_holds_is_no_more_than_text(ops: Ops) -> None:
    ops.load(contacts=f'number,controller,source,directory\n{OTHER},acme,"{{0}} [red] \u202e x",no\n')
    assert "“{0} [red] ? x”" in ops.source(OTHER, "--language", "en")
    ops.load(contacts=f'number,controller,source,directory\n{OTHER},acme,"Elenco\u00a0Rossi\nMilano",no\n')
    assert "“Elenco Rossi Milano”" in ops.source(OTHER, "--language", "en")
    assert ops.json(OTHER)["contact"]["loaded"]["file"] == "contacts.csv"
