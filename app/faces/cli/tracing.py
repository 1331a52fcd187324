"""``notifier trace`` and ``notifier history``."""

from collections.abc import Iterator, Sequence
from functools import partial

import click

from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceClient
from app.faces.cli.columns import labelled, local_time, pad
from app.faces.cli.output import api_key_option, asked, echo, plain_errors, say, url_option
from app.language.speaking import translate
from app.policies.texts.visible import visible_line
from app.values.history import Settled, Story, Told

_STATE_WIDTH = 10
TIMEOUT = 60.0
"""Seconds that the service may take: it looks through topics."""
STATES = ("sent", "partial", "failed", "expired", "suppressed", "deferred")


@click.command()
@click.argument("message_id", metavar="ID")
@url_option("Address of the service.")
@api_key_option
def trace(message_id: str, url: str, api_key: str | None) -> None:
    """Tell one notification's story: where it is, every attempt, why it waits.

    ID is its message_id, or topic:partition:offset of one without.
    """
    with plain_errors():
        story, missing = asked(url, api_key, lambda client: client.story(message_id), TIMEOUT)
        if story is None:
            raise ServiceError(missing)
    for line in lines_of(story):
        echo(line)


@click.command()
@click.option("--query", "q", metavar="TEXT", help="In id, title, destination, error or trace ID.")
@click.option("--user", metavar="ID", help="For this user.")
@click.option("--status", type=click.Choice(STATES), help="Settled as this.")
@click.option("--channel", metavar="NAME", help="By this channel.")
@click.option("--destination", metavar="TEXT", help="To an address with this in it.")
@click.option("--since", metavar="TIME", help="ISO 8601; naive means UTC.")
@click.option("--until", metavar="TIME", help="ISO 8601; naive means UTC.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@url_option("Address of the service.")
@api_key_option
def history(limit: int, url: str, api_key: str | None, **filters: str | None) -> None:
    """List the group's settled notifications, newest first."""
    given = {name: value for name, value in filters.items() if value is not None}
    rows = asked(url, api_key, partial(_history, given, limit), TIMEOUT)
    for line in table(rows):
        echo(line)
    if not rows:
        say("Nothing is found.")


async def _history(given: dict[str, str], limit: int, client: ServiceClient) -> Sequence[Settled]:
    rows: list[Settled] = []
    cursor: str | None = None
    while len(rows) < limit:
        page = await client.history(given, min(limit - len(rows), 500), cursor)
        rows += page.history
        cursor = page.next_cursor
        if cursor is None:
            break
    return rows


def lines_of(story: Story) -> Iterator[str]:
    """Yield a story as lines for a terminal."""
    name = visible_line(story.title or story.id or story.origin)
    yield f"{translate(story.state).upper()}  {name}"
    if story.why:
        yield f"  {visible_line(translate(story.why))}"
    facts = {
        translate("Message ID"): story.id,
        translate("User"): story.user,
        translate("Published"): local_time(story.published),
        translate("Settled"): local_time(story.settled),
        translate("Next attempt"): local_time(story.next_attempt_at),
        translate("Worker"): story.worker,
        translate("Trace ID"): story.trace_id,
        translate("First stood at"): story.origin,
        translate("Stands at"): story.record,
        translate("Dead letter"): story.dead_letter
        and f"{story.dead_letter} (notifier dead-letters replay {story.dead_letter})",
    }
    yield from labelled(facts)
    for note in story.notes:
        told = visible_line(f"{note.field}: {translate(note.problem)}")
        yield f"  {translate('Left out or changed')}: {told}"
    for target in story.targets:
        yield f"  {target.channel} {visible_line(target.destination)}"
        if not target.attempts:
            yield f"    {translate('no attempt yet')}"
        for each in target.attempts:
            yield f"    {local_time(each.time)}  {_attempt(each)}"


def _attempt(made: Told) -> str:
    """Return an attempt in words, after its time."""
    number = translate("try {number}").format(number=made.attempt) if made.attempt else ""
    took = ""
    if made.duration is not None:
        took = translate("in {seconds} s").format(seconds=f"{made.duration:.3f}")
    by = translate("by {worker}").format(worker=made.worker)
    told = " ".join(
        part for part in (number, translate(made.status.replace("_", " ")), took, by) if part
    )
    return f"{told}: {visible_line(translate(made.error))}" if made.error else told


def table(rows: Sequence[Settled]) -> Iterator[str]:
    """Yield a line for each row."""
    for row in rows:
        where = ", ".join(each.destination for each in row.targets)
        name = visible_line(row.title or "")
        found = visible_line(row.id or row.origin)
        what = f"{found}  {name}  {visible_line(where)}".rstrip()
        yield f"{local_time(row.settled)}  {pad(translate(row.state), _STATE_WIDTH)} {what}"
