"""After masking no number is left, the log verifies, and who has the key still finds them."""

from __future__ import annotations

import gc
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from agi_gate.clock import Time
from agi_gate.decision_log import DecisionLog, index, keep_state, keeping, linked, sealing, segment
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.masking import Masking
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.decision_log.segment import Segment
from agi_gate.decision_log.time_seen import trust
from agi_gate.decision_log.verifying import verify, verify_files
from agi_gate.record import Line
from tests.decision_log.writing import (A_DAY, BEGIN, DAYS, NUMBER, Writer, change, kept, midnight, sealed, silent, told,
                                        verified, write_days)

PLAN = Plan(pseudonymise_after_days=1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return add_key(tmp_path / "pseudonyms.key", BEGIN)


def text_of(log: Path, number: int) -> bytes:
    return b"".join(segment.lines(sealed(log, number).compressed))


def test_no_number_is_left_and_all_verifies(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    before = verified(log)
    assert b"+39" in text_of(log, 0)
    did = kept(log, midnight(DAYS - 1), PLAN)
    assert [words for words in did if words.startswith("masked 20 records of decisions-2026-11-21")]
    after = verified(log)
    assert (after.masked, after.records, after.ends) == (2 * A_DAY, before.records, before.ends)
    assert before.newest_seal and verify(log, [before.newest_seal]).verifies
    for number in (0, 1):
        assert b"+39" not in text_of(log, number) and b"salt" not in text_of(log, number)
        assert text_of(log, number).count(b'"masked":["destination","dialled","channel","unique_id","evidence"]}\n') == A_DAY
    assert b"+39" in text_of(log, 2)
    assert not list(log.parent.glob(".*.partial"))
    assert kept(log, midnight(DAYS - 1), PLAN) == []


def test_the_seal_says_when_and_how_many(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    said = sealing.read(sealed(log, 0).seal).file
    assert (said["masked"], said["not_masked"]) == (A_DAY, 0) and said["masked_at"].startswith("2026-11-23")
    assert "masking" not in said


@pytest.mark.parametrize("how", (
    lambda lines: [lines[0].replace(b"DENY", b"ALLOW"), *lines[1:]], lambda lines: lines[1:],
    lambda lines: [lines[0].replace(b':{"destination":"k1-', b':{"destination":"k2-'), *lines[1:]],
    lambda lines: [lines[0].replace(b'"masked":["destination",', b'"masked":['), *lines[1:]],
    lambda lines: [lines[1], lines[0], *lines[2:]]))
def test_a_masked_record_that_was_changed_is_found(log: Path, keys: Keys, how: object) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    change(sealed(log, 0).compressed, how)  # type: ignore[arg-type]
    report = verify(log)
    assert not report.verifies and "decisions-2026-11-21T010000Z" in told(report)


@pytest.mark.parametrize("text", (None, "{"))
def test_a_seal_that_is_lost_is_one_finding_and_accuses_no_masked_record(log: Path, keys: Keys, text: str | None) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    seal = sealed(log, 0).seal
    seal.unlink() if text is None else seal.write_text(text)
    report = verify(log)
    assert report.problems.counts == {"seal": 1} and seal.name in told(report) and report.masked == 2 * A_DAY


def test_a_seal_that_cannot_be_read_is_no_finding(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    for number in (0, DAYS - 2):
        seal = sealed(log, number).seal
        seal.unlink()
        seal.mkdir()
        report = verify(log)
        assert report.verifies, told(report)
        assert f"{seal.name} cannot be read: Is a directory" in report.unreadable[-1]


def test_a_seal_of_another_version_is_told_as_such_where_it_is_whole(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    one = sealed(log, DAYS - 2)
    seal = sealing.read(one.seal)
    seal.seal["version"] = 2
    sealing.write(one, sealing.Seal(seal.seal, sealing.digest_of(seal.seal), seal.file))
    keep_state.write(log, keep_state.State(sealing.digest_of(seal.seal)))
    report = verify(log)
    assert report.verifies, told(report)
    assert f"{one.seal.name} is a seal of version 2, and this program reads version 1" in report.unreadable[0]
    sealing.write(one, seal)  # somebody wrote another version into it
    assert "no seal of version 1" in told(verify(log))


def test_a_record_is_still_found_by_its_number_and_its_index(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    pseudonym = keys.pseudonym("+393331200003")
    assert text_of(log, 0).count(pseudonym.encode()) == 1
    path = sealed(log, 0).compressed
    with Segment(path) as opened:
        assert index.load(path, opened).with_number([pseudonym])
    gc.collect()


def test_rotated_keys_find_what_each_has_made(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "pseudonyms.key"
    Writer(log, "0", add_key(path, BEGIN)).append(BEGIN)
    Writer(log, "0", add_key(path, BEGIN)).append(BEGIN)
    keeping.keep(log, Plan(), midnight(1), silent, silent)
    kept(log, midnight(3), PLAN)
    both = Keys.load(path).all_pseudonyms(NUMBER)
    assert [pseudonym.partition("-")[0] for pseudonym in both] == ["k2", "k1"]
    assert all(text_of(log, 0).count(pseudonym.encode()) == 1 for pseudonym in both)
    assert verified(log).masked == 2


def test_what_has_no_pseudonym_is_left_and_told(log: Path, keys: Keys) -> None:
    Writer(log, "0").append(BEGIN)
    Writer(log, "0", keys).append(BEGIN)
    kept(log, midnight(1))
    complaints: list[str] = []
    keeping.keep(log, PLAN, midnight(3), silent, complaints.append)
    assert len(complaints) == 1 and "1 records have no pseudonym" in complaints[0]
    assert verified(log).masked == 1
    assert kept(log, midnight(4), PLAN) == [], "it is told once"


@pytest.mark.parametrize("seal", ("whole", "lost"))
def test_a_record_without_a_pseudonym_that_somebody_masked_is_found(log: Path, keys: Keys, seal: str) -> None:
    """Where each other record is masked, one more is not seen; but `keep` masks none by whose number nobody finds it."""
    for number in range(6):
        Writer(log, "0", None if number == 3 else keys).append(BEGIN)
    kept(log, midnight(1))
    keeping.keep(log, PLAN, midnight(3), silent, silent)
    one = sealed(log, 0)
    assert verified(log).masked == 5
    change(one.compressed, lambda lines: [linked.lasting(line.rstrip(b"\n")) + linked.MASKED + b"\n" for line in lines])
    said = sealing.read(one.seal)  # and he says so in the seal, in the part that no digest covers
    lines = text_of(log, 0)
    said.file |= {"sha256": sha256(lines).hexdigest(), "bytes": len(lines), "masked": 6, "not_masked": 0}
    sealing.write(one, said)
    if seal == "lost":
        one.seal.unlink()
    assert f"{one.compressed.name} line 4: record 4 of chain 0 was masked, and has no pseudonym" in told(verify(log))
    assert "line 4: record 4 of chain 0 was masked, and has no pseudonym" in told(verify_files([one.compressed]))


@pytest.mark.parametrize("number", ("null", '{"class":null,"country":null,"withholding":true}'))
def test_what_was_dialled_and_was_no_number_is_masked_without_a_pseudonym(log: Path, keys: Keys, number: str) -> None:
    Writer(log, "0", keys).append(BEGIN)
    written = DecisionLog(log)
    written.append(Line(f'"id":"x","at":"2026-11-20T09:00:01.000000Z","number":{number},"pseudonyms":null',
                        f'"salt":"{"0" * 32}","destination":null,"dialled":"Rossi"'))
    written.close()
    kept(log, midnight(1))
    kept(log, midnight(3), PLAN)
    assert verified(log).masked == 2 and b"Rossi" not in text_of(log, 0)


def test_a_torn_line_is_masked_too(log: Path, keys: Keys) -> None:
    writer = Writer(log, "0", keys)
    writer.append(BEGIN)
    with log.open("ab") as stream:
        stream.write(writer.line(BEGIN)[0][:-20])
    writer.append(BEGIN)
    kept(log, midnight(1))
    assert text_of(log, 0).count(b"+39") > 4
    kept(log, midnight(3), PLAN)
    assert b"+39" not in text_of(log, 0)
    assert len(verified(log).notices) == 1


def test_a_record_of_before_lists_what_was_masked_in_it(log: Path, keys: Keys) -> None:
    Writer(log, "0", keys, is_of_before=True).append(BEGIN)
    Writer(log, "1", keys).append(BEGIN)
    kept(log, midnight(1))
    kept(log, midnight(3), PLAN)
    first, second = text_of(log, 0).splitlines()
    assert first.endswith(b',"masked":["destination","dialled","evidence"]}') and b'"channel":"SIP/1"' in first
    assert second.endswith(b',"masked":["destination","dialled","channel","unique_id","evidence"]}') and b"Local/" not in second
    assert verified(log).masked == 2


def test_masking_twice_is_masking_once(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    kept(log, midnight(DAYS - 1), PLAN)
    before = text_of(log, 0)
    assert b"".join(Masking(sealed(log, 0).compressed).lines()) == before
    assert all(isinstance(linked.read(line), linked.Link) for line in before.splitlines())


def test_files_younger_than_that_are_left(log: Path, keys: Keys) -> None:
    write_days(log, keys)
    last = BEGIN + timedelta(seconds=A_DAY - 1)
    plan = Plan(pseudonymise_after_days=30)
    trust(log, last + timedelta(days=30))
    assert kept(log, last + timedelta(days=30, seconds=-1), plan)[0].startswith("rotated")
    assert not keeping.is_due(log, plan, Time(last + timedelta(days=30, seconds=-1)))
    assert keeping.is_due(log, plan, Time(last + timedelta(days=30)))
    assert kept(log, last + timedelta(days=30), plan) == [
        "masked 20 records of decisions-2026-11-21T010000Z: 20 records from 2026-11-20T09:00:00.000000Z to 2026-11-20T09:00:19.000000Z"]
