"""What a gate has seen of the store outlasts its process, is shared by its processes, and never goes back."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.store import keys
from agi_gate.store.seen import Seen, path_beside
from agi_gate.store.unavailable import StoreUnavailable

AT = datetime(2026, 10, 1, tzinfo=UTC)


def load(number: int) -> bytes:
    return keys.load_id(AT + timedelta(minutes=number), None, b"abc")


def see(seen: Seen, number: int | None) -> None:
    seen.check(seen.now(), "acme", None if number is None else load(number))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.store-seen.json"


def test_an_older_load_is_unavailable_and_a_later_one_is_taken(path: Path) -> None:
    seen = Seen(path)
    for number in (None, 1, 1, 3):
        see(seen, number)
    for number in (None, 0, 1, 2):
        with pytest.raises(StoreUnavailable, match="older copy"):
            see(seen, number)
    see(seen, 3)
    see(seen, 4)


def test_it_outlasts_a_restart_and_other_processes_take_it_over(path: Path) -> None:
    first, second = Seen(path), Seen(path)
    see(first, 5)
    see(second, 3)
    first.save()
    with pytest.raises(StoreUnavailable):
        see(second, 3)
    with pytest.raises(StoreUnavailable):
        see(Seen(path), 4)


def test_an_answer_is_compared_with_what_was_seen_when_it_was_asked_for() -> None:
    """The slower of two threads has the older facts, and both were right when they asked."""
    seen = Seen()
    see(seen, 1)
    asked_then = seen.now()
    see(seen, 2)
    seen.check(asked_then, "acme", load(1))
    with pytest.raises(StoreUnavailable):
        see(seen, 1)


def test_nothing_is_written_where_nothing_is_new(path: Path) -> None:
    seen = Seen(path)
    see(seen, 1)
    seen.save()
    before = path.stat().st_ino
    see(seen, 1)
    seen.save()
    assert path.stat().st_ino == before


def test_a_doubt_denies_until_it_is_taken_back_and_only_by_who_compares(path: Path) -> None:
    main, worker = Seen(path), Seen(path)
    see(worker, 1)
    main.set_doubts({"acme": "load 7 is missing"})
    with pytest.raises(StoreUnavailable, match="load 7 is missing"):
        see(worker, 1)
    with pytest.raises(StoreUnavailable, match="load 7"):
        see(worker, 2)  # which is written down all the same
    worker.save()
    with pytest.raises(StoreUnavailable, match="load 7"):
        see(Seen(path), 2)
    main.set_doubts({"acme": ""})
    see(worker, 2)


def test_a_file_that_cannot_be_read_is_said_and_does_not_stop_the_gate(
        path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text("{")
    seen = Seen(path)
    assert "cannot be read" in caplog.text
    see(seen, 1)
    seen.save()
    assert json.loads(path.read_text())["controllers"]["acme"]["load"] == load(1).hex()


def test_a_disk_that_does_not_take_it_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen(tmp_path / "no folder" / "seen.json")
    see(seen, 1)
    for _ in range(3):
        seen.save_or_warn()
    assert caplog.text.count("cannot be written") == 1
    with pytest.raises(OSError):  # and it is tried again
        seen.save()


def test_it_lies_beside_the_log_and_is_none_of_the_log_s_files() -> None:
    assert not path_beside(Path("/var/log/decisions.jsonl")).name.startswith("decisions.jsonl")


def _write(path: Path, number: int) -> None:
    seen = Seen(path)
    for step in range(30):
        see_up(seen, f"c{number}", step)
        see_up(seen, "shared", number * 100 + step)
        seen.save()


def see_up(seen: Seen, controller: str, number: int) -> None:
    try:
        seen.check(seen.now(), controller, load(number))
    except StoreUnavailable:
        pass  # another process has seen a later one


def test_many_writers_lose_nothing_of_each_other(path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(path, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    states = Seen(path).now()
    assert [states[f"c{number}"].load for number in range(4)] == [load(29)] * 4
    assert states["shared"].load == load(329)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.lists(st.integers(-10**6, 10**6), max_size=8))
def test_load_ids_ascend_whatever_the_clock_does(at: datetime, steps: list[int]) -> None:
    now, last = at.replace(tzinfo=UTC), keys.load_id(at.replace(tzinfo=UTC), None, b"xyz")
    assert abs(keys.loaded_at(last) - now) < timedelta(milliseconds=5)
    for step in steps:
        now += timedelta(seconds=step)
        following = keys.load_id(now, last, b"aaa")
        assert following > last and len(following) == keys.LOAD_ID_BYTES
        last = following
