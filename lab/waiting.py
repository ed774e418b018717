"""How long the lab and the tests wait for what must come true: as long as a busy machine needs, and no longer than it takes.

Lab.  A limit here ends a wait in vain; it measures nothing.  What is promised in time is measured in `benchmarks/`.
"""

from __future__ import annotations

import inspect
import linecache
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 90.0
PATIENT_MS = 30_000  # for a store that is well
_LOOK_S = 0.02

_Answer = TypeVar("_Answer")


def eventually(claim: Callable[[], _Answer], what: str = "", *, not_yet: tuple[type[Exception], ...] = (),
               patience_s: float = PATIENCE_S) -> _Answer:
    """Look again and again until the claim holds, and answer what it said.

    `what` names what is waited for; without it the caller's own line does.  `not_yet` are errors that only mean that it does
    not hold yet.  Raises AssertionError, with the name, where it never came true.
    """
    deadline = time.monotonic() + patience_s
    while True:
        why: object = ""
        try:
            if answer := claim():
                return answer
        except not_yet as error:
            why = f": {error}"
        if time.monotonic() > deadline:
            raise AssertionError(f"`{what or _line_of_caller()}` did not come true within {patience_s:.0f} s{why}")
        time.sleep(_LOOK_S)


def _line_of_caller() -> str:
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() if frame else "?"
