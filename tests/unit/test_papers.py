"""The papers keep up with the code, and the code with the papers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from msgspec.structs import replace

from app.edges.channels import CHANNELS
from app.edges.metrics import PREFIX, Metrics
from app.faces.api.examples import SNAPSHOT
from app.faces.cli.notifier import command as notifier
from app.faces.metrics import Exposition
from app.main import app as application
from app.policies.headers.records import OURS
from app.policies.service.health import Signs, problem
from app.values.outcome import Reason
from app.values.snapshot import AttemptStatus, DestinationState, Snapshot, Status
from tests.mutants.catalogue import MUTANTS
from tests.support.papers import (
    PAPERS,
    SOURCES,
    TOP,
    code_in,
    headings,
    links,
    named_paths,
    papers_named_in,
    rows,
    text_of,
)

CONTRACT = TOP / "docs/contract.md"
OPERATIONS = TOP / "docs/operations.md"
GLOSSARY = TOP / "docs/glossary.md"
GUARANTEES = TOP / "docs/guarantees.md"
ENGINE = TOP / "app/engine"

ELSEWHERE = re.compile(
    r"\b(contract|design|style|house)(\.md)?('s)?,? sections?\b|\b(design|style|house|field)\.md\b"
)
MACHINE = re.compile(r"(?<![\w.])/(work|root|tmp)/(?!\*)\w")
IN_GINKGO = ("tests/unit/notifier/workers", "tests/integration/notifier")
PAGES = {"/", "/docs", "/openapi.json"}
BEGINS = {"begin", "note", "replace"}


def of_top(path: Path) -> str:
    """Name a test's case by its file."""
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_link_leads_somewhere(paper: Path) -> None:
    """Files are there, and so are the headings in them."""
    assert [fault for each in links(paper) if (fault := each.fault())] == []


@pytest.mark.parametrize("paper", PAPERS, ids=of_top)
def test_every_path_that_a_paper_names_is_there(paper: Path) -> None:
    """A reader who looks for `app/…` or `tests/…` finds it."""
    faults = [fault for each in named_paths(paper) if (fault := each.fault())]
    assert [fault for fault in faults if not fault.endswith(IN_GINKGO)] == []


def test_code_refers_only_to_papers_that_are_here() -> None:
    """References in code are paths, headings included; a cloner can follow each of them."""
    faults = [
        f"{of_top(source)}: {fault}"
        for source in SOURCES
        for each in papers_named_in(source)
        if (fault := each.fault())
    ]
    assert faults == []


def test_nothing_refers_to_a_section_of_what_is_not_here() -> None:
    """Numbers of sections say nothing to whoever has the repository alone."""
    found = [
        f"{of_top(path)}: {match[0]}"
        for path in (*SOURCES, *PAPERS)
        if path != Path(__file__)
        for match in ELSEWHERE.finditer(text_of(path))
    ]
    assert found == []


def test_the_contract_lists_every_call() -> None:
    """No call is left out, and none is made up."""
    served = {
        f"{method.upper()} {path}"
        for path, item in application.openapi()["paths"].items()
        for method in item
    }
    listed = {
        call.partition("?")[0]
        for first, *_ in rows(CONTRACT, "Calls")
        for call in code_in(first)
        if call.split()[-1] not in PAGES
    }
    assert listed == served


def test_the_contract_lists_every_count() -> None:
    """Each member of ``GET /stats`` has its row."""
    listed = {name for first, *_ in rows(CONTRACT, "Counts") for name in code_in(first)}
    assert listed - {"GET /stats"} == set(Snapshot.__struct_fields__)


@pytest.mark.parametrize(
    ("paper", "heading"), [("README.md", "Send something"), ("README.zh-CN.md", "发一条试试")]
)
def test_both_readmes_list_every_channel(paper: str, heading: str) -> None:
    """A new channel is found by whoever reads the first page."""
    listed = {name for first, *_ in rows(TOP / paper, heading) for name in code_in(first)}
    assert listed == {channel.name for channel in CHANNELS}


def test_the_contract_lists_every_record_header() -> None:
    """Each of the service's own headers has its row."""
    listed = {name for first, *_ in rows(CONTRACT, "Record headers") for name in code_in(first)}
    assert listed == OURS


def test_the_contract_lists_every_metric() -> None:
    """Each family of ``GET /metrics`` has its row."""
    metrics = Metrics()
    metrics.observe_attempt("webhook", 0.1)
    body, _ = Exposition(metrics.registry, lambda: SNAPSHOT).render("")
    served = set(re.findall(rf"^# TYPE {PREFIX}_(\w+)", body.decode(), re.MULTILINE))
    served = {name.removesuffix("_total").removesuffix("_created") for name in served}
    listed = {name for first, *_ in rows(CONTRACT, "Metrics") for name in code_in(first)}
    counts = {name for name in Snapshot.__struct_fields__ if name.startswith("messages_")}
    assert listed - {"messages_…"} | counts == served


def test_the_contract_lists_every_command() -> None:
    """Each subcommand of ``notifier`` has its row."""
    listed = {
        name.removeprefix("notifier ")
        for first, *_ in rows(CONTRACT, "Command line")
        for name in (spread(code_in(first)))
        if name.startswith("notifier ")
    }
    assert set(commands(notifier)) <= listed


def spread(names: list[str]) -> Iterator[str]:
    """Yield commands in full: ``notifier a b``, ``c`` means ``notifier a c`` for the second."""
    before = ""
    for name in names:
        yield name if " " in name else f"{before.rpartition(' ')[0]} {name}"
        before = name if " " in name else before


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Yield every command that does something, with its groups."""
    for name, command in group.commands.items():
        if not isinstance(command, click.Group):
            yield before + name
            continue
        if command.invoke_without_command:
            yield before + name
        yield from commands(command, f"{before}{name} ")


def test_every_kind_of_condition_has_its_section() -> None:
    """What `/health` can say stands in docs/operations.md under its kind: what to do about it."""
    kinds = {kind for path in ENGINE.rglob("*.py") for kind in kinds_in(path)}
    assert len(kinds) > 20
    assert sorted(kinds - headings(OPERATIONS)) == []
    glance = {code_in(first)[0] for first, *_ in rows(OPERATIONS, "At a glance") if "`" in first}
    assert glance == kinds


def test_every_problem_has_its_row() -> None:
    """The sentences about a standstill are explained one by one."""
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
    told = {re.split(r":| for \d", problem(signs) or "")[0] for signs in every}
    listed = {code_in(first)[0] for first, *_ in rows(OPERATIONS, "Problems without a kind")[2:]}
    assert listed == told


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
    raise AssertionError(f"{of_top(path)} has no constant {name}")


def test_the_proofs_name_mutants_that_there_are() -> None:
    """docs/guarantees.md quotes each by its name in the catalogue."""
    known = {mutant.name for mutant in MUTANTS}
    proofs = [last for *_, last in tables_of(GUARANTEES) if "mutant" in last]
    quoted = {
        name
        for proof in proofs
        for part in re.findall(r'mutants? ("[^;|]*")', proof)
        for name in re.findall(r'"([^"]+)"', part)
    }
    assert len(quoted) > 20
    assert sorted(quoted - known) == []


def tables_of(paper: Path) -> Iterator[list[str]]:
    """Yield the rows of every table of a paper."""
    for heading in re.findall(r"^#+ (.+)$", text_of(paper), re.MULTILINE):
        yield from rows(paper, heading)


def test_the_glossary_explains_outcomes_and_states() -> None:
    """Each word that the API uses for them has its row, and no other has one."""
    outcomes = {word for first, *_ in rows(GLOSSARY, "Outcomes · 结果") for word in code_in(first)}
    states = {word for first, *_ in rows(GLOSSARY, "States · 状态") for word in code_in(first)}
    assert outcomes == {each.value for each in (*AttemptStatus, *Reason)}
    assert states == {each.value for each in DestinationState}


def test_no_paper_names_a_machine() -> None:
    """Paths of whoever wrote it help nobody else."""
    found = [
        f"{of_top(path)}: {match[0]}"
        for path in PAPERS
        for match in MACHINE.finditer(text_of(path))
    ]
    assert found == []
