"""``notifier workers``: every worker of the group, on any machine."""

import asyncio
from collections.abc import Iterator

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.columns import pad, width_of
from app.faces.cli.output import api_key_option, echo, plain_errors, url_option
from app.language.speaking import translate
from app.policies.texts.visible import visible_line
from app.values.fleet import Fleet, Worker, WorkerStatistics

_LABEL_WIDTH = 16


@click.command()
@url_option("Address of any worker of the group.")
@api_key_option
def workers(url: str, api_key: str | None) -> None:
    """List the group's workers, with their sums."""
    with plain_errors():
        for line in lines_of(asyncio.run(_read(url, api_key))):
            echo(line)


async def _read(url: str, api_key: str | None) -> Fleet:
    async with ServiceClient(url, api_key) as client:
        return await client.workers()


def lines_of(fleet: Fleet) -> Iterator[str]:
    """Yield the fleet as lines for a terminal."""
    if fleet.workers:
        yield from _table(fleet)
    else:
        yield translate("No worker of the group is running.")
    for each in fleet.workers:
        yield ""
        mine = f"  {translate('(this one)')}" if each.id == fleet.me else ""
        yield f"{visible_line(each.id)}{mine}"
        yield from _details(each)
    if fleet.unknown:
        yield ""
        yield translate(f"Others may be missing: {visible_line(fleet.unknown)}")


def _table(fleet: Fleet) -> Iterator[str]:
    headings = (
        translate("Worker"),
        translate("Status"),
        translate("Partitions"),
        translate("Consumed"),
        translate("Sent"),
    )
    rows: list[tuple[str, ...]] = [
        (*headings, translate("Failed"), translate("In flight"), translate("Lag"))
    ]
    for each in fleet.workers:
        count = sum(len(numbers) for numbers in each.partitions.values())
        rows.append((visible_line(each.id), _state(each), f"{count}", *_figures(each.statistics)))
    rows.append((translate(f"{len(fleet.workers)} in all"), "", "", *_figures(fleet.totals)))
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            pad(cell, width, right=column > 1)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _state(worker: Worker) -> str:
    if worker.problem:
        return translate("PROBLEM")
    return translate("PAUSED") if worker.paused else translate(worker.status.value)


def _figures(counted: WorkerStatistics) -> tuple[str, ...]:
    figures = (
        counted.messages_consumed,
        counted.messages_sent,
        counted.messages_failed,
        counted.in_flight,
        counted.lag,
    )
    return tuple("–" if each is None else f"{each:,}" for each in figures)


def _details(worker: Worker) -> Iterator[str]:
    facts = {
        translate("Host"): worker.host,
        translate("Process"): str(worker.process_id),
        translate("Page"): f"{worker.address}/" if worker.address else translate("none"),
        translate("Version"): worker.version,
        translate("Running since"): worker.start_time or "",
        translate("Problem"): translate(worker.problem or ""),
    }
    for name, value in facts.items():
        if value:
            yield f"  {pad(f'{name}:', _LABEL_WIDTH)}{visible_line(value)}"
    for topic, numbers in worker.partitions.items():
        yield f"  {visible_line(topic)}: {', '.join(map(str, numbers))}"
