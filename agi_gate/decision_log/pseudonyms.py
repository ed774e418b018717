"""Pseudonyms of numbers, by keys that lie in a file outside the store and the log.

Edge, codec of the key file.  A number has a million neighbours and no secret of its own, so its plain hash is found by
trying all; with a key that others do not have it is not.  The newest key makes pseudonyms, every one is searched by.

    k1-5d0e31f7 4e0c...(64 hex) 2026-11-24T09:30:00Z
    k2-0b97c2aa 91fa...(64 hex) 2027-11-24T09:30:00Z

A pseudonym is `k2-0b97c2aa:` and the first 128 bits of HMAC-SHA256 over the E.164 number, in hex.  What stands behind the
dash is a digest of the key: two keys never have one id, so a record says by which it was made, and another key that is
put in its place is told.  Ids of earlier builds (`k1`) have none; they are read.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agi_gate.disk import replacing

MODE = 0o600
_HEX = 32
_LINE = re.compile(r"((k[1-9][0-9]{0,5})(?:-[0-9a-f]{8})?) ([0-9a-f]{64})(?: (\S+))?")
_NUMBER = re.compile(r"k([0-9]+)")
_MARK_HEX = 8


class KeyFileError(Exception):
    """The keys cannot be used; the message says why, and the way out."""


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    secret: bytes
    made_at: str = ""

    def pseudonym(self, e164: str) -> str:
        return f"{self.id}:{hmac.digest(self.secret, e164.encode(), 'sha256').hex()[:_HEX]}"

    def __repr__(self) -> str:
        return f"Key({self.id!r})"  # its secret belongs in no message


@dataclass(frozen=True, slots=True)
class Keys:
    """The newest last; at least one."""

    keys: tuple[Key, ...]

    @classmethod
    def load(cls, path: Path) -> Keys:
        """Read a key file.  Raises KeyFileError."""
        try:
            with path.open("rb") as stream:
                found = os.fstat(stream.fileno())
                data = stream.read(1 << 20)
        except FileNotFoundError:
            raise KeyFileError(f"{path} is not there: bring it back from its backup, for no other key finds what it has "
                               "masked; where there never was one, `agi-gate log key` makes it") from None
        except OSError as error:
            raise KeyFileError(f"{path} cannot be read: {error.strerror}; it must belong to the gate's user") from error
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise KeyFileError(f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}): with it numbers "
                               f"are found out; `chmod 600 {path}`, and if others have read it, make a new key "
                               "(`agi-gate log key`)")
        return cls(tuple(_parsed(path, data)))

    @property
    def newest(self) -> Key:
        return self.keys[-1]

    def pseudonym(self, e164: str) -> str:
        """By the newest key."""
        return self.newest.pseudonym(e164)

    def all_pseudonyms(self, e164: str) -> list[str]:
        return [key.pseudonym(e164) for key in reversed(self.keys)]


def add_key(path: Path, now: datetime, used: Iterable[str] = ()) -> Keys:
    """Add a key to a file, or make the file; it appears whole.  `used`: ids to number on from.  Raises KeyFileError, OSError."""
    known = Keys.load(path).keys if path.exists() else ()
    number = max((int(match[1]) for id_ in (*(key.id for key in known), *used) if (match := _NUMBER.match(id_))),
                 default=0) + 1
    made_at, secret = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), secrets.token_bytes(32)
    keys = (*known, Key(id_of(number, secret), secret, made_at))
    text = "".join(f"{key.id} {key.secret.hex()} {key.made_at}".rstrip() + "\n" for key in keys)
    owner = path.stat() if known else None
    with replacing(path, MODE) as stream:
        stream.write(text.encode())
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
    return Keys(keys)


def id_of(number: int, secret: bytes) -> str:
    """A key's id, which no other key has.

    >>> id_of(1, bytes(32))
    'k1-e1416b84'
    """
    return f"k{number}-{hmac.digest(secret, b'agi-gate key', 'sha256').hex()[:_MARK_HEX]}"


def _parsed(path: Path, data: bytes) -> list[Key]:
    keys: list[Key] = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise KeyFileError(f"{path} line {number} is no key (`k1-5d0e31f7`, 64 hex digits, a time): bring the file back from "
                               "its backup; without its keys no number is found in what is masked")
        id_, secret = match[1], bytes.fromhex(match[3])
        if id_ in (key.id for key in keys):
            raise KeyFileError(f"{path} line {number}: there is a key {id_} already, and a record names its key by that")
        if id_ not in (match[2], id_of(int(match[2][1:]), secret)):
            raise KeyFileError(f"{path} line {number} is not the key `{id_}`: its 64 digits were changed; bring the file back "
                               "from its backup, for no other key finds what that one has masked")
        keys.append(Key(id_, secret, match[4] or ""))
    if not keys:
        raise KeyFileError(f"{path} holds no key; bring it back from its backup, or remove it and run `agi-gate log key`")
    return keys
