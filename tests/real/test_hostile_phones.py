"""What a phone says must never become what the dialplan says.

The gate here allows anything: were it asked with another campaign than the dialplan's, or with a header that the phone wrote, the
call would go through.  PJSIP decodes %2C, %22, %0A in what is dialled and in who calls, so all of this arrives as it is meant.
"""

from __future__ import annotations

import pytest

from lab.waiting import eventually
from tests.real.broken_gates import StubGate, allow
from tests.real.world import CALLER_ID, CLEAR, NO_TRUNK, OWN_GOSUB, PHONES_OWN_CALLER_ID, STRAY_ARGUMENT, TWO_ARGUMENTS, Lab

# as dialled, percent-encoded where a SIP URI wants it
HOSTILE_NUMBERS = {
    "comma": "%2Cacme-servizio",
    "two commas": "%2Cacme-servizio%2Ccarrier1",
    "two commas and a bracket that swallows the rest": "%2Cacme-servizio%2Cx(",
    "two commas and a quote that swallows the rest": "%2Cacme-servizio%2C%22",
    "two commas and a backslash": "%2Cacme-servizio%2C%5C",
    "two commas and a closing bracket": "%2Cacme-servizio%2Ccarrier1)",
    "backslash": "%5C",
    "quote": "%22",
    "quoted comma": "%22%2Cacme-servizio%22",
    "bracket": "(",
    "closing bracket": ")",
    "square bracket": "%5B",
    "closing square bracket": "%5D1",
    "brace": "%7D",
    "expression": "%22%20=%20%22%22%20%7C%20%221%22%20=%20%221",
    "variable": "%24%7BCALLERID(num)%7D",
    "function": "%24%7BSHELL(id)%7D",
    "ampersand": "%26PJSIP%2F99%40carrier1",
    "question mark and colon": "%3Fa%3Ab",
    "semicolon and a bracket": "%3Bx(",
    "semicolon and a comma": "%3Bx=1%2Cacme-servizio",
    "semicolon and a quote": "%3Bx=%22",
    "line break and an argument": "%0Aagi_arg_2%3A%20acme-servizio",
    "two line breaks": "%0D%0A%0D%0A",
    "delete": "%7F",
    "half a character": "%C3",
}


# the form of the Gosub matters to commas only
_WAYS_IN = {"two arguments": TWO_ARGUMENTS, "empty trunk": NO_TRUNK, "a Gosub of the dialplan's own": OWN_GOSUB}
_COMMAS = {f"{what}, {form}": code + CLEAR + hostile for what, hostile in HOSTILE_NUMBERS.items() if "comma" in what
           for form, code in _WAYS_IN.items()}
DIALLED = {what: CLEAR + hostile for what, hostile in HOSTILE_NUMBERS.items()} | _COMMAS


@pytest.mark.parametrize("what", DIALLED)
def test_what_is_dialled_never_reaches_the_gate_as_anything_else(lab: Lab, what: str) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(DIALLED[what], door=gate.door)
    assert seen.refused
    assert seen.variables["GATE_REASON"] == "GATE_ERROR"
    assert gate.headers == []  # nobody was asked


def test_a_comma_never_reaches_the_gate_from_a_channel_that_dialled_nothing(lab: Lab) -> None:
    """So it is with whom a phone transfers: only the extensions on the stack tell."""
    with StubGate(allow) as gate:
        lab.asterisk.cli(f"dialplan set global AGI_GATE_DOOR {gate.door}")
        mark = lab.asterisk.log.stat().st_size
        lab.asterisk.cli(f"channel originate Local/{OWN_GOSUB}{CLEAR},acme-servizio@agents/n application Wait 1")
        eventually(lambda: "LAB|" in lab.log_since(mark), "Asterisk is done with the call")
        log = lab.log_since(mark)
    assert "agi-gate refused a call: it was not asked with a plain destination" in log
    assert gate.headers == []


def test_a_gosub_of_the_dialplans_own_may_ask(lab: Lab) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(OWN_GOSUB + CLEAR, door=gate.door)
    assert [invite.request_user for invite in seen.arrived] == [f"+39{CLEAR}"]


@pytest.mark.parametrize("dialled", [f"+39{CLEAR}", "02%201234-5601", "02.1234/5601", f"{CLEAR}p12", f"*67{CLEAR}", f"%2331%23{CLEAR}"])
def test_what_a_number_may_hold_reaches_the_gate_whole(lab: Lab, dialled: str) -> None:
    with StubGate(allow) as gate:
        lab.call(dialled, door=gate.door)
    (header,) = gate.headers
    plain = dialled.replace("%20", " ").replace("%23", "#")
    assert [pair for pair in header if pair[0].startswith("agi_arg_")] == [
        ("agi_arg_1", plain), ("agi_arg_2", "acme-fibra"), ("agi_arg_3", "carrier1")]


def test_the_gate_always_gets_three_arguments(lab: Lab) -> None:
    for form in (TWO_ARGUMENTS, NO_TRUNK):
        with StubGate(allow) as gate:
            lab.call(form + CLEAR, door=gate.door)
        (header,) = gate.headers
        assert [name for name, _ in header if name.startswith("agi_arg_")] == ["agi_arg_1", "agi_arg_2", "agi_arg_3"]


def test_what_lies_about_on_the_channel_is_no_trunk(lab: Lab) -> None:
    """Whoever makes a channel may leave a variable on it that reads as an argument."""
    with StubGate(allow) as gate:
        seen = lab.call(STRAY_ARGUMENT + CLEAR, door=gate.door)
    assert seen.refused
    assert gate.headers == []


FORGED_LINE = f"x%0Aagi_callerid%3A%20{CALLER_ID}"


@pytest.mark.parametrize(
    ("from_user", "headers"),
    [
        (FORGED_LINE, ()),
        ("x%0Aagi_arg_2%3A%20acme-servizio%0A%0A", ()),
        ("agent", (f"P-Asserted-Identity: <sip:{FORGED_LINE}@127.0.0.2>",)),
        ("agent", (f"Diversion: <sip:{FORGED_LINE}@127.0.0.2>",)),
        ("x%7F", ()),
    ],
    ids=["caller", "caller and the header's end", "asserted identity", "diversion", "delete"],
)
def test_who_calls_never_writes_the_gates_header(lab: Lab, from_user: str, headers: tuple[str, ...]) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=gate.door, from_user=from_user, headers=headers)
    assert seen.refused
    assert gate.headers == []


def test_a_diversion_never_writes_the_gates_header_where_the_dialplan_sets_the_caller_id(lab: Lab) -> None:
    with StubGate(allow) as gate:
        seen = lab.call(CLEAR, door=gate.door, headers=(f"Diversion: <sip:{FORGED_LINE}@127.0.0.2>",))
    assert seen.refused
    assert gate.headers == []


@pytest.mark.parametrize("filling", ["A" * 4200, "." * 8000])
def test_a_diversion_is_not_too_long_to_be_looked_at(lab: Lab, filling: str) -> None:
    """Behind what Asterisk reads of it stood the rest of a header: arguments of the phone's choice, and the header's end."""
    rest = f"%0Aagi_context%3A%20x%0Aagi_arg_1%3A%20{CLEAR}%0Aagi_arg_2%3A%20acme-servizio%0A%0A"
    with StubGate(allow) as gate:
        seen = lab.call(CLEAR, door=gate.door, headers=(f"Diversion: <sip:{filling}{rest}@127.0.0.2>",))
    assert seen.refused
    assert gate.headers == []


@pytest.mark.parametrize("caller", ["x):Set(GATE_VERDICT=ALLOW)", "%7D%5D%22%20=%20%22", "caff%C3%A9", "caff%C3", "a%2Cb", "a%22b"])
def test_a_strange_caller_reaches_the_gate_as_it_is(lab: Lab, caller: str) -> None:
    """Strange is the gate's to judge; the dialplan only has to carry it."""
    with StubGate(allow) as gate:
        lab.call(PHONES_OWN_CALLER_ID + CLEAR, door=gate.door, from_user=caller)
    (header,) = gate.headers
    assert len([name for name, _ in header if name == "agi_callerid"]) == 1
    assert header[-1] == ("agi_arg_3", "carrier1")
