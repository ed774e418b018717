"""The CSV feeds: rows -> facts, and rejects with line numbers.

Edge.  UTF-8 with a header, columns in any order; a column that nobody knows refuses the file, since it may be a misspelt
`revoked_at`.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from agi_gate.facts import Callback, Consent, Contact, Objection
from agi_gate.feeds.files import FeedError, Reject, read_bytes, separator_of, unpack
from agi_gate.number import parse_listed, without_separators

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Row(Generic[Item]):
    controller: str
    e164: str
    item: Item


@dataclass(slots=True)
class Feed(Generic[Item]):
    name: str
    sha256: str
    rows: list[Row[Item]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class _Unreadable(Exception):
    """Why a row goes to the rejects."""


Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout(Generic[Item]):
    """A CSV feed: its columns, and how a row becomes a fact."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Cells], Item]


def read_csv(path: str, layout: Layout[Item], controllers: Container[str]) -> Feed[Item]:
    """Read a CSV feed (UTF-8, header, any column order).  Raises FeedError where the file as a whole is wrong."""
    name, data = read_bytes(path)
    feed: Feed[Item] = Feed(name, hashlib.sha256(data).hexdigest())
    text = unpack(name, data)
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[:error.start].count(b"\n") + 1
        raise FeedError(f"{name}: line {line} is not UTF-8; save the file as UTF-8") from error
    header_line = decoded.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=separator_of(header_line), strict=True)
    try:
        header = [column.strip().lower() for column in next(reader, [])]
        _check_header(name, header, layout)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _read_row(feed, header, cells, line, layout, controllers)
            line = reader.line_num + 1  # a quoted cell may span lines: a row is where it begins
    except csv.Error as error:
        raise FeedError(f"{name}: line {reader.line_num}: {error}") from error
    return feed


def _check_header(name: str, header: list[str], layout: Layout[Item]) -> None:
    known = layout.required + layout.optional
    faults = [f"column `{column}` is missing" for column in layout.required if column not in header]
    faults += [f"column `{column}` stands there twice" for column in sorted(set(header)) if header.count(column) > 1]
    for column in header:
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            faults.append(f"column `{column}` is not known" + (f"; did you mean `{near[0]}`?" if near else ""))
    if faults:
        raise FeedError(f"{name}: {'; '.join(faults)}. Columns of {layout.name}: {', '.join(layout.required)}"
                        + (f", optional {', '.join(layout.optional)}" if layout.optional else ""))


def _read_row(feed: Feed[Item], header: list[str], cells: list[str], line: int, layout: Layout[Item],
              controllers: Container[str]) -> None:
    try:
        if len(cells) != len(header):
            raise _Unreadable(f"has {len(cells)} columns, and the header has {len(header)}")
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
        e164 = parse_listed(without_separators(row["number"]))
        if e164 is None:
            raise _Unreadable(f"`{row['number']}` is not a number; write E.164 or the Italian national form")
        if row["controller"] not in controllers:
            raise _Unreadable(f"`{row['controller']}` is no controller of the configuration")
        feed.rows.append(Row(row["controller"], e164, layout.read(row)))
    except _Unreadable as error:
        feed.rejects.append(Reject(feed.name, line, str(error), ",".join(cells)))


def parse_instant(text: str) -> datetime:
    """Read ISO 8601 with an offset, into UTC.  Raises ValueError with the way out."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is not a time; write 2026-10-14T11:00:00+02:00") from None
    if at.tzinfo is None:
        raise ValueError(f"`{text}` has no offset; write 2026-10-14T11:00:00+02:00")
    if not 1990 <= at.year <= 2100:
        raise ValueError(f"`{text}` is not in the years 1990 to 2100")
    return at.astimezone(UTC)


def _instant(row: Cells, column: str) -> datetime:
    try:
        return parse_instant(row[column])
    except ValueError as error:
        raise _Unreadable(f"{column}: {error}") from error


def _optional_instant(row: Cells, column: str) -> datetime | None:
    return _instant(row, column) if row.get(column) else None


def _optional_day(row: Cells, column: str) -> date | None:
    text = row.get(column)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Unreadable(f"{column}: `{text}` is not a date; write 2026-10-14") from None


def _one_of(row: Cells, column: str, *known: str, default: str | None = None) -> str:
    value = row.get(column, "").lower() or default or ""
    if value not in known:
        raise _Unreadable(f"{column}: `{row.get(column, '')}` is not one of {', '.join(known)}")
    return value


def _consent(row: Cells) -> Consent:
    granted_at, revoked_at = _instant(row, "granted_at"), _optional_instant(row, "revoked_at")
    if revoked_at is not None and revoked_at < granted_at:
        raise _Unreadable("revoked_at: lies before granted_at")
    return Consent(
        granted_at=granted_at,
        purpose=_one_of(row, "purpose", "marketing", "market_research"),
        category=row["category"].casefold(),
        channel=_one_of(row, "channel", "human", "automated", "both"),
        origin=row["origin"],
        evidence=row["evidence"],
        notice=row.get("notice", ""),
        expires_at=_optional_instant(row, "expires_at"),
        revoked_at=revoked_at,
        contract=_one_of(row, "contract", "yes", "no", default="no") == "yes",
        contract_ended_on=_optional_day(row, "contract_ended_on"),
    )


def _contact(row: Cells) -> Contact:
    return Contact(row["source"], _one_of(row, "directory", "yes", "no") == "yes", _optional_day(row, "acquired_on"))


def _callback(row: Cells) -> Callback:
    requested_at, valid_until = _instant(row, "requested_at"), _optional_instant(row, "valid_until")
    if valid_until is not None and valid_until < requested_at:
        raise _Unreadable("valid_until: lies before requested_at")
    return Callback(requested_at, valid_until)


_KEY = ("number", "controller")
CONSENTS: Layout[Consent] = Layout(
    "consents", (*_KEY, "granted_at", "purpose", "category", "channel", "origin", "evidence"),
    ("notice", "expires_at", "revoked_at", "contract", "contract_ended_on"), _consent)
CONTACTS: Layout[Contact] = Layout("contacts", (*_KEY, "source", "directory"), ("acquired_on",), _contact)
OBJECTIONS: Layout[Objection] = Layout(
    "objections", (*_KEY, "objected_at", "via"), (), lambda row: Objection(_instant(row, "objected_at"), row["via"]))
CALLBACKS: Layout[Callback] = Layout("callbacks", (*_KEY, "requested_at"), ("valid_until",), _callback)
RESTS: Layout[datetime] = Layout("rests", (*_KEY, "silent_at"), (), lambda row: _instant(row, "silent_at"))
