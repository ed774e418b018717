"""The CSV feeds: each column means what the contract says, a wrong row is named with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from agi_gate import feeds
from agi_gate.facts import Callback, Consent, Contact, Objection

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


def read(folder: Path, name: str, text: str | bytes) -> feeds.Feed[Any]:
    path = folder / f"{name}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return feeds.read_csv(str(path), LAYOUTS[name], {"acme", "other"})


def one_row(folder: Path, name: str, **cells: str) -> feeds.Feed[Any]:
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
    assert (feed.rows, feed.rejects) == ([feeds.Row("acme", "+393331234500", expected)], [])


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
    '"number","controller","silent_at"\n"3331234500","acme","{}"'))
def test_a_spreadsheet_s_ways_are_borne_with(tmp_path: Path, text: str) -> None:
    feed = read(tmp_path, "rests", text.format(NINE_IN_ROME))
    assert (feed.rows, feed.rejects) == ([feeds.Row("acme", "+393331234500", NINE)], [])


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
    assert "directory: `maybe` is not one of yes, no" in why_not(tmp_path, "contacts", directory="maybe")
    assert "valid_until: lies before" in why_not(tmp_path, "callbacks", valid_until="2026-10-01T10:59:59+02:00")


# --- headers

@pytest.mark.parametrize(("header", "why"), (
    ("number,controller", "column `silent_at` is missing"),
    ("number,controller,silent", "column `silent` is not known"),
    ("number,controller,silentat,silent_at", "column `silentat` is not known; did you mean `silent_at`?"),
    ("number,controller,silent_at,number", "column `number` stands there twice"), ("", "column `number` is missing"),
    ("number,controller,silent_at,", "column `` is not known"),
    ("3331234500,acme,2026-10-01T11:00:00+02:00", "is missing"),
    ("number controller silent_at", "column `number` is missing")))
def test_a_header_that_is_not_sure_refuses_the_file(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(feeds.FeedError) as caught:
        read(tmp_path, "rests", f"{header}\n3331234500,acme,{NINE_IN_ROME}\n")
    assert why in str(caught.value) and "Columns of rests: number, controller, silent_at" in str(caught.value)


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


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    data = "number,controller,source,directory\n3331234500,acme,x,yes\n3331234501,acme,Forlì,yes\n".encode("latin-1")
    with pytest.raises(feeds.FeedError, match=r"line 3 is not UTF-8; save the file as UTF-8"):
        read(tmp_path, "contacts", data)


def test_a_file_of_a_header_alone_holds_no_rows(tmp_path: Path) -> None:
    feed = read(tmp_path, "rests", "number,controller,silent_at\n")
    assert (feed.rows, feed.rejects) == ([], [])


def test_the_feed_is_known_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    one, same, other = (read(tmp_path, "rests", f"number,controller,silent_at\n{end}") for end in ("", "", "\n"))
    assert one.sha256 == same.sha256 != other.sha256 and len(one.sha256) == 64
