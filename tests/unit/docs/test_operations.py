"""docs/operations.md explains everything that the worker says about itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.language.choice import Language
from app.language.speaking import translator
from app.policies.service.health import Signs, problem
from app.values.snapshot import Status
from tests.support.papers import TOP, code_in, headings, rows, text_of

OPERATIONS = TOP / "docs/operations.md"
CHINESE = TOP / "docs/operations.zh-CN.md"
ENGINE = TOP / "app/engine"
BEGINS = {"begin", "note", "replace"}


def test_every_kind_of_condition_has_its_section() -> None:
    """What `/health` can say stands in docs/operations.md under its kind: what to do about it."""
    kinds = {kind for path in ENGINE.rglob("*.py") for kind in kinds_in(path)}
    assert len(kinds) > 20
    assert sorted(kinds.difference(headings(OPERATIONS))) == []
    glance = {code_in(first)[0] for first, *_ in rows(OPERATIONS, "At a glance") if "`" in first}
    assert glance == kinds


def problems() -> set[str]:
    """Return every sentence about a standstill, with its values."""
    ages = [
        name for name in Signs.__struct_fields__ if name.endswith(("_silent_for", "_overdue_for"))
    ]
    running = Signs(status=Status.RUNNING)
    every = [
        Signs(status=Status.ERROR, failure="it broke"),
        Signs(status=Status.STARTING, start_error="refused"),
        Signs(status=Status.STARTING, starting_for=1000.0),
        Signs(status=Status.RUNNING, records_blocked="refused"),
        *(replace(running, **{name: 1000.0}) for name in ages),
    ]
    return {problem(signs) or "" for signs in every}


def test_every_problem_has_its_row() -> None:
    """The sentences about a standstill are explained one by one."""
    told = {re.split(r":| for \d", each)[0] for each in problems()}
    listed = {code_in(first)[0] for first, *_ in rows(OPERATIONS, "Problems without a kind")[2:]}
    assert listed == told


def test_every_problem_is_found_in_chinese() -> None:
    """Beside each sentence stands what a Chinese page says, with … for its values."""
    told = [(each, translator(Language.CHINESE)(each)) for each in problems()]
    for first, *_ in rows(CHINESE, "不属于任何类型的故障")[2:]:
        english, _, chinese = first.partition("：")
        said = re.compile(".*".join(map(re.escape, chinese.split("…"))))
        assert any(said.search(page) for each, page in told if each.startswith(english.strip("`")))


def kinds_in(path: Path) -> Iterator[str]:
    """Yield the kinds that a module begins conditions of."""
    for node in ast.walk(ast.parse(text_of(path))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if node.func.attr in BEGINS and name.strip("_") == "conditions":
            yield kind_of(node.args[0], path)


def kind_of(node: ast.expr, path: Path) -> str:
    """Return a kind: a text, or a constant of the module or of one that it imports it from."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.Name), ast.dump(node)
    return constant(node.id, path)


def constant(name: str, path: Path) -> str:
    """Return the value of a module's constant, wherever it is defined."""
    for node in ast.parse(text_of(path)).body:
        targets: list[Any] = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if any(getattr(target, "id", None) == name for target in targets):
            value = getattr(node, "value", None)
            assert isinstance(value, ast.Constant)
            return str(value.value)
        if isinstance(node, ast.ImportFrom) and any(each.name == name for each in node.names):
            return constant(name, TOP / f"{(node.module or '').replace('.', '/')}.py")
    raise AssertionError(f"{path} has no constant {name}")
