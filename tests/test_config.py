"""A wrong gate.toml is refused whole, with every mistake named by its key; a right one means what it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agi_gate import config
from agi_gate.policy import CallerId, FailPolicy, Hours, Purpose
from tests.support.gate_toml import DEFAULT_LIMITS, write_gate_toml

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (config.STORE_URL_VARIABLE, config.PATH_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def mistakes(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """The mistakes of the small gate.toml with words of it exchanged."""
    path = write_gate_toml(folder, *changes)
    try:
        config.load(path)
    except config.ConfigError as error:
        assert str(error).splitlines() == [f"{path}: {mistake}" for mistake in error.mistakes]
        return error.mistakes
    return []


def hours(text: str) -> tuple[str, str]:
    return 'hours = "off"', text


def url(text: str) -> tuple[str, str]:
    return "redis://127.0.0.1:1/0", text


def test_a_right_file_has_no_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == []


# (what is changed, the one line it gives)
ONE_MISTAKE = {
    "open to the network": (("127.0.0.1:0", "0.0.0.0:4573"),
                            "daemon.listen: `0.0.0.0:4573` can be reached from other machines; say who may ask"),
    "no address in allow": (("workers = 2", 'allow = ["10.0.0.300"]'),
                            "daemon.allow: `10.0.0.300` is no address or network"),
    "a sale without its check": (("[policy]", '[fail.store]\nmarketing = "allow"\n\n[policy]'),
                                 'fail.store.marketing: \'allow\' will not do: write "deny"'),
    "a record without a word of its fault": (("[policy]", '[fail.log]\nservice = "maybe"\n\n[policy]'),
                                             "fail.log.service: 'maybe' will not do"),
    "a pseudonym without a key": (('path = "decisions.jsonl"', 'path = "decisions.jsonl"\npseudonymise_after_days = 30'),
                                  "log.pseudonymise_after_days: without a key no number could be found again"),
    "missing key": (('name = "Acme Telecom"', ""), "controllers.acme.name: is missing"),
    "missing table": (('[log]\npath = "decisions.jsonl"', ""), "log: is missing"),
    "misspelt key": (("workers = 2", "worker = 2"),
                     "daemon.worker: is not a key that the gate knows; did you mean `workers`?"),
    "misspelt key of a named table": (('source = "Elenco', 'sorce = "Elenco'),
                                     "campaigns.fibra.sorce: is not a key that the gate knows; did you mean `source`?"),
    "misspelt table": (("[policy]", "[polcy]"), "polcy: is not a key that the gate knows; did you mean `policy`?"),
    "a key that is like no other": (("workers = 2", "zzz = 2"), "known here: listen, workers, deadline_ms"),
    "wrong type": (("workers = 2", 'workers = "2"'), "daemon.workers: '2' will not do"),
    "truth as text": (("roc_declared = true", 'roc_declared = "yes"'), "caller_ids.+390212340000.roc_declared: 'yes' will not do: write true or false"),
    "out of range": (("workers = 2", "workers = 0"), "daemon.workers: 0 will not do"),
    "deadline past the dialplan's patience": (("deadline_ms = 1900", "deadline_ms = 2000"), "daemon.deadline_ms: 2000"),
    "no such purpose": (('"marketing"', '"selling"'),
                        "campaigns.fibra.purpose: 'selling' will not do: input should be"),
    "address without a port": (("127.0.0.1:0", "localhost"),
                               "daemon.listen: 'localhost' will not do: write an address and a port: 127.0.0.1:4573"),
    "port past the last": (("127.0.0.1:0", "127.0.0.1:65536"), "daemon.listen: there is no port 65536"),
    "country as a word": (('"IT"', '"Italy"'),
                          "trunks.carrier1.country: 'Italy' will not do: write two capital letters"),
    "a log that is no file": (('"decisions.jsonl"', '"/"'), "log.path: '/' will not do: write a name that a file can have"),
    "a log that can have no name": (('"decisions.jsonl"', '"a\\u0000b"'), "log.path: 'a\\x00b' will not do"),
    "keys that can have no name": (('path = "decisions.jsonl"', 'path = "decisions.jsonl"\nkey = "a\\u0000b"'),
                                   "log.key: 'a\\x00b' will not do"),
    "an archive that can have no name": (("[policy]", '[archive]\npath = "a\\u0000b"\n[policy]'), "archive.path: 'a\\x00b'"),
    "a shadow that can have no name": (("[policy]", '[shadow]\nconfig = "a\\u0000b"\n[policy]'), "shadow.config: 'a\\x00b'"),
    "a country that no number is of": (('source = "Elenco', 'countries = ["CH", "UK"]\nsource = "Elenco'),
                                       "campaigns.fibra.countries: `UK` is no country that numbers are of"),
    "no caller IDs": (('caller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource',
                       'caller_ids = []\ntrunk = "carrier1"\nsource'), "campaigns.fibra.caller_ids: this will not do"),
    "a table that is a word": (("[policy]\nhours = \"off\"", "policy = 3"), ": "),
    "a table that is a word, beside tables": (("[daemon]", "[[daemon]]"), "daemon: this will not do: write a table: [daemon]"),
    "a date in quotes": (("roc_declared = true", 'roc_declared = true\nlast_recall_test = "2026-10-01"'),
                         "last_recall_test: '2026-10-01' will not do: write a date without quotes: 2026-10-01"),
    "a date with a time": (("roc_declared = true", "roc_declared = true\nlast_recall_test = 2026-10-01T00:00:00Z"),
                           "last_recall_test: this will not do: write a date without quotes"),
    "an address of version 6 without a port": (("127.0.0.1:0", "[::1]"), "daemon.listen: '[::1]' will not do"),
    "a door in the place of an address": (("127.0.0.1:0", "agi://127.0.0.1:4573/gate"), "write an address and a port"),
    "an address of version 6 without brackets": (("127.0.0.1:0", "::1:4573"),
                                                 "write an address and a port: 127.0.0.1:4573, [::1]:4573"),
    "misspelt key of an optional table": (("[policy]", '[shadow]\nconfig = "next.toml"\nconfg = "x"\n[policy]'),
                                          "shadow.confg: is not a key that the gate knows; did you mean `config`?"),
    "unknown controller": (('controller = "acme"\npurpose = "marketing"', 'controller = "acne"\npurpose = "marketing"'),
                           "campaigns.fibra.controller: `acne` is no controller of this file; did you mean `acme`?"),
    "unknown trunk": (('trunk = "carrier1"\nsource', 'trunk = "zz"\nsource'),
                      "campaigns.fibra.trunk: `zz` is no trunk of this file"),
    "unknown holder": (('holder = "acme"', 'holder = "acne"'),
                       "caller_ids.+390212340000.holder: `acne` is no controller of this file, nor `callcentre`"),
    "caller ID of a campaign that is an extension": (
        ('caller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource',
         'caller_ids = ["201"]\ntrunk = "carrier1"\nsource'),
        "campaigns.fibra.caller_ids: `201` is not a number that may be presented"),
    "caller ID that is two numbers": (('[caller_ids."+390212340000"]', '[caller_ids."0212340000/1"]'),
                                      "caller_ids.0212340000/1: `0212340000/1` is not a number that may be presented; write it as +39"),
    **{f"caller ID that no rule lets present: {number}": (
        ('[caller_ids."+390212340000"]', f'[caller_ids."{number}"]'),
        f"caller_ids.{number}: `{number}` is not a number that may be presented; no rule lets a number of its class ({kind}) present")
       for number, kind in (("+39899123456", "premium"), ("+395512345678", "nomadic"), ("+39848123456", "short"), ("1254", "short"),
                            ("112", "emergency"))},
    "caller ID of a campaign that no rule lets present": (
        ('caller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource', 'caller_ids = ["+39899123456"]\ntrunk = "carrier1"\nsource'),
        "campaigns.fibra.caller_ids: `+39899123456` is not a number that may be presented; no rule lets"),
    "freephone of the call centre": (('[trunks.carrier1]', '[caller_ids."+39800123456"]\nholder = "callcentre"\nroc_declared = true\n'
                                      '[trunks.carrier1]'),
                                     "caller_ids.+39800123456.holder: a three-digit or freephone number is presented only by the "
                                     "controller that it is assigned to; write that controller's id"),
    "trunk of an unknown format": (('country = "IT"', 'country = "IT"\nnumber_format = "E164"'),
                                   "trunks.carrier1.number_format: 'E164' will not do: input should be 'e164', 'digits' or 'national'"),
    "caller ID of another country": (('[caller_ids."+390212340000"]', '[caller_ids."+41446681800"]'),
                                     "caller_ids.+41446681800: `+41446681800` is not a number that may be presented"),
    "caller ID twice": (('[trunks.carrier1]', '[caller_ids."02 1234 0000"]\nholder = "acme"\nroc_declared = true\n'
                         '[trunks.carrier1]'),
                        "caller_ids.02 1234 0000: is the same number as caller_ids.+390212340000"),
    "statistics that rest on nothing": (('"service"', '"statistics"'),
                                        "campaigns.assistenza.statistics_basis: is missing: the registry leaves out only"),
    "statistics that rest on an empty text": (('"service"', '"statistics"\nstatistics_basis = " "'),
                                              'or declare purpose = "market_research"'),
    "statistics that rest on a number": (('"service"', '"statistics"\nstatistics_basis = 12'),
                                         "campaigns.assistenza.statistics_basis: 12 will not do"),
    "a disclosure in quotes": (('agent = "human"\ncategory = "telecom"\ncaller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource',
                                'agent = "ai"\nai_disclosure = "true"\ncategory = "telecom"\ncaller_ids = ["+390212340000"]\n'
                                'trunk = "carrier1"\nsource'),
                               "campaigns.fibra.ai_disclosure: 'true' will not do: write true or false, without quotes"),
    "a request that counts for no time": (hours('hours = "off"\ncallback_days = 0'), "policy.callback_days: 0 will not do"),
    "a request that counts for ever": (hours('hours = "off"\ncallback_days = 367'), "policy.callback_days: 367 will not do"),
    "hours by an unknown word": (hours('hours = "office"'),
                                 "policy.hours: 'office' will not do: write \"code-of-conduct\", \"off\", or a table "
                                 "[policy.hours]"),
    "hours as a number": (hours("hours = 9"), "policy.hours: 9 will not do: write \"code-of-conduct\""),
    "own hours without Saturday": (hours('hours = {weekday = "9-20", before_holiday = "closed"}'),
                                   "policy.hours.saturday: is missing"),
    "own hours with a misspelt day": (
        hours('hours = {weekday = "9-20", saturday = "closed", before_holiday = "closed", sundays = "closed"}'),
        "policy.hours.sundays: is not a key that the gate knows; did you mean `sunday`?"),
}


@pytest.mark.parametrize(("change", "line"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_one_mistake_is_one_line_with_its_key(tmp_path: Path, change: tuple[str, str], line: str) -> None:
    found = mistakes(tmp_path, change)
    assert len(found) == 1 and line in found[0], found


def test_what_the_law_of_2026_asks_of_a_configuration(tmp_path: Path) -> None:
    written = write_gate_toml(tmp_path, ('"service"', '"statistics"\nstatistics_basis = " survey 12 "'), (
        'agent = "human"\ncategory = "telecom"\ncaller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource',
        'agent = "ai"\nai_disclosure = true\ncategory = "telecom"\ncaller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource'),
        hours('hours = "off"\ncallback_days = 7'))
    settings = config.load(written)
    assert settings.policy.callback_days == settings.retention.callback_end_days == 7
    assert settings.policy.campaigns["assistenza"].statistics_basis == "survey 12"
    assert settings.policy.campaigns["fibra"].ai_disclosure
    defaults = config.load(write_gate_toml(tmp_path))
    assert defaults.policy.callback_days == defaults.retention.callback_end_days == 30
    assert not defaults.policy.campaigns["fibra"].ai_disclosure
    # an AI that does not say so is denied, from its day on, and not its configuration
    assert config.load(write_gate_toml(tmp_path, ('agent = "human"\ncategory = "telecom"\ncaller_ids = ["+390212340000"]\n'
                                                  'trunk = "carrier1"\nsource', 'agent = "ai"\ncategory = "telecom"\n'
                                                  'caller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource')))


def test_every_mistake_is_named_in_one_run(tmp_path: Path) -> None:
    found = mistakes(tmp_path, ("workers = 2", "worker = 2"), ('"marketing"', '"selling"'),
                     ('holder = "acme"', 'holder = "x"'),
                     hours('hours = "office"'), ('country = "IT"', ""), url("redis://"))
    assert sorted(mistake.split(":")[0] for mistake in found) == [
        "caller_ids.+390212340000.holder", "campaigns.fibra.purpose", "daemon.worker", "policy.hours", "store.url",
        "trunks.carrier1.country"]


@pytest.mark.parametrize("id_", ("callcentre", "a b", "a:b", "{a}", "è", "x" * 41))
def test_a_controller_id_that_cannot_be_a_key_is_refused(tmp_path: Path, id_: str) -> None:
    found = mistakes(tmp_path,
                     ("[controllers.acme]", f'[controllers."{id_}"]\nname = "X"\nsector = "x"\n[controllers.acme]'))
    assert len(found) == 1 and found[0].startswith(f"controllers.{id_}: an id is")


# --- files that are no files

@pytest.mark.parametrize(("content", "why"), (
    (b"[store", "is no TOML"), (b"\xff\xfe", "is no TOML"), (b'a = "\xe9"', "is no TOML"),
    (b"a = " + b"9" * 5000, "is no TOML"),
    (b"a = " + b"[" * 100_000, "is no TOML"), (b"", "store: is missing")), ids=repr)
def test_what_is_no_configuration_is_a_clear_error(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_bytes(content)
    with pytest.raises(config.ConfigError, match=why):
        config.load(path)


def test_an_absent_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(config.ConfigError, match=r"cannot be read \(.*\); name the file with --config"):
            config.load(path)


def test_the_path_is_the_one_given_then_the_environment_s_then_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.find_path(None) == Path("/etc/agi-gate/gate.toml")
    monkeypatch.setenv(config.PATH_VARIABLE, "/from/environment.toml")
    assert config.find_path(None) == Path("/from/environment.toml")
    assert config.find_path("given.toml") == Path("given.toml")


# --- the store's address

GOOD_URLS = ("redis://127.0.0.1", "redis://127.0.0.1:6379/0", "redis://:p%23ss@store.example:6379/15",
             "redis://[::1]:6379",
             "rediss://user:pass@store.example:6380/0?ssl_ca_certs=/etc/ca.pem", "unix:///run/redis.sock?db=1",
             "unix://user:pass@/run/redis.sock",
             "redis+sentinel://host/mymaster", "redis+sentinel://[::1]:26379,host:26380/my-master.1/3",
             "redis+sentinel://user:p%2Css@a:1,b:2,c:3/m?sentinel_username=gate&sentinel_password=p%26ss",
             "rediss+sentinel://a:1,b:2/m?ssl_ca_certs=/etc/ca.pem&sentinel_password=x",
             "redis+cluster://host", "redis+cluster://:pass@a:6379,b:6380,[::1]:6381/",
             "rediss+cluster://a,b?ssl_cert_reqs=none")
BAD_URLS = ("", "127.0.0.1:6379", "http://127.0.0.1", "redis://", "redis:///0", "redis://host:port/0",
            "redis://host:99999/0",
            "redis://host:0/0", "redis://host/db", "redis://host/0?db=x", "redis://host/0?db=/1", "unix:///s?db=x",
            "redis://[::1/0", "unix://", "unix://run/redis.sock", "REDIS://host", " redis://host/0", "redis+Cluster://a:1",
            "unix:/run/redis.sock",
            # each would have the last word over the gate's own
            "redis://host/0?socket_timeout=60", "redis://host/0?decode_responses=true", "redis://host/0?protocol=3",
            "redis://host/0?ssl_ca_certs=/etc/ca.pem",
            # passwords that are not escaped
            f"redis://:{SECRET}#x@host/0", f"redis://:{SECRET}/x@host/0", f"redis://user:1?{SECRET}@host/0",
            "redis+sentinel://", "redis+sentinel://a:1,b:2", "redis+sentinel://a:1,b:2/", "redis+sentinel://a:1,,b:2/m",
            "redis+sentinel://a:1,b:port/m", "redis+sentinel://a:1,b:0/m", "redis+sentinel://a:1/m/x",
            "redis+sentinel://a:1/my master", "redis+sentinel://a:1/m?db=0",
            "redis+sentinel://a:1/m?ssl_ca_certs=/ca.pem",
            "redis+cluster://", "redis+cluster://a:1,b:99999", "redis+cluster://a:1,b:2/0", "redis+cluster://a:1?db=0",
            "redis+cluster://a:1?sentinel_password=x", "rediss+cluster://a:1?socket_timeout=60", "unix+sentinel:///a/m",
            "redis+replica://a:1", "redis://a:1,b:2/0", "sentinel://a:1/m",
            f"redis+sentinel://:{SECRET}/x@a:1,b:2/m",
            f"redis+cluster://:{SECRET}#x@a:1,b:2", f"redis+cluster://:{SECRET}@a:port,b:2",
            f"redis+sentinel://a:1/m?sentinel_pass={SECRET}",
            f"redis://:{SECRET}@host:port/0", f"http://:{SECRET}@host/0", f"redis://:{SECRET}[@host/0")


@pytest.mark.parametrize("text", GOOD_URLS)
def test_a_store_url_is_taken_from_either_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert config.load(write_gate_toml(tmp_path, url(text))).store.url == text
    monkeypatch.setenv(config.STORE_URL_VARIABLE, text)
    assert config.load(write_gate_toml(tmp_path)).store.url == text


@pytest.mark.parametrize("text", BAD_URLS)
def test_an_unusable_store_url_is_one_mistake_that_tells_no_password(tmp_path: Path, text: str) -> None:
    found = mistakes(tmp_path, url(text))
    assert len(found) == 1 and found[0].startswith("store.url: ")
    assert SECRET not in found[0]


@pytest.mark.parametrize("text", BAD_URLS[1:])
def test_an_unusable_store_url_of_the_environment_is_a_mistake_too(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(config.STORE_URL_VARIABLE, text)
    found = mistakes(tmp_path)
    assert len(found) == 1 and found[0].startswith("$AGI_GATE_STORE_URL: ")
    assert SECRET not in found[0]


@pytest.mark.parametrize("change", (
    ('[store]\nurl = "redis://127.0.0.1:1/0"', f'store = "redis://:{SECRET}@host/0"'),
    ("url = ", f'urll = "{SECRET}"\nurl = '),
    ('url = "redis://127.0.0.1:1/0"', f'url = ["{SECRET}"]'), ("url = ", f'timeout_ms = "{SECRET}"\nurl = '),
    ("url = ", f'url = "redis://:{SECRET}@h/0"\nurl = '), ("url = ", f'url = "redis://:{SECRET}@h/0\n')), ids=str)
def test_a_password_in_the_wrong_place_is_not_told_either(tmp_path: Path, change: tuple[str, str]) -> None:
    found = mistakes(tmp_path, change)
    assert found and SECRET not in "\n".join(found)


def test_an_empty_variable_overrides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.STORE_URL_VARIABLE, "")
    assert config.load(write_gate_toml(tmp_path)).store.url == "redis://127.0.0.1:1/0"


# --- what a right file means

def test_a_relative_log_path_is_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    path = write_gate_toml(folder)
    monkeypatch.chdir(tmp_path)
    assert config.load(path).log_path == config.load(Path("etc/gate.toml")).log_path == folder / "decisions.jsonl"
    absolute = write_gate_toml(folder, ("decisions.jsonl", "/var/log/gate.jsonl"))
    assert config.load(absolute).log_path == Path("/var/log/gate.jsonl")


def test_the_archive_is_beside_the_file_unless_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    path = write_gate_toml(folder)
    monkeypatch.chdir(tmp_path)
    assert config.load(path).archive_path == config.load(Path("etc/gate.toml")).archive_path == folder / "archive"
    for written, meant in (("kept", folder / "kept"), ("/var/lib/agi-gate", Path("/var/lib/agi-gate"))):
        path = write_gate_toml(folder, ("[policy]", f'[archive]\npath = "{written}"\n[policy]'))
        assert config.load(path).archive_path == meant


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    settings = config.load(write_gate_toml(tmp_path, ('[daemon]\nlisten = "127.0.0.1:0"\nworkers = 2\n', ""),
                                           ('[policy]\nhours = "off"\n', ""), *DEFAULT_LIMITS))
    assert settings.daemon == config.DaemonSettings("127.0.0.1", 4573, 2, 1000, 256)
    assert settings.store.timeout_ms == 250
    assert (settings.on_deny, settings.policy.hours, settings.policy.hours_off) == ("hangup", None, False)


@pytest.mark.parametrize(("peer", "may"), (("10.0.0.5", True), ("::ffff:10.1.2.3", True), ("10.2.0.1", False),
                                           ("127.0.0.1", False), ("fe80::1%eth0", False)))
def test_only_the_listed_may_ask(tmp_path: Path, peer: str, may: bool) -> None:
    daemon = config.load(write_gate_toml(tmp_path, (
        "127.0.0.1:0", '0.0.0.0:4573"\nallow = ["10.0.0.5", "10.1.0.0/16"]#'), )).daemon
    assert daemon.may_ask(peer) is may


@pytest.mark.parametrize(("written", "peer", "may"), (
    ("::ffff:10.0.0.5", "10.0.0.5", True), ("::ffff:10.0.0.5", "::ffff:10.0.0.5", True),
    ("::ffff:10.0.0.5", "10.0.0.6", False), ("::ffff:10.1.0.0/112", "10.1.2.3", True),
    ("::ffff:10.1.0.0/112", "10.2.0.1", False), ("::ffff:0:0/96", "10.2.0.1", True),
    ("::ffff:0:0/96", "2001:db8::1", False), ("2001:db8::/32", "2001:db8::1", True), ("2001:db8::/32", "10.0.0.5", False)))
def test_an_address_of_version_4_that_is_written_as_one_of_version_6_is_that_address(
        tmp_path: Path, written: str, peer: str, may: bool) -> None:
    daemon = config.load(write_gate_toml(tmp_path, ("127.0.0.1:0", f'[::]:4573"\nallow = ["{written}"]#'))).daemon
    assert daemon.may_ask(peer) is may


def test_what_is_declared_for_faults_is_what_goes_on(tmp_path: Path) -> None:
    policy = config.load(write_gate_toml(tmp_path, (
        "[policy]", '[fail.store]\nstatistics = "deny"\n\n[fail.log]\nservice = "allow"\n\n[policy]'))).policy
    assert policy.fail == FailPolicy(store=frozenset({Purpose.SERVICE}), log=frozenset({Purpose.SERVICE}))
    assert FailPolicy().log == frozenset()


def test_an_address_of_version_6_is_listened_on_without_its_brackets(tmp_path: Path) -> None:
    daemon = config.load(write_gate_toml(tmp_path, ("127.0.0.1:0", "[::1]:4573"))).daemon
    assert (daemon.host, daemon.port) == ("::1", 4573)


@pytest.mark.parametrize("written", ("+390212340000", "02 1234 0000", "02-12340000", "0039 02 12340000", "0212340000"))
def test_caller_ids_are_the_same_number_however_they_are_written(tmp_path: Path, written: str) -> None:
    policy = config.load(write_gate_toml(tmp_path, (
        '[caller_ids."+390212340000"]\nholder = "acme"\nroc_declared = true',
        f'[caller_ids."{written}"]\nholder = "acme"\nroc_declared = true\nlast_recall_test = 2026-10-01'))).policy
    assert policy.caller_ids == {"+390212340000": CallerId("+390212340000", "acme", True, date(2026, 10, 1))}
    policy = config.load(write_gate_toml(tmp_path, (
        'caller_ids = ["+390212340000"]\ntrunk = "carrier1"\nsource',
        f'caller_ids = ["{written}"]\ntrunk = "carrier1"\nsource'
    ))).policy
    assert policy.campaigns["fibra"].caller_ids == ("+390212340000",)


def test_sector_and_category_are_compared_without_case(tmp_path: Path) -> None:
    policy = config.load(write_gate_toml(tmp_path, ('sector = "telecom"', 'sector = "ENERGY"'),
                                         ('category = "telecom"', 'category = "Energy"'))).policy
    campaign = policy.campaigns["fibra"]
    assert (campaign.controller.sector, campaign.category, campaign.is_energy) == ("energy", "energy", True)
    assert campaign.purpose is Purpose.MARKETING


OWN_HOURS = 'hours = {{weekday = "{}", saturday = "10:30-13", before_holiday = "closed"}}'


@pytest.mark.parametrize(("written", "minutes"), (
    ("9-20", (540, 1200)), ("9:30-19:45", (570, 1185)), ("09:00-20:00", (540, 1200)), ("0-24", (0, 1440)),
    ("23:59-24:00", (1439, 1440)), ("closed", None)))
def test_own_hours_are_minutes_from_midnight(tmp_path: Path, written: str, minutes: tuple[int, int] | None) -> None:
    policy = config.load(write_gate_toml(tmp_path, hours(OWN_HOURS.format(written)))).policy
    assert policy.hours == Hours(minutes, (630, 780), None, None, None)
    assert not policy.hours_off


@pytest.mark.parametrize("written", (
    "20-9", "9-9", "9", "9-", "-20", "9-25", "24:01-24:30", "9-24:01", "9:60-20", "9:5-20", "9.30-20", "::-9", ":-9",
    "9:-20",
    "9 - 20", "9-20-21", "", "Closed", "٩-20"))
def test_hours_that_are_no_window_are_refused(tmp_path: Path, written: str) -> None:
    found = mistakes(tmp_path, hours(OWN_HOURS.format(written)))
    assert len(found) == 1 and found[0].startswith("policy.hours.weekday: "), found


@pytest.mark.parametrize("sector", ("enrgy", "Gas", "luce e gas", "electricity", "energia",
                                    "Luce & Gas", "energy and gas", "energia elettrica", "gas, luce", "energy supply"))
def test_a_sector_that_means_energy_is_written_energy(tmp_path: Path, sector: str) -> None:
    found = mistakes(tmp_path, ('sector = "telecom"', f'sector = "{sector}"'))
    assert len(found) == 1 and found[0].endswith("electricity and gas are written `energy`")


@pytest.mark.parametrize("sector", ("energy", "telecom", "insurance", "banking", "gasoline", "luceria", "telecom and media"))
def test_other_sectors_are_free(tmp_path: Path, sector: str) -> None:
    assert config.load(write_gate_toml(tmp_path, ('sector = "telecom"', f'sector = "{sector}"')))


@pytest.mark.parametrize("category", ("enrgy", "Gas", "luce e gas", "electricity", "energia"))
def test_a_category_that_means_energy_is_written_energy(tmp_path: Path, category: str) -> None:
    """A telecom controller that sells gas, too, would call those who are in the directory."""
    found = mistakes(tmp_path, ('category = "telecom"', f'category = "{category}"'))
    assert [mistake.split(": ")[0] for mistake in found] == ["campaigns.fibra.category", "campaigns.assistenza.category"]


@pytest.mark.parametrize(("sector", "category"), (("energy", "gas"), ("telecom", "energy"), ("telecom", "insurance")))
def test_other_categories_are_free(tmp_path: Path, sector: str, category: str) -> None:
    """Also all those of a controller whose sector brings the energy rule anyway."""
    assert config.load(write_gate_toml(tmp_path, ('sector = "telecom"', f'sector = "{sector}"'),
                                       ('category = "telecom"', f'category = "{category}"')))
