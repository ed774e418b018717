"""The archive: what was put in comes out as it was, whatever happens to the disk or the process in between."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_gate.archive import Archive, ArchiveError, Export, who
from agi_gate.columns import Numbers
from agi_gate.decision_log import DecisionLog
from tests.support.daemon import Daemon, answer
from tests.support.gate_toml import write_feeds
from tests.support.ops import Ops

NOW = datetime(2026, 10, 11, 9, tzinfo=UTC)
FEED = b"3331234500,1\r\n" * 1000
FEED_SHA256 = hashlib.sha256(FEED).hexdigest()
PAGES = [(b"r:39333123", b"a page"), (b"t:39333123", b""), (b"", b"\xff" * 100_000)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def feed(archive: Archive, tmp_path: Path) -> Path:
    """A file that is kept already."""
    path = tmp_path / "esito.txt"
    path.write_bytes(FEED)
    archive.feeds.keep(path, FEED_SHA256)
    return path


def receipt(load_id: str = "00ff", **more: Any) -> dict[str, Any]:
    return {"load_id": load_id, "feed": "registry", "file": "esito.txt", "files": [FEED_SHA256],
            "controllers": ["acme"], "shown": ["acme"], **more}


def export(numbers: Numbers, run: str = "20261011T090000Z-aa", **more: Any) -> Export:
    return Export(**{
        "run": run, "controller": "acme", "created_at": NOW, "part": 1, "parts": 1, "file": "lista.zip",
        "sha256": "0" * 64, "count": len(numbers), "first": int(numbers[0]), "last": int(numbers[-1]),
        "stale_within_s": 259_200, "exported_by": "ops@host", **more})


def everything(archive: Archive) -> list[str]:
    return sorted(str(path.relative_to(archive.path)) for path in archive.path.rglob("*") if path.is_file())


def run_script(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)], capture_output=True,
                          text=True, cwd=Path(__file__).parent.parent)


# --- feeds

@pytest.mark.parametrize("content", (b"", b"x", FEED, os.urandom(3_000_000)), ids=("empty", "a byte", "list", "noise"))
def test_a_feed_comes_out_as_it_was_put_in(archive: Archive, tmp_path: Path, content: bytes) -> None:
    path, sha256 = tmp_path / "feed", hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    archive.feeds.keep(path, sha256)
    with archive.feeds.open(sha256) as stream:
        assert stream.read() == content
    assert archive.feeds.has(sha256) and archive.feeds.is_whole(sha256) and archive.feeds.all() == [sha256]


def test_what_is_no_file_is_kept_from_its_bytes(archive: Archive) -> None:
    archive.feeds.keep(FEED, FEED_SHA256)
    assert archive.feeds.open(FEED_SHA256).read() == FEED


def test_a_feed_is_kept_once_and_compressed(archive: Archive, feed: Path) -> None:
    kept = archive.path / "feeds" / f"{FEED_SHA256}.zst"
    before = kept.stat()
    archive.feeds.keep(feed, FEED_SHA256)
    archive.feeds.keep(FEED, FEED_SHA256)
    assert kept.stat() == before and before.st_size < len(FEED) / 10
    assert everything(archive) == [f"feeds/{FEED_SHA256}.zst"]


def test_a_file_that_was_written_to_since_it_was_loaded_is_refused(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "esito.txt"
    path.write_bytes(FEED + b"x")
    with pytest.raises(ArchiveError, match=r"esito.txt` was written to since it was read; load it again"):
        archive.feeds.keep(path, FEED_SHA256)
    assert everything(archive) == [] and not archive.feeds.has(FEED_SHA256)


def test_a_file_that_is_gone_by_now_is_refused(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be read again for the archive: No such file"):
        archive.feeds.keep(tmp_path / "gone", FEED_SHA256)
    assert everything(archive) == []


@pytest.mark.parametrize("damage", (
    lambda kept: kept[:-1], lambda kept: kept[:len(kept) // 2], lambda kept: b"", lambda kept: b"\0" * len(kept),
    lambda kept: kept[:20] + bytes((kept[20] ^ 1,)) + kept[21:]), ids=("cut", "half", "empty", "zeroed", "a bit"))
def test_a_damaged_feed_is_never_read_to_its_end_and_is_healed_by_keeping_it_again(
        archive: Archive, feed: Path, damage: Any) -> None:
    kept = archive.path / "feeds" / f"{FEED_SHA256}.zst"
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(ArchiveError, match="is damaged: it is not what its name says; bring it back"):
        archive.feeds.open(FEED_SHA256).read()
    with pytest.raises(ArchiveError), archive.feeds.open(FEED_SHA256) as stream:
        for _line in stream:
            pass
    assert not archive.feeds.is_whole(FEED_SHA256)
    archive.feeds.keep(feed, FEED_SHA256)
    assert archive.feeds.open(FEED_SHA256).read() == FEED


def test_a_feed_under_another_s_name_is_not_taken_for_it(archive: Archive, feed: Path) -> None:
    other = archive.path / "feeds" / f"{'0' * 64}.zst"
    (archive.path / "feeds" / f"{FEED_SHA256}.zst").rename(other)
    with pytest.raises(ArchiveError, match="damaged"):
        archive.feeds.open("0" * 64).read()


def test_a_feed_that_is_not_there_is_named(archive: Archive) -> None:
    assert not archive.feeds.has(FEED_SHA256) and archive.feeds.all() == []
    with pytest.raises(ArchiveError, match=f"feed `{FEED_SHA256}` is not in the archive"):
        archive.feeds.open(FEED_SHA256)


@pytest.mark.parametrize("sha256", ("", "../../x", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n"), ids=repr)
def test_what_is_no_hash_is_no_file_s_name(archive: Archive, sha256: str) -> None:
    with pytest.raises(ArchiveError, match="is no SHA-256"):
        archive.feeds.keep(FEED, sha256)


def test_nobody_else_may_look_into_the_archive(archive: Archive, feed: Path) -> None:
    archive.receipts.accept(archive.receipts.begin(receipt(), NOW))
    archive.undo.keep("1", PAGES)
    archive.exports.remember(export(np.array([393331234500])), np.array([393331234500]))
    for path in (archive.path, *archive.path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


# --- receipts

def test_an_accepted_load_has_its_receipt(archive: Archive, feed: Path) -> None:
    pending = archive.receipts.begin(receipt(rows=2, checked_at="2026-10-11T11:00:00+02:00"), NOW)
    assert pending.load_id == "00ff" and archive.receipts.all() == []
    archive.receipts.accept(pending)
    assert archive.receipts.pending() == []
    assert archive.receipts.all() == [receipt(
        rows=2, checked_at="2026-10-11T11:00:00+02:00", v=1, begun_at="2026-10-11T09:00:00.000000+00:00",
        loaded_by=who())]
    assert archive.receipts.find("00ff") == archive.receipts.all()[0]


def test_a_dropped_load_leaves_nothing(archive: Archive, feed: Path) -> None:
    archive.receipts.drop(archive.receipts.begin(receipt(), NOW))
    assert archive.receipts.all() == [] and archive.receipts.pending() == []


def test_a_kill_after_begin_leaves_a_pending_receipt_that_another_process_settles(archive: Archive, feed: Path) -> None:
    for load_id in ("a1", "b2"):
        archive.receipts.begin(receipt(load_id), NOW)
    later = Archive(archive.path)
    committed, lost = later.receipts.pending()
    assert (committed.load_id, lost.load_id) == ("a1", "b2")
    later.receipts.accept(committed)
    later.receipts.drop(lost)
    assert [one["load_id"] for one in later.receipts.all()] == ["a1"] and later.receipts.pending() == []


def test_settling_twice_does_nothing(archive: Archive, feed: Path) -> None:
    pending = archive.receipts.begin(receipt(), NOW)
    archive.receipts.accept(pending)
    archive.receipts.accept(pending)
    archive.receipts.drop(pending)
    assert len(archive.receipts.all()) == 1


def test_a_receipt_that_was_dropped_cannot_be_accepted(archive: Archive, feed: Path) -> None:
    pending = archive.receipts.begin(receipt(), NOW)
    archive.receipts.drop(pending)
    with pytest.raises(ArchiveError, match="load the same file again"):
        archive.receipts.accept(pending)


@pytest.mark.parametrize("step", (timedelta(microseconds=1), timedelta(0), timedelta(hours=-1)), ids=str)
def test_receipts_are_in_the_order_of_their_loads_even_where_the_clock_was_put_back(
        archive: Archive, feed: Path, step: timedelta) -> None:
    load_ids = ["c", "a", "b", "9"]
    for nth, load_id in enumerate(load_ids):
        archive.receipts.accept(archive.receipts.begin(receipt(load_id), NOW + nth * step))
    assert [one["load_id"] for one in archive.receipts.all()] == load_ids


def test_a_receipt_is_added_to(archive: Archive, feed: Path) -> None:
    archive.receipts.accept(archive.receipts.begin(receipt("a1"), NOW))
    archive.receipts.accept(archive.receipts.begin(receipt("1"), NOW))  # no part of a load id is one
    archive.receipts.amend("1", rolled_back_at="2026-10-12T09:00:00+00:00")
    assert [one.get("rolled_back_at") for one in archive.receipts.all()] == [None, "2026-10-12T09:00:00+00:00"]
    with pytest.raises(ArchiveError, match="load `b1` has no receipt"):
        archive.receipts.amend("b1", rolled_back_at="")
    assert archive.receipts.find("b1") is None


@pytest.mark.parametrize(("fault", "why"), (
    ({"files": ["0" * 64]}, "is not in the archive, so no receipt may speak of it"),
    ({"load_id": "../x"}, "is no load id"), ({"load_id": ""}, "is no load id")), ids=str)
def test_a_receipt_that_leads_nowhere_is_refused(archive: Archive, feed: Path, fault: dict[str, Any], why: str) -> None:
    with pytest.raises(ArchiveError, match=why):
        archive.receipts.begin(receipt() | fault, NOW)
    assert archive.receipts.pending() == []


@pytest.mark.parametrize("key", receipt())
def test_a_receipt_without_what_it_must_have_is_refused(archive: Archive, feed: Path, key: str) -> None:
    with pytest.raises(ArchiveError, match=f"the receipt has no {key}"):
        archive.receipts.begin({name: value for name, value in receipt().items() if name != key}, NOW)


@pytest.mark.parametrize("text", ("", "{", "[]", "3", '{"v": 1}', '{"v": 2}', "\xff"), ids=repr)
def test_an_unreadable_receipt_is_an_error_and_never_left_out(archive: Archive, feed: Path, text: str) -> None:
    archive.receipts.accept(archive.receipts.begin(receipt(), NOW))
    next((archive.path / "receipts").iterdir()).write_text(text, encoding="latin-1")
    with pytest.raises(ArchiveError, match="the receipt `.*-00ff.json` (cannot be read; bring|is of version 2)"):
        archive.receipts.all()


def test_a_file_name_that_is_no_text_is_kept_escaped(archive: Archive, feed: Path) -> None:
    archive.receipts.accept(archive.receipts.begin(receipt(file="esito\udcff.txt"), NOW))
    assert archive.receipts.all()[0]["file"] == "esito\udcff.txt"


def test_who_is_the_user_of_the_process_not_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.delenv("SUDO_USER", raising=False)
    plain = who()
    assert "somebody" not in plain and "@" in plain
    monkeypatch.setenv("SUDO_USER", "mario")
    assert who() == f"{plain} for mario"


# --- exports

numbers_of_any_kind = st.lists(st.integers(1, 10**15), min_size=1, max_size=50, unique=True).map(
    lambda numbers: np.array(sorted(numbers), np.int64))


@given(numbers=numbers_of_any_kind)
@settings(max_examples=50, deadline=None)
def test_the_numbers_of_an_export_come_out_as_they_were(tmp_path_factory: pytest.TempPathFactory, numbers: Numbers,
                                                        ) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.exports.remember(export(numbers), numbers)
    (remembered,) = archive.exports.all()
    assert remembered == export(numbers)
    assert archive.exports.numbers(remembered).tolist() == numbers.tolist()


def test_a_million_numbers_come_out_as_they_were(archive: Archive) -> None:
    numbers = np.arange(390_212_000_000, 390_212_000_000 + 7 * (3 << 20), 7)
    archive.exports.remember(export(numbers), numbers)
    assert (archive.exports.numbers(archive.exports.all()[0]) == numbers).all()


def test_exports_are_told_the_newest_first_and_parts_in_their_order(archive: Archive) -> None:
    numbers = np.array([393331234500])
    for run, created_at, part, parts in (("old", NOW, 1, 1), ("new", NOW + timedelta(hours=1), 2, 2),
                                         ("new", NOW + timedelta(hours=1), 1, 2)):
        archive.exports.remember(export(numbers, run, created_at=created_at, part=part, parts=parts), numbers)
    assert [one.id for one in archive.exports.all()] == ["new.1", "new.2", "old"]


def test_an_export_without_its_description_was_never_remembered(archive: Archive) -> None:
    numbers = np.array([393331234500])
    archive.exports.remember(export(numbers), numbers)
    (archive.path / "exports" / "20261011T090000Z-aa.json").unlink()
    assert archive.exports.all() == []


@pytest.mark.parametrize("damage", (lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1]),
                                    lambda path: path.write_bytes(b"")), ids=("gone", "cut", "empty"))
def test_damaged_numbers_are_an_error(archive: Archive, damage: Any) -> None:
    numbers = np.array([393331234500, 393331234501])
    archive.exports.remember(export(numbers), numbers)
    damage(archive.path / "exports" / "20261011T090000Z-aa.zst")
    with pytest.raises(ArchiveError, match="is damaged or gone"):
        archive.exports.numbers(archive.exports.all()[0])


@pytest.mark.parametrize("text", ("", "{}", "[]", '{"v": 2}'), ids=repr)
def test_an_unreadable_description_is_an_error(archive: Archive, text: str) -> None:
    numbers = np.array([393331234500])
    archive.exports.remember(export(numbers), numbers)
    (archive.path / "exports" / "20261011T090000Z-aa.json").write_text(text)
    with pytest.raises(ArchiveError, match="cannot be read; bring it back"):
        archive.exports.all()


# --- pages: undo and snapshots

def test_pages_come_out_in_their_order(archive: Archive) -> None:
    archive.undo.keep("1", iter(PAGES))
    assert list(archive.undo.read("1")) == PAGES
    archive.undo.keep("1", [])
    assert list(archive.undo.read("1")) == []


@given(pages=st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=300))))
@settings(max_examples=50, deadline=None)
def test_any_pages_come_out_as_they_were(tmp_path_factory: pytest.TempPathFactory, pages: list[tuple[bytes, bytes]],
                                         ) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.snapshots.keep("s", pages)
    assert list(archive.snapshots.read("s")) == pages


def test_pages_that_broke_off_are_not_kept(archive: Archive) -> None:
    archive.undo.keep("1", PAGES[:1])

    def broken() -> Iterator[tuple[bytes, bytes]]:
        yield from PAGES
        raise RuntimeError("the store went away")

    for id_ in ("1", "2"):
        with pytest.raises(RuntimeError, match="the store went away"):
            archive.undo.keep(id_, broken())
    assert list(archive.undo.read("1")) == PAGES[:1] and everything(archive) == ["undo/1.zst"]


def test_a_file_cut_at_any_byte_is_known_as_such(archive: Archive) -> None:
    archive.undo.keep("1", PAGES[:2])
    path = archive.path / "undo" / "1.zst"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ArchiveError, match="is damaged or cut short"):
            list(archive.undo.read("1"))
    for count in range(2):
        archive.undo.keep("fewer", PAGES[:count])
        packed = zstandard.ZstdDecompressor().decompress(
            (archive.path / "undo" / "fewer.zst").read_bytes(), max_output_size=1 << 20)
        path.write_bytes(zstandard.ZstdCompressor().compress(packed[:-16]))  # a good stream without our end
        with pytest.raises(ArchiveError, match="is damaged or cut short"):
            list(archive.undo.read("1"))


def test_a_changed_byte_anywhere_is_known_as_such(archive: Archive) -> None:
    archive.undo.keep("1", PAGES[:2])
    path = archive.path / "undo" / "1.zst"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 0x40,)) + whole[place + 1:])
        try:
            pages = list(archive.undo.read("1"))
        except ArchiveError:
            continue
        assert pages == PAGES[:2], place  # a bit of the frame's header that means nothing


def test_a_second_stream_behind_the_end_does_not_pass(archive: Archive) -> None:
    archive.undo.keep("1", PAGES[:1])
    path = archive.path / "undo" / "1.zst"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")  # another checksum
    with pytest.raises(ArchiveError, match="damaged"):
        list(archive.undo.read("1"))


def test_what_is_dropped_is_gone_and_may_be_dropped_again(archive: Archive) -> None:
    for id_ in "ab":
        archive.undo.keep(id_, PAGES)
        os.utime(archive.path / "undo" / f"{id_}.zst", (ord(id_), ord(id_)))
    assert archive.undo.all() == ["b", "a"]
    archive.undo.drop("b")
    archive.undo.drop("b")
    assert archive.undo.all() == ["a"] and not archive.undo.has("b")
    with pytest.raises(ArchiveError, match="`b` is not in the archive"):
        list(archive.undo.read("b"))


# --- kills and full disks

KILLED_WHILE_WRITING = """
    import os, signal, sys
    from pathlib import Path
    from agi_gate.archive import Archive

    def pages():
        yield b"r:1", os.urandom(5_000_000)
        os.kill(os.getpid(), signal.SIGKILL)

    Archive(Path(sys.argv[1])).undo.keep("killed", pages())
"""


def test_a_kill_while_writing_leaves_nothing_under_a_name_and_the_rest_is_swept_up(archive: Archive) -> None:
    assert run_script(KILLED_WHILE_WRITING, archive.path).returncode == -signal.SIGKILL
    (left,) = everything(archive)
    assert left.startswith("undo/.partial-")
    assert archive.undo.all() == [] and not archive.undo.has("killed")
    archive.undo.keep("1", PAGES)
    assert everything(archive) == ["undo/1.zst"]


def test_what_another_process_is_writing_just_now_is_not_swept_up(archive: Archive) -> None:
    with archive.undo.writing("slow") as keep:
        keep(*PAGES[0])
        archive.undo.keep("quick", PAGES)
        assert len(everything(archive)) == 2
        keep(*PAGES[1])
    assert list(archive.undo.read("slow")) == PAGES[:2] and everything(archive) == ["undo/quick.zst", "undo/slow.zst"]


KILLED_AT_A_CALL = """
    import hashlib, os, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from agi_gate.archive import Archive

    archive, feed, last = Archive(Path(sys.argv[1])), b"3331234500,1\\r\\n" * 1000, int(sys.argv[2])
    sha256 = hashlib.sha256(feed).hexdigest()
    calls = 0
    for name in ("open", "fsync", "replace", "rename", "mkdir"):
        def counted(*arguments, _call=getattr(os, name), **named):
            global calls
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return _call(*arguments, **named)
        setattr(os, name, counted)
    archive.feeds.keep(feed, sha256)
    print("kept", flush=True)
    pending = archive.receipts.begin({"load_id": "00ff", "feed": "registry", "file": "f", "files": [sha256],
                                      "controllers": [], "shown": []}, datetime.now(UTC))
    print("begun", flush=True)
    archive.receipts.accept(pending)
    print("accepted", flush=True)
"""


def test_killed_at_every_step_of_a_load_the_archive_knows_what_was_said(tmp_path: Path) -> None:
    for last in range(1, 200):
        archive = Archive(tmp_path / str(last))
        ran = run_script(KILLED_AT_A_CALL, archive.path, str(last))
        said = ran.stdout.split()
        assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
        accepted, pending = archive.receipts.all(), archive.receipts.pending()
        assert len(accepted) + len(pending) <= 1
        if "kept" in said or accepted or pending:
            assert archive.feeds.open(FEED_SHA256).read() == FEED
        if "begun" in said:
            assert len(accepted) + len(pending) == 1
        if "accepted" in said:
            assert len(accepted) == 1
        archive.feeds.keep(FEED, FEED_SHA256)  # the next load finds its way
        for one in archive.receipts.pending():
            archive.receipts.accept(one)
        if ran.returncode == 0:
            assert said == ["kept", "begun", "accepted"]
            return
    raise AssertionError("the load came to no end")


FULL_DISK = """
    import hashlib, os, resource, sys
    from datetime import UTC, datetime
    from pathlib import Path
    import numpy as np
    from agi_gate.archive import Archive, ArchiveError, Export

    archive, noise = Archive(Path(sys.argv[1])), os.urandom(1 << 20)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    numbers = np.unique(np.random.default_rng(1).integers(1, 1 << 60, 1 << 16))
    export = Export("run", "acme", datetime.now(UTC), 1, 1, "f", "", len(numbers), 1, 2, 3, "me")
    for put in (lambda: archive.feeds.keep(noise, hashlib.sha256(noise).hexdigest()),
                lambda: archive.undo.keep("1", [(b"r:1", noise)]),
                lambda: archive.exports.remember(export, numbers),
                lambda: archive.receipts.begin({"load_id": "1", "feed": "x", "file": noise.hex(), "files": [],
                                                "controllers": [], "shown": []}, datetime.now(UTC))):
        try:
            put()
        except ArchiveError as error:
            print(error)
"""


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(archive: Archive) -> None:
    ran = run_script(FULL_DISK, archive.path)
    lines = ran.stdout.splitlines()
    assert len(lines) == 4, ran.stdout + ran.stderr
    for line in lines:
        assert line.endswith("there is no more room; make some there, or name another folder with [archive] path")
    assert everything(archive) == []


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "absent" / "archive", tmp_path / "file" / "archive"):
        with pytest.raises(ArchiveError, match=r"(Not a directory|No such file or directory); make the folder"):
            Archive(path).feeds.keep(FEED, FEED_SHA256)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.mkdir(0o500)
    with pytest.raises(ArchiveError, match="Permission denied; this user may not"):
        Archive(path).feeds.keep(FEED, FEED_SHA256)


def test_an_archive_that_is_not_there_yet_is_empty(archive: Archive) -> None:
    assert (archive.receipts.all(), archive.receipts.pending(), archive.exports.all(), archive.undo.all()) == (
        [], [], [], [])
    assert not archive.path.exists()


def test_what_is_written_by_hand_is_readable(archive: Archive, feed: Path) -> None:
    """Layout, held: archives outlive programs."""
    archive.receipts.accept(archive.receipts.begin(receipt(), NOW))
    numbers = np.array([390212345600, 393331234500])
    archive.exports.remember(export(numbers), numbers)
    assert everything(archive) == [
        "exports/20261011T090000Z-aa.json", "exports/20261011T090000Z-aa.zst", f"feeds/{FEED_SHA256}.zst",
        "receipts/20261011T090000.000000Z-00ff.json", "seen"]
    assert set(json.loads((archive.path / "seen").read_text())) == {"at", "uptime_s", "boot"}
    assert json.loads((archive.path / "exports/20261011T090000Z-aa.json").read_text())["v"] == 1


# --- root

def owners(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path.relative_to(folder)): (path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")}


@pytest.mark.skipif(os.getuid() != 0, reason="WHAT ROOT LEAVES WAS NOT TESTED: only root can give a file away")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(
        tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    ops = Ops(tmp_path, store_url, capsys, ("decisions.jsonl", "log/decisions.jsonl"))
    for name in ("archive", "log"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, 1234, 5678)
    for arguments in write_feeds(tmp_path):
        ops(*arguments)
    ops("rollback")
    ops("purge", "--yes")
    with redis.Redis.from_url(store_url) as client:
        client.flushall()
    ops("rebuild", "--without-callbacks")
    ops("export", "registry", "--controller", "acme", "--out", str(tmp_path / "lista.zip"))
    log = DecisionLog(ops.settings.log.path)
    log.probe()
    log.close()
    with Daemon(ops.gate_toml) as daemon:
        answer(daemon)
    for name in ("archive", "log"):
        found = owners(tmp_path / name)
        assert len(found) > 3 and set(found.values()) == {(1234, 5678)}, found


@pytest.mark.skipif(os.getuid() != 0, reason="WHAT ROOT LEAVES WAS NOT TESTED: only root can give a file away")
def test_what_is_somebody_s_in_root_s_own_folder_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.touch()
    os.chown(path, 1234, 5678)
    log = DecisionLog(path)
    log.probe()
    log.close()
    assert owners(tmp_path)["decisions.jsonl"] == (1234, 5678)
