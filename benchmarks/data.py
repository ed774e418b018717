"""The feeds that are measured, made once under `.cache/bench/` and the same on every machine.

Runs as a process of its own (`python -m benchmarks.data KIND COUNT`): the kernel counts the memory of whoever starts a
program to it, so whoever measures one must stay small.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from benchmarks.numbering import Numbers, consecutive_numbers, distinct_numbers

FOLDER = (Path(__file__).resolve().parent.parent / ".cache" / "bench").resolve()  # npm installs nothing behind a link
_LAYOUT = "v1"  # files of another layout are not taken for these
ENROLLED_SHARE, FLIPPED_SHARE = 0.30, 0.03
_CHUNK = 1_000_000
_E164_WIDTH = len("39") + 12

KINDS = ("registry", "registry-sorted", "registry-2", "registry-3", "consents", "consents-consecutive", "contacts",
         "list")


def path_of(kind: str, count: int) -> Path:
    return FOLDER / f"{kind}-{count}-{_LAYOUT}.csv"


def make(kind: str, count: int) -> Path:
    """A feed's file, written if it is not there yet."""
    path = path_of(kind, count)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".unfinished-{os.getpid()}")  # another run may make the same
        with unfinished.open("wb") as stream:
            if kind.startswith("registry"):
                _write_registry(stream, kind, count)
            elif kind.startswith("consents"):
                in_a_row = kind == "consents-consecutive"
                numbers = consecutive_numbers(count) if in_a_row else distinct_numbers(count, seed=2)
                stream.writelines(_consents(numbers))
            elif kind == "contacts":
                _write_contacts(stream, count)
            else:
                stream.write(b"number\r\n")
                _write_lines(stream, distinct_numbers(count), [b"\r\n"], np.zeros(count, np.uint8))
        unfinished.rename(path)  # so that a half-written one is never measured
    return path


def _write_registry(stream: BinaryIO, kind: str, count: int) -> None:
    """`registry-2` and `registry-3` are later answers: the same numbers, some flags turned since the one before."""
    numbers, random = distinct_numbers(count), np.random.default_rng(3)
    enrolled = random.random(count) < ENROLLED_SHARE
    for _later in range(int(kind[-1]) - 1 if kind[-1].isdigit() else 0):
        enrolled ^= random.random(count) < FLIPPED_SHARE
    if kind == "registry-sorted":
        order = np.argsort(numbers)
        numbers, enrolled = numbers[order], enrolled[order]
    _write_lines(stream, numbers, [b",0\r\n", b",1\r\n"], enrolled.astype(np.uint8))


def _write_contacts(stream: BinaryIO, count: int) -> None:
    random = np.random.default_rng(4)
    tails = [f",acme,Elenco {year}-{month:02}{supplier},{listed},{year}-{month:02}-01\n".encode()
             for year in (2025, 2026) for month in range(1, 11)
             for supplier in (" DBU", " web", " punti vendita") for listed in ("yes", "no")]
    stream.write(b"number,controller,source,directory,acquired_on\n")
    _write_lines(stream, distinct_numbers(count), tails, random.integers(0, len(tails), count).astype(np.uint8))


def _write_lines(stream: BinaryIO, numbers: Numbers, tails: list[bytes], chosen: NDArray[np.uint8]) -> None:
    """One line a number: its national form, then one of the tails."""
    width = max(map(len, tails))
    table = np.frombuffer(b"".join(tail.ljust(width, b"\0") for tail in tails), np.uint8).reshape(len(tails), width)
    for start in range(0, len(numbers), _CHUNK):
        part = numbers[start:start + _CHUNK]
        cells = np.zeros((len(part), _E164_WIDTH + width), np.uint8)
        rest = part.copy()
        for column in range(_E164_WIDTH - 1, -1, -1):
            cells[:, column] = np.where(rest > 0, rest % 10 + ord("0"), 0)
            rest //= 10
        digits = (cells[:, :_E164_WIDTH] != 0).sum(axis=1)
        # a landline keeps its 0: what goes is 39, the first two digits wherever they stand
        for column in (0, 1):
            cells[np.arange(len(part)), _E164_WIDTH - digits + column] = 0
        cells[:, _E164_WIDTH:] = table[chosen[start:start + _CHUNK]]
        stream.write(cells[cells != 0].tobytes())


def _consents(numbers: Numbers) -> Iterator[bytes]:
    """Consents as forms and recordings leave them: each with its own second and its own evidence."""
    random = np.random.default_rng(5)
    count = len(numbers)
    seconds, form, kind = (random.integers(0, bound, count).tolist() for bound in (3 * 365 * 86_400, 200, 20))
    proof = random.integers(0, 1 << 48, count).tolist()
    begin = datetime(2023, 9, 1, tzinfo=UTC)
    origins = [f"https://www.acme.example/offerte/{place:03}" if place % 2 else f"punto vendita {place:03}"
               for place in range(200)]
    yield b"number,controller,granted_at,purpose,category,channel,origin,evidence,notice\n"
    for number, second, place, sort, mark in zip(numbers.tolist(), seconds, form, kind, proof, strict=True):
        granted_at = begin + timedelta(seconds=second)
        category = "energy" if sort < 3 else "telecom"
        channel = "both" if sort % 4 == 0 else "human"
        evidence = f"modulo {mark:012x}, IP 93.{mark % 256}.{mark // 256 % 256}.{mark // 65536 % 256}" if place % 2 \
            else f"rec/{granted_at:%Y/%m}/{mark:012x}.wav"
        yield (f"{str(number)[2:]},acme,{granted_at.isoformat()},marketing,{category},{channel},{origins[place]},"
               f"\"{evidence}\",informativa {granted_at.year}\n").encode()


if __name__ == "__main__":
    print(make(sys.argv[1], int(sys.argv[2])))
