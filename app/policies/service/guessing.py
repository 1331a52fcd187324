"""When somebody seems to guess keys. Pure: addresses and times in, decisions out."""

import ipaddress
import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

MOST = 10
"""Wrong keys within ``WINDOW`` that an address has free."""
WINDOW = 60.0
DELAY = 1.0
"""Seconds that the answer to every further one takes."""
REMEMBERED = 1000
"""Addresses that are remembered; somebody with more of them is not slowed down by this rule."""
_IPV6_NETWORK = 64  # bits; what one customer is given


class Verdict(NamedTuple):
    """The answer to a wrong key."""

    delay: float  # seconds until it is answered
    is_news: bool  # whether the log is to say so: once a minute for each address
    source: str  # the address, or its network


@dataclass(slots=True)
class _Guesses:
    times: deque[float] = field(default_factory=lambda: deque(maxlen=MOST))
    told_at: float = -math.inf


class Guesses:
    """Wrong keys of the last minute by address; bounded in memory."""

    def __init__(self) -> None:
        self._known: dict[str, _Guesses] = {}

    def add(self, address: str | None, now: float) -> Verdict:
        """Note a wrong key.

        Args:
            address: Whose, or None if that is not known (a Unix socket).
            now: Seconds that never jump.
        """
        source = _source(address)
        known = self._known.pop(source, None) or _Guesses()
        self._known[source] = known  # the one that guessed last is forgotten last
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        too_many = len(known.times) == MOST and now - known.times[0] < WINDOW
        known.times.append(now)
        is_news = too_many and now - known.told_at >= WINDOW
        if is_news:
            known.told_at = now
        return Verdict(DELAY if too_many else 0.0, is_news, source)


def _source(address: str | None) -> str:
    """Return the key for one sender: an IPv6 address can be another one for every request."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "a Unix socket"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), _IPV6_NETWORK), strict=False))
