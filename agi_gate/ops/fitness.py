"""Whether a store is fit to take a load: asked before anything is changed.

Joint.  What a server does not say is not taken for the best: the admin has to know it, and say so in gate.toml.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agi_gate.feeds import FeedError
from agi_gate.store.loader import Client
from agi_gate.store.server_state import NO_EVICTION, clock_ahead, eviction, missing_commands

# a load is known by its time: one of a clock far ahead would keep all others out
MOST_APART = timedelta(minutes=10)


def refuse_unfit(client: Client, controllers: Sequence[str], *, never_evicts: bool) -> None:
    """Raises FeedError where nothing may be loaded into this store, StoreUnavailable where it cannot be asked.

    `never_evicts`: the admin declares it of a server that does not say so.
    """
    # of a file without a row nobody is the owner
    missing = missing_commands(client, next(iter(controllers), ""))
    if missing:
        raise FeedError(f"the store has no {', '.join(missing)} for this user, which loads need: renamed, or not allowed; see "
                        "docs/acl/loader.acl")
    if (why := dropping(eviction(client), never_evicts=never_evicts)) is not None:
        raise FeedError(why)
    ahead = clock_ahead(client)
    if abs(ahead) > MOST_APART:
        now = datetime.now(UTC)
        raise FeedError(f"this machine's clock says {now:%Y-%m-%d %H:%M:%S} UTC, and that of the store's server "
                        f"{now - ahead:%Y-%m-%d %H:%M:%S} UTC: more than {MOST_APART // timedelta(minutes=1)} minutes apart; "
                        "set the one that is wrong")


def dropping(policy: str | None, *, never_evicts: bool) -> str | None:
    """Why a store must not be loaded into: it may drop keys, or does not say."""
    if policy is None:
        return None if never_evicts else (
            "the store does not say whether it may drop keys (maxmemory-policy), and a dropped objection would be a wrong "
            'ALLOW; if you know that it never does, write eviction = "never" under [store] in gate.toml')
    if policy != NO_EVICTION:
        return (f"the store may drop keys (maxmemory-policy {policy}), and a dropped objection would be a wrong ALLOW; set "
                "maxmemory-policy noeviction")
    return None
