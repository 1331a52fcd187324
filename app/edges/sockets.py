"""Finds the sockets of this process that listen for connections."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")


def bound_hosts() -> Iterator[str]:
    """Yield the addresses that this process's stream sockets are bound to, or Unix sockets' paths.

    A server's parent process binds and hands on what the server listens at later (gunicorn, uvicorn
    with workers, systemd), so sockets that do not listen yet count as well. Connections do not.
    """
    for each in _OPEN_FILES.iterdir():
        with suppress(OSError):  # closed since, the list itself for one
            if (host := _bound_host(int(each.name))) is not None:
                yield host


def _bound_host(number: int) -> str | None:
    if not stat.S_ISSOCK(os.fstat(number).st_mode):
        return None
    with socket.socket(fileno=os.dup(number)) as found:
        if found.type != socket.SOCK_STREAM or _is_connected(found):
            return None
        name = found.getsockname()
        if isinstance(name, tuple):
            return str(name[0]) if name[1] else None
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return os.fsdecode(name) if listens and found.family == socket.AF_UNIX else None


def _is_connected(found: socket.socket) -> bool:
    try:
        found.getpeername()
    except OSError:
        return False
    return True
