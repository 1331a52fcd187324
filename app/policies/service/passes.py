"""Passes: what a worker shows another one when it asks about a notification. Pure.

A pass holds no key, and opens nothing but the one answer that it was made for, for a minute or two:
where to ask is what the control topic says, and whoever may write there must not be handed more.
"""

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "x-notifier-worker"
"""Where it stands; who sends it is told what this worker holds, and no other worker is asked."""
LIFETIME = 120
"""Seconds; the clocks of two machines differ."""
_LONGEST = 100
"""Characters of a pass that are looked at."""


class Passes:
    """Makes and checks passes; workers with the same keys take each other's.

    Args:
        digests: SHA-256 of every key.
    """

    def __init__(self, digests: Iterable[bytes]) -> None:
        self._secret = hashlib.sha256(b"worker\0" + b"".join(sorted(digests))).digest()

    def issue(self, path: str, now: float) -> str:
        """Return a pass for one ``GET``.

        Args:
            path: What is asked for, without its percent-encoding.
            now: Seconds since the epoch.
        """
        expires = int(now) + LIFETIME
        return f"{expires}.{self._sign(expires, path)}"

    def admit(self, given: str, path: str, now: float) -> bool:
        """Say whether a pass is good for a path now."""
        expires, _, signature = given[:_LONGEST].partition(".")
        if not (expires.isascii() and expires.isdecimal()):
            return False
        wanted = self._sign(int(expires), path)
        is_ours = hmac.compare_digest(signature.encode(errors="replace"), wanted.encode())
        return is_ours and now < int(expires) <= now + 2 * LIFETIME

    def _sign(self, expires: int, path: str) -> str:
        said = f"{expires}\0{path}".encode(errors="backslashreplace")
        return hmac.new(self._secret, said, "sha256").hexdigest()
