"""How often a login that was refused is tried again."""

PAUSES = (60.0, 300.0, 900.0)
"""Seconds after the first refusal in a row, the second, and every further one.

Servers lock accounts after five to ten logins with a wrong password within some ten minutes.
"""


class LoginPauses:
    """Keeps logins apart that a server refuses. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._refusals = 0
        self._until = 0.0
        self.said = ""  # the server's words when it last refused one

    def wait(self, now: float) -> float:
        """Return the seconds until the next login may be tried."""
        return max(self._until - now, 0.0) if self._refusals else 0.0

    def refused(self, said: str, now: float) -> None:
        """Note a refusal, and the server's words."""
        self._until = now + PAUSES[min(self._refusals, len(PAUSES) - 1)]
        self._refusals += 1
        self.said = said

    def forget(self) -> None:
        """Forget the refusals: a login was accepted, or somebody says that it will be."""
        self._refusals = 0
