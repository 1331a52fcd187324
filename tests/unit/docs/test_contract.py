"""docs/contract.md and the READMEs list what the code has."""

import re
from collections.abc import Iterator

import click

from app.edges.channels import CHANNELS
from app.edges.metrics import PREFIX, Metrics
from app.faces.api.examples import SNAPSHOT
from app.faces.cli.notifier import command as notifier
from app.faces.metrics import Exposition
from app.main import app as application
from app.policies.headers.records import OURS
from app.values.snapshot import Snapshot
from tests.support.papers import TOP, code_in, rows

CONTRACT = TOP / "docs/contract.md"
PAGES = {"/", "/docs", "/openapi.json"}


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


def test_the_readme_lists_every_channel() -> None:
    """A new channel is found by whoever reads the first page, in Chinese as well."""
    table = rows(TOP / "README.md", "Send something")
    listed = {name for first, *_ in table for name in code_in(first)}
    assert listed == {channel.name for channel in CHANNELS}
