"""Types of command-line arguments: text in, a value or a message with the way out."""

from __future__ import annotations

import argparse
from datetime import datetime

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
