"""The newest record's time is found from the ends of files, whatever was left there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agi_gate.decision_log import files, newest
from agi_gate.decision_log.newest import newest_record_at
from tests.decision_log.writing import A_DAY, BEGIN, DAYS, Writer, kept, midnight, sealed, write_days

LAST = BEGIN + timedelta(days=DAYS - 1, seconds=A_DAY - 1)
YESTERDAY = LAST - timedelta(days=1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "decisions.jsonl"
    write_days(log)
    return log


def torn(log: Path) -> None:
    with log.open("ab") as stream:
        stream.write(Writer(log, "0").line(LAST + timedelta(hours=1))[0][:200])


def far_from_the_end(log: Path) -> None:
    with log.open("ab") as stream:
        stream.write(b"x" * 300_000 + b"\n")


def rotated_away(log: Path) -> None:
    log.rename(files.next_segment(log, midnight(DAYS)).plain)


def without_its_seal(log: Path) -> None:
    log.unlink()
    sealed(log, DAYS - 2).seal.unlink()


LOGS: dict[str, tuple[Callable[[Path], object], object]] = {
    "as it is": (lambda log: None, LAST),
    "an earlier one behind it": (lambda log: Writer(log, "0").append(BEGIN), LAST),
    "a torn one behind it": (torn, LAST),
    "far from the end": (far_from_the_end, LAST),
    "a time that is none behind it": (
        lambda log: log.write_bytes(log.read_bytes() + log.read_bytes()[-2000:].split(b"\n")[-2].replace(b"-11-", b"-13-")), LAST),
    "rotated away": (rotated_away, LAST),
    "sealed": (lambda log: kept(log, midnight(DAYS)), LAST),
    "sealed, and an empty one open": (lambda log: (kept(log, midnight(DAYS)), log.touch()), LAST),
    "no open file": (lambda log: log.unlink(), YESTERDAY),
    "no open file, and no seal": (without_its_seal, YESTERDAY),
    "the last day is gone": (lambda log: (log.unlink(), sealed(log, DAYS - 2).compressed.unlink()), YESTERDAY),
    "nothing but lines": (lambda log: [path.unlink() for path in files.of(log)] and log.write_text("hello\n"), YESTERDAY),
    "all of it gone": (lambda log: [path.unlink() for path in log.parent.glob("*decisions*") if path.is_file()], None),
}


@pytest.mark.parametrize("name", LOGS)
def test_it_is_the_latest_of_the_last_records(log: Path, name: str) -> None:
    how, expected = LOGS[name]
    how(log)
    assert newest_record_at(log) == expected


def test_a_long_file_is_not_read_from_its_start(log: Path) -> None:
    writer = Writer(log, "0")
    for _ in range(400):
        writer.append(BEGIN)
    assert log.stat().st_size > newest._END_BYTES
    assert newest_record_at(log) == BEGIN
