"""Services' clocks: a signature is valid for an hour by the service's clock, not by this one."""

import logging
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import inf
from urllib.parse import urlsplit

from app.edges.http import HttpAnswer
from app.values.delivery import Target
from app.values.outcome import Outcome, Retry

TOLERANCE = 60.0
"""Seconds; a smaller difference never makes a signature wrong."""
UNDER_WAY = 60.0
"""Seconds for which requests may still be answered that were signed before that."""
MOST_HOSTS = 1000

log = logging.getLogger(__name__)


class ServiceClocks:
    """Knows how far this machine's clock differs from a service's, once that has complained."""

    def __init__(self) -> None:
        self._leads: dict[str, tuple[float, float]] = {}

    def now(self, address: str, now: float) -> float:
        """Return seconds since the epoch by the clock of an address's service, as far as known."""
        return now + self._leads[host][0] if (host := _host(address)) in self._leads else now

    def put_right(self, answer: HttpAnswer, target: Target, now: float) -> Outcome | None:
        """Learn from an answer that refuses a signature, or its time.

        Args:
            answer: Its ``Date`` header tells the service's time.
            target: Whom the request was for.
            now: Seconds since the epoch, by this machine.

        Returns:
            None if the time that was signed with was right: then the signature is wrong. Else the
            next attempt signs with the service's time.
        """
        told, host = _date_of(answer), _host(target.address)
        if told is None:
            return None
        if abs(told - self.now(target.address, now)) > TOLERANCE:
            return Retry(self._learn(host, told - now, now))
        learned_at = self._leads[host][1] if host in self._leads else -inf
        if abs(now - learned_at) < UNDER_WAY:
            return Retry(f"signed before the time of {host} was known")
        return None

    def _learn(self, host: str, lead: float, now: float) -> str:
        """Use a service's clock from now on; return a text that says so."""
        if len(self._leads) >= MOST_HOSTS:
            self._leads.clear()
        self._leads[host] = lead, now
        seconds = f"{abs(lead):,.0f}"
        remedy = (
            "requests there are signed with its time from now on; set this machine's clock (NTP)"
        )
        if lead > 0:
            said = f"this machine's clock is {seconds} s behind that of {host}; {remedy}"
        else:
            said = f"this machine's clock is {seconds} s ahead of that of {host}; {remedy}"
        log.warning(said)
        return said


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]


def _date_of(answer: HttpAnswer) -> float | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("date") or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
