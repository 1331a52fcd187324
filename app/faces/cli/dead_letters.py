"""``notifier dead-letters``: lists dead letters, and sends them again."""

import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar

import click
from msgspec.structs import replace

from app.edges.service_client import ServiceClient
from app.faces.cli.columns import local_time
from app.faces.cli.dead_letter_texts import details, table
from app.faces.cli.output import CONTEXT, api_key_option, asked, echo, plain_errors, say, url_option
from app.faces.cli.replaying import follow, plan_lines
from app.language.speaking import translate
from app.policies.service.replaying import read_place
from app.values.dead_letter import DeadLetter, DeadLetterPage
from app.values.outcome import Reason
from app.values.replay import Place

LARGEST_PAGE = 500
PAGES = 20
"""Pages that are asked for at most: to find what is rare takes long."""
TIMEOUT = 60.0
"""Seconds that the service may take: a plan reads the whole topic."""

_REASONS = click.Choice([reason.value for reason in Reason])
_where = url_option("Address of the service.")


@click.group("dead-letters", context_settings=CONTEXT)
def command() -> None:
    """List dead letters, show one, or send them again."""


_Command = TypeVar("_Command", bound=Callable[..., None])


def _choice_options(function: _Command) -> _Command:
    """Add the options that say which dead letters are meant; several narrow the choice."""
    for option in reversed(
        (
            click.option("--reason", type=_REASONS, help="Those dead for this reason."),
            click.option(
                "--since",
                metavar="TIME",
                help="Those written then or later (ISO 8601, local time).",
            ),
            click.option("--until", metavar="TIME", help="Those written before then."),
            click.option(
                "--query", metavar="TEXT", help="Those with it in id, title, error or targets."
            ),
            click.option(
                "--destination", metavar="TEXT", help="Those with it in a target not reached."
            ),
            click.option("--group", metavar="ID", help="Those that this consumer group gave up."),
            click.option("--cause", metavar="ID", help="Those of one cause, as the page has them."),
        )
    ):
        function = option(function)
    return function


def _chosen(
    *,
    reason: str | None,
    since: str | None,
    until: str | None,
    query: str | None,
    destination: str | None,
    group: str | None,
    cause: str | None,
) -> dict[str, str]:
    """Return the choice as the query of ``GET /dead-letters`` says it."""
    given = {
        "reason": reason,
        "since": _iso(since),
        "until": _iso(until),
        "q": query,
        "destination": destination,
        "group": group,
        "cause": cause,
    }
    return {name: value for name, value in given.items() if value is not None}


@command.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most."
)
@_choice_options
@_where
@api_key_option
def list_(limit: int, url: str, api_key: str | None, **given: str | None) -> None:
    """Show dead letters, newest first, and which of them were replayed."""
    chosen = _chosen(**given)
    letters, page = asked(url, api_key, partial(_read, limit, chosen), TIMEOUT)
    more = page.next_cursor is not None
    if not letters:
        say(_none(chosen, page))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in table(letters, width):
        echo(line)
    if more:
        say(f"There are more: --limit {limit * 10}", err=True)


def _none(chosen: Mapping[str, str], page: DeadLetterPage) -> str:
    if page.next_cursor is not None and page.looked_back_to is not None:
        looked_at, back = page.looked_at, local_time(page.looked_back_to)
        return f"Nothing is found in the newest {looked_at:,}, back to {back}; older may be there."
    if chosen:
        return "There are no dead letters that match."
    return "There are no dead letters."


async def _read(
    limit: int, chosen: Mapping[str, str], client: ServiceClient
) -> tuple[list[DeadLetter], DeadLetterPage]:
    """Return up to that many dead letters, and the last page of them, with all that was looked at.

    A page without any ends it only if it is the last, or after ``PAGES``.
    """
    letters: list[DeadLetter] = []
    page = DeadLetterPage((), None)
    looked_at = 0
    for _ in range(PAGES):
        wanted = min(limit - len(letters), LARGEST_PAGE)
        page = await client.dead_letters(limit=wanted, cursor=page.next_cursor, chosen=chosen)
        letters += page.dead_letters
        looked_at += page.looked_at
        if page.next_cursor is None or len(letters) >= limit:
            break
    return letters, replace(page, looked_at=looked_at)


@command.command()
@click.argument("identity", metavar="PARTITION/OFFSET")
@_where
@api_key_option
def show(identity: str, url: str, api_key: str | None) -> None:
    """Show everything about one dead letter."""
    place = _place(identity)
    letter = asked(url, api_key, lambda client: client.dead_letter(place), TIMEOUT)
    for line in details(letter):
        echo(line)


@command.command()
@click.argument("identities", metavar="[PARTITION/OFFSET]...", nargs=-1)
@_choice_options
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
    everything: bool,
    dry_run: bool,
    rate: float | None,
    yes: bool,
    url: str,
    api_key: str | None,
    **given: str | None,
) -> None:
    """Send dead letters again to the targets that failed.

    Name them, or say which with the options; several options narrow the choice. The plan is shown
    first, and on a terminal you are asked. Exit status 1 when it fails or there is nothing to send.
    """
    selection = _selection(identities, _chosen(**given), everything=everything)
    planned, wanted = {**selection, "dry_run": True}, {**selection, "rate": rate}
    with plain_errors():
        plan = asked(url, api_key, lambda client: client.replay(planned), TIMEOUT)
        for line in plan_lines(plan):
            echo(line)
        if not plan.replayable:
            raise click.ClickException("There is nothing to send again.")
        if dry_run:
            return
        if sys.stdin.isatty() and not yes:
            click.confirm(translate("Send them again?"), abort=True)
        begun = asked(url, api_key, lambda client: client.replay(wanted), TIMEOUT)
        follow(lambda: ServiceClient(url, api_key, timeout=TIMEOUT), begun)


def _selection(
    identities: tuple[str, ...], filters: Mapping[str, str], *, everything: bool
) -> dict[str, object]:
    """Return the choice as part of the body of ``POST /dead-letters/replay``."""
    ways = bool(identities) + bool(filters) + everything
    if ways == 0:
        raise click.ClickException(
            "Say which: by ids, by --reason, --query, --destination and the like, or --all."
        )
    if ways > 1:
        raise click.ClickException("Ids, filters and --all exclude each other.")
    if identities:
        return {"ids": ["{}/{}".format(*_place(each)) for each in identities]}
    cause = filters.get("cause")
    return {"filter": {**filters, **({"cause": [cause]} if cause else {})}}


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
