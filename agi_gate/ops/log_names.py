"""Names that a search was for in vain: misspelt, or no longer in the configuration.

Joint.  A controller or campaign that was taken out of the configuration stays in the log, and is found there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agi_gate import config
from agi_gate.decision_log.search import search
from agi_gate.decision_log.wanted import Wanted
from agi_gate.ops.naming import no_such
from agi_gate.ops.telling import shown


@dataclass(frozen=True, slots=True)
class InVain:
    words: str
    is_nowhere: bool  # no decision has that name either


def not_configured(wanted: Wanted, settings: config.Settings) -> Iterator[str]:
    """Of each name that is wanted and not in the configuration, what is to be said of it."""
    for what, name, known in _names(wanted, settings):
        if name not in known:
            yield no_such(name, f"{what} of the configuration", known)


def names_in_vain(wanted: Wanted, settings: config.Settings, logs: Path | list[Path]) -> list[InVain]:
    """The same, once nothing was found; with what the log says of that name."""
    found = []
    for what, name, known in _names(wanted, settings):
        if name in known:
            continue
        alone = Wanted(controller=name) if what == "controller" else Wanted(campaign=name)
        if next(search(logs, alone, None, lambda words: None), None) is None:
            found.append(InVain(f"no decision has that {what}, and {no_such(name, f'{what} of the configuration', known)}", True))
        else:
            found.append(InVain(f"{what} `{shown(name)}` is not in the configuration (any more); the log has decisions of it, and "
                                "none of them is what was asked for", False))
    return found


def _names(wanted: Wanted, settings: config.Settings) -> Iterator[tuple[str, str, list[str]]]:
    for what, name, known in (("controller", wanted.controller, settings.controllers),
                              ("campaign", wanted.campaign, settings.policy.campaigns)):
        if name is not None:
            yield what, name, list(known)
