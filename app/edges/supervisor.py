"""The supervisor that started the process, told as sd_notify(3) and sd_watchdog_enabled(3) say."""

import logging
import os
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)


class Supervisor:
    """Tells the supervisor how the service is; does nothing where none asks for it."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # the abstract namespace
            self._address = f"\0{self._address[1:]}"
        # seconds within which it wants to hear from the process again, or None
        self.watchdog = _watchdog(environ) if self._address else None

    @property
    def listens(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._address)

    def tell(self, *assignments: str) -> None:
        """Tell it, in one datagram.

        Args:
            assignments: ``READY=1``, ``STATUS=…``, ``WATCHDOG=1``, ``STOPPING=1``.
        """
        if not self._address:
            return
        text = "\n".join(each.replace("\n", " ") for each in assignments)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
                line.sendto(text.encode(), self._address)
        except OSError as error:
            # It says so itself, and acts, if it misses a word of the process.
            logger.debug("the supervisor could not be told %s: %s", assignments[0], error)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Return the watchdog's patience in seconds; it may be meant for another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
