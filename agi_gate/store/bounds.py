"""What the client may read of a reply: no header that asks for more memory than any reply of ours has.

Edge.  The client's own parser makes room for what a header promises: thirteen bytes (`*2147483647`) would stall a process
for seconds.  Calls' questions have a reader of their own (see `wire`); this guards all the others.
"""

from __future__ import annotations

import re

import redis

# within a million elements and 100 MB; values of ours hold no line end, so that no text of theirs is taken for a header
_TOO_MUCH = re.compile(rb"\r\n(?:[*%~>|][0-9]{7}|[$=!][0-9]{9})")
_OVERLAP = 12  # of a header, which may come in two pieces


class Bounds:
    """Looks at what one connection reads, piece by piece."""

    def __init__(self) -> None:
        self._tail = b"\r\n"

    def check(self, piece: bytes | memoryview) -> None:
        """Raises redis.InvalidResponse."""
        data = self._tail + bytes(piece)
        if _TOO_MUCH.search(data):
            raise redis.InvalidResponse("the server's answer is longer than any")
        self._tail = data[-_OVERLAP:]
