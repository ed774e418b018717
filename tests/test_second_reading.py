"""The promise: a call is decided as the law says, to the very reason, over worlds made at random.

`oracle` reads the law a second time, and shares nothing with the rules.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from agi_gate import record
from agi_gate.decide import decide
from agi_gate.verdict import Outcome, Reason
from tests.support import oracle
from tests.support.worlds import World, a_world

# said by the gate around a decision, never by the decision
NOT_OF_THE_LAW = {"LOG_UNAVAILABLE", "CLOCK_BEHIND"}


def agreed(world: World) -> str:
    """The reason that both readings come to."""
    verdict = decide(world.call(), world.facts())
    expected = oracle.decide(world)
    assert verdict.reason.name == expected, (expected, verdict.reasons, world)
    assert verdict.allows is (expected in oracle.ALLOWS)
    assert all(Reason[name].outcome is verdict.outcome for name in verdict.reasons)
    return expected


@settings(max_examples=200, deadline=None)
@given(world=st.composite(lambda draw: a_world(lambda options: draw(st.sampled_from(options))))())
def test_both_readings_come_to_the_same_reason(world: World) -> None:
    agreed(world)


def test_a_record_of_any_world_decides_it_again() -> None:
    """It holds all that decided: whose the number is, how a request was made and how long it counts, what an AI declares."""
    for seed in range(1_000):
        world = a_world(Random(seed).choice)
        call, facts = world.call(), world.facts()
        verdict = decide(call, facts)
        line, _ = record.write(record.draft("id", call, salt="5a17"), facts, verdict, 1).linked("0", 1, "0" * 64, 0)
        call_again, facts_again = record.read(line.decode())
        assert facts_again == facts and call_again.callback_days == world.callback_days
        assert decide(call_again, facts_again).reasons == verdict.reasons


def test_both_readings_come_to_every_reason() -> None:
    """A promise that was never put to the test is none."""
    seen: Counter[str] = Counter()
    seed = 0
    while seed < 6_000:
        seen[agreed(a_world(Random(seed).choice))] += 1
        seed += 1
    assert {reason.name for reason in Reason if not seen[reason.name]} <= NOT_OF_THE_LAW
    assert {reason.name for reason in Reason if reason.outcome is Outcome.ALLOW} == oracle.ALLOWS
