"""The files that come back from the registry, flagged or stripped: E.164 number -> enrolled.

Edge.  No official layout was found, so the reader is lenient where operators vary (BOM, UTF-8 or Latin-1, separator,
extra columns, CRLF) and strict on the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from agi_gate.feeds.files import FeedError, Reject, read_bytes, separator_of, unpack
from agi_gate.number import parse_listed


@dataclass(slots=True)
class RegistryFeed:
    """One file of the registry: E.164 number -> enrolled."""

    name: str
    sha256: str
    results: dict[str, bool] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def read_registry(path: str, submitted: str | None = None) -> RegistryFeed:
    """Read a file that came back from the registry.  Raises FeedError.

    Flagged layout: `number,flag` a line, 1 = enrolled.  With `submitted`, the stripped layout of before 2022: the
    callable numbers alone, so those of the submitted file that are missing are enrolled.
    """
    name, data = read_bytes(path)
    feed = RegistryFeed(name, hashlib.sha256(data).hexdigest())
    lines = list(_lines(_decode_registry(unpack(name, data))))
    if submitted is None:
        if not lines:
            raise FeedError(f"{name}: is empty")
        _read_flagged(feed, lines)
    else:
        submitted_name, submitted_data = read_bytes(submitted)
        # the answer means something only beside the question
        feed.sha256 = hashlib.sha256(data + b"\0" + submitted_data).hexdigest()
        _read_stripped(feed, lines, submitted_name,
                       list(_lines(_decode_registry(unpack(submitted_name, submitted_data)))))
    return feed


def _decode_registry(text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines; empty ones at the end are no rows."""
    # not splitlines(): a stray form feed must not count as a line
    text = text.rstrip("\r\n \t")
    if text:
        for number, line in enumerate(text.split("\n"), 1):
            yield number, line.rstrip("\r")


def _registry_number(field_: str) -> str | None:
    number = parse_listed(field_.strip())
    return number if number is not None and number.startswith("+39") else None


def _read_flagged(feed: RegistryFeed, lines: list[tuple[int, str]]) -> None:
    separator = separator_of(lines[0][1])
    for line_number, line in lines:
        fields = line.split(separator)
        number = _registry_number(fields[0])
        flag = fields[1].strip() if len(fields) > 1 else None
        if number is None:
            why = f"`{fields[0]}` is not an Italian number"
        elif flag is None:
            why = "there is no flag; a stripped file needs --submitted FILE"
        elif flag not in ("0", "1"):
            why = f"`{flag}` is no flag; 1 is enrolled, 0 is callable"
        elif feed.results.setdefault(number, flag == "1") != (flag == "1"):
            why = f"`{fields[0]}` has both flags in this file; where the rest is loaded it counts as enrolled"
            feed.results[number] = True
        else:
            continue
        feed.rejects.append(Reject(feed.name, line_number, why, line))


def _read_stripped(feed: RegistryFeed, lines: list[tuple[int, str]], submitted_name: str,
                   submitted: list[tuple[int, str]]) -> None:
    asked: set[str] = set()
    for line_number, line in submitted:
        number = _registry_number(line.split(separator_of(line))[0])
        if number is None:
            feed.rejects.append(Reject(submitted_name, line_number, f"`{line}` is not an Italian number", line))
        else:
            asked.add(number)
    if not asked:
        raise FeedError(f"{submitted_name}: holds no number")
    if any(field_.strip() in ("0", "1") for _, line in lines for field_ in line.split(separator_of(line))[1:2]):
        raise FeedError(f"{feed.name}: carries flags, so it is not stripped; load it without --submitted")
    callable_: set[str] = set()
    for line_number, line in lines:
        number = _registry_number(line.split(separator_of(line))[0])
        if number is None:
            feed.rejects.append(Reject(feed.name, line_number, f"`{line}` is not an Italian number", line))
        elif number not in asked:
            feed.rejects.append(
                Reject(feed.name, line_number, f"`{line}` was never submitted in {submitted_name}", line))
        else:
            callable_.add(number)
    feed.results = {number: number not in callable_ for number in asked}
