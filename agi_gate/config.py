"""gate.toml -> frozen settings.

Edge.  A wrong file is refused whole, with every mistake named by its key in one run; nothing is guessed.
pydantic checks shapes, this module checks that names refer to something.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agi_gate.number import parse_caller_id
from agi_gate.policy import CALL_CENTRE, Agent, CallerId, Campaign, Controller, Hours, Policy, Purpose, Trunk, Window

DEFAULT_PATH = "/etc/agi-gate/gate.toml"
PATH_VARIABLE = "AGI_GATE_CONFIG"
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


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    host: str
    port: int
    workers: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Settings:
    store: StoreSettings
    daemon: DaemonSettings
    log_path: Path
    on_deny: Literal["hangup", "return"]
    policy: Policy
    controllers: Mapping[str, Controller]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_Url = Annotated[str, StringConstraints(pattern=r"^(redis|rediss|unix)://")]
_Listen = Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$")]
_Day = Annotated[str, StringConstraints(pattern=r"^(closed|[0-9]{1,2}(:[0-9]{2})?-[0-9]{1,2}(:[0-9]{2})?)$")]


class _Store(_Table):
    url: _Url
    timeout_ms: Annotated[int, Field(ge=1, le=2000)] = 250


class _Daemon(_Table):
    listen: _Listen = "127.0.0.1:4573"
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    # the dialplan leaves a gate that has not answered within 2 s
    deadline_ms: Annotated[int, Field(ge=50, le=1900)] = 1000


class _Log(_Table):
    path: _Name


class _Hours(_Table):
    weekday: _Day
    saturday: _Day
    before_holiday: _Day
    sunday: _Day = "closed"
    holiday: _Day = "closed"


class _Policy(_Table):
    hours: Literal["code-of-conduct", "off"] | _Hours = "code-of-conduct"
    on_deny: Literal["hangup", "return"] = "hangup"


class _Controller(_Table):
    name: _Name
    sector: _Name


class _CallerId(_Table):
    holder: _Name
    roc_declared: bool
    last_recall_test: date | None = None


class _Trunk(_Table):
    country: _Country


class _Campaign(_Table):
    controller: _Name
    purpose: Literal["marketing", "market_research", "statistics", "service"]
    agent: Literal["human", "automated", "ai"]
    category: _Name
    caller_ids: Annotated[list[str], Field(min_length=1)]
    trunk: _Name
    source: _Name | None = None
    countries: list[_Country] = []


class _File(_Table):
    store: _Store
    log: _Log
    daemon: _Daemon = _Daemon()
    policy: _Policy = _Policy()
    controllers: Annotated[dict[str, _Controller], Field(min_length=1)]
    caller_ids: dict[str, _CallerId] = {}
    trunks: dict[str, _Trunk] = {}
    campaigns: Annotated[dict[str, _Campaign], Field(min_length=1)]


def find_path(given: str | None) -> Path:
    """The configuration's path: as given, else `$AGI_GATE_CONFIG`, else `/etc/agi-gate/gate.toml`."""
    return Path(given or os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)


def load(path: Path) -> Settings:
    """Read a configuration file.  Raises ConfigError with every mistake."""
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(path, [
            f"cannot be read ({error.strerror}); name the file with --config or ${PATH_VARIABLE}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"is no TOML: {error}"]) from error
    mistakes: list[str] = []
    file: _File | None = None
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        mistakes.extend(_shape_mistakes(error))
    mistakes.extend(_reference_mistakes(raw))
    if mistakes or file is None:
        raise ConfigError(path, mistakes)
    return _settings(file, path)


def _shape_mistakes(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"] if part != "_Hours" and not str(part).startswith("literal["))
        if item["type"] == "extra_forbidden":
            yield f"{key}: is not a key that the gate knows{_nearest(item['loc'])}"
        elif item["type"] == "missing":
            yield f"{key}: is missing"
        elif key.endswith("url"):  # its value may carry a password
            yield f"{key}: must start with redis://, rediss:// or unix://"
        else:
            shown = repr(item["input"]) if not isinstance(item["input"], dict | list) else "this"
            yield f"{key}: {shown} will not do: {item['msg'].lower()}"


def _nearest(location: tuple[int | str, ...]) -> str:
    """Name the known key that a wrong one is closest to."""
    table: Any = _File
    for part in location[:-1]:
        if isinstance(table, type) and issubclass(table, BaseModel):
            field = table.model_fields.get(str(part))
            table = field.annotation if field is not None else None
        elif arguments := get_args(table):
            table = arguments[-1]
    if not (isinstance(table, type) and issubclass(table, BaseModel)):
        return ""
    known = list(table.model_fields)
    near = difflib.get_close_matches(str(location[-1]), known, 1)
    return f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(known)}"


def _tables(raw: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    section = raw.get(name)
    if not isinstance(section, dict):
        return {}
    return {key: value for key, value in section.items() if isinstance(value, dict)}


def _reference_mistakes(raw: dict[str, Any]) -> Iterator[str]:
    """What names nothing, found even where shapes are wrong elsewhere."""
    controllers, trunks = _tables(raw, "controllers"), _tables(raw, "trunks")
    seen: dict[str, str] = {}
    for number, entry in _tables(raw, "caller_ids").items():
        canonical = _canonical_caller_id(number)
        if canonical is None:
            yield f"caller_ids.{number}: `{number}` is not a number that may be presented; write it as +39..."
        elif canonical in seen:
            yield f"caller_ids.{number}: is the same number as caller_ids.{seen[canonical]}"
        else:
            seen[canonical] = number
        holder = entry.get("holder")
        if isinstance(holder, str) and holder != CALL_CENTRE and holder not in controllers:
            yield f"caller_ids.{number}.holder: `{holder}` is no controller of this file, nor `{CALL_CENTRE}`"
    for id_ in controllers:
        if id_ == CALL_CENTRE or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", id_):
            yield f"controllers.{id_}: an id is 1 to 40 letters, digits, - or _, and not `{CALL_CENTRE}`"
    for id_, campaign in _tables(raw, "campaigns").items():
        for key, known in (("controller", controllers), ("trunk", trunks)):
            value = campaign.get(key)
            if isinstance(value, str) and value not in known:
                near = difflib.get_close_matches(value, known, 1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                yield f"campaigns.{id_}.{key}: `{value}` is no {key} of this file{hint}"
        numbers = campaign.get("caller_ids")
        for number in numbers if isinstance(numbers, list) else []:
            if isinstance(number, str) and _canonical_caller_id(number) is None:
                yield f"campaigns.{id_}.caller_ids: `{number}` is not a number that may be presented; write it as +39..."
    hours = raw.get("policy", {}).get("hours") if isinstance(raw.get("policy"), dict) else None
    for day, text in hours.items() if isinstance(hours, dict) else ():
        if isinstance(text, str) and re.fullmatch(r"[0-9:]+-[0-9:]+", text):
            window = _window(text)
            if window is None or not 0 <= window[0] < window[1] <= 24 * 60:
                yield f"policy.hours.{day}: `{text}` is no time of day that begins before it ends"


def _canonical_caller_id(text: str) -> str | None:
    number = parse_caller_id(text)
    return None if number is None or number.country != "IT" else number.e164


def _window(text: str) -> Window:
    if text == "closed":
        return None
    start, end = ([int(part) for part in (*side.split(":"), "0")[:2]] for side in text.split("-"))
    return start[0] * 60 + start[1], end[0] * 60 + end[1]


def _settings(file: _File, path: Path) -> Settings:
    controllers = {id_: Controller(id_, table.sector.casefold(), table.name) for id_, table in file.controllers.items()}
    host, _, port = file.daemon.listen.rpartition(":")
    hours = file.policy.hours
    policy = Policy(
        campaigns={id_: _campaign(id_, table, controllers) for id_, table in file.campaigns.items()},
        caller_ids={
            number: CallerId(number, table.holder, table.roc_declared, table.last_recall_test)
            for key, table in file.caller_ids.items() if (number := _canonical_caller_id(key)) is not None},
        trunks={id_: Trunk(id_, table.country) for id_, table in file.trunks.items()},
        hours=None if isinstance(hours, str) else Hours(
            *(_window(text) for text in (hours.weekday, hours.saturday, hours.before_holiday, hours.sunday,
                                         hours.holiday))),
        hours_off=hours == "off",
    )
    return Settings(
        store=StoreSettings(os.environ.get(STORE_URL_VARIABLE) or file.store.url, file.store.timeout_ms),
        daemon=DaemonSettings(host.strip("[]"), int(port), file.daemon.workers, file.daemon.deadline_ms),
        # a relative path is beside the configuration: a daemon's working directory says nothing to its admin
        log_path=path.absolute().parent / file.log.path,
        on_deny=file.policy.on_deny,
        policy=policy,
        controllers=controllers,
    )


def _campaign(id_: str, table: _Campaign, controllers: Mapping[str, Controller]) -> Campaign:
    return Campaign(
        id=id_,
        controller=controllers[table.controller],
        purpose=Purpose(table.purpose),
        agent=Agent(table.agent),
        category=table.category.casefold(),
        caller_ids=tuple(number for text in table.caller_ids if (number := _canonical_caller_id(text)) is not None),
        trunk=table.trunk,
        source=table.source,
        countries=frozenset(table.countries),
    )
