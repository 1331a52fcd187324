"""``notifier workers``: every worker of the group, on any machine."""

import asyncio
from collections.abc import Iterator

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.output import api_key_option, echo, plain_errors, url_option
from app.policies.texts.visible import visible_line
from app.values.fleet import Fleet, Worker, WorkerStatistics

_HEADINGS = ("Worker", "Status", "Partitions", "Consumed", "Sent", "Failed", "In flight", "Lag")


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
        yield "No worker of the group is running."
    for each in fleet.workers:
        yield ""
        yield f"{visible_line(each.id)}{'  (this one)' if each.id == fleet.me else ''}"
        yield from _details(each)
    if fleet.unknown:
        yield ""
        yield f"Others may be missing: {visible_line(fleet.unknown)}"


def _table(fleet: Fleet) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for each in fleet.workers:
        count = sum(len(numbers) for numbers in each.partitions.values())
        rows.append((visible_line(each.id), _state(each), f"{count}", *_figures(each.statistics)))
    rows.append((f"{len(fleet.workers)} in all", "", "", *_figures(fleet.totals)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for first, second, *others in rows:
        cells = [f"{first:<{widths[0]}}", f"{second:<{widths[1]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(others, widths[2:], strict=True)]
        yield "  ".join(cells).rstrip()


def _state(worker: Worker) -> str:
    if worker.problem:
        return "PROBLEM"
    return "PAUSED" if worker.paused else worker.status.value


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
        "Host": worker.host,
        "Process": str(worker.process_id),
        "Page": f"{worker.address}/" if worker.address else "none",
        "Version": worker.version,
        "Running since": worker.start_time or "",
        "Problem": worker.problem or "",
    }
    for name, value in facts.items():
        if value:
            yield f"  {name + ':':<16}{visible_line(value)}"
    for topic, numbers in worker.partitions.items():
        yield f"  {visible_line(topic)}: {', '.join(map(str, numbers))}"
