"""Imports point down: joints -> edges -> core; edges never each other; each foreign package has its users."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "agi_gate"
CORE = ("verdict", "number", "policy", "regime", "call", "facts", "rules", "decide", "actions", "record",
        "columns", "dialled", "spelling", "national", "remedy", "retention", "shadow", "explaining", "place")
EDGES = ("disk", "awake", "clock", "config", "agi", "store", "feeds", "decision_log", "archive")
# edges that the others stand on
GROUND = ("disk", "awake", "clock")
JOINTS = ("gate", "answer", "door", "script", "emergency", "alone", "daemon", "worker", "rounds", "connections", "sources",
          "upkeep", "wholeness", "store_watch", "shadowing", "quiet", "ops")
# what would let the world into the core
WORLD = {"asyncio", "csv", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "select", "signal", "socket",
         "subprocess", "sys", "tempfile", "threading", "time"}
USERS = {"phonenumbers": {"number"}, "asterisk": {"agi"}, "redis": {"store"}, "pydantic": {"config"},
         "holidays": {"rules"}, "zstandard": {"archive", "decision_log"}, "fpdf": {"ops"}}


def modules() -> Iterator[tuple[str, str, ast.Module]]:
    """(room, file, tree): a room is a module of the package, or a folder of it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.name != "__init__.py" or len(relative.parts) > 1:
            yield relative.parts[0].removesuffix(".py"), str(relative), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_rooms(tree: ast.Module) -> set[str]:
    return {name.split(".")[1] for name in imported(tree) if name.startswith("agi_gate.")} - {"__version__"}


def test_every_module_has_its_floor() -> None:
    assert {room for room, _, _ in modules()} == {*CORE, *EDGES, *JOINTS}


@pytest.mark.parametrize(("room", "file", "tree"), list(modules()), ids=[file for _, file, _ in modules()])
def test_imports_point_down(room: str, file: str, tree: ast.Module) -> None:
    allowed = {*CORE} if room in CORE else {*CORE, room, *GROUND} if room in EDGES else {*CORE, *EDGES, *JOINTS}
    assert own_rooms(tree) <= allowed


@pytest.mark.parametrize(("room", "file", "tree"), [module for module in modules() if module[0] in CORE],
                         ids=[file for room, file, _ in modules() if room in CORE])
def test_the_core_knows_no_world(room: str, file: str, tree: ast.Module) -> None:
    assert {name.split(".")[0] for name in imported(tree)} & WORLD == set()
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls & {"open", "print", "datetime.now", "date.today", "datetime.utcnow"} == set()


def test_a_rule_knows_no_other_joint_of_the_core_than_what_it_reads() -> None:
    for room, file, tree in modules():
        if room == "rules":
            assert own_rooms(tree) <= {"call", "facts", "number", "policy", "regime", "rules", "verdict"}, file


@pytest.mark.parametrize("package", USERS)
def test_each_foreign_package_has_its_users(package: str) -> None:
    users = {room for room, _, tree in modules() if any(name.split(".")[0] == package for name in imported(tree))}
    assert users == USERS[package]
