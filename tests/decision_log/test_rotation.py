"""What is due is done, by day and by size; killed behind any step, the log verifies and the next time goes on."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import stat
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agi_gate.clock import Time
from agi_gate.decision_log import files, index, keep_state, keeping, rotation, sealing, segment
from agi_gate.decision_log.keep_state import KeepBusy
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.decision_log.rotation import RotationBusy
from agi_gate.decision_log.verifying import verify
from tests.decision_log.writing import (A_DAY, BEGIN, DAYS, Writer, change, kept, midnight, sealed, silent, told, verified,
                                        write_days)

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def lines_of(log: Path) -> bytes:
    return b"".join(b"".join(segment.lines(path)) if path.suffix == segment.SUFFIX else path.read_bytes()
                    for path in files.of(log))


@pytest.mark.parametrize(("at", "due"), (
    ("2026-11-20T22:59:59+00:00", False), ("2026-11-20T23:00:00+00:00", True), ("2026-12-01T00:00:00+00:00", True)))
def test_a_file_is_rotated_when_its_day_is_over_in_rome(log: Path, at: str, due: bool) -> None:
    Writer(log, "0").append(BEGIN)
    assert keeping.is_due(log, Plan(), Time(datetime.fromisoformat(at))) is due


def test_a_file_is_rotated_at_its_size(log: Path) -> None:
    Writer(log, "0").append(BEGIN)
    assert not rotation.is_due(log, 1, BEGIN)
    with log.open("ab") as stream:
        stream.truncate(1 << 20)
    assert rotation.is_due(log, 1, BEGIN)


def test_without_a_log_or_with_an_empty_one_nothing_is_due(log: Path) -> None:
    assert not keeping.is_due(log, Plan(), Time(BEGIN)) and kept(log, BEGIN) == []
    log.touch()
    assert not keeping.is_due(log, Plan(), Time(BEGIN + timedelta(days=5))) and kept(log, BEGIN + timedelta(days=1)) == []


def test_the_chain_goes_on_over_files_and_what_is_due_is_due_once(log: Path) -> None:
    write_days(log)
    assert [path.name for path in files.of(log)] == [
        *(f"decisions-2026-11-2{day}T010000Z.jsonl.zst" for day in (1, 2, 3)), "decisions.jsonl"]
    assert not keeping.is_due(log, Plan(), Time(midnight(DAYS - 1)))
    assert kept(log, midnight(DAYS - 1)) == []
    assert keeping.is_due(log, Plan(), Time(midnight(DAYS)))
    verified(log)


def test_two_rotations_within_a_second_are_two_files_in_their_order(log: Path) -> None:
    for number in range(3):
        Writer(log, "0").append(BEGIN)
        keeping.keep(log, Plan(), BEGIN - timedelta(seconds=number), silent, silent, rotate_now=True)
    assert [one.stamp for one in files.segments(log)] == ["2026-11-20T090000Z", "2026-11-20T090001Z", "2026-11-20T090002Z"]
    verified(log)


def test_nobody_but_the_gate_s_user_and_group_may_read_what_is_kept(log: Path) -> None:
    write_days(log)
    for path in log.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & (0o027 if path.is_dir() else 0o137) == 0, path


@pytest.mark.parametrize("name", ("decisions.jsonl", "decisions", "gate.decisions.log", "[x] y.jsonl"))
def test_whatever_a_log_is_called(tmp_path: Path, name: str) -> None:
    log = tmp_path / name
    write_days(log, days=2)
    write_days(tmp_path / f"other{name}", days=2)
    assert len(files.of(log)) == 2 and verified(log).records == 2 * A_DAY
    assert index.path_of(sealed(log, 0).compressed) == sealed(log, 0).index and sealed(log, 0).index.exists()
    found = files.segment_of(sealed(log, 0).compressed)
    assert found == sealed(log, 0)


def test_a_writer_that_holds_the_file_delays_rotation_and_loses_nothing(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer(log, "0").append(BEGIN)
    monkeypatch.setattr(rotation, "_WAIT_S", 0.05)
    with log.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(RotationBusy, match="not let go by its writers"):
            rotation.rotate(log, BEGIN)
        complaints: list[str] = []
        keeping.keep(log, Plan(), BEGIN, silent, complaints.append, rotate_now=True)
        assert len(complaints) == 1 and log.exists()
    assert rotation.rotate(log, BEGIN) is not None
    verified(log)


def test_two_do_not_keep_at_once(log: Path) -> None:
    write_days(log, days=2)
    with keep_state.alone(log), pytest.raises(KeepBusy, match="another"):
        keeping.keep(log, Plan(), BEGIN, silent, silent)


# --- killed behind any step

PLAN = Plan(pseudonymise_after_days=2, decisions_days=3)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return add_key(tmp_path_factory.mktemp("keys") / "pseudonyms.key", BEGIN)


def _keep_and_die(log: Path, steps: int) -> None:
    """Be killed at the so-manieth change of a file's name or content."""
    left = steps

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in ("os.rename", "os.remove", "os.truncate") or (
                event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    keeping.keep(log, PLAN, midnight(DAYS), silent, silent)
    os._exit(0)


def test_killed_behind_any_step_nothing_is_lost_and_the_next_time_goes_on(tmp_path: Path, keys: Keys) -> None:
    """On the last day one file is to be removed, one to be masked, and the open one to be rotated."""
    survived = False
    for steps in range(200):
        log = tmp_path / str(steps) / "decisions.jsonl"
        log.parent.mkdir()
        write_days(log, keys)
        process = FORK.Process(target=_keep_and_die, args=(log, steps))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        between = verify(log)
        assert between.verifies, (steps, told(between))
        keeping.keep(log, PLAN, midnight(DAYS), silent, _no_complaint)
        after = verified(log)
        assert (after.records, after.masked, after.files) == ((DAYS - 1) * A_DAY, A_DAY, DAYS - 1)
        assert [path.name for path in log.parent.iterdir() if path.name.endswith(".jsonl")] == []
        assert not keeping.is_due(log, PLAN, Time(midnight(DAYS)))
        if process.exitcode == 0:
            survived = True
            break
    assert survived and steps > 15


def _no_complaint(words: str) -> None:
    raise AssertionError(words)


def test_what_is_past_retention_goes_and_its_seal_says_so(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    before = verified(log)
    did = kept(log, midnight(DAYS), PLAN)
    assert any(words.startswith("removed decisions-2026-11-21T010000Z") for words in did)
    seal = sealing.read(sealed(log, 0).seal)
    assert "removed_at" in seal.file and not sealed(log, 0).compressed.exists() and not sealed(log, 0).index.exists()
    report = verified(log)
    assert report.ends == before.ends
    assert "past retention, removed at" in report.notices[0] and f"{A_DAY} records" in report.notices[0]
    change(sealed(log, 1).compressed, lambda lines: lines[1:])
    assert not verify(log).verifies


def test_a_file_that_was_tampered_with_is_not_masked_nor_compressed_away(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    one = sealed(log, 1).compressed
    change(one, lambda lines: [lines[0].replace(b"DENY", b"ALLOW"), *lines[1:]])
    tampered = one.read_bytes()
    complaints: list[str] = []
    keeping.keep(log, PLAN, midnight(DAYS), silent, complaints.append)
    assert len(complaints) == 1 and one.name.removesuffix(".jsonl.zst") in complaints[0] and "log verify" in complaints[0]
    assert one.read_bytes() == tampered and not verify(log).verifies


@pytest.mark.parametrize("text", ("{", None))
@pytest.mark.parametrize("with_its_file", (False, True))
def test_a_seal_that_comes_back_from_a_backup_is_the_one_before_the_next(log: Path, text: str | None, with_its_file: bool) -> None:
    write_days(log)
    last = files.segments(log)[-1]
    backup = {path: path.read_bytes() for path in ((last.seal, last.compressed) if with_its_file else (last.seal,))}
    for path in backup:
        path.unlink() if text is None else path.write_text(text)
    for day in (DAYS, DAYS + 1):
        keeping.keep(log, Plan(), midnight(day), silent, silent)
    assert not verify(log).verifies
    for path, data in backup.items():
        path.write_bytes(data)
    verified(log)


def test_a_plain_file_that_was_changed_behind_its_seal_stays(log: Path) -> None:
    write_days(log, days=1)
    rotated = rotation.rotate(log, midnight(1))
    assert rotated is not None
    sealing.write(rotated, sealing.made(rotated, None, BEGIN))
    change(rotated.plain, lambda lines: lines[:-1])
    complaints: list[str] = []
    keeping.keep(log, Plan(), midnight(1), silent, complaints.append)
    assert "it is not what was sealed" in complaints[0] and rotated.plain.exists()


def test_a_full_disk_loses_nothing(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_days(log, days=1)
    before = lines_of(log)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(segment, "_write_frames", full)
        with pytest.raises(OSError, match="No space left"):
            keeping.keep(log, Plan(), midnight(1), silent, silent)
    assert lines_of(log) == before
    kept(log, midnight(1))
    assert lines_of(log) == before and verified(log).seals == 1


def test_is_due_reads_no_file_whole(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_days(log)
    monkeypatch.setattr(sealing, "read", full := lambda path: pytest.fail("it read a seal"))
    assert full and not keeping.is_due(log, Plan(), Time(midnight(DAYS - 1)))
    assert keeping.is_due(log, Plan(pseudonymise_after_days=2), Time(midnight(DAYS - 1))), "the plan is another"
