"""`agi-gate log key`: the keys by which numbers become pseudonyms are made and rotated."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from agi_gate import config
from agi_gate.decision_log import key_ids, pseudonyms
from agi_gate.decision_log.pseudonyms import KeyFileError
from agi_gate.ops import exit_codes


def parser(common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="agi-gate log key", parents=[common],
        description="Make the file that [log] key names, or add a new key to it.  From then on the new one makes\n"
                    "pseudonyms; the older ones stay, for what they made is found by them.",
        epilog="example: agi-gate log key", formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--list", action="store_true", help="say which keys there are, and make none")
    made.add_argument("--lost", action="store_true",
                      help="make a file anew although the log knows keys: what those have masked is not found by number")
    made.set_defaults(run=run)
    return made


def run(arguments: argparse.Namespace, settings: config.Settings) -> int:
    path = settings.log.key
    if path is None:
        return _fail('the configuration names no file for it; write under [log]: key = "pseudonyms.key"', exit_codes.USAGE)
    try:
        if arguments.list:
            keys = pseudonyms.Keys.load(path)
            for key in keys.keys:
                print(f"{key.id} {key.made_at}{' (makes pseudonyms)' if key is keys.newest else ''}".rstrip())
            return exit_codes.DONE
        used = _known_to(settings)
        if used and not path.exists() and not arguments.lost:
            names = ", ".join(f"`{id_}`" for id_ in sorted(used))
            return _fail(f"{path} is not there, and the log knows pseudonyms by {names}: bring the file back from its backup; "
                         "where it is lost for good, `agi-gate log key --lost` makes another, by which those are not found",
                         exit_codes.USAGE)
        keys = pseudonyms.add_key(path, datetime.now(UTC), used)
        folder = settings.log.path.parent
        if os.geteuid() == 0 and folder.exists():  # whoever writes the log must be able to read it
            owner = folder.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
    except KeyFileError as error:
        return _fail(str(error), exit_codes.USAGE)
    except OSError as error:
        return _fail(f"{path} cannot be written: {error.strerror}", exit_codes.USAGE)
    print(f"{path}: key {keys.newest.id} was made; calls use it once the daemon is told (SIGHUP).  Back this file up apart "
          "from the log: without it nobody finds a number in what is masked.")
    return exit_codes.DONE


def _known_to(settings: config.Settings) -> set[str]:
    try:
        return key_ids.known_to(settings.log.path)
    except OSError as error:
        raise KeyFileError(f"{error.filename} cannot be read: {error.strerror}; the log says which keys there were, so no key "
                           "is made before it can be") from error


def _fail(why: str, code: int) -> int:
    print(f"agi-gate log key: {why}", file=sys.stderr)
    return code
