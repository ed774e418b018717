"""What a second policy would say of a call that was decided, on the same facts and at the same instant.

Core.  For live calls beside a configuration that is to come (`[shadow] config`), and for replay with a new one.  The facts
are those that were fetched under the first policy: where they are another controller's, or were not fetched, the second
policy's verdict is not known, and that is said instead of a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from agi_gate.call import Call, understand
from agi_gate.decide import decide_with_facts, decide_without_facts, must_be_known
from agi_gate.facts import Facts
from agi_gate.policy import FailPolicy, Policy
from agi_gate.verdict import Verdict


class Skipped(Enum):
    """Why the second policy's verdict is not known."""

    CONTROLLER = "controller"  # the facts are what is known for another controller
    FACTS = "facts"            # the first policy needed none, so that none were fetched


def decide_on(call: Call, controller: str | None, facts: Facts | None, *, failed: bool,
              fail: FailPolicy) -> Verdict | Skipped:
    """Decide a call on facts that were fetched for `controller`.

    `failed`: there are none because the store did not answer or was not asked any more, not because none were needed.
    """
    verdict = decide_without_facts(call)
    if verdict is not None and not (failed and must_be_known(verdict, call, fail)):
        return verdict
    if facts is None:
        return decide_with_facts(call, None) if failed else Skipped.FACTS
    if call.known_campaign.controller.id != controller:
        return Skipped.CONTROLLER
    return decide_with_facts(call, facts)


@dataclass(frozen=True, slots=True)
class Shadow:
    policy: Policy
    config: str  # the first 12 hex digits of the file's SHA-256

    def beside(self, call: Call, facts: Facts | None, verdict: Verdict, *, failed: bool) -> dict[str, Any] | None:
        """What is to be recorded beside a live verdict: the difference, or why it is not known; None where there is none.

        Verdict and reasons are compared, not the source that the agent sees.
        """
        second = understand(call.request, self.policy, call.at)
        controller = None if call.campaign is None else call.campaign.controller.id
        shadow = decide_on(second, controller, facts, failed=failed, fail=self.policy.fail)
        if isinstance(shadow, Skipped):
            return {"skipped": shadow.value, "config": self.config}
        if shadow.reasons == verdict.reasons:  # and so the outcome, which the first of them is
            return None
        return {"verdict": shadow.outcome.value, "reasons": list(shadow.reasons), "config": self.config}
