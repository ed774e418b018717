"""A whole list, decided before the campaign: the very verdicts that its calls would get, and nothing used up by it."""

from __future__ import annotations

import ast
import csv
import gc
import gzip
import io
import json
import os
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from agi_gate import decide as decide_module
from agi_gate.call import Presentation, Request, understand
from agi_gate.decide import decide
from agi_gate.answer import decide_call
from agi_gate.number import NumberClass, parse_destination
from agi_gate.ops import decide_many as many
from agi_gate.ops.main import main, parser
from agi_gate.remedy import REMEDIES, remedy
from agi_gate.store import bulk_facts, keys, used, values
from agi_gate.store.bulk_facts import BulkFacts
from agi_gate.store.reader import Store, connect
from agi_gate.verdict import Reason
from lab.store_server import StoreServer
from lab.waiting import PATIENT_MS
from tests.support import cases
from tests.support.clock import load_in
from tests.support.gate_toml import CALLBACK, CLEAR, ENROLLED, NEVER_CHECKED, load_feeds, write_feeds, write_gate_toml
from tests.support.ran import Ran

DONE, CRASHED, USAGE, DENIED, UNREACHABLE, FEED_REFUSED = range(6)
AT = "2026-10-14T11:00:00+02:00"
# what no rule says, and nothing in order: a preflight fails as a whole instead
NEVER_A_ROW = {Reason.CLOCK_BEHIND, Reason.STORE_UNAVAILABLE, Reason.LOG_UNAVAILABLE}


Preflight = Callable[..., Ran]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path)


@pytest.fixture
def preflight(gate_toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Preflight:
    """Run `agi-gate preflight` on a list of these bytes, for `fibra` unless another campaign is named."""
    def run(content: str | bytes, *words: str | Path, name: str = "lista.txt", campaign: str = "fibra") -> Ran:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        capsys.readouterr()
        code = main(["--config", str(gate_toml), "preflight", str(path), "--campaign", campaign, *map(str, words)])
        return Ran(code, *capsys.readouterr())
    return run


@pytest.fixture
def loaded(gate_toml: Path, preflight: Preflight) -> Preflight:
    """The same, with what `tests/support/gate_toml.py` loads."""
    for arguments in write_feeds(gate_toml.parent):
        assert main(["--config", str(gate_toml), *arguments]) == DONE
    return preflight


def verdicts(ran: Ran) -> list[tuple[str, str]]:
    assert ran.code == DONE, ran.err
    return [(row["number"], row["reason"]) for row in ran.rows]


# --- the very same verdicts

SUBSCRIBERS = {NumberClass.MOBILE: "333{:07}", NumberClass.GEOGRAPHIC: "02{:08}", NumberClass.NOMADIC: "55{:08}"}
MORE = ("112", "1522", "118,,1", "899123456", "+41223456789", "0041223456789", "0549886123", "800123456", "190",
        "0844123456", "", "nonsense", "39333123456", "#31#3331234500", "*67 0212345600", "+390000", "3" * 80,
        "333１234500", "+442079460003", "+4402079460003", "3339999999", "0299999999,,12")


@dataclass(frozen=True)
class Mixed:
    """Every decision case's facts in one store, each of a number of its own."""

    url: str
    cases: list[cases.Case]

    def requests(self) -> Iterator[tuple[Request, datetime, list[cases.Case]]]:
        """The cases by what is asked for all their numbers at once."""
        grouped: dict[tuple[Request, datetime], list[cases.Case]] = defaultdict(list)
        for case in self.cases:
            asked = cases.call_of(case, cases.policy()).request
            grouped[replace(asked, destination=""), case.at].append(case)
        return ((request, at, group) for (request, at), group in grouped.items())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    declared, folder = cases.policy(), tmp_path_factory.mktemp("mixed")
    renumbered, checks, rows = [], defaultdict(str), defaultdict(list)
    for nth, case in enumerate(cases.all_cases()):
        number = parse_destination(case.destination)
        if number is None or number.number_class not in SUBSCRIBERS or number.country != "IT":
            renumbered.append(case)
            continue
        # neighbours and strangers alike: several on a page, and many pages
        case = replace(case, destination=SUBSCRIBERS[number.number_class].format(1_000_000 + nth * 37))
        renumbered.append(case)
        for command in cases.load_arguments(case, declared, folder):
            if command[1] == "registry":
                checks[command[4], command[6]] += Path(command[2]).read_text()
            else:
                with Path(command[2]).open(newline="") as stream:
                    rows[command[1]] += list(csv.DictReader(stream))
    with StoreServer.start() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGI_GATE_STORE_URL", server.url)
        load_in(patch, 2029)  # some cases are of the years to come
        load = ["--config", str(cases.own_gate_toml(folder)), "load"]
        for (controller, at), text in checks.items():
            (folder / "esito.txt").write_text(text)
            assert main([*load, "registry", str(folder / "esito.txt"), "--controller", controller,
                         "--checked-at", at, "--max-doubtful", "1"]) == DONE
        for name, of_feed in rows.items():
            with (folder / "feed.csv").open("w", newline="") as stream:
                columns = list(dict.fromkeys(column for row in of_feed for column in row))
                writer = csv.DictWriter(stream, columns, restval="")
                writer.writeheader()
                writer.writerows(of_feed)
            assert main([*load, name, str(folder / "feed.csv")]) == DONE
        yield Mixed(server.url, renumbered)


def look(client: redis.Redis) -> Callable[[str], BulkFacts]:
    return lambda controller: BulkFacts(client, controller)


def known_by(written: str) -> str:
    number = parse_destination(written)
    return written if number is None else number.e164


def assert_as_calls(store: Store, decided: many.Decided, request: Request, at: datetime) -> set[Reason]:
    """One by one: the verdict, the reason, all the reasons, the destination."""
    reached = set()
    for number, place, destination in zip(decided.numbers, decided.which.tolist(), decided.destinations, strict=True):
        call = understand(replace(request, destination=number), cases.policy(), at)
        verdict = decide_call(call, store, claim=False).verdict
        assert decided.reasons[place] == verdict.reasons, (number, request, at)
        assert destination == (call.destination.e164 if call.destination else "")
        reached |= {Reason[name] for name in verdict.reasons}
    return reached


def test_a_list_is_decided_as_its_calls_are_one_by_one(mixed: Mixed) -> None:
    store, declared, reached = Store.at(mixed.url, PATIENT_MS), cases.policy(), set()
    numbers = [case.destination for case in mixed.cases]
    with connect(mixed.url, PATIENT_MS) as client:
        for nth, (request, at, group) in enumerate(mixed.requests()):
            written = [*(case.destination for case in group), *numbers[nth % 13::13], *MORE]
            decided = many.decide_many(written, request, declared, at, look(client))
            reached |= assert_as_calls(store, decided, request, at)
            reasons = dict(zip(map(known_by, decided.numbers), (decided.reasons[place] for place in decided.which),
                               strict=True))
            for case in group:
                assert reasons[known_by(case.destination)][0] == case.reason, case
    assert {*Reason} - reached == NEVER_A_ROW | {Reason.GATE_ERROR}  # the last one below, where there is no law yet


def test_call_backs_that_calls_have_used_up_are_used_up_for_a_list(mixed: Mixed) -> None:
    declared, store, at = cases.policy(), Store.at(mixed.url, PATIENT_MS), datetime.fromisoformat(AT)
    request = Request("", "t1-mkt", declared.campaigns["t1-mkt"].caller_ids[0], Presentation.ALLOWED)
    asked_back = [case.destination for case in mixed.cases if "callback=" in case.other]
    claimed = []
    with connect(mixed.url, PATIENT_MS) as client:
        for number in asked_back[::2]:
            call = understand(replace(request, destination=number), declared, at)
            verdict = decide_call(call, store, claim=True).verdict
            if verdict.findings[0].callback and call.destination:
                claimed.append((call.destination.e164, verdict.findings[0].callback))
        try:
            decided = many.decide_many(asked_back, request, declared, at, look(client))
            assert_as_calls(store, decided, request, at)
        finally:
            for e164, callback in claimed:
                store.give_back("t1", e164, callback)
    allowed = sum(decided.reasons[place][0] == "CALLBACK_REQUESTED" for place in decided.which)
    assert len(claimed) > 3 and 0 < allowed <= len(asked_back) - len(claimed)


@pytest.mark.parametrize("campaign", ("t1-mkt", "t1-research", "t1-auto", "t1-nosource", "en-mkt", "t2-mkt"))
@pytest.mark.parametrize("at", ("2017-03-07T11:00:00+01:00", "2022-07-26T23:59:59+02:00", AT,
                                "2026-10-18T03:00:00+02:00", "2010-01-01T11:00:00+01:00"))
def test_under_every_law_the_whole_list_is_decided_as_its_calls_are(mixed: Mixed, campaign: str, at: str) -> None:
    declared = cases.policy()
    request = Request("", campaign, declared.campaigns[campaign].caller_ids[0], Presentation.ALLOWED)
    with connect(mixed.url, PATIENT_MS) as client:
        decided = many.decide_many([*(case.destination for case in mixed.cases[::3]), *MORE], request, declared,
                                   datetime.fromisoformat(at), look(client))
    reached = assert_as_calls(Store.at(mixed.url, PATIENT_MS), decided, request, datetime.fromisoformat(at))
    assert len(reached) > 3 or at.startswith("2010")


@pytest.mark.parametrize(("numbers", "pages", "used"), ((1, 500, 1), (7, 2, 2), (50_000, 1, 1_000)))
def test_where_a_batch_ends_changes_no_verdict(mixed: Mixed, monkeypatch: pytest.MonkeyPatch, numbers: int, pages: int,
                                               used: int) -> None:
    declared = cases.policy()
    request = Request("", "t1-mkt", declared.campaigns["t1-mkt"].caller_ids[0], Presentation.ALLOWED)
    at, written = datetime.fromisoformat(AT), [case.destination for case in mixed.cases]

    def decided() -> list[tuple[str, ...]]:
        with connect(mixed.url, PATIENT_MS) as client:
            found = many.decide_many(written, request, declared, at, look(client))
        return [found.reasons[place] for place in found.which]

    expected = decided()
    for name, value in (("_NUMBERS_A_BATCH", numbers), ("_PAGES_A_BATCH", pages), ("_USED_A_BATCH", used)):
        monkeypatch.setattr(bulk_facts, name, value)
    assert decided() == expected


class _Unread:
    """What dies of a look at it."""

    def _look(self, *_: object) -> Any:
        raise AssertionError("a rule looks at the digits of a destination: alike numbers are not one decision then")

    __eq__ = __hash__ = __bool__ = __str__ = __len__ = _look  # type: ignore[assignment]
    __iter__ = __getattr__ = __getitem__ = __contains__ = _look


@dataclass(frozen=True)
class _Blind:
    number_class: NumberClass
    country: str

    @property
    def e164(self) -> str:
        return _Unread()._look()  # type: ignore[no-any-return]


def test_no_rule_looks_at_the_digits_of_a_destination() -> None:
    declared = cases.policy()
    for case in cases.all_cases():
        call, facts = cases.call_of(case, declared), cases.facts_of(case, declared)
        number = call.destination
        blind = replace(call, request=replace(call.request, destination=_Unread()),  # type: ignore[arg-type]
                        destination=number and _Blind(number.number_class, number.country))  # type: ignore[arg-type]
        assert decide(blind, facts) == decide(call, facts), case


def test_the_rules_that_are_read_are_those_that_decide() -> None:
    # a decision takes its rules from these tuples alone; the cases above go through each of them
    rules = {*decide_module.WITHOUT_FACTS, *decide_module.REQUESTED, *decide_module.EACH, *decide_module.GROUNDS,
             *decide_module.GROUNDS_OF_2011}
    source = ast.parse(Path(decide_module.__file__).read_text())
    called = {ast.unparse(node.func) for node in ast.walk(source) if isinstance(node, ast.Call)}
    assert {"rule", "_first"} <= called and len(rules) >= 17


# --- nothing is used up, nothing recorded

def everything(url: str) -> dict[bytes, Any]:
    with redis.Redis.from_url(url) as client:
        return {name: client.dump(name) for name in client.keys("*")}  # type: ignore[union-attr]


def test_it_uses_up_no_call_back_and_changes_nothing_in_the_store(loaded: Preflight, store_url: str) -> None:
    before = everything(store_url)
    for _ in range(3):
        assert verdicts(loaded(CALLBACK, "--at", AT, "--out", "-")) == [(CALLBACK, "CALLBACK_REQUESTED")]
    assert everything(store_url) == before and not any(b":used:" in name for name in before)


def test_a_call_back_that_was_used_up_allows_no_more(loaded: Preflight, gate_toml: Path, store_url: str) -> None:
    with connect(store_url, PATIENT_MS) as client:
        column = bulk_facts.Survey(client, "acme").column(keys.CALLBACKS)
        callback, = values.callbacks_from(column.table[column.values[0]])
        client.hset(keys.used_key("acme"), used.field_of(f"+39{CALLBACK}", callback), "")
    assert verdicts(loaded(f"{CALLBACK}\n{CLEAR}", "--at", AT, "--out", "-")) == [
        (CALLBACK, "REGISTRY_UNKNOWN"), (CLEAR, "DIRECTORY_NOT_OPPOSED")]


def test_it_writes_no_decision(loaded: Preflight, gate_toml: Path) -> None:
    log = gate_toml.parent / "decisions.jsonl"
    log.write_text("as it was\n")
    os.utime(log, (1, 1))
    loaded(f"{CLEAR}\n112\n", "--at", AT)
    assert log.read_text() == "as it was\n" and log.stat().st_mtime == 1


def test_the_search_for_cycles_goes_on_after_it(loaded: Preflight) -> None:
    loaded(CLEAR)
    assert gc.isenabled()


# --- the list

LISTED = [(CLEAR, "DIRECTORY_NOT_OPPOSED"), (ENROLLED, "REGISTRY_OPPOSED"), (NEVER_CHECKED, "REGISTRY_UNKNOWN")]
LINES = f"{CLEAR}\n{ENROLLED}\n{NEVER_CHECKED}\n"


@pytest.mark.parametrize("content", (
    LINES, LINES.replace("\n", "\r\n"), LINES.rstrip("\n"), "\ufeff" + LINES, "\n\n" + LINES.replace("\n", "\n \n\t\n"),
    f"number\n{LINES}", f"Number\r\n{LINES}", f"\n\nnumber\n{LINES}", f'"number"\n{LINES}',
    "name;number;note\n" + "".join(f'"Rossi; Mario";{line};x\n' for line in LINES.split()),
    "note\tnumber\n" + "".join(f"a, b\t{line}\n" for line in LINES.split()),
    "number,name\n" + "".join(f'"{line}","Mario\nRossi"\n,\n\n' for line in LINES.split()),
    ("name,number\n" + "".join(f"Nicolò,{line}\n" for line in LINES.split())).encode("latin-1"),
    " " + LINES), ids=range(14))
def test_a_list_is_read_in_every_way_it_is_written(loaded: Preflight, content: str | bytes) -> None:
    assert verdicts(loaded(content, "--at", AT, "--out", "-")) == LISTED


def test_without_a_header_the_whole_line_is_what_is_dialled(loaded: Preflight) -> None:
    # as a dialplan would be given it: digits after the answer are no part of the number
    assert verdicts(loaded(f"{CLEAR},1\r\n{ENROLLED};Mario\r\n", "--at", AT, "--out", "-")) == [
        (f"{CLEAR},1", "DIRECTORY_NOT_OPPOSED"), (f"{ENROLLED};Mario", "REGISTRY_OPPOSED")]


def test_a_list_may_be_packed_or_come_by_stdin(
        loaded: Preflight, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gate_toml: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lista.txt", LINES)
    assert verdicts(loaded(packed.getvalue(), "--at", AT, "--out", "-", name="lista.zip")) == LISTED
    assert verdicts(loaded(gzip.compress(LINES.encode()), "--at", AT, "--out", "-", name="lista.txt.gz")) == LISTED
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    capsys.readouterr()
    code = main(["--config", str(gate_toml), "preflight", "-", "--campaign", "fibra", "--at", AT, "--out", "-"])
    assert verdicts(Ran(code, *capsys.readouterr())) == LISTED


def test_a_number_that_comes_twice_is_decided_once_and_counted(loaded: Preflight) -> None:
    content = f"+39 {CLEAR}\n{ENROLLED}\n{CLEAR}\n{CLEAR},,12\n0039{CLEAR}\nx1\nx1\n"
    assert verdicts(loaded(content, "--at", AT, "--out", "-")) == [
        (f"+39 {CLEAR}", "DIRECTORY_NOT_OPPOSED"), (ENROLLED, "REGISTRY_OPPOSED"), ("x1", "DESTINATION_INVALID")]
    summary = json.loads(loaded(content, "--at", AT, "--json").out)
    assert (summary["rows"], summary["duplicates"], summary["numbers"], summary["allowed"], summary["denied"]) == (
        7, 4, 3, 1, 2)


def test_what_is_no_number_is_decided_too_and_shown_as_written(loaded: Preflight) -> None:
    strings = ["nonsense", "39333123456", "02", "#31#3331234500", "*67", "sip:3331234500", "１２３", '"0212345601"']
    ran = loaded("\n".join(strings), "--at", AT, "--out", "-")
    assert [row["number"] for row in ran.rows] == strings and not any(row["destination"] for row in ran.rows)
    assert [row["reason"] for row in ran.rows] == [
        "CALLER_ID_WITHHELD" if string[0] in "#*" else "DESTINATION_INVALID" for string in strings]


def test_a_row_without_its_number_is_not_passed_over(loaded: Preflight) -> None:
    ran = loaded(f"name,number\nMario,{CLEAR}\nRossi,\nBianchi\n\n,\n", "--at", AT, "--out", "-")
    assert verdicts(ran) == [(CLEAR, "DIRECTORY_NOT_OPPOSED"), ("", "DESTINATION_INVALID")]


def test_classes_of_numbers_are_decided_as_calls_are(loaded: Preflight) -> None:
    assert verdicts(loaded("+41223456789\n0549886123\n899123456\n112\n116117\n800123456\n187\n", "--out", "-")) == [
        ("+41223456789", "DESTINATION_FOREIGN"), ("0549886123", "DESTINATION_FOREIGN"),
        ("899123456", "DESTINATION_PREMIUM"), ("112", "EMERGENCY"), ("116117", "EMERGENCY"),
        ("800123456", "DESTINATION_CLASS"), ("187", "DESTINATION_CLASS")]


@pytest.mark.parametrize(("content", "why"), (
    ("", "is empty"), (" \r\n\n", "is empty"), ("name;phone\nMario;3331234500\n", "no column is `number`"),
    ("number,number\n1,2\n", "stands there twice"), ('number\n"3331234500\n', "line 2"),
    ("3331234500".encode("utf-16"), "is UTF-16"), (b"PK\x03\x04 and no more", "cut short")), ids=str)
def test_a_list_that_cannot_be_read_is_exit_5_with_the_reason(
        preflight: Preflight, content: str | bytes, why: str) -> None:
    ran = preflight(content)
    assert (ran.code, ran.out) == (FEED_REFUSED, "") and why in ran.err
    assert "333" not in ran.err and "Mario" not in ran.err


def test_a_list_that_is_not_there_is_exit_5(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(gate_toml), "preflight", "absent.txt", "--campaign", "fibra"]) == FEED_REFUSED
    assert "`absent.txt` cannot be read" in capsys.readouterr().err


def test_a_header_without_rows_is_a_list_of_nobody(preflight: Preflight) -> None:
    ran = preflight("number;name\n", "--json")
    assert (ran.code, json.loads(ran.out)["numbers"]) == (DONE, 0)
    assert preflight("number;name\n").out == "0 of 0 may be called\n"
    assert preflight("number;name\n", "--out", "-").rows == []


# --- the call that is asked about

def test_the_time_decides(loaded: Preflight, gate_toml: Path) -> None:
    write_gate_toml(gate_toml.parent, ('hours = "off"', 'hours = "code-of-conduct"'))
    for at, reasons in (("2026-10-14T11:00:00+02:00", "DIRECTORY_NOT_OPPOSED"),
                        ("2026-10-14T20:00:00+02:00", "HOURS_CLOSED"),
                        ("2026-10-11T11:00:00+02:00", "HOURS_SUNDAY"),
                        ("2026-11-01T11:00:00+01:00", "HOURS_SUNDAY REGISTRY_STALE"),
                        ("2026-12-08T11:00:00+01:00", "HOURS_HOLIDAY REGISTRY_STALE"),
                        ("2026-10-19T11:00:00+02:00", "REGISTRY_STALE"),
                        ("2026-09-30T11:00:00+02:00", "REGISTRY_UNKNOWN")):
        row = loaded(CLEAR, "--at", at, "--out", "-").rows[0]
        assert (row["reasons"], row["reason"]) == (reasons, reasons.split()[0]), at


def test_without_a_time_it_is_now(preflight: Preflight, gate_toml: Path) -> None:
    load_feeds(gate_toml)
    assert verdicts(preflight(LINES, "--out", "-")) == LISTED
    at = json.loads(preflight(LINES, "--json").out)["at"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()) < 60


@pytest.mark.parametrize(("words", "reason"), (
    (("--caller-id", ""), "CALLER_ID_MISSING"), (("--caller-id", "201"), "CALLER_ID_MALFORMED"),
    (("--caller-id", "+390212349999"), "CALLER_ID_NOT_ASSIGNED"),
    (("--presentation", "restricted"), "CALLER_ID_WITHHELD"),
    (("--trunk", "nobodys"), "CALLER_ID_TRUNK_FOREIGN")), ids=str)
def test_a_caller_id_that_may_not_be_presented_denies_all_but_emergencies_without_the_store(
        preflight: Preflight, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], reason: str) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    assert verdicts(preflight(f"{CLEAR}\n112\n", *words, "--at", AT, "--out", "-")) == [
        (CLEAR, reason), ("112", "EMERGENCY")]


@pytest.mark.parametrize("purpose", ("service", "statistics"))
def test_what_needs_no_store_is_decided_without_it_as_calls_are(
        preflight: Preflight, gate_toml: Path, monkeypatch: pytest.MonkeyPatch, purpose: str) -> None:
    write_gate_toml(gate_toml.parent, ('"service"', f'"{purpose}"\nstatistics_basis = "survey 12"'))
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    assert verdicts(preflight(f"{CLEAR}\nx\n", "--out", "-", campaign="assistenza")) == [
        (CLEAR, purpose.upper()), ("x", "DESTINATION_INVALID")]


@pytest.mark.parametrize(("campaign", "hint"), (
    ("fibre", "did you mean `fibra`? known: fibra, assistenza"), ("zzz", "known: fibra")))
def test_an_unknown_campaign_is_exit_2_and_the_known_ones_are_named(
        preflight: Preflight, campaign: str, hint: str) -> None:
    ran = preflight(LINES, campaign=campaign)
    assert (ran.code, ran.out) == (USAGE, "") and f"`{campaign}` is no campaign" in ran.err and hint in ran.err


# --- the store

def test_without_the_store_it_fails_as_a_whole(
        preflight: Preflight, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    out = tmp_path / "out.csv"
    ran = preflight(f"{LINES}112\n", "--out", out)
    assert (ran.code, ran.out) == (UNREACHABLE, "") and "see [store] url" in ran.err and not out.exists()


@pytest.mark.parametrize("kind", (keys.REGISTRY, keys.CALLBACKS, keys.RESTS), ids=lambda kind: kind.name)
def test_a_server_that_is_killed_on_the_way_fails_it_as_a_whole(
        gate_toml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        kind: keys.Kind) -> None:
    (tmp_path / "lista.txt").write_text(LINES)
    with StoreServer.start() as server:
        monkeypatch.setenv("AGI_GATE_STORE_URL", server.url)
        load_feeds(gate_toml)
        column = bulk_facts.Survey.column

        def killed(survey: Any, asked: keys.Kind, *numbers: Any) -> Any:
            if asked is kind:
                server.kill()
            return column(survey, asked, *numbers)

        monkeypatch.setattr(bulk_facts.Survey, "column", killed)
        capsys.readouterr()
        code = main(["--config", str(gate_toml), "preflight", str(tmp_path / "lista.txt"), "--campaign", "fibra",
                     "--out", str(tmp_path / "out.csv")])
    assert code == UNREACHABLE and not (tmp_path / "out.csv").exists()
    assert "store could not be read" in capsys.readouterr().err


def test_a_page_that_cannot_be_read_fails_it_as_a_whole(loaded: Preflight, store_url: str) -> None:
    with redis.Redis.from_url(store_url) as client:
        client.set(keys.page_key("acme", keys.REGISTRY, f"39{CLEAR}"[:-4]), b"LOADLOADnonsense")
    assert loaded(LINES, "--at", AT).code == UNREACHABLE


@pytest.mark.parametrize(("loads", "code"), ((1, DONE), (2, DONE), (3, UNREACHABLE)))
def test_a_load_on_the_way_has_it_read_again_three_times_at_most(
        loaded: Preflight, gate_toml: Path, monkeypatch: pytest.MonkeyPatch, loads: int, code: int) -> None:
    (gate_toml.parent / "more.csv").write_text("number,controller,objected_at,via\n")
    left, is_current = [loads], BulkFacts.is_current

    def is_current_after_a_load(facts: BulkFacts) -> bool:
        if left[0]:
            left[0] -= 1
            (gate_toml.parent / "more.csv").write_text(
                f"number,controller,objected_at,via\n{CLEAR},acme,2026-10-0{left[0] + 1}T09:00:00+02:00,call\n")
            assert main(["--config", str(gate_toml), "load", "objections", str(gate_toml.parent / "more.csv")]) == DONE
        return is_current(facts)

    monkeypatch.setattr(BulkFacts, "is_current", is_current_after_a_load)
    ran = loaded(CLEAR, "--at", AT, "--json")
    assert ran.code == code
    if code == DONE:
        assert '"OBJECTION_RECORDED"' in ran.out
    else:
        assert "each of the 3 times" in ran.err and '"reasons"' not in ran.out


# --- what is told

def test_the_summary_says_what_would_change_each_reason(loaded: Preflight) -> None:
    out = loaded(f"{LINES}x\n", "--at", AT).out
    for reason in ("DIRECTORY_NOT_OPPOSED", "REGISTRY_OPPOSED", "REGISTRY_UNKNOWN", "DESTINATION_INVALID"):
        assert re.search(rf"{reason}\W+1\W+25\.0%", out)
        assert Reason[reason].meaning in out and remedy(Reason[reason]) in out
    assert out.endswith("1 of 4 may be called\n")


def test_the_summary_counts_what_else_denies(loaded: Preflight, gate_toml: Path) -> None:
    write_gate_toml(gate_toml.parent, ('hours = "off"', 'hours = "code-of-conduct"'))
    reasons = {row["reason"]: (row["numbers"], row["also"]) for row in json.loads(
        loaded(LINES, "--at", "2026-10-14T03:00:00+02:00", "--json").out)["reasons"]}
    assert reasons == {"HOURS_CLOSED": (3, 0), "REGISTRY_OPPOSED": (0, 1), "REGISTRY_UNKNOWN": (0, 1)}


def test_the_json_is_one_value(loaded: Preflight) -> None:
    ran = loaded(LINES, "--at", AT, "--json")
    summary = json.loads(ran.out)
    assert ran.err == "" and {name: summary[name] for name in ("list", "campaign", "controller", "regime", "at")} == {
        "list": "lista.txt", "campaign": "fibra", "controller": "acme", "regime": "2026-08-02",
        "at": "2026-10-14T09:00:00.000000Z"}
    assert {"verdict", "reason", "numbers", "also", "meaning", "remedy"} == set(summary["reasons"][0])


def test_in_cron_it_says_nothing_but_its_answer(loaded: Preflight) -> None:
    assert loaded(LINES, "--at", AT).err == ""


# --- --out

def test_out_holds_each_number_in_the_order_of_the_list(loaded: Preflight, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("as it was")
    ran = loaded(f"{ENROLLED}\n0039{CLEAR}\n112\nx\n", "--at", AT, "--out", out)
    assert ran.code == DONE and "2 of 4 may be called" in ran.out
    with out.open(newline="") as stream:
        assert [tuple(row) for row in csv.reader(stream)] == [
            ("number", "verdict", "reason", "reasons", "destination"),
            (ENROLLED, "DENY", "REGISTRY_OPPOSED", "REGISTRY_OPPOSED", f"+39{ENROLLED}"),
            (f"0039{CLEAR}", "ALLOW", "DIRECTORY_NOT_OPPOSED", "DIRECTORY_NOT_OPPOSED", f"+39{CLEAR}"),
            ("112", "ALLOW", "EMERGENCY", "EMERGENCY", "112"),
            ("x", "DENY", "DESTINATION_INVALID", "DESTINATION_INVALID", "")]
    assert not out.stat().st_mode & 0o007 and not list(tmp_path.glob(".out.csv*"))


def test_with_out_on_stdout_the_summary_is_on_stderr(loaded: Preflight) -> None:
    ran = loaded(LINES, "--at", AT, "--out", "-")
    assert len(ran.rows) == 3 and ran.err.endswith("1 of 3 may be called\n") and "may be called" not in ran.out


@pytest.mark.parametrize(("out", "why"), (("absent/out.csv", "no file can be made"), (".", "no regular file"),
                                          ("./lista.txt", "the list itself"), ("/dev/null", "no regular file")))
def test_a_wrong_out_is_exit_2_before_any_work(
        preflight: Preflight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, why: str) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    ran = preflight(LINES, "--out", tmp_path / out)
    assert (ran.code, ran.out) == (USAGE, "") and why in ran.err and (tmp_path / "lista.txt").read_text() == LINES


def test_a_disk_that_fills_up_leaves_what_was_there(
        loaded: Preflight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    out.write_text("as it was")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agi_gate.ops.preflight.os.fsync", full)
    ran = loaded(LINES, "--at", AT, "--out", out)
    assert (ran.code, ran.out) == (USAGE, "") and "No space left" in ran.err
    assert out.read_text() == "as it was" and not list(tmp_path.glob(".out.csv*"))


def test_two_answers_on_one_stdout_are_refused(preflight: Preflight) -> None:
    assert preflight(LINES, "--json", "--out", "-").code == USAGE


def test_the_example_of_the_help_can_be_pasted(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["preflight", "--help"])
    text = capsys.readouterr().out
    example = re.search(r"^example: agi-gate (.*)$", text, re.MULTILINE)
    assert example is not None and parser().parse_args(example[1].split()).list == "lista.csv"
    assert max(map(len, text[:example.start()].splitlines())) <= 80


# --- what would change a verdict

@pytest.mark.parametrize("reason", Reason, ids=str)
def test_each_reason_says_what_would_change_it_in_one_short_plain_sentence(reason: Reason) -> None:
    sentence = REMEDIES[reason]
    assert sentence == remedy(reason) and 0 < len(sentence) <= 115
    assert "\n" not in sentence and not sentence.endswith(".") and sentence[0].islower() or sentence[0].isdigit()


def test_what_the_law_does_not_allow_has_no_way_around_it() -> None:
    for reason in (Reason.OBJECTION_RECORDED, Reason.DESTINATION_PREMIUM, Reason.EMERGENCY):
        assert remedy(reason).startswith("nothing: ")
    for reason in (Reason.REGISTRY_OPPOSED, Reason.CONSENT_REVOKED):
        assert remedy(reason).startswith("only the person: ")


def test_each_verb_that_a_remedy_names_is_there() -> None:
    verbs = parser().format_help()
    for verb in re.findall(r"agi-gate (\w+)", " ".join(REMEDIES.values())):
        assert re.search(rf"^ +{verb}\b", verbs, re.MULTILINE), verb
