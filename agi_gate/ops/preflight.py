"""`agi-gate preflight`: decide a whole list as calls would be, without using up a call-back or writing a record."""

from __future__ import annotations

import argparse
import csv
import difflib
import json
import os
import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from rich.table import Column, Table
from rich.text import Text

from agi_gate import config, record
from agi_gate.archive import Archive
from agi_gate.call import Presentation, Request
from agi_gate.feeds.files import FeedError
from agi_gate.ops import exit_codes
from agi_gate.ops.arguments import instant
from agi_gate.ops.call_list import read_call_list
from agi_gate.ops.console import TableConsole
from agi_gate.ops.decide_many import Decided, StoreKeepsChanging, decide_many
from agi_gate.ops.telling import shown
from agi_gate.regime import regime_at
from agi_gate.remedy import remedy
from agi_gate.store.bulk_facts import BulkFacts
from agi_gate.store.servers import Servers
from agi_gate.store.unavailable import StoreUnavailable
from agi_gate.verdict import Outcome, Reason
from agi_gate.wholeness import compare

_TIMEOUT_MS = 30_000
_COLUMNS = ("number", "verdict", "reason", "reasons", "destination")
# what is written holds people's numbers
_FILE_MODE = 0o640


class _WrongOut(Exception):
    """Why --out cannot be written."""


def add_to(verbs: Any, common: argparse.ArgumentParser) -> None:
    parser = verbs.add_parser(
        "preflight", parents=[common], help="decide a whole list, before the campaign",
        description="Decide each number of a list as a call at that time would be decided:\n"
                    "nothing is used up or recorded.",
        epilog="example: agi-gate preflight lista.csv --campaign acme-fibra --out verdicts.csv",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", metavar="LIST",
                        help="one number a line, or a CSV with a column `number`; .gz and .zip are unpacked, "
                             "- is stdin")
    parser.add_argument("--campaign", required=True, metavar="C")
    parser.add_argument("--caller-id", metavar="N", help="as presented (default: the campaign's first)")
    parser.add_argument("--presentation", choices=("allowed", "restricted", "unavailable"), default="allowed")
    parser.add_argument("--trunk", metavar="T", default="", help="default: the campaign's")
    parser.add_argument("--at", metavar="TIME", type=instant,
                        help="ISO 8601 with an offset (default: now)")
    parser.add_argument("--out", metavar="FILE", help="each number's verdict and reasons as CSV; - is stdout")
    parser.add_argument("--json", action="store_true", help="the summary, for a machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    campaign = settings.policy.campaigns.get(arguments.campaign)
    if campaign is None:
        near = difflib.get_close_matches(arguments.campaign, settings.policy.campaigns, 1)
        return _fail(f"`{arguments.campaign}` is no campaign of the configuration; "
                     + (f"did you mean `{near[0]}`? " if near else "")
                     + f"known: {', '.join(settings.policy.campaigns) or 'none'}", exit_codes.USAGE)
    if arguments.out == "-" and arguments.json:
        return _fail("--json and --out - both want stdout; name a file with --out", exit_codes.USAGE)
    caller_id = campaign.caller_ids[0] if arguments.caller_id is None else arguments.caller_id
    at = arguments.at or datetime.now(UTC)
    request = Request("", campaign.id, caller_id, Presentation(arguments.presentation), arguments.trunk)
    servers = Servers.at(settings.store.url, _TIMEOUT_MS)
    try:
        compared = compare(Archive(settings.archive_path), servers, [campaign.controller.id], settings.known_controllers)
        for words in compared.words():
            print(f"agi-gate preflight: {shown(words)}", file=sys.stderr)
        if any(one.is_open for one in compared.differences.values()):
            return _fail("nothing was decided", exit_codes.UNREACHABLE)
        out = _out_path(arguments.out, arguments.list)
        name, written = read_call_list(arguments.list)
        decided = decide_many(written, request, settings.policy, at,
                              lambda controller: BulkFacts(servers.client_of(controller), controller),
                              silent=arguments.json)
        if arguments.out == "-":
            _write(decided, sys.stdout)
        elif out is not None:
            with _in_place_of(out) as stream:
                _write(decided, stream)
    except _WrongOut as error:
        return _fail(str(error), exit_codes.USAGE)
    except FeedError as error:
        return _fail(f"{error}; nothing was decided", exit_codes.FEED_REFUSED)
    except StoreUnavailable as error:
        return _fail(f"the store could not be read ({error}); see [store] url, or ${config.STORE_URL_VARIABLE}; "
                     "nothing was decided", exit_codes.UNREACHABLE)
    except StoreKeepsChanging as error:
        return _fail(f"{error}; nothing was decided: run it again when the loads are done", exit_codes.UNREACHABLE)
    regime = regime_at(at)
    summary = {
        "list": name, "campaign": campaign.id, "controller": campaign.controller.id, "caller_id": caller_id,
        "at": record.instant(at), "store_is_whole": None if compared.not_known else all(one.is_whole for one in compared.differences.values()), "regime": regime.id if regime else None,
        "rows": len(written), "duplicates": len(written) - len(decided.numbers), **_counts(decided)}
    if arguments.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _tell(summary, sys.stderr if arguments.out == "-" else sys.stdout)
    return exit_codes.DONE


def _fail(why: str, code: int) -> int:
    print(f"agi-gate preflight: {why}", file=sys.stderr)
    return code


def _counts(decided: Decided) -> dict[str, Any]:
    first: Counter[Reason] = Counter()
    also: Counter[Reason] = Counter()
    for reasons_of_some, count in decided.counts():
        deciding, *others = (Reason[name] for name in reasons_of_some)
        first[deciding] += count
        for other in others:
            also[other] += count
    allowed = sum(count for reason, count in first.items() if reason.outcome is Outcome.ALLOW)
    reasons = sorted({*first, *also}, key=lambda reason: (reason.outcome is Outcome.DENY, -first[reason], reason.value))
    return {
        "numbers": len(decided.numbers), "allowed": allowed, "denied": len(decided.numbers) - allowed,
        "reasons": [{"verdict": reason.outcome.value, "reason": reason.name, "numbers": first[reason],
                     "also": also[reason], "meaning": reason.meaning, "remedy": remedy(reason)} for reason in reasons]}


def _out_path(out: str | None, list_: str) -> Path | None:
    """Where the CSV goes, looked at before any work; None where it is no file.  Raises _WrongOut."""
    if out is None or out == "-":
        return None
    path = Path(out).resolve()  # a link stays one: what it points to is replaced
    if path.exists() and list_ != "-" and Path(list_).exists() and path.samefile(list_):
        raise _WrongOut("--out names the list itself, which would be written over")
    if path.exists() and not path.is_file():
        raise _WrongOut(f"--out: `{out}` is no regular file; name one, or - for stdout")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise _WrongOut(f"--out: no file can be made in {path.parent}; name another folder")
    return path


@contextmanager
def _in_place_of(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of another once it is whole.  Raises _WrongOut."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "w", newline="",
                  encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise _WrongOut(f"--out: {path} could not be written ({error.strerror}); name another file") from error
    finally:
        temporary.unlink(missing_ok=True)


def _write(decided: Decided, stream: TextIO) -> None:
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    words = [(Reason[names[0]].outcome.value, names[0], " ".join(names)) for names in decided.reasons]
    writer.writerows((number, *words[place], destination) for number, place, destination in zip(
        decided.numbers, decided.which.tolist(), decided.destinations, strict=True))


def _tell(summary: dict[str, Any], stream: TextIO) -> None:
    table = Table("verdict", Column("reason", no_wrap=True), Column("numbers", justify="right"),
                  Column("share", justify="right"), Column("also", justify="right"),
                  "meaning, and what would change it", title_justify="left",
                  title=Text(f"{summary['list']}: {summary['rows']:,} rows, {summary['duplicates']:,} duplicates; "
                             f"campaign {summary['campaign']} at {summary['at']}"))
    for row in summary["reasons"]:
        # `[store] url` is no markup
        table.add_row(row["verdict"], row["reason"], f"{row['numbers']:,}",
                      f"{row['numbers'] / summary['numbers']:.1%}", f"{row['also']:,}" if row["also"] else "",
                      Text(f"{row['meaning']}\n-> {row['remedy']}"))
    if summary["numbers"]:
        TableConsole(stream).print(table)
    print(f"{summary['allowed']:,} of {summary['numbers']:,} may be called", file=stream)
