"""Faults injected under running calls: no wrong ALLOW, no answer without its record, no caller who waits for ever.

Short in `make test`; `make faults` runs the long form and writes the table of docs/reliability.md.
"""
