"""Hosts: what holds for everything on one of them, whichever its destination."""

from typing import Final, TypeVar
from urllib.parse import urlsplit

from app.policies.limits.pacing import InvalidRequests
from app.values.channel import RefusalLimit
from app.values.delivery import Destination

MOST: Final = 10_000
"""Hosts of which it is remembered that they are to be left alone, or have refused requests."""

T = TypeVar("T")


class Hosts:
    """Remembers until when hosts are to be left alone, and how many requests they have refused.

    All times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._refused: dict[str, InvalidRequests] = {}
        self._held_until: dict[str, float] = {}

    def held_until(self, host: str) -> float:
        """Return until when a host is to be left alone; 0 if it is not."""
        return self._held_until.get(host, 0.0)

    def hold(self, host: str, until: float) -> None:
        """Leave a host alone until then, at least."""
        _remember(self._held_until, host, max(until, self._held_until.get(host, until)))

    def refused(self, host: str, limit: RefusalLimit, now: float) -> float:
        """Count a request that a host refused; return the seconds to send it nothing for."""
        refused = self._refused.get(host)
        if refused is None:
            refused = InvalidRequests(limit)
            _remember(self._refused, host, refused)
        return refused.refused(now)

    def forget(self, now: float) -> None:
        """Forget what is over."""
        self._refused = {host: each for host, each in self._refused.items() if not each.idle(now)}
        self._held_until = {host: end for host, end in self._held_until.items() if end > now}


def host_of(destination: Destination) -> str:
    """Return the host of a destination, with its port."""
    return urlsplit(destination.address).netloc


def name_of(host: str) -> str:
    """Return a host without its port."""
    name, _, port = host.rpartition(":")
    return name.strip("[]") if name and port.isdigit() else host.strip("[]")


def _remember(table: dict[str, T], host: str, value: T) -> None:
    """Keep what is known of a host, of a bounded number of hosts."""
    table.pop(host, None)
    if len(table) >= MOST:
        del table[next(iter(table))]
    table[host] = value
