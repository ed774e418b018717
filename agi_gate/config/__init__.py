"""gate.toml -> frozen settings.

Edge.  A wrong file is refused whole, with every mistake named by its key in one run; nothing is guessed.  `tables` has
the shapes, `mistakes` the words for what is wrong.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from agi_gate.config.mistakes import canonical_caller_id, reference_mistakes, shape_mistakes, url_mistake, window_of
from agi_gate.config.tables import CampaignTable, FileTable
from agi_gate.place import DEFAULT_PATH, PATH_VARIABLE
from agi_gate.policy import Agent, CallerId, Campaign, Controller, FailPolicy, Hours, Policy, Purpose, Trunk
from agi_gate.retention import Retention
from agi_gate.shadow import Shadow

Network = IPv4Network | IPv6Network
STORE_URL_VARIABLE = "AGI_GATE_STORE_URL"


class ConfigError(Exception):
    """The configuration cannot be used; `mistakes` names each, with its key."""

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in mistakes))


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str
    timeout_ms: int
    never_evicts: bool = False  # as the admin declares of a server that does not say
    former_controllers: frozenset[str] = frozenset()  # whose facts are in the store, and for whom nobody calls any more


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    host: str
    port: int
    workers: int
    deadline_ms: int
    waiting: int
    allow: tuple[Network, ...] = ()

    def may_ask(self, peer: str) -> bool:
        """Say whether a call may come from an address; without a list all may, and then only this machine can."""
        return not self.allow or _is_in(peer, self.allow)

    def needs_restart(self, before: DaemonSettings) -> bool:
        """Say whether what has changed is fixed at the start."""
        return (self.host, self.port, self.workers) != (before.host, before.port, before.workers)


@lru_cache(1024)
def _is_in(peer: str, networks: tuple[Network, ...]) -> bool:
    address = ip_address(peer.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


@dataclass(frozen=True, slots=True)
class LogSettings:
    path: Path
    durability: Literal["written", "synced"] = "written"
    rotate_mb: int = 256
    key: Path | None = None  # of the keys that make pseudonyms
    pseudonymise_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    store: StoreSettings
    daemon: DaemonSettings
    log: LogSettings
    archive_path: Path
    retention: Retention
    on_deny: Literal["hangup", "return"]
    policy: Policy
    controllers: Mapping[str, Controller]
    path: Path = Path(DEFAULT_PATH)  # where all this was read
    shadow_path: Path | None = None  # of the configuration that is tried beside this one
    shadow: Shadow | None = None  # that configuration, where somebody has read it (`shadowing.py`)

    @property
    def log_path(self) -> Path:
        return self.log.path

    @property
    def known_controllers(self) -> frozenset[str]:
        """Those that the store may hold."""
        return self.store.former_controllers | frozenset(self.controllers)


def find_path(given: str | None) -> Path:
    """The configuration's path: as given, else `$AGI_GATE_CONFIG`, else `/etc/agi-gate/gate.toml`."""
    return Path(given or os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)


def load(path: Path) -> Settings:
    """Read a configuration file.  Raises ConfigError with every mistake."""
    return _parsed(_content(path, f"name the file with --config or ${PATH_VARIABLE}"), path)


def load_shadow(path: Path) -> Shadow:
    """Read the policy of a configuration that is only tried.  Raises ConfigError with every mistake."""
    content = _content(path, "it is named by [shadow] config")
    return Shadow(_parsed(content, path).policy, hashlib.sha256(content).hexdigest()[:12])


def _content(path: Path, way_out: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(path, [f"cannot be read ({error.strerror}); {way_out}"]) from error


def _parsed(content: bytes, path: Path) -> Settings:
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(path, [f"is no TOML: {error}"]) from error
    mistakes: list[str] = []
    file: FileTable | None = None
    try:
        file = FileTable.model_validate(raw)
    except ValidationError as error:
        mistakes.extend(shape_mistakes(error))
    mistakes.extend(reference_mistakes(raw))
    if (url := os.environ.get(STORE_URL_VARIABLE)) and (mistake := url_mistake(url)):
        mistakes.append(f"${STORE_URL_VARIABLE}: {mistake}")
    if mistakes or file is None:
        raise ConfigError(path, mistakes)
    return _settings(file, path)


def _followed(log: Path) -> Path:
    """Where a log's symbolic link leads: rotation renames the file itself, and its heads and seals stand beside it."""
    return Path(os.path.realpath(log)) if os.path.islink(log) else log


def _settings(file: FileTable, path: Path) -> Settings:
    controllers = {id_: Controller(id_, table.sector.casefold(), table.name) for id_, table in file.controllers.items()}
    host, _, port = file.daemon.listen.rpartition(":")
    hours = file.policy.hours
    policy = Policy(
        campaigns={id_: _campaign(id_, table, controllers) for id_, table in file.campaigns.items()},
        caller_ids={
            number: CallerId(number, table.holder, table.roc_declared, table.last_recall_test)
            for key, table in file.caller_ids.items() if (number := canonical_caller_id(key)) is not None},
        trunks={id_: Trunk(id_, table.country, table.number_format) for id_, table in file.trunks.items()},
        hours=None if isinstance(hours, str) else Hours(
            *(window_of(text) for text in (hours.weekday, hours.saturday, hours.before_holiday, hours.sunday,
                                         hours.holiday))),
        hours_off=hours == "off",
        fail=FailPolicy(_allowed(file.fail.store), _allowed(file.fail.log)),
        clock_checked_at=file.policy.clock_checked_at,
        callback_days=file.policy.callback_days,
    )
    return Settings(
        store=StoreSettings(os.environ.get(STORE_URL_VARIABLE) or file.store.url, file.store.timeout_ms,
                            file.store.eviction == "never", frozenset(file.store.former_controllers)),
        daemon=DaemonSettings(host.strip("[]"), int(port), file.daemon.workers, file.daemon.deadline_ms, file.daemon.waiting,
                              tuple(map(_network, file.daemon.allow))),
        # a relative path is beside the configuration: a daemon's working directory says nothing to its admin
        log=LogSettings(_followed(path.absolute().parent / file.log.path), file.log.durability, file.log.rotate_mb,
                        path.absolute().parent / file.log.key if file.log.key else None,
                        file.log.pseudonymise_after_days),
        archive_path=path.absolute().parent / file.archive.path,
        retention=Retention(**dict(file.retention), callback_end_days=file.policy.callback_days),
        on_deny=file.policy.on_deny,
        policy=policy,
        controllers=controllers,
        path=path.resolve(),
        shadow_path=path.absolute().parent / file.shadow.config if file.shadow else None,
    )


def _network(text: str) -> Network:
    """A network of `allow`; `::ffff:10.1.0.0/112` is 10.1.0.0/16, as a peer `::ffff:10.1.2.3` is 10.1.2.3."""
    network = ip_network(text, strict=False)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return network if mapped is None or network.prefixlen < 96 else IPv4Network((mapped, network.prefixlen - 96))


def _allowed(table: BaseModel) -> frozenset[Purpose]:
    return frozenset(Purpose(purpose) for purpose, word in table if word == "allow")


def _campaign(id_: str, table: CampaignTable, controllers: Mapping[str, Controller]) -> Campaign:
    return Campaign(
        id=id_,
        controller=controllers[table.controller],
        purpose=Purpose(table.purpose),
        agent=Agent(table.agent),
        category=table.category.casefold(),
        caller_ids=tuple(number for text in table.caller_ids if (number := canonical_caller_id(text)) is not None),
        trunk=table.trunk,
        source=table.source,
        countries=frozenset(table.countries),
        ai_disclosure=table.ai_disclosure,
        statistics_basis=table.statistics_basis,
    )
