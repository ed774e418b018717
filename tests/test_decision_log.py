"""Each record is a line of its own, or an error: never half a line, never two in one."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agi_gate.decision_log import DecisionLog, LogUnavailable


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow past a size, as a full disk would not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def test_a_record_is_one_line(path: Path) -> None:
    log = DecisionLog(path)
    for line in ('{"a":1}', '{"b":"è"}'):
        log.append(line)
    assert path.read_text(encoding="utf-8") == '{"a":1}\n{"b":"è"}\n'


def test_it_goes_on_where_another_stopped(path: Path) -> None:
    DecisionLog(path).append("first")
    DecisionLog(path).append("second")
    assert path.read_text() == "first\nsecond\n"


def test_nobody_but_the_gate_s_user_and_group_may_read_it(path: Path) -> None:
    DecisionLog(path).append("x")
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0


def test_half_a_character_is_kept_as_json_reads_it(path: Path) -> None:
    DecisionLog(path).append(json.dumps({"name": "Niccol\udcc3"}, ensure_ascii=False))
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": "Niccol\udcc3"}


def test_a_file_that_was_rotated_away_is_begun_anew(path: Path) -> None:
    log, rotated = DecisionLog(path), path.with_suffix(".1")
    log.append("before")
    path.rename(rotated)
    log.append("after")
    rotated.unlink()
    path.rename(rotated)
    path.write_text("made by logrotate\n")
    log.append("later")
    assert (rotated.read_text(), path.read_text()) == ("after\n", "made by logrotate\nlater\n")


def test_a_file_that_was_emptied_in_place_goes_on_at_its_beginning(path: Path) -> None:
    log = DecisionLog(path)
    log.append("before")
    os.truncate(path, 0)
    log.append("after")
    assert path.read_text() == "after\n"


def test_files_that_are_rotated_away_are_not_held_open(path: Path) -> None:
    log = DecisionLog(path)
    log.append("x")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        path.unlink()
        log.append("x")
    assert len(os.listdir("/proc/self/fd")) == before
    log.close()
    assert len(os.listdir("/proc/self/fd")) == before - 1


@pytest.mark.parametrize("where", ("absent/decisions.jsonl", "file/decisions.jsonl", ""))
def test_where_nothing_can_be_written_is_an_error_until_it_can(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    log = DecisionLog(tmp_path / where)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            log.append("x")
    (tmp_path / "absent").mkdir()
    if where.startswith("absent"):
        log.append("x")


def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(LogUnavailable, match="No space left"):
        DecisionLog(Path("/dev/full")).append("x")


@pytest.mark.parametrize("room", range(10, 17))
def test_a_line_that_the_disk_cut_is_taken_back(path: Path, room: int) -> None:
    log = DecisionLog(path)
    log.append("123456789")
    with room_for(room), pytest.raises(LogUnavailable):
        log.append("abcdefg")
    assert path.read_text() == "123456789\n"
    log.append("after")
    assert path.read_text() == "123456789\nafter\n"


def test_no_other_worker_s_record_is_spoilt_by_a_line_that_the_disk_cut(path: Path) -> None:
    full, other = DecisionLog(path), DecisionLog(path)
    with room_for(4), pytest.raises(LogUnavailable):
        full.append("abcdefg")
    other.append("whole")
    full.append("whole too")
    assert path.read_text() == "whole\nwhole too\n"


def _append_many(path: Path, name: str) -> None:
    log = DecisionLog(path)
    for number in range(300):
        log.append(json.dumps({"name": name, "number": number, "text": "x" * (number * 37 % 5000)}))


def test_processes_share_a_file_without_mixing(path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_append_many, args=(path, name)) for name in "abcd"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(records) == 1200
    for name in "abcd":
        assert [record["number"] for record in records if record["name"] == name] == list(range(300))
