"""``notifier trace`` and ``notifier history``."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from app.edges.service_client import ServiceClient, ServiceError
from app.faces.cli.output import api_key_option, echo, plain_errors, url_option
from app.policies.texts.visible import visible_line
from app.values.history import HistoryPage, Settled, Story

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
        story, missing = asyncio.run(_trace(message_id, url, api_key))
        if story is None:
            raise ServiceError(missing)
        for line in lines_of(story):
            echo(line)


async def _trace(message_id: str, url: str, api_key: str | None) -> tuple[Story | None, str]:
    async with ServiceClient(url, api_key, timeout=60.0) as client:
        return await client.story(message_id)


@click.command()
@click.option("--query", "q", metavar="TEXT", help="In id, title, destination or error.")
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
    with plain_errors():
        rows = asyncio.run(_history(given, limit, url, api_key))
        for line in table(rows):
            echo(line)
        if not rows:
            echo("Nothing is found.")


async def _history(
    given: dict[str, str], limit: int, url: str, api_key: str | None
) -> Sequence[Settled]:
    rows: list[Settled] = []
    async with ServiceClient(url, api_key, timeout=60.0) as client:
        cursor: str | None = None
        while len(rows) < limit:
            page: HistoryPage = await client.history(given, min(limit - len(rows), 500), cursor)
            rows += page.history
            cursor = page.next_cursor
            if cursor is None:
                break
    return rows


def lines_of(story: Story) -> Iterator[str]:
    """Yield a story as lines for a terminal."""
    yield f"{story.state.upper()}  {visible_line(story.title or story.id or story.origin)}"
    if story.why:
        yield f"  {visible_line(story.why)}"
    facts = {
        "Message ID": story.id,
        "User": story.user,
        "Published": _local(story.published),
        "Settled": _local(story.settled),
        "Next attempt": _local(story.next_attempt_at),
        "Worker": story.worker,
        "First stood at": story.origin,
        "Stands at": story.record,
        "Dead letter": story.dead_letter
        and f"{story.dead_letter} (notifier dead-letters replay {story.dead_letter})",
    }
    for name, value in facts.items():
        if value:
            yield f"  {name + ':':<16}{visible_line(value)}"
    for note in story.notes:
        yield f"  Left out or changed: {visible_line(f'{note.field}: {note.problem}')}"
    for target in story.targets:
        yield f"  {target.channel} {visible_line(target.destination)}"
        if not target.attempts:
            yield "    no attempt yet"
        for each in target.attempts:
            took = "" if each.duration is None else f" in {each.duration:.3f} s"
            said = f": {visible_line(each.error)}" if each.error else ""
            number = f"try {each.attempt} " if each.attempt else ""
            yield f"    {_local(each.time)}  {number}{each.status}{took} by {each.worker}{said}"


def table(rows: Sequence[Settled]) -> Iterator[str]:
    """Yield a line for each row."""
    for row in rows:
        where = ", ".join(each.destination for each in row.targets)
        name = visible_line(row.title or "")
        found = visible_line(row.id or row.origin)
        what = f"{found}  {name}  {visible_line(where)}".rstrip()
        yield f"{_local(row.settled)}  {row.state:<10} {what}"


def _local(time: str | None) -> str:
    """Return a time on this machine's clock, as people write it."""
    if not time:
        return ""
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
