"""The promise: a call is decided as the law says, to the very reason, over worlds made at random.

`oracle` reads the law a second time, and shares nothing with the rules.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_both_readings_come_to_every_reason() -> None:
    """A promise that was never put to the test is none."""
    seen: Counter[str] = Counter()
    seed = 0
    while seed < 6_000:
        seen[agreed(a_world(Random(seed).choice))] += 1
        seed += 1
    assert {reason.name for reason in Reason if not seen[reason.name]} <= NOT_OF_THE_LAW
    assert {reason.name for reason in Reason if reason.outcome is Outcome.ALLOW} == oracle.ALLOWS
