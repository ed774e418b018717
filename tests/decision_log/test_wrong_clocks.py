"""A clock that is wrong, for seconds or for days, loses nothing; once it is right again all goes on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agi_gate import clock
from agi_gate.clock import Time
from agi_gate.decision_log import files, keeping, rotation, sealing
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.newest import newest_record_at
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.decision_log.time_seen import time_of, trust
from agi_gate.decision_log.verifying import verify
from tests.decision_log.writing import A_DAY, BEGIN, DAYS, Writer, kept, midnight, sealed, silent, told, verified, write_days

PLAN = Plan(pseudonymise_after_days=4, decisions_days=9)
SECOND, HOUR, DAY, YEAR = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=365)
WRONG = {"years ahead": 11 * YEAR, "weeks ahead": 20 * DAY, "three days ahead": 3 * DAY, "years behind": -6 * YEAR,
         "three days behind": -3 * DAY, "at the end of time": datetime(9989, 12, 31, tzinfo=UTC) - BEGIN,
         "in 1970": datetime(1970, 1, 1, tzinfo=UTC) - BEGIN}


class World:
    """What nobody can set: the true time, and how long the machine has been running."""

    def __init__(self, log: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log, self.writer = log, Writer(log, "0", keys)
        self.now, self.off, self._boots = BEGIN, timedelta(), 0
        self._booted_at = BEGIN - DAY
        self.told: list[str] = []
        self.took: list[str] = []
        self.truly: dict[str, datetime] = {}  # a file -> when its last record was truly written
        monkeypatch.setattr(clock, "_uptime_s", lambda: (self.now - self._booted_at).total_seconds())
        monkeypatch.setattr(clock, "_boot", lambda: str(self._boots))

    @property
    def clock(self) -> datetime:
        return self.now + self.off

    def boot(self) -> None:
        self._booted_at, self._boots = self.now, self._boots + 1

    def call(self) -> None:
        self.writer.append(self.clock, f"+39333{random.randrange(10 ** 7):07d}")

    def keep(self, plan: Plan = PLAN) -> None:
        known = {one.name for one in files.segments(self.log)}
        last = self.last_call
        keeping.keep(self.log, plan, self.clock, silent, self.told.append, self.took.append)
        for one in files.segments(self.log):
            if one.name not in known:
                self.truly[one.name] = last
                assert abs(one.rotated_at - self.now) < 3 * DAY, "it has the name of another day"

    last_call = BEGIN

    def lost_too_early(self) -> list[str]:
        """Files that were masked or removed before their day, by the true time."""
        found = []
        for one in files.segments(self.log):
            seal = sealing.read(one.seal) if one.seal.exists() else None
            age = self.now - self.truly[one.name]
            if seal is not None and (seal.was_removed or one.file is None) and age < (9 - 2) * DAY:
                found.append(f"{one.name} was removed")
            if seal is not None and "masked_at" in seal.file and age < (4 - 2) * DAY:
                found.append(f"{one.name} was masked")
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    keys = add_key(tmp_path / "pseudonyms.key", BEGIN)
    return World(tmp_path / "decisions.jsonl", keys, monkeypatch)


def a_day(world: World) -> None:
    """Calls by day, and a look each six hours."""
    for _ in range(4):
        if 8 <= world.now.hour < 20:
            world.last_call = world.now
            world.call()
        world.keep()
        world.now += 6 * HOUR


@pytest.mark.parametrize("wrong", WRONG)
def test_four_seconds_of_a_wrong_clock_lose_nothing(world: World, wrong: str) -> None:
    for _ in range(3):
        a_day(world)
    world.now += 10 * HOUR
    before = [(path.name, path.read_bytes()) for path in sorted(world.log.parent.glob("decisions*")) if path.is_file()]
    world.off = WRONG[wrong]
    for _ in range(4):
        world.call()
        world.keep()
        world.now += SECOND
    there = {path.name: path.read_bytes() for path in world.log.parent.glob("decisions*") if path.is_file()}
    assert all(there[name].startswith(data) for name, data in before), "all is there, and calls were added to the open one"
    assert any("the clock says" in words and "--clock-is-right" in words for words in world.told)
    world.off, world.told = timedelta(), []
    for _ in range(20):
        a_day(world)
        assert world.lost_too_early() == []
    report = verify(world.log, now=world.now)
    assert report.verifies, told(report)
    assert world.told == [] and world.took
    left = [one for one in files.segments(world.log) if one.file is not None]
    assert len(left) <= 11, "what is due goes, what the wrong clock has written as well"


def test_whatever_a_clock_does_nothing_goes_before_its_day(world: World) -> None:
    """Days of calls with a clock that jumps, and a machine that is off at times."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for _ in range(60):
        kind = chance.random()
        if kind < 0.1:
            world.off = chance.choice(list(WRONG.values()))
            for _ in range(chance.randrange(1, 5)):
                world.last_call = world.now
                world.call()
                world.keep()
                world.now += chance.choice((SECOND, HOUR))
            world.off = timedelta()
        elif kind < 0.15:
            world.now += chance.choice((HOUR, DAY, 3 * DAY, 20 * DAY))
            world.boot()
        a_day(world)
        assert world.lost_too_early() == [], f"seed {seed}"
    world.off = timedelta()
    for _ in range(30):
        a_day(world)
    assert world.lost_too_early() == [], f"seed {seed}"
    report = verify(world.log, now=world.now)
    assert report.verifies, (seed, told(report))
    assert len([one for one in files.segments(world.log) if one.file is not None]) <= 14, f"seed {seed}"


@pytest.mark.parametrize("off_for", (DAY, 3 * DAY, 30 * DAY))
def test_a_machine_that_was_off_makes_up_for_it(world: World, off_for: timedelta) -> None:
    for _ in range(3):
        a_day(world)
    world.now += off_for
    world.boot()
    days = 0
    while days == 0 or world.told:
        world.told = []
        a_day(world)
        days += 1
    assert days <= 1 + off_for / DAY / 3
    assert world.took


def test_who_says_that_the_clock_is_right_is_believed(world: World) -> None:
    for _ in range(3):
        a_day(world)
    world.now += YEAR
    world.boot()
    world.keep()
    assert world.told and not world.took
    trust(world.log, world.clock)
    world.told = []
    world.keep()
    assert world.told == [] and [words.startswith("removed") for words in world.took] == [True] * 3


# --- one part after the other


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "decisions.jsonl"
    write_days(log)
    return log


def complaints_at(log: Path, at: datetime, plan: Plan = Plan(pseudonymise_after_days=1, decisions_days=1)) -> list[str]:
    complaints: list[str] = []
    keeping.keep(log, plan, at, pytest.fail, complaints.append)
    return complaints


def test_in_doubt_it_says_by_how_much_and_the_way_out(log: Path) -> None:
    (words,) = complaints_at(log, midnight(DAYS - 1) + 11 * YEAR)
    assert words.startswith("the clock says 2037-11-20 01:00 UTC, 4,015 days ahead of 2026-11-23 01:00 UTC, the time last seen")
    assert words.endswith("or if it is right, run `agi-gate log keep --clock-is-right`")
    (words,) = complaints_at(log, midnight(DAYS - 1) - YEAR)
    assert "365 days behind 2026-11-23" in words


def test_in_doubt_a_file_that_is_full_is_rotated_all_the_same(log: Path) -> None:
    with log.open("ab") as stream:
        stream.truncate(1 << 20)
    before, plan = files.segments(log), Plan(rotate_mb=1, decisions_days=1)
    doubted = time_of(log, midnight(DAYS - 1) + YEAR)
    assert doubted.doubt is not None and keeping.is_due(log, plan, doubted)
    keeping.keep(log, plan, midnight(DAYS - 1) + YEAR, silent, silent)
    assert not keeping.is_due(log, plan, doubted)
    new = files.segments(log)[len(before):]
    assert [one.compressed.exists() for one in new] == [True] and abs(new[0].rotated_at - midnight(DAYS - 1)) < HOUR
    assert keeping.is_due(log, plan, Time(midnight(DAYS - 1) + YEAR)), "what is due is not forgotten"


@pytest.mark.parametrize("text", (None, b"", b"\0" * 192, b"{}", b'{"at":"2026-11-23","uptime_s":1,"boot":"x"}', b"[]"))
def test_where_the_time_that_was_seen_is_lost_the_files_names_tell_it(log: Path, text: bytes | None) -> None:
    seen = files.seen(log)
    seen.unlink() if text is None else seen.write_bytes(text)
    assert len(complaints_at(log, midnight(DAYS - 1) + 11 * YEAR)) == 1
    assert kept(log, midnight(DAYS - 1) + HOUR) == []


def test_where_nothing_was_kept_yet_any_clock_is_believed(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    Writer(log, "0").append(BEGIN)
    assert kept(log, BEGIN + 400 * DAY)[0].startswith("rotated")
    assert time_of(tmp_path / "absent" / "decisions.jsonl", BEGIN) == (BEGIN, None)


def test_a_file_that_a_clock_ahead_has_begun_is_rotated_when_its_day_is_over(log: Path) -> None:
    kept(log, midnight(DAYS))
    Writer(log, "0").append(BEGIN + 11 * YEAR)
    Writer(log, "0").append(BEGIN + DAYS * DAY)
    assert not rotation.is_due(log, 256, midnight(DAYS) + HOUR)
    assert rotation.is_due(log, 256, midnight(DAYS + 1))
    assert not rotation.is_due(log, 256, None)


def test_the_days_of_what_a_wrong_clock_has_written_count_from_when_it_was_kept(log: Path) -> None:
    at = BEGIN + DAYS * DAY
    Writer(log, "0").append(at + 11 * YEAR)
    kept(log, midnight(DAYS))
    seal = sealing.read(sealed(log, DAYS - 1).seal)
    assert seal.last_at == at + 11 * YEAR and seal.counts_from == midnight(DAYS)
    for day in (DAYS, DAYS + 1, DAYS + 2):  # three days with the clock of another year
        Writer(log, "0").append(at - 6 * YEAR)
        trust(log, midnight(day + 1))
    kept(log, midnight(DAYS + 3))
    seal = sealing.read(sealed(log, DAYS).seal)
    assert seal.last_at == at - 6 * YEAR and seal.counts_from == midnight(DAYS + 3)


def test_the_days_of_a_quiet_log_count_from_its_last_call(log: Path) -> None:
    trust(log, later := midnight(DAYS + 30))
    kept(log, later)
    seal = sealing.read(sealed(log, DAYS - 1).seal)
    assert seal.counts_from == seal.last_at == BEGIN + (DAYS - 1) * DAY + (A_DAY - 1) * SECOND
    verified(log)


def test_a_record_that_a_clock_ahead_has_written_is_not_the_newest(log: Path) -> None:
    Writer(log, "0").append(BEGIN + 11 * YEAR)
    assert newest_record_at(log) == BEGIN + (DAYS - 1) * DAY + (A_DAY - 1) * SECOND
    for _ in range(A_DAY):
        Writer(log, "0").append(BEGIN + 11 * YEAR)
    kept(log, midnight(DAYS))
    assert newest_record_at(log) == midnight(DAYS)
