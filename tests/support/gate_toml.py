"""A small gate.toml that holds at any hour, and the numbers its tests speak of."""

from __future__ import annotations

import time
from pathlib import Path

from agi_gate.ops.main import main

CALLER_ID = "+390212340000"
CLEAR, ENROLLED, NEVER_CHECKED, CALLBACK = "0212345601", "0212345602", "0212345603", "0212345604"

GATE_TOML = """
[store]
url = "redis://127.0.0.1:1/0"
timeout_ms = 1000                   # a store on a busy machine answers late, and answers; of one that does not the log has its time yet
[daemon]
listen = "127.0.0.1:0"
workers = 2
deadline_ms = 1900                  # as long as the configuration may have it
[log]
path = "decisions.jsonl"
[policy]
hours = "off"
[controllers.acme]
name = "Acme Telecom"
sector = "telecom"
[caller_ids."+390212340000"]
holder = "acme"
roc_declared = true
[trunks.carrier1]
country = "IT"
[campaigns.fibra]
controller = "acme"
purpose = "marketing"
agent = "human"
category = "telecom"
caller_ids = ["+390212340000"]
trunk = "carrier1"
source = "Elenco 2026-09"
[campaigns.assistenza]
controller = "acme"
purpose = "service"
agent = "human"
category = "telecom"
caller_ids = ["+390212340000"]
trunk = "carrier1"
"""
DEFAULT_LIMITS = (("timeout_ms = 1000", ""), ("deadline_ms = 1900", ""))  # changes


def write_gate_toml(folder: Path, *changes: tuple[str, str], name: str = "gate.toml") -> Path:
    """Write it, with words of it exchanged."""
    text = GATE_TOML
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def write_feeds(folder: Path, at: str = "2026-10-01T09:00:00+02:00") -> list[list[str]]:
    """Write feeds for the numbers above: the arguments that load each."""
    (folder / "esito.txt").write_text(f"{CLEAR},0\r\n{ENROLLED},1\r\n")
    (folder / "contacts.csv").write_text("number,controller,source,directory\n" + "".join(
        f"{number},acme,Elenco,yes\n" for number in (CLEAR, ENROLLED, NEVER_CHECKED)))
    # with an end, so that it is open on whatever day the tests run
    (folder / "callbacks.csv").write_text("number,controller,requested_at,valid_until\n"
                                          f"{CALLBACK},acme,{at},2099-12-31T00:00:00+01:00\n")
    return [["load", "registry", str(folder / "esito.txt"), "--controller", "acme", "--checked-at", at],
            ["load", "contacts", str(folder / "contacts.csv")], ["load", "callbacks", str(folder / "callbacks.csv")]]


def load_feeds(configuration: Path) -> None:
    """Load them as of today, so that the check is fresh at any hour the tests run."""
    today = time.strftime("%Y-%m-%dT00:00:00+00:00", time.gmtime())
    for arguments in write_feeds(configuration.parent, today):
        assert main(["--config", str(configuration), *arguments]) == 0
