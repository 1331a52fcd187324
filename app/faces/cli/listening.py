"""Opens the control plane's socket: at the port asked for, or the next free one."""

import asyncio
import errno
import re
import socket
from typing import NamedTuple

from app.edges.service_address import ServiceError
from app.edges.service_client import ServiceClient
from app.settings.models import env_name
from app.values.errors import NotifierError

_ADDRESS = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+)):(?P<port>[0-9]{1,5})"
)
_PORTS_TRIED = 100
_BACKLOG = 2048
_NOTIFIER_PATIENCE = 2.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to ask who listens everywhere


class Endpoint(NamedTuple):
    """A host, without brackets, and a port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address of its page, as seen from this machine."""
        host = _ANYWHERE.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


DEFAULT = Endpoint("127.0.0.1", 8000)


class ListenError(NotifierError):
    """The control plane cannot listen at its address; the text is one line."""


class TakenError(ListenError):
    """Somebody listens there already."""


class Listener(NamedTuple):
    """A socket that listens, and its address."""

    socket: socket.socket
    endpoint: Endpoint


def parse_endpoint(text: str) -> Endpoint:
    """Read ``HOST:PORT``; an IPv6 address stands in brackets.

    Raises:
        ListenError: It is something else.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ListenError(f"--http: {text[:100]!r} is not HOST:PORT, such as 127.0.0.1:8000")
    return Endpoint(match["ipv6"] or match["host"], int(match["port"]))


def listen(endpoint: Endpoint, *, alone: bool) -> Listener:
    """Listen there; connections wait until they are served.

    Args:
        endpoint: Port 0 means any free one.
        alone: Whether this worker's broker serves nobody else (the embedded one).

    Raises:
        TakenError: Somebody else does.
        ListenError: This cannot be listened at.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            *endpoint, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot(endpoint, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # At once: two sockets that only bind would both get the port.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise _cannot(endpoint, error) from error
        raise _taken(endpoint, alone=alone) from None
    return Listener(listener, Endpoint(endpoint.host, listener.getsockname()[1]))


def listen_by_default(*, alone: bool, default: Endpoint = DEFAULT) -> Listener:
    """Listen at the default endpoint, or at the next free port.

    Args:
        alone: Whether this worker's broker serves nobody else: then a notifier on the way is
            an error.
        default: The first port to try.

    Raises:
        ListenError: See ``listen``; none of the next hundred ports is free.
    """
    last = min(default.port + _PORTS_TRIED, 65536) - 1
    for port in range(default.port, last + 1):
        try:
            return listen(Endpoint(default.host, port), alone=alone)
        except TakenError:
            continue
    raise ListenError(f"--http: ports {default.port} to {last} of {default.host} are all taken")


def _taken(endpoint: Endpoint, *, alone: bool) -> ListenError:
    found = asyncio.run(_is_notifier(endpoint.url))
    if found and alone:
        return ListenError(
            f"a notifier is at {endpoint.url} already, and the embedded broker serves one worker:"
            f" name a Kafka broker in {env_name('kafka.bootstrap_servers')} to run several"
        )
    by = "a notifier" if found else "another program"
    return TakenError(
        f"--http: {endpoint.host}:{endpoint.port} is taken by {by}; choose another port"
    )


async def _is_notifier(url: str) -> bool:
    try:
        async with ServiceClient(url, timeout=_NOTIFIER_PATIENCE) as client:
            await client.health()
    except ServiceError:
        return False
    return True


def _cannot(endpoint: Endpoint, error: OSError) -> ListenError:
    where = f"{endpoint.host}:{endpoint.port}"
    return ListenError(f"--http: cannot listen at {where}: {error.strerror or error}")
