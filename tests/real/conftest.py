"""One Asterisk, one carrier and one store for all calls of a run; each call says through which door it asks.

Where Asterisk cannot be had every test here is skipped with the reason and the way out; with AGI_GATE_REQUIRE_ASTERISK=1 it fails.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab import phones
from lab.asterisk import PROJECT, Asterisk, Tools, find_asterisk
from lab.store_server import StoreServer
from lab.waiting import PATIENCE_S
from tests.real.world import BIN, CALLBACK, CONTACTS, REGISTRY, Daemon, Lab, extensions, running_daemon, write_configuration

REQUIRE_VARIABLE = "AGI_GATE_REQUIRE_ASTERISK"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.asterisk)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Put the end of Asterisk's log beside a failure."""
    report = yield
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.failed and isinstance(lab, Lab):
        report.sections.append(("asterisk's log", lab.asterisk.log_tail(150)))
    return report


@pytest.fixture(scope="session")
def tools() -> Tools:
    found, why_not = find_asterisk()
    if found is None:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(f"{REQUIRE_VARIABLE}=1, but {why_not}")
        pytest.skip(f"NO CALL WAS MADE ON A REAL ASTERISK: {why_not}")
    return found


@pytest.fixture(scope="session")
def store() -> Iterator[StoreServer]:
    with StoreServer.start() as server:
        yield server


@pytest.fixture(scope="session")
def folder(tools: Tools, store: StoreServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gate's folder, with its feeds loaded into the store."""
    path = tmp_path_factory.mktemp("gate")
    configuration = write_configuration(path, "script")
    (path / "esito.txt").write_text(REGISTRY)
    (path / "contacts.csv").write_text(CONTACTS)
    checked_at = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="seconds")
    (path / "callbacks.csv").write_text(f"number,controller,requested_at\n{CALLBACK},acme,{checked_at}\n")
    for feed in (["registry", "esito.txt", "--controller", "acme", "--checked-at", checked_at], ["contacts", "contacts.csv"],
                 ["callbacks", "callbacks.csv"]):
        subprocess.run([BIN / "agi-gate", "--config", configuration, "load", *feed], cwd=path, check=True, timeout=PATIENCE_S,
                       env={**os.environ, "AGI_GATE_STORE_URL": store.url}, capture_output=True)
    return path


@pytest.fixture(scope="session")
def daemon(folder: Path, store: StoreServer) -> Iterator[Daemon]:
    with running_daemon(folder, store.url, "daemon") as daemon:
        yield daemon


@pytest.fixture(scope="session")
def returning_daemon(folder: Path, store: StoreServer) -> Iterator[Daemon]:
    with running_daemon(folder, store.url, "returning", on_deny="return") as daemon:
        yield daemon


@pytest.fixture(scope="session")
def lab(tools: Tools, folder: Path, store: StoreServer) -> Iterator[Lab]:
    with (
        phones.Carrier(tools) as carrier,
        Asterisk(
            tools, extensions(), carrier_port=carrier.port, trunk=("trust_id_outbound=yes", "send_pai=yes", "send_connected_line=no"),
            etc={"agi-gate.conf": PROJECT / "dialplan" / "agi-gate.conf"},
            agi_bin={"agi-gate.agi": BIN / "agi-gate.agi"},
            environment={"AGI_GATE_CONFIG": str(folder / "script.toml"), "AGI_GATE_STORE_URL": store.url},
        ) as asterisk,
    ):
        yield Lab(tools, asterisk, carrier, folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it once and in red: a green run without a real call is another thing than a green run."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())
               if isinstance(report.longrepr, tuple) and "NO CALL WAS MADE" in str(report.longrepr[2])}
    for reason in sorted(reasons):
        terminalreporter.write_sep("!", reason.removeprefix("Skipped: "), red=True, bold=True)
