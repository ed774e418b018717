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
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agi_gate.number import parse_caller_id
from agi_gate.policy import CALL_CENTRE, ENERGY, Agent, CallerId, Campaign, Controller, Hours, Policy, Purpose, Trunk, Window

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


# what an admin may write for the sector that has a rule of its own; taken for another sector it would lose that rule
_ENERGY_WORDS = {"electricity", "gas", "power", "utilities", "energia", "elettricità", "elettricita", "luce", "luce e gas"}


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_Listen = Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$")]
_TIME = r"([01]?[0-9]|2[0-4])(:[0-5][0-9])?"
_Day = Annotated[str, StringConstraints(pattern=rf"^(closed|{_TIME}-{_TIME})$")]
# what to write where a text has the wrong shape
_SHAPES = {"listen": "an address and a port: 127.0.0.1:4573", "country": "two capital letters: IT",
           "countries": "two capital letters: CH", "hours": "9-20, 9:30-19 or closed"}
_URL_OPTIONS = {"redis": {"db"}, "unix": {"db"}, "rediss": {
    "db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}}


class _Store(_Table):
    url: str
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
    except (ValueError, RecursionError) as error:
        raise ConfigError(path, [f"is no TOML: {error}"]) from error
    mistakes: list[str] = []
    file: _File | None = None
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        mistakes.extend(_shape_mistakes(error))
    mistakes.extend(_reference_mistakes(raw))
    if (url := os.environ.get(STORE_URL_VARIABLE)) and (mistake := _url_mistake(url)):
        mistakes.append(f"${STORE_URL_VARIABLE}: {mistake}")
    if mistakes or file is None:
        raise ConfigError(path, mistakes)
    return _settings(file, path)


def _shape_mistakes(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"] if part != "_Hours" and not str(part).startswith("literal["))
        if key == "policy.hours" and (item["type"] != "literal_error" or isinstance(item["input"], dict)):
            continue  # of a word and a table, only what was meant is told
        if item["type"] == "extra_forbidden":
            yield f"{key}: is not a key that the gate knows{_nearest(item['loc'])}"
        elif item["type"] == "missing":
            yield f"{key}: is missing"
        else:
            # what is written under [store] may carry a password
            shown = "this" if item["loc"][0] == "store" or isinstance(item["input"], dict | list) else repr(item["input"])
            yield f"{key}: {shown} will not do: {_way_out(key, item['type'], item['msg'])}"


def _way_out(key: str, kind: str, message: str) -> str:
    if key == "policy.hours":
        return 'write "code-of-conduct", "off", or a table [policy.hours]'
    if kind == "string_pattern_mismatch":
        return "write " + next(shape for name, shape in _SHAPES.items() if name in key.split("."))
    return message.lower()


def _url_mistake(url: str) -> str | None:
    """What is wrong with a store's URL, without showing it: it may carry a password."""
    try:
        parts = urlsplit(url)
        port, options = parts.port, parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        port, options, parts = None, {}, urlsplit("")
    if parts.scheme not in _URL_OPTIONS:
        return "is no URL of a store: redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:///PATH?db=DB"
    if not set(options) <= _URL_OPTIONS[parts.scheme]:
        return f"has an option that is not known; known: {', '.join(sorted(_URL_OPTIONS[parts.scheme]))}"
    if parts.fragment:
        return "has a `#`; in a password it is written %23"
    if parts.scheme == "unix":
        return None if parts.path else "names no socket: unix:///PATH?db=DB"
    if not parts.hostname or port == 0:
        return "names no host and port; in a password `/` is written %2F"
    if not re.fullmatch(r"(/[0-9]*)?", parts.path) or not all(re.fullmatch("[0-9]+", db) for db in options.get("db", ())):
        return "has a database that is no number"
    return None


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
    """What names nothing or is out of its range, found even where shapes are wrong elsewhere."""
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
        sector = str(controllers[id_].get("sector", "")).strip().casefold()
        if sector != ENERGY and (sector in _ENERGY_WORDS or difflib.get_close_matches(sector, [ENERGY], 1, 0.7)):
            yield f"controllers.{id_}.sector: `{sector}` brings no rule; electricity and gas are written `{ENERGY}`"
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
    for day, text in _tables(raw, "policy").get("hours", {}).items():
        if isinstance(text, str) and re.fullmatch(f"{_TIME}-{_TIME}", text):
            window = _window(text)
            if window is None or not window[0] < window[1] <= 24 * 60:
                yield f"policy.hours.{day}: `{text}` is no time of day that begins before it ends"
    store, daemon = ({} if not isinstance(raw.get(name), dict) else raw[name] for name in ("store", "daemon"))
    if isinstance(url := store.get("url"), str) and (mistake := _url_mistake(url)):
        yield f"store.url: {mistake}"
    port = str(daemon.get("listen", "")).rpartition(":")[2]
    if re.fullmatch("[0-9]{5}", port) and int(port) > 65535:
        yield f"daemon.listen: there is no port {port}"


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
