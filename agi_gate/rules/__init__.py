"""The rules, one file each: `check(call, facts, regime)` returns a `Finding`, or None where the rule has nothing to say.

Core.  A rule sees facts that were known at the call's time, and never another rule's finding; the order of the
rules, and so their meaning together, stands in `decide.py` alone.
"""
