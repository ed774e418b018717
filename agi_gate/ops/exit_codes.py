"""Exit codes: "denied" and "broken" are never one number."""

DONE = 0  # or ALLOW
CRASHED = 1
USAGE = 2  # or configuration
DENIED = 3
UNREACHABLE = 4  # the store or the log
FEED_REFUSED = 5  # nothing changed
STALE = 6  # agi-gate status: numbers that are to be called rest on checks that are too old
NOT_PROVEN = 7  # evidence does not verify, or is not decided again as it is recorded
NOT_ON_RECORD = 8  # what was asked for was looked for everywhere, and nothing is known of it
REJECTS_KEPT = 9  # loaded, with rejects kept (--keep-good)
TO_MEND = 10  # done and in force, and something is left to mend
