"""What the columns of each CSV feed mean: a cell -> its value, or why it has none.

Edge, no file in it.  A cell is read by itself, so that a whole column can be read at once and every fault of a row is
named; what columns say of each other stands in `Layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from agi_gate.facts import BUSINESS, CONSUMER, OTHER, OWN_WEB, Callback, Consent, Contact, Objection

Item = TypeVar("Item")
WHY = "why"  # a column of every feed that is passed over: a rejects file has it, and is loaded once it was mended
_SHOWN_CHARACTERS = 80
_REMEMBERED_CELLS = 1_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell has no value."""

    why: str


Reader = Callable[[str], Any]  # a cell as it stands there -> its value, or a Fault


@dataclass(frozen=True, slots=True)
class Layout(Generic[Item]):
    """A CSV feed: its columns, and how a row becomes a fact."""

    name: str
    required: tuple[str, ...]  # `number` and `controller` first
    optional: tuple[str, ...]
    readers: Mapping[str, Reader]  # of every other column, in the order in which `make` takes the values
    make: Callable[..., Item]
    ordered: tuple[tuple[str, str], ...] = ()  # (earlier, later): a row in which they are not is rejected
    # what has happened: a misspelt year would let calls through, now or once it has come, so that such a row is rejected
    past: tuple[str, ...] = ()
    # which rows only ever deny calls: those in which this column is filled; all, if it is empty; None: no row is sure to
    refusals: str | None = None
    # whether each row is kept beside the others of its number; else one counts
    keeps_each: bool = True


@dataclass(frozen=True, slots=True)
class Keep:
    """What of a file that cannot be read whole is loaded all the same; the rest are rejects, and say why.

    `refusals_only`: the rows that only ever deny calls (`Layout.refusals`).
    """

    refusals_only: bool = False
    without_doubtful: bool = False


def shown(cell: str) -> str:
    return f"`{cell}`" if len(cell) <= _SHOWN_CHARACTERS else f"`{cell[:_SHOWN_CHARACTERS]}…`"


def parse_instant(text: str) -> datetime:
    """Read ISO 8601 with an offset, into UTC.  Raises ValueError with the way out."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a time; write 2026-10-14T11:00:00+02:00") from None
    if at.tzinfo is None:
        raise ValueError(f"`{text}` has no offset; write 2026-10-14T11:00:00+02:00")
    if not 1990 <= at.year <= 2100:
        raise ValueError(f"`{text}` is not in the years 1990 to 2100")
    return at.astimezone(UTC)


class Remembered(dict[str, Any]):
    """A reader for columns in which few cells differ: each is read once."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> Any:
        if len(self) >= _REMEMBERED_CELLS:  # a column of another kind after all
            self.clear()
        value = self[cell] = self._read(cell)
        return value


def _instant(column: str) -> Reader:
    def read(cell: str) -> datetime | Fault:
        try:
            return parse_instant(cell.strip())
        except ValueError as error:
            return Fault(f"{column}: {error}")

    return read


def _optional_instant(column: str) -> Reader:
    read = _instant(column)
    return lambda cell: read(cell) if cell and not cell.isspace() else None


def _optional_day(column: str) -> Reader:
    def read(cell: str) -> date | Fault | None:
        text = cell.strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            return Fault(f"{column}: {shown(text)} is not a date; write 2026-10-14")

    return Remembered(read).__getitem__


def _one_of(column: str, words: Mapping[str, Any]) -> Reader:
    def read(cell: str) -> Any:
        text = cell.strip()
        known = ", ".join(word for word in words if word)
        return words.get(text.lower(), Fault(f"{column}: {shown(text)} is not one of {known}"))

    return Remembered(read).__getitem__


_YES_NO = {"yes": True, "no": False}
_category = Remembered(lambda cell: cell.strip().casefold()).__getitem__


def _itself(at: datetime) -> datetime:
    return at


def _callback(requested_at: datetime, valid_until: datetime | None, via: str) -> Callback:
    return Callback(requested_at, valid_until, via=via)


_KEY = ("number", "controller")
CONSENTS: Layout[Consent] = Layout(
    "consents", (*_KEY, "granted_at", "purpose", "category", "channel", "origin", "evidence"),
    ("notice", "expires_at", "revoked_at", "contract", "contract_ended_on"), {
        "granted_at": _instant("granted_at"),
        "purpose": _one_of("purpose", {word: word for word in ("marketing", "market_research")}),
        "category": _category,
        "channel": _one_of("channel", {word: word for word in ("human", "automated", "both")}),
        "origin": str.strip,
        "evidence": str.strip,
        "notice": str.strip,
        "expires_at": _optional_instant("expires_at"),
        "revoked_at": _optional_instant("revoked_at"),
        "contract": _one_of("contract", {**_YES_NO, "": False}),
        "contract_ended_on": _optional_day("contract_ended_on"),
    }, Consent, ordered=(("granted_at", "revoked_at"),), past=("granted_at", "revoked_at", "contract_ended_on"),
    refusals="revoked_at")
CONTACTS: Layout[Contact] = Layout(
    "contacts", (*_KEY, "source", "directory"), ("acquired_on", "recipient"), {
        "source": str.strip,
        "directory": _one_of("directory", _YES_NO),
        "acquired_on": _optional_day("acquired_on"),
        "recipient": _one_of("recipient", {word: word for word in ("", CONSUMER, BUSINESS)}),
    }, Contact, past=("acquired_on",), keeps_each=False)
OBJECTIONS: Layout[Objection] = Layout(
    "objections", (*_KEY, "objected_at", "via"), (), {"objected_at": _instant("objected_at"), "via": str.strip},
    Objection, past=("objected_at",), refusals="")
CALLBACKS: Layout[Callback] = Layout(
    "callbacks", (*_KEY, "requested_at"), ("valid_until", "via"), {
        "requested_at": _instant("requested_at"),
        "valid_until": _optional_instant("valid_until"),
        "via": _one_of("via", {word: word for word in ("", OWN_WEB, "web", "phone", "branch", OTHER)}),
    }, _callback, ordered=(("requested_at", "valid_until"),), past=("requested_at",))
RESTS: Layout[datetime] = Layout(
    "rests", (*_KEY, "silent_at"), (), {"silent_at": _instant("silent_at")}, _itself, past=("silent_at",), refusals="")
