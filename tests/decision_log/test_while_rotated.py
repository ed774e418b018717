"""What is rotated, compressed or gone while a log is read: nothing is lost in silence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agi_gate.decision_log import files, keeping, sealing, segment
from agi_gate.decision_log.follow import follow
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.search import Unread, Wanted, search
from agi_gate.decision_log.time_seen import trust
from agi_gate.ops.log_blocks import NotAllRead, blocks
from agi_gate.ops.used_callbacks import CannotTell, logs_of
from tests.decision_log.test_terms import say
from tests.decision_log.writing import BEGIN, midnight, sealed, silent
from tests.test_replay import CASES, write_log

A_DAY = 12


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three days that are sealed, and an open one."""
    log = tmp_path / "decisions.jsonl"
    for day in range(4):
        write_log(log, CASES[day * A_DAY:(day + 1) * A_DAY])
        if day < 3:
            rotate(log, day)
    return log


def rotate(log: Path, day: int) -> None:
    keeping.keep(log, Plan(decisions_days=90_000), midnight(day + 1), silent, pytest.fail, rotate_now=True)


@pytest.mark.parametrize("newest", (None, 1_000))
@pytest.mark.parametrize("goes_on", (True, False))
def test_a_search_finds_what_is_rotated_while_it_runs(log: Path, goes_on: bool, newest: int | None) -> None:
    found = search(log, Wanted(), None, pytest.fail, newest)
    first = next(found)
    rotate(log, 4)
    if goes_on:
        write_log(log, CASES[:1])
    assert len([first, *found]) == 4 * A_DAY


def test_a_search_finds_what_is_compressed_while_it_runs(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "_compress", lambda *_: None)
        rotate(log, 4)
    found = search(log, Wanted(), None, pytest.fail)
    first = next(found)
    rotate(log, 5)
    assert sealed(log, 3).file == sealed(log, 3).compressed
    assert len([first, *found]) == 4 * A_DAY


def test_a_replay_reads_what_is_rotated_while_it_runs(log: Path) -> None:
    missing: list[NotAllRead] = []
    parts = blocks([log], False, None, None, missing)
    lines = next(parts).lines
    rotate(log, 4)
    write_log(log, CASES[:1])
    lines += b"".join(part.lines for part in parts)
    assert lines.count(b"\n") == 4 * A_DAY and missing == []


def complaints_of(log: Path, wanted: Wanted = Wanted()) -> list[str]:
    complaints: list[str] = []
    assert len(list(search(log, wanted, None, complaints.append))) < 4 * A_DAY
    assert all(isinstance(words, Unread) for words in complaints)
    return complaints


def test_a_day_that_is_missing_is_told(log: Path) -> None:
    sealed(log, 1).compressed.unlink()
    (words,) = complaints_of(log)
    assert str(sealed(log, 1).compressed) in words and f"is missing ({A_DAY} records from" in words
    missing: list[NotAllRead] = []
    assert len(list(blocks([log], False, None, None, missing))) == 3
    assert [str(one).partition(";")[0] for one in missing] == [words.partition(";")[0]]


def test_a_day_that_is_missing_is_told_where_it_can_hold_what_is_wanted(log: Path) -> None:
    one = sealed(log, 1)
    one.compressed.unlink()
    seal = sealing.read(one.seal)
    assert seal.first_at and seal.last_at
    second = timedelta(seconds=1)
    assert complaints_of(log, Wanted(since=seal.last_at, until=seal.first_at + second))
    assert complaints_of(log, Wanted(since=seal.last_at + second)) == []
    assert complaints_of(log, Wanted(until=seal.first_at)) == []


def test_a_day_that_is_missing_with_its_seal_is_told(log: Path) -> None:
    first, second, third = files.segments(log)
    for path in (second.compressed, second.seal):
        path.unlink()
    (words,) = complaints_of(log)
    assert f"{third.name} names another file before it than {first.name}: one between the two is missing" in words
    assert complaints_of(log, Wanted(since=second.rotated_at)) == [words]
    for path in (first.compressed, first.seal):
        path.unlink()
    assert f"{third.name} names a file before it, which is missing" in complaints_of(log)[0]
    missing: list[NotAllRead] = []
    assert len(list(blocks([log], False, None, None, missing))) == 2 and len(missing) == 1


def test_what_a_clock_that_was_ahead_has_written_is_read_and_missed_by_its_time(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    write_log(log, CASES[:A_DAY])
    first_at = min(case.at for case in CASES[:A_DAY])
    keeping.keep(log, Plan(decisions_days=90_000), first_at - timedelta(days=2), silent, pytest.fail, rotate_now=True)
    missing: list[NotAllRead] = []
    assert len(list(blocks([log], False, first_at, None, missing))) == 1 and missing == []
    sealed(log, 0).compressed.unlink()
    assert list(blocks([log], False, first_at, None, missing)) == [] and len(missing) == 1
    assert len(complaints_of(log, Wanted(since=first_at))) == 1


def test_a_file_that_was_cut_between_two_frames_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sealed(log, 1).compressed
    monkeypatch.setattr(segment, "_FRAME_BYTES", 1)
    segment.write(list(segment.lines(one)), one)
    with segment.Segment(one) as opened:
        assert opened.frames is not None and len(opened.frames) == A_DAY
        ends = [frame.start for frame in (opened.frames[0], opened.frames[5])]
    data = one.read_bytes()
    for end, left in zip(ends, (0, 5), strict=True):
        one.write_bytes(data[:end])
        words = f"it has {left} lines, and {A_DAY} were sealed: the others are missing"
        complaints: list[str] = []
        assert len(list(search(log, Wanted(), None, complaints.append))) == 3 * A_DAY + left
        assert [words in said for said in complaints if isinstance(said, Unread)] == [True]
        missing: list[NotAllRead] = []
        assert len(list(blocks([log], False, None, None, missing))) >= 3
        assert len(missing) == 1 and words in missing[0].words


def test_a_day_that_went_by_retention_is_not_missing(log: Path) -> None:
    trust(log, later := BEGIN + timedelta(days=2_000))
    keeping.keep(log, Plan(decisions_days=1), later, silent, pytest.fail)
    assert any(one.file is None for one in files.segments(log))
    assert complaints_of(log) == []


@pytest.mark.parametrize("seal", ("", "{}"))
def test_nor_is_the_word_of_a_seal_believed(log: Path, seal: str) -> None:
    say(log, 1, removed_at="2026-11-24T00:00:00.000000Z").compressed.unlink()
    assert "is missing" in complaints_of(log)[0]
    sealed(log, 1).seal.write_text(seal)
    assert "its seal cannot be read" in complaints_of(log)[0]


def test_who_follows_loses_nothing_by_a_rotation(log: Path) -> None:
    pauses = iter(range(10))

    def pause(_: float) -> None:
        number = next(pauses)
        if number == 0:
            write_log(log, CASES[:2])
            rotate(log, 4)
            write_log(log, CASES[2:3])

    found = follow(log, Wanted(), None, pytest.fail, pause)
    ids = {next(found)[1]["id"] for _ in range(3)}
    assert len(ids) == 3


def test_who_follows_is_told_each_record_once(log: Path) -> None:
    """Also where `keep` makes an empty file that states a shorter retention, and the open one is rotated behind that."""
    log.write_bytes(b"")
    acts = iter((
        lambda: keeping.keep(log, Plan(decisions_days=1), midnight(3), silent, pytest.fail),
        lambda: write_log(log, CASES[:2]),
        lambda: (rotate(log, 4), write_log(log, CASES[2:3]))))

    def pause(_: float) -> None:
        if (act := next(acts, None)) is None:
            raise EOFError
        act()

    told: list[str] = []
    with pytest.raises(EOFError):
        told.extend(record["id"] for _, record in follow(log, Wanted(), None, pytest.fail, pause))
    assert len(told) == len(set(told)) == 3


def test_a_log_that_cannot_be_opened_is_told(log: Path) -> None:
    log.unlink()
    log.mkdir()
    assert "cannot be read" in complaints_of(log)[0]


def test_nor_does_a_rebuild_go_by_it(log: Path) -> None:
    say(log, 1, removed_at="2026-11-24T00:00:00.000000Z").compressed.unlink()
    with pytest.raises(CannotTell, match="is missing"):
        logs_of(log)
