"""``start-notification-worker``: the worker and its control plane in one process."""

import math
import socket
from importlib.metadata import version
from types import FrameType

import click
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.faces.cli.listening import (
    DEFAULT,
    Listener,
    ListenError,
    listen,
    listen_by_default,
    parse_endpoint,
)
from app.faces.cli.output import CONTEXT, PACKAGE, plain_errors, run, say, version_option
from app.main import create_app
from app.settings.checks import check_bind
from app.settings.load import LoadedSettings, load_from_process
from app.settings.models import Settings, env_name
from app.values.errors import NotifierError

STATUS_INTERVAL = 60
_AFTER_DRAIN_SECONDS = 5


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
    help="Where a group without offsets begins.",
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
    help="Address of the status page and the API.",
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

    Other settings come from NOTIFIER_… variables, .env and ~/.ginkgo/config.yaml; "notifier
    doctor" shows all of them with their sources.
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
    say(f"Notification worker {version(PACKAGE)}: group {kafka.group_id}, topics {topics}")
    if listener is not None:
        moved = not asked and listener.endpoint != DEFAULT
        reason = f" (port {DEFAULT.port} is taken)" if moved else ""
        say(f"Status page: {listener.endpoint.url}/{reason}")


class StartError(NotifierError):
    """The service did not start; the text says why."""


def serve(loaded: LoadedSettings, sockets: list[socket.socket]) -> None:
    """Run the service; return after a graceful stop.

    Args:
        sockets: The control plane listens on them; without any, the worker runs alone.

    Raises:
        StartError: It did not start.
    """
    settings = loaded.settings
    app = _WatchedStart(create_app(lambda: loaded))
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,  # the service's own logging takes uvicorn's lines over
        access_log=settings.log.level == "DEBUG",
        timeout_graceful_shutdown=math.ceil(settings.worker.drain_timeout) + _AFTER_DRAIN_SECONDS,
    )
    try:
        _Server(config).run(sockets=sockets)
    except SystemExit:
        raise StartError(app.failure) from None


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Stop, and no more: uvicorn would raise the signal again in the end, and die of it."""
        self.should_exit = True


class _WatchedStart:
    """Keeps the application's error if it cannot start: uvicorn itself would only log it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.failure = "the service did not start"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                self.failure = message["message"]
            await send(message)

        await self._app(scope, receive, watched if scope["type"] == "lifespan" else send)


def main() -> None:
    """Run the command."""
    run(command)
