"""Whether a load may be shown in a store that is not what the archive says.

Joint.  What can only deny is always loaded.  What could let a call through waits until the objections that are known are
back: unless the person who loads it says otherwise, which its receipt keeps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from agi_gate import feeds
from agi_gate.archive.history import FINDINGS, brings_a_file, content
from agi_gate.columns import Column
from agi_gate.ops import feed_kinds
from agi_gate.store import values
from agi_gate.wholeness import Difference, Load

logger = logging.getLogger(__name__)

OPTION = "--despite-missing"
_ONLY_DENY = (feeds.OBJECTIONS.name, feeds.RESTS.name)
# what a load of these says can only let calls through, so that none is denied for its sake
_ONLY_ALLOW = (feeds.CONTACTS.name, feeds.CALLBACKS.name)


def opens_calls(feed: str, columns: Mapping[str, Column]) -> bool:
    """Say whether a feed could let a call through: all but objections, rests, and consents that are all revoked."""
    if feed != feeds.CONSENTS.name:
        return feed not in _ONLY_DENY
    return any(consent.revoked_at is None for column in columns.values() for value in column.table
               for consent in values.consents_from(value))


def admit(differences: Mapping[str, Difference], summary: Mapping[str, Any], opens: Callable[[], bool], *,
          despite_missing: bool) -> dict[str, Any]:
    """What the receipt of a load says of the store that it came into.  Raises feeds.FeedError where it may not come.

    A file that is loaded again because it is missing waits for objections and rests alone: each of the others would wait
    for the others.
    """
    amiss = {controller: one for controller, one in differences.items() if not one.is_whole}
    found = list(chain.from_iterable(one.words(controller) for controller, one in amiss.items()))
    if not despite_missing and any(_waits(one, summary) for one in amiss.values()) and opens():
        raise feeds.FeedError(f"{'; '.join(found)}; what this load brings could let calls through meanwhile, so it is "
                              f"refused ({OPTION} loads it all the same, and its receipt says so)")
    for words in found:
        logger.warning("%s", words)
    return for_receipt(differences.values(), despite_missing=despite_missing)


def for_receipt(differences: Iterable[Difference], *, despite_missing: bool) -> dict[str, Any]:
    """What a receipt says of a store that was not what the archive says: nothing of one that was."""
    amiss = [one.for_receipt() for one in differences if one.is_open]
    if not amiss:
        return {}
    # each load once: it may be missing of several controllers
    found = {name: list({load["load_id"]: load for one in amiss for load in one[name]}.values()) for name in FINDINGS}
    return found | ({"despite_missing": True} if despite_missing else {})


def _waits(difference: Difference, summary: Mapping[str, Any]) -> bool:
    if difference.unknown or difference.taken_back or difference.hidden:
        return True
    is_back = content(summary) in {content(load) for load in difference.missing if brings_a_file(load)}
    return any(_denies_for_good(load) if is_back else _could_deny(load) for load in difference.missing)


def _denies_for_good(load: Load) -> bool:
    return load["feed"] in _ONLY_DENY or not brings_a_file(load)


def _could_deny(load: Load) -> bool:
    """Of an answer of the registry it is known whether it found anybody enrolled."""
    return load["feed"] not in _ONLY_ALLOW and load.get("enrolled", 1) > 0
