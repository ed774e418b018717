"""`agi-gate serve`: the FastAGI daemon."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from agi_gate import config, daemon
from agi_gate.decision_log.pseudonyms import KeyFileError
from agi_gate.ops import exit_codes


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("serve", parents=[common], help="run the FastAGI daemon",
                              description="Answer Asterisk's AGI(agi://...) until SIGTERM; SIGHUP reads the "
                                          "configuration anew, whole or not at all.",
                              epilog="example: agi-gate serve --config /etc/agi-gate/gate.toml")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    try:
        return daemon.serve(config.find_path(getattr(arguments, "config", None)), settings)
    except (daemon.ListenError, KeyFileError) as error:
        print(f"agi-gate serve: {error}", file=sys.stderr)
        return exit_codes.USAGE
