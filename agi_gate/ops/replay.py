"""`agi-gate replay`: logged calls decided again, each from its own record, or under a new configuration."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from agi_gate import __version__, config, record
from agi_gate.ops import exit_codes, replay_words
from agi_gate.ops.arguments import instant, positive
from agi_gate.ops.log_blocks import Block, NotAllRead, blocks
from agi_gate.ops.progress import progress
from agi_gate.ops.replay_page import BEGINNING, page
from agi_gate.ops.replay_tally import Tally
from agi_gate.ops.replaying import Replay, Wanted

_EXAMPLES = 3
# blocks that wait for each process: enough that none waits for us, few enough that memory stays where it is
_WAITING = 3
_BROKEN_TOLD = 10
_FILE_MODE = 0o640  # what is written holds people's numbers

_replay: Replay | None = None  # of a process of the pool


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    # not `common`: here --config names the new configuration, and the present one stands before the verb
    parser = verbs.add_parser(
        "replay", help="decide logged calls again, as they were or under a new configuration",
        description="Decide logged calls again from their own records: with nothing changed each must come out as it was, "
                    "to the last\nreason; with a new configuration the calls that would change are counted and shown.",
        epilog="example: agi-gate replay --config next.toml --since 2026-10-01T00:00:00+02:00 --html change.html\n"
               "exit codes: 0 done, 2 usage or configuration, 4 a log could not be read, 7 a record comes out otherwise "
               "with nothing changed,\nor a line is no record",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="LOG",
                        help="decision logs, plain or sealed (default: the present configuration's, and those beside it)")
    parser.add_argument("--config", dest="new_config", metavar="FILE",
                        help="the new gate.toml (the present one is named before the verb)")
    parser.add_argument("--since", metavar="T", type=instant)
    parser.add_argument("--until", metavar="T", type=instant)
    parser.add_argument("--shadow", action="store_true",
                        help="decide nothing: add up what [shadow] config said of the calls when they were live")
    parser.add_argument("--examples", metavar="N", type=int, default=_EXAMPLES, help="a change each (default: 3)")
    parser.add_argument("--html", metavar="FILE", help="write it as a page with a picture, too")
    parser.add_argument("--jobs", metavar="N", type=positive, help="processes (default: one a processor)")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run, settings=_present)


def _present(arguments: argparse.Namespace) -> config.Settings | None:
    """The present configuration, which says where the log is; None where LOG files do."""
    named = getattr(arguments, "config", None)
    if arguments.files and named is None:
        return None
    path = config.find_path(named)
    if named is None and arguments.new_config and not path.exists():
        print(f"agi-gate replay: there is no {path}; the log is the one of {arguments.new_config} (name the present "
              "configuration before the verb: agi-gate --config PRESENT replay ...)", file=sys.stderr)
        path = Path(arguments.new_config)
    return config.load(path)


def run(arguments: argparse.Namespace, settings: config.Settings | None) -> int:
    if arguments.shadow and arguments.new_config:
        print("agi-gate replay: --shadow adds up what was recorded, and --config decides anew: give one of them",
              file=sys.stderr)
        return exit_codes.USAGE
    if arguments.html and _is_another_s(Path(arguments.html)):
        print(f"agi-gate replay: {arguments.html} is there and is no page: it is not written over; name another with --html",
              file=sys.stderr)
        return exit_codes.USAGE
    new, about = None, None
    if arguments.new_config:
        path = Path(arguments.new_config)
        new = config.load(path).policy
        about = {"path": arguments.new_config, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    wanted = Wanted(new, arguments.since, arguments.until, max(0, arguments.examples), arguments.shadow)
    jobs = arguments.jobs or len(os.sched_getaffinity(0))
    where = _once([Path(name) for name in arguments.files]) or ([settings.log_path] if settings else [])
    incomplete: list[NotAllRead] = []
    started = time.monotonic()
    try:
        tally = _all(where, bool(arguments.files), wanted, jobs, incomplete, silent=arguments.json)
    except BrokenProcessPool:
        print("agi-gate replay: one of its processes was killed, as the system does where memory runs out, and nothing was "
              "counted; try it with --jobs 1", file=sys.stderr)
        return exit_codes.CRASHED
    kind = replay_words.SHADOW if arguments.shadow else replay_words.CONFIG if new else replay_words.PROGRAM
    report = replay_words.report_of(tally, kind, about, record.instant(datetime.now(UTC)), __version__,
                                    time.monotonic() - started)
    code = _code(report, incomplete)
    if arguments.html and not _write(Path(arguments.html), page(report)):
        code = exit_codes.USAGE
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        replay_words.tell(report)
    return code


def _once(paths: list[Path]) -> list[Path]:
    """Each file once, also where globs overlap: its calls are not more because it was named twice."""
    found: dict[str, Path] = {}
    for path in paths:
        if found.setdefault(os.path.realpath(path), path) is not path:
            print(f"agi-gate replay: note: {path} is named twice; its calls are counted once", file=sys.stderr)
    return list(found.values())


def _code(report: dict[str, Any], incomplete: list[NotAllRead]) -> int:
    for one in incomplete:
        print(f"agi-gate replay: {one}", file=sys.stderr)
    if report["kind"] == replay_words.PROGRAM and report["changed"]:
        print(f"agi-gate replay: this program decides {report['changed']:,} of {report['records']:,} calls otherwise than "
              "it is recorded: the rules were changed since, or the records were", file=sys.stderr)
    if any(one.unreadable for one in incomplete):
        return exit_codes.UNREACHABLE
    if incomplete or report["unread_lines"] or report["kind"] == replay_words.PROGRAM and report["changed"]:
        return exit_codes.NOT_PROVEN
    return exit_codes.DONE


def _all(where: list[Path], are_files: bool, wanted: Wanted, jobs: int, incomplete: list[NotAllRead], *,
         silent: bool) -> Tally:
    """Replay every line of the logs; what could not be read is told, and the rest is replayed."""
    total, path, before, lines = Tally(), Path(), 0, 0
    with progress("replaying", silent=silent) as advance:
        for block, counted in _counted(blocks(where, are_files, wanted.since, wanted.until, incomplete), wanted, jobs):
            before = 0 if block.path != path else before + lines
            path, lines = block.path, counted.lines
            for line, words in counted.broken[:max(0, _BROKEN_TOLD - len(total.broken))]:
                print(f"agi-gate replay: line {before + line} of {path} {words}; the rest is still read", file=sys.stderr)
            for line in counted.torn[:max(0, _BROKEN_TOLD - len(total.torn))]:
                print(f"agi-gate replay: note: line {before + line} of {path} is the beginning of a record, as a crash leaves "
                      "one; `agi-gate log verify` tells that from tampering", file=sys.stderr)
            total.add(counted, wanted.examples)
            advance(len(block.lines), rows=lines)
    if len(total.broken) > _BROKEN_TOLD:
        print(f"agi-gate replay: and {len(total.broken) - _BROKEN_TOLD:,} more lines", file=sys.stderr)
    return total


def _counted(parts: Iterable[Block], wanted: Wanted, jobs: int) -> Iterator[tuple[Block, Tally]]:
    """Each block with its tally, in order, by so many processes."""
    remaining = iter(parts)
    first = list(islice(remaining, 2))
    if jobs == 1 or len(first) < 2:  # so little is done before processes are there
        alone = Replay(wanted)
        for block in chain(first, remaining):
            yield block, alone.count(_lines(block.lines))
        return
    waiting: deque[tuple[Block, Future[Tally]]] = deque()
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(wanted,)) as pool:
        try:
            for block in chain(first, remaining):
                waiting.append((block, pool.submit(_count, block.lines)))
                if len(waiting) >= jobs * _WAITING:
                    block, future = waiting.popleft()
                    yield block, future.result()
            for block, future in waiting:
                yield block, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(wanted: Wanted) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _replay
    _replay = Replay(wanted)


def _end_with_parent() -> None:
    """The pool's processes hold its pipe open for each other: one that was killed above them would leave them for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(exit_codes.CRASHED)


def _count(data: bytes) -> Tally:
    assert _replay is not None
    return _replay.count(_lines(data))


def _lines(data: bytes) -> list[str]:
    # not splitlines(): what a phone sent may hold other characters that end a line for Python
    return data.decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")


def _is_another_s(path: Path) -> bool:
    """Whether something is there that no replay wrote: `--html decisions.jsonl` must not cost the evidence."""
    if not path.is_file():  # a pipe, /dev/null
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(len(BEGINNING)) not in (b"", BEGINNING)
    except OSError:
        return True


def _write(path: Path, text: str) -> bool:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, _FILE_MODE), "w", encoding="utf-8",
                  errors="backslashreplace") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):  # not of a pipe, a terminal
                os.fchmod(stream.fileno(), _FILE_MODE)  # one that was there before may be open to all
                stream.truncate(0)
            stream.write(text)
    except OSError as error:
        print(f"agi-gate replay: {path} cannot be written so that only you can read it: {error.strerror}; name another with "
              "--html", file=sys.stderr)
        return False
    return True
