"""Ops' files -> validated rows, and rejects with line numbers.

Edge.  Reads bytes and says what they mean; whether the rest is loaded when rows are rejected is the caller's choice.
"""

from agi_gate.feeds.cells import MOST_AHEAD
from agi_gate.feeds.files import FeedError, FeedFile, Reject
from agi_gate.feeds.layouts import CALLBACKS, CONSENTS, CONTACTS, OBJECTIONS, RESTS, Keep, Layout, parse_instant
from agi_gate.feeds.registry import RegistryFeed, read_registry
from agi_gate.feeds.tables import Feed, read_csv

__all__ = ["CALLBACKS", "CONSENTS", "CONTACTS", "MOST_AHEAD", "OBJECTIONS", "RESTS", "Feed", "FeedError", "FeedFile", "Keep", "Layout",
           "RegistryFeed", "Reject", "parse_instant", "read_csv", "read_registry"]
