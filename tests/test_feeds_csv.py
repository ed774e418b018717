"""The CSV feeds: each column means what the contract says, a wrong row is named with its line."""

from __future__ import annotations

import csv
import gzip
import io
import pickle
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate import feeds
from agi_gate.columns import e164_of, number_of
from agi_gate.facts import Callback, Consent, Contact, Objection
from agi_gate.feeds.cells import CellReader
from agi_gate.number import parse_listed
from agi_gate.regime import ROME

LAYOUTS: dict[str, feeds.Layout[Any]] = {layout.name: layout for layout in (
    feeds.CONSENTS, feeds.CONTACTS, feeds.OBJECTIONS, feeds.CALLBACKS, feeds.RESTS)}
NINE = datetime(2026, 10, 1, 9, tzinfo=UTC)
NINE_IN_ROME = "2026-10-01T11:00:00+02:00"
ROWS = {
    "consents": {"number": "3331234500", "controller": "acme", "granted_at": NINE_IN_ROME, "purpose": "marketing",
                 "category": "telecom", "channel": "both", "origin": "web", "evidence": "ip"},
    "contacts": {"number": "3331234500", "controller": "acme", "source": "Elenco", "directory": "yes"},
    "objections": {"number": "3331234500", "controller": "acme", "objected_at": NINE_IN_ROME, "via": "call"},
    "callbacks": {"number": "3331234500", "controller": "acme", "requested_at": NINE_IN_ROME},
    "rests": {"number": "3331234500", "controller": "acme", "silent_at": NINE_IN_ROME},
}
CONSENT = Consent(NINE, "marketing", "telecom", "both", "web", "ip")


NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)


class Row(NamedTuple):
    controller: str
    e164: str
    item: Any


class Read(NamedTuple):
    """A feed with its columns as rows, by controller and number."""

    feed: feeds.Feed
    rows: list[Row]
    rejects: list[feeds.Reject]


def encode(item: object) -> bytes:
    return pickle.dumps([item])


def merge(first: bytes, second: bytes) -> bytes:
    return pickle.dumps(pickle.loads(first) + pickle.loads(second))


def read(folder: Path, name: str, text: str | bytes) -> Read:
    path = folder / f"{name}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with feeds.FeedFile(str(path)) as file:
        feed = feeds.read_csv(file, LAYOUTS[name], ("acme", "other"), encode, merge, now=NOW)
    rows = [Row(controller, e164_of(number), item) for controller, column in feed.columns.items()
            for number, value in zip(column.numbers.tolist(), column.values.tolist(), strict=True)
            for item in pickle.loads(column.table[value])]
    assert feed.rows == len(rows)
    return Read(feed, rows, feed.rejects)


def one_row(folder: Path, name: str, **cells: str) -> Read:
    row = {**ROWS[name], **cells}
    return read(folder, name, f"{','.join(row)}\n" + ",".join(f'"{cell}"' for cell in row.values()) + "\n")


def item(folder: Path, name: str, **cells: str) -> Any:
    feed = one_row(folder, name, **cells)
    assert feed.rejects == []
    return feed.rows[0].item


def why_not(folder: Path, name: str, **cells: str) -> str:
    feed = one_row(folder, name, **cells)
    assert feed.rows == [] and [reject.line for reject in feed.rejects] == [2]
    return feed.rejects[0].why


# --- what the columns mean

@pytest.mark.parametrize(("name", "expected"), (
    ("consents", CONSENT), ("contacts", Contact("Elenco", True)), ("objections", Objection(NINE, "call")),
    ("callbacks", Callback(NINE)), ("rests", NINE)))
def test_a_row_is_a_fact_of_a_controller_and_a_number(tmp_path: Path, name: str, expected: object) -> None:
    feed = one_row(tmp_path, name)
    assert (feed.rows, feed.rejects) == ([Row("acme", "+393331234500", expected)], [])


@pytest.mark.parametrize("name", LAYOUTS)
def test_columns_come_in_any_order(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    expected = one_row(tmp_path, name).rows
    orders = list(permutations(row))
    for order in orders[::max(1, len(orders) // 24)]:
        assert read(tmp_path, name,
                    f"{','.join(order)}\n{','.join(row[column] for column in order)}\n").rows == expected


@pytest.mark.parametrize("text", (
    "number;controller;silent_at\n3331234500;acme;{}\n", "number\tcontroller\tsilent_at\n3331234500\tacme\t{}\n",
    "\ufeffnumber,controller,silent_at\r\n3331234500,acme,{}\r\n",
    " Number , CONTROLLER,silent_at\n 3331234500 , acme , {} \n",
    "number,controller,silent_at\n\n3331234500,acme,{}\n,,\n\n",
    '"number","controller","silent_at"\n"3331234500","acme","{}"',
    "number;controller;silent_at;;;\r\n3331234500;acme;{};;;\r\n", "number;controller;silent_at;;;\n3331234500;acme;{}\n",
    "number;controller;silent_at\r\n3331234500;acme;{};; ;\r\n;;;\r\n", "sep=;\r\nnumber;controller;silent_at\r\n3331234500;acme;{}\r\n",
    '"sep=\t"\nnumber\tcontroller\tsilent_at\n3331234500\tacme\t{}\n', "\ufeffSEP=,\rnumber,controller,silent_at\r3331234500,acme,{}\r",
    "number,why,controller,silent_at\n3331234500,'=1,acme,{}\n"))
def test_a_spreadsheet_s_ways_are_borne_with(tmp_path: Path, text: str) -> None:
    feed = read(tmp_path, "rests", text.format(NINE_IN_ROME))
    assert (feed.rows, feed.rejects) == ([Row("acme", "+393331234500", NINE)], [])
    assert all("no line end" in notice for notice in feed.feed.notices)


@pytest.mark.parametrize("written", (
    "3331234500", "+393331234500", "00393331234500", "333 123 4500", "333-1234500", "333.1234500", "(333) 1234500"))
def test_numbers_are_the_same_however_they_are_written(tmp_path: Path, written: str) -> None:
    assert one_row(tmp_path, "rests", number=written).rows[0].e164 == "+393331234500"


@pytest.mark.parametrize("written",
                         ("39333123450", "112", "", "abc", "33312345", "0212345678p12", "3331234500,", "+39"))
def test_what_is_no_number_is_rejected(tmp_path: Path, written: str) -> None:
    assert f"`{written}` is not a number" in why_not(tmp_path, "rests", number=written)


@pytest.mark.parametrize("controller", ("acne", "", "ACME", "acme other"))
def test_a_controller_that_is_not_configured_is_rejected(tmp_path: Path, controller: str) -> None:
    assert f"`{controller}` is no controller" in why_not(tmp_path, "contacts", controller=controller)


INSTANTS = [("consents", column) for column in ("granted_at", "expires_at", "revoked_at")] + [
    ("objections", "objected_at"), ("callbacks", "requested_at"), ("callbacks", "valid_until"), ("rests", "silent_at")]


@pytest.mark.parametrize(("name", "column"), INSTANTS)
@pytest.mark.parametrize(("written", "why"), (
    ("2026-10-01T11:00:00", "has no offset"), ("2026-10-01", "has no offset"), ("01/10/2026 11:00", "is not a time"),
    ("1789-07-14T11:00:00+00:00", "1990 to 2100"), ("2101-01-01T00:00:00Z", "1990 to 2100"),
    ("2026-13-01T11:00:00Z", "is not a time"),
    ("now", "is not a time")))
def test_a_time_that_is_not_sure_is_rejected(tmp_path: Path, name: str, column: str, written: str, why: str) -> None:
    said = why_not(tmp_path, name, **{column: written})
    assert said.startswith(f"{column}: `{written}` ") and why in said


@pytest.mark.parametrize("written", ("2026-10-01T09:00:00Z", "2026-10-01T11:00+02:00", "2026-10-01 04:00:00-05:00"))
def test_an_offset_is_understood(tmp_path: Path, written: str) -> None:
    assert item(tmp_path, "rests", silent_at=written) == NINE


@pytest.mark.parametrize(("name", "column"), [
    (name, column) for name, columns in (("consents", ("granted_at",)), ("objections", ("objected_at",)),
                                         ("callbacks", ("requested_at",)),
                                         ("rests", ("silent_at",))) for column in columns])
def test_the_time_that_a_fact_is_made_of_may_not_be_empty(tmp_path: Path, name: str, column: str) -> None:
    assert why_not(tmp_path, name, **{column: ""}).startswith(f"{column}: ")


@pytest.mark.parametrize(("cells", "changes"), (
    ({"category": "Telecom"}, {}), ({"purpose": "MARKETING"}, {}),
    ({"purpose": "market_research"}, {"purpose": "market_research"}),
    ({"channel": "human"}, {"channel": "human"}), ({"channel": "automated"}, {"channel": "automated"}),
    ({"category": ""}, {"category": ""}), ({"origin": ""}, {"origin": ""}), ({"evidence": ""}, {"evidence": ""}),
    ({"notice": "v3"}, {"notice": "v3"}), ({"expires_at": "", "revoked_at": "", "contract_ended_on": ""}, {}),
    ({"expires_at": NINE_IN_ROME}, {"expires_at": NINE}), ({"revoked_at": NINE_IN_ROME}, {"revoked_at": NINE}),
    ({"contract": ""}, {}), ({"contract": "no"}, {}), ({"contract": "Yes"}, {"contract": True}),
    ({"contract": "yes", "contract_ended_on": "2026-09-30"},
     {"contract": True, "contract_ended_on": date(2026, 9, 30)}),
), ids=str)
def test_what_the_columns_of_a_consent_mean(tmp_path: Path, cells: dict[str, str], changes: dict[str, Any]) -> None:
    expected = {name: changes.get(name, getattr(CONSENT, name)) for name in CONSENT.__slots__}
    assert item(tmp_path, "consents", **cells) == Consent(**expected)


@pytest.mark.parametrize(("cells", "why"), (
    ({"purpose": "selling"}, "purpose: `selling` is not one of marketing, market_research"),
    ({"purpose": ""}, "purpose: `` is not"),
    ({"channel": "phone"}, "channel: `phone` is not one of human, automated, both"),
    ({"channel": ""}, "channel: `` is not"),
    ({"contract": "1"}, "contract: `1` is not one of yes, no"),
    ({"contract_ended_on": "30/09/2026"}, "contract_ended_on: `30/09/2026`"),
    ({"revoked_at": "2026-10-01T10:59:59+02:00"}, "revoked_at: lies before granted_at")), ids=str)
def test_a_consent_that_is_not_sure_is_rejected(tmp_path: Path, cells: dict[str, str], why: str) -> None:
    assert why in why_not(tmp_path, "consents", **cells)


def test_the_columns_of_a_contact_and_a_callback(tmp_path: Path) -> None:
    assert item(tmp_path, "contacts", directory="NO", acquired_on="2026-09-01") == Contact("Elenco", False,
                                                                                           date(2026, 9, 1))
    assert item(tmp_path, "callbacks", valid_until="2026-10-01T12:00:00+02:00").valid_until == NINE.replace(hour=10)
    for cell, recipient in (("", ""), ("consumer", "consumer"), (" Business ", "business")):
        assert item(tmp_path, "contacts", recipient=cell) == Contact("Elenco", True, None, recipient)
    for cell, via in (("", ""), ("OWN_WEB", "own_web"), ("web", "web"), ("phone", "phone"), ("branch", "branch"),
                      ("other", "other")):
        assert item(tmp_path, "callbacks", via=cell) == Callback(NINE, via=via)
    assert "recipient: `company` is not one of consumer, business" in why_not(tmp_path, "contacts", recipient="company")
    assert "via: `own web` is not one of own_web, web, phone, branch, other" in why_not(tmp_path, "callbacks", via="own web")
    assert "directory: `maybe` is not one of yes, no" in why_not(tmp_path, "contacts", directory="maybe")
    assert "valid_until: lies before" in why_not(tmp_path, "callbacks", valid_until="2026-10-01T10:59:59+02:00")


# --- headers

@pytest.mark.parametrize(("header", "why"), (
    ("number,controller", "column `silent_at` is missing"),
    ("number,controller,silent", "column `silent` is not known"),
    ("number,controller,silentat,silent_at", "column `silentat` is not known; did you mean `silent_at`?"),
    ("number,controller,silent_at,number", "column `number` stands there twice"), ("", "column `number` is missing"),
    ("number,controller,,silent_at", "column `` is not known"),
    ("3331234500,acme,2026-10-01T11:00:00+02:00", "is missing"),
    ("number controller silent_at", "column `number` is missing")))
def test_a_header_that_is_not_sure_refuses_the_file(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, "rests", f"{header}\n3331234500,acme,{NINE_IN_ROME}\n")
    assert why in str(caught.value) and "Columns of rests: number, controller, silent_at" in str(caught.value)


ITALIAN = {
    "objections": {"Numero": "number", "numero di telefono": "number", "Titolare": "controller", "titolare del trattamento": "controller",
                   "data opposizione": "objected_at", "data": "objected_at", "mezzo": "via", "modalità": "via"},
    "consents": {"cellulare": "number", "data consenso": "granted_at", "finalità": "purpose", "categoria": "category",
                 "canale": "channel", "origine": "origin", "prova": "evidence", "data_revoca": "revoked_at", "scadenza": "expires_at",
                 "contratto": "contract", "cessazione contratto": "contract_ended_on"},
    "contacts": {"telefono": "number", "fonte": "source", "provenienza": "source", "elenco": "directory",
                 "data acquisizione": "acquired_on"},
    "callbacks": {"committente": "controller", "data richiesta": "requested_at", "scadenza": "valid_until"},
    "rests": {"utenza": "number", "chiamata muta": "silent_at"}}


@pytest.mark.parametrize(("name", "written", "meant"), [
    (name, written, meant) for name, columns in ITALIAN.items() for written, meant in columns.items()])
def test_an_italian_header_is_answered_with_the_column_that_is_meant(tmp_path: Path, name: str, written: str, meant: str) -> None:
    header = [written if column == meant else column for column in (*LAYOUTS[name].required, *LAYOUTS[name].optional)]
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, name, ";".join(header) + "\n")
    assert f"column `{written.lower()}` is not known; did you mean `{meant}`?" in str(caught.value)


def test_a_separator_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(feeds.FeedError, match=r"line 1 says that `\|` parts the columns"):
        read(tmp_path, "rests", "sep=|\nnumber|controller|silent_at\n")


def test_every_fault_of_a_header_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, "consents", "number,number,granted\n")
    said = str(caught.value)
    assert all(f"`{column}` is missing" in said for column in ("controller", "granted_at", "evidence"))
    assert "`number` stands there twice" in said and "`granted` is not known; did you mean `granted_at`" in said


def test_a_misspelt_revocation_is_not_passed_over(tmp_path: Path) -> None:
    row = {**ROWS["consents"], "revoked": NINE_IN_ROME}
    with pytest.raises(feeds.FeedError, match="`revoked` is not known; did you mean `revoked_at`"):
        read(tmp_path, "consents", f"{','.join(row)}\n{','.join(row.values())}\n")


# --- rows and their lines

def test_a_row_is_named_by_the_line_on_which_it_begins(tmp_path: Path) -> None:
    text = (f'number,controller,source,directory\n'      # 1
            f'3331234500,acme,"a\nlist",yes\n'           # 2, 3
            f'bad1,acme,x,yes\n'                         # 4
            f'\n'                                        # 5
            f'bad2,acme,"a\r\nb\n\nc",yes\n'             # 6 to 9
            f'bad3,acme,"say ""yes""",yes\n'             # 10
            f'3331234501,acme,x,yes\n')
    feed = read(tmp_path, "contacts", text)
    assert [(reject.line, reject.why.split("`")[1]) for reject in feed.rejects] == [(4, "bad1"), (6, "bad2"),
                                                                                    (10, "bad3")]
    assert [row.item.source for row in feed.rows] == ["a\nlist", "x"]


@pytest.mark.parametrize(("row", "why"), (
    ("3331234500,acme", "has 2 columns, and the header has 3"), (f"3331234500,acme,{NINE_IN_ROME},x", "has 4 columns"),
    (f"3331234500;acme;{NINE_IN_ROME}", "has 1 columns")))
def test_a_row_of_another_width_is_rejected(tmp_path: Path, row: str, why: str) -> None:
    feed = read(tmp_path, "rests", f"number,controller,silent_at\n{row}\n3331234501,acme,{NINE_IN_ROME}\n")
    assert why in feed.rejects[0].why and len(feed.rows) == 1


@pytest.mark.parametrize("text", (
    'number,controller,silent_at\n3331234500,acme,"2026', 'number,controller,silent_at\n3331234500,"ac"me,x\n',
    "number,controller,silent_at\n" + "x" * 200_000 + ",acme,x\n"),
    ids=("quote without an end", "text behind a quote", "huge"))
def test_where_rows_cannot_be_told_apart_the_file_is_refused_with_the_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(feeds.FeedError, match=r"rests.csv: line 2: "):
        read(tmp_path, "rests", text)


@pytest.mark.parametrize(("text", "why"), (
    ('3331234500,acme,"Elenco,yes\n3331234501,acme,x,yes\n', "line 2: cell 3, `\"Elenco,yes…`, opens a quote"),
    ('3331234500,acme,x,yes\n\n3331234501,acme,"a\nb",yes\n3331234502,"acme,x,yes\n3331234503,acme,"y",no\n',
     "line 6: cell 2, `\"acme,x,yes…`, opens a quote that is not closed before a separator or the end of a line "
     "(seen in line 7)"),
    ('3331234500,"a\r\nb","c\r\nd" e,yes\n', "line 3: cell 3, `\"c…`, opens a quote"),
    ('3331234500,acme,"Elenco,yes\n' + "3331234501,acme,x,yes\n" * 10_000, "line 2: cell 3, `\"Elenco,yes…`, opens"),
    (f"3331234500,acme,x,yes\n3331234501,acme,{'x' * 200_000},yes\n", "line 3: cell 3, `xxx"),
    (f"3331234500,acme,{'x' * 200_000},yes\n", "holds over 131,072 characters, more than any cell")), ids=range(6))
def test_a_quote_is_named_where_it_was_opened(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, "contacts", f"number,controller,source,directory\n{text}")
    assert why in str(caught.value) and len(str(caught.value)) < 250


@pytest.mark.parametrize(("text", "swallowed"), (
    ('number,controller,silent_at,via\n3331234500,acme,X,"call\n3331234501,acme,X,call"\n', True),
    ('number;controller;silent_at;via\n3331234500;acme;X;"call\r\n333 1234501; acme ;X;call"\r\n', True),
    ('via,number,controller,silent_at\n"call,3331234500,acme,X\ncall",3331234501,acme,X\n', True),
    ('number,controller,silent_at,via\n3331234500,acme,X,"call\n3331234501, he said, acme"\n', False),
    ('number,controller,silent_at,via\n3331234500,acme,X,"call, twice\nacme\n3331234501"\n', False)), ids=range(5))
def test_a_row_that_stray_quotes_put_into_a_cell_is_seen(tmp_path: Path, text: str, swallowed: bool) -> None:
    text = text.replace("silent_at", "objected_at").replace("X", NINE_IN_ROME)
    doubt = read(tmp_path, "objections", text).feed.doubt
    assert ("line 2: cell" in doubt and "holds a whole row, `" in doubt) if swallowed else doubt == ""


def test_a_line_without_an_end_is_refused_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds.rows, "CHUNK_BYTES", 1 << 10)
    monkeypatch.setattr(feeds.FeedFile, "__iter__", lambda file: iter(lambda: file.read(1 << 10), b""))
    with pytest.raises(feeds.FeedError, match="line 2 is longer than"):
        read(tmp_path, "rests", "number,controller,silent_at\n" + "x" * 5_000)


@pytest.mark.parametrize("data", (
    "number,controller".encode("utf-16"), b"\xfe\xff" + "number,controller".encode("utf-16-be"),
    "number,controller\n".encode("utf-16-le"), "number,controller\n".encode("utf-16-be"),
    "numéro,controller\n".encode("utf-32")))
def test_utf_16_is_called_by_its_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(feeds.FeedError, match="is UTF-16, .*; save the file as UTF-8"):
        read(tmp_path, "rests", data)


def test_a_nul_byte_refuses_the_file_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(feeds.FeedError, match="line 3 holds a NUL byte"):
        read(tmp_path, "rests", f"number,controller,silent_at\n3331234500,acme,{NINE_IN_ROME}\n333\0,acme,x\n")


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    data = "number,controller,source,directory\n3331234500,acme,x,yes\n3331234501,acme,Forlì,yes\n".encode("latin-1")
    with pytest.raises(feeds.FeedError, match=r"line 3 is not UTF-8; save the file as UTF-8"):
        read(tmp_path, "contacts", data)
    with pytest.raises(feeds.FeedError, match="in Windows-1252 the line would be `3331234501,acme,Forlì,yes`"):
        read(tmp_path, "contacts", data)


def test_a_file_of_a_header_alone_holds_no_rows_and_says_so(tmp_path: Path) -> None:
    for end in ("\n", "\r\n\r\n", "\n,,\n"):
        feed = read(tmp_path, "rests", f"number,controller,silent_at{end}")
        assert (feed.rows, feed.rejects, feed.feed.columns) == ([], [], {})
        assert feed.feed.notices == ["rests.csv: has a header and no row"]


@pytest.mark.parametrize("data", (b"", b"\xef\xbb\xbf", b"\r\n", b" \n\n"))
def test_an_empty_file_is_refused_in_few_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, "consents", data)
    assert str(caught.value) == "consents.csv: is empty"


def test_the_feed_is_known_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    one, same, other = (read(tmp_path, "rests", f"number,controller,silent_at\n{end}").feed.sha256
                        for end in ("", "", "\n"))
    assert one == same != other and len(one) == 64


def test_lines_that_end_as_on_an_old_mac_are_lines(tmp_path: Path) -> None:
    feed = read(tmp_path, "rests", f"number,controller,silent_at\r3331234500,acme,{NINE_IN_ROME}\rbad,acme,\r")
    assert [row.e164 for row in feed.rows] == ["+393331234500"] and [reject.line for reject in feed.rejects] == [3]


def test_a_number_that_comes_twice_is_merged_in_the_order_of_the_rows(tmp_path: Path) -> None:
    feed = read(tmp_path, "contacts", "number,controller,source,directory\n" + "".join(
        f"{number},{controller},{source},no\n" for number, controller, source in (
            ("3331234501", "acme", "b"), ("3331234500", "acme", "a"), ("3331234501", "other", "c"),
            ("+39 333 1234501", "acme", "a"), ("3331234501", "acme", "c"))))
    assert [(row.controller, row.e164[-1], row.item.source) for row in feed.rows] == [
        ("acme", "0", "a"), ("acme", "1", "b"), ("acme", "1", "a"), ("acme", "1", "c"), ("other", "1", "c")]
    assert {controller: sorted(pickle.loads(value)[0].source for value in column.table)[-1]
            for controller, column in feed.feed.columns.items()}["other"] == "c"


def test_numbers_of_other_countries_are_rows(tmp_path: Path) -> None:
    assert one_row(tmp_path, "rests", number="+41 44 668 18 00").rows[0].e164 == "+41446681800"
    assert "`+4199` is not a number" in why_not(tmp_path, "rests", number="+4199")


@pytest.mark.parametrize("end", ("\n", "\r\n", "\r"))
def test_a_file_that_may_be_cut_short_is_noticed(tmp_path: Path, end: str) -> None:
    text = f"number,controller,silent_at{end}3331234500,acme,{NINE_IN_ROME}"
    assert read(tmp_path, "rests", f"{text}{end}").feed.notices == []
    notice, = read(tmp_path, "rests", text).feed.notices
    assert "its last line has no line end, as of a file that was cut short" in notice


@pytest.mark.parametrize(("rows", "is_noticed"), ((65_534, False), (65_535, True), (65_536, True), (65_537, False)))
def test_as_many_rows_as_a_sheet_holds_are_noticed(tmp_path: Path, rows: int, is_noticed: bool) -> None:
    feed = read(tmp_path, "rests", "number,controller,silent_at\n" + "".join(
        f"{3331000000 + row},acme,{NINE_IN_ROME}\n" for row in range(rows - 1)) + "x,y,z\n,,\n")
    assert [f"has {rows:,} rows, as many as a spreadsheet" in notice for notice in feed.feed.notices] == [True] * is_noticed


def test_rows_that_are_rejected_are_kept_whole_but_not_more_than_memory_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "number,controller,source,directory\n" + f"x,acme,{'x' * 900},yes\n" * 9
    assert {tuple(reject.cells) for reject in read(tmp_path, "contacts", text).rejects} == {("x", "acme", "x" * 900, "yes")}
    monkeypatch.setattr(feeds.tables, "_MAX_REJECTED_CHARACTERS", 5_000)
    with pytest.raises(feeds.FeedError, match="is it the right file") as caught:
        read(tmp_path, "contacts", text)
    assert len(caught.value.rejects) == 5 and caught.value.header == ("number", "controller", "source", "directory")


# --- more than one fault

def test_every_fault_of_a_row_is_named(tmp_path: Path) -> None:
    said = why_not(tmp_path, "consents", number="abc", controller="acne", granted_at="yesterday", purpose="selling",
                   channel="", revoked_at="2026", contract="1", contract_ended_on="never")
    assert [why.split("`")[0] for why in said.split("; ") if "`" in why and not why.startswith("did")] == [
        "", "", "granted_at: ", "purpose: ", "channel: ", "revoked_at: ", "contract: ", "contract_ended_on: "]


@pytest.mark.parametrize(("written", "hint"), (("acne", "did you mean `acme`? known: acme, other"),
                                               ("zzz", "of the configuration; known: acme, other")))
def test_a_wrong_controller_is_told_the_known_ones(tmp_path: Path, written: str, hint: str) -> None:
    assert why_not(tmp_path, "rests", controller=written).endswith(hint)


def test_a_header_that_stands_again_is_named(tmp_path: Path) -> None:
    feed = read(tmp_path, "rests", f"number,controller,silent_at\n3331234500,acme,{NINE_IN_ROME}\n"
                                   f" Number,Controller,SILENT_AT\n3331234501,acme,{NINE_IN_ROME}\n")
    assert len(feed.rows) == 2 and [reject.line for reject in feed.rejects] == [3]
    assert feed.rejects[0].why.startswith("the header stands again in line 3")


def test_a_file_without_a_header_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(feeds.FeedError, match="line 1 is a row; the header is missing. Columns of rests: number"):
        read(tmp_path, "rests", f"3331234500,acme,{NINE_IN_ROME}\n")


def test_long_cells_are_not_shown_whole_and_kept_whole(tmp_path: Path) -> None:
    feed = one_row(tmp_path, "objections", number="3" * 9_000, controller="c" * 9_000, objected_at="x" * 9_000)
    assert len(feed.rejects[0].why) < 600 and len(feed.rejects[0].cells[0]) == 9_000


def test_a_hundred_thousand_wrong_rows_are_all_listed_soon(tmp_path: Path) -> None:
    count = 100_000
    begun = time.process_time()
    feed = read(tmp_path, "rests", "number,controller,silent_at\n" + "".join(f"x{n},acne,{n}\n" for n in range(count)))
    assert [reject.line for reject in feed.rejects] == list(range(2, count + 2))
    assert time.process_time() - begun < 10


def test_more_wrong_rows_than_anybody_mends_refuse_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds.tables, "MAX_REJECTS", 3)
    with pytest.raises(feeds.FeedError, match=r"over 3 rows cannot be read \(the first, in line 2: `x` is") as caught:
        read(tmp_path, "rests", "number,controller,silent_at\n" + "x,acme,y\n" * 9)
    assert [reject.line for reject in caught.value.rejects] == [2, 3, 4]
    assert len(read(tmp_path, "rests", "number,controller,silent_at\n" + "x,acme,y\n" * 3).rejects) == 3


# --- what is still to come

# every time and day of every feed; those that have happened may not lie ahead
ENDS = {("consents", "expires_at"), ("callbacks", "valid_until")}
TIMES = [(name, column) for name, layout in LAYOUTS.items() for column in layout.readers if column.endswith(("_at", "_on", "_until"))]
HAPPENED = [one for one in TIMES if one not in ENDS]


def ahead(column: str, days: float) -> str:
    at = NOW + timedelta(days=days)
    return (at.astimezone(ROME).date() if column.endswith("_on") else at).isoformat()


def test_the_times_of_the_feeds_are_these() -> None:
    assert {*TIMES} == {*HAPPENED, *ENDS} and {*HAPPENED} == {
        (name, column) for name, layout in LAYOUTS.items() for column in layout.past}
    assert {("consents", "contract_ended_on"), ("contacts", "acquired_on"), ("rests", "silent_at")} < {*HAPPENED}


@pytest.mark.parametrize(("name", "column"), HAPPENED)
def test_what_has_happened_is_not_dated_over_a_day_ahead_since_calls_would_rest_on_it(
        tmp_path: Path, name: str, column: str) -> None:
    for days in (-5, 0, 1):
        assert one_row(tmp_path, name, **{column: ahead(column, days)}).rejects == []
    for days in (2 if column.endswith("_on") else 1.001, 400, 20_000):
        said = why_not(tmp_path, name, **{column: ahead(column, days)})
        assert f"{column}: `2" in said and "is still to come" in said and "write when it was" in said


@pytest.mark.parametrize(("name", "column"), sorted(ENDS))
def test_an_end_may_lie_ahead(tmp_path: Path, name: str, column: str) -> None:
    feed = one_row(tmp_path, name, **{column: ahead(column, 400)})
    assert feed.rejects == [] and feed.feed.notices == []


@pytest.mark.parametrize(("name", "column"), HAPPENED)
def test_what_is_still_to_come_today_is_loaded_and_noticed(tmp_path: Path, name: str, column: str) -> None:
    assert one_row(tmp_path, name, **{column: ahead(column, 0)}).feed.notices == []
    row = {**ROWS[name], column: ahead(column, 1 if column.endswith("_on") else 1e-9 + 0.9)}
    head, first, cells = ",".join(row), ",".join({**row, column: ahead(column, 0)}.values()), ",".join(row.values())
    feed = read(tmp_path, name, f"{head}\n{first}\n{cells}\n{cells}\n")
    assert len(feed.rows) == 3 and feed.rejects == []
    assert feed.feed.notices == [f"{name}.csv: 2 row(s) have a {column} that is still to come, the first in line 3; they "
                                 "count for nothing until then"]


# --- many rows at once say what they say one by one

NUMBER_CELLS = st.one_of(
    st.from_regex(r"(\+39|0039|39|\+|00)?(0|3|55|8|1)[0-9]{3,13}", fullmatch=True),
    st.from_regex(r" ?(\+39)?[ .-]?3[0-9]{2}[ .-/]?[0-9]{6,7} ?", fullmatch=True),
    st.text("+0123456789 .-/()x\t\u00a0\u0663\n", max_size=18), st.text(max_size=40))


@given(st.lists(NUMBER_CELLS, max_size=12))
def test_numbers_read_at_once_are_those_read_one_by_one(cells: list[str]) -> None:
    plain = [parse_listed(cell) for cell in cells]
    assert feeds.numbers.read_numbers(cells).tolist() == [number_of(e164) if e164 else 0 for e164 in plain]


@pytest.mark.parametrize("length", range(4, 18))
@pytest.mark.parametrize("prefix", ("", "+39", "0039", "39", "+"))
def test_numbers_of_each_length_are_read_alike(prefix: str, length: int) -> None:
    cells = [f"{prefix}{begin}1234567890123456"[:length]
             for begin in ("0", "00", "02", "3", "5", "55", "8", "80", "1")]
    plain = [parse_listed(cell) for cell in cells]
    assert feeds.numbers.read_numbers(cells).tolist() == [number_of(e164) if e164 else 0 for e164 in plain]


CELLS = {
    "controller": ("acme", " other ", "acne", ""),
    "granted_at": (NINE_IN_ROME, " 2026-10-01T09:00:00.000001Z", "2099-01-01T00:00:00Z", "2026-10-01", ""),
    "revoked_at": ("", " ", NINE_IN_ROME, "2026-09-30T09:00:00Z", "2099-01-01T00:00:00Z", "soon"),
    "purpose": ("marketing", "Marketing ", "market_research", "selling"), "channel": ("both", "HUMAN", "x"),
    "category": ("Telecom", "telecom ", "STRASSE", "straße", ""),
    "origin": ("web", " web", ""), "evidence": ("ip", "é"),
    "contract": ("", "yes", "NO", "1"), "contract_ended_on": ("", "2026-09-30", "x")}
CONSENT_CELLS = st.tuples(*(st.sampled_from(cells) for cells in CELLS.values()))


@given(st.lists(CONSENT_CELLS, min_size=1, max_size=4), st.integers(1, 9))
def test_rows_read_at_once_say_what_they_say_one_by_one(rows: list[tuple[str, ...]], repeats: int) -> None:
    def said(rows: list[tuple[str, ...]]) -> list[object]:
        reader = CellReader(feeds.CONSENTS, tuple(CELLS), ("acme", "other"), encode, NOW)
        chunk = reader.read(list(zip(*rows, strict=True)))
        table = list(reader.table)
        ahead, bad = chunk.ahead["granted_at"], chunk.is_bad()
        return [chunk.whys[place] if bad[row] else
                (reader.controllers[chunk.controllers[place]], pickle.loads(table[chunk.values[place]]), ahead[place])
                for row, place in enumerate(chunk.which.tolist())]

    rows *= repeats  # few combinations, as in a list of contacts
    assert said(rows) == [said([row])[0] for row in rows]


class Pieces:
    """A file that comes a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.name, self._data, self._size = "list.csv", data, size

    def __iter__(self) -> Iterator[bytes]:
        return (self._data[start:start + self._size] for start in range(0, len(self._data), self._size))


TABLE_CELLS = st.text("ab\",;\r\n é\u2028\x0b", max_size=5)


@given(st.lists(st.lists(TABLE_CELLS, min_size=1, max_size=3), max_size=12), st.sampled_from(("\n", "\r\n", "\r")),
       st.integers(1, 30), st.integers(1, 5))
def test_rows_and_their_lines_are_those_that_the_csv_module_reads(
        rows: list[list[str]], end: str, piece_bytes: int, chunk_rows: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([["number", "x"], *rows])
    expected, reader = [], csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True)
    line = 1
    for row in reader:
        expected.append((line, row))
        line = reader.line_num + 1
    with mock.patch.object(feeds.rows, "CHUNK_ROWS", chunk_rows):
        read = feeds.rows.Rows(Pieces(text.getvalue().encode(), piece_bytes))  # type: ignore[arg-type]
        found = [(chunk.line_of(place), row) for chunk in read.chunks() for place, row in enumerate(chunk.rows)]
    assert [(1, read.header), *found] == expected


@given(st.text("ab\",\n", max_size=60), st.integers(1, 30))
def test_any_text_is_rows_or_an_error_that_names_a_line(text: str, piece_bytes: int) -> None:
    data = f"number,x\n{text}".encode()
    try:
        expected = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except csv.Error:
        with pytest.raises(feeds.FeedError, match=r"list.csv: line \d+: cell \d+, `\"") as caught:
            list(feeds.rows.Rows(Pieces(data, piece_bytes)).chunks())  # type: ignore[arg-type]
        lines, line = data.decode().split("\n"), int(str(caught.value).split()[2].rstrip(":"))
        assert '"' in lines[line - 1]
    else:
        read = feeds.rows.Rows(Pieces(data, piece_bytes))  # type: ignore[arg-type]
        assert [read.header, *(row for chunk in read.chunks() for row in chunk.rows)] == expected


@pytest.mark.parametrize("name", ("rests.csv", "rests.gz"))
def test_progress_adds_up_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(feeds.FeedFile, "__iter__", lambda file: iter(lambda: file.read(1 << 18), b""))
    path, told = tmp_path / name, list[int]()
    text = f"number,controller,silent_at\n{f'3331234500,acme,{NINE_IN_ROME}{chr(10)}' * 20_000}".encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    with feeds.FeedFile(str(path)) as file:
        feeds.read_csv(file, feeds.RESTS, ("acme",), encode, lambda first, second: second, told.append, now=NOW)
    assert sum(told) == path.stat().st_size and len(told) > 1 and min(told) >= 0
