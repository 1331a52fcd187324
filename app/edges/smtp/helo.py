"""How this machine introduces itself to mail servers (RFC 5321, section 4.1.4)."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from functools import partial

from app.edges.lookups import Lookups
from app.policies.addresses.host_names import ascii_host

_PATIENCE = 2.0
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_FULL_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z]{_LABEL}")
_LOCAL = re.compile(r"^localhost|\.localdomain$")


async def full_name(
    name: str | None = None, look_up: Callable[[str], Awaitable[str]] | None = None
) -> str | None:
    """Return this machine's name with its domain, as ``hostname -f`` does; None if it has none.

    Args:
        name: The machine's name; the system's word when left out.
        look_up: Returns the canonical form of a name; asks the resolver when left out.
    """
    name = socket.gethostname() if name is None else name
    if (full := _full(name)) is not None:
        return full
    try:
        async with asyncio.timeout(_PATIENCE):  # the resolver could take minutes
            return _full(await (look_up or _canonical)(name))
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        return None


async def _canonical(name: str) -> str:
    kind, flags = socket.SOCK_STREAM, socket.AI_CANONNAME
    ask = partial(socket.getaddrinfo, name, None, type=kind, flags=flags)
    return (await Lookups().run(name, ask))[0][3]


def _full(name: str) -> str | None:
    """Return a name as servers take it that want a full one, or None."""
    try:
        host = ascii_host(name)
    except ValueError:
        return None
    return host if _FULL_NAME.fullmatch(host) and not _LOCAL.search(host) else None
