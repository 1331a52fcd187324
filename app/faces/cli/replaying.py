"""A replay on the terminal: its plan, and its progress to the end."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from app.edges.service_client import ServiceClient
from app.faces.cli.columns import label
from app.faces.cli.output import INTERRUPTED, say
from app.faces.replay_words import left_out
from app.language.speaking import translate
from app.policies.texts.visible import visible_line
from app.values.replay import Replay

EVERY = 0.5
"""Seconds between two looks at the progress."""
_IDS_SHOWN = 5
_LABEL_WIDTH = 19


def plan_lines(plan: Replay) -> Iterator[str]:
    """Yield the plan of a replay, as lines for people."""
    if plan.choice:
        yield f"{label(translate('Chosen'), _LABEL_WIDTH)}{visible_line(translate(plan.choice))}"
    count = plan.replayable
    some = ", ".join(plan.ids[:_IDS_SHOWN])
    if count:
        ids = f"{some}, …" if count > _IDS_SHOWN else some
        said = translate("{count} of {all} ({ids})").format(
            count=f"{count:,}", all=f"{plan.selected + plan.missing:,}", ids=ids
        )
        yield f"{label(translate('To be sent again'), _LABEL_WIDTH)}{said}"
    if words := left_out(plan):
        yield f"{label(translate('Left out'), _LABEL_WIDTH)}{words}"


def follow(connect: Callable[[], ServiceClient], begun: Replay) -> None:
    """Show a replay's progress until it is done.

    Raises:
        ServiceError: The service was not reached any more.
        click.ClickException: It failed.
    """
    try:
        with _progress(begun.replayable) as show:
            ended = asyncio.run(_follow(connect, begun, show))
    except KeyboardInterrupt:
        say("The replay goes on in the service.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    done = f"{ended.replayed:,} of {ended.replayable:,} sent again."
    if ended.state != "done":
        why = visible_line(ended.error or ended.state)
        again = "The same command goes on from here."
        raise click.ClickException(f"The replay ended early: {why}. {done} {again}")
    say(done)


async def _follow(
    connect: Callable[[], ServiceClient], begun: Replay, show: Callable[[int], None]
) -> Replay:
    async with connect() as client:
        now = begun
        while now.state == "running":
            await asyncio.sleep(EVERY)
            now = await client.replay_progress()
            if now.started != begun.started:
                raise click.ClickException(
                    "The service knows nothing more of this replay: it was restarted, or another"
                    " one has begun. The same command goes on from here."
                )
            show(now.replayed)
        return now


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows progress: a bar on a terminal, nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, show_pos=True) as bar:
        yield lambda done: bar.update(done - bar.pos)
