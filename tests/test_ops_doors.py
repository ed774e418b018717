"""The command line's edges: examples, completion, progress, a stdout that takes nothing, Ctrl-C at once."""

from __future__ import annotations

import argparse
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agi_gate.ops import exit_codes
from agi_gate.ops.completion import with_verbs
from agi_gate.ops.main import parser
from lab.waiting import PATIENCE_S, eventually
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import write_gate_toml

DONE, CRASHED = 0, 1
LEAVES = [one for one in with_verbs(parser()) if one.get_default("run") is not None]


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path)


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line as a shell runs it, `agi-gate` being the one under test; buffered, as it is outside of the tests."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | environment
    return subprocess.run(["sh", "-c", f'agi_gate() {{ {shlex.quote(AGI_GATE)} "$@"; }}\n{line}'], env=env,
                          capture_output=True, text=True, timeout=PATIENCE_S)


# --- help

@pytest.mark.parametrize("verb", LEAVES, ids=lambda verb: verb.prog)
def test_the_help_of_each_verb_has_examples_that_are_understood(verb: argparse.ArgumentParser) -> None:
    examples = re.findall(r"^(?:example: |  )(agi-gate .*)$", verb.epilog or "", re.MULTILINE)
    assert examples and all(f"{example}\n" in verb.format_help() for example in examples)  # not wrapped
    for example in examples:
        assert example.startswith(verb.prog)
        parser().parse_args(shlex.split(example)[1:])  # an example that is not understood exits


# --- completion

def completed(*words: str, folder: Path) -> set[str]:
    """What bash offers for the last word."""
    offered = f"agi-gate {shlex.join(words[-1:])} {shlex.join(words[-2:-1])}"  # bash's arguments: command, word, before
    script = f"""
        source <({shlex.quote(AGI_GATE)} --print-completion bash)
        COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
        COMP_LINE={shlex.quote(' '.join(words))} COMP_POINT=${{#COMP_LINE}}
        "$(complete -p agi-gate | sed 's/.*-F \\([^ ]*\\).*/\\1/')" {offered}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ran = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    return {word.strip() for word in ran.stdout.splitlines()}


@pytest.mark.skipif(shutil.which("bash") is None, reason="COMPLETION WAS NOT TESTED: there is no bash")
def test_bash_completes_verbs_feeds_options_and_files(tmp_path: Path) -> None:
    (tmp_path / "esito.zip").touch()
    assert "load" in completed("agi-gate", "lo", folder=tmp_path)
    assert "check" not in completed("agi-gate", "lo", folder=tmp_path)
    assert completed("agi-gate", "load", "reg", folder=tmp_path) == {"registry"}
    assert "--checked-at" in completed("agi-gate", "load", "registry", "--ch", folder=tmp_path)
    assert completed("agi-gate", "load", "registry", "es", folder=tmp_path) == {"esito.zip"}


@pytest.mark.parametrize("name", ("bash", "zsh", "tcsh"))
def test_each_shell_has_a_script_and_needs_no_configuration(name: str) -> None:
    ran = shell(f"agi_gate --print-completion {name}", AGI_GATE_CONFIG="/absent")
    assert (ran.returncode, ran.stderr) == (DONE, "") and "registry" in ran.stdout


# --- progress

PROGRESS = """
import sys
from agi_gate.ops.progress import progress
with progress("reading [esito].txt", 1000, silent="--json" in sys.argv) as advance:
    for _ in range(10):
        advance(100, rows=7_000)
    print("told", file=sys.stderr)
    print("answer")
"""


def with_terminal(arguments: list[str | Path], source: str | None = None) -> tuple[int, str, bytes]:
    """Exit code, stdout through a pipe, and what a terminal on stderr got."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=its_end, text=True,
                          env={**os.environ, "TERM": "xterm", "COLUMNS": "100"}) as process:
        os.close(its_end)
        out, _ = process.communicate(source, timeout=PATIENCE_S)
    seen = b""
    try:
        while block := os.read(terminal, 65_536):
            seen += block
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return process.returncode, out, seen


def test_progress_is_shown_on_a_terminal_and_leaves_stdout_alone() -> None:
    code, out, seen = with_terminal([sys.executable, "-"], PROGRESS)
    assert (code, out) == (DONE, "answer\n")
    text = re.sub(rb"\x1b\[[0-9;]*m", b"", seen).decode()
    assert "reading [esito].txt" in text and "100%" in text and re.search(r"[\d,]+ rows/s", text) and "told" in text


def test_progress_is_silent_with_json_in_a_pipe_and_without_stderr() -> None:
    assert with_terminal([sys.executable, "-", "--json"], PROGRESS) == (DONE, "answer\n", b"told\r\n")
    ran = subprocess.run([sys.executable, "-"], input=PROGRESS, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ran.returncode, ran.stdout, ran.stderr) == (DONE, "answer\n", "told\n")
    ran = subprocess.run(["sh", "-c", f"{shlex.quote(sys.executable)} - 2>&-"], timeout=PATIENCE_S, capture_output=True,
                         text=True, input=PROGRESS.replace('    print("told", file=sys.stderr)\n', ""))
    assert (ran.returncode, ran.stdout) == (DONE, "answer\n")


# --- a stdout that takes nothing

def without_notices(stderr: str) -> list[str]:
    """What is said besides warnings, and besides that nothing was loaded which the store could be compared with."""
    return [line for line in stderr.splitlines() if not line.startswith("warning: ") and "is not known here" not in line]


@pytest.mark.parametrize("unbuffered", ("", "1"))
@pytest.mark.parametrize("verb", ("status", "status --json", "check 112 --campaign fibra", "log --json",
                                  "--print-completion zsh"))
def test_a_full_stdout_is_one_line_and_exit_1(gate_toml: Path, verb: str, unbuffered: str) -> None:
    log = gate_toml.parent / "decisions.jsonl"
    log.write_text('{"v": 1, "policy": {}, "facts": null, "at": "2026-10-14T09:00:00Z", "destination": "+390212345601", "call": {"campaign": "fibra", "controller": "acme"}, '
                   '"verdict": "ALLOW", "reason": "X", "reasons": ["X"], "elapsed_us": 1, "id": "1"}\n')
    ran = shell(f"agi_gate --config {gate_toml} {verb} >/dev/full", PYTHONUNBUFFERED=unbuffered)
    said = without_notices(ran.stderr)
    assert ran.returncode == CRASHED and len(said) == 1, ran.stderr
    assert said[0].startswith("agi-gate: the answer could not be written (No space left on device)")


def test_a_closed_stdout_is_said_before_anything_is_done(gate_toml: Path, tmp_path: Path) -> None:
    feed = tmp_path / "rests.csv"
    feed.write_text("number,controller,silent_at\n0212345601,acme,2026-10-14T09:00:00+02:00\n")
    ran = shell(f"agi_gate --config {gate_toml} load rests {feed} >&-")
    assert (ran.returncode, ran.stderr) == (
        CRASHED, "agi-gate: stdout is closed, and the answer goes there; nothing was done (use >/dev/null)\n")
    again = shell(f"agi_gate --config {gate_toml} load rests {feed}")
    assert again.returncode == DONE and "1 new" in again.stdout


def test_a_closed_stderr_lets_no_warning_into_the_answer(gate_toml: Path) -> None:
    ran = shell(f"agi_gate --config {gate_toml} status 2>&-")
    assert ran.returncode == DONE and "numbers checked" in ran.stdout and "warning" not in ran.stdout


@pytest.mark.parametrize("verb", ("status", "--help", "--print-completion bash", "preflight /etc/hosts --campaign fibra"))
def test_a_reader_that_leaves_is_no_mistake(gate_toml: Path, verb: str) -> None:
    ran = shell(f"{{ sleep 0.1; agi_gate --config {gate_toml} {verb}; echo $? >&2; }} | true")
    assert without_notices(ran.stderr) == ["0"]


@pytest.mark.parametrize("verb", ("load rests -", "preflight - --campaign fibra"))
def test_a_list_from_a_stdin_that_is_closed_is_refused(gate_toml: Path, verb: str) -> None:
    ran = shell(f"agi_gate --config {gate_toml} {verb} <&-")
    assert ran.returncode == exit_codes.FEED_REFUSED and "stdin is closed; name a file" in ran.stderr
    assert "Traceback" not in ran.stderr


# --- Ctrl-C

@pytest.mark.parametrize("after_ms", (0, 30, 60, 100, 200))
def test_ctrl_c_leaves_no_traceback(gate_toml: Path, after_ms: int) -> None:
    """At any moment from where it loads what others wrote; before that the interpreter starts, which tells as it likes."""
    with subprocess.Popen([AGI_GATE, "--config", gate_toml, "load", "rests", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: re.search(r"/site-packages/\S+\.so", Path(f"/proc/{process.pid}/maps").read_text()))
        time.sleep(after_ms / 1000)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (-signal.SIGINT, CRASHED) and "Traceback" not in said, said
