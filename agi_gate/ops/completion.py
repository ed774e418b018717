"""`agi-gate --print-completion SHELL`: a script that has the shell complete verbs, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

_SHELLS = ("bash", "zsh", "tcsh")
_FILE_METAVARS = ("FILE", "LIST", "LOG")


def add_to(main_parser: argparse.ArgumentParser) -> None:
    main_parser.add_argument("--print-completion", action=_Print, choices=_SHELLS, metavar="SHELL",
                             help=f"print a completion script for {', '.join(_SHELLS)}, and exit")


class _Print(argparse.Action):
    """Like --version: nothing else is asked for, no verb and no configuration."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: str | Sequence[Any] | None, option_string: str | None = None) -> None:
        import shtab  # here, for it takes its time and is hardly ever asked for

        for one in with_verbs(parser):
            for action in one._actions:
                if action.metavar in _FILE_METAVARS:
                    action.complete = shtab.FILE  # type: ignore[attr-defined]  # what shtab looks for
        print(shtab.complete(parser, str(values)))
        parser.exit()


def with_verbs(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its verbs, and of their verbs."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from with_verbs(verb)
