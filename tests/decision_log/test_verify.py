"""Each way of tampering is found, and told where; a log that nobody touched verifies, whatever happened to it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from agi_gate.decision_log import DecisionLog, heads, rotation, sealing, segment
from agi_gate.decision_log.heads import Head
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.linked import MASKED, lasting
from agi_gate.decision_log.mending import mend
from agi_gate.decision_log.verifying import verify, verify_files
from agi_gate.record import Line
from tests.decision_log.writing import (A_DAY, BEGIN, DAYS, Writer, change, kept, midnight, sealed, told, verified,
                                        write_days)

Lines = list[bytes]
OPEN = "decisions.jsonl"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = tmp_path_factory.mktemp("log") / OPEN
    write_days(log)
    return log


@pytest.fixture
def log(untouched: Path, tmp_path: Path) -> Path:
    shutil.copytree(untouched.parent, tmp_path / "copy")
    return tmp_path / "copy" / OPEN


def chain_of(line: bytes) -> str:
    return str(json.loads(line)["chain"])


def same_chain(lines: Lines, at: int) -> int:
    """The next line of the same chain."""
    return next(number for number in range(at + 1, len(lines)) if chain_of(lines[number]) == chain_of(lines[at]))


def other_chain(lines: Lines) -> int:
    """A line whose neighbour is of another chain."""
    return next(number for number in range(5, len(lines)) if chain_of(lines[number]) != chain_of(lines[number + 1]))


def replaced(at: int, old: bytes, new: bytes) -> Callable[[Lines], Lines]:
    def how(lines: Lines) -> Lines:
        assert old in lines[at]
        return [*lines[:at], lines[at].replace(old, new), *lines[at + 1:]]
    return how


def swapped(pick: Callable[[Lines], tuple[int, int]]) -> Callable[[Lines], Lines]:
    def how(lines: Lines) -> Lines:
        lines, (one, other) = list(lines), pick(lines)
        lines[one], lines[other] = lines[other], lines[one]
        return lines
    return how


def put_in(at: int, what: Callable[[Lines], bytes]) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:at], what(lines), *lines[at:]]


def forged_next(lines: Lines) -> bytes:
    """A record as a forger makes it who knows the format: it goes on from line 10, as the true one does."""
    before = json.loads(lines[9])
    record = json.loads(lines[same_chain(lines, 9)]) | {"id": "0123456789ab-0123456789ab"}
    assert record["seq"] == before["seq"] + 1
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def of_a_new_chain(lines: Lines) -> bytes:
    record = json.loads(lines[9]) | {"chain": "7", "seq": 1, "prev": "0" * 64}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def chained_anew(start: int) -> Callable[[Lines], Lines]:
    """All records from a line on, as a forger chains them again behind the one that he changed."""
    def how(lines: Lines) -> Lines:
        ends: dict[str, str] = {}
        made = []
        for number, line in enumerate(lines):
            record = json.loads(line)
            if number == start:
                line = line.replace(b'"DENY"', b'"ALLOW"')
            elif record["chain"] in ends and number > start:
                line = line.replace(record["prev"].encode(), ends[record["chain"]].encode(), 1)
            ends[record["chain"]] = sha256(lasting(line.rstrip(b"\n"))).hexdigest()
            made.append(line)
        return made
    return how


def masked_by_hand(lines: Lines) -> Lines:
    return [*lines[:8], lasting(lines[8].rstrip(b"\n")) + MASKED + b"\n", *lines[9:]]


# how; kind of what is found; line where (of the file that was changed)
TAMPERING: dict[str, tuple[Callable[[Lines], Lines], str, int | None]] = {
    "edited": (replaced(8, b'"DENY"', b'"ALLOW"'), "changed", 9),
    "edited, same length": (replaced(8, b"OPPOSED", b"UNKNOWN"), "changed", 9),
    "edited, the first": (replaced(0, b'"DENY"', b'"ALLOW"'), "changed", 1),
    "edited, the last": (replaced(A_DAY - 1, b'"DENY"', b'"ALLOW"'), "changed", A_DAY),
    "personal part edited": (replaced(8, b'"dialled":"+39', b'"dialled":"+38'), "changed", 9),
    "personal part and its hash edited": (
        lambda lines: [*lines[:8], re.sub(rb'"personal_sha256":".{8}', b'"personal_sha256":"00000000', lines[8]), *lines[9:]],
        "changed", 9),
    "personal part taken out": (masked_by_hand, "changed", 9),
    "chained anew behind it": (chained_anew(8), "changed", None),
    "no JSON any more": (replaced(8, b'{"v":2,', b'{"v":2;'), "no record", 9),
    "its seq edited": (replaced(8, b'"seq":', b'"seq":9'), "missing", None),
    "its prev made longer": (replaced(8, b'"prev":"', b'"prev":"0'), "no record", 9),
    "removed": (lambda lines: lines[:8] + lines[9:], "missing", None),
    "removed, the first": (lambda lines: lines[1:], "missing", None),
    "removed, the last": (lambda lines: lines[:-1], "missing", None),
    "removed, many": (lambda lines: lines[:5] + lines[12:], "missing", None),
    "removed, all at the end": (lambda lines: lines[:9], "missing", None),
    "removed, all": (lambda lines: [], "missing", None),
    "one put in twice": (put_in(12, lambda lines: lines[8]), "inserted", 13),
    "one put in twice, at once": (put_in(9, lambda lines: lines[8]), "inserted", 10),
    "a forged one put in": (put_in(10, forged_next), "inserted", 11),
    "one of a new chain put in": (put_in(10, of_a_new_chain), "*", None),
    "one of version 1 put in": (
        put_in(10, lambda lines: b'{"v":1,"id":"x","at":"2026-11-20T09:00:00.000000Z"}\n'), "inserted", 11),
    "a line put in": (put_in(10, lambda lines: b"hello\n"), "no record", 11),
    "an empty line put in": (put_in(10, lambda lines: b"\n"), "no record", 11),
    "two of a chain exchanged": (swapped(lambda lines: (8, same_chain(lines, 8))), "moved", None),
    "two neighbours of two chains exchanged": (
        swapped(lambda lines: (other_chain(lines), other_chain(lines) + 1)), "moved", None),
    "moved to the end": (lambda lines: [*lines[:8], *lines[9:], lines[8]], "moved", A_DAY),
    "all turned round": (lambda lines: lines[::-1], "moved", None),
    "cut": (lambda lines: [*lines[:8], lines[8][:300] + b"\n", *lines[9:]], "cut", 9),
    "cut to its personal part": (lambda lines: [*lines[:8], lines[8][:-20] + b"\n", *lines[9:]], "cut", 9),
    "cut to some letters": (lambda lines: [*lines[:8], lines[8][:12] + b"\n", *lines[9:]], "cut", 9),
    "cut, the last": (lambda lines: [*lines[:-1], lines[-1][:300]], "cut", A_DAY),
}


@pytest.mark.parametrize("place", ("open", "sealed", "oldest"))
@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_located(log: Path, name: str, place: str) -> None:
    how, kind, line = TAMPERING[name]
    path = log if place == "open" else sealed(log, 1 if place == "sealed" else 0).compressed
    change(path, how)
    report = verify(log)
    assert not report.verifies
    at = [(problem.kind, problem.line) for problem in report.problems.told if problem.file == path.name]
    near = [problem for problem in report.problems.told
            if (problem.kind == kind or kind == "*") and (line is None or problem.line == line)]
    assert near, (at, told(report))
    # told by the file's name, or by a neighbour's that misses what was there
    assert any(path.name in problem.words or path.name.removesuffix(".jsonl.zst") in problem.words or name.startswith("removed")
               for problem in near), told(report)
    assert len(report.problems.told) <= A_DAY


@pytest.mark.parametrize("how", (replaced(8, b'"DENY"', b'"ALLOW"'), lambda lines: lines[:8] + lines[9:],
                                 put_in(10, forged_next)))
def test_a_single_act_is_a_single_finding(log: Path, how: Callable[[Lines], Lines]) -> None:
    for path in (log, sealed(log, 1).compressed):
        before = path.read_bytes()
        change(path, how)
        assert len(verify(log).problems.told) == 1, told(verify(log))
        path.write_bytes(before)


def test_the_words_say_file_line_chain_and_record(log: Path) -> None:
    lines = log.read_bytes().splitlines()
    record = json.loads(lines[8])
    change(log, replaced(8, b'"DENY"', b'"ALLOW"'))
    after = same_chain(lines, 8)
    assert told(verify(log)) == (
        f"decisions.jsonl line 9: record {record['seq']} of chain {record['chain']} was changed: record {record['seq'] + 1} "
        f"(line {after + 1}) has another hash of it")


def test_a_change_of_the_last_and_its_head_is_found_once_it_is_sealed(log: Path) -> None:
    """Whoever changes the open file's end and its head, too, is found by no chain: the documents say so."""
    kept(log, midnight(DAYS))
    change(sealed(log, DAYS - 1).compressed, chained_anew(A_DAY - 1))
    chain = json.loads(list(log.parent.glob("*.seal"))[-1].read_text())["seal"]["chains"]
    assert chain and "was changed: the seal" in told(verify(log))


# --- seals, files, heads


def edit_seal(log: Path, number: int, **changes: object) -> None:
    one = sealed(log, number)
    seal = sealing.read(one.seal)
    seal.seal |= changes
    sealing.write(one, seal)


def forge_seal(log: Path, number: int) -> None:
    """Change a record, and seal the file anew as the program would."""
    one = sealed(log, number)
    old = sealing.read(one.seal)
    change(one.compressed, chained_anew(8))
    one.plain.write_bytes(b"".join(segment.lines(one.compressed)))
    new = sealing.made(one, old.seal["prev_seal"], BEGIN)
    sealing.write(one, new)
    one.plain.unlink()


def remove(*paths: Path) -> None:
    for path in paths:
        path.unlink()


def exchange(one: Path, other: Path) -> None:
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def head(log: Path, chain: str = "0") -> Path:
    return heads.folder(log) / f"{chain}.head"


def edit_head(log: Path, **changes: object) -> None:
    text = json.dumps(json.loads(head(log).read_text()) | changes)
    head(log).write_text(text.ljust(heads.BYTES - 1) + "\n")


def set_back(log: Path) -> None:
    """Take the last record, and set the head back to the one before."""
    lines = log.read_bytes().splitlines(keepends=True)
    last = json.loads(lines[-1])
    at = max(number for number, line in enumerate(lines[:-1]) if chain_of(line) == last["chain"])
    log.write_bytes(b"".join(lines[:-1]))
    head(log, last["chain"]).write_bytes(heads.encode(Head(
        last["seq"] - 1, last["prev"].encode(), sum(map(len, lines[:at + 1])), False)))


FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a seal edited": (lambda log: edit_seal(log, 1, records=19), "decisions-.*-22T.*seal: the seal was changed"),
    "a seal forged": (lambda log: forge_seal(log, 1), "another digest of the seal before it than that of decisions-.*-22T"),
    "the newest seal forged": (lambda log: forge_seal(log, 2), "the newest seal that was made .* is not there"),
    "a seal that is no JSON": (lambda log: sealed(log, 1).seal.write_text("{"), "no seal any more"),
    "a seal removed": (lambda log: remove(sealed(log, 1).seal), "its seal decisions-.*-22T.* is missing"),
    "the newest seal removed": (lambda log: remove(sealed(log, 2).seal), "its seal decisions-.*-23T.* is missing"),
    "a file removed": (lambda log: remove(sealed(log, 1).compressed), "decisions-.*-22T.*zst is missing: 20 records"),
    "the oldest file removed": (lambda log: remove(sealed(log, 0).compressed), "decisions-.*-21T.*zst is missing"),
    "a file and its seal removed": (
        lambda log: remove(sealed(log, 1).compressed, sealed(log, 1).seal), "23T.*: it holds another digest of the seal before"),
    "the oldest and its seal removed": (
        lambda log: remove(sealed(log, 0).compressed, sealed(log, 0).seal), "22T.*: the seal before it is missing"),
    "the newest and its seal removed": (
        lambda log: remove(sealed(log, 2).compressed, sealed(log, 2).seal), "the newest seal that was made .* is not there"),
    "two files exchanged": (
        lambda log: exchange(sealed(log, 1).compressed, sealed(log, 2).compressed), "22T"),
    "two seals exchanged": (lambda log: exchange(sealed(log, 1).seal, sealed(log, 2).seal), "22T.*seal: it is the seal of decisions-.*-23T"),
    "two files and their seals exchanged": (
        lambda log: (exchange(sealed(log, 1).compressed, sealed(log, 2).compressed),
                     exchange(sealed(log, 1).seal, sealed(log, 2).seal))[0], "22T.*seal: it is the seal of decisions-.*-23T"),
    "a file cut": (lambda log: os.truncate(sealed(log, 1).compressed, 400), "22T"),
    "a byte of a file flipped": (
        lambda log: change_byte(sealed(log, 1).compressed, 200), "22T.*frame 1 of 1 is damaged"),
    "the open file removed": (lambda log: remove(log), "0.head knows of record"),
    "a head edited": (lambda log: head(log).write_bytes(heads.encode(Head(52, b"ab" * 32, 0, True))), "0.head has another hash"),
    "a head removed": (lambda log: remove(head(log)), "chain 0 has no head"),
    "a head that is none": (lambda log: head(log).write_text("x"), "the head of chain 0 is no head any more"),
    "a head that is empty": (lambda log: head(log).write_text(""), "the head of chain 0 is empty: a loss of power .*--expect .*--mend"),
    "a head of zeros": (lambda log: head(log).write_bytes(bytes(192)), "the head of chain 0 holds nothing but zeros.*backup"),
    "a head whose place is none": (lambda log: edit_head(log, ended=None), "the head of chain 0 is no head any more"),
    "a head whose place is negative": (lambda log: edit_head(log, ended=-5), "the head of chain 0 is no head any more"),
    "a head whose number is none": (lambda log: edit_head(log, seq=True), "the head of chain 0 is no head any more"),
    "two heads exchanged": (lambda log: exchange(head(log, "0"), head(log, "1")), "chain [01]"),
    "all heads removed": (lambda log: shutil.rmtree(heads.folder(log)), "has no head"),
    "a record put in behind the end": (
        lambda log: put_behind(log), "was put in: the chain's head 0.head says that it ended with record 52"),
}


def put_between(log: Path, stamp: str) -> Path:
    """A day of a forger's own, whole, with its chain and its head."""
    forged = log.parent / "forged" / OPEN
    forged.parent.mkdir()
    writer = Writer(forged, "7")
    for number in range(3):
        writer.append(BEGIN + timedelta(seconds=number))
    shutil.copy(heads.folder(forged) / "7.head", heads.folder(log))
    put = log.with_name(f"decisions-{stamp}.jsonl")
    shutil.copy(forged, put)
    return put


@pytest.mark.parametrize("stamp", ("2026-11-20T010000Z", "2026-11-22T120000Z"))
def test_a_file_that_was_put_between_sealed_ones_is_found_and_never_sealed(log: Path, stamp: str) -> None:
    put = put_between(log, stamp)
    words = f"{put.name}: has no seal, and a file after it has"
    assert words in told(verify(log))
    complaints: list[str] = []
    keep(log, Plan(), midnight(DAYS), lambda words: None, complaints.append)
    assert len(complaints) == 1 and put.name in complaints[0] and put.exists()
    assert words in told(verify(log)) and len(verify(log).problems.told) == 1


def test_files_that_a_crash_left_unsealed_at_the_end_are_in_order(log: Path) -> None:
    for day in (DAYS, DAYS + 1):
        rotation.rotate(log, midnight(day))
        Writer(log, "0").append(BEGIN + timedelta(days=day))
    assert verified(log).seals == DAYS - 1
    kept(log, midnight(DAYS + 1))
    assert verified(log).seals == DAYS + 1


def test_a_copy_that_was_put_back_beside_the_sealed_file_is_told_alike(log: Path) -> None:
    one = sealed(log, 1)
    one.plain.write_bytes(b"".join(segment.lines(one.compressed)))
    verified(log)
    one.plain.write_bytes(log.read_bytes())
    complaints: list[str] = []
    keep(log, Plan(), midnight(DAYS - 1), lambda words: None, complaints.append)
    for words in (told(verify(log)), *complaints):
        assert f"it is another than {one.compressed.name} beside it, which is what was sealed" in words
        assert "move it away" in words
    assert len(complaints) == 1
    one.plain.unlink()
    verified(log)


def test_records_of_another_version_are_neither_proven_nor_tampering(log: Path) -> None:
    change(log, lambda lines: [*lines, *[b'{"v":3,"chain":"x","id":"y"}\n'] * 2_000])
    report = verify(log)
    assert report.verifies and len(report.unreadable) == 1
    assert f"2,000 line(s) from line {A_DAY + 1} on are records of version 3" in report.unreadable[0]
    change(sealed(log, 0).compressed, put_in(5, lambda lines: b'{"v":3,"chain":"x","id":"y"}\n'))
    assert not verify(log).verifies


@pytest.mark.parametrize("hidden", (
    zstandard.ZstdCompressor(write_checksum=True).compress(b'{"v":2,"forged":"record"}\n'), b"hello",
    b"\x50\x2a\x4d\x18\x05\0\0\0hello"))
def test_what_is_hidden_behind_a_frame_is_found(log: Path, hidden: bytes) -> None:
    """By a forger who makes the table of frames anew: `zstd -dc` reads it, and so must `verify`."""
    path = sealed(log, 1).compressed
    with segment.Segment(path) as opened:
        assert opened.frames is not None and len(opened.frames) == 1
        (frame,) = opened.frames
    data = path.read_bytes()[:frame.size] + hidden
    table = struct.pack("<III", len(data), frame.plain_size, int.from_bytes(data[-4:], "little"))
    path.write_bytes(data + struct.pack("<II", 0x184D2A5E, len(table) + 9) + table + struct.pack("<IBI", 1, 0x80, 0x8F92EAB1))
    report = verify(log)
    assert not report.verifies and "22T010000Z.jsonl.zst: frame 1 of 1 is damaged" in told(report)


def test_a_frame_that_says_it_is_huge_is_damaged_and_the_rest_is_verified(log: Path) -> None:
    """One bit does that to a frame of usual size; there is no memory for so much."""
    path = sealed(log, 1).compressed
    with segment.Segment(path) as opened:
        assert opened.frames is not None
        (frame,) = opened.frames
    data = path.read_bytes()[:frame.size]
    assert data[4] >> 5 == 0b011  # one segment, and two bytes for its size
    data = data[:4] + bytes((data[4] | 0b11100000,)) + struct.pack("<Q", 1 << 40) + data[7:]
    table = struct.pack("<III", len(data), frame.plain_size, frame.checksum)
    path.write_bytes(data + struct.pack("<II", 0x184D2A5E, len(table) + 9) + table + struct.pack("<IBI", 1, 0x80, 0x8F92EAB1))
    report = verify(log)
    assert "22T010000Z.jsonl.zst: frame 1 of 1 is damaged" in told(report) and report.records == (DAYS - 1) * A_DAY


def change_byte(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def put_behind(log: Path) -> None:
    """A record that follows on the last, when the writers have ended."""
    with log.open("ab") as stream:
        stream.write(Writer(log, "0").line(BEGIN)[0])
    for path in heads.folder(log).iterdir():
        known = heads.decode(path.read_bytes())
        path.write_bytes(heads.encode(Head(known.seq, known.hash, known.ended, False)))


@pytest.mark.parametrize("name", FILES)
def test_tampering_with_files_seals_and_heads_is_found(log: Path, name: str) -> None:
    how, words = FILES[name]
    how(log)
    report = verify(log)
    assert not report.verifies
    assert re.search(words, told(report)), told(report)
    assert len(report.problems.told) < A_DAY


@pytest.mark.parametrize("damage", (b"", bytes(192), b"x"))
def test_a_head_that_is_damaged_is_made_again_where_somebody_asks(log: Path, damage: bytes) -> None:
    before = verified(log).ends
    head(log).write_bytes(damage)
    head(log, "9").write_bytes(bytes(192))  # of a chain that never came to a record
    did: list[str] = []
    mend(log, did.append)
    assert len(did) == 2 and did[0].startswith(f"made the head of chain 0 again: it ends with record {before['0'][0]};")
    assert verified(log).ends == before
    Writer(log, "0").append(BEGIN)
    assert verified(log).ends["0"][0] == before["0"][0] + 1
    mend(log, did.append)
    assert len(did) == 2


def test_a_backup_of_a_log_that_is_written_to_verifies_where_its_heads_were_copied_first(log: Path, tmp_path: Path) -> None:
    ways = {
        "heads first": (".decisions.jsonl.keep", "decisions.jsonl.chains", "decisions-*", OPEN),
        "heads last": (".decisions.jsonl.keep", "decisions-*", OPEN, "decisions.jsonl.chains")}
    verifies = {}
    for way, patterns in ways.items():
        (copy := tmp_path / way).mkdir()
        for pattern in patterns:
            for path in log.parent.glob(pattern):
                shutil.copytree(path, copy / path.name) if path.is_dir() else shutil.copy(path, copy)
            Writer(log, "0").append(BEGIN)
        verifies[way] = verify(copy / OPEN).verifies
    assert verifies == {"heads first": True, "heads last": False}


def test_the_hash_of_a_head_in_a_backup_tells_what_was_there_by_then(log: Path) -> None:
    backup = heads.decode(head(log).read_bytes()).hash.decode()
    Writer(log, "0").append(BEGIN)
    head(log).write_bytes(bytes(192))
    assert "the head of chain 0 holds nothing but zeros" in told(verify(log, [backup]))
    assert "was expected" not in told(verify(log, [backup]))
    change(log, lambda lines: lines[:-3])
    assert f"{backup} was expected" in told(verify(log, [backup]))


def test_nobody_mends_what_a_writer_has(log: Path) -> None:
    head(log).write_bytes(b"")
    with head(log).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        mend(log, pytest.fail)
    assert head(log).read_bytes() == b""


@pytest.mark.parametrize("ended", ("x", None, -5, 1.5))
def test_a_damaged_head_denies_no_call(log: Path, ended: object) -> None:
    for chain in ("0", "1"):
        text = json.dumps(json.loads(head(log, chain).read_text()) | {"ended": ended, "open": True})
        head(log, chain).write_text(text)
    writer = DecisionLog(log)
    writer.append(Line('"id":"x"', '"salt":""'))
    writer.close()
    assert len(list(heads.folder(log).iterdir())) == 3


def test_whoever_rewrites_all_and_the_heads_is_found_by_a_digest_that_was_kept_elsewhere(log: Path) -> None:
    digest = verified(log).newest_seal
    assert digest is not None
    assert verify(log, [digest]).verifies
    forged = log.parent / "forged"
    forged.mkdir()
    write_days(forged / OPEN)
    assert verified(forged / OPEN).newest_seal != digest
    report = verify(forged / OPEN, [digest])
    assert not report.verifies and f"{digest} was expected" in told(report)


def test_a_record_s_hash_can_be_expected_too(log: Path) -> None:
    seq, hash_ = verified(log).ends["0"]
    assert seq and verify(log, [hash_]).verifies
    set_back(log)
    assert not verify(log, [verified(log).newest_seal or "", hash_] if json.loads(
        log.read_bytes().splitlines()[-1])["chain"] == "0" else ["0" * 64]).verifies


def test_what_a_forger_with_the_heads_can_do_at_the_open_file_s_end_is_as_documented(log: Path) -> None:
    """He takes the last record and sets its head back: only what was kept elsewhere tells."""
    hashes = [hash_ for _, hash_ in verified(log).ends.values()]
    set_back(log)
    assert verify(log).verifies
    assert not verify(log, hashes).verifies


# --- what is no tampering


def test_an_untouched_log_verifies_and_says_how_much_it_is(log: Path) -> None:
    report = verified(log)
    assert (report.records, report.files, report.seals, report.notices) == (DAYS * A_DAY, DAYS, DAYS - 1, [])
    assert sum(seq for seq, _ in report.ends.values()) == DAYS * A_DAY


@pytest.mark.parametrize("length", (1, 12, 60, 200, 400, -90, -30, -2))
def test_a_line_that_a_crash_tore_is_no_tampering(log: Path, length: int) -> None:
    """A writer dies within a record; others go on, and then the next one of the same chain."""
    torn, _ = Writer(log, "0").line(BEGIN)
    with log.open("ab") as stream:
        stream.write(torn[:length])
    assert [re.sub(":.*", "", notice) for notice in verified(log).notices] == [f"{OPEN} line {A_DAY + 1}"]
    Writer(log, "1").append(BEGIN + timedelta(days=3, hours=1))
    Writer(log, "0").append(BEGIN + timedelta(days=3, hours=1))
    report = verified(log)
    assert len(report.notices) == 1 and "torn by a crash" in report.notices[0]
    kept(log, midnight(DAYS))
    assert verified(log).notices[0].startswith("decisions-2026-11-24")


def test_zeros_that_a_loss_of_power_left_are_no_tampering(log: Path) -> None:
    with log.open("ab") as stream:
        stream.write(Writer(log, "0").line(BEGIN)[0][:200] + b"\0" * 300)
    Writer(log, "0").append(BEGIN + timedelta(days=3, hours=1))
    assert len(verified(log).notices) == 1


def test_a_record_whose_head_was_not_written_any_more_is_no_tampering(log: Path) -> None:
    with log.open("ab") as stream:
        stream.write(Writer(log, "0").line(BEGIN)[0])
    assert verified(log).notices == []


def test_records_of_version_1_before_the_chain_are_told(tmp_path: Path) -> None:
    log = tmp_path / OPEN
    log.write_text('{"v":1,"id":"x","at":"2026-11-19T09:00:00.000000Z"}\n' * 3)
    write_days(log)
    report = verified(log)
    assert report.version_1 == 3 and "3 records of version 1, not chained" in report.notices[0]


def test_one_of_version_1_that_was_changed_is_found_once_it_is_sealed(tmp_path: Path) -> None:
    log = tmp_path / OPEN
    log.write_text('{"v":1,"id":"x","at":"2026-11-19T09:00:00.000000Z"}\n' * 3)
    write_days(log)
    change(sealed(log, 0).compressed, replaced(1, b'"x"', b'"y"'))
    assert "lines 1 to 23 are not those that were sealed" in told(verify(log))


def test_files_alone_are_verified_for_themselves(log: Path) -> None:
    one, other = sealed(log, 1).compressed, sealed(log, 2).compressed
    for paths in ([one], [one, other], [log], [sealed(log, 0).compressed, one, other, log]):
        report = verify_files(paths)
        assert report.verifies and report.records == A_DAY * len(paths), told(report)
    change(one, replaced(8, b'"DENY"', b'"ALLOW"'))
    assert f"{one.name} line 9" in told(verify_files([one]))
    assert not verify_files([log]).problems.told
    assert "are missing" in told(verify_files([sealed(log, 0).compressed, other]))


def test_what_cannot_be_read_is_told_and_the_rest_is_verified(log: Path) -> None:
    one = sealed(log, 1).compressed
    one.unlink()
    one.mkdir()
    report = verify(log)
    assert [one.name in words for words in report.unreadable] == [True]
    assert report.records == (DAYS - 1) * A_DAY and report.verifies


def test_nor_does_the_open_file_keep_the_others_from_it(log: Path) -> None:
    log.unlink()
    log.mkdir()
    report = verify(log)
    assert report.verifies, told(report)
    assert report.unreadable == [f"{log} cannot be read: Is a directory"]
    assert report.records == (DAYS - 1) * A_DAY
    change(sealed(log, 1).compressed, lambda lines: lines[1:])
    assert not verify(log).verifies


def test_a_head_that_cannot_be_read_is_no_tampering_and_the_rest_is_verified(log: Path) -> None:
    ends = verified(log).ends
    head(log).unlink()
    head(log).mkdir()
    report = verify(log)
    assert report.verifies, told(report)
    assert len(report.unreadable) == 1 and "0.head cannot be read" in report.unreadable[0] and report.ends == ends
    mend(log, pytest.fail)
    remove(head(log, "1"))
    assert told(verify(log)).startswith("chain 1 has no head")


def test_nor_are_heads_that_cannot_be_looked_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends, listed = verified(log).ends, os.listdir

    def refuse(folder: Path) -> list[str]:
        if folder == heads.folder(log):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    report = verify(log)
    assert report.verifies and report.ends == ends
    assert len(report.unreadable) == 1 and "decisions.jsonl.chains cannot be read: Permission denied" in report.unreadable[0]


# --- the document


def test_a_log_can_be_checked_by_hand_as_the_document_says(log: Path) -> None:
    document = (Path(__file__).parents[2] / "docs/evidence.md").read_text()
    program = re.search(r"python3 -c '\n(.*?)'\n", document, re.DOTALL)
    assert program is not None
    text = b"".join(segment.lines(sealed(log, 1).compressed))
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program[1])], input=text, capture_output=True, check=True)
    seal = sealing.read(sealed(log, 1).seal)
    hashes = ran.stdout.decode().split()
    assert sha256(ran.stdout).hexdigest() == seal.seal["content_sha256"]
    assert {ends["last_hash"] for ends in seal.seal["chains"].values()} < set(hashes)
    assert sha256(text).hexdigest() == seal.file["sha256"]
    line = text.splitlines(keepends=True)[0]
    end = line.rfind(b',"personal_sha256":"') + 85
    assert sha256(line[end + 1:-2]).hexdigest() == json.loads(line)["personal_sha256"]
    by_jq = json.dumps(json.loads(sealed(log, 1).seal.read_bytes())["seal"], sort_keys=True, separators=(",", ":"))
    assert sha256(by_jq.encode()).hexdigest() == seal.digest == sealing.read(sealed(log, 2).seal).seal["prev_seal"]
