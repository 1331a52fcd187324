"""``notifier workers``: every worker of the group, on any machine."""

from collections.abc import Iterator

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.columns import aligned, labelled
from app.faces.cli.output import api_key_option, asked, echo, url_option
from app.language.speaking import translate
from app.policies.texts.visible import visible_line
from app.values.fleet import Fleet, Worker, WorkerStatistics


@click.command()
@url_option("Address of any worker of the group.")
@api_key_option
def workers(url: str, api_key: str | None) -> None:
    """List the group's workers, with their sums."""
    for line in lines_of(asked(url, api_key, ServiceClient.workers)):
        echo(line)


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
    yield from aligned(rows, right=range(2, 8))


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
    yield from labelled(facts)
    for topic, numbers in worker.partitions.items():
        yield f"  {visible_line(topic)}: {', '.join(map(str, numbers))}"
