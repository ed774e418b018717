"""`agi-gate [--config FILE] VERB ...`: arguments in, one verb run, its exit code out."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence

from agi_gate import __version__, config
from agi_gate.ops import check, exit_codes, load, log, serve, status
from agi_gate.quiet import OncePerSoOften

_VERBS = (serve, check, load, status, log)


def parser() -> argparse.ArgumentParser:
    config_option = argparse.ArgumentParser(add_help=False)
    config_option.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS,
                               help=f"gate.toml (default: ${config.PATH_VARIABLE}, then {config.DEFAULT_PATH})")
    main_parser = argparse.ArgumentParser(
        prog="agi-gate", parents=[config_option],
        description="The outbound call gate for Asterisk: each call decided by the law of its day, and on record.",
        epilog="exit codes: 0 ALLOW or done, 1 crash, 2 usage or configuration, 3 DENY, "
               "4 the store or the log could not be reached, 5 feed refused, nothing changed")
    main_parser.add_argument("--version", action="version", version=f"agi-gate {__version__}")
    verbs = main_parser.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        verb.add_to(verbs, config_option)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    handler = logging.StreamHandler()
    handler.addFilter(OncePerSoOften())
    logging.basicConfig(handlers=[handler], level=logging.INFO, format="agi-gate: %(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # file names and what phones sent may hold bytes that are no UTF-8: they are shown, escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = parser().parse_args(argv)
    try:
        settings = config.load(config.find_path(getattr(arguments, "config", None)))
        code: int = arguments.run(arguments, settings)
        sys.stdout.flush()
        return code
    except config.ConfigError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    except KeyboardInterrupt:
        print("agi-gate: interrupted; a load that had not said so yet has changed nothing, or all (see agi-gate status)",
              file=sys.stderr)
        return exit_codes.CRASHED
    except BrokenPipeError:  # `agi-gate log | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE


if __name__ == "__main__":
    sys.exit(main())
