"""``notifier send``: one real notification, from a person or a script."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.output import api_key_option, echo, plain_errors, url_option
from app.faces.cli.tracing import lines_of
from app.language.speaking import translate
from app.policies.texts.outgoing import Typed, compose
from app.values.control import Published
from app.values.history import Story

PATIENCE = 30.0
LOOK_SECONDS = 0.5
SENT = "sent"
NOT_SENT = frozenset({"partial", "failed", "expired", "suppressed"})
NOT_KNOWN_YET = 3
PRIORITIES = {"low": 0, "normal": 1, "high": 2, "urgent": 3}


@click.command()
@click.argument("text", required=False)
@click.option("--user", metavar="ID", help="To a user of the recipients file.")
@click.option("--group", metavar="NAME", help="To a group of the recipients file.")
@click.option("--to", multiple=True, metavar="ADDRESS", help="To a mail address or webhook URL.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="By this channel.")
@click.option("--title", help="The title.")
@click.option("--priority", type=click.Choice(list(PRIORITIES)), help="normal unless given.")
@click.option("--color", help="Such as #ff0000.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A labelled value.")
@click.option("--template", metavar="ID", help="Fill in a template instead of a text.")
@click.option("--set", "variables", multiple=True, metavar="K=V", help="A variable of it.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Take the text from a file; - is standard input.",
)
@click.option(
    "--wait",
    is_flag=True,
    help=f"Say what became of it: exit status 0 sent, 1 not, 3 not known after {PATIENCE:g} s.",
)
@url_option("Address of the service.")
@api_key_option
@click.pass_context
def send(
    context: click.Context,
    text: str | None,
    user: str | None,
    group: str | None,
    to: tuple[str, ...],
    channels: tuple[str, ...],
    title: str | None,
    priority: str | None,
    color: str | None,
    fields: tuple[str, ...],
    template: str | None,
    variables: tuple[str, ...],
    file: Path | None,
    wait: bool,
    url: str,
    api_key: str | None,
) -> None:
    """Send one notification through a running service.

    TEXT is the content; without it, and without --file and --template, standard input is.
    """
    with plain_errors():
        typed = Typed(
            text=_text(text, file, template),
            user=user,
            group=group,
            channels=channels,
            to=to,
            title=title,
            priority=PRIORITIES[priority] if priority else None,
            color=color,
            fields=_pairs(fields, "--field"),
            template=template,
            variables=dict(_pairs(variables, "--set")),
        )
        accepted = asyncio.run(_publish(compose(typed), url, api_key))
        if not wait:
            return
        story = asyncio.run(_outcome(accepted.message_ids[0], url, api_key))
    if story is None or story.state not in {SENT, *NOT_SENT}:
        known = translate("nothing is known of it yet") if story is None else lines(story)
        echo(known, err=True)
        context.exit(NOT_KNOWN_YET)
    echo(lines(story))
    context.exit(0 if story.state == SENT else 1)


def lines(story: Story) -> str:
    """Return a story as a text for a terminal."""
    return "\n".join(lines_of(story))


async def _outcome(message_id: str, url: str, api_key: str | None) -> Story | None:
    """Ask about a notification until it is settled, or patience ends."""
    story: Story | None = None
    deadline = time.monotonic() + PATIENCE
    async with ServiceClient(url, api_key, timeout=PATIENCE) as client:
        while time.monotonic() < deadline:
            story, _ = await client.story(message_id)
            if story is not None and story.state in {SENT, *NOT_SENT}:
                break
            await asyncio.sleep(LOOK_SECONDS)
    return story


async def _publish(message: bytes, url: str, api_key: str | None) -> Published:
    async with ServiceClient(url, api_key) as client:
        accepted = await client.publish(message)
    for warning in accepted.warnings:
        echo(f"{warning.field}: {translate(warning.problem)}", err=True)
    for message_id in accepted.message_ids:
        echo(message_id)
    return accepted


def _text(text: str | None, file: Path | None, template: str | None) -> str | None:
    if text is not None and file is not None:
        raise click.UsageError("give either TEXT or --file")
    if text is not None:
        return text
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"--file: {file} cannot be read as UTF-8 text") from error
    if template is not None and file is None:
        return None
    if sys.stdin.isatty() and file is None:
        raise click.UsageError("there is nothing to send: give TEXT, --file or --template")
    return sys.stdin.read().rstrip("\n")


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise click.UsageError(f"{option}: {each!r} is not NAME=VALUE")
        pairs.append((name, value))
    return pairs
