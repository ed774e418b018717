"""What the calls of these tests are made of: numbers, the gate's configuration, the dialplan, and each side's view of a call."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import phones
from lab.asterisk import PROJECT, Asterisk, Tools
from lab.processes import free_port, tied
from lab.waiting import eventually

BIN = Path(sys.executable).parent
CALLER_ID = "+390212340000"
PATIENT_SECONDS = 60

GATE_TOML = """
[store]
url = "redis://127.0.0.1:1/0"       # the store's address comes from AGI_GATE_STORE_URL
timeout_ms = 1000                   # a store on a busy machine answers late, and answers
[daemon]
deadline_ms = 1900
listen = "127.0.0.1:{port}"
[log]
path = "{log}"
[policy]
hours = "off"                       # these tests are about calls, at any hour
on_deny = "{on_deny}"
[controllers.acme]
name = "Acme Telecom S.p.A."
sector = "telecom"
[caller_ids."+390212340000"]
holder = "acme"
roc_declared = true
[trunks.carrier1]
country = "IT"
[trunks.carrier2]
country = "FR"
[trunks.digits]
country = "IT"
number_format = "digits"
[trunks.national]
country = "IT"
number_format = "national"
[campaigns.acme-fibra]
controller = "acme"
purpose = "marketing"
agent = "human"
category = "telecom"
caller_ids = ["+390212340000"]
trunk = "carrier1"
[campaigns.acme-servizio]
controller = "acme"
purpose = "service"
agent = "human"
category = "telecom"
caller_ids = ["+390212340000"]
trunk = "carrier1"
countries = ["CH"]
"""

CLEAR, ENROLLED, NEVER_CHECKED, CALLBACK = "0212345601", "0212345602", "0212345603", "0212345604"
# what somebody may have written where a contact came from: Asterisk splits, counts and unquotes what it is told
STRANGE_SOURCES = {f"02123456{number}": source for number, source in enumerate((
    "lista (clienti", "a) b (c", "a:(", "x" * 399 + "(y)", "[elenco", 'elenco "x, y"', "50% ${CALLERID(num)} {b}", "a\\, b; c'd",
    "è già così, DBU"), 10)}
REGISTRY = f"{CLEAR},0\r\n{ENROLLED},1\r\n" + "".join(f"{number},0\r\n" for number in STRANGE_SOURCES)


def _contacts() -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows((("number", "controller", "source", "directory"), *(
        (number, "acme", source, "yes")
        for number, source in {**dict.fromkeys((CLEAR, ENROLLED, NEVER_CHECKED), "Elenco 2026-09, DBU"), **STRANGE_SOURCES}.items())))
    return text.getvalue()


CONTACTS = _contacts()

# What the phone dials before the number to have another dialplan than the sample's.
PHONES_OWN_CALLER_ID, HIDDEN, HIDDEN_NAME, SERVICE, TWO_ARGUMENTS, NO_TRUNK, FOREIGN_TRUNK, PRIVATE_NUMBER, TWICE, FORGED, REDIRECTED, LIMITED, PROBE, NO_NUMBER, OWN_GOSUB, STRAY_ARGUMENT, DIGITS, NATIONAL, SHOWN, TWO_TRUNKS = (
    f"*9{number:02d}*" for number in range(20)
)

# Every channel's h extension tells what the gate left on it, and what was the admin's own.
EXTENSIONS = f"""
[agents](+)
exten => h,1,Log(NOTICE,OWN|${{AGIEXITONHANGUP}}|${{ARG1}}|)
 same => n,Log(NOTICE,LAB|${{GATE_VERDICT}}|${{GATE_REASON}}|${{GATE_REASONS}}|${{GATE_DECISION_ID}}|${{GATE_DESTINATION}}|${{GATE_CALLER_ID}}|${{GATE_SOURCE}}|${{AGISTATUS}}|)
[emergency](+)
exten => h,1,Goto(agents,h,1)
[agents](+)

exten => _{PHONES_OWN_CALLER_ID}.,1,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{HIDDEN}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Set(CALLERID(num-pres)=prohib)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{HIDDEN_NAME}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Set(CALLERID(name-pres)=prohib)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{NO_NUMBER}.,1,Set(CALLERID(num-valid)=0)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{SERVICE}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-servizio,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{TWO_ARGUMENTS}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
; the first trunk cannot be reached
exten => _{TWO_TRUNKS}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@nowhere,10,i)
 same => n,Log(NOTICE,TRIED|${{GATE_REASON}}|${{DIALSTATUS}}|)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
; trunks that take numbers otherwise
exten => _{DIGITS}.,1,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-servizio,digits))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{NATIONAL}.,1,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-servizio,national))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{SHOWN}.,1,Set(CALLERID(pres)=allowed)
 same => n,Goto({PHONES_OWN_CALLER_ID}${{EXTEN:5}},1)
exten => _{STRAY_ARGUMENT}.,1,Set(ARG3=carrier1)
 same => n,Goto({TWO_ARGUMENTS}${{EXTEN:5}},1)
exten => _{NO_TRUNK}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{FOREIGN_TRUNK}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier2))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
exten => _{PRIVATE_NUMBER}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Set(CALLERID(priv-num)=+390299999999)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()

; two calls on one channel, the second past a gate that is down
exten => _{TWICE}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,ig)
 same => n,Set(AGI_GATE_DOOR=agi://127.0.0.1:1/gate)
 same => n,Gosub(agi-gate,s,1({ENROLLED},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()

; what looks like an allowance before the gate is asked
exten => _{FORGED}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Set(GLOBAL(GATE_VERDICT)=ALLOW)
 same => n,Set(GLOBAL(GATE_DESTINATION)={CALLER_ID})
 same => n,Set(__GATE_VERDICT=ALLOW)
 same => n,Set(__GATE_DESTINATION={CALLER_ID})
 same => n,Set(__GATE_CALLER_ID={CALLER_ID})
 same => n,Set(__AGISTATUS=SUCCESS)
 same => n,Set(CHANNEL(hangup_handler_push)=lab-unforge,s,1)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Hangup()
[lab-unforge]
exten => s,1,Set(GLOBAL(GATE_VERDICT)=)
 same => n,Set(GLOBAL(GATE_DESTINATION)=)
 same => n,Return()
[agents](+)

; a trunk that answers with another number: what Dial would do of itself is to call that
exten => _{REDIRECTED}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(PJSIP/carrier1/sip:${{GATE_DESTINATION}}@${{LAB_REDIRECTS}},10,i)
 same => n,Hangup()
[from-carrier]
exten => _X.,1,Dial(PJSIP/${{EXTEN}}@carrier1,10)
 same => n,Hangup()
[agents](+)

; a Gosub of the admin's own asks, three deep
exten => _{OWN_GOSUB}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(lab-outbound,s,1(${{EXTEN:5}},acme-fibra))
 same => n,Hangup()
[lab-outbound]
exten => s,1,Gosub(lab-outbound,trunk,1(${{ARG1}},${{ARG2}}))
 same => n,Return()
exten => trunk,1,Gosub(lab-outbound,ask,1(${{ARG1}},${{ARG2}}))
 same => n,Return()
exten => ask,1,Gosub(agi-gate,s,1(${{ARG1}},${{ARG2}},carrier1))
 same => n,Dial(PJSIP/${{GATE_DESTINATION}}@carrier1,10,i)
 same => n,Return()
exten => h,1,Goto(agents,h,1)
[agents](+)

; what was the admin's own before is so afterwards
exten => _{LIMITED}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Set(TIMEOUT(absolute)=50)
 same => n,Set(AGIEXITONHANGUP=no)
 same => n,Set(ARG1=mine)
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Log(NOTICE,LIMIT|${{TIMEOUT(absolute)}}|${{AGIEXITONHANGUP}}|${{ARG1}}|)
 same => n,Hangup()

; a leg that Dial makes knows nothing of the verdict
exten => _{PROBE}.,1,Set(CALLERID(num)={CALLER_ID})
 same => n,Gosub(agi-gate,s,1(${{EXTEN:5}},acme-fibra,carrier1))
 same => n,Dial(Local/probe@lab-probe/n,10)
 same => n,Hangup()
[lab-elsewhere]
exten => s,1,Set(TIMEOUT(absolute)=0)
 same => n,Answer()
 same => n,Wait(2.5)
 same => n,Hangup(16)
[lab-probe]
exten => probe,1,Log(NOTICE,PROBE|${{GATE_VERDICT}}|${{GATE_DESTINATION}}|)
 same => n,Hangup(16)
"""


def extensions() -> str:
    """The sample as it is shipped, and after it what only these tests dial."""
    return (PROJECT / "dialplan" / "extensions.sample.conf").read_text() + EXTENSIONS


@dataclass(frozen=True)
class Seen:
    """One call as all its sides saw it."""

    outcome: phones.Outcome
    arrived: list[phones.Invite]  # at the carrier
    variables: dict[str, str]  # on the agent's channel when it ended
    log: str  # Asterisk's, of this call

    @property
    def refused(self) -> bool:
        return (self.outcome.code, self.outcome.cause) == (403, 21) and not self.arrived


@dataclass
class Lab:
    tools: Tools
    asterisk: Asterisk
    carrier: phones.Carrier
    folder: Path

    def call(self, number: str, *, door: str, from_user: str = "agent", headers: tuple[str, ...] = (),
             give_up_after_ms: int | None = None, seconds: int | str = PATIENT_SECONDS) -> Seen:
        """Place one call past the gate at `door` and wait until Asterisk is done with it.

        `seconds` is how long the dialplan waits for the gate: as long as a busy machine needs, where the limit is not the matter.
        """
        self.asterisk.cli(f"dialplan set global AGI_GATE_DOOR {door}")
        self.asterisk.cli(f"dialplan set global AGI_GATE_SECONDS {seconds}")
        before, mark = len(self.carrier.invites()), self.asterisk.log.stat().st_size
        outcome = phones.call(self.tools, self.asterisk.sip_port, number, from_user=from_user, headers=headers,
                              give_up_after_ms=give_up_after_ms)
        ended = eventually(lambda: re.search(r"Ext\. \S+: LAB\|(.*)", self.log_since(mark)), "Asterisk is done with the call")
        names = ("GATE_VERDICT", "GATE_REASON", "GATE_REASONS", "GATE_DECISION_ID", "GATE_DESTINATION", "GATE_CALLER_ID",
                 "GATE_SOURCE", "AGISTATUS")
        variables = dict(zip(names, ended[1].split("|"), strict=False)) if ended else {}
        return Seen(outcome, self.carrier.invites()[before:], variables, self.log_since(mark))

    def log_since(self, mark: int) -> str:
        with self.asterisk.log.open("rb") as stream:
            stream.seek(mark)
            return stream.read().decode("utf-8", "replace")

    def decisions(self) -> list[dict[str, Any]]:
        """Answer the decision log's lines, all gates' together."""
        path = self.folder / "decisions.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_configuration(folder: Path, name: str, on_deny: str = "hangup", port: int = 4573) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(GATE_TOML.format(port=port, log=folder / "decisions.jsonl", on_deny=on_deny))
    return path


@dataclass(frozen=True)
class Daemon:
    process: subprocess.Popen[bytes]
    door: str
    said: Path  # its stderr

    def signal_all(self, number: int) -> None:
        """Signal the daemon with its workers: it leads a process group of its own."""
        os.killpg(self.process.pid, number)

    def is_listening(self) -> bool:
        address = re.search(r"//([^:]+):(\d+)", self.door)
        assert address
        with socket.socket() as probe:
            return probe.connect_ex((address[1], int(address[2]))) == 0


@contextmanager
def running_daemon(folder: Path, store_url: str, name: str, on_deny: str = "hangup") -> Iterator[Daemon]:
    port = free_port()
    configuration = write_configuration(folder, name, on_deny, port)
    said = folder / f"{name}.stderr"
    with said.open("wb") as stderr:
        process = subprocess.Popen(
            tied([str(BIN / "agi-gate"), "--config", str(configuration), "serve"]), stdin=subprocess.DEVNULL,
            stderr=stderr, env={**os.environ, "AGI_GATE_STORE_URL": store_url}, start_new_session=True,
        )
    try:
        eventually(lambda: process.poll() is not None or "listening on" in said.read_text(), "the daemon listens")
        assert process.poll() is None, f"no daemon: {said.read_text()}"
        yield Daemon(process, f"agi://127.0.0.1:{port}/gate", said)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(5)
