"""Whatever a line holds: it is named with what is wrong with it, the rest is read, and `keep` goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from agi_gate.decision_log import files, index, keeping, segment
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.search import Wanted, search
from agi_gate.ops import log_table
from agi_gate.ops.main import main
from agi_gate.record import parse
from tests.decision_log.writing import NUMBER, midnight, sealed, silent
from tests.support.cases import own_gate_toml
from tests.test_replay import CASES, write_log

KEPT = 4


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    log = tmp_path_factory.mktemp("log") / "decisions.jsonl"
    write_log(log, CASES[:KEPT])
    return log.read_text().splitlines()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    own_gate_toml(tmp_path)
    return tmp_path / "decisions.jsonl"


def odd(line: str, **changes: Any) -> str:
    """A record with other values; `call__campaign`: within `call`."""
    record = json.loads(line)
    for path, value in changes.items():
        *names, last = path.split("__")
        within = record
        for name in names:
            within = within[name]
        within[last] = value
    return json.dumps(record, separators=(",", ":"))


# what; words on it
VALUES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"pseudonyms": [1]}, "its `pseudonyms` is nothing that a record has there"), ({"pseudonyms": "abc"}, "`pseudonyms`"),
    ({"pseudonyms": {"destination": 5}}, "its `pseudonyms.destination` is"),
    ({"at": "0001-01-01T00:00:00.000000+05:00"}, "its `at` is"), ({"at": "9999-12-31T23:59:59.000000Z"}, "its `at` is"),
    ({"at": "2026-11-20T09:00:00"}, "its `at` is"), ({"at": "2026-02-30T09:00:00.000000Z"}, "its `at` is"),
    ({"at": "2026-11-20T09:00:00+99:00"}, "its `at` is"), ({"at": None}, "its `at` is"),
    ({"dialled": 5, "destination": None}, "its `call.destination` is"), ({"channel": 5}, "its `call.channel` is"),
    ({"masked": 5}, "its `masked` is"), ({"masked": True}, "its `masked` is"), ({"masked": [5]}, "its `masked` is"),
    ({"elapsed_us": 1 << 60}, "its `elapsed_us` is"), ({"elapsed_us": True}, "its `elapsed_us` is"),
    ({"elapsed_us": 1.5}, "its `elapsed_us` is"), ({"call": []}, "all that a decision record holds"),
    ({"call__campaign": None}, "its `call.campaign` is"), ({"call__controller": 5}, "its `call.controller` is"),
    ({"call__caller_id": 5}, "its `call.caller_id` is"), ({"call__caller_id": None}, "its `call.caller_id` is"),
    ({"reasons": "ABC"}, "its `reasons` is"), ({"reasons": []}, "its `reasons` is"), ({"reason": 5}, "its `reason` is"),
    ({"verdict": None}, "its `verdict` is"), ({"id": 5}, "its `id` is"), ({"shadow": 5}, "its `shadow` is"),
    ({"facts": 5}, "all that a decision record holds"), ({"policy": 5}, "its `policy` is"),
    ({"number": [1]}, "its `number` is"), ({"v": 3}, "it is of version 3, and this program reads versions 1 and 2"),
    ({"v": "2"}, "it is JSON, and no decision record"), ({"v": True}, "it is JSON, and no decision record"))
# what only a replay finds out
LATER: tuple[dict[str, Any], ...] = (
    {"fail": {}}, {"fail": 5}, {"policy__campaign": 5}, {"policy__hours": {"x": 5}}, {"facts": {}}, {"number": {"class": "x"}, "masked": ["x"]},
    {"call__presentation": "x"}, {"policy": {}}, {"rests_on": 5}, {"policy__callback_days": "30"}, {"policy__callback_days": 0},
    {"policy__callback_days": True}, {"policy__callback_days": 1 << 40}, {"policy__callback_days": None})
LINES: tuple[tuple[str, str], ...] = (
    ("hello", "it is no JSON"), ("[1,2]", "it is JSON, and no decision record"), ("5", "no decision record"),
    ("null", "no decision record"), ("[" * 100_000, "it is nested too deeply"),
    ('{"v":2,"x":' + "[" * 5_000 + "]" * 5_000 + "}", "nested too deeply"), ('{"v":' + "9" * 5_000 + "}", "too many digits"),
    ('{"v":1,"id":"x"}', "its `"), ("{}", "no decision record"))


def all_read(log: Path, words: str, numbers: int = KEPT) -> list[str]:
    """What a search of all, and of one number, and of `newest` complains of: each time the same line."""
    complaints: list[str] = []
    found = list(search(log, Wanted(), None, complaints.append))
    assert len(found) == numbers and len(complaints) == 1, complaints
    assert words in complaints[0] and complaints[0].endswith("; the rest is still read")
    for _, record in found:
        log_table.cells(record)
    assert len(list(search(log, Wanted(), None, silent, 100))) == numbers
    list(search(log, Wanted(number=NUMBER), None, silent))
    return complaints


@pytest.mark.parametrize(("line", "words"), LINES, ids=range(len(LINES)))
def test_what_is_no_record(log: Path, written: list[str], line: str, words: str,
                           capsys: pytest.CaptureFixture[str]) -> None:
    through_all(log, written, line, words, capsys)


@pytest.mark.parametrize(("values", "words"), VALUES, ids=[str(values) for values, _ in VALUES])
def test_what_is_a_record_but_for_a_value(log: Path, written: list[str], values: dict[str, Any], words: str,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    through_all(log, written, odd(written[0], **values), words, capsys)


def through_all(log: Path, written: list[str], line: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text("\n".join([written[0], line, *written[1:]]) + "\n", errors="surrogateescape")
    assert f"line 2 of {log} is no record this program can read: " in all_read(log, words)[0]
    assert main(["--config", str(log.with_name("gate.toml")), "replay", str(log)]) == 7
    said = capsys.readouterr()
    assert f"line 2 of {log} is no record this program can read: " in said.err and words in said.err
    assert main(["--config", str(log.with_name("gate.toml")), "log"]) == 0
    capsys.readouterr()
    keeping.keep(log, Plan(), midnight(9), silent, pytest.fail, rotate_now=True)
    one = sealed(log, 0)
    assert not one.plain.exists() and one.index.exists()
    assert f"line 2 of {one.compressed} is no record this program can read: " in all_read(log, words)[0]


@pytest.mark.parametrize("values", LATER, ids=str)
def test_what_only_a_replay_finds_out(log: Path, written: list[str], values: dict[str, Any],
                                      capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text("\n".join([odd(written[0], **values), *written[1:]]) + "\n")
    list(search(log, Wanted(), None, silent))
    for more in ([], ["--shadow"], ["--new"]):
        main(["--config", str(log.with_name("gate.toml")), "replay", str(log),
              *(["--config", str(log.with_name("gate.toml"))] if more == ["--new"] else more)])
    said = capsys.readouterr()
    assert "line 1 of" in said.err and "it does not hold all that a decision record holds" in said.err
    assert "Error" not in said.err and "isoformat" not in said.err


def test_a_line_that_a_crash_tore_is_no_failure(log: Path, written: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text("\n".join([*written[:2], written[2][:300], *written[2:], written[0][:90]]))
    configuration = str(log.with_name("gate.toml"))
    assert main(["--config", configuration, "replay", "--json", str(log)]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert (report["records"], report["unread_lines"], report["torn_lines"]) == (KEPT, 0, 2)
    assert said.err.count("note: line") == 2 and "as a crash leaves one" in said.err
    complaints: list[str] = []
    assert len(list(search(log, Wanted(), None, complaints.append))) == KEPT
    assert all("as a crash leaves one" in words for words in complaints) and len(complaints) == 2


def test_of_many_lines_the_first_are_told_and_the_rest_is_counted(log: Path, written: list[str]) -> None:
    log.write_text("\n".join([*written, *['{"v":3,"chain":"x","id":"y"}'] * 2_000]) + "\n")
    for _ in ("open", "sealed"):
        complaints: list[str] = []
        assert len(list(search(log, Wanted(), None, complaints.append))) == KEPT
        assert len(complaints) == 12 and "not told one by one" in complaints[10]
        assert "lines could not be read as records" in complaints[11]
        assert "it is of version 3" in complaints[0]
        keeping.keep(log, Plan(), midnight(9), silent, pytest.fail, rotate_now=True)


def test_a_channel_of_an_earlier_build_is_read_where_it_stood(written: list[str]) -> None:
    record = json.loads(written[0])
    before = record | {"call": record["call"] | {"channel": record.pop("channel"), "unique_id": record.pop("unique_id")}}
    assert parse(json.dumps(before)) | {"call": None} == parse(written[0]) | {"call": None}
    assert parse(json.dumps(before))["call"] == parse(written[0])["call"] and parse(written[0])["call"]["channel"]


@pytest.mark.parametrize("header", (
    "{}", "[]", "5", "{", '{"segment": 5}', '{"segment": "DIGEST"}',
    '{"segment": "DIGEST", "frames": 1, "pairs": 0, "frame_code": "H"}',
    '{"segment": "DIGEST", "frames": -5, "pairs": 0, "frame_code": "H"}',
    '{"segment": "DIGEST", "frames": 1, "pairs": 0, "frame_code": "?x"}',
    '{"segment": "DIGEST", "frames": 0, "pairs": 0, "frame_code": "H", "names": {}, "broken": [], "damaged": [], "masked": {}}'))
def test_an_index_that_holds_something_else_is_made_anew(log: Path, written: list[str], header: str) -> None:
    log.write_text("\n".join(written) + "\n")
    keeping.keep(log, Plan(), midnight(9), silent, pytest.fail, rotate_now=True)
    one = sealed(log, 0)
    with segment.Segment(one.compressed) as opened:
        text = header.replace("DIGEST", opened.digest.hex()).encode()
    whole = one.index.read_bytes()
    data = index.MAGIC + len(text).to_bytes(4, "little") + text
    one.index.write_bytes(data + crc32(data).to_bytes(4, "little"))
    assert len(list(search(log, Wanted(campaign="t1-mkt"), None, pytest.fail))) > 0
    assert one.index.read_bytes() == whole and len(files.segments(log)) == 1
