"""Calls whose right answer is known, decided without a pause while servers fail: what they were told, and when.

Each controller has one number of each kind.  Right is the kind's own reason, or that the store could not be asked.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

from agi_gate.facts import Callback, Contact, Objection
from agi_gate.answer import decide_call
from agi_gate.policy import Controller
from agi_gate.store import keys, values
from agi_gate.store.reader import Store, StoreUnavailable
from agi_gate.store.servers import Servers, replica_offsets
from agi_gate.verdict import Reason, Verdict
from lab.waiting import PATIENT_MS, eventually
from tests.store.conftest import TIMEOUT_MS
from tests.store.loads import day, load
from tests.support.builders import CLEAR, OF_THE_CALL_CENTRE, a_call
from tests.support.builders import time as instant

ACME, FIBRA, GAMMA = CONTROLLERS = ("acme", "fibra", "gamma")  # on a slot of each of three masters
ALLOWED, ENROLLED, OBJECTED, LATER_OBJECTED = "+393331234500", "+393331234501", "+390212345602", "+393331234503"
RIGHT = {ALLOWED: Reason.DIRECTORY_NOT_OPPOSED, ENROLLED: Reason.REGISTRY_OPPOSED, OBJECTED: Reason.OBJECTION_RECORDED}
CALLED_BACK = "+393331234510"
CALLBACKS = [Callback(day(number)) for number in range(1, 21)]


def ask(store: Store, controller: str, e164: str) -> Verdict:
    call = a_call(e164, caller_id=OF_THE_CALL_CENTRE, controller=Controller(controller, "telecom"))
    return decide_call(call, store, claim=False).verdict


def load_numbers(servers: Servers) -> None:
    """Give each controller its numbers, and see that every replica has them."""
    clear = {number: values.check_bytes(CLEAR[0].at, 0, False) for number in (ALLOWED, OBJECTED, LATER_OBJECTED)}
    listed = dict.fromkeys((*clear, ENROLLED), values.contact_bytes(Contact("Elenco", True)))
    for controller in CONTROLLERS:
        client = servers.client_of(controller)
        load(client, {
            keys.REGISTRY: clear | {ENROLLED: values.check_bytes(CLEAR[0].at, 0, True)}, keys.CONTACTS: listed,
            keys.OBJECTIONS: {OBJECTED: objection()}}, controller)
        replicas = len(replica_offsets(client)[1])
        assert client.wait(replicas, PATIENT_MS) >= replicas


def objection() -> bytes:
    return values.objection_bytes(Objection(instant("2026-10-13T09:00:00+02:00"), "call"))


def object_later(servers: Servers, controller: str) -> None:
    """The objection that a server which slept through the failover does not know of."""
    client = servers.client_of(controller)
    load(client, {keys.OBJECTIONS: {LATER_OBJECTED: objection()}}, controller)
    assert servers.kept(client, [controller])


def all_used_up(store: Store) -> bool:
    """Say whether every call-back stays used up.  Servers that do not agree yet who the master is tell nothing: wait."""
    def answers(callback: Callback) -> tuple[bool]:
        return (store.claim(ACME, CALLED_BACK, callback),)

    return not any(eventually(lambda callback=callback: answers(callback), "the store answers",  # type: ignore[misc]
                              not_yet=(StoreUnavailable,))[0] for callback in CALLBACKS)


def asked_again_and_again(url: str, controller: str, idle: Store, seconds: float) -> set[Reason]:
    """What a gate that did not ask since then is told of the later objection, and one that was just started."""
    reasons, until = set[Reason](), time.monotonic() + seconds

    def is_enough() -> bool:
        reasons.update(ask(store, controller, LATER_OBJECTED).reason for store in (idle, Store.at(url, TIMEOUT_MS)))
        return time.monotonic() > until and reasons != {Reason.STORE_UNAVAILABLE}

    eventually(is_enough, "the store answers")
    return reasons


@dataclass
class Calls:
    """Decides calls of all controllers in threads until the block ends; `wrong` says what was not right."""

    store: Store
    threads_a_controller: int = 2
    wrong: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    _allowed_at: dict[str, list[float]] = field(default_factory=lambda: {controller: [] for controller in CONTROLLERS})
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Calls:
        self._threads = [threading.Thread(target=self._decide, args=(controller,))
                         for controller in CONTROLLERS for _ in range(self.threads_a_controller)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _decide(self, controller: str) -> None:
        while not self._over.is_set():
            for e164, right in RIGHT.items():
                try:
                    reason = ask(self.store, controller, e164).reason
                except Exception as error:  # nothing but StoreUnavailable may come from the store
                    self.wrong.append(f"{e164}: {error!r}")
                    continue
                if reason not in (right, Reason.STORE_UNAVAILABLE):
                    self.wrong.append(f"{e164}: {reason.name}")
                self.decided[reason.name] += 1
                if reason is Reason.DIRECTORY_NOT_OPPOSED:
                    self._allowed_at[controller].append(time.monotonic())
            self._over.wait(0.005)

    def recovered_at(self, since: float, controller: str) -> float:
        """Wait until a call of a controller is allowed that was asked well after an instant: when it was.

        How long a failover takes is measured by `make faults`.
        """
        # what was on its way when the server went is no recovery
        return eventually(lambda: next((at for at in self._allowed_at[controller] if at > since + TIMEOUT_MS / 1000), None),
                          f"a call of {controller} is allowed") or 0.0

    def was_allowed(self, controller: str, since: float, until: float) -> bool:
        return any(since < at < until for at in self._allowed_at[controller])
