"""The benchmarks run, from end to end, and tell honestly what they found; how fast it is says nothing here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import data, report
from benchmarks.numbering import distinct_numbers
from benchmarks.report import Line

PROJECT = Path(__file__).parent.parent


def test_a_small_run_measures_every_stage_and_writes_its_part_of_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Mine\n\n<!-- calls: begin -->\nkept\n")
    ran = subprocess.run([sys.executable, "-m", "benchmarks.load", "--rows", "2000", "--repeat", "1", "--write",
                          "--document", str(document)], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    written = document.read_text()
    assert written.startswith("# Mine\n\n<!-- calls: begin -->\nkept\n")
    for told in ("naive load, 2,000 numbers", "2,000 numbers into an empty store, sorted", "three checks", "consents",
                 "2,000 contacts", "preflight of 133 numbers", "calls without an answer |  | 0 calls"):
        assert told in written and told.split(" |")[0] in ran.stdout


@pytest.mark.parametrize(("values", "target", "verdict"), (
    ((20.0,), 20, "reached: 1 times"), ((20.1,), 20, "not reached: 0.995 times"),
    ((5.0, 10.0, 40.0), 20, "reached: 2 times"), ((15.0, 30.0, 40.0), 20, "not reached: 0.667 times"),
    ((0,), 0, "reached"), ((1,), 0, "not reached"), ((), 20, "not measured"), ((5.0,), None, ""),
), ids=str)
def test_a_verdict_is_the_medians(values: tuple[float, ...], target: float | None, verdict: str) -> None:
    assert Line("what", "s", values, target).verdict == verdict


def test_a_second_run_takes_the_place_of_the_first_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    for value in (1.0, 2.0):
        for section in ("load", "calls"):
            report.write(section, section.title(), "told", [Line("what", "s", [value])], document)
    written = document.read_text()
    assert written.startswith("# Speed and size\n") and written.count("## Load\n") == written.count("## Calls\n") == 1
    assert "2 s" in written and "1 s" not in written


def test_feeds_are_the_same_every_time_and_their_numbers_are_distinct() -> None:
    numbers = distinct_numbers(20_000)
    assert (numbers == distinct_numbers(20_000)).all()
    assert len(set(numbers.tolist())) == 20_000


def test_each_kind_of_feed_has_as_many_rows_as_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    for kind in data.KINDS:
        lines = data.make(kind, 500).read_text().splitlines()
        assert len(lines) == 500 + (not kind.startswith("registry")), kind
