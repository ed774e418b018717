"""`agi-gate replay`: what was decided comes out again to the last reason; what a new configuration changes is counted."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pytest

from agi_gate import config, record
from agi_gate.decide import decide
from agi_gate.decision_log import DecisionLog, keeping
from agi_gate.explaining import LANGUAGES, tell
from agi_gate.facts import Facts
from agi_gate.gate import Gate
from agi_gate.ops.main import main
from agi_gate.ops.replaying import Replay as Counting, Wanted
from agi_gate.policy import FailPolicy, Policy
from agi_gate.record import Line
from agi_gate.shadow import Shadow
from agi_gate.store.reader import Question, StoreUnavailable
from agi_gate.store.seen import Seen
from lab.processes import tied
from lab.waiting import PATIENCE_S, eventually
from tests.support.cases import DATA, Case, all_cases, call_of, facts_of, own_gate_toml, policy
from tests.support.daemon import AGI_GATE, is_running
from tests.support.ran import Ran
from tests.support.replayed import Replayed

DONE, CRASHED, USAGE, UNREACHABLE, NOT_PROVEN = 0, 1, 2, 4, 7
CASES = all_cases()
SELLS = "t1-mkt"  # most cases' campaign


@dataclass
class KnownFacts:
    """A store that knows one number."""

    facts: Facts
    seen: Seen = field(default_factory=Seen)

    def facts_of(self, questions: list[Question], meanwhile: object) -> list[Facts]:
        return [self.facts] * len(questions)

    def claim(self, *_: object) -> bool:
        return True


def write_log(path: Path, cases: list[Case] = CASES) -> None:
    """The cases as calls: decided by a gate, and on record."""
    declared, log = policy(), DecisionLog(path)
    for case in cases:
        call = call_of(case, declared)
        gate = Gate(declared, KnownFacts(facts_of(case, declared)), log, lambda at=case.at: at)  # type: ignore[arg-type,misc]
        gate.decide(replace(call.request, channel="PJSIP/agent-1"))
    log.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """gate.toml as the calls were decided under, and their log beside it."""
    own_gate_toml(tmp_path)
    write_log(tmp_path / "decisions.jsonl")
    return tmp_path


Replay = Callable[..., Ran]


@pytest.fixture
def replay(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Run `agi-gate --config gate.toml replay ...` in the folder."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AGI_GATE_CONFIG", raising=False)

    def run(*arguments: str, present: str | None = "gate.toml") -> Ran:
        capsys.readouterr()
        try:
            code = main([*(("--config", present) if present else ()), "replay", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())
    return run


def change(folder: Path, *changes: tuple[str, str], name: str = "next.toml") -> str:
    """A new configuration: the present one with words exchanged."""
    text = (folder / "gate.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text, encoding="utf-8")
    return name


def transitions(report: Any) -> dict[tuple[str, str], int]:
    return {(f"{one['was']['verdict']} {one['was']['reason']}", f"{one['now']['verdict']} {one['now']['reason']}"):
            one["count"] for one in report["changes"] if one["what"] in ("verdict", "reason")}


# --- with nothing changed

def test_every_case_comes_out_as_it_was_decided(replay: Replay) -> None:
    ran = replay("--json")
    assert (ran.code, ran.err) == (DONE, "")
    report = ran.json
    assert (report["records"], report["same"], report["changed"], report["unread_lines"]) == (len(CASES), len(CASES), 0, 0)
    expected = {(case.verdict, case.reason) for case in CASES}
    assert {(one["verdict"], one["reason"]) for one in report["unchanged"]} == expected


def test_people_are_told_so_in_a_line(replay: Replay) -> None:
    ran = replay()
    assert ran.code == DONE and ran.out.endswith("each decided again as it is recorded\n") and ran.err == ""


def test_where_nothing_was_decided_again_nothing_is_proven(replay: Replay, folder: Path) -> None:
    page = folder / "page.html"
    ran = replay("--since", "2030-01-01T00:00:00+01:00", "--html", str(page))
    assert ran.out == "0 calls: there is nothing to decide again\n" and "Nothing changes" not in page.read_text()
    write_log(folder / "service.jsonl", [case for case in CASES if (case.campaign, case.reason) == ("t1-service", "SERVICE")
                                         and case.destination.startswith("333")])
    ran = replay("--config", change(folder, ('purpose = "service"', 'purpose = "marketing"')), "--html", str(page),
                 "service.jsonl")
    assert ": 0 stay as they were, and of the others it is not known\n" in ran.out
    assert "not decided again: the new policy would ask the store" in ran.out and "Nothing changes" not in page.read_text()


def test_a_file_that_another_program_compressed_is_replayed(replay: Replay, folder: Path) -> None:
    path = folder / "old.jsonl.gz"
    path.write_bytes(gzip.compress((folder / "decisions.jsonl").read_bytes()))
    assert replay("--json", str(path)).json["same"] == len(CASES)
    path.write_bytes(path.read_bytes()[:-50])
    ran = replay("--json", str(path))
    assert ran.code == UNREACHABLE and "it is no gzip file, or damaged, or cut short; the rest is still read" in ran.err


def test_a_page_on_a_file_that_all_could_read_is_the_user_s_and_the_group_s(replay: Replay, folder: Path) -> None:
    page = folder / "page.html"
    page.write_text("<!doctype html>" + "x" * 1_000_000)
    page.chmod(0o666)
    replay("--html", str(page))
    assert page.stat().st_mode & 0o777 == 0o640 and page.read_text().endswith("</html>\n") and "xxx" not in page.read_text()
    assert replay("--html", "/dev/null").code == DONE


def test_a_file_that_is_named_twice_is_counted_once(replay: Replay, folder: Path) -> None:
    (folder / "link.jsonl").symlink_to("decisions.jsonl")
    ran = replay("--json", "decisions.jsonl", str(folder / "decisions.jsonl"), "link.jsonl")
    assert ran.json["records"] == len(CASES) and ran.err.count("is named twice; its calls are counted once") == 2


@pytest.mark.parametrize("name", ("decisions.jsonl", "gate.toml"))
def test_what_is_no_page_is_not_written_over(replay: Replay, folder: Path, name: str) -> None:
    before = (folder / name).read_bytes()
    ran = replay("--html", name)
    assert (ran.code, ran.out) == (USAGE, "") and f"{name} is there and is no page" in ran.err
    assert (folder / name).read_bytes() == before


class Begun(NamedTuple):
    process: subprocess.Popen[str]
    counting: list[int]  # its processes
    log: BinaryIO


@pytest.fixture
def begun(folder: Path) -> Iterator[Begun]:
    """A replay of a log that ends when it is closed."""
    log = folder / "endless.jsonl"
    os.mkfifo(log)
    process = subprocess.Popen(tied([AGI_GATE, "replay", "--jobs", "2", str(log)]), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    with process, log.open("wb") as stream:
        for _ in range(8):
            stream.write((folder / "decisions.jsonl").read_bytes())
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        eventually(lambda: len(children.read_text().split()) == 2)
        yield Begun(process, [int(pid) for pid in children.read_text().split()], stream)
        process.kill()


def test_no_process_outlives_a_replay_that_was_killed(begun: Begun) -> None:
    begun.process.kill()
    eventually(lambda: not any(map(is_running, begun.counting)))


def test_a_process_of_it_that_is_killed_is_told(begun: Begun) -> None:
    os.kill(begun.counting[0], signal.SIGKILL)
    begun.log.close()
    out, err = begun.process.communicate(timeout=PATIENCE_S)
    assert (begun.process.returncode, out) == (CRASHED, "") and "one of its processes was killed" in err and "Traceback" not in err


def tampered(folder: Path, old: str, new: str, count: int = 1) -> str:
    """The id of the first record in whose line words were exchanged."""
    path = folder / "decisions.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines) if old in line][:count]
    assert found
    for number in found:
        lines[number] = lines[number].replace(old, new)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(json.loads(lines[found[0]])["id"])


@pytest.mark.tampers
@pytest.mark.parametrize(("old", "new", "what"), (
    ('"verdict":"DENY"', '"verdict":"ALLOW"', "verdict"),
    ('"reason":"REGISTRY_STALE"', '"reason":"REGISTRY_UNKNOWN"', "reason"),
    ('"reasons":["REGISTRY_STALE"]', '"reasons":["REGISTRY_STALE","CONSENT_NONE"]', "reasons"),
    ('"regime":"2026-08-02"', '"regime":"2022-07-27"', "regime"),
    ('"regime":"2026-08-02"', '"regime":"2026-08-03"', "regime"),
    ('"source":"a list","rests_on"', '"source":"another list","rests_on"', "source"),
    ('"enrolled":true', '"enrolled":false', "rests_on"),
), ids=str)
def test_a_record_that_comes_out_otherwise_is_told_loudly(replay: Replay, folder: Path, old: str, new: str,
                                                          what: str) -> None:
    if what == "rests_on":
        path = folder / "decisions.jsonl"
        line = next(line for line in path.read_text().splitlines() if '"reason":"REGISTRY_OPPOSED"' in line)
        path.write_text(re.sub(r'("rests_on":\{"check":\{"at":"[^"]*","enrolled":)true', r"\1false", line) + "\n")
        id_ = json.loads(line)["id"]
    else:
        id_ = tampered(folder, old, new)
    ran = replay("--json")
    assert ran.code == NOT_PROVEN and "decides 1 of" in ran.err
    (found,) = ran.json["changes"]
    assert (found["what"], found["count"], found["examples"][0]["id"]) == (what, 1, id_)
    people = replay()
    assert people.code == NOT_PROVEN and id_ in people.out


@pytest.mark.tampers
def test_a_line_with_two_policies_speaks_for_no_other(replay: Replay, folder: Path) -> None:
    path = folder / "decisions.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    sold = next(line for line in lines if '"reason":"CONSENT_VALID"' in line)
    policy = json.dumps(json.loads(sold)["policy"]).replace('"marketing"', '"service"')
    path.write_text("".join(f"{line}\n" for line in (f'{sold[:-1]},"policy":{policy}}}', *lines)), encoding="utf-8")
    report = replay("--json").json
    assert (report["same"], report["changed"]) == (len(CASES), 1)


@pytest.mark.tampers
def test_the_replay_of_what_all_tests_make_sees_it(folder: Path) -> None:
    """Were it blind, no test would tell."""
    keeping.keep(folder / "decisions.jsonl", keeping.Plan(), datetime.now(UTC) + timedelta(days=2), lambda words: None, pytest.fail)
    assert [path.suffix for path in folder.glob("decisions-*.jsonl*")] == [".zst"]
    (folder / "more").mkdir()
    write_log(folder / "more" / "decisions.jsonl")
    assert Replayed.under(folder, set()) == Replayed(2, 2 * len(CASES), [])
    tampered(folder / "more", '"reason":"REGISTRY_STALE"', '"reason":"REGISTRY_UNKNOWN"')
    (told,) = Replayed.under(folder, set()).differing
    assert "more/decisions.jsonl: reason DENY REGISTRY_UNKNOWN DENY REGISTRY_STALE: 1 of" in told
    assert Replayed.under(folder, {folder / "more"}) == Replayed(1, len(CASES), [])


def test_newer_rules_are_found_by_their_reasons(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    from agi_gate.rules import hours
    monkeypatch.setattr(hours, "is_holiday", lambda day: False)  # a program that forgot the holidays
    ran = replay("--json", "--jobs", "1")
    assert ran.code == NOT_PROVEN
    found = transitions(ran.json)
    assert found["DENY HOURS_HOLIDAY", "ALLOW CONSENT_VALID"] >= 10 and ran.json["same"] + ran.json["changed"] == len(CASES)


# --- records from before the law was read again

OLDER = DATA / "records_before_2026-11.jsonl"
DENIED_NOW = {
    ("ALLOW CONSENT_VALID", "DENY SECTOR_CUSTOMERS_ONLY"): 1, ("ALLOW CONTRACT_CONSENT", "DENY SECTOR_CUSTOMERS_ONLY"): 1,
    ("ALLOW CONSENT_AFTER_ENROLMENT", "DENY SECTOR_CUSTOMERS_ONLY"): 1,
    ("ALLOW CONSENT_VALID", "DENY CONSENT_VOIDED_BY_REGISTRY"): 2, ("ALLOW CONSENT_VALID", "DENY CONSENT_DATE_UNPROVEN"): 1,
    # one for energy that does not say how it was asked for, and one that is two months old
    ("ALLOW CALLBACK_REQUESTED", "DENY CONSENT_NONE"): 2,
    ("ALLOW CONSENT_VALID", "DENY AI_DISCLOSURE_MISSING"): 1}


@pytest.mark.tampers  # what the tests' own records are held to, these are not
def test_older_records_show_the_calls_that_are_denied_now_by_reason(replay: Replay, folder: Path) -> None:
    ran = replay("--json", str(OLDER))
    assert ran.code == NOT_PROVEN and "decides 10 of 20 calls otherwise than it is recorded" in ran.err
    listed = {("ALLOW CONSENT_VALID", "ALLOW DIRECTORY_NOT_OPPOSED"): 1}
    assert transitions(ran.json) == DENIED_NOW | listed
    # the AI Act, a row of the law that they do not know, changes nothing of the calls that it cannot concern
    assert (ran.json["same"], {one["what"] for one in ran.json["changes"]}) == (10, {"verdict", "reason"})
    people = replay(str(OLDER))
    assert "9 allowed before would be denied" in people.out and "SECTOR_CUSTOMERS_ONLY" in people.out
    under_new = replay("--json", "--config", "gate.toml", str(OLDER))
    assert transitions(under_new.json).items() >= {
        key: count for key, count in DENIED_NOW.items() if key[1] != "DENY AI_DISCLOSURE_MISSING"}.items()


def test_an_older_record_is_explained_as_it_was_and_says_what_it_would_be_now() -> None:
    for line in OLDER.read_text(encoding="utf-8").splitlines():
        entry = record.parse(line)
        now = decide(*record.read(line)).reasons
        for language in LANGUAGES.values():
            story = "\n".join(sentence for part in tell(entry, language).sections for sentence in part.sentences)
            assert entry["reason"] in story and "None" not in story
            assert (now == tuple(entry["reasons"])) is (language.text("decision.otherwise", reasons=", ".join(now)) not in story)


# --- with a new configuration

def test_days_of_a_request_and_what_an_ai_declares_are_told_as_the_cause(replay: Replay, folder: Path) -> None:
    first_policy = "[policy]\ncallback_days = 1\n\n[store]"
    causes = {cause["cause"] for one in replay("--config", change(folder, ("[store]", first_policy)), "--json").json["changes"]
              for cause in one["causes"]}
    assert causes == {"callback_days 30 → 1"}
    report = replay("--config", change(folder, ("ai_disclosure = true", "ai_disclosure = false")), "--json").json
    assert {cause["cause"] for one in report["changes"] for cause in one["causes"]} == {"campaign `t1-ai`: ai_disclosure is false"}
    assert {one["now"]["reason"] for one in report["changes"]} == {"AI_DISCLOSURE_MISSING"}
    report = replay("--config", change(folder, ('statistics_basis = "national', 'statistics_basis = "another')), "--json").json
    assert report["changed"] == 0


def test_the_present_configuration_as_the_new_one_changes_nothing(replay: Replay) -> None:
    ran = replay("--config", "gate.toml", "--json")
    assert (ran.code, ran.json["changed"], ran.json["same"], ran.json["set_apart"]) == (DONE, 0, len(CASES), {})
    assert ran.json["config"]["path"] == "gate.toml" and len(ran.json["config"]["sha256"]) == 64


def test_a_campaign_that_is_gone_denies_its_calls(replay: Replay, folder: Path) -> None:
    ran = replay("--config", change(folder, (f"[campaigns.{SELLS}]", "[campaigns.gone]")), "--json", "--examples", "1")
    assert ran.code == DONE
    report = ran.json
    sold = [case for case in CASES if case.campaign == SELLS and case.reason == "CONSENT_VALID"]
    assert transitions(report)["ALLOW CONSENT_VALID", "DENY CAMPAIGN_UNKNOWN"] == len(sold)
    for one in report["changes"]:
        assert [cause["cause"] for cause in one["causes"]] == [f"campaign `{SELLS}` is gone"]
        assert len(one["examples"]) == 1 and one["examples"][0]["campaign"] == SELLS
    assert report["same"] + report["changed"] == len(CASES)


def test_it_counts_what_the_cases_say_under_it(replay: Replay, folder: Path) -> None:
    """Against another way to the same numbers: each case understood and decided under the new file."""
    from agi_gate.decide import decide, decide_without_facts
    name = change(folder, ('hours = "code-of-conduct"', 'hours = "off"')) if 'hours = "code' in (
        folder / "gate.toml").read_text() else change(folder, ("[store]", '[policy]\nhours = "off"\n\n[store]'))
    new, old = config.load(folder / name).policy, policy()
    expected: dict[tuple[str, str], int] = {}
    for case in CASES:
        before = decide(call_of(case, old), facts_of(case, old))
        after = decide(call_of(case, new), facts_of(case, new))
        assert decide_without_facts(call_of(case, old)) == decide_without_facts(call_of(case, new))
        if before.reason is not after.reason:
            key = (f"{before.outcome.value} {before.reason}", f"{after.outcome.value} {after.reason}")
            expected[key] = expected.get(key, 0) + 1
    assert expected
    report = replay("--config", name, "--json").json
    assert transitions(report) == expected
    assert {cause["cause"] for one in report["changes"] for cause in one["causes"]} == {"hours code-of-conduct → off"}


def test_another_source_is_brought_by_what_says_it(replay: Replay, folder: Path) -> None:
    """Also where the category, too, is another one, which comes first and decides nothing of these calls."""
    name = change(folder, ('source = "Lista 2026-09"', 'source = "Other"'),
                  ('category = "telecom"\ncaller_ids = ["+390212340000", ', 'category = "x"\ncaller_ids = ["+390212340000", '))
    causes = {cause["cause"] for one in replay("--config", name, "--json").json["changes"] if one["what"] == "source"
              for cause in one["causes"]}
    assert f"campaign `{SELLS}`: source Lista 2026-09 → Other" in causes and not any("category" in words for words in causes)


def test_what_goes_on_without_the_store_is_told_as_the_fail_policy_s(folder: Path) -> None:
    calls = Calls(replace(policy(), fail=FailPolicy(store=frozenset())), policy(), lambda facts: StoreUnavailable("down"))
    tally = Counting(Wanted(replace(policy(), hours_off=True))).count(calls.lines)
    causes = {words for key, group in tally.changed.items() for words in group.causes if key[4] in ("SERVICE", "STATISTICS")}
    assert causes == {"fail.store: service deny → allow", "fail.store: statistics deny → allow"}


# --- the page

class Page(HTMLParser):
    """Its tags in order, and what its text and its attributes say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.said += [value or "" for _, value in attributes]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_has_the_counts_and_a_picture_and_needs_nothing_else(replay: Replay, folder: Path) -> None:
    name = change(folder, ("[campaigns.t1-service]", "[campaigns.gone]"))
    report = replay("--config", name, "--html", "page.html", "--json").json
    text = (folder / "page.html").read_text()
    page = Page(text)
    assert page.tags.count("svg") == 1 and not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in text and "url(" not in text and "@import" not in text
    for (was, now), count in transitions(report).items():
        assert f"{was} → {now}: {count:,} calls" in page.said
    assert f"{report['same']:,}" in page.said
    (shares,) = (words for words in page.said if words.startswith("share of calls that change"))
    assert " % newly denied" in shares


def test_the_page_names_people_in_its_examples_alone(replay: Replay, folder: Path) -> None:
    name = change(folder, (f"[campaigns.{SELLS}]", "[campaigns.gone]"))
    warning = "It holds numbers of called people"
    replay("--config", name, "--html", "page.html")
    text = (folder / "page.html").read_text()
    assert warning in text and "+3933312345" in text
    replay("--config", name, "--html", "page.html", "--examples", "0")
    text = (folder / "page.html").read_text()
    assert warning not in text and "+3933312345" not in text


@pytest.mark.tampers
def test_what_a_record_holds_is_text_in_the_page(replay: Replay, folder: Path) -> None:
    odd = '<script>alert(1)</script>\u202e"\''
    path = folder / "decisions.jsonl"
    record = json.loads(next(line for line in path.read_text().splitlines() if '"reason":"CONSENT_VALID"' in line))
    record |= {"id": odd, "reason": odd, "reasons": [odd], "destination": odd}
    record["call"]["campaign"] = odd
    path.write_text(json.dumps(record) + "\n")
    assert replay("--html", "page.html").code == NOT_PROVEN
    page = Page((folder / "page.html").read_text())
    assert "script" not in page.tags and any("<script>alert(1)</script>" in words for words in page.said)


# --- what a shadow said

class Calls:
    """The cases as live calls beside a shadow, with the lines of their records."""

    def __init__(self, live: Policy, second: Policy, store: Callable[[Facts], Any]) -> None:
        self.lines: list[str] = []
        for case in CASES:
            knows = KnownFacts(store(facts_of(case, live)))
            Gate(live, knows, self, lambda at=case.at: at,  # type: ignore[arg-type,misc]
                 shadow=Shadow(second, "0123456789ab")).decide(call_of(case, live).request)

    def append_all(self, lines: list[Line], deadline: float) -> None:
        self.lines += [line.linked("0", len(self.lines) + 1, "0" * 64, 0)[0].decode() for line in lines]

    def counted(self, wanted: Wanted) -> tuple[Counter[Any], Counter[str]]:
        """Calls by their reasons before and after, and those that are set apart."""
        tally = Counting(wanted).count(self.lines)
        found = Counter({key: group.count for key, group in tally.changed.items()
                         if key[0] in ("verdict", "reason", "reasons")})
        return found, tally.apart


@pytest.mark.parametrize("store", (lambda facts: facts, lambda facts: StoreUnavailable("down"), lambda facts: 5),
                         ids=("well", "down", "odd"))
@pytest.mark.parametrize("changes", (
    (), (('purpose = "service"', 'purpose = "marketing"'),), (('purpose = "marketing"', 'purpose = "service"'),),
    ((f"[campaigns.{SELLS}]", "[campaigns.gone]"),), (('controller = "t1"', 'controller = "t2"'),)), ids=str)
def test_a_shadow_and_a_replay_say_the_same(folder: Path, changes: tuple[tuple[str, str], ...],
                                            store: Callable[[Facts], Any]) -> None:
    second = config.load(folder / change(folder, *changes)).policy
    for fail in (FailPolicy(), FailPolicy(store=frozenset())):
        calls = Calls(replace(policy(), fail=fail), replace(second, fail=fail), store)
        replayed = calls.counted(Wanted(replace(second, fail=fail)))
        assert calls.counted(Wanted(shadow=True)) == replayed
        assert changes or replayed[0] == {}
