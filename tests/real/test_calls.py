"""The gate decides real calls: the sample dialplan, a real Asterisk, a real store, both doors."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agi_gate.actions import MAX_SOURCE_CHARACTERS
from agi_gate.dialled import EMERGENCY_NUMBERS
from lab import phones
from lab.store_server import StoreServer
from lab.waiting import eventually
from tests.real.world import (
    CALLBACK, CALLER_ID, CLEAR, DIGITS, ENROLLED, FOREIGN_TRUNK, FORGED, HIDDEN, HIDDEN_NAME, LIMITED, NATIONAL, NEVER_CHECKED,
    NO_NUMBER, NO_TRUNK, PHONES_OWN_CALLER_ID, PRIVATE_NUMBER, PROBE, REDIRECTED, SERVICE, SHOWN, STRANGE_SOURCES, TWICE,
    TWO_ARGUMENTS, TWO_TRUNKS,
    Daemon, Lab, Seen, running_daemon,
)

SCRIPT = "agi-gate.agi"


@pytest.fixture(params=["daemon", "script"])
def door(request: pytest.FixtureRequest) -> str:
    return SCRIPT if request.param == "script" else request.getfixturevalue("daemon").door


def e164(number: str) -> str:
    return f"+39{number}"


def assert_arrived(seen: Seen, number: str, caller_id: str = CALLER_ID) -> None:
    """The carrier got exactly the number that was decided, from exactly the caller ID that was checked, in clear."""
    assert (seen.outcome.code, seen.outcome.cause) == (200, 16)
    (invite,) = seen.arrived
    assert invite.request_user == number
    assert invite.from_user == caller_id
    assert invite.privacy is None
    assert f"<sip:{caller_id}@" in (invite.p_asserted_identity or "")
    assert invite.message.header("Diversion") is None
    assert seen.variables["GATE_VERDICT"] == "ALLOW"
    assert seen.variables["GATE_DESTINATION"] == number
    assert seen.variables["GATE_CALLER_ID"] == caller_id
    assert seen.variables["AGISTATUS"] == "SUCCESS"


def assert_refused(seen: Seen, reason: str) -> None:
    """The agent gets the refusal, and the carrier nothing; nothing that could be dialled is left."""
    assert (seen.outcome.code, seen.outcome.cause) == (403, 21)
    assert seen.arrived == []
    assert seen.variables["GATE_VERDICT"] == "DENY"
    assert seen.variables["GATE_REASON"] == reason
    assert seen.variables["GATE_DESTINATION"] == seen.variables["GATE_CALLER_ID"] == ""


def test_an_allowed_call_reaches_the_carrier_as_it_was_checked(lab: Lab, door: str) -> None:
    seen = lab.call(CLEAR, door=door)
    assert_arrived(seen, e164(CLEAR))
    assert seen.variables["GATE_REASON"] == "DIRECTORY_NOT_OPPOSED"
    assert seen.variables["GATE_SOURCE"] == "Elenco 2026-09, DBU"


@pytest.mark.parametrize("number", STRANGE_SOURCES)
def test_whatever_the_source_says_the_call_goes_on_and_the_agent_s_screen_has_it(lab: Lab, daemon: Daemon, number: str) -> None:
    seen = lab.call(number, door=daemon.door)
    assert_arrived(seen, e164(number))
    assert seen.variables["GATE_SOURCE"] == STRANGE_SOURCES[number][:MAX_SOURCE_CHARACTERS]


@pytest.mark.parametrize("dialled", [f"+39{CLEAR}", f"0039{CLEAR}", f"{CLEAR[:2]}%20{CLEAR[2:]}"])
def test_the_carrier_gets_the_number_that_was_decided_however_it_was_dialled(lab: Lab, daemon: Daemon, dialled: str) -> None:
    assert_arrived(lab.call(dialled, door=daemon.door), e164(CLEAR))


def test_an_enrolled_number_is_never_called(lab: Lab, door: str) -> None:
    seen = lab.call(ENROLLED, door=door)
    assert_refused(seen, "REGISTRY_OPPOSED")
    assert seen.variables["AGISTATUS"] == "HANGUP"


def test_a_number_that_was_never_checked_is_never_called(lab: Lab, door: str) -> None:
    assert_refused(lab.call(NEVER_CHECKED, door=door), "REGISTRY_UNKNOWN")


def test_the_decision_is_on_record_and_its_id_on_the_channel(lab: Lab, door: str) -> None:
    for number in (CLEAR, ENROLLED):
        seen = lab.call(number, door=door)
        (decision,) = [d for d in lab.decisions() if d["id"] == seen.variables["GATE_DECISION_ID"]]
        assert decision["verdict"] == seen.variables["GATE_VERDICT"]
        assert decision["reason"] == seen.variables["GATE_REASON"]


def test_a_hidden_caller_id_is_refused(lab: Lab, door: str) -> None:
    assert_refused(lab.call(HIDDEN + CLEAR, door=door), "CALLER_ID_WITHHELD")


def test_a_hidden_caller_name_is_refused(lab: Lab, daemon: Daemon) -> None:
    """Asterisk takes the stricter of the two presentations, and hides the number with the name."""
    assert_refused(lab.call(HIDDEN_NAME + CLEAR, door=daemon.door), "CALLER_ID_WITHHELD")


@pytest.mark.parametrize("code", ["*67", "%2331%23", "*31%23"])
def test_a_code_that_hides_the_caller_id_is_refused(lab: Lab, daemon: Daemon, code: str) -> None:
    assert_refused(lab.call(code + CLEAR, door=daemon.door), "CALLER_ID_WITHHELD")


def test_a_phone_that_hides_its_number_is_refused(lab: Lab, daemon: Daemon) -> None:
    headers = (f"P-Asserted-Identity: <sip:{CALLER_ID}@127.0.0.2>", "Privacy: id")
    assert_refused(lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=daemon.door, headers=headers), "CALLER_ID_WITHHELD")


PRESENTED = ("+390212340000", "0212340000", "00390212340000")


@pytest.mark.parametrize("presented", PRESENTED)
def test_the_carrier_gets_one_form_of_the_caller_id_however_it_was_presented(lab: Lab, door: str, presented: str) -> None:
    seen = lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=door, from_user=presented)
    assert_arrived(seen, e164(CLEAR))
    (decision,) = [d for d in lab.decisions() if d["id"] == seen.variables["GATE_DECISION_ID"]]
    assert (decision["call"]["caller_id"], decision["caller_id_sent"]) == (presented, CALLER_ID)


@pytest.mark.parametrize("presented", [*PRESENTED, "390212340000"])
def test_a_trunk_of_digits_gets_digits(lab: Lab, daemon: Daemon, presented: str) -> None:
    assert_arrived(lab.call(DIGITS + CLEAR, door=daemon.door, from_user=presented), f"39{CLEAR}", CALLER_ID[1:])


@pytest.mark.parametrize("presented", PRESENTED)
def test_a_national_trunk_gets_national_numbers(lab: Lab, daemon: Daemon, presented: str) -> None:
    assert_arrived(lab.call(NATIONAL + CLEAR, door=daemon.door, from_user=presented), CLEAR, CALLER_ID[3:])


@pytest.mark.parametrize(("trunk", "number"), [(DIGITS, "41223456789"), (NATIONAL, "0041223456789")])
def test_a_number_of_another_country_goes_out_in_the_trunks_format(lab: Lab, daemon: Daemon, trunk: str, number: str) -> None:
    seen = lab.call(trunk + "+41223456789", door=daemon.door, from_user=CALLER_ID)
    assert_arrived(seen, number, {DIGITS: CALLER_ID[1:], NATIONAL: CALLER_ID[3:]}[trunk])


@pytest.mark.parametrize("trunk", [DIGITS, NATIONAL])
def test_a_short_number_goes_out_as_it_is(lab: Lab, daemon: Daemon, trunk: str) -> None:
    seen = lab.call(trunk + "187", door=daemon.door, from_user=CALLER_ID)
    assert_arrived(seen, "187", {DIGITS: CALLER_ID[1:], NATIONAL: CALLER_ID[3:]}[trunk])


@pytest.mark.parametrize("presented", ["+39%2002%2012340000", "(02)%201234-0000", "0039.02/12340000", "%20+390212340000"])
def test_what_a_carrier_would_get_with_signs_in_it_is_no_caller_id(lab: Lab, daemon: Daemon, presented: str) -> None:
    seen = lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=daemon.door, from_user=presented)
    assert_refused(seen, "CALLER_ID_MALFORMED")


@pytest.mark.parametrize(("privacy", "reason"), [("none", "DIRECTORY_NOT_OPPOSED"), ("off", "CALLER_ID_WITHHELD"),
                                                 ("header", "CALLER_ID_WITHHELD")])
def test_any_privacy_but_none_hides_the_number_to_asterisk(lab: Lab, daemon: Daemon, privacy: str, reason: str) -> None:
    headers = (f"P-Asserted-Identity: <sip:{CALLER_ID}@127.0.0.2>", f"Privacy: {privacy}")
    assert lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=daemon.door, headers=headers).variables["GATE_REASON"] == reason
    assert_arrived(lab.call(SHOWN + CLEAR, door=daemon.door, headers=headers), e164(CLEAR))


@pytest.mark.parametrize("dialled", [f"*670%20{CLEAR}", f"*670{CLEAR}", f"{CLEAR}%23", f"{CLEAR};phone-context=+39"])
def test_what_a_phone_dials_beside_the_number_does_not_reach_the_carrier(lab: Lab, daemon: Daemon, dialled: str) -> None:
    assert_arrived(lab.call(dialled, door=daemon.door), e164(CLEAR))


def test_an_extension_is_no_caller_id(lab: Lab, daemon: Daemon) -> None:
    assert_refused(lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=daemon.door, from_user="201"), "CALLER_ID_MALFORMED")


def test_the_number_of_another_is_no_caller_id(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=daemon.door, from_user="+390299999999")
    assert_refused(seen, "CALLER_ID_NOT_ASSIGNED")


def test_a_private_number_does_not_go_before_the_one_that_was_checked(lab: Lab, daemon: Daemon) -> None:
    assert_arrived(lab.call(PRIVATE_NUMBER + CLEAR, door=daemon.door), e164(CLEAR))


def test_a_diversion_of_the_phones_does_not_reach_the_carrier(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(CLEAR, door=daemon.door, headers=('Diversion: "x" <sip:+390299999999@127.0.0.2>',))
    assert_arrived(seen, e164(CLEAR))


def test_a_carrier_cannot_send_the_call_to_another_number(lab: Lab, daemon: Daemon) -> None:
    with phones.Carrier(lab.tools, phones.SCENARIOS / "carrier_redirects.xml") as redirects:
        lab.asterisk.cli(f"dialplan set global LAB_REDIRECTS {phones.CARRIER_ADDRESS}:{redirects.port}")
        seen = lab.call(REDIRECTED + CLEAR, door=daemon.door)
        assert [invite.request_user for invite in redirects.invites()] == [e164(CLEAR)]
    assert seen.arrived == []


def test_a_phone_that_says_another_identity_meanwhile_does_not_reach_the_carrier(lab: Lab, daemon: Daemon) -> None:
    """Asterisk would hand it on in the call: the trunk has `send_connected_line=no`."""
    lab.asterisk.cli(f"dialplan set global AGI_GATE_DOOR {daemon.door}")
    with phones.Carrier(lab.tools, phones.SCENARIOS / "carrier_rings.xml") as rings:
        lab.asterisk.cli(f"dialplan set global LAB_REDIRECTS {phones.CARRIER_ADDRESS}:{rings.port}")
        outcome = phones.call(lab.tools, lab.asterisk.sip_port, REDIRECTED + CLEAR,
                              scenario=phones.SCENARIOS / "phone_says_another.xml")
        presented = [m.header("P-Asserted-Identity") for m in rings.messages() if m.first_line.startswith(("INVITE ", "UPDATE "))]
    assert outcome.code == 200
    assert presented == [f'"Agent" <sip:{CALLER_ID}@127.0.0.1>']


def test_a_service_call_goes_on(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(SERVICE + ENROLLED, door=daemon.door)
    assert_arrived(seen, e164(ENROLLED))
    assert seen.variables["GATE_REASON"] == "SERVICE"


@pytest.mark.parametrize("form", [TWO_ARGUMENTS, NO_TRUNK])
def test_the_trunk_may_be_left_out(lab: Lab, daemon: Daemon, form: str) -> None:
    assert_arrived(lab.call(form + CLEAR, door=daemon.door), e164(CLEAR))


def test_the_trunk_that_is_named_is_the_one_that_is_judged(lab: Lab, daemon: Daemon) -> None:
    assert_refused(lab.call(FOREIGN_TRUNK + CLEAR, door=daemon.door), "CALLER_ID_TRUNK_FOREIGN")


def test_emergency_goes_around_the_gate(lab: Lab) -> None:
    assert_emergency(lab.call("112", door="agi://127.0.0.1:1/gate"), "112")


def assert_emergency(seen: Seen, number: str) -> None:
    """The carrier gets the number alone, from the site's own, in clear."""
    assert seen.outcome.code == 200
    (invite,) = seen.arrived
    assert (invite.request_user, invite.from_user, invite.privacy) == (number, CALLER_ID, None)
    assert f"<sip:{CALLER_ID}@" in (invite.p_asserted_identity or "")


@pytest.mark.parametrize("number", sorted(EMERGENCY_NUMBERS))
@pytest.mark.parametrize("ending", ["", "%23", ";phone-context=+39"])
def test_an_emergency_goes_around_the_gate_however_a_phone_dials_it(lab: Lab, number: str, ending: str) -> None:
    headers = (f"P-Asserted-Identity: <sip:201@127.0.0.2>", "Privacy: id")
    seen = lab.call(number + ending, door="agi://127.0.0.1:1/gate", from_user="201", headers=headers)
    assert_emergency(seen, number)


@pytest.mark.parametrize("dialled", ["1120", "112*", "1123456", "11%23", "15220", "116%23117"])
def test_what_only_begins_as_an_emergency_does_not_go_around_the_gate(lab: Lab, dialled: str) -> None:
    assert lab.call(dialled, door="agi://127.0.0.1:1/gate").arrived == []


def test_no_caller_id_at_all_is_refused(lab: Lab, daemon: Daemon) -> None:
    assert_refused(lab.call(NO_NUMBER + CLEAR, door=daemon.door), "CALLER_ID_MISSING")


@pytest.mark.parametrize("caller", [HIDDEN, NO_NUMBER, PHONES_OWN_CALLER_ID])
def test_emergency_past_the_gate_goes_on_in_clear_whoever_calls(lab: Lab, daemon: Daemon, caller: str) -> None:
    """With a number that is declared, whatever the phone says."""
    seen = lab.call(caller + "112", door=daemon.door, from_user="201")
    assert_emergency(seen, "112")
    assert (seen.variables["GATE_REASON"], seen.variables["GATE_CALLER_ID"]) == ("EMERGENCY", CALLER_ID)


def test_ten_emergencies_at_once_past_the_script_without_a_daemon_all_go_on_and_are_on_record(lab: Lab) -> None:
    """That all are within the dialplan's 2 s is measured in `benchmarks/start.py`: a busy machine takes longer."""
    lab.asterisk.cli(f"dialplan set global AGI_GATE_DOOR {SCRIPT}")
    invites, records = len(lab.carrier.invites()), len(lab.decisions())
    with ThreadPoolExecutor(10) as agents:
        outcomes = list(agents.map(lambda number: phones.call(
            lab.tools, lab.asterisk.sip_port, PHONES_OWN_CALLER_ID + number, from_user="201"), sorted(EMERGENCY_NUMBERS)))
    assert [outcome.code for outcome in outcomes] == [200] * 10
    assert {invite.request_user for invite in lab.carrier.invites()[invites:]} == EMERGENCY_NUMBERS
    eventually(lambda: len(lab.decisions()) == records + 10)


@pytest.mark.parametrize(("trunk", "caller_id"), [(DIGITS, CALLER_ID[1:]), (NATIONAL, CALLER_ID[3:])])
def test_emergency_past_the_gate_goes_out_in_the_trunks_format(lab: Lab, daemon: Daemon, trunk: str, caller_id: str) -> None:
    assert_arrived(lab.call(trunk + "112%23", door=daemon.door, from_user="201"), "112", caller_id)


def test_on_deny_return_comes_back_denied_with_nothing_to_dial(lab: Lab, returning_daemon: Daemon) -> None:
    seen = lab.call(ENROLLED, door=returning_daemon.door)
    # by the sample's own Hangup(21), after its message, which is heard where Asterisk has its sounds
    assert_refused(seen, "REGISTRY_OPPOSED")
    assert seen.variables["AGISTATUS"] == "SUCCESS"
    assert f"agi-gate denied {seen.variables['GATE_DECISION_ID']}: REGISTRY_OPPOSED" in seen.log


def test_on_deny_return_lets_an_allowed_call_go_on(lab: Lab, returning_daemon: Daemon) -> None:
    assert_arrived(lab.call(CLEAR, door=returning_daemon.door), e164(CLEAR))


def test_a_call_back_that_could_not_be_placed_over_the_first_trunk_goes_out_over_the_second(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(TWO_TRUNKS + CALLBACK, door=daemon.door)
    assert "TRIED|CALLBACK_REQUESTED|CHANUNAVAIL|" in seen.log
    assert_arrived(seen, e164(CALLBACK))
    assert seen.variables["GATE_REASON"] == "CALLBACK_REQUESTED"
    assert_refused(lab.call(TWO_TRUNKS + CALLBACK, door=daemon.door), "SOURCE_UNKNOWN")  # another channel


def test_a_second_call_does_not_rest_on_the_first_ones_verdict(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(TWICE + CLEAR, door=daemon.door)
    assert [invite.request_user for invite in seen.arrived] == [e164(CLEAR)]
    assert seen.variables["GATE_VERDICT"] == "DENY"
    assert seen.variables["GATE_REASON"] == "GATE_ERROR"
    assert seen.variables["GATE_DECISION_ID"] == ""


@pytest.mark.parametrize("door", ["agi://127.0.0.1:1/gate", "no-such-script.agi"])
def test_what_looks_like_an_allowance_before_the_gate_is_asked_is_none(lab: Lab, door: str) -> None:
    assert_refused(lab.call(FORGED + ENROLLED, door=door), "GATE_ERROR")


def test_what_was_the_admins_before_is_so_afterwards(lab: Lab, daemon: Daemon) -> None:
    seen = lab.call(LIMITED + CLEAR, door=daemon.door)
    limit, exit_on_hangup, argument = seen.log.rsplit("LIMIT|", 1)[1].split("|")[:3]
    assert 45 < float(limit) <= 50
    assert (exit_on_hangup, argument) == ("no", "mine")


def test_what_was_the_admins_before_is_so_in_his_h_extension(lab: Lab, daemon: Daemon) -> None:
    """Also where the call ends inside the Gosub."""
    for door, reason in ((daemon.door, "REGISTRY_OPPOSED"), ("agi://127.0.0.1:1/gate", "GATE_ERROR")):
        seen = lab.call(LIMITED + ENROLLED, door=door)
        assert_refused(seen, reason)
        assert "OWN|no|mine|" in seen.log


def test_a_leg_that_dial_makes_inherits_no_verdict(lab: Lab, daemon: Daemon) -> None:
    assert "PROBE|||" in lab.call(PROBE + CLEAR, door=daemon.door).log


def test_a_stopped_daemon_refuses_in_time_and_answers_again(lab: Lab, daemon: Daemon) -> None:
    daemon.signal_all(signal.SIGSTOP)
    try:
        stalled = lab.call(CLEAR, door=daemon.door, seconds=2)
        gave_up = lab.call(CLEAR, door=daemon.door, give_up_after_ms=300)
    finally:
        daemon.signal_all(signal.SIGCONT)
    assert_refused(stalled, "GATE_ERROR")
    assert stalled.outcome.elapsed_s > 1.9
    assert gave_up.outcome.code == 487 and gave_up.arrived == []  # the agent hung up meanwhile
    assert_arrived(lab.call(CLEAR, door=daemon.door), e164(CLEAR))
    assert "Traceback" not in daemon.said.read_text()


def test_a_dead_daemon_refuses_at_once(lab: Lab, folder: Path, store: StoreServer) -> None:
    with running_daemon(folder, store.url, "mortal") as mortal:
        assert_arrived(lab.call(CLEAR, door=mortal.door), e164(CLEAR))
        mortal.signal_all(signal.SIGKILL)
        mortal.process.wait()
        eventually(lambda: not mortal.is_listening(), "its workers have gone, too")
        seen = lab.call(CLEAR, door=mortal.door)
    assert_refused(seen, "GATE_ERROR")
    assert seen.variables["AGISTATUS"] == "FAILURE"


def test_a_killed_store_refuses_marketing_and_lets_emergency_go_on(lab: Lab, folder: Path) -> None:
    with StoreServer.start() as doomed, running_daemon(folder, doomed.url, "orphan") as orphan:
        doomed.kill()
        assert_refused(lab.call(CLEAR, door=orphan.door), "STORE_UNAVAILABLE")
        assert lab.call(SERVICE + CLEAR, door=orphan.door).variables["GATE_REASON"] == "SERVICE"
        assert lab.call(HIDDEN + "112", door=orphan.door).variables["GATE_REASON"] == "EMERGENCY"


def test_a_store_that_stalls_refuses_in_time(lab: Lab, folder: Path) -> None:
    with StoreServer.start() as doomed, running_daemon(folder, doomed.url, "waiting") as waiting:
        os.kill(doomed.process.pid, signal.SIGSTOP)
        assert_refused(lab.call(CLEAR, door=waiting.door), "STORE_UNAVAILABLE")


def test_no_call_is_left_behind(lab: Lab) -> None:
    assert "0 active channels" in lab.asterisk.cli("core show channels")
