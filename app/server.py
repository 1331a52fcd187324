"""The server that runs this application: its addresses, and whether it may listen there."""

import signal
from collections.abc import Iterator

import uvicorn

from app.edges.own_addresses import Endpoint
from app.edges.sockets import bound_hosts
from app.settings.checks import check_bind
from app.settings.models import Settings


def serving_uvicorn() -> uvicorn.Server | None:
    """Return the uvicorn that runs this application, or None if something else does.

    It takes over the signals of the main thread before it starts the application.
    """
    server = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return server if isinstance(server, uvicorn.Server) else None


def listening_at(server: uvicorn.Server) -> Iterator[Endpoint]:
    """Yield the addresses that a server listens at; none before the application has started."""
    for each in getattr(server, "servers", ()):
        for opened in each.sockets:
            name = opened.getsockname()
            if isinstance(name, tuple):  # else it is a Unix socket
                yield name[0], name[1]


def check_open(settings: Settings, server: uvicorn.Server | None) -> None:
    """Refuse a control plane in production that others can reach without a key.

    Raises:
        SettingsError: See ``check_bind``.
    """
    hosts = set(bound_hosts())
    if server is not None:
        # None is uvicorn's word for every address.
        hosts.add(server.config.uds or server.config.host or "")
    for host in sorted(hosts):
        check_bind(settings, host)
