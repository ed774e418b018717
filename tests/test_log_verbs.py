"""`agi-gate log verify`, `log keep` and `log key`, as ops run them."""

from __future__ import annotations

import gzip
import json
import logging
import os
import shutil
import socket
import stat
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from agi_gate import config, upkeep
from agi_gate.clock import Time
from agi_gate.decision_log import files, keeping, rotation, time_seen
from agi_gate.decision_log.keeping import Plan
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.decision_log.search import Wanted, search
from agi_gate.decision_log.time_seen import trust
from agi_gate.ops.exit_codes import DONE, FEED_REFUSED as REFUSED, NOT_PROVEN, UNREACHABLE, USAGE
from agi_gate.ops import log_keep
from agi_gate.ops.log_blocks import blocks
from agi_gate.ops.log_keep import is_due, plan_of
from agi_gate.ops.main import main
from tests.decision_log.writing import (A_DAY, BEGIN, DAYS, NUMBER, Writer, change, midnight, sealed, silent,
                                        write_days)
from tests.support.gate_toml import write_gate_toml

LOG_TABLE = 'path = "decisions.jsonl"'


class Ops:
    def __init__(self, configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.configuration, self._capsys = configuration, capsys
        self.settings = config.load(configuration)
        self.log = self.settings.log.path
        self.err = ""

    def __call__(self, *arguments: str, code: int = DONE) -> str:
        self._capsys.readouterr()
        ran = main(["--config", str(self.configuration), "log", *arguments])
        said = self._capsys.readouterr()
        self.err = said.err
        assert ran == code, said.out + said.err
        return said.out


@pytest.fixture
def ops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ops:
    made = Ops(write_gate_toml(tmp_path, (LOG_TABLE, f'{LOG_TABLE}\nkey = "pseudonyms.key"')), capsys)
    write_days(made.log)
    return made


def broken(ops: Ops) -> None:
    change(ops.log, lambda lines: [lines[0].replace(b"DENY", b"ALLOW"), *lines[1:]])


def test_a_log_as_it_was_written_is_exit_0_and_names_the_digest_to_keep(ops: Ops) -> None:
    out = ops("verify").splitlines()
    assert out[0] == f"all is as it was written: {DAYS * A_DAY} records of 2 chain(s) in {DAYS} file(s), {DAYS - 1} seal(s)"
    digest = out[1].removeprefix("newest seal: ")
    assert ops("verify", "--expect", digest).splitlines() == out
    assert "was expected" in ops("verify", "--expect", "ab" * 32, code=NOT_PROVEN)


def test_one_that_is_not_is_exit_7_and_says_where(ops: Ops) -> None:
    broken(ops)
    out = ops("verify", code=NOT_PROVEN).splitlines()
    assert out[0].startswith("decisions.jsonl line 1: record ") and "was changed" in out[0]
    assert out[1].startswith("THE LOG DOES NOT VERIFY: 1 finding(s) (1 changed)")


def test_machines_get_json(ops: Ops) -> None:
    said = json.loads(ops("verify", "--json"))
    assert said["verifies"] and said["records"] == DAYS * A_DAY and set(said["chains"]) == {"0", "1"}
    broken(ops)
    said = json.loads(ops("verify", "--json", code=NOT_PROVEN))
    assert (said["findings"], said["problems"][0]["kind"], said["problems"][0]["line"]) == (1, "changed", 1)


def test_files_may_be_named(ops: Ops) -> None:
    one = sealed(ops.log, 1).compressed
    assert f"{A_DAY} records of 2 chain(s) in 1 file(s), 1 seal(s)" in ops("verify", str(one))
    broken(ops)
    ops("verify", str(one))
    ops("verify", str(ops.log), code=NOT_PROVEN)
    ops("verify", str(ops.log.with_name("absent")), code=UNREACHABLE)
    assert "absent cannot be read" in ops.err


def test_a_file_without_its_seal_is_proven_but_for_its_ends(ops: Ops, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / sealed(ops.log, 1).compressed.name
    alone.parent.mkdir()
    shutil.copy(sealed(ops.log, 1).compressed, alone)
    for path in (alone, ops.log.rename(ops.log.with_name("other"))):
        assert f"note: {path.name}: no seal is beside it: it is not proven that nothing is missing" in ops("verify", str(path))
    assert "note" not in ops("verify", str(sealed(ops.log, 1).compressed))


def test_what_stands_beside_files_that_are_named_is_taken_for_none(ops: Ops) -> None:
    one = sealed(ops.log, 1)
    named = [str(path) for path in sorted(ops.log.parent.glob(f"{one.name}*"))]
    assert len(named) == 3
    said = ops("verify", *named)
    assert f"all is as it was written: {A_DAY} records of 2 chain(s) in 1 file(s), 1 seal(s)" in said
    assert f"{one.seal.name}: holds no records" in said and f"{one.index.name}: holds no records" in said
    assert list(blocks(list(map(Path, named[::2])), True, None, None, [])) == []
    assert list(search(list(map(Path, named[::2])), Wanted(), None, pytest.fail)) == []


def test_a_file_that_another_program_compressed_is_verified(ops: Ops) -> None:
    path = ops.log.with_name("old.jsonl.gz")
    path.write_bytes(gzip.compress(ops.log.read_bytes()))
    assert f"all is as it was written: {A_DAY} records" in ops("verify", str(path))
    path.write_bytes(gzip.compress(ops.log.read_bytes().replace(b"DENY", b"ALLOW", 1)))
    ops("verify", str(path), code=NOT_PROVEN)
    for data in (path.read_bytes()[:-50], b"hello"):
        path.write_bytes(data)
        ops("verify", str(path), code=UNREACHABLE)
        assert "it is no gzip file, or damaged, or cut short" in ops.err


def test_many_findings_do_not_fill_the_terminal(ops: Ops) -> None:
    change(ops.log, lambda lines: [*lines, *[b"hello\n"] * 3_000])
    out = ops("verify", code=NOT_PROVEN).splitlines()
    assert len(out) < 60 and "3,000 finding(s)" in out[-2] and "and 2,950 more" in out[-3]


def test_what_a_forger_named_a_chain_is_no_command_to_the_terminal(ops: Ops) -> None:
    line = ops.log.read_bytes().splitlines()[0].replace(b'"chain":"', "\"chain\":\"\x9b2J".encode())
    change(ops.log, lambda lines: [*lines, line + b"\n"])
    assert "\x9b" not in ops("verify", code=NOT_PROVEN)


def test_a_log_that_is_not_there_is_exit_4(ops: Ops) -> None:
    for path in ops.log.parent.glob("*decisions*"):
        if path.is_file():
            path.unlink()
    ops("verify", code=UNREACHABLE)
    assert "cannot be read" in ops.err


@pytest.mark.parametrize("digest", ("x", "ab" * 31, ""))
def test_what_is_no_digest_is_exit_2(ops: Ops, digest: str) -> None:
    with pytest.raises(SystemExit) as exited:
        ops("verify", "--expect", digest)
    assert exited.value.code == USAGE


def test_no_number_is_told(ops: Ops) -> None:
    change(ops.log, lambda lines: [lines[0].replace(b'"dialled":"+39', b'"dialled":"+38'), lines[1][:-30] + b"\n", b"+393331200001\n",
                                   *lines[3:]])
    assert "+39" not in ops("verify", code=NOT_PROVEN) + ops.err + ops("verify", "--json", code=NOT_PROVEN)


def test_keep_does_what_is_due(ops: Ops) -> None:
    """The last day of the log is long over by the clock of whoever runs this."""
    out = ops("keep", "--now", "--clock-is-right")
    assert out.startswith("rotated decisions.jsonl to decisions-") and "sealed" in out and "compressed" in out
    assert not ops.log.exists() and len(files.of(ops.log)) == DAYS
    assert ops("keep") == ""
    ops("verify")


def test_keep_tells_of_what_does_not_verify_and_masks_the_rest(ops: Ops, capsys: pytest.CaptureFixture[str],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keep, "datetime", Mock(now=lambda zone: midnight(DAYS)))
    change(sealed(ops.log, 0).compressed, lambda lines: lines[1:])
    other = write_gate_toml(ops.log.parent, (LOG_TABLE, f'{LOG_TABLE}\nkey = "k"\npseudonymise_after_days = 1'),
                            name="other.toml")
    assert main(["--config", str(other), "log", "keep", "--quiet"]) == NOT_PROVEN
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("see `agi-gate log verify`") == 1 and "have no pseudonym" in said.err


def test_keep_says_on_stderr_what_it_took_and_under_another_clock_takes_nothing(
        ops: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.configuration.write_text(ops.configuration.read_text() + "\n[retention]\ndecisions_days = 16\ncallbacks_days = 16\n")
    before = [one.file for one in files.segments(ops.log)]
    for later in (timedelta(days=400), timedelta(days=-400)):
        monkeypatch.setattr(log_keep, "datetime", Mock(now=lambda zone: midnight(DAYS - 1) + later))
        assert ops("keep", "--quiet", code=REFUSED) == ""
        assert "the clock says" in ops.err and "--clock-is-right" in ops.err
        assert [one.file for one in files.segments(ops.log)] == before and ops.log.exists()
    monkeypatch.setattr(log_keep, "datetime", Mock(now=lambda zone: midnight(DAYS + 18)))
    ops("keep", "--quiet", "--clock-is-right")
    assert ops.err.count("agi-gate log keep: removed decisions-") == DAYS
    assert f"past retention: {A_DAY} records from 2026-11-20T09:00:00" in ops.err


def test_so_does_the_daemon_in_its_log(ops: Ops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ops.configuration.write_text(ops.configuration.read_text() + "\n[retention]\ndecisions_days = 16\ncallbacks_days = 16\n")
    said, now = tmp_path / "said", [midnight(DAYS - 1)]
    told = logging.Logger("told")  # its words come from the upkeep's own process, too
    told.addHandler(handler := logging.FileHandler(said))
    monkeypatch.setattr(upkeep, "logger", told)
    monkeypatch.setattr(upkeep, "_EVERY_S", 0)
    monkeypatch.setattr(upkeep, "datetime", Mock(now=lambda zone: now[0]))
    settings, before = config.load(ops.configuration), [one.file for one in files.segments(ops.log)]

    def look(at: datetime) -> list[str]:
        now[0] = at
        said.write_text("")
        kept.look(settings)
        if kept._child is not None:
            kept.ended({os.waitpid(kept._child, 0)[0]})
        return said.read_text().splitlines()

    with socket.socket() as listener:
        kept = upkeep.Upkeep(listener)
        assert look(midnight(DAYS - 1)) == []
        (words,) = look(midnight(DAYS - 1) + timedelta(days=4_000))
        assert words.startswith("the clock says 2037-11-") and "keep masks, removes and rotates by day nothing" in words
        assert look(midnight(DAYS - 1) + timedelta(days=4_000)) == [], "it is told once"
        assert look(midnight(DAYS - 1)) == ["the clock agrees again with the time last seen: the log's upkeep goes on"]
        assert [one.file for one in files.segments(ops.log)] == before and ops.log.exists()
        time_seen.trust(ops.log, midnight(DAYS + 18))
        assert len([words for words in look(midnight(DAYS + 18)) if words.startswith("the log's upkeep removed decisions-")]) == DAYS
    handler.close()


def test_a_log_that_is_a_link_is_the_file_it_leads_to(ops: Ops, capsys: pytest.CaptureFixture[str]) -> None:
    real = ops.log.parent / "real" / "d.jsonl"
    write_days(real_log(real), days=1)
    link = ops.log.with_name("link.jsonl")
    link.symlink_to("real/d.jsonl")
    configuration = write_gate_toml(ops.log.parent, (LOG_TABLE, 'path = "link.jsonl"'), name="linked.toml")
    assert config.load(configuration).log.path == real
    assert main(["--config", str(configuration), "log", "keep"]) == DONE
    assert link.is_symlink() and not real.exists() and [one.compressed.exists() for one in files.segments(real)] == [True]
    assert main(["--config", str(configuration), "log", "verify"]) == DONE
    write_days(real, days=1)
    with pytest.raises(OSError, match="symbolic links"):
        rotation.rotate(link, BEGIN)


def real_log(path: Path) -> Path:
    path.parent.mkdir()
    return path


def test_what_is_due_is_asked_of_settings(ops: Ops) -> None:
    assert not is_due(ops.settings, Time(BEGIN))
    assert is_due(ops.settings, Time(midnight(DAYS)))
    assert plan_of(ops.settings) == type(plan_of(ops.settings))()


def test_keys_are_made_and_rotated(ops: Ops) -> None:
    path = ops.settings.log.key
    assert path is not None
    assert "key k1-" in ops("key") and "key k2-" in ops("key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = ops("key", "--list").splitlines()
    assert len(listed) == 2 and listed[1].endswith("(makes pseudonyms)")
    path.chmod(0o644)
    ops("key", code=USAGE)
    assert "chmod 600" in ops.err


def test_a_key_that_is_lost_is_not_made_again_as_if_nothing_were(ops: Ops, tmp_path: Path) -> None:
    path = ops.settings.log.key
    assert path is not None
    ops("key")
    Writer(ops.log, "2", Keys.load(path)).append(BEGIN)
    path.unlink()
    ops("key", code=USAGE)
    assert "knows pseudonyms by `k1-" in ops.err and "backup" in ops.err and not path.exists()
    assert "key k2-" in ops("key", "--lost")


def test_a_search_says_that_another_key_has_masked(ops: Ops, capsys: pytest.CaptureFixture[str]) -> None:
    path = ops.settings.log.key
    assert path is not None
    ops("key")
    Writer(ops.log, "2", Keys.load(path)).append(BEGIN + timedelta(days=DAYS - 1, hours=1))
    trust(ops.log, midnight(DAYS + 3))
    keeping.keep(ops.log, Plan(pseudonymise_after_days=1), midnight(DAYS + 3), silent, silent)
    ops("--number", NUMBER)
    assert "masked with key" not in ops.err
    path.unlink()
    ops("key", "--lost")
    ops("--number", NUMBER, code=UNREACHABLE)
    assert "masked with key `k1-" in ops.err and "not at hand" in ops.err


def test_a_key_needs_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(write_gate_toml(tmp_path)), "log", "key"]) == USAGE
    assert 'key = "pseudonyms.key"' in capsys.readouterr().err


def test_a_key_file_in_a_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_gate_toml(tmp_path, (LOG_TABLE, f'{LOG_TABLE}\nkey = "absent/pseudonyms.key"'))
    assert main(["--config", str(path), "log", "key"]) == USAGE
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(("old", "new", "words"), (
    (LOG_TABLE, f"{LOG_TABLE}\npseudonymise_after_days = 5", "log.pseudonymise_after_days: without a key"),
    ("[policy]", "[retention]\ndecisions_days = 100\n[policy]",
     "retention.decisions_days: 100 is less than callbacks_days, 1827"),
    (LOG_TABLE, f"{LOG_TABLE}\nrotate_mb = 0", "log.rotate_mb"),
    (LOG_TABLE, f'{LOG_TABLE}\ndurability = "none"', "log.durability")))
def test_what_would_lose_evidence_is_a_mistake(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(config.ConfigError) as refused:
        config.load(write_gate_toml(tmp_path, (old, new)))
    assert len(refused.value.mistakes) == 1 and refused.value.mistakes[0].startswith(words)


def test_each_verb_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["log", "--help"], ["log", "verify", "--help"], ["log", "keep", "--help"], ["log", "key", "--help"]):
        with pytest.raises(SystemExit) as exited:
            main(arguments)
        assert exited.value.code == DONE
    assert "agi-gate log verify" in capsys.readouterr().out
