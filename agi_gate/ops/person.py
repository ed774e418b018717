"""Whom a verb is about: one number of one controller, as people type them.

Joint.
"""

from __future__ import annotations

import argparse

from agi_gate import config
from agi_gate.number import parse_destination
from agi_gate.ops.naming import no_such
from agi_gate.policy import Controller


class NobodyMeant(Exception):
    """What was typed is no number, or no controller of the configuration; the message has the way out."""


def add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", metavar="NUMBER", help="E.164 or the Italian national form")
    parser.add_argument("--controller", required=True, metavar="C", help="on whose behalf: an id of [controllers]")


def person_of(arguments: argparse.Namespace, settings: config.Settings) -> tuple[str, Controller]:
    """The number in E.164, and the controller.  Raises NobodyMeant."""
    number = parse_destination(arguments.number)
    if number is None:
        raise NobodyMeant("what was given is not a number; write it as E.164 (+39...) or in the Italian national form")
    controller = settings.controllers.get(arguments.controller)
    if controller is None:
        raise NobodyMeant(no_such(arguments.controller, "controller of the configuration", settings.controllers))
    return number.e164, controller
