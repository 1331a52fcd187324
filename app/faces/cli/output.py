"""Shared by the commands: one-line errors, no stray log lines, common flags."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from app.edges.channels import CHANNELS
from app.edges.service_client import DEFAULT_TIMEOUT, DEFAULT_URL, ServiceClient
from app.faces.cli.wording import speak_as_set, worded
from app.language.speaking import translate
from app.policies.channels import Channels
from app.policies.redaction import scrub, veil
from app.policies.texts.visible import visible
from app.values.errors import NotifierError

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

PACKAGE = "notification-worker"
INTERRUPTED = 130
"""The exit status that shells give to what Ctrl-C ended."""
_SECRETS = Channels(CHANNELS).secrets
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

version_option = click.version_option(package_name=PACKAGE)
api_key_option = click.option(
    "--api-key",
    envvar="NOTIFIER_API_KEY",
    show_envvar=True,
    metavar="KEY",
    help="API key of the service, if it wants one.",
)


def url_option(help_text: str) -> Callable[[Command], Command]:
    """Return the flag that names a running service."""
    return click.option(
        "--url",
        default=DEFAULT_URL,
        envvar="NOTIFIER_URL",
        show_default=True,
        show_envvar=True,
        metavar="URL",
        help=help_text,
    )


def run(command: click.Command) -> None:
    """Run a command as a process's main function; it ends the process.

    Libraries' log lines go nowhere unless the command sets up logging: each fault is told once.
    """
    logging.getLogger().addHandler(logging.NullHandler())
    speak_as_set(command)
    try:
        status = command.main(standalone_mode=False)
    except click.ClickException as error:
        worded(error).show()
        status = error.exit_code
    except click.Abort:
        say("Aborted!", err=True)
        status = 1
    sys.exit(status)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn this service's errors into one line on standard error and exit status 1."""
    try:
        yield
    except NotifierError as error:
        raise click.ClickException(visible(translate(scrub(str(error), _SECRETS)))) from error


def asked(
    url: str,
    api_key: str | None,
    question: Callable[[ServiceClient], Awaitable[T]],
    timeout: float = DEFAULT_TIMEOUT,
) -> T:
    """Ask a running service; its errors are one line, as in ``plain_errors``."""

    async def ask() -> T:
        async with ServiceClient(url, api_key, timeout=timeout) as client:
            return await question(client)

    with plain_errors():
        return asyncio.run(ask())


def say(text: str, *, err: bool = False) -> None:
    """Print a sentence of the command's own, in the language in force.

    Args:
        text: In English, its values in it.
    """
    echo(translate(text), err=err)


def echo(text: str = "", *, err: bool = False) -> None:
    """Print a line, wherever it comes from: secrets are hidden, what steers terminals is seen.

    Args:
        text: Without the line break at its end.
        err: To standard error.
    """
    click.echo(visible(veil(text, _SECRETS)), err=err)
