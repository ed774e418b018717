"""Pseudonyms of numbers, by keys that lie in a file outside the store and the log.

Edge, codec of the key file.  A number has a million neighbours and no secret of its own, so its plain hash is found by
trying all; with a key that others do not have it is not.  The newest key makes pseudonyms, every one is searched by.

    k1 4e0c...(64 hex) 2026-11-24T09:30:00Z
    k2 91fa...(64 hex) 2027-11-24T09:30:00Z

A pseudonym is `k2:` and the first 128 bits of HMAC-SHA256 over the E.164 number, in hex.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agi_gate.disk import replacing

MODE = 0o600
_HEX = 32
_LINE = re.compile(r"(k[1-9][0-9]{0,5}) ([0-9a-f]{64})(?: (\S+))?")


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
            raise KeyFileError(f"{path} is not there; `agi-gate log key` makes it") from None
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


def add_key(path: Path, now: datetime) -> Keys:
    """Add a key to a file, or make the file; it appears whole.  Raises KeyFileError, OSError."""
    known = Keys.load(path).keys if path.exists() else ()
    number = max((int(key.id[1:]) for key in known), default=0) + 1
    made_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = (*known, Key(f"k{number}", secrets.token_bytes(32), made_at))
    text = "".join(f"{key.id} {key.secret.hex()} {key.made_at}".rstrip() + "\n" for key in keys)
    owner = path.stat() if known else None
    with replacing(path, MODE) as stream:
        stream.write(text.encode())
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
    return Keys(keys)


def _parsed(path: Path, data: bytes) -> list[Key]:
    keys: list[Key] = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise KeyFileError(f"{path} line {number} is no key (`k1`, 64 hex digits, a time): bring the file back from "
                               "its backup; without its keys no number is found in what is masked")
        if match[1] in (key.id for key in keys):
            raise KeyFileError(f"{path} line {number}: there is a key {match[1]} already, and a record names its key by that")
        keys.append(Key(match[1], bytes.fromhex(match[2]), match[3] or ""))
    if not keys:
        raise KeyFileError(f"{path} holds no key; bring it back from its backup, or remove it and run `agi-gate log key`")
    return keys
