"""What the carrier gets is what was checked: one of the campaign's numbers, as the trunk takes it, whatever was presented."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agi_gate import actions
from agi_gate.call import Call, Presentation, Request, understand
from agi_gate.decide import decide
from agi_gate.dialled import EMERGENCY_NUMBERS
from agi_gate.facts import Facts
from agi_gate.policy import Purpose, Trunk
from tests.support.builders import (CALLER_IDS, CLEAR, COMMERCIAL, LISTED, NOW, OF_ANOTHER, OF_THE_CALL_CENTRE, OWN, OWN_MOBILE,
                                    a_campaign, a_policy)

FORMS = {"e164": lambda national: f"+39{national}", "digits": lambda national: f"39{national}", "national": lambda national: national}
DESTINATIONS = ("3331234500", "+390212345600", "0212345600#", "*670 0212345600", "112", "116117#", "+41223456789", "#31#112")


def a_call(destination: str, presented: str, presentation: Presentation, number_format: str, purpose: Purpose,
           caller_ids: tuple[str, ...], campaign: str = "fibra") -> Call:
    policy = a_policy(a_campaign(purpose=purpose, caller_ids=caller_ids, countries=frozenset({"CH"})))
    trunk = Trunk("carrier", "IT", number_format)  # type: ignore[arg-type]
    return understand(Request(destination, campaign, presented, presentation, "carrier"),
                      type(policy)(policy.campaigns, policy.caller_ids, {"carrier": trunk}), NOW)


def sent(call: Call) -> tuple[str, str, str]:
    """Verdict, number and caller ID, as the channel has them."""
    verdict = decide(call, Facts(checks=CLEAR, contact=LISTED))
    variables = dict(actions.variables(verdict, "id", call.sent_destination, call.sent_caller_id))
    return f"{variables['GATE_VERDICT']} {variables['GATE_REASON']}", variables["GATE_DESTINATION"], variables["GATE_CALLER_ID"]


NATIONAL = [number.removeprefix("+39") for number in CALLER_IDS]
PRESENTED = st.one_of(
    st.builds(lambda number, form: form + number, st.sampled_from([*NATIONAL, "0299999999", "201", "3", ""]),
              st.sampled_from(["", "+39", "39", "0039", "+", "00", " ", "+39 "])),
    st.text("0123456789+ ()-./anonymous", max_size=16))


@given(st.sampled_from(DESTINATIONS), PRESENTED, st.sampled_from(list(Presentation)), st.sampled_from(list(FORMS)),
       st.sampled_from([Purpose.MARKETING, Purpose.SERVICE, Purpose.STATISTICS]),
       st.lists(st.sampled_from(CALLER_IDS), min_size=1, unique=True).map(tuple))
@settings(max_examples=3000, derandomize=True, deadline=None)
@example("3331234500", "390212340000", Presentation.ALLOWED, "digits", Purpose.MARKETING, (OWN,))
@example("3331234500", "187", Presentation.ALLOWED, "national", Purpose.SERVICE, ("187",))
@example("112", "201", Presentation.RESTRICTED, "national", Purpose.MARKETING, (OWN_MOBILE,))
def test_an_allowed_call_presents_a_number_of_its_campaign_as_the_trunk_takes_it(
        destination: str, presented: str, presentation: Presentation, number_format: str, purpose: Purpose,
        caller_ids: tuple[str, ...]) -> None:
    verdict, called, caller_id = sent(a_call(destination, presented, presentation, number_format, purpose, caller_ids))
    may_be = CALLER_IDS if verdict == "ALLOW EMERGENCY" else caller_ids
    if verdict.startswith("ALLOW"):
        assert caller_id in {number if len(number) < 5 else FORMS[number_format](number.removeprefix("+39")) for number in may_be}
        assert called.isascii() and called.removeprefix("+").isdecimal()
    else:
        assert called == caller_id == ""


@pytest.mark.parametrize("presented", [OWN, "0212340000", "00390212340000"])
@pytest.mark.parametrize("number_format", FORMS)
@pytest.mark.parametrize("destination, numbers", [
    ("3331234500", ("+393331234500", "393331234500", "3331234500")),
    ("+39 02 12345600#", ("+390212345600", "390212345600", "0212345600")),
    ("0041223456789", ("+41223456789", "41223456789", "0041223456789")),
    ("187", ("187",) * 3),
    ("112#", ("112",) * 3)])
def test_each_trunk_gets_its_form(destination: str, numbers: tuple[str, ...], number_format: str, presented: str) -> None:
    call = a_call(destination, presented, Presentation.ALLOWED, number_format, Purpose.SERVICE, (OWN,))
    verdict, called, caller_id = sent(call)
    assert verdict in ("ALLOW SERVICE", "ALLOW EMERGENCY")
    assert (called, caller_id) == (dict(zip(FORMS, numbers))[number_format], FORMS[number_format]("0212340000"))


@pytest.mark.parametrize("presented, expected", [
    ("201", COMMERCIAL), ("", COMMERCIAL), ("anonymous", COMMERCIAL), ("+390299999999", COMMERCIAL), ("+39 02 12340000", COMMERCIAL),
    ("0212340000", OWN), (OF_THE_CALL_CENTRE, OF_THE_CALL_CENTRE), (OF_ANOTHER, OF_ANOTHER)])
@pytest.mark.parametrize("presentation", Presentation)
@pytest.mark.parametrize("number", sorted(EMERGENCY_NUMBERS))
def test_an_emergency_presents_a_declared_number(presented: str, expected: str, presentation: Presentation, number: str) -> None:
    """The channel's if it is declared, else the campaign's first."""
    call = a_call(number, presented, presentation, "e164", Purpose.MARKETING, (COMMERCIAL, OWN))
    assert sent(call) == ("ALLOW EMERGENCY", number, expected)


def test_an_emergency_of_no_campaign_presents_what_is_declared_or_nothing() -> None:
    for presented, expected in ((OWN, OWN), ("201", ""), ("+390299999999", "")):
        call = a_call("112", presented, Presentation.ALLOWED, "e164", Purpose.MARKETING, (OWN,), campaign="none")
        assert sent(call) == ("ALLOW EMERGENCY", "112", expected)
