"""The documents are held to the code: reason codes, configuration keys, feeds, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import pytest

from agi_gate import config, feeds
from agi_gate.config import tables
from agi_gate.ops.main import parser
from agi_gate.regime import REGIMES
from agi_gate.verdict import Reason

PROJECT = Path(__file__).parent.parent
RULES = (PROJECT / "docs/rules.md").read_text()
OPERATIONS = (PROJECT / "docs/operations.md").read_text()


@pytest.mark.parametrize("reason", Reason, ids=str)
def test_each_reason_code_stands_in_the_rules_with_its_source_and_file(reason: Reason) -> None:
    row = re.search(rf"^\| `{reason.name}` \| (.*) \| (.*) \| (.*) \| `(.*)` \|$", RULES, re.MULTILINE)
    assert row is not None
    assert row.groups()[:3] == (reason.outcome.value, reason.meaning, reason.source)
    assert (PROJECT / "agi_gate" / row[4]).exists()


def test_no_other_reason_code_stands_in_the_rules() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)`", RULES, re.MULTILINE)) == set(Reason.__members__)


def test_the_regimes_stand_in_the_rules() -> None:
    assert re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (.*?) \|", RULES, re.MULTILINE) == [
        (regime.id, regime.name) for regime in REGIMES]


def test_each_configuration_key_is_explained() -> None:
    text = (PROJECT / "docs/configuration.md").read_text()
    explained = {key for cell in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for key in re.findall("`(.*?)`", cell)}
    assert explained == set(_keys(tables.FileTable, ""))


def _keys(table: type[tables.Table], before: str) -> Iterator[str]:
    """Each key of gate.toml as the document writes it, tables of tables by `ID`; own hours have words of their own."""
    for name, field in table.model_fields.items():
        inner = next((type_ for type_ in (field.annotation, *get_args(field.annotation))
                      if isinstance(type_, type) and issubclass(type_, tables.Table)), None)
        if inner is None or inner is tables.HoursTable:
            yield before + name
        else:
            of_many = get_origin(field.annotation) is dict
            yield from _keys(inner, before + name + ("." if not of_many else '."+39...".' if name == "caller_ids" else ".ID."))


def test_the_sample_configuration_is_accepted() -> None:
    assert config.load(PROJECT / "lab/samples/gate.toml").policy.campaigns


@pytest.mark.parametrize("layout", (feeds.CONSENTS, feeds.CONTACTS, feeds.OBJECTIONS, feeds.CALLBACKS, feeds.RESTS),
                         ids=lambda layout: layout.name)
def test_each_feed_is_listed_with_its_columns(layout: feeds.Layout[object]) -> None:
    columns = f"`{','.join(layout.required)}`"
    if layout.optional:
        columns += f" + optional `{','.join(layout.optional)}`"
    assert f"| {layout.name} | {columns} |" in OPERATIONS


@pytest.mark.parametrize("document", ("README.md", "docs/operations.md", "docs/explaining.md"))
def test_each_command_of_the_documents_is_understood(document: str) -> None:
    commands = re.findall(r"^ {4}agi-gate (.*?)(?: #.*)?$", (PROJECT / document).read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        parser().parse_args(command.split())  # a command that is not understood exits


def test_the_readme_names_the_commands_that_the_makefile_has() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for command in re.findall(r"make (\w+)", (PROJECT / "README.md").read_text()):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def test_every_file_that_a_document_names_exists() -> None:
    for document in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")):
        for name in re.findall(r"`((?:agi_gate|docs|dialplan|lab|tests)/[\w./-]+?)`", document.read_text()):
            if "X" not in name:
                assert (PROJECT / name).exists(), f"{document.name} names {name}"
