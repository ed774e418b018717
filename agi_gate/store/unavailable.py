"""The one error of the store that the joints know, and the words for what is behind it.

Edge.
"""

from __future__ import annotations

# what decoding raises where something else was written under our keys (PageError and ValueUnreadable are ValueErrors)
UNREADABLE = (ValueError, TypeError, LookupError, OverflowError)


class StoreUnavailable(Exception):
    """The store could not be asked, or its answer makes no sense."""


def explain(error: BaseException) -> str:
    """What to tell of an error of the client, without the numbers that key names and values hold."""
    if isinstance(error, UNREADABLE):
        return f"what it holds cannot be read ({type(error).__name__})"
    return str(error).rpartition(" of pipeline caused error: ")[2]
