"""A second reading of the law: `regulation.md` section 6, step by step, and sections 2 to 5 where it points to them.

Written from that text alone, to be compared with the rules; it shares no line with them.  `# reading` marks what
the text leaves open, and `docs/rules.md` says how it is read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.support.almanac import is_national_holiday
from tests.support.builders import (COMMERCIAL, FOUR_DIGITS, FREEPHONE, LANDLINE, MOBILE, NOT_DECLARED, OF_ANOTHER,
                                    OF_THE_CALL_CENTRE, OF_THE_CALL_CENTRE_FREEPHONE, OWN, OWN_MOBILE, STATISTICAL,
                                    THREE_DIGITS)
from tests.support.worlds import Asked, Said, World

ROME, DAY = ZoneInfo("Europe/Rome"), timedelta(days=1)
ALLOWS = {"EMERGENCY", "SERVICE", "STATISTICS", "CALLBACK_REQUESTED", "CONTRACT_CONSENT", "CONSENT_AFTER_ENROLMENT",
          "CONSENT_VALID", "DIRECTORY_NOT_OPPOSED"}

# --- what the worlds' numbers are

CLASS_OF = {
    MOBILE: "mobile", LANDLINE: "fixed", "021234": "fixed", "0039 02 12345600": "fixed", "3331234500,,1": "mobile",
    "112": "emergency", "1522": "emergency", "899123456": "premium", "800123456": "code", "190": "code",
    "+41223456789": "CH", "0549886123": "SM", "0669812345": "VA", "021": "none", "#31#3331234500": "hides"}
KIND_OF = {
    OWN: "fixed", OWN_MOBILE: "mobile", COMMERCIAL: "0844", STATISTICAL: "0843", OF_THE_CALL_CENTRE: "fixed",
    NOT_DECLARED: "fixed", OF_ANOTHER: "fixed", FREEPHONE: "short", OF_THE_CALL_CENTRE_FREEPHONE: "short",
    THREE_DIGITS: "short", "+390212349999": "fixed"}
UNDECLARED = ("+390212349999",)
HOLDER_OF = {OF_THE_CALL_CENTRE: "callcentre", OF_THE_CALL_CENTRE_FREEPHONE: "callcentre", OF_ANOTHER: "other"}


def decide(world: World) -> str:
    """The reason of the decision: the first that the order comes to."""
    world = known(world)
    return without_store(world) or with_store(world)


def known(world: World) -> World:
    """A fact dated after the call is not known to it."""
    row = world.row if world.row is None or world.row.acquired is None or world.row.acquired <= world.day else None
    return replace(
        world, row=row, checks=tuple(check for check in world.checks if check[0] <= world.at),
        consents=tuple(replace(one, revoked=None) if one.revoked and one.revoked > world.at else one
                       for one in world.consents if one.at <= world.at),
        objections=tuple(at for at in world.objections if at <= world.at),
        asked=tuple(one for one in world.asked if one.at <= world.at),
        silent=tuple(at for at in world.silent if at <= world.at))


# --- steps 1 to 6

def without_store(world: World) -> str | None:
    of = CLASS_OF[world.dialled]
    if of == "hides":
        return "CALLER_ID_WITHHELD"
    if of == "none":
        return "DESTINATION_INVALID"
    if of == "emergency":
        return "EMERGENCY"
    if world.day < date(2011, 2, 1):
        return "GATE_ERROR"  # reading: there is no law to decide by
    if not world.campaign_is_known:
        return "CAMPAIGN_UNKNOWN"
    if of == "premium":
        return "DESTINATION_PREMIUM"
    if of == "code" and world.purpose != "service":
        return "DESTINATION_CLASS"
    if of in ("CH", "SM", "VA") and of not in world.countries:
        return "DESTINATION_FOREIGN"
    reason = caller_id(world)
    if reason is not None:
        return reason
    if world.agent == "ai" and world.day >= date(2026, 8, 2) and not world.discloses:
        return "AI_DISCLOSURE_MISSING"
    return {"service": "SERVICE", "statistics": "STATISTICS"}.get(world.purpose)


def caller_id(world: World) -> str | None:
    presented = world.presented
    if world.presentation == "restricted":
        return "CALLER_ID_WITHHELD"
    if world.presentation == "unavailable" or presented in ("", "unknown"):
        return "CALLER_ID_MISSING"
    if presented == "+41223456789":
        return "CALLER_ID_FOREIGN"
    if presented in ("201", FOUR_DIGITS):
        return "CALLER_ID_MALFORMED"
    kind = KIND_OF[presented]
    if kind == "short" and world.day < date(2026, 4, 14):
        return "CALLER_ID_MALFORMED"  # no class that may present on that day (C3)
    holder = HOLDER_OF.get(presented, "acme")
    if presented in (*UNDECLARED, NOT_DECLARED) or holder == "other":
        return "CALLER_ID_NOT_ASSIGNED"
    if kind == "short" and holder != "acme":
        return "CALLER_ID_NOT_ASSIGNED"  # C3: assigned to that controller
    if world.presentation == "failed_screening":
        return "CALLER_ID_NOT_ASSIGNED"  # reading: section 4 has it refused, and names no reason
    if kind == "0843" and world.purpose != "statistics":
        return "CALLER_ID_PURPOSE"
    if kind == "0844" and world.purpose in ("statistics", "service"):
        return "CALLER_ID_PURPOSE"
    if world.trunk == "nowhere":
        return "CALLER_ID_TRUNK_FOREIGN"  # reading: it may enter from anywhere
    if world.trunk == "fr" and world.day >= (date(2025, 11, 19) if kind == "mobile" else date(2025, 8, 19)):
        return "CALLER_ID_TRUNK_FOREIGN"  # reading: what is not mobile counts as fixed
    if is_energy(world) and holder != "acme":
        return "CALLER_ID_NOT_CONTROLLER"  # reading: whoever is called
    return None


def is_energy(world: World) -> bool:
    return world.day >= date(2026, 6, 19) and "energy" in (world.sector, world.category)


def is_energy_to_a_consumer(world: World) -> bool:
    return is_energy(world) and (world.row is None or world.row.recipient != "business")


# --- steps 7 to 10

def with_store(world: World) -> str:
    if not world.store_answers:
        return "STORE_UNAVAILABLE"
    if any(is_open(world, one) for one in world.asked):
        return "CALLBACK_REQUESTED"
    if not (world.campaign_source or (world.row and world.row.source) or any(one.origin for one in world.consents)):
        return "SOURCE_UNKNOWN"
    if world.objections:
        return "OBJECTION_RECORDED"
    if world.day >= date(2024, 9, 28) and not world.hours_off and (shut := closed(world)):
        return shut
    if any(not are_over(5, at, world.at) for at in world.silent):
        return "REST_AFTER_SILENT_CALL"
    if world.day < date(2022, 7, 27):
        return of_2011(world)
    return of_2022(world)


def is_open(world: World, one: Asked) -> bool:
    end = one.until if one.until is not None else one.at + world.callback_days * 24 * timedelta(hours=1)
    return (not one.used and world.at <= end and (one.via == "own_web" or not is_energy_to_a_consumer(world))
            and all(one.at > said_at for said_at in world.objections))  # reading: a no that is later takes it back


def closed(world: World) -> str | None:
    wall = world.at.astimezone(ROME)
    if wall.isoweekday() == 7:
        return "HOURS_SUNDAY"
    if is_national_holiday(world.day):
        return "HOURS_HOLIDAY"
    is_short = wall.isoweekday() == 6 or is_national_holiday(world.day + DAY)
    return None if (10 <= wall.hour < 19 if is_short else 9 <= wall.hour < 20) else "HOURS_CLOSED"


def are_over(days: int, since: datetime, at: datetime) -> bool:
    """Whether days are over by the clock and by the calendar, both."""
    return at - since >= days * DAY and wall(at) - wall(since) >= days * DAY


def wall(at: datetime) -> datetime:
    return at.astimezone(ROME).replace(tzinfo=None)


# --- consents (section 3)

def fault(world: World, one: Said) -> str | None:
    """The first fault of a consent, in the order of step 14."""
    if one.revoked is not None:
        return "CONSENT_REVOKED"
    if one.expires is not None and one.expires <= world.at:
        return "CONSENT_EXPIRED"
    if not one.origin or not one.evidence:
        return "CONSENT_NO_EVIDENCE"
    if one.purpose != world.purpose:
        return "CONSENT_OTHER_PURPOSE"
    if not one.category:
        return "CONSENT_GENERIC"
    if one.category != world.category:
        return "CONSENT_OTHER_CATEGORY"
    if one.channel not in channels(world):
        return "CONSENT_OTHER_CHANNEL"
    # reading: a revocation takes along what was given to the same before it
    if any(other.revoked is not None and one.at <= other.revoked and other.purpose == world.purpose
           and other.category in ("", world.category) and other.channel in channels(world) for other in world.consents):
        return "CONSENT_REVOKED"
    return None


def channels(world: World) -> tuple[str, str]:
    return ("human", "both") if world.agent == "human" else ("automated", "both")


def is_of_a_customer(world: World, one: Said) -> bool:
    return one.contract and (one.ended_on is None or one.ended_on >= world.day)


def is_within_contract(world: World, one: Said) -> bool:
    """R9: the contract in force, or ended not more than 30 days ago."""
    if not one.contract:
        return False
    if one.ended_on is None:
        return True
    # reading: what was given after the contract was not given within it
    return world.day - one.ended_on <= 30 * DAY and one.at.astimezone(ROME).date() <= one.ended_on


# --- steps 11 to 14

def of_2022(world: World) -> str:
    if not is_energy_to_a_consumer(world):
        return grounds(world, world.consents)
    of_customers = grounds(world, tuple(one for one in world.consents if is_of_a_customer(world, one)))
    if of_customers in ALLOWS:
        return of_customers
    of_all = grounds(world, world.consents)
    return "SECTOR_CUSTOMERS_ONLY" if of_all in ALLOWS else of_all


def grounds(world: World, consents: tuple[Said, ...]) -> str:
    good = [one for one in consents if fault(world, one) is None]
    if any(is_within_contract(world, one) for one in good):
        return "CONTRACT_CONSENT"
    history = sorted(world.checks)  # of two results of one instant the enrolled one counts
    if not history:
        return "REGISTRY_UNKNOWN"
    if not is_fresh(history[-1][0], world.at):
        return "REGISTRY_STALE"
    findings = {finding_of(history, one.at) for one in good}
    against = next((name for name in ("CONSENT_DATE_UNPROVEN", "CONSENT_VOIDED_BY_REGISTRY") if name in findings), None)
    if history[-1][1] == 1:
        if "valid" in findings:
            return "CONSENT_AFTER_ENROLMENT"
        return against or "REGISTRY_OPPOSED"
    if "valid" in findings:
        return "CONSENT_VALID"
    listed = world.row is not None and world.row.listed
    if (listed and world.agent == "human" and not is_energy_to_a_consumer(world)
            and not any(one.revoked is not None for one in world.consents)):
        return "DIRECTORY_NOT_OPPOSED"
    if against is not None:
        return against
    if consents:
        newest = max(consents, key=lambda one: one.at)
        reason = fault(world, newest)
        assert reason is not None
        return reason
    if listed:
        return "AUTOMATED_NEEDS_CONSENT" if world.agent != "human" else "SECTOR_NEEDS_CONSENT"
    return "CONSENT_NONE"


def is_fresh(checked: datetime, at: datetime) -> bool:
    """R11: the earlier of 15 calendar days and 15 x 24 h; good at the expiry itself."""
    return at - checked <= 15 * DAY and wall(at) <= wall(checked) + 15 * DAY


def finding_of(history: list[tuple[datetime, int]], given: datetime) -> str:
    """Section 2, "dating an enrolment without a date", over the latest run of results 1."""
    flags = [flag for _, flag in history]
    if 1 not in flags:
        return "valid"
    last = len(flags) - 1 - flags[::-1].index(1)
    first = last
    while first > 0 and flags[first - 1] == 1:
        first -= 1
    t1 = history[first][0]
    t0 = history[first - 1][0] if first > 0 else None
    if given <= t0 if t0 is not None else given < t1:
        return "CONSENT_VOIDED_BY_REGISTRY"
    return "CONSENT_DATE_UNPROVEN" if given < t1 else "valid"


def of_2011(world: World) -> str:
    """The founding article."""
    if any(fault(world, one) is None for one in world.consents):
        return "CONSENT_VALID"
    if CLASS_OF[world.dialled] != "fixed":
        return "CONSENT_NONE"
    history = sorted(world.checks)
    if not history:
        return "REGISTRY_UNKNOWN"
    if not is_fresh(history[-1][0], world.at):
        return "REGISTRY_STALE"
    if history[-1][1] == 1:
        return "REGISTRY_OPPOSED"
    if any(one.revoked is not None for one in world.consents):
        return "CONSENT_REVOKED"  # reading
    return "DIRECTORY_NOT_OPPOSED" if world.agent == "human" else "AUTOMATED_NEEDS_CONSENT"  # reading
