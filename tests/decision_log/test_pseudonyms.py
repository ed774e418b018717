"""Keys of pseudonyms: made, rotated, kept from others; and what each mistake in the file says."""

from __future__ import annotations

import hmac
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agi_gate.decision_log import key_ids
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import KeyFileError, Keys, add_key
from tests.decision_log.writing import Writer, silent

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NUMBER = "+393331234500"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pseudonyms.key"


def test_the_newest_makes_and_all_find(path: Path) -> None:
    first = add_key(path, NOW)
    second = add_key(path, NOW)
    assert [key.id.partition("-")[0] for key in second.keys] == ["k1", "k2"] and Keys.load(path) == second
    assert second.pseudonym(NUMBER) != first.pseudonym(NUMBER)
    assert second.all_pseudonyms(NUMBER) == [second.pseudonym(NUMBER), first.pseudonym(NUMBER)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_pseudonym_is_what_the_document_says(path: Path) -> None:
    path.write_text(f"# ours\nk7 {'ab' * 32} 2026-11-24T09:30:00Z\n\n")
    path.chmod(0o600)
    expected = hmac.new(bytes.fromhex("ab" * 32), NUMBER.encode(), "sha256").hexdigest()[:32]
    assert Keys.load(path).pseudonym(NUMBER) == f"k7:{expected}"
    assert add_key(path, NOW).newest.id.startswith("k8-")
    assert [key.id for key in Keys.load(path).keys][0] == "k7", "as earlier builds wrote it"


def test_numbers_that_are_alike_have_nothing_alike(path: Path) -> None:
    keys = add_key(path, NOW)
    assert len({keys.pseudonym(f"+39333123{number:04d}") for number in range(10_000)}) == 10_000


def test_no_secret_stands_in_a_message(path: Path) -> None:
    keys = add_key(path, NOW)
    assert keys.newest.secret.hex() not in repr(keys) and repr(keys.newest.secret) not in repr(keys)


@pytest.mark.parametrize("mode", (0o640, 0o604, 0o660, 0o620))
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    add_key(path, NOW)
    path.chmod(mode)
    for act in (lambda: Keys.load(path), lambda: add_key(path, NOW)):
        with pytest.raises(KeyFileError, match="chmod 600"):
            act()


@pytest.mark.parametrize(("text", "words"), (
    ("", "holds no key"), ("# none\n", "holds no key"), ("k1 abcd\n", "line 1 is no key"),
    (f"k1 {'a' * 64}\nk1 {'b' * 64}\n", "line 2: there is a key k1 already"), ("\0\xff", "line 1 is no key")))
def test_a_file_that_is_damaged_is_refused_and_never_overwritten(path: Path, text: str, words: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    for act in (lambda: Keys.load(path), lambda: add_key(path, NOW)):
        with pytest.raises(KeyFileError, match=words):
            act()
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_names_the_way_out(path: Path) -> None:
    with pytest.raises(KeyFileError, match="agi-gate log key"):
        Keys.load(path)


def test_an_id_is_of_one_key_alone(path: Path, tmp_path: Path) -> None:
    first, other = add_key(path, NOW), add_key(tmp_path / "other", NOW)
    assert first.newest.id != other.newest.id
    assert first.pseudonym(NUMBER).startswith(f"{first.newest.id}:")
    path.write_text(path.read_text().replace(first.newest.secret.hex(), "00" * 32))
    with pytest.raises(KeyFileError, match="line 1 is not the key .*backup"):
        Keys.load(path)


def test_where_there_is_no_file_its_backup_comes_first(path: Path) -> None:
    with pytest.raises(KeyFileError, match="bring it back from its backup.*where there never was one, `agi-gate log key`"):
        Keys.load(path)


def test_a_new_file_numbers_on(path: Path) -> None:
    assert add_key(path, NOW, {"k3-01234567", "k12"}).newest.id.startswith("k13-")


@pytest.mark.parametrize("is_sealed", (True, False))
def test_the_log_knows_by_which_keys_its_pseudonyms_are(path: Path, is_sealed: bool) -> None:
    log = path.with_name("decisions.jsonl")
    assert key_ids.known_to(log) == set()
    ids = set()
    for _ in range(2):
        keys = add_key(path, NOW)
        ids.add(keys.newest.id)
        Writer(log, "0", keys).append(NOW)
    if is_sealed:
        keep(log, Plan(), NOW, silent, silent, rotate_now=True)
    Writer(log, "0").append(NOW)
    assert key_ids.known_to(log) == ids
