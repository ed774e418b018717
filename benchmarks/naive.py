"""The load that everybody writes first: one key a number, through the client's pipelines.

What the real load is compared with.  It validates nothing, keeps one check a number and shows half a load; it is as
fast as this way can be.  `python -m benchmarks.naive URL FILE ROWS`
"""

from __future__ import annotations

import csv
import sys
import time
from itertools import islice

import redis

_ROWS_A_PIPELINE = 10_000


def load(url: str, path: str, rows: int) -> None:
    checked_at = int(time.time())
    with redis.Redis.from_url(url, protocol=2) as client, open(path, encoding="utf-8", newline="") as stream:
        reader = islice(csv.reader(stream), rows)
        while batch := list(islice(reader, _ROWS_A_PIPELINE)):
            pipeline = client.pipeline(transaction=False)
            for number, flag in batch:
                pipeline.set(f"registry:acme:+39{number}", f"{flag} {checked_at}")
            pipeline.execute()


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], int(sys.argv[3]))
