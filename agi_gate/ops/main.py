"""`agi-gate [--config FILE] VERB ...`: arguments in, one verb run, its exit code out."""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Sequence

# what follows takes a quarter of a second: a Ctrl-C meanwhile ends the process at once, without a traceback
_interrupt = signal.getsignal(signal.SIGINT)
if _interrupt is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
if "serve" in sys.argv[1:]:
    # a SIGHUP to a daemon that is only starting waits until it is heard: it would end it
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))

from agi_gate import __version__, config, place
from agi_gate.ops import (check, completion, dossier, exit_codes, explain, export, load, log, preflight, purge, rebuild,
                          replay, rollback, serve, source, status)
from agi_gate.quiet import NeverWaiting, OncePerSoOften

if _interrupt is signal.default_int_handler:
    signal.signal(signal.SIGINT, _interrupt)

# ops' work on the machine of the store or the daemon must not hold calls up
_FOR_CALLS = (serve.run, check.run)
_WAY_GIVEN = 19
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_VERBS = (serve, check, preflight, export, load, rollback, rebuild, purge, status, log, explain, source, dossier, replay)


def parser() -> argparse.ArgumentParser:
    config_option = argparse.ArgumentParser(add_help=False)
    config_option.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS,
                               help=f"gate.toml (default: ${place.PATH_VARIABLE}, then {place.DEFAULT_PATH})")
    main_parser = argparse.ArgumentParser(
        prog="agi-gate", parents=[config_option],
        description="The outbound call gate for Asterisk: each call decided by the law of its day, and on record.",
        epilog="exit codes: 0 ALLOW or done, 1 crash, 2 usage or configuration, 3 DENY, "
               "4 the store or the log could not be reached, 5 feed refused, nothing changed, "
               "6 stale (agi-gate status), 7 evidence does not verify or is not decided again, "
               "8 nothing is on record of what was asked for, "
               "9 loaded, with rejects kept (--keep-good), "
               "10 done and in force, and something is left to mend")
    main_parser.add_argument("--version", action="version", version=f"agi-gate {__version__}")
    completion.add_to(main_parser)
    verbs = main_parser.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_to(verbs, config_option)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    try:
        try:
            return _run(argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # after --help, too
    except config.ConfigError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    except KeyboardInterrupt:
        print("agi-gate: interrupted; a load that had not said so yet has changed nothing, or all (see agi-gate status)",
              file=sys.stderr)
        return exit_codes.CRASHED
    except BrokenPipeError:  # `agi-gate log | head`
        _give_stdout_up()
        return exit_codes.DONE
    except OSError as error:
        if error.errno not in _FULL and _stdout_works():
            raise
        _give_stdout_up()
        print(f"agi-gate: the answer could not be written ({error.strerror}); make room where stdout goes "
              "(agi-gate status tells whether a load was done)", file=sys.stderr)
        return exit_codes.CRASHED


def _run(argv: Sequence[str] | None) -> int:
    if sys.stderr is None:  # `2>&-`: what is printed to no stderr would go to stdout, into the JSON
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # file names and what phones sent may hold bytes that are no UTF-8: they are shown, escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = parser().parse_args(argv)
    handler = NeverWaiting() if arguments.run is serve.run else logging.StreamHandler()
    handler.addFilter(OncePerSoOften())
    logging.basicConfig(handlers=[handler], level=logging.INFO, format="agi-gate: %(message)s")
    if sys.stdout is None and arguments.run is not serve.run:  # `>&-`: said before anything is done
        print("agi-gate: stdout is closed, and the answer goes there; nothing was done (use >/dev/null)",
              file=sys.stderr)
        return exit_codes.CRASHED
    # a verb may have its own way to the configuration, or do without
    read_settings = getattr(arguments, "settings", _settings)
    settings = read_settings(arguments)
    if argv is None and arguments.run not in _FOR_CALLS:
        os.nice(_WAY_GIVEN)
    code: int = arguments.run(arguments, settings)
    return code


def _settings(arguments: argparse.Namespace) -> config.Settings:
    return config.load(config.find_path(getattr(arguments, "config", None)))


def _stdout_works() -> bool:
    """Say whether stdout takes what waits to be written."""
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _give_stdout_up() -> None:
    """What still waits to be written goes nowhere, so that Python does not complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
