"""The verbs of `agi-gate log`: `agi-gate log verify|keep|key ...`; anything else is a search."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from agi_gate.ops import log_keep, log_key, log_verify

EPILOG = ("further: agi-gate log verify   whether the log is what was written, and where it is not\n"
          "         agi-gate log keep     rotate, seal, compress, mask and remove what is due\n"
          "         agi-gate log key      make or rotate the key of pseudonyms\n")


def add_verbs(search: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Have the parser of `agi-gate log` hand these verbs to their own.

    A file of such a name is read as `./verify`.
    """
    verbs = {"verify": log_verify.parser(common), "keep": log_keep.parser(common), "key": log_key.parser(common)}
    plain = search.parse_known_args

    def parse(args: Sequence[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        if args and args[0] in verbs:
            return verbs[args[0]].parse_known_args(args[1:], namespace)
        return plain(args, namespace)

    search.parse_known_args = parse  # type: ignore[method-assign, assignment]
