"""The archive is enough: a store made from it again decides as the one that was lost, call-backs that were used included."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import redis

from agi_gate.call import Presentation, Request, understand
from agi_gate.answer import decide_call
from agi_gate.decision_log import segment
from agi_gate.decision_log.linked import MASKED
from agi_gate.decision_log.pseudonyms import Keys, add_key
from agi_gate.ops.exit_codes import DONE, FEED_REFUSED, UNREACHABLE, USAGE
from agi_gate.store import keys
from agi_gate.store.reader import Store
from lab.waiting import PATIENT_MS
from tests.decision_log.writing import sealed, write_days
from tests.support.ops import Ops, empty

NUMBERS = [f"333123{offset:04d}" for offset in range(0, 10_000, 7)]
DENSE = [f"347000{offset:04d}" for offset in range(600)]
CONSENT = "number,controller,granted_at,purpose,category,channel,origin,evidence,revoked_at"
AT = "2026-10-14T11:00:00+02:00"


@pytest.fixture
def ops(tmp_path: Path, store_url: str, capsys: pytest.CaptureFixture[str]) -> Ops:
    return Ops(tmp_path, store_url, capsys)


def decisions(ops: Ops) -> list[tuple[str, ...]]:
    store = Store.at(ops.url, PATIENT_MS)
    call = [understand(Request(number, "fibra", caller_id="+390212340000", presentation=Presentation.ALLOWED),
                       ops.settings.policy, datetime.fromisoformat(AT)) for number in [*NUMBERS[::50], *DENSE[::50]]]
    return [decide_call(one, store, claim=False).verdict.reasons for one in call]


def load_a_history(ops: Ops) -> None:
    """Every kind of feed, in an order that matters: later descriptions, older answers, revocations, a dense page."""
    ops.check({number: int(number.endswith("7")) for number in NUMBERS}, 10)
    ops.check({number: int(number.endswith("8")) for number in NUMBERS[:900]}, 12, "--max-change", "100")
    ops.check(dict.fromkeys(NUMBERS[:40], 1), 3)
    ops.check(dict.fromkeys(DENSE, 0), 12)
    ops.load("contacts", "number,controller,source,directory\n" + "".join(
        f"{number},acme,Elenco A,yes\n" for number in [*NUMBERS, *DENSE]))
    ops.load("contacts", "number,controller,source,directory\n" + "".join(
        f"{number},acme,Elenco B,no\n" for number in NUMBERS[:300]))
    for batch, revoked_at in ((DENSE, ""), (DENSE[:100], "2026-10-13T09:00:00+02:00"), (DENSE[50:200], "")):
        ops.load("consents", CONSENT + "\n" + "".join(
            f"{number},acme,2026-09-01T09:00:00+02:00,marketing,telecom,both,web {number},ip 203.0.113.7 at "
            f"{'x' * 40},{revoked_at}\n" for number in batch))
    ops.load("objections", "number,controller,objected_at,via\n" + "".join(
        f"{number},acme,2026-10-05T09:00:00+02:00,call\n" for number in NUMBERS[100:140]))
    ops.load("rests", f"number,controller,silent_at\n{NUMBERS[7]},acme,2026-10-13T09:00:00+02:00\n")


def test_a_rebuilt_store_is_the_lost_one_byte_for_byte_and_decides_alike(ops: Ops) -> None:
    load_a_history(ops)
    before, decided = ops.pages(), decisions(ops)
    assert len({reasons[0] for reasons in decided}) > 3
    empty(ops.url)
    assert ops("rebuild").startswith("rebuilt acme from 11 loads: ")
    assert (ops.pages(), decisions(ops)) == (before, decided)


@pytest.mark.parametrize("callable_numbers", (NUMBERS[:3], NUMBERS[:2], []), ids=("all", "some", "none"))
def test_a_stripped_answer_is_read_again_beside_what_was_submitted(ops: Ops, callable_numbers: list[str]) -> None:
    """Also where nothing was stripped and both are the same bytes: a consent from before that check would count again."""
    ops.check(dict.fromkeys(NUMBERS[:3], 1), 1)
    submitted = ops.folder / "lista.txt"
    submitted.write_text("\n".join(NUMBERS[:3]) + "\n")
    ops.load("registry", "".join(f"{number}\n" for number in callable_numbers), "--submitted", str(submitted),
             "--controller", "acme", "--checked-at", "2026-10-05T09:00:00+02:00")
    ops.check(dict.fromkeys(NUMBERS[:3], 1), 10)
    ops.load("consents", CONSENT + "\n" + "".join(
        f"{number},acme,2026-10-03T09:00:00+02:00,marketing,telecom,both,web,ip,\n" for number in NUMBERS[:3]))
    before, decided = ops.pages(), decisions(ops)
    empty(ops.url)
    ops("rebuild")
    assert (ops.pages(), decisions(ops)) == (before, decided)


def test_what_was_taken_back_stays_so(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    before = ops.pages()
    ops.check(dict.fromkeys(NUMBERS, 1), 12, "--max-change", "100")
    ops("rollback")
    assert ops.pages() == before
    empty(ops.url)
    ops("rebuild")
    assert ops.pages() == before


def callback(ops: Ops) -> None:
    ops.load("callbacks", f"number,controller,requested_at\n{NUMBERS[0]},acme,2026-10-13T09:00:00+02:00\n")


def record_of_a_used_callback() -> str:
    return json.dumps({
        "v": 1, "reason": "CALLBACK_REQUESTED", "destination": f"+39{NUMBERS[0]}", "call": {"controller": "acme"},
        "rests_on": {"callback": {"requested_at": "2026-10-13T07:00:00.000000Z"}}}) + "\n"


def is_callable(ops: Ops) -> bool:
    out = json.loads(ops("check", NUMBERS[0], "--campaign", "fibra", "--at", AT, "--json", code=ops_code(ops)))
    return bool(out["reason"] == "CALLBACK_REQUESTED")


def ops_code(ops: Ops) -> int:
    with redis.Redis.from_url(ops.url) as client:
        return 3 if client.hlen("agi:{acme}:used") > 1 or not client.keys("agi:*:b:*") else 0


@pytest.mark.parametrize("name", ("decisions.jsonl", "decisions.jsonl.1", "decisions.jsonl-20261101.gz"))
def test_a_callback_that_a_log_says_was_used_cannot_be_used_again(ops: Ops, name: str) -> None:
    callback(ops)
    assert is_callable(ops)
    record = record_of_a_used_callback().encode()
    path = ops.settings.log_path.with_name(name)
    path.write_bytes(gzip.compress(record) if name.endswith("gz") else record)
    empty(ops.url)
    ops("rebuild")
    assert not is_callable(ops)


def test_without_a_log_callbacks_are_not_made_again_unasked(ops: Ops) -> None:
    callback(ops)
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    assert "--without-callbacks" in ops.err and ops.pages() == {}
    ops("rebuild", "--without-callbacks")
    assert not is_callable(ops)


def test_a_store_that_holds_anything_is_left_alone(ops: Ops) -> None:
    load_a_history(ops)
    before = ops.pages()
    ops("rebuild", code=FEED_REFUSED)
    assert "only an empty one" in ops.err and ops.pages() == before


@pytest.mark.parametrize("damage", (lambda data: data[:-9], lambda data: data[:40] + b"\0" + data[41:], None))
def test_a_damaged_archive_is_told_and_nothing_is_shown(ops: Ops, damage: Callable[[bytes], bytes] | None) -> None:
    load_a_history(ops)
    path = max((ops.settings.archive_path / "feeds").iterdir(), key=lambda path: path.stat().st_size)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    empty(ops.url)
    ops("rebuild", code=UNREACHABLE)
    assert "archive" in ops.err and ops.pages() == {}


def test_a_zip_that_only_its_name_told_is_read_again_from_its_bytes(ops: Ops) -> None:
    path = ops.folder / "esito.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("lista.txt", f"{NUMBERS[0]},1\n")
    path.write_bytes(b"PK00" + path.read_bytes())  # as some packers begin one that was to be split
    ops("load", "registry", str(path), "--controller", "acme", "--checked-at", "2026-10-10T09:00:00+02:00")
    before = ops.pages()
    empty(ops.url)
    ops("rebuild")
    assert ops.pages() == before


def test_an_empty_archive_makes_no_store(ops: Ops) -> None:
    ops("rebuild", code=FEED_REFUSED)
    assert "nothing in the archive" in ops.err


# --- rollback

def test_rollback_takes_the_last_load_back_and_only_that_one(ops: Ops) -> None:
    load_a_history(ops)
    before = ops.pages()
    ops.load("objections", f"number,controller,objected_at,via\n{NUMBERS[1]},acme,2026-10-13T09:00:00+02:00,call\n")
    assert ops.pages() != before
    assert "took back objections feed.csv" in ops("rollback", "--controller", "acme")
    assert ops.pages() == before
    ops("rollback", code=FEED_REFUSED)
    assert "taken back already" in ops.err and ops.pages() == before


def test_a_rollback_that_broke_off_is_not_guessed_to_be_done(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.check(dict.fromkeys(NUMBERS[:9], 0), 10)
    ops.load("objections", f"number,controller,objected_at,via\n{NUMBERS[0]},acme,2026-10-05T09:00:00+02:00,call\n")
    before = ops.pages()
    with monkeypatch.context() as patch:
        patch.setattr("agi_gate.store.loader.Load.commit", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            ops("rollback")
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    (receipt,) = (ops.settings.archive_path / "pending").glob("*.json")
    assert f"`pending/{receipt.name}`" in ops.err and ops.pages() == {}
    receipt.unlink()
    ops("rebuild")
    assert ops.pages() == before


def test_a_first_load_is_taken_back_to_nothing(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    ops("rollback")
    assert ops.pages() == {}
    with redis.Redis.from_url(ops.url) as client:
        assert client.hlen(keys.checks_key("acme")) == 0


def test_a_split_page_is_put_together_again(ops: Ops) -> None:
    ops.load("consents", CONSENT + "\n" + f"{DENSE[0]},acme,2026-09-01T09:00:00+02:00,marketing,telecom,both,web,ip,\n")
    before = ops.pages()
    ops.load("consents", CONSENT + "\n" + "".join(
        f"{number},acme,2026-09-01T09:00:00+02:00,marketing,telecom,both,web {number},{'x' * 60},\n" for number in DENSE))
    assert any(":d:" in name for name in ops.pages())
    ops("rollback")
    assert ops.pages() == before


def test_the_same_file_can_be_loaded_again_after_a_rollback(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    loaded = ops.pages()
    ops("rollback")
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    assert ops.pages() == loaded


def test_what_is_loaded_again_without_a_change_leaves_the_last_load_to_be_taken_back(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    for _ in range(5):
        ops.check(dict.fromkeys(NUMBERS, 0), 10)
    assert len(ops.archive.undo.all()) == 1
    ops("rollback")
    assert ops.pages() == {}


def test_what_was_taken_back_and_said_again_does_not_go_with_another_load_of_the_same(ops: Ops) -> None:
    header, row = "number,controller,objected_at,via\n", f"{NUMBERS[0]},acme,2026-10-05T09:00:00+02:00,call\n"
    ops.check(dict.fromkeys(NUMBERS[:9], 0), 10)
    ops.load("objections", header + row, name="one.csv")
    ops("rollback")
    ops.load("objections", header + row + "\n", name="other.csv")
    assert "nothing to change" in ops.load("objections", header + row, name="one.csv")
    said = ops.pages()
    ops("rollback", code=FEED_REFUSED)
    assert "is not kept any more" in ops.err and ops.pages() == said
    empty(ops.url)
    ops("rebuild")
    assert ops.pages() == said


def test_what_no_archive_knows_is_not_taken_back(ops: Ops) -> None:
    ops("rollback", code=FEED_REFUSED)
    assert "nothing was loaded yet" in ops.err
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    before = ops.pages()
    for path in (ops.settings.archive_path / "undo").iterdir():
        path.unlink()
    ops("rollback", code=FEED_REFUSED)
    assert "is not kept any more" in ops.err and ops.pages() == before
    ops("rollback", "--controller", "acne", code=USAGE)


@pytest.mark.parametrize("next_one", ("load", "purge"))
def test_a_load_of_no_rows_that_was_killed_stands_in_no_way(
        ops: Ops, monkeypatch: pytest.MonkeyPatch, next_one: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agi_gate.archive.receipts.Receipts.accept", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            ops.load("contacts", "number,controller,source,directory\n")
    assert len(ops.archive.receipts.pending()) == 1
    if next_one == "load":
        ops.check(dict.fromkeys(NUMBERS, 0), 10)
    else:
        ops("purge", "--yes")
    assert ops.archive.receipts.pending() == []


def test_a_load_that_was_killed_before_its_receipt_was_accepted_is_known_to_the_next(
        ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agi_gate.archive.receipts.Receipts.accept", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            ops.check(dict.fromkeys(NUMBERS, 0), 10)
    loaded = ops.pages()
    assert len(ops.archive.receipts.pending()) == 1 and ops.archive.receipts.all() == []
    ops.check(dict.fromkeys(NUMBERS, 0), 10)
    assert ops.archive.receipts.pending() == [] and len(ops.archive.receipts.all()) == 1
    ops("rollback")
    assert ops.pages() == {} != loaded


def test_a_load_that_was_killed_before_its_commit_leaves_no_receipt(ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agi_gate.store.loader.Load.commit", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            ops.check(dict.fromkeys(NUMBERS, 1), 10)
    assert ops.pages() == {}
    ops.check(dict.fromkeys(NUMBERS, 0), 12)
    assert ops.archive.receipts.pending() == []
    assert [receipt["file"] for receipt in ops.archive.receipts.all()] == ["esito12.txt"]


# --- a file that turns too many numbers

def test_a_file_that_flips_too_many_known_numbers_is_refused(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS[:1_000], 0), 10)
    before = ops.pages()
    flipped = {number: int(nth < 201) for nth, number in enumerate(NUMBERS[:1_000])}
    ops.check(flipped, 12, code=FEED_REFUSED)
    assert "flips 201 of the 1,000 numbers known before (20.1 %)" in ops.err and "--max-change 21" in ops.err
    assert ops.pages() == before
    ops.check(flipped | {NUMBERS[0]: 0}, 12)  # 200 of 1,000 is just what is allowed
    ops.check(dict.fromkeys(NUMBERS[:1_000], 1), 13, "--max-change", "100")


def test_a_small_file_may_flip_all_it_knows(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS[:999], 0), 10)
    ops.check(dict.fromkeys(NUMBERS[:999], 1), 12)


def test_numbers_that_are_new_or_only_history_are_no_flips(ops: Ops) -> None:
    ops.check(dict.fromkeys(NUMBERS[:10], 0), 10)
    ops.check(dict.fromkeys(NUMBERS, 0) | dict.fromkeys(NUMBERS[100:], 1), 12)
    ops.check(dict.fromkeys(NUMBERS, 1), 2)


def record_of_a_used_callback_masked(keys_of: Keys, number: str = NUMBERS[0]) -> bytes:
    lasting = json.dumps({
        "v": 2, "chain": "0", "seq": 1, "prev": "0" * 64, "id": "x", "at": "2026-10-14T09:00:00.000000Z",
        "reason": "CALLBACK_REQUESTED", "call": {"controller": "acme"},
        "rests_on": {"callback": {"requested_at": "2026-10-13T07:00:00.000000Z"}},
        "pseudonyms": {"destination": keys_of.pseudonym(f"+39{number}")}, "personal_sha256": "0" * 64},
        separators=(",", ":"))[:-1]
    return lasting.encode() + MASKED + b"\n"


def masked_log(ops: Ops, record: bytes) -> None:
    segment.write([record], ops.settings.log_path.with_name("decisions-2026-10-15T000000Z.jsonl.zst"))


def with_a_key(ops: Ops) -> Keys:
    ops.gate_toml.write_text(ops.gate_toml.read_text().replace("[log]", '[log]\nkey = "pseudonyms.key"'))
    """The first of two keys."""
    first = add_key(ops.folder / "pseudonyms.key", datetime.fromisoformat(AT))
    add_key(ops.folder / "pseudonyms.key", datetime.fromisoformat(AT))
    return first


@pytest.mark.parametrize(("number", "callable_again"), ((NUMBERS[0], False), (NUMBERS[1], True)))
def test_a_callback_in_a_masked_record_is_matched_with_the_key(ops: Ops, number: str, callable_again: bool) -> None:
    callback(ops)
    masked_log(ops, record_of_a_used_callback_masked(with_a_key(ops), number))
    empty(ops.url)
    ops("rebuild")
    assert is_callable(ops) is callable_again


@pytest.mark.parametrize("key_file", ("none", "another", "open to others", "damaged"))
def test_without_the_key_of_a_masked_record_callbacks_are_not_made_again_unasked(ops: Ops, key_file: str) -> None:
    callback(ops)
    masked_log(ops, record_of_a_used_callback_masked(with_a_key(ops)))
    path = ops.folder / "pseudonyms.key"
    if key_file == "none":
        path.unlink()
    elif key_file == "another":
        path.write_text(path.read_text().splitlines()[1] + "\n")
    elif key_file == "open to others":
        path.chmod(0o644)
    else:
        path.write_text("k1\n")
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    assert "--without-callbacks" in ops.err and ops.pages() == {}
    ops("rebuild", "--without-callbacks")


def test_a_sealed_log_that_is_missing_cannot_say_which_callbacks_were_used(ops: Ops) -> None:
    callback(ops)
    write_days(ops.settings.log_path)
    sealed(ops.settings.log_path, 1).compressed.unlink()
    empty(ops.url)
    ops("rebuild", code=FEED_REFUSED)
    assert "is missing" in ops.err and ops.pages() == {}


def test_heads_and_seals_beside_a_log_are_no_logs(ops: Ops) -> None:
    callback(ops)
    write_days(ops.settings.log_path)
    empty(ops.url)
    ops("rebuild")
    assert is_callable(ops)
