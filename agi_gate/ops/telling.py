"""What is told to people by more than one verb: the language they read, and text that is no command to their terminal.

Joint.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap

from agi_gate.explaining import LANGUAGES, Language, Section

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as everywhere
_DEFAULT = "en"
_COLUMNS = 110


def add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=sorted(LANGUAGES),
                        help="Italian or English (default: Italian where LC_ALL or LANG says so)")


def language_of(arguments: argparse.Namespace) -> Language:
    chosen = arguments.language
    if chosen is None:
        said = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
        chosen = said.partition("_")[0].partition(".")[0].lower()
    return LANGUAGES.get(chosen, LANGUAGES[_DEFAULT])


def shown(words: str) -> str:
    """Text of a record or a feed as a terminal may have it: what parts words (line ends, fixed spaces) is a space.

    >>> shown("a\\x1b[2Jb\\nc")
    'a?[2Jb c'
    """
    return "".join(character if character.isprintable() else " " if character.isspace() else "?" for character in words)


def print_sections(title: str, sections: list[Section]) -> None:
    """On a terminal lines are wrapped; through a pipe each sentence is one line."""
    print(shown(title))
    for section in sections:
        if section.sentences:
            print(f"\n{section.title}")
        for sentence in section.sentences:
            print(_wrapped(shown(sentence)))


def _wrapped(sentence: str) -> str:
    if not sys.stdout.isatty():
        return f"  {sentence}"
    columns = min(_COLUMNS, shutil.get_terminal_size().columns)
    hang = "    " if sentence.startswith("- ") else "  "
    return textwrap.fill(sentence, max(40, columns), initial_indent="  ", subsequent_indent=hang)
