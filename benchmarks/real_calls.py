"""What the gate adds to a call on a real Asterisk 22: the same dialplan with it and without, turn about.

With it means through `dialplan/agi-gate.conf`, as an admin has it; the line that asks the gate is measured alone too, and
both where an empty server in C answers: what Asterisk itself takes to ask.

Calls are originated over AMI at a steady rate into a dialplan that takes the time by Asterisk's own clock, in
microseconds, at its first step and at the step where it would dial.  The way to the carrier is not part of it: it is
the same in both.  Asterisk, the gate and the store share all cores, as on a PBX.
"""

from __future__ import annotations

import os
import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import servers
from benchmarks.daemon_stages import Found, Plan
from benchmarks.generator import CAMPAIGN, TRUNK, RunRefused
from benchmarks.population import Population
from benchmarks.promises import Promise
from benchmarks.tools import NotHad
from lab.asterisk import PROJECT, Asterisk, AsteriskFailed, find_asterisk
from lab.processes import free_port
from lab.waiting import PATIENCE_S

CALLS_A_SECOND = 50
WITH, FLOOR, ASKED, EMPTY, WITHOUT = KINDS = "with", "floor", "asked", "empty", "without"
_CALLS_A_ROUND = 500
_AMI_USER, _AMI_SECRET = "bench", "bench"
_SEEN = re.compile(r": BENCH\|(\w+)\|(\d+\.\d{6})\|(\d+\.\d{6})\|(\w*)\|(\+?\d*)\|")


def stage(plan: Plan, people: Population) -> Found:
    what, at_most = f"p50 that the gate adds to a call's dialplan, Asterisk 22, {CALLS_A_SECOND} calls a second", 1.0
    asterisk_tools, why = find_asterisk()
    if asterisk_tools is None:
        return Found([], [Promise(what, "ms", at_most=at_most, why_not=why)])
    numbers = people.numbers.read_text().split()
    ami_port, manager = free_port(), plan.folder / "manager.conf"
    manager.write_text(_MANAGER.format(port=ami_port, user=_AMI_USER, secret=_AMI_SECRET))
    calls = _CALLS_A_ROUND if plan.rounds > 1 else 20
    waits_ms: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    try:
        with (servers.gate(plan.folder / "asked", 1, os.sched_getaffinity(0)) as gate,
              servers.peer(servers.FLOOR, people.peers_url, os.sched_getaffinity(0)) as empty,
              Asterisk(asterisk_tools, _extensions(gate.port, empty.port), carrier_port=free_port(socket.SOCK_DGRAM),
                       etc={"manager.conf": manager}) as asterisk, _ami(ami_port) as ami):
            # a line in the log for each step of the dialplan is for the lab, not for 50 calls a second
            (asterisk.log.parents[1] / "etc" / "logger.conf").write_text("[logfiles]\nfull => notice,warning,error\n")
            asterisk.cli("logger reload")
            if servers.is_patient:
                asterisk.cli("dialplan set global AGI_GATE_SECONDS 60")
            for kind in KINDS:
                _place(ami, asterisk, kind, random.sample(numbers, min(calls, 20)))
            for _ in range(plan.rounds):
                for kind in KINDS:
                    waits_ms[kind].append(_place(ami, asterisk, kind, random.choices(numbers, k=calls)))
    except (AsteriskFailed, NotHad, OSError) as error:
        return Found([], [Promise(what, "ms", at_most=at_most, why_not=str(error).splitlines()[0])])
    p50, p99 = ({kind: [_percentile(one, percent) for one in rounds] for kind, rounds in waits_ms.items()}
                for percent in (50, 99))

    def added(kind: str) -> list[float]:
        return [one - other for one, other in zip(p50[kind], p50[WITHOUT], strict=True)]
    return Found([], [
        Promise(what, "ms", added(WITH), at_most=at_most,
                why_not="between two calls everybody sleeps, and then finds the caches cold: see the table of a call every "
                        "20 ms for what that costs the floor and the peers"),
        Promise("  the same where an empty server in C is the gate", "ms", added(FLOOR),
                why_not="what is left of the promise is for look-up, rules and record"),
        Promise("  the same of the dialplan's line that asks the gate, alone", "ms", added(ASKED)),
        Promise("  that line where an empty server in C answers it", "ms", added(EMPTY)),
        Promise("  p50 of the dialplan with the gate", "ms", p50[WITH]),
        Promise("  p50 without", "ms", p50[WITHOUT]),
        Promise("  p99 with the gate", "ms", p99[WITH]),
        Promise("  p99 without", "ms", p99[WITHOUT]),
    ])


_MANAGER = """[general]
enabled=yes
bindaddr=127.0.0.1
port={port}
[{user}]
secret={secret}
read=
write=originate
"""


def _extensions(gate_port: int, empty_port: int) -> str:
    """The sample's dialplan, that takes the time and hangs up where it would dial."""
    door, empty = (f"agi://127.0.0.1:{port}/gate" for port in (gate_port, empty_port))
    asks = {
        WITH: [f"Gosub(agi-gate,s,1(${{CUT(EXTEN,-,2)}},{CAMPAIGN},{TRUNK}))"],
        # a channel's variable goes before a global one
        FLOOR: [f"Set(AGI_GATE_DOOR={empty})", f"Gosub(agi-gate,s,1(${{CUT(EXTEN,-,2)}},{CAMPAIGN},{TRUNK}))"],
        ASKED: [f"AGI({door},${{CUT(EXTEN,-,2)}},{CAMPAIGN},{TRUNK})"],
        EMPTY: [f"AGI({empty},${{CUT(EXTEN,-,2)}},{CAMPAIGN},{TRUNK})"],
        WITHOUT: ["Set(GATE_DESTINATION=+39${CUT(EXTEN,-,2)})", "Set(GATE_VERDICT=ALLOW)"],
    }
    extensions = "\n".join(_extension(kind, steps) for kind, steps in asks.items())
    return f"""[globals]
AGI_GATE_DOOR={door}

[agents]
{extensions}
[answered]
exten => s,1,Wait({PATIENCE_S:.0f})

#include {PROJECT / "dialplan" / "agi-gate.conf"}
"""


def _extension(kind: str, steps: Sequence[str]) -> str:
    now = "${STRFTIME(,,%s.%6q)}"
    asking = "\n".join(f" same => n,{step}" for step in steps)
    return f"""exten => _{kind}-.,1,Set(began={now})
 same => n,Set(CALLERID(num)=+390212340000)
{asking}
 same => n,GotoIf($["${{GATE_VERDICT}}" = "ALLOW"]?dial:denied)
 same => n(dial),Set(ended={now})
 same => n(denied),Log(NOTICE,BENCH|{kind}|${{began}}|${{ended}}|${{GATE_VERDICT}}|${{GATE_DESTINATION}}|)
 same => n,Hangup()
"""


@contextmanager
def _ami(port: int) -> Iterator[socket.socket]:
    """A session with Asterisk's manager."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        _say(connection, "Login", Username=_AMI_USER, Secret=_AMI_SECRET, Events="off")
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(4096)
            if not more:
                break
            answer += more
        if b"Success" not in answer:
            raise AsteriskFailed(f"the manager refused: {answer.decode(errors='replace')}")
        yield connection


def _say(connection: socket.socket, action: str, **fields: str) -> None:
    lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())


def _place(ami: socket.socket, asterisk: Asterisk, kind: str, numbers: Sequence[str]) -> list[float]:
    """Originate so many calls by the clock: how long each took, in ms.  Raises RunRefused."""
    before, began = asterisk.log.stat().st_size, time.monotonic()
    for turn, number in enumerate(numbers):
        time.sleep(max(0.0, began + turn / CALLS_A_SECOND - time.monotonic()))
        _say(ami, "Originate", Channel=f"Local/{kind}-{number}@agents", Context="answered", Exten="s", Priority="1",
             Async="true")
        _drain(ami)
    deadline = time.monotonic() + PATIENCE_S
    found: list[tuple[str, ...]] = []
    while len(found) < len(numbers) and time.monotonic() < deadline:
        time.sleep(0.1)
        _drain(ami)
        found = _SEEN.findall(_since(asterisk.log, before))
    denied = sum(verdict != "ALLOW" for _kind, _began, _ended, verdict, _to in found)
    if len(found) != len(numbers) or denied:
        raise RunRefused(f"of {len(numbers)} calls {kind} the gate {len(found) - denied} were allowed:\n"
                         f"{asterisk.log_tail(5)}")
    return [(float(ended) - float(started)) * 1000 for _kind, started, ended, _verdict, _to in found]


def _since(path: Path, place: int) -> str:
    with path.open("rb") as stream:
        stream.seek(place)
        return stream.read().decode(errors="replace")


def _drain(connection: socket.socket) -> None:
    """What the manager says meanwhile is not of interest, but must not fill the socket."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        pass
    finally:
        connection.settimeout(PATIENCE_S)


def _percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
