"""Each record is a line of its own, or an error: never half a line, never two in one, and each chain goes on."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import resource
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agi_gate.decision_log import DecisionLog, LogUnavailable, heads, rotation, syncing
from agi_gate.decision_log.verifying import verify
from agi_gate.record import Line
from tests.decision_log.writing import told

FORK = multiprocessing.get_context("fork")


def line(name: str = "a", text: str = "") -> Line:
    return Line(f'"id":"{name}","at":"2026-11-20T09:00:00.000000Z","text":{json.dumps(text, ensure_ascii=False)}',
                '"salt":"' + "0" * 32 + '","destination":null,"dialled":"","evidence":[]')


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def names(path: Path) -> list[str]:
    return [record["id"] for record in written(path)]


def problems(path: Path) -> list[str]:
    """What `log verify` finds wrong."""
    report = verify(path)
    return [] if report.verifies else told(report).splitlines()


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error
    return fail


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


def test_a_record_is_one_line_that_goes_on_from_the_one_before(path: Path) -> None:
    log = DecisionLog(path)
    for name in "abc":
        log.append(line(name, "è\n"))
    first, second, third = written(path)
    assert [record["seq"] for record in (first, second, third)] == [1, 2, 3]
    assert first["prev"] == "0" * 64 and len({first["prev"], second["prev"], third["prev"]}) == 3
    assert second["text"] == "è\n" and problems(path) == []


def test_who_comes_after_takes_the_chain_that_is_free(path: Path) -> None:
    first, second = DecisionLog(path), DecisionLog(path)
    first.append(line("a"))
    second.append(line("b"))
    first.close()
    third = DecisionLog(path)
    third.append(line("c"))
    a, b, c = written(path)
    assert (a["chain"], a["seq"] + 1) == (c["chain"], c["seq"]) and b["chain"] != a["chain"]
    assert problems(path) == []


def test_nobody_but_the_gate_s_user_and_group_may_read_it(path: Path) -> None:
    DecisionLog(path).append(line())
    for file in (path, *heads.folder(path).iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o137 == 0, file
    assert stat.S_IMODE(heads.folder(path).stat().st_mode) & 0o027 == 0


def test_half_a_character_is_kept_as_json_reads_it(path: Path) -> None:
    DecisionLog(path).append(line("a", "Niccol\udcc3"))
    assert written(path)[0]["text"] == "Niccol\udcc3" and problems(path) == []


def test_a_file_that_was_renamed_is_never_written_to_again(path: Path) -> None:
    log = DecisionLog(path)
    log.append(line("before"))
    assert rotation.rotate(path, datetime(2026, 11, 20, 12, tzinfo=UTC)) is not None
    log.append(line("after"))
    path.unlink()
    path.touch()
    log.append(line("later"))
    assert names(path) == ["later"]


def test_rotation_between_any_two_records_breaks_no_chain(path: Path) -> None:
    log = DecisionLog(path)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            log.append(line())

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(5):
        time.sleep(0.05)
        rotation.rotate(path, datetime.now(UTC))
    stop.set()
    for writer in writers:
        writer.join()
    log.append(line())
    log.close()
    rotated = sorted(file for file in path.parent.glob("decisions-*.jsonl"))
    assert len(rotated) >= 3
    records = [record for file in (*rotated, path) for record in written(file)]
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))


def test_files_that_are_rotated_away_are_not_held_open(path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    log = DecisionLog(path)
    log.append(line())
    for _ in range(20):
        path.unlink()
        log.append(line())
    assert len(os.listdir("/proc/self/fd")) == before + 2  # the file, and the chain's head
    log.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("where", ("absent/decisions.jsonl", "file/decisions.jsonl", ""))
def test_where_nothing_can_be_written_is_an_error_until_it_can(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    log = DecisionLog(tmp_path / where)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            log.append(line())
    (tmp_path / "absent").mkdir()
    if where.startswith("absent"):
        log.append(line())
        assert len(written(tmp_path / where)) == 1


@pytest.mark.parametrize("room", (0, 1, 30, 300))
def test_a_line_that_the_disk_cut_is_taken_back(path: Path, room: int) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    size = path.stat().st_size
    with room_for(size + room), pytest.raises(LogUnavailable):
        log.append(line("b", "x" * 500))
    assert path.stat().st_size == size
    log.append(line("c"))
    assert names(path) == ["a", "c"] and problems(path) == []


def test_no_other_worker_s_record_is_spoilt_by_a_line_that_the_disk_cut(path: Path) -> None:
    full, other = DecisionLog(path), DecisionLog(path)
    full.append(line("a"))
    with room_for(path.stat().st_size + 10), pytest.raises(LogUnavailable):
        full.append(line("b"))
    other.append(line("c"))
    full.append(line("d"))
    assert names(path) == ["a", "c", "d"] and problems(path) == []


def test_a_line_that_somebody_left_torn_is_ended_before_the_next(path: Path) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    torn = path.read_bytes()[:100]
    with path.open("ab") as file:
        file.write(torn)
    log.append(line("b"))
    assert path.read_bytes().split(b"\n")[1] == torn
    assert json.loads(path.read_bytes().split(b"\n")[2])["id"] == "b"


@pytest.mark.parametrize("how", (fcntl.LOCK_EX, fcntl.LOCK_SH))
def test_a_file_that_another_process_holds_denies_in_time(path: Path, how: int) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    with path.open() as holder:
        fcntl.flock(holder, how)
        began = time.monotonic()
        with pytest.raises(LogUnavailable, match="time is up"):
            log.append(line("b"), began + 0.2)
        assert 0.2 <= time.monotonic() - began < 1.5
    log.append(line("c"))
    assert names(path) == ["a", "c"]


def test_a_path_that_cannot_be_looked_at_leaves_the_file_to_others(path: Path) -> None:
    """A file in the place of the folder, and the folder back again: who failed meanwhile holds nothing."""
    path = path.parent / "log" / path.name
    path.parent.mkdir()
    log, other = DecisionLog(path), DecisionLog(path)
    log.append(line("a"))
    other.append(line("b"))
    path.parent.rename(aside := path.parent.with_name("aside"))
    path.parent.touch()
    with pytest.raises(LogUnavailable):
        log.append(line("c"))
    path.parent.unlink()
    aside.rename(path.parent)
    other.append(line("d"), time.monotonic() + 0.2)
    log.append(line("e"))
    assert names(path) == ["a", "b", "d", "e"] and problems(path) == []


def test_rotation_lets_writers_go_on_before_the_disk_has_it_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    sync, synced = os.fsync, []

    def sync_slowly(descriptor: int) -> None:
        log.append(line("b"), time.monotonic() + 0.2)
        synced.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_slowly)
    assert rotation.rotate(path, datetime.now(UTC)) is not None
    assert synced


def test_records_that_a_disk_cut_and_will_not_give_back_are_followed_by_their_chain(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an append-only file nothing can be taken back: the whole records of a torn write stay."""
    log, write = DecisionLog(path), os.write
    log.append(line("a"))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as broken:
        broken.setattr(os, "ftruncate", refuse)
        broken.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:len(data) * 3 // 4]))
        with pytest.raises(LogUnavailable):
            log.append_all([line("b"), line("c")])
    log.append(line("d"))
    log.close()
    assert problems(path) == []
    assert {"a", "b", "d"} <= {json.loads(text)["id"] for text in path.read_text().splitlines() if text.endswith("}")}


def test_a_thread_that_waits_for_the_others_gives_up_in_time(path: Path) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    with path.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        first = threading.Thread(target=pytest.raises, args=(LogUnavailable, log.append, line("b"), time.monotonic() + 1))
        first.start()
        time.sleep(0.1)
        began = time.monotonic()
        with pytest.raises(LogUnavailable, match="others wait"):
            log.append(line("c"), began + 0.2)
        assert time.monotonic() - began < 0.8
        first.join()


def _append_many(path: Path, name: str) -> None:
    log = DecisionLog(path)
    for number in range(300):
        log.append(line(f"{name}{number}", "x" * (number * 37 % 5000)))


def test_processes_share_a_file_without_mixing(path: Path) -> None:
    processes = [FORK.Process(target=_append_many, args=(path, name)) for name in "abcd"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = names(path)
    for name in "abcd":
        assert [one for one in found if one.startswith(name)] == [f"{name}{number}" for number in range(300)]
    assert len(list(heads.folder(path).iterdir())) <= 4 and problems(path) == []


def _append_for_ever(path: Path) -> None:
    log = DecisionLog(path)
    while True:
        log.append(line("k", "x" * 50))


@pytest.mark.parametrize("rotate", (False, True))
def test_a_writer_that_was_killed_is_followed_by_one_that_goes_on(path: Path, rotate: bool) -> None:
    for _ in range(8):
        process = FORK.Process(target=_append_for_ever, args=(path,))
        process.start()
        time.sleep(0.05)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        if rotate:
            rotation.rotate(path, datetime.now(UTC))
        log = DecisionLog(path)
        log.append(line("after"))
        log.close()
    assert len(list(heads.folder(path).iterdir())) == 1
    if not rotate:
        assert problems(path) == []


def test_a_head_that_is_behind_its_file_goes_on_from_the_file(path: Path) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    (head,) = heads.folder(path).iterdir()
    behind = head.read_bytes()
    log.append(line("b"))
    log.append(line("c"))
    log.close()
    head.write_bytes(behind)
    again = DecisionLog(path)
    again.append(line("d"))
    assert [record["seq"] for record in written(path)] == [1, 2, 3, 4] and problems(path) == []


def test_a_record_that_only_lacks_its_newline_counts(path: Path) -> None:
    log = DecisionLog(path)
    log.append(line("a"))
    (head,) = heads.folder(path).iterdir()
    behind = head.read_bytes()
    log.append(line("b"))
    log.close()
    head.write_bytes(behind)
    os.truncate(path, path.stat().st_size - 1)
    DecisionLog(path).append(line("c"))
    assert names(path) == ["a", "b", "c"] and problems(path) == []


def test_a_head_that_cannot_be_opened_is_left_alone_and_another_chain_begins(path: Path) -> None:
    """Another user's, say; here a folder, for root may open everything."""
    (heads.folder(path) / f"00000000{heads.SUFFIX}").mkdir(parents=True)
    log = DecisionLog(path)
    log.append(line("a"))
    assert names(path) == ["a"]


def test_a_chain_that_cannot_be_begun_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, before = DecisionLog(path), len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", raising(OSError(28, "No space left on device")))
        for _ in range(5):
            with pytest.raises(LogUnavailable):
                log.append(line("a"))
    assert list(heads.folder(path).iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the log itself
    log.append(line("b"))
    assert names(path) == ["b"] and problems(path) == []


def test_a_writer_that_was_killed_between_a_rotation_and_its_head_is_followed_by_one_that_goes_on(path: Path) -> None:
    """Its head tells a place in the file that was rotated away; the file that is there now has grown past it."""
    killed, other = DecisionLog(path), DecisionLog(path)
    for name in "abc":
        killed.append(line(name))
    (head,) = heads.folder(path).iterdir()
    behind = head.read_bytes()
    assert rotation.rotate(path, datetime.now(UTC)) is not None
    killed.append(line("d"))
    head.write_bytes(behind)
    for name in "efgh":
        other.append(line(name))
    os.close(killed._chain._descriptor)  # type: ignore[union-attr]  # as a kill would
    killed._chain = None
    successor = DecisionLog(path)
    successor.append(line("i"))
    assert names(path) == list("defghi") and problems(path) == []


def test_heads_that_were_lost_begin_no_chain_twice(path: Path) -> None:
    DecisionLog(path).append(line("a"))
    shutil.rmtree(heads.folder(path))
    DecisionLog(path).append(line("b"))
    first, second = written(path)
    assert first["chain"] != second["chain"]
    assert any("has no head" in problem for problem in problems(path))


def test_a_damaged_head_is_left_to_who_verifies(path: Path) -> None:
    DecisionLog(path).append(line("a"))
    (head,) = heads.folder(path).iterdir()
    head.write_bytes(b"garbage" * 30)
    DecisionLog(path).append(line("b"))
    assert names(path) == ["a", "b"]
    assert any("is no head any more" in problem for problem in problems(path))


def test_synced_records_of_many_threads_are_all_there(path: Path) -> None:
    log = DecisionLog(path, "synced")
    threads = [threading.Thread(target=lambda name=name: [log.append(line(f"{name}{number}")) for number in range(20)])
               for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names(path))) == 160 and problems(path) == []


def test_a_new_file_s_name_is_synced_before_its_first_record_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    works = False

    def sync(folder: Path) -> None:
        synced.append(folder)
        if not works:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(syncing, "sync_folder", sync)
    log = DecisionLog(path, "synced")
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            log.append(line("a"))
    works = True
    for name in "bc":
        log.append(line(name))
    assert synced == [path.parent] * 3
    path.rename(path.with_name("rotated"))
    log.append(line("d"))
    assert len(synced) == 4
    DecisionLog(path).append(line("e"))
    assert len(synced) == 4, "who asks for no sync gets none"


def test_a_disk_that_does_not_sync_is_no_record(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    log = DecisionLog(path, "synced")
    log.append(line("a"))
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(LogUnavailable):
        log.append(line("b"))
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: time.sleep(1))
    with pytest.raises(LogUnavailable):
        log.append(line("c"), time.monotonic() + 0.1)


def test_where_there_was_no_thread_to_sync_there_may_be_one_for_the_next_record(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(path, "synced")
    with monkeypatch.context() as full, pytest.raises(LogUnavailable, match="no thread"):
        full.setattr(threading.Thread, "start", raising(RuntimeError("can't start new thread")))
        log.append(line("a"))
    log.append(line("b"))
    assert names(path) == ["a", "b"] and problems(path) == []


def test_a_disk_that_fails_at_the_close_is_no_record_and_the_next_one_is_synced(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.close

    def close(descriptor: int) -> None:
        real(descriptor)
        if threading.current_thread() is not threading.main_thread():
            raise OSError(5, "Input/output error")

    log = DecisionLog(path, "synced")
    with monkeypatch.context() as failing, pytest.raises(LogUnavailable, match="did not take it"):
        failing.setattr(os, "close", close)
        log.append(line("a"))
    log.append(line("b"))
    assert names(path) == ["a", "b"] and problems(path) == []
