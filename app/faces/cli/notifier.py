"""``notifier``: a look at a running service, and at everything a service needs."""

import asyncio

import click
from click.shell_completion import get_completion_class

from app.doctor.examination import examine
from app.doctor.findings import Verdict
from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceClient
from app.faces.cli import (
    dead_letters,
    destinations,
    group,
    importing,
    recipients,
    templates,
    tracing,
    workers,
)
from app.faces.cli.columns import label, pad, width_of
from app.faces.cli.output import (
    CONTEXT,
    api_key_option,
    echo,
    plain_errors,
    run,
    say,
    url_option,
    version_option,
)
from app.faces.cli.send import send
from app.language.speaking import translate
from app.policies.redaction import scrub
from app.policies.texts.visible import visible_line
from app.settings.load import DEFAULT, LoadedSettings, load_from_process
from app.settings.sources import ENVIRONMENT, FLAG
from app.values.errors import SettingsError

WATCH_SECONDS = 2.0
_MARK_WIDTH = 4
_SUBJECT_WIDTH = 14


@click.group(context_settings=CONTEXT)
@version_option
def command() -> None:
    """Look after the notification worker."""


command.add_command(dead_letters.command)
command.add_command(importing.command)
command.add_command(recipients.command)
command.add_command(send)
command.add_command(templates.command)
command.add_command(tracing.trace)
command.add_command(tracing.history)
command.add_command(group.command)
command.add_command(workers.workers)
command.add_command(destinations.command)


@command.command()
@url_option("Address of the service.")
@api_key_option
@click.option("--watch", is_flag=True, help=f"Again every {WATCH_SECONDS:g} seconds, until Ctrl-C.")
def status(url: str, api_key: str | None, watch: bool) -> None:
    """Show the status report of a running service."""
    with plain_errors():
        try:
            asyncio.run(_show_report(url, api_key, watch=watch))
        except KeyboardInterrupt:
            echo()  # the prompt is not to follow the report's last line


async def _show_report(url: str, api_key: str | None, *, watch: bool) -> None:
    async with ServiceClient(url, api_key) as client:
        while True:
            try:
                report = await client.report()
            except ServiceError as error:
                if not watch:
                    raise
                again = translate("Trying again …")  # it may be starting anew
                report = f"{translate(str(error))}\n{again}"
            if watch:
                click.clear()  # nothing if the output is no terminal
            echo(report)
            if not watch:
                return
            await asyncio.sleep(WATCH_SECONDS)


@command.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands and flags in a shell.

    For example: eval "$(notifier completion bash)"
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"nothing is known of the shell {shell}")
    click.echo(complete(command, {}, "notifier", "_NOTIFIER_COMPLETE").source())  # noqa: TID251 - a script, as it is


@command.command()
@url_option("Address of the service, if one runs.")
@click.pass_context
def doctor(context: click.Context, url: str) -> None:
    """Check settings, Kafka and destinations.

    Nothing is sent or changed. Exit status 1 when anything is at fault.
    """
    try:
        loaded = load_from_process()
    except SettingsError as error:
        _show(Verdict.FAIL, "settings", f"{error}. Put this right, then check again.")
        context.exit(1)
    _show_settings(loaded)
    faults = asyncio.run(_examine(loaded, url))
    echo()
    if faults:
        say(f"{faults} of the checks failed.")
        context.exit(1)
    say("Nothing is at fault.")


async def _examine(loaded: LoadedSettings, url: str) -> int:
    secrets = loaded.secret_values()
    faults = 0
    async for finding in examine(loaded, url):
        faults += finding.verdict is Verdict.FAIL
        _show(finding.verdict, finding.subject, scrub(finding.text, secrets))
    return faults


def _show(verdict: Verdict, subject: str, text: str) -> None:
    mark, what = (
        pad(translate(verdict.value), _MARK_WIDTH),
        label(translate(subject), _SUBJECT_WIDTH),
    )
    echo(f"{mark}  {what} {visible_line(translate(text))}")


def _show_settings(loaded: LoadedSettings) -> None:
    rows = loaded.describe()
    names, values = (max(width_of(row[column]) for row in rows) for column in (0, 1))
    for name, value, source in rows:
        echo(f"{name:<{names}}  {pad(value, values)}  {_source(source)}")
    echo()


def _source(source: str) -> str:
    """Return where a setting came from, in words."""
    kind, _, name = source.partition(" ")
    kinds = {
        DEFAULT: translate("default"),
        ENVIRONMENT: translate("environment"),
        FLAG: translate("flag"),
    }
    return f"{kinds.get(kind, kind)} {name}".rstrip()


def main() -> None:
    """Run the command."""
    run(command)
