"""Imports point one way: each room of ``app/`` may only use those that the table gives it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
ROOT = "the files at the top of app/, which wire everything"
CONFIGURED = "configured"
RESOURCES = "resources"

ALLOWED = {
    "values": {"values"},
    "policies": {"policies", "values"},
    "edges": {"edges", "policies", "values", RESOURCES},
    "inbox": {"inbox", "policies", "values"},
    "engine": {"engine", "edges", "policies", "values"},
    "settings": {"settings", "policies", "values"},
    CONFIGURED: {"settings", "engine", "edges", "policies", "values"},
    RESOURCES: set[str](),
    "language": {"language"},
    "doctor": {"doctor", CONFIGURED, "settings", "engine", "edges", "policies", "values"},
    "faces": {"faces", "doctor", "language", CONFIGURED, RESOURCES, "settings"}
    | {"engine", "edges", "policies", "values"},
}


def room_of(module: str) -> str:
    """Return the room that ``app.….module`` lies in."""
    name = module.split(".")[1]
    return name if name in ALLOWED else ROOT


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of this service that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("app."))
        elif isinstance(node, ast.ImportFrom) and node.module == "app":
            yield from (f"app.{each.name}" for each in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app."):
            yield node.module or ""


@pytest.mark.parametrize(
    "path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP))
)
def test_a_module_uses_only_what_its_room_may(path: Path) -> None:
    """No import points upward; only the composition root sees everything."""
    room = room_of("app." + ".".join(path.relative_to(APP).with_suffix("").parts))
    if room == ROOT:
        return
    upward = {module for module in imports(path) if room_of(module) not in ALLOWED[room]}
    assert not upward, f"{room} may not use {', '.join(sorted(upward))}"
