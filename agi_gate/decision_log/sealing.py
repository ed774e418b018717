"""The seal of a rotated file: what was in it when it was closed, and the digest of the seal before.

Edge, codec of one file.  Two parts:

    {"seal": {...}, "digest": "<SHA-256 of the seal part>", "file": {...}}

`seal` never changes again, for masking changes nothing that it says; its digest is taken of its JSON with sorted keys and
without spaces, as `jq -jcS .seal FILE` writes it.  `file` says what has become of the file since: its own SHA-256, and
when it was masked or removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from agi_gate import __version__
from agi_gate.clock import SLACK
from agi_gate.decision_log import files, linked
from agi_gate.decision_log.files import Segment
from agi_gate.decision_log.tally import Tally
from agi_gate.disk import replacing
from agi_gate.record import instant

MODE = 0o640
_VERSION = 1


class SealError(Exception):
    """A seal cannot be read; the message says why."""


class SealUnread(SealError):
    """It may well be in order, and cannot be read here."""

    def __init__(self, words: str, digest: str | None = None) -> None:
        super().__init__(words)
        self.digest = digest


@dataclass(slots=True)
class Seal:
    seal: dict[str, Any]
    digest: str
    file: dict[str, Any]

    @property
    def first_at(self) -> datetime | None:
        return datetime.fromisoformat(self.seal["first_at"]) if self.seal["first_at"] else None

    @property
    def last_at(self) -> datetime | None:
        return datetime.fromisoformat(self.seal["last_at"]) if self.seal["last_at"] else None

    @property
    def counts_from(self) -> datetime | None:
        """The time from which the days of a retention count: that of its last call, as far as that can be."""
        return datetime.fromisoformat(self.seal["counts_from"]) if self.seal["counts_from"] else None

    def older_by(self, days: int) -> datetime | None:
        """When its last call is so many days old; None where that is never."""
        try:
            return None if self.counts_from is None else self.counts_from + timedelta(days=days)
        except OverflowError:
            return None

    @property
    def was_removed(self) -> bool:
        """Past retention: what it sealed was taken away, and that is no loss."""
        return "removed_at" in self.file


def made(segment: Segment, before: str | None, now: datetime, retention: dict[str, Any] | None = None,
         begun_at: datetime | None = None, *, is_sure: bool = True) -> Seal:
    """The seal of a file that was rotated away and is plain still, with the retention it is made under.  Raises OSError.

    `begun_at`: when the file before it was rotated away; `is_sure`: whether it is known that it is `now`.
    """
    tally, whole, size = Tally(), hashlib.sha256(), 0
    for piece in files.pieces(segment.plain):
        whole.update(piece)
        size += len(piece)
        for line in BytesIO(piece):  # not splitlines(): it takes a carriage return for an end, too
            line = line.removesuffix(b"\n")
            tally.add(line, linked.read(line))
    body = {"version": _VERSION, "segment": segment.name, "prev_seal": before, "rotated_at": instant(segment.rotated_at),
            "sealed_at": instant(now), "program": f"agi-gate {__version__}", "retention": retention, **tally.sealed()}
    counts_from = _counts_from(body, segment.rotated_at, begun_at, now if is_sure else None)
    body["counts_from"] = None if counts_from is None else instant(counts_from)
    return Seal(body, digest_of(body), {"sha256": whole.hexdigest(), "bytes": size})


def _counts_from(body: dict[str, Any], rotated_at: datetime, begun_at: datetime | None, now: datetime | None) -> datetime | None:
    """The time of a file's last call, but for what a clock that was wrong wrote into it."""
    if body["last_at"] is None:
        return None
    first_at, last_at = map(datetime.fromisoformat, (body["first_at"], body["last_at"]))
    if now is not None and last_at > now + SLACK:
        last_at = now  # no call comes after its own seal: the clock was ahead
    if last_at < rotated_at - SLACK and (begun_at is None or first_at < begun_at - SLACK):
        last_at = rotated_at  # it may be that the clock was behind, and the calls are younger than they say
    return last_at


def digest_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write(segment: Segment, seal: Seal) -> None:
    """Write a seal; it appears whole and synced.  Raises OSError."""
    text = json.dumps({"seal": seal.seal, "digest": seal.digest, "file": seal.file}, indent=1) + "\n"
    with replacing(segment.seal, MODE) as stream:
        stream.write(text.encode())


def read(path: Path) -> Seal:
    """Read a seal, whether or not its digest is right.  Raises SealError, and FileNotFoundError where there is none."""
    try:
        data = json.loads(path.read_bytes())
        seal = Seal(data["seal"], data["digest"], data["file"])
        body = seal.seal
        if type(version := body["version"]) is int and version != _VERSION and digest_of(body) == seal.digest:
            raise SealUnread(f"{path} is a seal of version {version}, and this program reads version {_VERSION}: a newer one may "
                             "read it", seal.digest)
        ends = [(ends["first_seq"], ends["first_prev"], ends["last_seq"], ends["last_hash"])
                for ends in body["chains"].values()]
        fine = (all(type(value) is kind for value, kind in (
                    (seal.digest, str), (body["segment"], str), (body["lines"], int), (body["records"], int),
                    (body["content_sha256"], str), (body["blocks"], list), (seal.file, dict)))
                and (body["prev_seal"] is None or isinstance(body["prev_seal"], str))
                and all(tuple(map(type, end)) == (int, str, int, str) for end in ends)
                and all(at is None or at.tzinfo is not None for at in (seal.first_at, seal.last_at, seal.counts_from)))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SealUnread(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SealError(f"{path} is no seal any more: it was damaged or changed; bring it back from its backup") from error
    if not fine or body["version"] != _VERSION:
        raise SealError(f"{path} is no seal of version {_VERSION}")
    return seal


def beside(segment: Segment) -> str:
    """Words on a plain file that is not the sealed one beside it."""
    return (f"it is another than {segment.compressed.name} beside it, which is what was sealed: a copy that was put back?  Nothing "
            "reads it; move it away, for it may hold numbers that were masked")


def newest(segments: Iterable[Segment]) -> Seal | None:
    """The seal of the last segment that has one.  Raises SealError."""
    last = None
    for segment in segments:
        if segment.seal.exists():
            last = segment
    return None if last is None else read(last.seal)
