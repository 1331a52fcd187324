"""``notifier destinations``: lists them, pauses, resumes and tests one."""

from collections.abc import Iterator, Sequence
from functools import partial

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.columns import aligned, local_time
from app.faces.cli.output import CONTEXT, api_key_option, asked, echo, say, url_option
from app.language.speaking import translate
from app.policies.texts.visible import visible_line
from app.values.destinations import DestinationSort, DestinationView
from app.values.snapshot import DestinationState

LARGEST_PAGE = 500
TIMEOUT = 60.0
"""Seconds that the service may take: a test waits for the destination."""
_where = url_option("Address of the service.")


@click.group("destinations", invoke_without_command=True, context_settings=CONTEXT)
@click.option("--query", "q", metavar="TEXT", help="With it in name, address or last error.")
@click.option("--state", type=click.Choice([each.value for each in DestinationState]))
@click.option("--sort", type=click.Choice([each.value for each in DestinationSort]))
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)
@_where
@api_key_option
@click.pass_context
def command(
    context: click.Context,
    /,
    limit: int,
    url: str,
    api_key: str | None,
    **filters: str | None,
) -> None:
    """List the destinations that a worker has sent to, the worst first."""
    if context.invoked_subcommand is not None:
        return
    given = {name: value for name, value in filters.items() if value is not None}
    shown, total = asked(url, api_key, partial(_read, given, limit))
    if not shown:
        say("There are no such destinations." if given else "Nothing has been sent anywhere yet.")
        return
    for line in table(shown):
        echo(line)
    if total > len(shown):
        say(f"There are {total:,}; to see all of them: --limit {total}", err=True)


async def _read(
    filters: dict[str, str], limit: int, client: ServiceClient
) -> tuple[Sequence[DestinationView], int]:
    """Return up to that many destinations, and how many there are."""
    found: list[DestinationView] = []
    cursor: int | None = None
    while True:
        page = await client.destinations(filters, min(limit - len(found), LARGEST_PAGE), cursor)
        found += page.destinations
        cursor = page.next_cursor
        if cursor is None or len(found) >= limit:
            return found, page.total


@command.command()
@click.argument("identity", metavar="ID")
@_where
@api_key_option
def pause(identity: str, url: str, api_key: str | None) -> None:
    """Send nothing to a destination: what is for it is put aside, and nothing is lost.

    It holds on every worker of the group, and over restarts.
    """
    change = partial(ServiceClient.change_destination, identity=identity, what="pause")
    shown = asked(url, api_key, change, TIMEOUT)
    say(f"{_named(shown)} is paused by {visible_line(shown.paused_by or '')}.")


@command.command()
@click.argument("identity", metavar="ID")
@_where
@api_key_option
def resume(identity: str, url: str, api_key: str | None) -> None:
    """Go on: what waits is sent at once, and a broken or gone destination is asked again."""
    change = partial(ServiceClient.change_destination, identity=identity, what="resume")
    shown = asked(url, api_key, change, TIMEOUT)
    say(f"{_named(shown)} is resumed.")


@command.command()
@click.argument("identity", metavar="ID")
@_where
@api_key_option
def test(identity: str, url: str, api_key: str | None) -> None:
    """Send one test notification to a destination, and show its answer.

    Exit status 1 if it does not accept it.
    """
    answer = asked(url, api_key, lambda client: client.test_destination(identity), TIMEOUT)
    if answer.accepted:
        say(f"{_named(answer.destination)} accepted the test in {answer.duration or 0.0:.3f} s.")
        return
    said = visible_line(translate(answer.said or ""))
    raise click.ClickException(
        translate(f"{_named(answer.destination)} did not accept the test: {said}")
    )


def table(rows: Sequence[DestinationView]) -> Iterator[str]:
    """Yield destinations as lines for a terminal."""
    headings = (
        translate("Id"),
        translate("State"),
        translate("Waiting"),
        translate("Sent"),
        translate("Failed"),
        translate("Last hour"),
    )
    cells = [(*headings, translate("Destination")), *(_cells(row) for row in rows)]
    for place, line in enumerate(aligned(cells, right=range(2, 6))):
        yield line
        if place:
            yield from _remarks(rows[place - 1])


def _cells(row: DestinationView) -> tuple[str, ...]:
    rate = row.success_rate_last_hour
    return (
        row.id,
        translate(row.state.replace("_", " ")),
        f"{row.waiting:,}",
        f"{row.messages_sent:,}",
        f"{row.messages_failed:,}",
        "–" if rate is None else f"{min(rate, 0.999) if rate < 1 else 1:.1%}",
        _named(row),
    )


def _remarks(row: DestinationView) -> Iterator[str]:
    if row.paused_by is not None:
        yield "  " + translate(
            f"paused by {visible_line(row.paused_by)}, {local_time(row.paused_at)}"
        )
    if row.until is not None:
        yield "  " + translate("until {time}").format(time=local_time(row.until))
    if row.last_error is not None:
        yield f"  {local_time(row.last_error_time)}  {visible_line(translate(row.last_error))}"


def _named(row: DestinationView) -> str:
    label = visible_line(row.label)
    return f"{visible_line(row.name)}, {label}" if row.name else label
