"""Which words of a new configuration change a call's decision, where that is plain.

Joint, no world.  The entries that the call resolved to then are set against those it resolves to now; each difference is
tried alone on the call as it was, and those that bring the new verdict by themselves are the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from agi_gate.call import Call
from agi_gate.policy import CallerId, Campaign, Hours, Window

_DAYS = ("weekday", "saturday", "before_holiday", "sunday", "holiday")


@dataclass(frozen=True, slots=True)
class Change:
    words: str
    alone: Call  # the call as it was, with this change and no other


def changes(was: Call, now: Call) -> list[Change]:
    """What is declared otherwise for this call.  Names of controllers, dates of recall tests and what a survey rests on
    decide nothing."""
    return [*_campaign(was, now), *_caller_id(was, now), *_trunk(was, now), *_hours(was, now), *_callback_days(was, now)]


def cause(was: Call, now: Call, brings: Callable[[Call], bool]) -> str:
    """The words for what brings the new verdict, alone or all together; empty where nothing is declared otherwise."""
    found = changes(was, now)
    if len(found) > 1:
        # several may do it by themselves: the first decides first
        found = next(([change] for change in found if brings(change.alone)), found)
    return " and ".join(change.words for change in found)


def _campaign(was: Call, now: Call) -> Iterator[Change]:
    name = f"campaign `{was.request.campaign}`"
    old, new = was.campaign, now.campaign
    if old is None or new is None:
        if old is not new:
            yield Change(f"{name} is {'gone' if new is None else 'declared'}", replace(
                was, campaign=new, trunk=now.trunk if new is not None else was.trunk))
        return

    def with_campaign(**fields: object) -> Call:
        return replace(was, campaign=replace(old, **fields))  # type: ignore[arg-type]

    if old.controller.id != new.controller.id:
        yield Change(f"{name}: controller {_told(old.controller.id, new.controller.id)}",
                     with_campaign(controller=new.controller))
    elif old.controller.sector != new.controller.sector:
        yield Change(f"controller `{new.controller.id}`: sector {_told(old.controller.sector, new.controller.sector)}",
                     with_campaign(controller=new.controller))
    if old.purpose is not new.purpose:
        yield Change(f"{name}: purpose {_told(old.purpose.value, new.purpose.value)}",
                     with_campaign(purpose=new.purpose))
    if old.agent is not new.agent:
        yield Change(f"{name}: agent {_told(old.agent.value, new.agent.value)}", with_campaign(agent=new.agent))
    if old.ai_disclosure is not new.ai_disclosure:
        yield Change(f"{name}: ai_disclosure is {str(new.ai_disclosure).lower()}",
                     with_campaign(ai_disclosure=new.ai_disclosure))
    for key in ("category", "source"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change(f"{name}: {key} {_told(before, after)}", with_campaign(**{key: after}))
    if old.countries != new.countries:
        yield Change(f"{name}: countries {_told(_list(old), _list(new))}", with_campaign(countries=new.countries))
    presented = was.caller_id.e164 if was.caller_id is not None else ""
    listed = presented in new.caller_ids
    # of the others' caller IDs the record holds nothing
    if presented and (presented in old.caller_ids) is not listed:
        yield Change(f"{name}: caller ID {presented} {'is' if listed else 'is not'} in its list",
                     with_campaign(caller_ids=(presented,) if listed else ()))


def _list(campaign: Campaign) -> str:
    return " ".join(sorted(campaign.countries))


def _caller_id(was: Call, now: Call) -> Iterator[Change]:
    old, new = was.declared_caller_id, now.declared_caller_id
    if _of(old) != _of(new):
        number = (old or new or CallerId("", "", False)).number
        if old is None or new is None:
            words = f"caller ID {number} is {'not declared' if new is None else 'declared'}"
        elif old.holder != new.holder:
            words = f"caller ID {number}: holder {_told(old.holder, new.holder)}"
        else:
            words = f"caller ID {number}: roc_declared is {str(new.roc_declared).lower()}"
        yield Change(words, replace(was, declared_caller_id=new))


def _of(declared: CallerId | None) -> tuple[str, bool] | None:
    return None if declared is None else (declared.holder, declared.roc_declared)


def _trunk(was: Call, now: Call) -> Iterator[Change]:
    old, new = was.trunk, now.trunk
    # with a campaign come and gone its trunk does, too
    if old == new or (was.campaign is None) is not (now.campaign is None):
        return
    # a caller ID is read as its trunk writes numbers
    reads_otherwise = was.caller_id != now.caller_id
    if old is None or new is None:
        words = "the trunk is not declared" if new is None else f"trunk `{new.id}` is declared"
    elif old.id != new.id:
        words = f"campaign `{was.request.campaign}`: trunk {_told(old.id, new.id)}"
    else:
        differ = [f"country {_told(old.country, new.country)}"] if old.country != new.country else []
        if reads_otherwise:
            differ.append(f"number_format {_told(old.number_format, new.number_format)}")
        if not differ:
            return
        words = f"trunk `{new.id}`: {' and '.join(differ)}"
    yield Change(words, replace(was, trunk=new, caller_id=now.caller_id, declared_caller_id=(
        now if reads_otherwise else was).declared_caller_id))


def _hours(was: Call, now: Call) -> Iterator[Change]:
    if (was.hours, was.hours_off) == (now.hours, now.hours_off):
        return
    words = f"hours {_told(_name(was), _name(now))}"
    if isinstance(was.hours, Hours) and isinstance(now.hours, Hours):
        words = "hours: " + ", ".join(
            f"{day} {_told(_window(before), _window(after))}" for day in _DAYS
            if (before := getattr(was.hours, day)) != (after := getattr(now.hours, day)))
    yield Change(words, replace(was, hours=now.hours, hours_off=now.hours_off))


def _callback_days(was: Call, now: Call) -> Iterator[Change]:
    if was.callback_days != now.callback_days:
        yield Change(f"callback_days {_told(str(was.callback_days), str(now.callback_days))}",
                     replace(was, callback_days=now.callback_days))


def _name(call: Call) -> str:
    return "off" if call.hours_off else "own" if call.hours is not None else "code-of-conduct"


def _window(window: Window) -> str:
    if window is None:
        return "closed"
    return "-".join(f"{minute // 60}" + (f":{minute % 60:02}" if minute % 60 else "") for minute in window)


def _told(before: str | None, after: str | None) -> str:
    return f"{before or 'none'} → {after or 'none'}"
