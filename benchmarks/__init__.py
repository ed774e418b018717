"""Measures what the gate promises of speed and size, on real servers.  Never part of the product."""
