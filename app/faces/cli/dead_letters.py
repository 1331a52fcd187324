"""``notifier dead-letters``: lists dead letters, and sends them again."""

import asyncio
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.dead_letter_texts import details, table
from app.faces.cli.output import CONTEXT, api_key_option, echo, plain_errors, say, url_option
from app.faces.cli.replaying import follow, plan_lines
from app.language.speaking import translate
from app.policies.service.replaying import read_place
from app.values.dead_letter import DeadLetter
from app.values.outcome import Reason
from app.values.replay import Place, Replay

LARGEST_PAGE = 500
TIMEOUT = 60.0
"""Seconds that the service may take: a plan reads the whole topic."""

_REASONS = click.Choice([reason.value for reason in Reason])
_where = url_option("Address of the service.")


@click.group("dead-letters", context_settings=CONTEXT)
def command() -> None:
    """List dead letters, show one, or send them again."""


@command.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most."
)
@click.option("--reason", type=_REASONS, help="Only those dead for this reason.")
@_where
@api_key_option
def list_(limit: int, reason: str | None, url: str, api_key: str | None) -> None:
    """Show dead letters, newest first, and which of them were replayed."""
    with plain_errors():
        letters, more = asyncio.run(_read(url, api_key, limit, reason))
    if not letters:
        say(
            f"There are no dead letters with the reason {reason}."
            if reason
            else "There are no dead letters."
        )
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in table(letters, width):
        echo(line)
    if more:
        say(f"There are more: --limit {limit * 10}", err=True)


async def _read(
    url: str, api_key: str | None, limit: int, reason: str | None
) -> tuple[list[DeadLetter], bool]:
    """Return up to that many dead letters, and whether there are more."""
    letters: list[DeadLetter] = []
    cursor: str | None = None
    async with ServiceClient(url, api_key, timeout=TIMEOUT) as client:
        while True:
            wanted = min(limit - len(letters), LARGEST_PAGE)
            page = await client.dead_letters(limit=wanted, cursor=cursor, reason=reason)
            letters += page.dead_letters
            cursor = page.next_cursor
            if cursor is None or len(letters) >= limit:
                return letters, cursor is not None


@command.command()
@click.argument("identity", metavar="PARTITION/OFFSET")
@_where
@api_key_option
def show(identity: str, url: str, api_key: str | None) -> None:
    """Show everything about one dead letter."""

    async def read() -> DeadLetter:
        async with ServiceClient(url, api_key, timeout=TIMEOUT) as client:
            return await client.dead_letter(_place(identity))

    with plain_errors():
        letter = asyncio.run(read())
    for line in details(letter):
        echo(line)


@command.command()
@click.argument("identities", metavar="[PARTITION/OFFSET]...", nargs=-1)
@click.option("--reason", type=_REASONS, help="Those dead for this reason.")
@click.option("--since", metavar="TIME", help="Those written then or later (ISO 8601, local time).")
@click.option("--until", metavar="TIME", help="Those written before then.")
@click.option("--query", metavar="TEXT", help="Those with it in id, title, error or targets.")
@click.option("--all", "everything", is_flag=True, help="All that were not replayed yet.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="The most to send in a second."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@_where
@api_key_option
def replay(
    identities: tuple[str, ...],
    reason: str | None,
    since: str | None,
    until: str | None,
    query: str | None,
    everything: bool,
    dry_run: bool,
    rate: float | None,
    yes: bool,
    url: str,
    api_key: str | None,
) -> None:
    """Send dead letters again to the targets that failed.

    Name them, or say which with the options; several options narrow the choice. The plan is shown
    first, and on a terminal you are asked. Exit status 1 when it fails or there is nothing to send.
    """
    given = {"reason": reason, "since": _iso(since), "until": _iso(until), "q": query}
    filters = {name: value for name, value in given.items() if value is not None}
    selection = _selection(identities, filters, everything=everything)

    async def ask(wanted: Mapping[str, object]) -> Replay:
        async with ServiceClient(url, api_key, timeout=TIMEOUT) as client:
            return await client.replay(wanted)

    with plain_errors():
        plan = asyncio.run(ask({**selection, "dry_run": True}))
        for line in plan_lines(plan):
            echo(line)
        if not plan.replayable:
            raise click.ClickException("There is nothing to send again.")
        if dry_run:
            return
        if sys.stdin.isatty() and not yes:
            click.confirm(translate("Send them again?"), abort=True)
        begun = asyncio.run(ask({**selection, "rate": rate}))
        follow(lambda: ServiceClient(url, api_key, timeout=TIMEOUT), begun)


def _selection(
    identities: tuple[str, ...], filters: Mapping[str, str], *, everything: bool
) -> dict[str, object]:
    """Return the choice as part of the body of ``POST /dead-letters/replay``."""
    ways = bool(identities) + bool(filters) + everything
    if ways == 0:
        raise click.ClickException(
            "Say which: by ids, by --reason, --since, --until and --query, or --all."
        )
    if ways > 1:
        raise click.ClickException("Ids, filters and --all exclude each other.")
    if identities:
        return {"ids": ["{}/{}".format(*_place(each)) for each in identities]}
    return {"filter": filters}


def _place(text: str) -> Place:
    place = read_place(text)
    if place is None:
        raise click.ClickException(f"{text[:40]!r} is not an id; they look like 3/17.")
    return place


def _iso(text: str | None) -> str | None:
    """Return a time with its zone; without one it is this machine's local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise click.ClickException(
            f"{text[:40]!r} is not a time; they look like 2026-01-31 or 2026-01-31T12:00:00."
        ) from None
