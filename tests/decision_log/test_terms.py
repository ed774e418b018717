"""What a seal says was done to its file holds only where it was due, by a retention that seals state."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from agi_gate.decision_log import files, keeping, linked, sealing, segment, terms
from agi_gate.decision_log.findings import Report
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.pseudonyms import add_key
from agi_gate.decision_log.terms import Retention
from agi_gate.decision_log.time_seen import trust
from agi_gate.decision_log.verifying import verify, verify_files
from agi_gate.record import instant
from tests.decision_log.writing import A_DAY, BEGIN, DAYS, kept, midnight, sealed, silent, told, verified, write_days

NOW = midnight(DAYS)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "decisions.jsonl"
    write_days(log, add_key(tmp_path / "pseudonyms.key", BEGIN))
    return log


def say(log: Path, number: int, **said: object) -> files.Segment:
    """Write into a seal's `file`, which its digest does not cover."""
    one = sealed(log, number)
    data = json.loads(one.seal.read_text())
    data["file"] |= said
    one.seal.write_text(json.dumps(data))
    return one


def masked_by_hand(log: Path, number: int, **said: object) -> None:
    one = sealed(log, number)
    lines = [linked.lasting(line.rstrip(b"\n")) + linked.MASKED + b"\n" for line in segment.lines(one.compressed)]
    segment.write(lines, one.compressed)
    say(log, number, sha256=sha256(b"".join(lines)).hexdigest(), **said)


def verify_now(log: Path, *expected: str, retention: Retention | None = None) -> Report:
    return verify(log, expected, retention=retention, now=NOW)


@pytest.mark.parametrize("removed_at", ("2026-11-24T00:00:00.000000Z", "2031-12-24T00:00:00.000000Z", None, 5, "x", "2026-11-24"))
def test_a_day_that_was_not_due_is_missed_whatever_its_seal_says(log: Path, removed_at: object) -> None:
    next_digest = sealing.read(sealed(log, 2).seal).digest
    say(log, 1, removed_at=removed_at).compressed.unlink()
    report = verify_now(log, next_digest)
    assert not report.verifies and "decisions-2026-11-22T010000Z: its seal says that it was removed" in told(report)


@pytest.mark.parametrize("said", (
    {"removed_at": "2026-11-24T00:00:00.000000Z"}, {"masked_at": "2026-11-24T00:00:00.000000Z"}, {"masking": "ab" * 32}))
def test_keep_does_not_do_what_a_seal_says_before_it_is_due(log: Path, said: dict[str, object]) -> None:
    one = say(log, 1, **said)
    assert "its seal says that it was" in told(verify_now(log))
    complaints: list[str] = []
    keeping.keep(log, Plan(), NOW, silent, complaints.append)
    assert one.compressed.exists() and len(complaints) == 1
    assert "its seal says that it was" in complaints[0] and "log verify" in complaints[0]


@pytest.mark.parametrize("said", (
    {"masked_at": "2026-11-24T00:00:00.000000Z"}, {"masking_at": "2026-11-24T00:00:00.000000Z", "masking": "x"}, {"masking": "x"}))
def test_who_masks_by_hand_is_found(log: Path, said: dict[str, object]) -> None:
    masked_by_hand(log, 1, **said)
    assert "nor the configuration has that done" in told(verify_now(log)) or "that is no time" in told(verify_now(log))


def test_before_its_day_even_where_masking_is_stated(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    write_days(log, add_key(tmp_path / "k", BEGIN), Plan(pseudonymise_after_days=3))
    masked_by_hand(log, 1, masked_at=instant(BEGIN + timedelta(days=4, hours=-1)))
    assert "was not due before 2026-11-24: decisions-2026-11-23T010000Z.seal states 3 days" in told(verify_now(log))


@pytest.mark.parametrize("is_open", (True, False))
def test_a_retention_made_shorter_is_sealed_before_it_counts(log: Path, is_open: bool) -> None:
    if not is_open:
        keeping.keep(log, Plan(), midnight(DAYS - 1), silent, silent, rotate_now=True)
    before = verified(log)
    did = kept(log, NOW, Plan(decisions_days=2))
    assert did[0].startswith("rotated") and did[1].startswith("sealed") and "removed decisions-2026-11-21" in "".join(did[2:])
    after = verify(log, [before.newest_seal or ""], now=NOW)
    assert after.verifies, told(after)
    assert after.records == before.records - 2 * A_DAY
    assert terms.stated(sealing.read(sealed(log, -1).seal)) == Retention(None, 2)
    assert "retention was 1827 days when it was made, and 2 by decisions-2026-11-2" in after.notices[0]
    assert kept(log, NOW, Plan(decisions_days=2)) == []


def test_a_retention_made_longer_again_accuses_nobody(log: Path) -> None:
    kept(log, NOW, Plan(decisions_days=2))
    later = NOW + timedelta(days=9)
    trust(log, later)
    kept(log, later, Plan(decisions_days=1827))
    report = verify(log, retention=Retention(None, 1827), now=later)
    assert report.verifies, told(report)


def test_nothing_new_is_sealed_where_nothing_is_due(log: Path) -> None:
    assert kept(log, midnight(DAYS - 1), Plan(decisions_days=400)) == []


def test_where_no_seal_states_a_retention_the_configuration_s_counts(log: Path) -> None:
    """As in the seals of earlier builds."""
    before = None
    for one in files.segments(log):
        seal = sealing.read(one.seal)
        seal.seal = {key: value for key, value in seal.seal.items() if key != "retention"} | {"prev_seal": before}
        seal.digest = before = sealing.digest_of(seal.seal)
        sealing.write(one, seal)
    one = say(log, 1, removed_at="2026-11-24T00:00:00.000000Z")
    one.compressed.unlink()
    words = told(verify_now(log, retention=Retention(None, 1827)))
    assert "the configuration states 1827 days" in words and "of an earlier build and states none: was it shorter then?" in words
    for retention in (Retention(None, 1), None):
        assert "was removed" not in told(verify_now(log, retention=retention)), "nobody is accused of what nobody knows"
    keeping.keep(log, Plan(decisions_days=3_000), NOW, silent, silent)
    assert "was removed" not in told(verify_now(log, retention=Retention(None, 1)))


def test_a_seal_that_was_changed_states_nothing(log: Path) -> None:
    one = sealed(log, 2)
    seal = sealing.read(one.seal)
    seal.seal["retention"] = {"pseudonymise_after_days": 0, "decisions_days": 0}
    sealing.write(one, seal)
    assert terms.stated(seal) is None


@pytest.mark.parametrize("said", (None, 5, {}, {"decisions_days": "1"}, {"decisions_days": True}, {"decisions_days": -1},
                                  {"decisions_days": 10 ** 9}, {"decisions_days": 5, "pseudonymise_after_days": 1.5}))
def test_what_states_no_retention(log: Path, said: object) -> None:
    seal = sealing.read(sealed(log, 2).seal)
    seal.seal["retention"] = said
    seal.digest = sealing.digest_of(seal.seal)
    assert terms.stated(seal) is None



def test_one_file_alone_is_no_finding_for_its_seals_need_not_be_all(log: Path) -> None:
    masked_by_hand(log, 1, masked_at="2026-11-24T00:00:00.000000Z")
    report = verify_files([sealed(log, 1).compressed])
    assert report.verifies and "as far as the seals beside it tell: verify the whole log" in report.notices[0]
    assert verify_files([sealed(log, 0).compressed]).notices == []
