"""`agi-gate purge`: what is past retention goes, nobody becomes callable by it, and the archive can still rebuild."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import redis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agi_gate import config, retention
from agi_gate.archive import Archive, Export
from agi_gate.decide import decide
from agi_gate.decision_log import files, time_seen
from agi_gate.facts import Callback, Check, Consent, Contact, Facts, Objection
from agi_gate.ops import purging
from agi_gate.ops.main import main
from agi_gate.policy import Agent, Purpose
from agi_gate.store import keys, used, values
from agi_gate.store.loader import Load
from agi_gate.store.purging import Purging
from agi_gate.store.reader import Store, connect
from agi_gate.store.servers import Servers, SlotsApart
from agi_gate.verdict import Outcome
from lab.waiting import PATIENT_MS
from tests.support.builders import LANDLINE, MOBILE, NOW, a_call
from tests.support.gate_toml import write_gate_toml
from tests.store.loads import everything, load
from tests.support.ran import Ran

DONE, _, USAGE, _, UNREACHABLE, REFUSED = range(6)
TO_MEND = 10
DAY = timedelta(days=1)
LONG_AGO = datetime.now(UTC).replace(microsecond=0) - 3_000 * DAY
LATELY = datetime.now(UTC).replace(microsecond=0) - 3 * DAY
NUMBER, OTHER, THIRD = "+393331234500", "+393331234501", "+390212345601"


# --- no DENY becomes an ALLOW: any facts, any call from the purge on, by the real rules

# within what still counts, around a retention of 40 days, long past, and to come
days_ago = st.sampled_from((-20, -1, 0, 1, 3, 8, 12, 39, 40, 41, 50, 60, 70, 90, 120))


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """What lets a call through, more often than not: a DENY must hang by one thing for a purge to lose it."""
    return st.sampled_from((usual,) * 4 * len(others) + others)


def rarely(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 3).flatmap(lambda nth: some if nth == 3 else st.none())


def instants(since: datetime = NOW) -> st.SearchStrategy[datetime]:
    return st.builds(lambda days, hours: since - timedelta(days=days, hours=hours), days_ago, st.sampled_from((0, 1)))


checks = st.lists(st.builds(Check, instants(), st.booleans(), st.just("")), max_size=6, unique_by=lambda check: (
    check.at, check.enrolled)).map(lambda found: tuple(
        Check(check.at, check.enrolled, values.check_id(check.at, 0)) for check in sorted(found, key=lambda c: (
            c.at, c.enrolled))))
consents = st.lists(st.builds(
    Consent, instants(), mostly("marketing", "market_research"), mostly("telecom", "energy", ""),
    mostly("both", "human", "automated"), mostly("web", ""), mostly("sms", ""),
    expires_at=rarely(instants()), revoked_at=rarely(instants()), contract=mostly(False, True),
    contract_ended_on=st.none() | instants().map(datetime.date)), max_size=4, unique_by=lambda one: (
        one.granted_at, one.purpose, one.category, one.channel)).map(lambda found: tuple(sorted(
            found, key=lambda one: (one.granted_at, one.purpose, one.category, one.channel))))
facts = st.builds(
    Facts, checks, consents,
    st.none() | st.builds(Contact, mostly("Elenco", ""), mostly(True, False),
                          st.none() | instants().map(datetime.date)),
    rarely(st.builds(Objection, instants(), st.just("call"))),
    rarely(st.lists(st.builds(Callback, instants(), st.none() | instants(), st.booleans()), max_size=3,
                    unique_by=lambda one: one.requested_at)).map(lambda found: tuple(found or ())),
    rarely(st.lists(instants(), max_size=3)).map(lambda found: tuple(found or ())))
calls = st.builds(
    lambda destination, days, hours, agent, purpose, category, source, sector: a_call(
        destination, at=NOW + timedelta(days=days, hours=hours), agent=agent, purpose=purpose, category=category,
        source=source, sector=sector, policy={"hours_off": True}),
    mostly(MOBILE, LANDLINE), mostly(0, 1, 2, 4, 8, 14, 16, 60), st.integers(0, 23),
    mostly(Agent.HUMAN, Agent.AUTOMATED), mostly(Purpose.MARKETING, Purpose.MARKET_RESEARCH),
    mostly("telecom", "energy"), mostly("Lista", None), mostly("telecom", "energy"))


def forgotten(known: Facts, kept_days: int) -> Facts:
    before = retention.reaches_back_to(NOW, kept_days)
    return replace(
        known, checks=retention.kept_checks(known.checks, before),
        consents=retention.kept_consents(known.consents, before),
        contact=known.contact and retention.kept_contact(known.contact, before),
        callbacks=retention.kept_callbacks(known.callbacks, before, 30),
        silent_calls=retention.kept_silent_calls(known.silent_calls, before))


def forgotten_in_parts(known: Facts, part: int, kept_days: int) -> Facts:
    """One kind alone: no kind leans on another one's going too."""
    after = forgotten(known, kept_days)
    names = ("checks", "consents", "contact", "callbacks", "silent_calls")
    return replace(known, **{names[part]: getattr(after, names[part])})


@settings(max_examples=3_000, deadline=None)
@given(known=facts, call=calls, part=st.integers(-1, 4))
def test_a_purge_never_turns_a_deny_into_an_allow(known: Facts, call: Any, part: int) -> None:
    after = forgotten(known, 40) if part < 0 else forgotten_in_parts(known, part, 40)
    if decide(call, known).outcome is Outcome.DENY:
        assert decide(call, after).outcome is Outcome.DENY


def test_a_purge_of_checks_never_lets_a_consent_through() -> None:
    """Where all else is in order, and histories are long: without and with older files that are loaded after it."""
    random = Random(1)
    call_days = (0, 1, 8)
    calls = [a_call(at=NOW + nth * DAY, policy={"hours_off": True}) for nth in call_days]
    denied = 0
    for _ in range(6_000):
        found = {(NOW - random.choice((-1, 1, 8, 39, 41, 50, 60, 70)) * DAY, random.random() < 0.5)
                 for _check in range(random.randint(1, 5))}
        found = {Check(at, enrolled, values.check_id(at, 0)) for at, enrolled in found}
        later = set(random.sample(sorted(found, key=_by_time), random.randint(0, 1)))
        consent = Consent(NOW - random.choice((5, 38, 45, 55, 65)) * DAY, "marketing", "telecom", "both", "web", "sms")
        known = Facts(tuple(sorted(found - later, key=_by_time)), (consent,))
        kept = retention.kept_checks(known.checks, retention.reaches_back_to(NOW, 40))
        for call in calls:
            if decide(call, replace(known, checks=tuple(sorted(found, key=_by_time)))).outcome is Outcome.DENY:
                denied += 1
                after = replace(known, checks=tuple(sorted({*kept, *later}, key=_by_time)))
                assert decide(call, after).outcome is Outcome.DENY
    assert denied > 1_000


def _by_time(one: Check) -> tuple[datetime, bool]:
    return one.at, one.enrolled


@settings(max_examples=500, deadline=None)
@given(known=facts, call=calls, later=checks)
def test_nor_with_checks_that_are_loaded_after_it(known: Facts, call: Any, later: tuple[Check, ...]) -> None:
    def with_later(some: Facts) -> Facts:
        merged = {(check.at, check.enrolled): check for check in (*later, *some.checks)}
        return replace(some, checks=tuple(merged[key] for key in sorted(merged)))
    after = forgotten(known, 40)
    if known.checks and not after.checks:
        # an answer from before all that was forgotten knows nothing of the last clear one: docs/operations.md warns of it
        last_clear = max(check.at for check in known.checks if not check.enrolled)
        assume(not any(check.enrolled and check.at <= last_clear for check in later))
    if decide(call, with_later(known)).outcome is Outcome.DENY:
        assert decide(call, with_later(after)).outcome is Outcome.DENY


@settings(max_examples=500, deadline=None)
@given(known=facts)
def test_what_was_purged_once_stays_as_it_is(known: Facts) -> None:
    assert forgotten(forgotten(known, 40), 40) == forgotten(known, 40)


@settings(max_examples=500, deadline=None)
@given(known=facts, call=calls)
def test_a_call_within_retention_rests_on_the_same_as_before(known: Facts, call: Any) -> None:
    """Where nothing but checks went and the last one is young, not even the reason is another."""
    young = replace(known, checks=(*known.checks, Check(NOW, False, values.check_id(NOW, 1))))
    after = replace(young, checks=retention.kept_checks(young.checks, retention.reaches_back_to(NOW, 40)))
    assert decide(call, after) == decide(call, young)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(known=st.lists(facts, min_size=1, max_size=20))
def test_pages_forget_what_the_facts_say(client: redis.Redis, known: list[Facts]) -> None:
    """The store's way, by column and page, and the rules' way, number by number, are one."""
    client.flushall()
    of_number = {f"+3933312345{nth:02}": one for nth, one in enumerate(known)}
    encoded = {keys.REGISTRY: lambda one: b"".join(
                   values.check_bytes(check.at, 0, check.enrolled) for check in one.checks),
               keys.CONSENTS: lambda one: one.consents and values.consents_bytes(one.consents),
               keys.CONTACTS: lambda one: one.contact and values.contact_bytes(one.contact),
               keys.OBJECTIONS: lambda one: one.objection and values.objection_bytes(one.objection),
               keys.CALLBACKS: lambda one: one.callbacks and values.callbacks_bytes(one.callbacks),
               keys.RESTS: lambda one: one.silent_calls and values.silent_calls_bytes(one.silent_calls)}
    load(client, {kind: {number: value for number, one in of_number.items() if (value := encode(one))}
                  for kind, encode in encoded.items()})
    for number, one in of_number.items():
        for callback in one.callbacks:
            if callback.used:
                client.hset(keys.used_key("acme"), used.field_of(number, callback), "")
    before = {number: facts_of(client, number) for number in of_number}
    with Load(client, ["acme"]) as work:
        look = Purging(client, "acme", retention.Retention(*[40] * 6), NOW)
        for batch in look.batches():
            work.put_back("acme", [(name.encode(), body) for name, body in batch.changed.items()])
        work.commit({"loaded_at": "now"})
    assert {number: facts_of(client, number) for number in of_number} == {
        number: forgotten(one, 40) for number, one in before.items()}
    look.forget_marks(look.old_marks())
    assert {number: facts_of(client, number) for number in of_number} == {
        number: forgotten(one, 40) for number, one in before.items()}


def test_an_enrolment_of_long_ago_still_voids_after_a_purge() -> None:
    """Where nobody asked the registry for years, and the first new answer is clear."""
    consent = Consent(NOW - 3_000 * DAY, "marketing", "telecom", "both", "web", "sms")
    history = tuple(Check(NOW - days * DAY, enrolled, values.check_id(NOW - days * DAY, 0))
                    for days, enrolled in ((2_900, False), (2_800, True), (2_700, True), (2_600, False), (2_500, False)))
    kept = retention.kept_checks(history, retention.reaches_back_to(NOW, retention.FIVE_YEARS_DAYS))
    assert kept == history
    for checks in (history, kept):
        fresh = Check(NOW - DAY, False, "fresh")
        verdict = decide(a_call(), Facts((*checks, fresh), (consent,)))
        assert verdict.reason.name == "CONSENT_VOIDED_BY_REGISTRY"


# --- the verb

AgiGate = Callable[..., Ran]


@pytest.fixture(autouse=True)
def calls_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_LONGEST_CALL_S", 0.01)


@pytest.fixture
def gate_toml(store_url: str, tmp_path: Path) -> Path:
    return write_gate_toml(tmp_path, ("[controllers.acme]", '[controllers.beta]\nname = "Beta"\nsector = "x"\n'
                                                            "[controllers.acme]"))


@pytest.fixture
def agi_gate(gate_toml: Path, capsys: pytest.CaptureFixture[str]) -> AgiGate:
    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        try:
            code = main(["--config", str(gate_toml), *map(str, arguments)])
        except SystemExit as end:  # argparse's own way out
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())
    return run


@pytest.fixture
def client(store_url: str) -> Iterator[redis.Redis]:
    with connect(store_url, PATIENT_MS) as client:
        yield client


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def feed(tmp_path: Path, agi_gate: AgiGate) -> Callable[..., Ran]:
    """Load a feed: its name, its rows behind the header, further options."""
    headers = {"consents": "number,controller,granted_at,purpose,category,channel,origin,evidence,"
                           "expires_at,revoked_at",
               "contacts": "number,controller,source,directory,acquired_on",
               "objections": "number,controller,objected_at,via",
               "callbacks": "number,controller,requested_at,valid_until", "rests": "number,controller,silent_at"}

    def run(name: str, *rows: str, options: tuple[str, ...] = ()) -> Ran:
        path = tmp_path / f"{name}.csv"
        path.write_text("".join(f"{line}\n" for line in ([headers[name]] if name in headers else []) + list(rows)))
        ran = agi_gate("load", name, path, *options)
        assert ran.code == DONE, ran.err
        return ran
    return run


def check(feed: Callable[..., Ran], at: datetime, *rows: str, controller: str = "acme") -> None:
    feed("registry", *rows, options=("--controller", controller, "--checked-at", at.isoformat()))


def facts_of(client: redis.Redis, number: str, controller: str = "acme") -> Facts:
    return Store(client).facts_for(controller, number)


def age(archive: Archive, days: int = 3_000) -> None:
    """Make all that is archived older than it is."""
    for path in sorted((archive.path / "receipts").glob("*.json")):
        receipt = json.loads(path.read_text())
        begun_at = datetime.fromisoformat(receipt["begun_at"]) - days * DAY
        receipt["begun_at"] = begun_at.isoformat(timespec="microseconds")
        path.unlink()
        stamp = begun_at.strftime("%Y%m%dT%H%M%S.%fZ")
        (path.parent / f"{stamp}-{receipt['load_id']}.json").write_text(json.dumps(receipt))


def test_what_is_past_retention_goes_and_the_rest_stays(agi_gate: AgiGate, feed: Callable[..., Ran],
                                                        client: redis.Redis) -> None:
    check(feed, LONG_AGO, "3331234500,1", "3331234501,0", "3331234509,0")
    check(feed, LONG_AGO - 90 * DAY, "3331234501,1")
    check(feed, LATELY, "3331234501,1", "0212345601,0")
    feed("consents", f"{NUMBER},acme,{LONG_AGO},marketing,telecom,both,web,sms,{LONG_AGO + DAY},",
         f"{OTHER},acme,{LONG_AGO},marketing,telecom,both,web,sms,,")
    feed("contacts", f"{NUMBER},acme,Elenco,yes,{LONG_AGO.date()}", f"{OTHER},acme,Elenco,yes,{LATELY.date()}",
         f"{THIRD},acme,Elenco,yes,")
    feed("callbacks", f"{NUMBER},acme,{LONG_AGO},{LONG_AGO + DAY}", f"{OTHER},acme,{LONG_AGO},{LATELY}",
         f"{THIRD},acme,{LONG_AGO},")
    feed("rests", f"{NUMBER},acme,{LONG_AGO}", f"{OTHER},acme,{LONG_AGO}", f"{OTHER},acme,{LATELY}")
    ran = agi_gate("purge", "--json")
    assert ran.code == DONE, ran.err
    assert ran.json["controllers"]["acme"] == {
        "gone": {"call-backs": 2, "consents": 1, "contacts": 1, "numbers, unknown from now on": 1, "results": 1,
                 "silent calls": 2},
        "stays": {"consents without an end": 1, "contacts without a date": 1, "open call-backs": 1, "results": 3}}
    # an enrolment voids the consents from before it for good
    assert [(one.at, one.enrolled) for one in facts_of(client, NUMBER).checks] == [(LONG_AGO, True)]
    assert facts_of(client, "+393331234509") == Facts()
    other = facts_of(client, OTHER)
    assert [(one.at, one.enrolled) for one in other.checks] == [
        (LONG_AGO - 90 * DAY, True), (LONG_AGO, False), (LATELY, True)]
    assert len(other.consents) == len(other.callbacks) == 1 and other.silent_calls == (LATELY,)
    assert facts_of(client, THIRD).contact == Contact("Elenco", True)


def test_a_no_stays_for_good(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis) -> None:
    feed("objections", f"{NUMBER},acme,{LONG_AGO},call")
    feed("consents", f"{NUMBER},acme,{LONG_AGO},marketing,telecom,both,web,sms,{LONG_AGO + DAY},{LONG_AGO + DAY}")
    ran = agi_gate("purge")
    assert ran.code == DONE
    assert "acme: removed 1 proofs of revoked consents\n" in ran.out
    assert "  kept although old: 1 objections (a no holds for good)\n" in ran.out
    assert "  kept although old: 1 revoked consents (a no holds for good)\n" in ran.out
    after = facts_of(client, NUMBER)
    assert after.objection == Objection(LONG_AGO, "call")
    [consent] = after.consents
    assert (consent.revoked_at, consent.origin, consent.evidence) == (LONG_AGO + DAY, "", "")


def test_a_used_call_back_goes_with_its_mark_and_an_open_one_stays(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis) -> None:
    far = LATELY + 1_000 * DAY
    feed("callbacks", f"{NUMBER},acme,{LONG_AGO},", f"{OTHER},acme,{LONG_AGO},{far}", f"{OTHER},acme,{LATELY},",
         f"{THIRD},acme,{LONG_AGO},{far}")
    store = Store(client)
    assert store.claim("acme", NUMBER, Callback(LONG_AGO)) and store.claim("acme", OTHER, Callback(LATELY))
    assert store.claim("acme", THIRD, Callback(LONG_AGO))
    assert agi_gate("purge").code == DONE
    assert facts_of(client, NUMBER).callbacks == () and not is_marked(client)
    assert facts_of(client, OTHER).callbacks == (Callback(LONG_AGO, far), Callback(LATELY, used=True))
    # its list may be loaded again, and it would count
    assert facts_of(client, THIRD).callbacks == (Callback(LONG_AGO, far, used=True),)


def test_a_mark_goes_after_its_call_back_and_never_before(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    feed("callbacks", f"{NUMBER},acme,{LONG_AGO},")
    Store(client).claim("acme", NUMBER, Callback(LONG_AGO))

    def killed(groups: Any, chosen: Any) -> None:
        raise KeyboardInterrupt
    with monkeypatch.context() as patched:
        patched.setattr(purging, "_forget_marks", killed)
        agi_gate("purge")
    assert facts_of(client, NUMBER).callbacks == () and is_marked(client)
    assert agi_gate("purge").code == DONE  # what the kill left
    assert not is_marked(client)


def is_marked(client: redis.Redis) -> bool:
    return bool(client.hexists(keys.used_key("acme"), used.field_of(NUMBER, Callback(LONG_AGO))))


def test_a_dry_run_says_what_would_go_and_writes_nothing(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}", f"{NUMBER},beta,{LONG_AGO}")
    age(archive)
    before = everything(client), sorted(archive.path.rglob("*"))
    ran = agi_gate("purge", "--dry-run", "--json")
    assert (ran.code, ran.json["changed"], ran.json["dry_run"]) == (DONE, False, True)
    assert ran.json["archive"] == {"feeds": 1, "receipts": 1, "exports": 0}
    assert (everything(client), sorted(archive.path.rglob("*"))) == before
    really = agi_gate("purge", "--json").json
    assert {key: really[key] for key in ("controllers", "archive")} == {
        key: ran.json[key] for key in ("controllers", "archive")}


def test_a_second_purge_finds_nothing(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis,
                                      archive: Archive) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}", f"{NUMBER},acme,{LATELY}")
    age(archive)
    assert agi_gate("purge", "--json").json["changed"] is True
    before = everything(client), sorted(archive.path.rglob("*"))
    ran = agi_gate("purge")
    assert (ran.code, ran.out) == (DONE, "acme: removed nothing\nbeta: removed nothing\narchive: removed nothing\n")
    assert (everything(client), sorted(archive.path.rglob("*"))) == before


def test_one_controller_alone(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis,
                              archive: Archive) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    feed("rests", f"{NUMBER},beta,{LONG_AGO}")
    feed("rests", f"{NUMBER},acme,{LONG_AGO}", f"{OTHER},beta,{LONG_AGO}")
    age(archive)
    ran = agi_gate("purge", "--controller", "beta", "--json")
    assert list(ran.json["controllers"]) == ["beta"] and ran.json["archive"]["receipts"] == 1
    assert facts_of(client, NUMBER).silent_calls and not facts_of(client, NUMBER, "beta").silent_calls
    assert agi_gate("purge", "--controller", "nobody").code == USAGE


# --- the archive

def test_old_feeds_go_and_the_store_can_still_be_made_again(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive) -> None:
    check(feed, LONG_AGO, "3331234500,0", "3331234501,0")
    feed("objections", f"{NUMBER},acme,{LONG_AGO},call")
    age(archive)
    check(feed, LATELY, "3331234501,1")
    feed("contacts", f"{OTHER},acme,Elenco,yes,{LATELY.date()}", f"{OTHER},beta,Elenco,no,{LONG_AGO.date()}")
    young = {sha256 for receipt in archive.receipts.all()[2:] for sha256 in receipt["files"]}
    ran = agi_gate("purge", "--json")
    assert ran.code == DONE, ran.err
    assert ran.json["archive"] == {"feeds": 2, "receipts": 2, "exports": 0}
    assert set(archive.feeds.all()) == young and archive.undo.all() == []
    assert archive.snapshots.all() == [ran.json["snapshot"]]
    feed("contacts", f"{THIRD},acme,Elenco,yes,{LATELY.date()}")  # after the snapshot
    asked = [(number, controller) for number in (NUMBER, OTHER, THIRD) for controller in ("acme", "beta")]
    known = [facts_of(client, *of) for of in asked]
    client.flushall()
    assert agi_gate("rebuild").code == DONE
    assert known == [facts_of(client, *of) for of in asked]
    assert agi_gate("purge", "--json").json["changed"] is False


def test_a_feed_that_a_younger_receipt_speaks_of_stays(agi_gate: AgiGate, feed: Callable[..., Ran],
                                                       archive: Archive) -> None:
    feed("objections", f"{NUMBER},acme,{LONG_AGO},call")
    [first] = archive.receipts.all()
    age(archive)
    again = {**first, "load_id": "b" * 16, "changes": {"unchanged": 1}, "shown": []}
    archive.receipts.accept(archive.receipts.begin(
        {key: value for key, value in again.items() if key != "begun_at"}, datetime.now(UTC)))
    ran = agi_gate("purge", "--json")
    assert ran.json["archive"] == {"feeds": 0, "receipts": 1, "exports": 0}
    assert archive.feeds.all() == first["files"]


def test_a_feed_whose_load_was_refused_goes_by_its_own_age(agi_gate: AgiGate, archive: Archive,
                                                           feed: Callable[..., Ran]) -> None:
    for text in (b"old", b"new"):
        archive.feeds.keep(text, hashlib.sha256(text).hexdigest())
    old = archive.path / "feeds" / f"{hashlib.sha256(b'old').hexdigest()}.zst"
    os.utime(old, (LONG_AGO.timestamp(),) * 2)
    assert agi_gate("purge", "--json").json["archive"]["feeds"] == 1
    assert archive.feeds.all() == [hashlib.sha256(b"new").hexdigest()]


def test_old_exports_go_with_their_numbers(agi_gate: AgiGate, archive: Archive) -> None:
    for nth, created_at in enumerate((LONG_AGO, LATELY)):
        archive.exports.remember(Export(f"run-{nth}", "acme", created_at, 1, 1, "lista.zip", "", 1, 390212345601,
                                        390212345601, 0, "ops"), np.array([390212345601], np.int64))
    assert agi_gate("purge", "--json").json["archive"]["exports"] == 1
    assert [export.id for export in archive.exports.all()] == ["run-1"]
    assert sorted(path.name for path in (archive.path / "exports").iterdir()) == ["run-1.json", "run-1.zst"]


def test_the_record_of_a_check_stays_as_long_as_a_result_of_it(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive) -> None:
    check(feed, LONG_AGO - DAY, "3331234500,0")
    check(feed, LONG_AGO, "3331234501,0")
    check(feed, LATELY, "3331234501,1")
    assert agi_gate("purge").code == DONE
    ids = {one.id.partition("-")[0] for one in facts_of(client, OTHER).checks}
    records: Any = client.hgetall(keys.checks_key("acme"))
    assert {name.decode().partition("-")[0] for name in records} == ids and len(ids) == 2
    [receipt] = [one for one in archive.receipts.all() if one["feed"] == "purge"]
    assert receipt["state"]["checks"]["acme"] == {name.decode(): json.loads(text) for name, text in records.items()}


def test_what_a_purge_keeps_of_used_call_backs_is_in_its_receipt(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive) -> None:
    feed("callbacks", f"{NUMBER},acme,{LATELY},", f"{OTHER},acme,{LATELY},")
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    Store(client).claim("acme", NUMBER, Callback(LATELY))
    assert agi_gate("purge").code == DONE
    state = archive.receipts.all()[-1]["state"]
    assert state["used"] == {"acme": [[NUMBER, values.callback_token(Callback(LATELY))]], "beta": []}


@pytest.mark.parametrize("lost", ("all", "the last load"))
def test_a_store_that_lacks_what_the_archive_has_is_not_purged(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive, lost: str) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    older = {name: client.dump(name) for name in client.keys("*")}  # type: ignore[union-attr]
    feed("objections", f"{NUMBER},acme,{LATELY},call")
    client.flushall()
    for name, value in older.items() if lost != "all" else ():
        client.restore(name, 0, value)  # type: ignore[arg-type]
    files = sorted(archive.path.rglob("*"))
    for options in ((), ("--dry-run",)):
        ran = agi_gate("purge", *options)
        assert (ran.code, ran.out) == (REFUSED, "") and "empty it and run agi-gate rebuild" in ran.err
    assert [path for path in sorted(archive.path.rglob("*")) if path.name != "snapshots"] == files


def test_an_emptied_store_is_known_after_a_purge_of_the_archive_alone(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive) -> None:
    feed("objections", f"{NUMBER},acme,{LATELY},call")
    age(archive)
    assert agi_gate("purge", "--json").json["archive"]["feeds"] == 1
    client.flushall()
    assert agi_gate("purge").code == REFUSED
    assert agi_gate("rebuild").code == DONE
    assert facts_of(client, NUMBER).objection == Objection(LATELY, "call")


def test_a_load_before_a_purge_cannot_be_taken_back(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis,
                                                    archive: Archive) -> None:
    feed("objections", f"{NUMBER},acme,{LATELY},call")
    age(archive)
    assert agi_gate("purge").code == DONE
    assert agi_gate("rollback").code == REFUSED
    assert facts_of(client, NUMBER).objection is not None


def test_controllers_that_a_cluster_keeps_apart_are_purged_one_after_the_other(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive,
        monkeypatch: pytest.MonkeyPatch) -> None:
    for controller in ("acme", "beta"):
        feed("rests", f"{NUMBER},{controller},{LONG_AGO}", f"{NUMBER},{controller},{LATELY}")
    age(archive)

    def apart(self: Servers, controllers: Any) -> redis.Redis:
        raise SlotsApart
    with monkeypatch.context() as patched:
        patched.setattr(Servers, "client_of_all", apart)
        ran = agi_gate("purge", "--json")
        assert ran.code == DONE, ran.err
    assert ran.json["archive"]["receipts"] == 2
    assert [receipt.get("snapshot") for receipt in archive.receipts.all()] == [None, ran.json["snapshot"]]
    assert agi_gate("purge", "--json").json["changed"] is False
    client.flushall()
    assert agi_gate("rebuild").code == DONE
    assert [facts_of(client, NUMBER, controller).silent_calls for controller in ("acme", "beta")] == [(LATELY,)] * 2


# --- all of it or nothing

def test_a_purge_that_fails_at_its_commit_has_changed_nothing(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive,
        monkeypatch: pytest.MonkeyPatch) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    age(archive)

    def overtaken(self: Load, *arguments: Any) -> bool:
        client.set(keys.lock_key("acme"), "another")
        return commit(self, *arguments)
    commit = Load.commit
    monkeypatch.setattr(Load, "commit", overtaken)
    ran = agi_gate("purge")
    assert ran.code == REFUSED and "nothing was changed" in ran.err
    client.delete(keys.lock_key("acme"))
    assert facts_of(client, NUMBER).silent_calls == (LONG_AGO,)
    assert len(archive.feeds.all()) == 1 and archive.snapshots.all() == archive.receipts.pending() == []


@pytest.mark.parametrize("after_the_commit", (False, True))
def test_a_purge_killed_at_its_commit_is_settled_by_the_next(
        agi_gate: AgiGate, gate_toml: Path, feed: Callable[..., Ran], client: redis.Redis, archive: Archive,
        store_url: str, after_the_commit: bool) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    age(archive)
    script = f"""
import os, signal, sys
from agi_gate.ops.main import main
from agi_gate.store.loader import Load
commit = Load.commit
def killed(self, *arguments):
    {"commit(self, *arguments)" if after_the_commit else "pass"}
    os.kill(os.getpid(), signal.SIGKILL)
Load.commit = killed
main(["--config", {str(gate_toml)!r}, "purge"])
"""
    ran = subprocess.run([sys.executable, "-c", script], env={**os.environ, "AGI_GATE_STORE_URL": store_url})
    assert ran.returncode == -signal.SIGKILL
    assert bool(facts_of(client, NUMBER).silent_calls) is not after_the_commit
    assert len(archive.feeds.all()) == 1 and len(archive.receipts.pending()) == 1
    for controller in ("acme", "beta"):
        client.delete(keys.lock_key(controller))  # as a minute does
    assert agi_gate("purge").code == DONE
    assert not facts_of(client, NUMBER).silent_calls
    assert archive.feeds.all() == archive.receipts.pending() == [] and len(archive.snapshots.all()) == 1


def test_a_purge_waits_for_nobody(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    with Load(client, ["beta"]):
        ran = agi_gate("purge")
    assert ran.code == REFUSED and "another load of controller `beta` is at work" in ran.err
    assert facts_of(client, NUMBER).silent_calls


def test_what_no_failover_may_lose_comes_before_what_cannot_be_had_back(
        agi_gate: AgiGate, feed: Callable[..., Ran], archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")
    age(archive)
    with monkeypatch.context() as patched:
        patched.setattr(Servers, "kept", lambda *arguments: False)
        ran = agi_gate("purge")
    assert ran.code == TO_MEND and "the purge is in force, but" in ran.err and "run it again" in ran.err
    assert "archive: removed nothing\n" in ran.out and len(archive.feeds.all()) == 1
    assert agi_gate("purge").code == DONE and archive.feeds.all() == []


def test_no_store_is_exit_4(agi_gate: AgiGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGI_GATE_STORE_URL", "redis://127.0.0.1:1/0")
    for options in ((), ("--dry-run",)):
        ran = agi_gate("purge", *options)
        assert (ran.code, ran.out) == (UNREACHABLE, "")


@pytest.mark.parametrize("years", (-6, 1, 11))
@pytest.mark.parametrize("seen", ("whole", "lost"))
def test_a_purge_under_a_clock_of_other_years_is_refused(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive, monkeypatch: pytest.MonkeyPatch,
        seen: str, years: int) -> None:
    """The nightly job, its loads before its purge, under a clock that is wrong all night."""
    feed("rests", f"{NUMBER},acme,{LATELY}")
    if seen == "lost":
        (archive.path / "seen").unlink()
    before = everything(client), sorted(archive.path.rglob("*"))
    moved = Mock(wraps=datetime, now=lambda zone: datetime.now(zone) + years * 365 * DAY)
    with monkeypatch.context() as wrong:
        for module in ("ops.purge", "ops.accept", "archive.receipts"):
            wrong.setattr(f"agi_gate.{module}.datetime", moved)
        for options in (("--yes",), ("--dry-run",), ("--json", "--controller", "acme")):
            ran = agi_gate("purge", *options)
            assert ran.code == REFUSED and "the clock says" in ran.err and "--clock-is-right; nothing was changed" in ran.err
        assert (everything(client), sorted(archive.path.rglob("*"))) == before
        agi_gate("load", "rests", archive.path.with_name("rests.csv"))
        assert agi_gate("purge", "--yes").code == REFUSED, "a load under the same clock is no witness"
        assert facts_of(client, NUMBER).silent_calls
    assert agi_gate("purge", "--yes").code == DONE


def test_a_purge_under_a_clock_that_somebody_has_looked_at(
        agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, archive: Archive, gate_toml: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    feed("rests", f"{NUMBER},acme,{LATELY}")
    monkeypatch.setattr("agi_gate.ops.purge.datetime", Mock(wraps=datetime, now=lambda zone: datetime.now(zone) + 3_000 * DAY))
    log = config.load(gate_toml).log.path
    time_seen.trust(log, datetime.now(UTC))
    assert agi_gate("purge", "--dry-run").code == REFUSED
    time_seen.trust(log, datetime.now(UTC) + 3_000 * DAY)
    assert agi_gate("purge", "--dry-run").code == DONE, "the log's upkeep has seen that time"
    files.seen(log).unlink()
    assert agi_gate("purge", "--dry-run", "--clock-is-right").code == DONE
    assert agi_gate("purge", "--dry-run").code == REFUSED, "looking changes nothing"
    assert agi_gate("purge", "--yes", "--clock-is-right").code == DONE
    assert agi_gate("purge", "--dry-run").code == DONE and not facts_of(client, NUMBER).silent_calls


@pytest.mark.parametrize("answer", ("n\n", "", "yes\n"))
def test_a_person_is_asked_first(agi_gate: AgiGate, feed: Callable[..., Ran], client: redis.Redis, answer: str,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    feed("rests", f"{NUMBER},acme,{LONG_AGO}")

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer
    monkeypatch.setattr("sys.stdin", Terminal())
    ran = agi_gate("purge")
    assert "acme: would remove 1 silent calls\n" in ran.out and "remove it for good? [y/N]" in ran.err
    assert (ran.code, bool(facts_of(client, NUMBER).silent_calls)) == (
        (DONE, False) if answer == "yes\n" else (REFUSED, True))


def test_dense_consents_are_purged_too(agi_gate: AgiGate, client: redis.Redis) -> None:
    def rows(granted_at: datetime, expires_at: datetime) -> dict[str, bytes]:
        return {f"+39333123{nth:04}": values.consents_bytes([Consent(
            granted_at + timedelta(seconds=nth), "marketing", "telecom", "both", f"web form {nth}", "proof " * 20,
            expires_at=expires_at)]) for nth in range(1_000)}
    load(client, {keys.CONSENTS: rows(LONG_AGO, LONG_AGO + DAY)})
    assert any(b":d:" in name for name in client.keys("*"))  # type: ignore[union-attr]
    of_late = Consent(LATELY, "marketing", "x", "both", "o", "e")
    load(client, {keys.CONSENTS: {NUMBER: values.consents_bytes([of_late])}})
    assert agi_gate("purge", "--json").json["controllers"]["acme"]["gone"] == {"consents": 1_000}
    assert [one.granted_at for one in facts_of(client, NUMBER).consents] == [LATELY]
    assert facts_of(client, "+393331230001").consents == ()


@pytest.mark.parametrize(("line", "mistake"), (
    ("checks_days = 15", "retention.checks_days: 15 will not do"),
    ("rests_days = 5", "retention.rests_days: 5 will not do"),
    ("consents_days = 30", "retention.consents_days: 30 will not do"),
    ("feeds_days = 1826", "retention.feeds_days: 1826 is less than checks_days, 1827"),
    ("checks_days = 4000", "retention.feeds_days: 1827 is less than checks_days, 4000"),
    ("check_days = 4000", "retention.check_days: is not a key that the gate knows; did you mean `checks_days`?")))
def test_a_retention_that_would_break_decisions_is_a_mistake(tmp_path: Path, line: str, mistake: str) -> None:
    with pytest.raises(config.ConfigError) as raised:
        config.load(write_gate_toml(tmp_path, ("[policy]", f"[retention]\n{line}\n[policy]")))
    assert len(raised.value.mistakes) == 1 and raised.value.mistakes[0].startswith(mistake)


def test_a_retention_of_the_configuration_is_kept(tmp_path: Path) -> None:
    lines = "[retention]\nchecks_days = 100\nfeeds_days = 100\n[policy]"
    assert config.load(write_gate_toml(tmp_path, ("[policy]", lines))).retention == retention.Retention(
        checks_days=100, feeds_days=100)


def test_a_date_alone_is_what_a_contact_ages_by() -> None:
    before = datetime(2026, 1, 1, tzinfo=UTC)
    assert retention.kept_contact(Contact("x", True, date(2025, 12, 31)), before) is None
    assert retention.kept_contact(Contact("x", True, date(2026, 1, 1)), before) is not None
