"""``start-notification-worker``: the worker and its control plane in one process."""

from importlib.metadata import version

import click

from app.faces.cli.listening import (
    DEFAULT,
    Listener,
    ListenError,
    listen,
    listen_by_default,
    parse_endpoint,
)
from app.faces.cli.output import CONTEXT, PACKAGE, echo, plain_errors, run, version_option
from app.faces.cli.serving import serve
from app.settings.checks import check_bind
from app.settings.load import LoadedSettings, load_from_process
from app.settings.models import Settings, env_name

STATUS_INTERVAL = 60


@click.command(context_settings=CONTEXT)
@click.option(
    "--group-id",
    metavar="NAME",
    show_default="notification_worker_group",
    help="Consumer group id. Workers of one group share the work.",
)
@click.option(
    "--auto-offset",
    metavar="[earliest|latest]",
    show_default="earliest",
    help="Where a group without any offsets starts.",
)
@click.option(
    "--status-interval",
    metavar="SECONDS",
    show_default=str(STATUS_INTERVAL),
    help="Seconds between status reports on standard output; 0 for none.",
)
@click.option(
    "--initial-delay",
    metavar="SECONDS",
    show_default="5",
    help="Seconds before the first status report.",
)
@click.option(
    "--http",
    metavar="HOST:PORT",
    show_default="127.0.0.1:8000, or the next free port",
    help="Where the status page and the API are served.",
)
@click.option("--no-http", is_flag=True, help="Serve no status page and no API.")
@click.option("--debug", is_flag=True, help="Log in detail.")
@version_option
def command(
    group_id: str | None,
    auto_offset: str | None,
    status_interval: str | None,
    initial_delay: str | None,
    http: str | None,
    no_http: bool,
    debug: bool,
) -> None:
    """Consume notifications from Kafka and deliver them, until Ctrl-C or SIGTERM.

    What no flag says comes from NOTIFIER_… variables, .env and ~/.ginkgo/config.yaml; "notifier
    doctor" shows all settings and where each came from.
    """
    if http is not None and no_http:
        raise click.UsageError("--http and --no-http exclude each other")
    flags = {
        "kafka.group_id": group_id,
        "kafka.auto_offset_reset": auto_offset,
        "report.interval": status_interval,
        "report.initial_delay": initial_delay,
        "log.level": "DEBUG" if debug else None,
    }
    with plain_errors():
        loaded = load_from_process(flags, defaults={"report.interval": STATUS_INTERVAL})
        listener = _listener(loaded.settings, http, no_http=no_http)
        _announce(loaded, listener, asked=http is not None)
        serve(loaded, [listener.socket] if listener else [])


def _listener(settings: Settings, http: str | None, *, no_http: bool) -> Listener | None:
    alone = settings.kafka.embedded
    if no_http:
        if alone:
            raise ListenError(
                "--no-http: the embedded broker is of no use without the status page and the API;"
                f" name a Kafka broker in {env_name('kafka.bootstrap_servers')}"
            )
        return None
    if http is None:
        return listen_by_default(alone=alone)
    endpoint = parse_endpoint(http)
    check_bind(settings, endpoint.host)
    return listen(endpoint, alone=alone)


def _announce(loaded: LoadedSettings, listener: Listener | None, *, asked: bool) -> None:
    kafka = loaded.settings.kafka
    topics = ", ".join(kafka.topics)
    echo(f"Notification worker {version(PACKAGE)}: group {kafka.group_id}, topics {topics}")
    if listener is not None:
        moved = not asked and listener.endpoint != DEFAULT
        reason = f" (port {DEFAULT.port} is taken)" if moved else ""
        echo(f"Status page: {listener.endpoint.url}/{reason}")


def main() -> None:
    """Run the command."""
    run(command)
