"""Every decision case, twice: by the core alone, and through `agi-gate load` and `agi-gate check` on a real store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agi_gate import record
from agi_gate.decide import decide
from agi_gate.ops.main import main
from tests.support.cases import Case, all_cases, call_of, facts_of, load_arguments, own_gate_toml, policy
from tests.support.clock import load_in

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_core_decides(case: Case) -> None:
    verdict = decide(call_of(case, policy()), facts_of(case, policy()))
    assert (verdict.outcome.value, verdict.reason.name) == (case.verdict, case.reason)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_loaded_and_checked(case: Case, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                            monkeypatch: pytest.MonkeyPatch) -> None:
    load_in(monkeypatch, 2029)  # some cases are of the years to come
    gate_toml = ["--config", str(own_gate_toml(tmp_path))]
    for arguments in load_arguments(case, policy(), tmp_path):
        assert main([*gate_toml, *arguments]) == 0, capsys.readouterr().err
    capsys.readouterr()
    arguments = ["check", case.destination, "--campaign", case.campaign, "--at", case.at.isoformat(), "--json"]
    for option in ("caller_id", "presentation", "trunk"):
        if value := getattr(case, option):
            arguments += [f"--{option.replace('_', '-')}", value]
    code = main([*gate_toml, *arguments])
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["reason"]) == (case.verdict, case.reason)
    assert code == (0 if case.verdict == "ALLOW" else 3)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_record_decides_the_call_again(case: Case) -> None:
    call, facts = call_of(case, policy()), facts_of(case, policy())
    verdict = decide(call, facts)
    line, _ = record.write(record.draft("id", call, salt="5a17"), facts, verdict, 1).linked("0", 1, "0" * 64, 0)
    again = decide(*record.read(line.decode()))
    assert (again.outcome, again.reasons, again.source) == (verdict.outcome, verdict.reasons, verdict.source)
