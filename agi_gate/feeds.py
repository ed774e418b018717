"""Ops' files -> validated rows, and rejects with line numbers.

Edge.  Reads bytes and says what they mean; whether the rest is loaded when rows are rejected is the caller's choice.
Lenient where a spreadsheet or the registry's operator varies (BOM, separator, CRLF, `.gz`, `.zip`), strict elsewhere:
a column that nobody knows may be a misspelt `revoked_at`.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Generic, TypeVar

from agi_gate.facts import Callback, Consent, Contact, Objection
from agi_gate.number import parse_listed, without_separators

# a registry of 31 million numbers is some 430 MB of text; a file that unpacks to more is no list
MAX_BYTES = 1 << 30
_SEPARATORS = (",", ";", "\t")

Item = TypeVar("Item")


class FeedError(Exception):
    """The file as a whole cannot be used; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Reject:
    file: str  # the feed's name, or that of the submitted file
    line: int
    why: str
    row: str


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


@dataclass(slots=True)
class RegistryFeed:
    """One file of the registry: E.164 number -> enrolled."""

    name: str
    sha256: str
    results: dict[str, bool] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def read_bytes(path: str) -> tuple[str, bytes]:
    """A file's name and its content as it lies there; `-` is stdin.  Raises FeedError."""
    try:
        return ("stdin", sys.stdin.buffer.read()) if path == "-" else (Path(path).name, Path(path).read_bytes())
    except OSError as error:
        raise FeedError(f"`{path}` cannot be read: {error.strerror}") from error


def unpack(name: str, data: bytes) -> bytes:
    """The text in a file: of a `.zip` its one member, of a `.gz` its content.  Raises FeedError."""
    try:
        if data[:4] == b"PK\x03\x04" or name.endswith(".zip"):
            return _unzip(name, data)
        if data[:2] == b"\x1f\x8b" or name.endswith(".gz"):
            with gzip.open(io.BytesIO(data)) as stream:
                return _bounded(name, stream.read(MAX_BYTES + 1))
        return _bounded(name, data)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
            RuntimeError) as error:  # RuntimeError: locked, or packed in a way that zipfile does not know
        raise FeedError(f"{name}: is cut short, locked or not what its name says ({error}); ask for it again") from error


def _unzip(name: str, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise FeedError(f"{name}: holds {len(members)} files; it must hold one list")
        if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # zipfile unpacks the others whole, however much that is
            raise FeedError(f"{name}: is packed in an unusual way; pack it as a plain zip")
        with archive.open(members[0]) as stream:
            return _bounded(name, stream.read(min(members[0].file_size, MAX_BYTES) + 1))


def _bounded(name: str, text: bytes) -> bytes:
    if len(text) > MAX_BYTES:
        raise FeedError(f"{name}: holds over {MAX_BYTES >> 20} MB of text, more than any list of numbers")
    return text


# --- the registry's files

def read_registry(path: str, submitted: str | None = None) -> RegistryFeed:
    """Read a file that came back from the registry.  Raises FeedError.

    Flagged layout: `number,flag` a line, 1 = enrolled.  With `submitted`, the stripped layout of before 2022: the
    callable numbers alone, so those of the submitted file that are missing are enrolled.
    """
    name, data = read_bytes(path)
    feed = RegistryFeed(name, hashlib.sha256(data).hexdigest())
    lines = list(_lines(_decode_registry(unpack(name, data))))
    if submitted is None:
        if not lines:
            raise FeedError(f"{name}: is empty")
        _read_flagged(feed, lines)
    else:
        submitted_name, submitted_data = read_bytes(submitted)
        # the answer means something only beside the question
        feed.sha256 = hashlib.sha256(data + b"\0" + submitted_data).hexdigest()
        _read_stripped(feed, lines, submitted_name,
                       list(_lines(_decode_registry(unpack(submitted_name, submitted_data)))))
    return feed


def _decode_registry(text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines; empty ones at the end are no rows."""
    # not splitlines(): a stray form feed must not count as a line
    text = text.rstrip("\r\n \t")
    if text:
        for number, line in enumerate(text.split("\n"), 1):
            yield number, line.rstrip("\r")


def _separator(line: str) -> str:
    """The separator that comes first: an extra column may hold the others."""
    return min((separator for separator in _SEPARATORS if separator in line), key=line.index, default=_SEPARATORS[0])


def _registry_number(field_: str) -> str | None:
    number = parse_listed(field_.strip())
    return number if number is not None and number.startswith("+39") else None


def _read_flagged(feed: RegistryFeed, lines: list[tuple[int, str]]) -> None:
    separator = _separator(lines[0][1])
    for line_number, line in lines:
        fields = line.split(separator)
        number = _registry_number(fields[0])
        flag = fields[1].strip() if len(fields) > 1 else None
        if number is None:
            why = f"`{fields[0]}` is not an Italian number"
        elif flag is None:
            why = "there is no flag; a stripped file needs --submitted FILE"
        elif flag not in ("0", "1"):
            why = f"`{flag}` is no flag; 1 is enrolled, 0 is callable"
        elif feed.results.setdefault(number, flag == "1") != (flag == "1"):
            why = f"`{fields[0]}` has both flags in this file; where the rest is loaded it counts as enrolled"
            feed.results[number] = True
        else:
            continue
        feed.rejects.append(Reject(feed.name, line_number, why, line))


def _read_stripped(feed: RegistryFeed, lines: list[tuple[int, str]], submitted_name: str,
                   submitted: list[tuple[int, str]]) -> None:
    asked: set[str] = set()
    for line_number, line in submitted:
        number = _registry_number(line.split(_separator(line))[0])
        if number is None:
            feed.rejects.append(Reject(submitted_name, line_number, f"`{line}` is not an Italian number", line))
        else:
            asked.add(number)
    if not asked:
        raise FeedError(f"{submitted_name}: holds no number")
    if any(field_.strip() in ("0", "1") for _, line in lines for field_ in line.split(_separator(line))[1:2]):
        raise FeedError(f"{feed.name}: carries flags, so it is not stripped; load it without --submitted")
    callable_: set[str] = set()
    for line_number, line in lines:
        number = _registry_number(line.split(_separator(line))[0])
        if number is None:
            feed.rejects.append(Reject(feed.name, line_number, f"`{line}` is not an Italian number", line))
        elif number not in asked:
            feed.rejects.append(Reject(feed.name, line_number, f"`{line}` was never submitted in {submitted_name}", line))
        else:
            callable_.add(number)
    feed.results = {number: number not in callable_ for number in asked}


# --- the CSV feeds

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
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=_separator(header_line), strict=True)
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
