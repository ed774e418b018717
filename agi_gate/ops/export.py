"""`agi-gate export registry`: the numbers that want a check, in the layout that the registry takes.

Joint.  Each file is remembered in the archive before it can be sent, so that its answer can be told by its numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import secrets
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from agi_gate import config, record
from agi_gate.archive import Archive, ArchiveError, Export, who
from agi_gate.columns import Numbers
from agi_gate.national import line_bytes, lines
from agi_gate.ops import exit_codes
from agi_gate.ops.accept import TIMEOUT_MS
from agi_gate.ops.arguments import positive, span
from agi_gate.ops.decide_many import StoreKeepsChanging
from agi_gate.ops.progress import progress
from agi_gate.ops.unchecked import Unchecked, unchecked
from agi_gate.store.servers import Servers
from agi_gate.store.survey import Survey
from agi_gate.store.unavailable import StoreUnavailable

_MEMBER = "lista.txt"
_SUFFIX = ".zip"
_FILE_MODE = 0o600  # people's numbers are in it
# the same numbers make the same file: no moment of its making is in it
_MEMBER_MADE_AT = (1980, 1, 1, 0, 0, 0)


class _WrongOut(Exception):
    """Why --out cannot be written."""


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser("export", parents=[common], help="write what the registry is to be asked")
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    registry = kinds.add_parser(
        "registry", parents=[common], help="the numbers that want a check",
        description="Write the numbers of contacts and consents that were never checked, or whose check has run\n"
                    f"out or soon will: a ZIP with one {_MEMBER}, as the registry takes it.",
        epilog="example: agi-gate export registry --controller acme --out lista.zip",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    registry.add_argument("--controller", required=True, metavar="C", help="on whose behalf the registry is asked")
    registry.add_argument("--out", required=True, metavar="FILE.zip", help="several are FILE-1.zip, FILE-2.zip ...")
    registry.add_argument("--stale-within", type=span, default=timedelta(days=3), metavar="TIME",
                          help="also those whose check runs out within that time: 3d, 12h (default: 3d)")
    registry.add_argument("--split", type=positive, metavar="N", help="at most N numbers a file")
    registry.add_argument("--max-bytes", type=positive, metavar="N", help=f"at most N bytes of {_MEMBER} a file")
    registry.add_argument("--force", action="store_true", help="write over files that are there")
    registry.add_argument("--json", action="store_true")
    registry.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    if arguments.controller not in settings.controllers:
        return _fail(f"`{arguments.controller}` is no controller of the configuration; known: "
                     f"{', '.join(settings.controllers)}", exit_codes.USAGE)
    now = datetime.now(UTC)
    try:
        out = _out_path(arguments.out)
        client = Servers.at(settings.store.url, TIMEOUT_MS).client_of(arguments.controller)
        wanted = unchecked(lambda: Survey(client, arguments.controller), now, arguments.stale_within,
                           silent=arguments.json)
        parts = _split(wanted.numbers, arguments.split, arguments.max_bytes)
        exports = _write(out, parts, Archive(settings.archive_path), arguments, now) if len(wanted.numbers) else []
    except _WrongOut as error:
        return _fail(str(error), exit_codes.USAGE)
    except StoreUnavailable as error:
        return _fail(f"the store could not be read ({error}); see [store] url, or ${config.STORE_URL_VARIABLE}; "
                     "nothing was exported", exit_codes.UNREACHABLE)
    except StoreKeepsChanging as error:
        return _fail(f"{error}; nothing was exported: run it again when the loads are done", exit_codes.UNREACHABLE)
    except ArchiveError as error:
        return _fail(f"{error}; nothing was exported", exit_codes.UNREACHABLE)
    summary = {
        "controller": arguments.controller, "at": record.instant(now),
        "stale_within_s": int(arguments.stale_within.total_seconds()), "export": exports[0].run if exports else None,
        "numbers": len(wanted.numbers), "unknown": wanted.unknown, "running_out": wanted.running_out,
        "good": wanted.known - len(wanted.numbers), "not_subscribers": wanted.others,
        "files": [{"file": str(out.with_name(export.file)), "export": export.id, "numbers": export.count,
                   "sha256": export.sha256} for export in exports]}
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _tell(summary, wanted)
    if left := _left_of_earlier(out, exports):
        print(f"agi-gate export: of an earlier export, not of this one: {', '.join(left)}", file=sys.stderr)
    return exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate export: {why}", file=sys.stderr)
    return code


def _split(numbers: Numbers, max_numbers: int | None, max_bytes: int | None) -> list[Numbers]:
    """Consecutive parts, each within both bounds.  Raises _WrongOut where not even one number fits."""
    if max_numbers is None and max_bytes is None:
        return [numbers]
    ends = np.cumsum(line_bytes(numbers))
    parts, begin = [], 0
    while begin < len(numbers):
        end = len(numbers)
        if max_bytes is not None:
            written = ends[begin - 1] if begin else 0
            end = int(np.searchsorted(ends, written + max_bytes, side="right"))
        if max_numbers is not None:
            end = min(end, begin + max_numbers)
        if end == begin:
            raise _WrongOut(f"--max-bytes {max_bytes} has no room for one number")
        parts.append(numbers[begin:end])
        begin = end
    return parts


def _out_path(out: str) -> Path:
    """Where the files go, looked at before any work."""
    path = Path(out)
    if path.suffix.lower() != _SUFFIX:
        raise _WrongOut(f"--out: `{out}` does not end in {_SUFFIX}, and the registry takes nothing else")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise _WrongOut(f"--out: no file can be made in `{path.parent}`; name another folder")
    return path


def _names(out: Path, count: int) -> list[Path]:
    return [out] if count == 1 else [out.with_name(f"{out.stem}-{part}{out.suffix}") for part in range(1, count + 1)]


def _refuse_existing(paths: Sequence[Path]) -> None:
    if there := [f"`{path}`" for path in paths if os.path.lexists(path)]:
        are = "is" if len(there) == 1 else "are"
        raise _WrongOut(f"--out: {', '.join(there)} {are} there already; name another, or write over it with --force")


def _left_of_earlier(out: Path, exports: Sequence[Export]) -> list[str]:
    """Files beside the ones just written that somebody might send with them."""
    alike = re.compile(rf"{re.escape(out.stem)}(-[0-9]+)?{re.escape(out.suffix)}")
    return sorted(f"`{name}`" for name in os.listdir(out.parent)
                  if alike.fullmatch(name) and name not in {export.file for export in exports})


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    unfinished: Path
    numbers: Numbers


def _write(out: Path, numbers: Sequence[Numbers], archive: Archive, arguments: argparse.Namespace, now: datetime,
           ) -> list[Export]:
    """All files whole, then all remembered, then all in their place.  Raises _WrongOut, ArchiveError."""
    paths = _names(out, len(numbers))
    if not arguments.force:
        _refuse_existing(paths)
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    exports: list[Export] = []
    with ExitStack() as stack, progress("writing", sum(map(len, numbers)), silent=arguments.json) as advance:
        parts = [_Part(path, stack.enter_context(_unfinished(path)), part)
                 for path, part in zip(paths, numbers, strict=True)]
        for nth, part in enumerate(parts, 1):
            exports.append(Export(
                run=run_id, controller=arguments.controller, created_at=now, part=nth, parts=len(parts),
                file=part.path.name, sha256=_zip(part), count=len(part.numbers), first=int(part.numbers[0]),
                last=int(part.numbers[-1]), stale_within_s=int(arguments.stale_within.total_seconds()),
                exported_by=who()))
            advance(len(part.numbers), rows=len(part.numbers))
        for export, part in zip(exports, parts, strict=True):
            archive.exports.remember(export, part.numbers)
        if not arguments.force:
            _refuse_existing(paths)
        for part in parts:
            with _out_errors(part.path):
                os.replace(part.unfinished, part.path)
    return exports


@contextmanager
def _out_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _WrongOut(f"--out: `{path}` could not be written ({error.strerror}); name another file") from error


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside `path` that goes if it is not moved there."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with _out_errors(path):
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _zip(part: _Part) -> str:
    """Write a part's numbers; the SHA-256 of the file."""
    with _out_errors(part.path), part.unfinished.open("r+b") as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            member = zipfile.ZipInfo(_MEMBER, _MEMBER_MADE_AT)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with archive.open(member, "w") as text:
                for piece in lines(part.numbers):
                    text.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _tell(summary: dict[str, Any], wanted: Unchecked) -> None:
    controller = summary["controller"]
    if not summary["files"]:
        print(f"nothing to export for {controller}: " + (
            f"all {wanted.known:,} numbers of its contacts and consents have a check that is good for longer"
            if wanted.known else "it has no contacts or consents that the registry could be asked about"))
        return
    print(f"exported {summary['numbers']:,} numbers of {controller}: {summary['unknown']:,} never checked, "
          f"{summary['running_out']:,} whose check has run out or soon will ({summary['good']:,} are good for longer)")
    for file in summary["files"]:
        print(f"{file['file']}: {file['numbers']:,} numbers, export {file['export']}")
    print(f"load the answer with: agi-gate load registry ANSWER --controller {controller} --checked-at TIME")
