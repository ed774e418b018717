"""What is wrong with a configuration: every mistake, each with its key and the way out.

Edge.  Shapes are pydantic's finding, put into words here; that names refer to something is checked here.  No value of
[store] is ever shown: it may hold a password.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from datetime import date, time
from ipaddress import ip_address, ip_network
from types import NoneType
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ValidationError

from agi_gate.config.tables import HOST_AND_PORT, TIME_OF_DAY, DaemonTable, FileTable, RetentionTable
from agi_gate.number import Number, has_numbers, parse_caller_id
from agi_gate.policy import CALL_CENTRE, ENERGY, Purpose, Window
from agi_gate.rules.caller_id import is_short, may_present

# what to write where a text has the wrong shape
_SHAPES = {"listen": "an address and a port: 127.0.0.1:4573, [::1]:4573", "country": "two capital letters: IT",
           "countries": "two capital letters: CH",
           **dict.fromkeys(("path", "key", "config"), "a name that a file can have"), "hours": "9-20, 9:30-19 or closed"}
# what to write where pydantic's own words for a wrong type do not say it
_TYPES = {"date_type": "a date without quotes: 2026-10-01", "bool_type": "true or false, without quotes",
          "model_type": "a table: [{key}]", "dict_type": "tables: [{key}.ID]"}
_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_SENTINEL_OPTIONS = {"sentinel_username", "sentinel_password"}
_URL_OPTIONS = {
    "redis": {"db"}, "unix": {"db"}, "rediss": {"db", *_TLS_OPTIONS},
    "redis+sentinel": _SENTINEL_OPTIONS, "rediss+sentinel": _SENTINEL_OPTIONS | _TLS_OPTIONS,
    "redis+cluster": set(), "rediss+cluster": _TLS_OPTIONS}
_URL_SHAPES = ("redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER, redis+cluster://HOST:PORT,HOST:PORT "
               "(with TLS `rediss` for `redis`) or unix:///PATH?db=DB")
# what an admin may write for the sector, or the product, that has a rule of its own; taken for another it would lose it
_ENERGY_WORDS = {"electricity", "gas", "power", "utilities", "energia", "elettricità", "elettricita", "luce"}


def shape_mistakes(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"] if part != "HoursTable" and not str(part).startswith("literal["))
        if key == "policy.hours" and (item["type"] != "literal_error" or isinstance(item["input"], dict)):
            continue  # of a word and a table, only what was meant is told
        if item["type"] == "extra_forbidden":
            yield f"{key}: is not a key that the gate knows{_nearest(item['loc'])}"
        elif item["type"] == "missing":
            yield f"{key}: is missing"
        else:
            # what is written under [store] may carry a password
            hidden = item["loc"][0] == "store" or isinstance(item["input"], dict | list)
            hidden |= isinstance(item["input"], date | time)  # Python's words for it are none of the file's
            shown = "this" if hidden else repr(item["input"])
            yield f"{key}: {shown} will not do: {_way_out(key, item['type'], item['msg'])}"


def _way_out(key: str, kind: str, message: str) -> str:
    if key == "policy.hours":
        return 'write "code-of-conduct", "off", or a table [policy.hours]'
    if key.endswith((".marketing", ".market_research")) and key.startswith("fail."):
        return 'write "deny": a sale of which nothing is known is never allowed'
    if kind == "string_pattern_mismatch":
        return "write " + next(shape for name, shape in _SHAPES.items() if name in key.split("."))
    if kind in _TYPES:
        return "write " + _TYPES[kind].format(key=key)
    return message.lower()


def url_mistake(url: str) -> str | None:
    """What is wrong with a store's URL, without showing it: it may carry a password."""
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        parts, options = urlsplit(""), {}
    scheme = url.partition("://")[0]  # as the store's edge reads it: `urlsplit` forgives capitals and a blank before it
    if scheme not in _URL_OPTIONS or scheme != parts.scheme:
        return f"is no URL of a store: {_URL_SHAPES}"
    known = _URL_OPTIONS[parts.scheme]
    if not set(options) <= known:
        return f"has an option that is not known; known: {', '.join(sorted(known)) or 'none'}"
    if parts.fragment:
        return "has a `#`; in a password it is written %23"
    if parts.scheme == "unix":
        # of unix://run/redis.sock the folder would be taken for a host, and left out
        is_path = parts.path and not parts.netloc.rpartition("@")[2]
        return _database_mistake(options.get("db", [])) if is_path else "names no socket: unix:///PATH?db=DB"
    server, _, kind = parts.scheme.partition("+")
    hosts = parts.netloc.rpartition("@")[2]
    if not all(map(_is_host, hosts.split(",") if kind else [hosts])):
        return "names no host and port; in a password `/` is written %2F"
    path = parts.path.removeprefix("/")
    if kind == "cluster":
        return "names a database; a cluster has none: end it after the last port" if path else None
    if kind == "sentinel":
        master, _, path = path.partition("/")
        if not re.fullmatch(r"[\w.%-]+", master, re.ASCII):
            return f"names no master: {server}+sentinel://HOST:PORT,HOST:PORT/MASTER"
    return _database_mistake([*options.get("db", []), path])


def _is_host(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _database_mistake(databases: list[str]) -> str | None:
    return None if re.fullmatch("[0-9]*", "".join(databases)) else "has a database that is no number"


def _nearest(location: tuple[int | str, ...]) -> str:
    """Name the known key that a wrong one is closest to."""
    table: Any = FileTable
    for part in location[:-1]:
        if isinstance(table, type) and issubclass(table, BaseModel):
            field = table.model_fields.get(str(part))
            table = field.annotation if field is not None else None
            if NoneType in get_args(table):
                table = get_args(table)[0]
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


def reference_mistakes(raw: dict[str, Any]) -> Iterator[str]:
    """What names nothing or is out of its range, found even where shapes are wrong elsewhere."""
    controllers = _tables(raw, "controllers")
    seen: dict[str, str] = {}
    for number, entry in _tables(raw, "caller_ids").items():
        canonical = canonical_caller_id(number)
        if canonical is None:
            yield f"caller_ids.{number}: {_caller_id_mistake(number)}"
        elif canonical in seen:
            yield f"caller_ids.{number}: is the same number as caller_ids.{seen[canonical]}"
        else:
            seen[canonical] = number
        holder = entry.get("holder")
        if isinstance(holder, str) and holder != CALL_CENTRE and holder not in controllers:
            yield f"caller_ids.{number}.holder: `{holder}` is no controller of this file, nor `{CALL_CENTRE}`"
        if holder == CALL_CENTRE and (declared := _declared(number)) and is_short(declared):
            yield (f"caller_ids.{number}.holder: a three-digit or freephone number is presented only by the controller that "
                   "it is assigned to; write that controller's id")
    for id_ in controllers:
        if id_ == CALL_CENTRE or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", id_):
            yield f"controllers.{id_}: an id is 1 to 40 letters, digits, - or _, and not `{CALL_CENTRE}`"
        sector = _folded(controllers[id_], "sector")
        if _means_energy(sector):
            yield f"controllers.{id_}.sector: `{sector}` brings no rule; electricity and gas are written `{ENERGY}`"
    yield from _campaign_mistakes(raw)
    for day, text in _tables(raw, "policy").get("hours", {}).items():
        if isinstance(text, str) and re.fullmatch(f"{TIME_OF_DAY}-{TIME_OF_DAY}", text):
            window = window_of(text)
            if window is None or not window[0] < window[1] <= 24 * 60:
                yield f"policy.hours.{day}: `{text}` is no time of day that begins before it ends"
    kept = _retention(raw)
    if kept["feeds_days"] < kept["checks_days"]:
        yield (f"retention.feeds_days: {kept['feeds_days']} is less than checks_days, {kept['checks_days']}: the receipt "
               "of a check would go before its results")
    if kept["decisions_days"] < kept["callbacks_days"]:
        yield (f"retention.decisions_days: {kept['decisions_days']} is less than callbacks_days, {kept['callbacks_days']}: "
               "a rebuild could not tell any more which call-backs were used up")
    log = raw.get("log")
    if isinstance(log, dict) and "pseudonymise_after_days" in log and not log.get("key"):
        yield ('log.pseudonymise_after_days: without a key no number could be found again; name a file: '
               'log.key = "pseudonyms.key", and make it with `agi-gate log key`')
    store, daemon = ({} if not isinstance(raw.get(name), dict) else raw[name] for name in ("store", "daemon"))
    if isinstance(url := store.get("url"), str) and (mistake := url_mistake(url)):
        yield f"store.url: {mistake}"
    yield from _daemon_mistakes(daemon)
    port = str(daemon.get("listen", "")).rpartition(":")[2]
    if re.fullmatch("[0-9]{5}", port) and int(port) > 65535:
        yield f"daemon.listen: there is no port {port}"


def _campaign_mistakes(raw: dict[str, Any]) -> Iterator[str]:
    controllers, trunks = _tables(raw, "controllers"), _tables(raw, "trunks")
    for id_, campaign in _tables(raw, "campaigns").items():
        for key, known in (("controller", controllers), ("trunk", trunks)):
            value = campaign.get(key)
            if isinstance(value, str) and value not in known:
                near = difflib.get_close_matches(value, known, 1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                yield f"campaigns.{id_}.{key}: `{value}` is no {key} of this file{hint}"
        category = _folded(campaign, "category")
        sector = _folded(controllers.get(str(campaign.get("controller")), {}), "sector")
        if _means_energy(category) and sector != ENERGY and not _means_energy(sector):
            yield (f"campaigns.{id_}.category: `{category}` brings no rule to a controller of another sector; electricity "
                   f"and gas are written `{ENERGY}`, in the consents, too, and another product without that word")
        if campaign.get("purpose") == Purpose.STATISTICS.value and not str(campaign.get("statistics_basis", "")).strip():
            yield (f"campaigns.{id_}.statistics_basis: is missing: the registry leaves out only statistics of the national "
                   "statistical system (DPR 26/2022 art. 2 c. 3); write on what the survey rests, statistics_basis = "
                   '"...", or declare purpose = "market_research"')
        countries = campaign.get("countries")
        for country in countries if isinstance(countries, list) else []:
            if isinstance(country, str) and re.fullmatch("[A-Z]{2}", country) and not has_numbers(country):
                yield (f"campaigns.{id_}.countries: `{country}` is no country that numbers are of; write its code of "
                       "ISO 3166: GB, not UK")
        numbers = campaign.get("caller_ids")
        for number in numbers if isinstance(numbers, list) else []:
            if isinstance(number, str) and (mistake := _caller_id_mistake(number)):
                yield f"campaigns.{id_}.caller_ids: {mistake}"


def _folded(table: dict[str, Any], key: str) -> str:
    return str(table.get(key, "")).strip().casefold()


def _means_energy(text: str) -> bool:
    """Say whether it speaks of energy by another word, among other words, or by that word misspelt."""
    return text != ENERGY and any(word in _ENERGY_WORDS or difflib.get_close_matches(word, [ENERGY], 1, 0.7)
                                  for word in re.findall(r"\w+", text))


def _daemon_mistakes(daemon: dict[str, Any]) -> Iterator[str]:
    allow = daemon.get("allow", [])
    for text in allow if isinstance(allow, list) else []:
        try:
            ip_network(text, strict=False)
        except ValueError:
            yield f"daemon.allow: `{text}` is no address or network: 10.0.0.5, 10.1.0.0/16"
    listen = str(daemon.get("listen", DaemonTable().listen))
    host = listen.rpartition(":")[0].strip("[]")
    if re.fullmatch(HOST_AND_PORT, listen) and not allow and not _is_this_machine(host):
        yield (f"daemon.listen: `{listen}` can be reached from other machines; say who may ask: "
               'allow = ["10.0.0.5", "10.1.0.0/16"]')


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _retention(raw: dict[str, Any]) -> dict[str, int]:
    """The days as they are written, where they are numbers, and the defaults."""
    written = raw.get("retention")
    days = {key: field.default for key, field in RetentionTable.model_fields.items()}
    return days | {key: value for key, value in (written if isinstance(written, dict) else {}).items()
                   if type(value) is int}


def _caller_id_mistake(text: str) -> str | None:
    number = _declared(text)
    if number is None:
        why = "write it as +39..."
    elif number.country != "IT":
        why = "it is another country's; write an Italian one: +39..."
    elif not may_present(number):
        why = (f"no rule lets a number of its class ({number.number_class.value}) present; write a geographic or mobile one, "
               "0844..., 0843..., or a three-digit or freephone number of the controller's own")
    else:
        return None
    return f"`{text}` is not a number that may be presented; {why}"


def _declared(text: str) -> Number | None:
    """Read a number that is declared: between digits people write a blank, a dot or a hyphen, which is never presented."""
    return parse_caller_id(re.sub(r"(?<=[0-9])[ .-](?=[0-9])", "", text))


def canonical_caller_id(text: str) -> str | None:
    """E.164, or the digits of a short code; None where it may not be presented."""
    number = _declared(text)
    return number.e164 if number and not _caller_id_mistake(text) else None


def window_of(text: str) -> Window:
    if text == "closed":
        return None
    start, end = ([int(part) for part in (*side.split(":"), "0")[:2]] for side in text.split("-"))
    return start[0] * 60 + start[1], end[0] * 60 + end[1]
