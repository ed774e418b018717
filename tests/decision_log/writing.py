"""Logs to tamper with: four days of two writers, three of them rotated, sealed and compressed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from agi_gate.decision_log import files, heads, segment
from agi_gate.decision_log.findings import Report
from agi_gate.decision_log.heads import Head
from agi_gate.decision_log.keeping import Plan, keep
from agi_gate.decision_log.pseudonyms import Keys
from agi_gate.decision_log.verifying import verify
from agi_gate.record import instant

BEGIN = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAYS, A_DAY = 4, 20
NUMBER = "+393331234500"


class Writer:
    """One chain of a log."""

    def __init__(self, log: Path, chain: str, keys: Keys | None = None, *, is_of_before: bool = False) -> None:
        """`is_of_before`: as an earlier build, which had the channel in another part."""
        self._is_of_before = is_of_before
        self._log, self._chain, self._keys = log, chain, keys
        heads.folder(log).mkdir(mode=0o750, exist_ok=True)
        self._path = heads.folder(log) / f"{chain}{heads.SUFFIX}"
        self._head = (heads.decode(self._path.read_bytes()) if self._path.exists()
                      else Head(0, b"0" * 64, 0, True))

    def line(self, at: datetime, number: str = NUMBER) -> tuple[bytes, bytes]:
        """The next record, and its hash."""
        pseudonyms = None if self._keys is None else {"destination": self._keys.pseudonym(number)}
        personal = json.dumps({"salt": secrets.token_hex(16), "destination": number, "dialled": number,
                               **({} if self._is_of_before else {"channel": f"Local/{number}@out-1;2", "unique_id": "1.2"}),
                               "evidence": []}, separators=(",", ":"))[1:-1]
        text = json.dumps({
            "v": 2, "chain": self._chain, "seq": self._head.seq + 1, "prev": self._head.hash.decode(),
            "after": self._head.ended, "id": f"{int(at.timestamp() * 1000):012x}-{secrets.token_hex(6)}",
            "at": instant(at), "verdict": "DENY", "reason": "REGISTRY_OPPOSED", "reasons": ["REGISTRY_OPPOSED"],
            "call": {"campaign": "fibra", **({"channel": "SIP/1", "unique_id": "1.2"} if self._is_of_before else {}),
                     "controller": "acme"}, "policy": {"source": "x" * secrets.randbelow(300)},
            "pseudonyms": pseudonyms, "personal_sha256": sha256(personal.encode()).hexdigest()}, separators=(",", ":"))
        return f"{text[:-1]},{personal}}}\n".encode(), sha256(text[:-1].encode()).hexdigest().encode()

    def append(self, at: datetime, number: str = NUMBER) -> None:
        line, hash_ = self.line(at, number)
        descriptor = os.open(self._log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                os.write(descriptor, b"\n")
            os.write(descriptor, line)
            self._head = Head(self._head.seq + 1, hash_, os.lseek(descriptor, 0, os.SEEK_CUR), True)
        finally:
            os.close(descriptor)
        self._path.write_bytes(heads.encode(self._head))


def silent(words: str) -> None:
    pass


def kept(log: Path, now: datetime, plan: Plan = Plan()) -> list[str]:
    """What `keep` did; it must have nothing to complain of."""
    did: list[str] = []
    complaints: list[str] = []
    keep(log, plan, now, did.append, complaints.append)
    assert complaints == []
    return did


def write_days(log: Path, keys: Keys | None = None, plan: Plan = Plan(), days: int = DAYS) -> None:
    """Lines of chain 0 and 1 by turns, not strictly; all days but the last are sealed."""
    writers = Writer(log, "0", keys), Writer(log, "1", keys)
    for day in range(days):
        for number in range(A_DAY):
            at = BEGIN + timedelta(days=day, seconds=number)
            writers[not number * 7 % 3].append(at, f"+3933312{day:02d}{number:03d}")
        if day < days - 1:
            kept(log, midnight(day + 1), plan)


def midnight(day: int) -> datetime:
    """The begin of a day of the log, with some time to spare in Rome."""
    return BEGIN + timedelta(days=day, hours=-8)


def sealed(log: Path, number: int) -> files.Segment:
    return files.segments(log)[number]


def change(path: Path, how: Callable[[list[bytes]], list[bytes]]) -> None:
    """Exchange a file's lines, compressed or not."""
    if path.suffix == segment.SUFFIX:
        lines = how(list(segment.lines(path)))
        segment.write(lines, path)
    else:
        path.write_bytes(b"".join(how(path.read_bytes().splitlines(keepends=True))))


def told(report: Report) -> str:
    return "\n".join(problem.words for problem in report.problems.told)


def verified(log: Path) -> Report:
    """A report that must be clean."""
    report = verify(log)
    assert report.verifies, told(report)
    assert not report.unreadable
    return report
