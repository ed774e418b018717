"""The shadow configuration: only differences are told, what is not known is said, and no call is touched by it."""

from __future__ import annotations

import hashlib
import logging
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agi_gate import config, shadow
from agi_gate.call import Presentation, Request, understand
from agi_gate.decide import decide
from agi_gate.facts import Facts
from agi_gate.policy import FailPolicy, Hours, Policy, Purpose
from agi_gate.shadow import Shadow
from agi_gate.shadowing import with_shadow
from lab.waiting import eventually
from tests.support.builders import (CALLER_IDS, CLEAR, ENROLLED, LISTED, MOBILE, NOW, OWN, a_campaign, a_consent,
                                    a_policy)
from tests.support.daemon import Daemon, answer
from tests.support.gate_toml import CALLBACK, ENROLLED as ENROLLED_NUMBER, load_feeds, write_gate_toml

from tests.test_gate import SALE, SERVICE, UNEXPECTED, World, raising

LIVE = a_policy(a_campaign())
MORNING = Hours((6 * 60, 7 * 60), (6 * 60, 7 * 60), (6 * 60, 7 * 60))
LISTED_AND_CLEAR = Facts(checks=CLEAR, contact=LISTED)


def beside(second: Policy, facts: Facts | None = LISTED_AND_CLEAR, live: Policy = LIVE, destination: str = MOBILE, *,
           failed: bool = False) -> dict[str, Any] | None:
    """What would be recorded of a call under two policies."""
    call = understand(Request(destination, "fibra", OWN, Presentation.ALLOWED), live, NOW)
    return Shadow(second, "0123456789ab").beside(call, facts, decide(call, facts), failed=failed)


def denied(*reasons: str) -> dict[str, Any]:
    return {"verdict": "DENY", "reasons": list(reasons), "config": "0123456789ab"}


def allowed(reason: str) -> dict[str, Any]:
    return {"verdict": "ALLOW", "reasons": [reason], "config": "0123456789ab"}


def skipped(why: str) -> dict[str, Any]:
    return {"skipped": why, "config": "0123456789ab"}


def test_the_same_policy_makes_no_difference() -> None:
    for facts in (LISTED_AND_CLEAR, Facts(), Facts(checks=ENROLLED, contact=LISTED)):
        assert beside(LIVE, facts) is None


def test_what_decides_nothing_makes_no_difference() -> None:
    campaign = replace(a_campaign(), controller=replace(a_campaign().controller, name="Acme S.p.A."), source="another list")
    assert beside(a_policy(campaign)) is None


@pytest.mark.parametrize(("second", "facts", "expected"), (
    (a_policy(a_campaign(), hours=MORNING), LISTED_AND_CLEAR, denied("HOURS_CLOSED")),
    (a_policy(a_campaign(id="voce")), LISTED_AND_CLEAR, denied("CAMPAIGN_UNKNOWN")),
    (a_policy(a_campaign(caller_ids=CALLER_IDS[1:])), LISTED_AND_CLEAR, denied("CALLER_ID_NOT_ASSIGNED")),
    (a_policy(a_campaign(purpose=Purpose.SERVICE)), LISTED_AND_CLEAR, allowed("SERVICE")),
    (a_policy(a_campaign(purpose=Purpose.SERVICE)), Facts(checks=ENROLLED), allowed("SERVICE")),
    # the first reason is the same, a further one is not
    (a_policy(a_campaign(), hours=MORNING), Facts(contact=LISTED), denied("HOURS_CLOSED", "REGISTRY_UNKNOWN")),
    (a_policy(a_campaign(category="energy")), Facts(checks=CLEAR, consents=(a_consent(category="energy", contract=True),)),
     allowed("CONTRACT_CONSENT")),
), ids=str)
def test_a_difference_is_told(second: Policy, facts: Facts, expected: dict[str, Any]) -> None:
    assert beside(second, facts) == expected


def test_facts_of_another_controller_are_not_decided_on() -> None:
    other = replace(a_campaign(), controller=replace(a_campaign().controller, id="other"))
    assert beside(a_policy(other, hours=MORNING)) in (skipped("controller"), denied("CALLER_ID_NOT_ASSIGNED"))
    own = {OWN: replace(LIVE.caller_ids[OWN], holder="other")}
    assert beside(replace(a_policy(other), caller_ids=own)) == skipped("controller")


def test_facts_that_were_not_fetched_are_not_guessed() -> None:
    service = a_policy(a_campaign(purpose=Purpose.SERVICE))
    assert beside(LIVE, None, live=service) == skipped("facts")
    assert beside(LIVE, None, live=a_policy(a_campaign(id="voce"))) == skipped("facts")
    assert beside(a_policy(a_campaign(id="voce")), None, live=service) == denied("CAMPAIGN_UNKNOWN")


def test_a_store_that_did_not_answer_denies_both() -> None:
    assert beside(LIVE, None, failed=True) is None
    service = a_policy(a_campaign(purpose=Purpose.SERVICE))
    assert beside(service, None, failed=True) == allowed("SERVICE")
    assert beside(replace(service, fail=FailPolicy(store=frozenset())), None, failed=True) is None


def test_an_emergency_is_one_under_every_policy() -> None:
    assert beside(Policy(), None, destination="112") is None


# --- the file

def shadow_of(folder: Path, content: str | None, caplog: pytest.LogCaptureFixture) -> Shadow | None:
    """The shadow of a gate.toml that names next.toml with that content."""
    path = write_gate_toml(folder)
    path.write_text(path.read_text() + '[shadow]\nconfig = "next.toml"\n')
    if content is not None:
        (folder / "next.toml").write_text(content, encoding="utf-8")
    return with_shadow(config.load(path)).shadow


def test_the_shadow_is_beside_the_file_and_named_by_its_hash(tmp_path: Path, caplog: pytest.LogCaptureFixture,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    found = shadow_of(tmp_path, write_gate_toml(tmp_path, ("fibra", "adsl"), name="x.toml").read_text(), caplog)
    assert found is not None and set(found.policy.campaigns) == {"adsl", "assistenza"}
    assert len(found.config) == 12 and caplog.text == ""


@pytest.mark.parametrize(("content", "words"), (
    (None, "next.toml: cannot be read (No such file or directory); it is named by [shadow] config"),
    ("", "controllers: is missing"), ("{", "is no TOML"), ("[store]\nurl = 5", "store.url"),
), ids=str)
def test_a_wrong_shadow_is_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None,
                                             words: str) -> None:
    with caplog.at_level(logging.ERROR):
        assert shadow_of(tmp_path, content, caplog) is None
    assert words in caplog.text and "no shadow decisions are made" in caplog.text


def test_whatever_reading_the_shadow_raises_it_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "load_shadow", raising(MemoryError("+393331234500")))
    assert shadow_of(tmp_path, "", caplog) is None
    assert "MemoryError" in caplog.text and "333" not in caplog.text


# --- beside a live call

def shadows(world: World) -> list[Any]:
    return [record.get("shadow") for record in world.records]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A gate beside which a service campaign is tried as a sale, and sales on a number that is not declared."""
    made = World(tmp_path)
    policy = made.gate.policy
    campaigns = dict(policy.campaigns)
    campaigns["assistenza"] = replace(campaigns["assistenza"], purpose=Purpose.MARKETING)
    made.gate = replace(made.gate, shadow=Shadow(replace(policy, campaigns=campaigns, caller_ids={}), "0123456789ab"))
    return made


def test_a_difference_is_put_into_the_record_and_the_verdict_stays(world: World) -> None:
    emergency = replace(SALE, destination="112")
    assert [world.ask(request) for request in (SALE, SERVICE, emergency)] == world.recorded == [
        "ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE", "ALLOW EMERGENCY"]
    assert shadows(world) == [denied("CALLER_ID_NOT_ASSIGNED"), denied("CALLER_ID_NOT_ASSIGNED"), None]
    world.gate = replace(world.gate, shadow=Shadow(replace(world.gate.shadow.policy,  # type: ignore[union-attr]
                                                           caller_ids=world.gate.policy.caller_ids), "0123456789ab"))
    assert [world.ask(request) for request in (SALE, SERVICE)] == ["ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE"]
    assert shadows(world)[3:] == [None, skipped("facts")]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_beside_a_fault_of_the_gate_s_own_nothing_is_compared(world: World, error: Exception) -> None:
    world.gate = replace(world.gate, shadow=Shadow(world.gate.policy, "0123456789ab"))
    world.facts_of = raising(error)  # type: ignore[method-assign]
    world.gate = replace(world.gate, policy=replace(world.gate.policy, fail=FailPolicy(store=frozenset())))
    assert [world.ask(request) for request in (SALE, SERVICE)] == ["DENY GATE_ERROR"] * 2
    assert shadows(world) == [None, None]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_a_shadow_that_fails_touches_no_call_and_is_no_agreement(world: World, monkeypatch: pytest.MonkeyPatch,
                                                                 caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    monkeypatch.setattr(shadow, "decide_on", raising(error))
    assert [world.ask(request) for request in (SALE, SERVICE)] == ["ALLOW DIRECTORY_NOT_OPPOSED", "ALLOW SERVICE"]
    assert shadows(world) == [skipped("error")] * 2
    assert "has no shadow" in caplog.text and "333" not in caplog.text


# --- beside a daemon

def test_a_daemon_takes_a_shadow_and_lives_without_a_wrong_one(tmp_path: Path, store_url: str) -> None:
    path = write_gate_toml(tmp_path)
    text, second = path.read_text(), tmp_path / "next.toml"
    load_feeds(path)
    path.write_text(text + '[shadow]\nconfig = "next.toml"\n')
    second.write_text("controllers = 5")
    with Daemon(path) as daemon:
        def heard() -> tuple[str, Any]:
            return answer(daemon), daemon.records()[-1].get("shadow")

        def told_anew(content: str) -> None:
            second.write_text(content)
            daemon.signal(signal.SIGHUP)

        allowed = "ALLOW DIRECTORY_NOT_OPPOSED"
        assert heard() == (allowed, None) and "no shadow decisions are made" in daemon.said()
        told_anew(text.replace("[campaigns.fibra]", "[campaigns.adsl]"))
        eventually(lambda: heard()[1] is not None)
        said, beside_it = heard()
        assert said == allowed and (beside_it["verdict"], beside_it["reasons"]) == ("DENY", ["CAMPAIGN_UNKNOWN"])
        assert beside_it["config"] == hashlib.sha256(second.read_bytes()).hexdigest()[:12]
        assert answer(daemon, CALLBACK).startswith("ALLOW CALLBACK") and answer(daemon, ENROLLED_NUMBER).startswith("DENY")
        told_anew("[")
        eventually(lambda: heard() == (allowed, None))
        assert "is no TOML" in daemon.said()
