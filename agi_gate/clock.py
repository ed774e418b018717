"""The time last seen, and what the clock may say after it: nothing is removed because of the clock alone.

Edge, the ground under the other edges; it owns the form of one small file.  A clock can be years ahead for four seconds:
a time server errs, a battery is empty, a machine starts from an old image.  But nobody sets how long a machine has run.
So the gate believes a clock within two days of the time last seen plus what the machine ran since.  After a restart
nobody knows how long it was off.  Then each hour that it runs makes up for four: a weekend takes hours, a month ten days,
and ten years are never made up for.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

SLACK = timedelta(hours=49)  # two days, one of which may be the longest of the year
_RATE_AFTER_START = 4
_EVERY = timedelta(hours=1)
BYTES = 192


class Time(NamedTuple):
    """`doubt`: why the clock is not believed; then `now` is the earliest that it can be, by the time last seen."""

    now: datetime
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A time that was believed, UTC, and how long the machine had been running then."""

    at: datetime
    uptime_s: float
    boot: str

    @classmethod
    def now(cls, at: datetime) -> Seen:
        return cls(at, _uptime_s(), _boot())

    def reckoned(self) -> datetime:
        """What the time is now, at least."""
        return self.at + self._run()

    def latest(self) -> datetime:
        """What the time can be now, at most."""
        return self.at + SLACK + self._run() * (1 if self._is_of_this_start() else _RATE_AFTER_START)

    def doubt(self, clock: datetime) -> str | None:
        """Why what the clock says is not believed; None where it is."""
        if (reckoned := self.reckoned()) - SLACK <= clock <= self.latest():
            return None
        return (f"the clock says {clock:%Y-%m-%d %H:%M} UTC, {abs(clock - reckoned) / timedelta(days=1):,.0f} days "
                f"{'ahead of' if clock > reckoned else 'behind'} {reckoned:%Y-%m-%d %H:%M} UTC, the time last seen plus what ran since")

    def is_old(self, clock: datetime) -> bool:
        """Say whether the time, which is believed, is to be seen anew."""
        return not self._is_of_this_start() or self._run() > _EVERY or abs(clock - self.at) > _EVERY

    def encode(self) -> bytes:
        """One line of a fixed size, so that one write replaces it."""
        text = json.dumps({"at": self.at.astimezone(UTC).isoformat(), "uptime_s": self.uptime_s, "boot": self.boot})
        return text.encode().ljust(BYTES - 1) + b"\n"

    @classmethod
    def read(cls, path: Path) -> Seen | None:
        """None where there is none, or it is damaged.  Raises OSError."""
        try:
            said = json.loads(path.read_bytes())
            seen = cls(datetime.fromisoformat(said["at"]), float(said["uptime_s"]), str(said["boot"]))
            return seen if seen.at.tzinfo is not None else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _is_of_this_start(self) -> bool:
        return self.boot == _boot() and _uptime_s() >= self.uptime_s

    def _run(self) -> timedelta:
        """For how long the machine has been running since, as far as that is known."""
        return timedelta(seconds=_uptime_s() - (self.uptime_s if self._is_of_this_start() else 0))


def time_of(path: Path, clock: datetime, first: datetime | None, write: Callable[[Seen], None]) -> Time:
    """Compare a clock with the time last seen, in the file at `path`; `write` replaces that file if the clock is believed.

    `first` takes the place of a file that is lost; without it any clock is believed.
    """
    known = Seen.read(path)
    seen = Seen.now(first or clock) if known is None else known
    doubt = seen.doubt(clock)
    if doubt is None and (known is None or seen.is_old(clock)):
        write(Seen.now(clock))
    elif known is None:
        write(seen)
    return Time(clock) if doubt is None else Time(seen.reckoned(), doubt)


def _uptime_s() -> float:
    # not the clocks of the C library: what sets the time of one program sets them all
    with suppress(OSError, ValueError, IndexError):
        return float(Path("/proc/uptime").read_text().split()[0])
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return os.uname().nodename
