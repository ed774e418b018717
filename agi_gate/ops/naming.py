"""A name that was typed and is none: said with the one that was meant, and those there are.

Joint.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from agi_gate.ops.telling import shown

_MOST_NAMED = 20


def no_such(name: str, what: str, known: Iterable[str]) -> str:
    """
    >>> no_such("acmee", "controller of the configuration", ["acme", "beta"])
    '`acmee` is no controller of the configuration; did you mean `acme`? known: acme, beta'
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return (f"`{shown(name)}` is no {what}; " + (f"did you mean `{near[0]}`? " if near else "")
            + f"known: {', '.join(names[:_MOST_NAMED]) or 'none'}{', ...' if len(names) > _MOST_NAMED else ''}")
