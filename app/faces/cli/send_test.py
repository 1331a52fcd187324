"""``send-test-notification``: test messages, as the original's sender made them."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime

import click
from click.core import ParameterSource

from app.configured import mail_server_of
from app.edges.channels import CHANNELS
from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceAbsentError
from app.engine.addresses import Addresses
from app.faces.cli.output import (
    CONTEXT,
    INTERRUPTED,
    api_key_option,
    echo,
    plain_errors,
    run,
    say,
    url_option,
    version_option,
)
from app.faces.cli.sending import Send, Tally, send_all, through_service, to_kafka
from app.language.speaking import translate
from app.policies.channels import Channels
from app.policies.parsing import parse
from app.policies.routing import Defaults, route
from app.policies.texts.test_messages import Kind, test_message
from app.settings.load import LoadedSettings, broker_line, load_from_process
from app.settings.models import Settings, env_name
from app.values.errors import (
    KafkaUnavailableError,
    NotifierError,
    RecipientsFileError,
    SettingsError,
    TemplateError,
)

_RULE = "=" * 60
_INBOX = Defaults("http://inbox.invalid/", ("inbox@localhost",), "smtp://inbox.invalid:25")


@click.command(context_settings={**CONTEXT, "show_default": True})
@click.option(
    "--type",
    "kind",
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.WEBHOOK.value,
    help="webhook (Discord), email, multi (several channels), trading (a signal) or alert.",
)
@click.option("--count", type=click.IntRange(min=1), default=5, help="How many to send.")
@click.option(
    "--delay", type=click.FloatRange(min=0), default=1.0, help="Seconds between two messages."
)
@click.option(
    "--topic",
    metavar="NAME",
    show_default=f"the first of {env_name('kafka.topics')}",
    help="Kafka topic.",
)
@url_option("Running service to publish through: when the broker is embedded, or when given.")
@api_key_option
@version_option
@click.pass_context
def command(
    context: click.Context,
    kind: str,
    count: int,
    delay: float,
    topic: str | None,
    url: str,
    api_key: str | None,
) -> None:
    """Send test notifications: straight to Kafka, or through the running service.

    Exit status 1 when Kafka cannot be reached or any message failed.
    """
    with plain_errors():
        loaded = load_from_process()
        url_given = context.get_parameter_source("url") is ParameterSource.COMMANDLINE
        if loaded.settings.kafka.embedded or url_given:
            _refuse_topic(topic)
            sender = through_service(url, api_key)
            sending = f"Sending {kind} messages through {url}: {count:,}"
        else:
            topic = topic or loaded.settings.kafka.topics[0]
            sender = to_kafka(loaded.settings.kafka, topic)
            sending = f"Sending {kind} messages to the topic {topic}: {count:,}"
            say(broker_line(loaded))
        if warning := missing_destination(loaded.settings, Kind(kind)):
            echo(f"{translate('Warning')}: {translate(warning)}", err=True)
        say(sending)
        try:
            tally, interrupted = _send(sender, Kind(kind), count, delay)
        except NotifierError as error:
            raise click.ClickException(f"{error}. {_remedy(error, loaded)}") from error
    echo(f"{_RULE}\n{tally.summary()}\n{_RULE}")
    if interrupted:
        context.exit(INTERRUPTED)
    if tally.last_error is not None:
        left = count - tally.total
        counts = f"{tally.failed} of {tally.total} failed"
        if left:
            counts = f"{counts} and {left} were not tried"
        remedy = _remedy(tally.last_error, loaded)
        raise click.ClickException(f"{counts}: {tally.last_error}. {remedy}")


def missing_destination(settings: Settings, kind: Kind) -> str | None:
    """Say that nothing takes test messages of a type, by the settings here; else None."""
    defaults = _defaults(settings)
    try:
        addresses = Addresses(
            settings.recipients_file, settings.templates_dir, defaults, Channels(CHANNELS)
        )
    except (RecipientsFileError, TemplateError) as error:
        return str(error)
    now = datetime.now().astimezone()
    notification = parse(
        test_message(kind, 1, "test", now),
        timestamp=now.timestamp(),
        recipients=addresses.recipients,
        templates=addresses.templates,
        channels=addresses.channels,
    )
    routed = route(notification, defaults, addresses.channels, source="test", digest=b"")
    if not routed.unroutable:
        return None
    reasons = "; ".join(f"{target.channel}: {reason}" for target, reason in routed.unroutable)
    names = ", ".join(map(env_name, ("webhook.default_url", "email.host", "email.default_to")))
    return (
        f"by the settings here some targets have no destination ({reasons}) and go to the dead"
        f" letters; see {names}"
    )


def _defaults(settings: Settings) -> Defaults:
    """Return the default destinations of a service with these settings."""
    inbox = _INBOX if settings.inbox else Defaults()
    url = settings.webhook.default_url
    server = mail_server_of(settings.email)
    return Defaults(
        webhook_url=url.get_secret_value() if url else inbox.webhook_url,
        email_to=settings.email.default_to or (() if server else inbox.email_to),
        smtp=server.address if server else inbox.smtp,
    )


def _refuse_topic(topic: str | None) -> None:
    if topic is not None:
        raise SettingsError(
            "--topic: a service publishes to its own topic; to choose another, name a Kafka broker"
            f" in {env_name('kafka.bootstrap_servers')}"
        )


def _send(
    sender: AbstractAsyncContextManager[Send], kind: Kind, count: int, delay: float
) -> tuple[Tally, bool]:
    """Send; return the account, and whether Ctrl-C ended it."""
    tally = Tally()

    async def sending(show: Callable[[str], None]) -> None:
        async with sender as send:
            await send_all(send, kind, count, delay, tally, show)

    with _progress(count, tally) as show:
        try:
            asyncio.run(sending(show))
        except KeyboardInterrupt:
            return tally, True
    return tally, False


@contextmanager
def _progress(count: int, tally: Tally) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows progress: a bar on a terminal, lines elsewhere."""
    if not sys.stdout.isatty():
        yield lambda text: echo(f"[{tally.total}/{count}] {text}")
        return
    with click.progressbar(length=count, show_pos=True) as bar:
        yield lambda _: bar.update(1)


def _remedy(error: NotifierError, loaded: LoadedSettings) -> str:
    broker = env_name("kafka.bootstrap_servers")
    match error:
        case ServiceAbsentError():
            return f"Start start-notification-worker, or name a Kafka broker in {broker}."
        case ServiceError():
            return "'notifier status' shows how the service is."
        case KafkaUnavailableError():
            source = loaded.sources["kafka.bootstrap_servers"]
            return f"Check that Kafka runs and that {broker} (from {source}) names it."
        case _:
            return "'notifier doctor' shows what is missing."


def main() -> None:
    """Run the command."""
    run(command)
