"""Whatever a gate does but answer, the call is refused: with cause 21, and nothing reaches the carrier.

What ended the call says whether the dialplan's limit did: then AGISTATUS is HANGUP.  How soon is measured in
`benchmarks/refusals.py`.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agi_gate.dialled import EMERGENCY_NUMBERS
from lab import phones
from tests.real.broken_gates import BROKEN, StubGate, Talk, allow, deny_and_return
from tests.real.world import CALLER_ID, CLEAR, PATIENT_SECONDS, PHONES_OWN_CALLER_ID, TWICE, Lab, Seen

LIMIT = 2  # seconds, the default, where a test waits for it


def seconds_for(agi_status: str) -> int:
    return LIMIT if agi_status == "HANGUP" else PATIENT_SECONDS


def assert_refused(seen: Seen, agi_status: str) -> None:
    assert (seen.outcome.code, seen.outcome.cause) == (403, 21)
    assert seen.arrived == []
    assert seen.variables["AGISTATUS"] == agi_status
    assert seen.variables["GATE_VERDICT"] == "DENY"
    assert seen.variables["GATE_REASON"] == seen.variables["GATE_REASONS"] == "GATE_ERROR"
    assert seen.variables["GATE_DESTINATION"] == ""
    assert "agi-gate refused a call" in seen.log


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_daemon_refuses(lab: Lab, fault: str) -> None:
    behave, agi_status = BROKEN[fault]
    with StubGate(behave) as gate:
        assert_refused(lab.call(CLEAR, door=gate.door, seconds=seconds_for(agi_status)), agi_status)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_daemon_keeps_nobody_from_help(lab: Lab, fault: str) -> None:
    behave, agi_status = BROKEN[fault]
    with StubGate(behave) as gate:
        seen = lab.call(PHONES_OWN_CALLER_ID + "112", door=gate.door, from_user=CALLER_ID, seconds=seconds_for(agi_status))
    assert [(invite.request_user, invite.from_user) for invite in seen.arrived] == [("112", CALLER_ID)]
    assert (seen.outcome.code, seen.variables["GATE_REASON"], seen.variables["GATE_CALLER_ID"]) == (200, "EMERGENCY", "")
    assert "agi-gate let an emergency call go on" in seen.log


def test_a_phone_that_says_what_cannot_be_asked_is_not_kept_from_help(lab: Lab) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(PHONES_OWN_CALLER_ID + "112", door=gate.door, from_user="x%7F")
    assert [invite.request_user for invite in seen.arrived] == ["112"] and gate.headers == []


@pytest.mark.parametrize("number", [*sorted(EMERGENCY_NUMBERS), "112%23"])
def test_an_absent_daemon_keeps_nobody_from_help(lab: Lab, number: str) -> None:
    seen = lab.call(PHONES_OWN_CALLER_ID + number, door="agi://127.0.0.1:1/gate")
    assert [invite.request_user for invite in seen.arrived] == [number.removesuffix("%23")]
    assert seen.variables["GATE_VERDICT"] == "ALLOW"


@pytest.mark.parametrize("number", ["111", "116", "1120", "119", "0112", "112112", "112&113", "39112"])
def test_an_absent_daemon_lets_no_other_number_go(lab: Lab, number: str) -> None:
    assert lab.call(PHONES_OWN_CALLER_ID + number, door="agi://127.0.0.1:1/gate").refused


def test_a_daemon_that_stalls_before_it_reads_refuses(lab: Lab) -> None:
    with StubGate(Talk.stall, reads_header=False) as gate:
        assert_refused(lab.call(CLEAR, door=gate.door, seconds=LIMIT), "HANGUP")


def test_a_daemon_that_resets_before_it_reads_refuses(lab: Lab) -> None:
    with StubGate(Talk.reset, reads_header=False) as gate:
        seen = lab.call(CLEAR, door=gate.door)
    # the reset may come while Asterisk still connects
    assert_refused(seen, "FAILURE" if seen.variables["AGISTATUS"] == "FAILURE" else "SUCCESS")


def test_a_channel_that_is_redirected_while_a_gate_stalls_lives_on_as_the_manual_says(lab: Lab) -> None:
    with StubGate(Talk.stall) as gate, ThreadPoolExecutor(1) as phone:
        lab.asterisk.cli(f"dialplan set global AGI_GATE_DOOR {gate.door}")
        lab.asterisk.cli(f"dialplan set global AGI_GATE_SECONDS {PATIENT_SECONDS}")
        call = phone.submit(phones.call, lab.tools, lab.asterisk.sip_port, CLEAR)
        while not (asking := re.findall(r"^([^!\n]+)!.*!AGI!", lab.asterisk.cli("core show channels concise"), re.MULTILINE)):
            assert not call.done()
        lab.asterisk.cli(f"channel redirect {asking[0]} lab-elsewhere,s,1")
        outcome = call.result()
    assert (outcome.code, outcome.cause) == (200, 16)


def test_half_a_line_and_silence_hold_the_call_until_the_peer_closes(lab: Lab) -> None:
    """A limit of Asterisk 22: it waits for the line's end where no timeout reaches.  Should this fail, it has been mended."""

    def half(talk: Talk) -> None:
        talk.say('SET VARIABLE GATE_VERDICT "ALL')
        talk.over.wait(2.5)

    with StubGate(half) as gate:
        seen = lab.call(CLEAR, door=gate.door, seconds=1)
    assert seen.refused and seen.outcome.elapsed_s > 2.4


def test_an_absent_daemon_refuses(lab: Lab) -> None:
    assert_refused(lab.call(CLEAR, door="agi://127.0.0.1:1/gate"), "FAILURE")


def test_a_daemon_that_cannot_be_reached_refuses(lab: Lab) -> None:
    """A full queue: the kernel drops the connection's first packet, as a host that is gone would."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):
            seen = lab.call(CLEAR, door=f"agi://{address[0]}:{address[1]}/gate", seconds=LIMIT)
    assert seen.refused and seen.outcome.elapsed_s > 1.9


def test_a_word_for_the_limit_is_no_limit_but_two_seconds_hold(lab: Lab) -> None:
    with StubGate(Talk.stall) as gate:
        assert_refused(lab.call(CLEAR, door=gate.door, seconds="never"), "HANGUP")


def test_the_limit_can_be_set_and_an_answer_within_it_counts(lab: Lab) -> None:
    def slowly(talk: Talk) -> None:
        talk.over.wait(LIMIT + 0.5)  # the default is over by then
        talk.allow()

    with StubGate(slowly) as gate:
        seen = lab.call(CLEAR, door=gate.door)
    assert [invite.from_user for invite in seen.arrived] == [CALLER_ID]
    assert seen.variables["GATE_VERDICT"] == "ALLOW"


def test_a_denial_that_returns_leaves_nothing_to_dial(lab: Lab) -> None:
    with StubGate(deny_and_return) as gate:
        seen = lab.call(CLEAR, door=gate.door)
    assert seen.refused
    assert (seen.variables["GATE_REASON"], seen.variables["GATE_DESTINATION"]) == ("CONSENT_NONE", "")


def test_a_caller_who_hangs_up_while_the_gate_decides_is_no_error(lab: Lab) -> None:
    with StubGate(Talk.stall) as gate:
        seen = lab.call(CLEAR, door=gate.door, give_up_after_ms=300)
        assert seen.outcome.code == 487
        assert seen.arrived == []
        assert "refused" not in seen.log and " ERROR[" not in seen.log


def test_a_second_call_is_not_let_through_by_the_first_ones_allow(lab: Lab) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(TWICE + CLEAR, door=gate.door)
    assert len(seen.arrived) == 1
    assert seen.variables["GATE_VERDICT"] == "DENY"


@pytest.mark.parametrize("module", ["func_strings", "func_logic", "func_timeout", "func_callerid", "func_dialplan"])
def test_a_missing_module_refuses(lab: Lab, module: str) -> None:
    """What the dialplan cannot ask it does not take for a yes."""
    with StubGate(allow) as gate:
        lab.asterisk.cli(f"module unload {module}.so")
        try:
            seen = lab.call(CLEAR, door=gate.door)
        finally:
            lab.asterisk.cli(f"module load {module}.so")
        allowed_again = lab.call(CLEAR, door=gate.door)
    if module == "func_dialplan":  # only finds the admin's own h extension
        assert len(seen.arrived) == 1
    else:
        assert seen.arrived == []
        assert seen.outcome.code in (403, 603)
    assert len(allowed_again.arrived) == 1


# --- the script door

_READ_HEADER = 'while IFS= read -r line && [ -n "$line" ]; do :; done\n'
_SET = 'set_variable() { echo "SET VARIABLE $1 \\"$2\\""; IFS= read -r reply; }\n'
_ALLOW = f"set_variable GATE_DESTINATION +39{CLEAR}; set_variable GATE_VERDICT ALLOW\n"

BROKEN_SCRIPTS = {
    "says nothing": ("exit 0", "SUCCESS"),
    "fails": ("exit 3", "FAILURE"),
    "allows, then fails": (_READ_HEADER + _SET + _ALLOW + "exit 3", "FAILURE"),
    "allows, then is killed": (_READ_HEADER + _SET + _ALLOW + "kill -9 $$", "FAILURE"),
    "is killed before the verdict": (_READ_HEADER + _SET + "set_variable GATE_DESTINATION +39061; kill -9 $$", "FAILURE"),
    "half a line, then ends": (_READ_HEADER + "printf 'SET VARIABLE GATE_VERDICT ALL'", "SUCCESS"),
    "stalls": (_READ_HEADER + "exec sleep 30", "HANGUP"),
    "stalls and heeds no hang-up": ("trap '' HUP TERM\n" + _READ_HEADER + "exec sleep 30", "HANGUP"),
}


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "gate.sh"


def write(script: Path, text: str, mode: int = 0o755) -> None:
    script.write_text(text)
    os.chmod(script, mode)
    for folder in script.parents:  # Asterisk may run as somebody else
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & stat.S_IXOTH:
            os.chmod(folder, folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)


@pytest.mark.parametrize("fault", BROKEN_SCRIPTS)
def test_a_broken_script_refuses(lab: Lab, script: Path, fault: str) -> None:
    text, agi_status = BROKEN_SCRIPTS[fault]
    write(script, "#!/bin/sh\n" + text + "\n")
    assert_refused(lab.call(CLEAR, door=str(script), seconds=seconds_for(agi_status)), agi_status)


def test_a_missing_script_refuses(lab: Lab) -> None:
    assert_refused(lab.call(CLEAR, door="no-such-script.agi"), "NOTFOUND")


def test_a_script_that_cannot_be_run_refuses(lab: Lab, script: Path) -> None:
    write(script, "#!/bin/sh\nexit 0\n", mode=0o644)
    assert_refused(lab.call(CLEAR, door=str(script)), "FAILURE")


def test_a_script_without_its_interpreter_refuses(lab: Lab, script: Path) -> None:
    write(script, "#!/no/such/interpreter\n")
    assert_refused(lab.call(CLEAR, door=str(script)), "FAILURE")
