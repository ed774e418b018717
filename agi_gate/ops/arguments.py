"""Types of command-line arguments: text in, a value or a message with the way out."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta

from agi_gate import feeds


def instant(text: str) -> datetime:
    try:
        return feeds.parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no count of rows")
    return int(text)


def positive(text: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"`{text}` is no number of 1 or more")
    return int(text)


def percent(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or float(text) > 100:
        raise argparse.ArgumentTypeError(f"`{text}` is no percentage, 0 to 100")
    return float(text)


def span(text: str) -> timedelta:
    """
    >>> span("3d"), span("12h")
    (datetime.timedelta(days=3), datetime.timedelta(seconds=43200))
    """
    match = re.fullmatch("([0-9]{1,4})([dh])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no length of time; write 3d or 12h")
    return timedelta(days=int(match[1])) if match[2] == "d" else timedelta(hours=int(match[1]))
