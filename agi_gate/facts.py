"""What the store knows of one number for one controller.

Core.  A thing not known is None or an empty tuple, never False.  The facts are whole; `known_at` leaves out
what is dated after the call, because a call cannot rest on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from agi_gate.regime import local_day

CONSUMER, BUSINESS = "consumer", "business"  # whom a contact's row names
OWN_WEB = "own_web"  # a request made to the seller itself, through its own web interface
OTHER = "other"      # a request of which nothing better is known


@dataclass(frozen=True, slots=True)
class Check:
    """One result of the registry for this number: `id` finds the upload with its file hash and receipt."""

    at: datetime
    enrolled: bool
    id: str


@dataclass(frozen=True, slots=True)
class Consent:
    granted_at: datetime
    purpose: str
    category: str  # empty: a generic consent
    channel: str   # human, automated or both
    origin: str
    evidence: str
    notice: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    contract: bool = False
    contract_ended_on: date | None = None  # with `contract` and no end the contract is in force


@dataclass(frozen=True, slots=True)
class Contact:
    source: str
    directory: bool
    acquired_on: date | None = None
    recipient: str = ""  # consumer or business; empty, where the row does not say: a consumer

    @property
    def is_business(self) -> bool:
        return self.recipient == BUSINESS


@dataclass(frozen=True, slots=True)
class Objection:
    """A person's no: when it was said first, and when last, where it was said more than once; and when between."""

    objected_at: datetime
    via: str
    repeated_at: datetime | None = None
    between: tuple[datetime, ...] = ()  # a last one that is dated after a call is not known to it: then these count

    @property
    def last_at(self) -> datetime:
        return self.repeated_at or self.objected_at


@dataclass(frozen=True, slots=True)
class Callback:
    """A one-off request to be called; without `valid_until` it counts for `[policy] callback_days`."""

    requested_at: datetime
    valid_until: datetime | None = None
    used: bool = False
    via: str = ""  # own_web, web, phone, branch or other; empty, where the row does not say: other
    again: bool = False  # the channel that asks used it up just now: its call may not have left


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The latest run of results "enrolled": its first, its last, and the result "clear" before it, where there is one."""

    first: Check
    last: Check
    clear_before: Check | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one number for one controller; `checks` by time, oldest first."""

    checks: tuple[Check, ...] = ()
    consents: tuple[Consent, ...] = ()
    contact: Contact | None = None
    objection: Objection | None = None
    callbacks: tuple[Callback, ...] = ()
    silent_calls: tuple[datetime, ...] = ()

    def known_at(self, at: datetime) -> Facts:
        """The facts as they were known at an instant (a revocation to come is not known yet, and so on)."""
        contact, objection = self.contact, self.objection
        if contact is not None and contact.acquired_on is not None and contact.acquired_on > local_day(at):
            contact = None
        if objection is not None and objection.objected_at > at:
            objection = None
        if objection is not None and objection.last_at > at:
            said = [said_at for said_at in objection.between if said_at <= at]
            objection = replace(objection, repeated_at=max(said, default=None), between=())
        return Facts(
            checks=tuple([check for check in self.checks if check.at <= at]),
            consents=tuple([
                replace(consent, revoked_at=None) if consent.revoked_at is not None and consent.revoked_at > at
                else consent
                for consent in self.consents if consent.granted_at <= at]),
            contact=contact,
            objection=objection,
            callbacks=tuple([callback for callback in self.callbacks if callback.requested_at <= at]),
            silent_calls=tuple([silent_at for silent_at in self.silent_calls if silent_at <= at]),
        )

    @property
    def last_check(self) -> Check | None:
        """The latest result, whatever the order in which files were loaded."""
        return max(self.checks, key=_time_then_flag, default=None)

    @property
    def enrolment(self) -> Enrolment | None:
        """The latest enrolment that the checks show, also where the number is clear again; None where they show none."""
        if not any([check.enrolled for check in self.checks]):  # of most numbers, and every call asks
            return None
        first = last = None
        for check in sorted(self.checks, key=_time_then_flag, reverse=True):
            if check.enrolled:
                first, last = check, last or check
            elif first is not None and last is not None:
                return Enrolment(first, last, check)
        return None if first is None or last is None else Enrolment(first, last, None)


def _time_then_flag(check: Check) -> tuple[datetime, bool]:
    # two answers of the same instant that differ: the one that protects the person counts as the later
    return check.at, check.enrolled
