"""The outbound call gate for Asterisk: each call decided by the law of its day, and on record."""

__version__ = "0.1.0"
