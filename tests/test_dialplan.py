"""The dialplan's files against the linter, against the names that the gate sets, and against what docs/dialplan.md says of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agi_gate import actions
from agi_gate.dialled import EMERGENCY_NUMBERS
from agi_gate.verdict import Finding, Outcome, Reason, Verdict
from lab.waiting import PATIENCE_S

PROJECT = Path(__file__).resolve().parent.parent
DIALPLAN = PROJECT / "dialplan"
SUBROUTINE = DIALPLAN / "agi-gate.conf"
SAMPLE = DIALPLAN / "extensions.sample.conf"
MANUAL = PROJECT / "docs" / "dialplan.md"
FILES = sorted(DIALPLAN.glob("*.conf"))

_GATE_WORD = re.compile(r"(?<![A-Z_])GATE_[A-Z]+(?:_[A-Z]+)*")


def asterisklint(command: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([Path(sys.executable).with_name("asterisklint"), command, path], capture_output=True, text=True, timeout=PATIENCE_S)


def lines_of(path: Path) -> list[str]:
    """The lines that Asterisk reads, without comments."""
    return [line for line in path.read_text().splitlines() if line.strip() and not line.startswith(";")]


def test_the_linter_finds_nothing() -> None:
    """The sample includes the subroutine, so both are read."""
    assert {path.name for path in FILES} == {SUBROUTINE.name, SAMPLE.name}
    done = asterisklint("dialplan-check", SAMPLE)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("mistake", [" same => n,Gosb(agi-gate,s,1())", " same => n,Goto(nowhere)", " same => n,Set(X=${Y)"])
def test_the_linter_would_find_a_mistake_in_the_subroutine(tmp_path: Path, mistake: str) -> None:
    (tmp_path / SAMPLE.name).write_text(SAMPLE.read_text())
    subroutine = SUBROUTINE.read_text()
    (tmp_path / SUBROUTINE.name).write_text(subroutine.replace(" same => n,Goto(", f"{mistake}\n same => n,Goto(", 1))
    assert asterisklint("dialplan-check", tmp_path / SAMPLE.name).returncode == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_name_of_the_gates_is_one_that_it_sets(path: Path) -> None:
    words = set(_GATE_WORD.findall(path.read_text()))
    assert words - set(Reason.__members__) <= set(actions.VARIABLES)


def test_every_variable_is_cleared_before_the_gate_is_asked() -> None:
    lines = lines_of(SUBROUTINE)
    asked = next(number for number, line in enumerate(lines) if "AGI(" in line)
    (cleared,) = re.findall(r",Set\(ARRAY\(([^()]*)\)=\)", "\n".join(lines[:asked]))
    assert sorted(cleared.split(",")) == sorted((*actions.VARIABLES, "AGISTATUS"))


def test_the_gate_allows_with_its_last_word() -> None:
    """Because what was set before a crash stays set, nothing may come after the word that the dialplan waits for."""
    verdict = Verdict((Finding(Reason.GATE_ERROR),))
    assert actions.variables(verdict, "id", "", "")[-1][0] == actions.VERDICT
    text = SUBROUTINE.read_text()
    for outcome in Outcome:
        assert re.search(rf'REGEX\("\^SUCCESS,{outcome.value}[^"]*\$" \$\{{AGISTATUS\}},\$\{{{actions.VERDICT}\}}', text)


def test_every_refusal_has_the_gates_own_cause() -> None:
    causes = [cause for path in FILES for line in lines_of(path) for cause in re.findall(r"Hangup\((\d+)\)", line)]
    assert causes and set(causes) == {str(actions.CALL_REJECTED)}


def test_a_reason_that_the_dialplan_gives_is_one_of_the_gates() -> None:
    """It knows two: one that denies, and one for the numbers that nobody is kept from."""
    given = [dict(zip(names.split(","), values.split(",")))
             for names, values in re.findall(r"Set\(ARRAY\((GATE_VERDICT[^()]*)\)=([^$)]+)", SUBROUTINE.read_text())]
    assert [{name: value for name, value in one.items() if value} for one in given] == [
        {"GATE_VERDICT": reason.outcome.value, "GATE_REASON": reason.name, "GATE_REASONS": reason.name}
        for reason in (Reason.GATE_ERROR, Reason.EMERGENCY)]


def test_without_a_verdict_the_dialplan_lets_emergency_numbers_go_and_no_others() -> None:
    (pattern,) = re.findall(r'REGEX\("\^\((11[^"]*)\)#\?\$" \$\{ARG1\}\)\}\?emergency', SUBROUTINE.read_text())
    assert {str(code) for code in range(200_000) if re.fullmatch(pattern, str(code))} == EMERGENCY_NUMBERS


def test_the_sample_knows_every_emergency_number() -> None:
    plain = re.findall(r"^exten => (_?)([^,]+),1,Goto\(emergency,", SAMPLE.read_text(), re.MULTILINE)
    patterns = [text.replace(".", "") for _, text in plain if "#" not in text]
    assert {str(code) for code in range(200_000) if any(re.fullmatch(one, str(code)) for one in patterns)} == EMERGENCY_NUMBERS
    assert {text.removesuffix("[#\\;]!") for _, text in plain if "#" in text} == set(patterns)


def test_the_sample_dials_only_what_was_decided() -> None:
    """Of the emergency numbers it dials what was dialled, and of nothing else."""
    context = ""
    dials = []
    for line in lines_of(SAMPLE):
        if found := re.match(r"\[([\w-]+)\]", line):
            context = found[1]
        if found := re.search(r",Dial\(PJSIP/([^@]*)@", line):
            dials.append((context, found[1]))
    assert dials == [("agents", "${GATE_DESTINATION}"), ("emergency", "${EXTEN}"), ("agents-luce", "${GATE_DESTINATION}")]


def test_the_manual_names_every_variable_setting_and_module() -> None:
    manual = MANUAL.read_text()
    settings = set(re.findall(r"AGI_GATE_\w+", SUBROUTINE.read_text()))
    # the sample's own Playback is the admin's choice
    modules = set(re.findall(r"load => (\w+)\.so", asterisklint("modules-show", SAMPLE).stdout)) - {"app_playback"}
    assert "res_agi" in modules
    for name in (*actions.VARIABLES, *settings, *modules):
        assert f"`{name}`" in manual, name
