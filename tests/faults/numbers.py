"""The numbers that the callers call, the answer that is right for each, and the gate's configuration for them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lab.waiting import PATIENCE_S
from tests.support.daemon import AGI_GATE
from tests.support.gate_toml import GATE_TOML

STORE_UNAVAILABLE, LOG_UNAVAILABLE = "DENY STORE_UNAVAILABLE", "DENY LOG_UNAVAILABLE"
CALLBACKS = tuple(f"06{number:08}" for number in range(70_000_000, 70_004_000))
TRIES = 4  # of each call-back
_called_back = count()


@dataclass(frozen=True)
class Kind:
    """A call whose right answer is known; `right` where nothing is wrong."""

    name: str
    number: str
    campaign: str
    right: str
    e164: str
    needs_store: bool = True

    @property
    def may_be_allowed(self) -> bool:
        return self.right.startswith("ALLOW")


CLEAR = Kind("clear", "0212345601", "fibra", "ALLOW DIRECTORY_NOT_OPPOSED", "+390212345601")
ENROLLED = Kind("enrolled", "0212345602", "fibra", "DENY REGISTRY_OPPOSED", "+390212345602")
NEVER_CHECKED = Kind("never checked", "0212345603", "fibra", "DENY REGISTRY_UNKNOWN", "+390212345603")
OBJECTED = Kind("objected", "0212345605", "fibra", "DENY OBJECTION_RECORDED", "+390212345605")
SERVICE = Kind("service", "0212345603", "assistenza", "ALLOW SERVICE", "+390212345603", needs_store=False)
EMERGENCY = Kind("emergency", "112", "fibra", "ALLOW EMERGENCY", "112", needs_store=False)
UNDECLARED = Kind("unknown campaign", "0212345601", "nobody", "DENY CAMPAIGN_UNKNOWN", "+390212345601", needs_store=False)


def called_back(number: str) -> Kind:
    """Asked for one call, and never checked: one call is allowed, and no second one."""
    return Kind("call-back", number, "fibra", "ALLOW CALLBACK_REQUESTED", f"+39{number}")


def mix() -> Iterator[Kind]:
    """Calls without end.  Every call-back is tried a few times in a row, by calls that may overlap."""
    while True:
        number = CALLBACKS[next(_called_back) % len(CALLBACKS)]
        for _ in range(TRIES):
            yield from (CLEAR, ENROLLED, called_back(number), CLEAR, NEVER_CHECKED, SERVICE, OBJECTED, CLEAR, EMERGENCY,
                        UNDECLARED)


def write_configuration(folder: Path, *changes: tuple[str, str], log: str = "log/decisions.jsonl") -> Path:
    text = GATE_TOML
    for old, new in (("decisions.jsonl", log), *changes):
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "gate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_feeds(folder: Path) -> list[list[str]]:
    """The arguments that load each; checked today at midnight, so that the check is fresh at any hour the tests run."""
    at = time.strftime("%Y-%m-%dT00:00:00+00:00", time.gmtime())
    listed = (CLEAR, ENROLLED, NEVER_CHECKED, OBJECTED)
    files = {
        "esito.txt": f"{CLEAR.number},0\r\n{ENROLLED.number},1\r\n{OBJECTED.number},0\r\n",
        "contacts.csv": "number,controller,source,directory\n" + "".join(
            f"{number},acme,Elenco,yes\n" for number in (*(kind.number for kind in listed), *CALLBACKS)),
        "objections.csv": f"number,controller,objected_at,via\n{OBJECTED.number},acme,{at},call\n",
        "callbacks.csv": "number,controller,requested_at\n" + "".join(f"{number},acme,{at}\n" for number in CALLBACKS)}
    for name, text in files.items():
        (folder / name).write_text(text)
    # under calls the order matters: checks and contacts without the objections would let a call through
    return [["objections", "objections.csv"], ["callbacks", "callbacks.csv"], ["contacts", "contacts.csv"],
            ["registry", "esito.txt", "--controller", "acme", "--checked-at", at]]


def load(configuration: Path, environment: dict[str, str]) -> None:
    """Load them as ops would, by commands of their own: the caller's threads run on meanwhile."""
    for feed in write_feeds(configuration.parent):
        subprocess.run([AGI_GATE, "--config", configuration, "load", *feed], cwd=configuration.parent, env=environment,
                       check=True, timeout=PATIENCE_S, capture_output=True)
