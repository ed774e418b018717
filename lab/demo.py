"""`make demo`: a real store, sample feeds, the daemon, and calls that are decided before one's eyes.

Lab.  Calls go through a real Asterisk 22 with SIPp as the agent's phone and as the carrier, where the machine can have
them, and through the peer that plays Asterisk elsewhere.  What is shown is read from the decision log, the evidence
itself.  The files stay in `.cache/demo`, to be looked at and loaded again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Column, Table

from lab import phones
from lab.asterisk import PROJECT, Asterisk, Tools, find_asterisk
from lab.peer import ask
from lab.processes import free_port, tied
from lab.store_server import StoreServer
from lab.waiting import eventually

SAMPLES = Path(__file__).resolve().parent / "samples"
FOLDER = PROJECT / ".cache" / "demo"
_AGI_GATE = Path(sys.executable).with_name("agi-gate")
_MOMENT = re.compile(r"\{([+-])(\d+)([dh])\}")


@dataclass(frozen=True)
class DemoCall:
    story: str
    campaign: str
    destination: str
    caller_id: str = "+390212340000"
    hidden: bool = False


CALLS = (
    DemoCall("consented, checked two days ago", "fibra", "333 1234500"),
    DemoCall("never checked: unknown is not clear", "fibra", "333 1234501"),
    DemoCall("enrolled, consent older", "fibra", "333 1234502"),
    DemoCall("enrolled, consent newer", "fibra", "333 1234503"),
    DemoCall("a consent that names no product", "fibra", "333 1234506"),
    DemoCall("the person said no", "fibra", "333 1234508"),
    DemoCall("customer in contract, no check owed", "fibra", "333 1234509"),
    DemoCall("enrolled, but asked to be called", "fibra", "333 1234512"),
    DemoCall("the same again: used up", "fibra", "333 1234512"),
    DemoCall("a silent call two days ago", "fibra", "333 1234525"),
    DemoCall("in the directory, not enrolled", "fibra", "02 12345600"),
    DemoCall("in the directory, enrolled", "fibra", "02 12345601"),
    DemoCall("in the directory, recorded voice", "voce", "02 12345604"),
    DemoCall("energy, customer in contract", "luce", "333 1234540", "+390687654321"),
    DemoCall("energy, a consent, but no contract", "luce", "333 1234541", "+390687654321"),
    DemoCall("energy, asked on the seller's own site", "luce", "333 1234542", "+390687654321"),
    DemoCall("energy, asked by phone", "luce", "333 1234543", "+390687654321"),
    DemoCall("energy, in the directory", "luce", "02 12345603", "+390687654321"),
    DemoCall("energy, a company in the directory", "luce", "02 12345605", "+390687654321"),
    DemoCall("enrolled once and clear again, consent older", "fibra", "333 1234510"),
    DemoCall("an AI agent, consented", "agente", "333 1234500"),
    DemoCall("a survey, on a declared basis", "indagine", "333 1234501"),
    DemoCall("checked twenty days ago", "fibra", "02 12345606"),
    DemoCall("service call to who is enrolled", "assistenza", "333 1234502"),
    DemoCall("hidden caller ID", "fibra", "333 1234500", hidden=True),
    DemoCall("extension as caller ID", "fibra", "333 1234500", "201"),
    DemoCall("premium number", "assistenza", "899 123456"),
    DemoCall("emergency, hidden caller ID", "fibra", "112", hidden=True),
)


class Door(Protocol):
    name: str

    def place(self, call: DemoCall) -> str:
        """Place one call: what the agent's side saw."""


@dataclass
class PeerDoor:
    address: tuple[str, int]
    name: str = "the peer that plays Asterisk"

    def place(self, call: DemoCall) -> str:
        heard = ask(self.address, call.destination, call.campaign, "carrier1", agi_callerid=call.caller_id,
                    agi_callingpres="32" if call.hidden else "0")
        return "goes on" if heard.variables.get("GATE_VERDICT") == "ALLOW" else f"hung up, cause {heard.hangup_cause}"


@dataclass
class AsteriskDoor:
    tools: Tools
    asterisk: Asterisk
    carrier: phones.Carrier
    name: str

    def place(self, call: DemoCall) -> str:
        before = len(self.carrier.invites())
        presentation = "prohib" if call.hidden else "allowed"
        dialled = f"{call.campaign}-{presentation}-{call.caller_id}-{call.destination.replace(' ', '')}"
        outcome = phones.call(self.tools, self.asterisk.sip_port, dialled)
        arrived = self.carrier.invites()[before:]
        if arrived:
            return f"carrier got {arrived[0].request_user}"
        return f"SIP {outcome.code}, cause {outcome.cause}"


def _extensions(address: tuple[str, int]) -> str:
    """What an admin writes, but that the demo's phone also says which campaign, presentation and caller ID to use."""
    return f"""[globals]
AGI_GATE_DOOR=agi://{address[0]}:{address[1]}/gate

[agents]
exten => _[a-z].,1,Set(CALLERID(num)=${{CUT(EXTEN,-,3)}})
 same => n,Set(CALLERID(pres)=${{CUT(EXTEN,-,2)}})
 same => n,Gosub(agi-gate,s,1(${{CUT(EXTEN,-,4)}},${{CUT(EXTEN,-,1)}},carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,20,i)
 same => n,Hangup()

#include {PROJECT / "dialplan" / "agi-gate.conf"}
"""


def main() -> int:
    # a file or a narrow CI log would cut the table: there is nobody to widen the window
    console = Console() if sys.stdout.isatty() else Console(width=140)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for sample in SAMPLES.iterdir():
        (FOLDER / sample.name).write_bytes(_dated(sample.read_text()).encode())
    with StoreServer.start() as store:
        environment = {**os.environ, "AGI_GATE_STORE_URL": store.url}
        console.print(f"[bold]1. a real store[/]  {Path(store.command[0]).name} at {store.url}")
        console.print("[bold]2. the feeds[/]")
        for arguments in _loads():
            console.print(f"   agi-gate {' '.join(arguments)}", style="dim", highlight=False)
            subprocess.run([_AGI_GATE, "--config", "gate.toml", *arguments], cwd=FOLDER, env=environment, check=True)
        with _daemon(environment) as address, _door(address) as door:
            console.print(f"[bold]3. the calls[/]  through {door.name}")
            table = Table(Column("number", no_wrap=True), "what it is", "verdict", Column("reason", no_wrap=True),
                          Column("ms", justify="right"), "what became of it")
            for call in CALLS:
                seen = door.place(call)
                decision = json.loads((FOLDER / "decisions.jsonl").read_text().splitlines()[-1])
                colour = "green" if decision["verdict"] == "ALLOW" else "red"
                table.add_row(call.destination, call.story, f"[{colour}]{decision['verdict']}[/]", decision["reason"],
                              f"{decision['elapsed_us'] / 1000:.1f}", seen)
            console.print(table)
    console.print(f"Each decision is a line of {(FOLDER / 'decisions.jsonl').relative_to(PROJECT)}; the feeds lie beside "
                  "it.  ms: inside the gate, from the question to the record.")
    return 0


def _dated(text: str) -> str:
    """Fill in the samples' moments: `{-2d}` is two days ago."""
    def moment(match: re.Match[str]) -> str:
        span = timedelta(**{"days" if match[3] == "d" else "hours": int(match[2])})
        return (datetime.now(UTC) + (span if match[1] == "+" else -span)).isoformat(timespec="seconds")
    return _MOMENT.sub(moment, text)


def _loads() -> Iterator[list[str]]:
    for name, controller, moment in (("esito-old.txt", "acme", "{-20d}"), ("esito.txt", "acme", "{-2d}"),
                                     ("esito-lume.txt", "lume", "{-2d}")):
        yield ["load", "registry", name, "--controller", controller, "--checked-at", _dated(moment)]
    for feed in ("consents", "contacts", "objections", "callbacks", "rests"):
        yield ["load", feed, f"{feed}.csv"]


@contextmanager
def _daemon(environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    port = free_port()
    path = FOLDER / "gate.toml"
    path.write_text(path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
    with (FOLDER / "daemon.log").open("wb") as log:
        process = subprocess.Popen(tied([str(_AGI_GATE), "--config", str(path), "serve"]), cwd=FOLDER, env=environment,
                                   stderr=log)
    try:
        eventually(lambda: process.poll() is not None or _listens(port), "the daemon listens")
        if process.poll() is not None:
            raise SystemExit(f"the daemon did not start: {(FOLDER / 'daemon.log').read_text()}")
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _door(address: tuple[str, int]) -> Iterator[Door]:
    tools, why_not = find_asterisk()
    if tools is None:
        print(f"   (no real Asterisk: {why_not})")
        yield PeerDoor(address)
        return
    with phones.Carrier(tools) as carrier, \
            Asterisk(tools, _extensions(address), carrier_port=carrier.port) as asterisk:
        version = asterisk.cli("core show version").split(" built")[0]
        yield AsteriskDoor(tools, asterisk, carrier, f"a real {version}, SIPp as the agent's phone and as the carrier")


if __name__ == "__main__":
    sys.exit(main())
