"""How often Discord may be asked.

Sources: discord/discord-api-docs, developers/topics/rate-limits.mdx (headers, global limit,
invalid requests, bans). A webhook's own limit is documented nowhere ("rate limits should not be
hard coded"); 5 in 2 seconds is Discord's word in discord/discord-api-docs#367 ("it should be
reporting 5/2, the 30/60 was added as a limit to the channel itself") and what
birdie0.github.io/discord-webhooks-guide/other/rate_limits.html observes, failed requests included.
The channel's 30 in 60 seconds showed in 2021 as a 429 of 40 seconds and more after 30 messages with
the headers of the webhook's own limit (discord/discord-api-docs#4043), answered by Discord: "the
Retry-After header acts as an override".
"""

import math
from collections import deque
from dataclasses import dataclass

INVALID = frozenset({401, 403, 429})


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """What the stand-in enforces."""

    webhook: Rate = Rate(5, 2.0)  # for each id and token
    # for all webhooks of one channel together; None: no such limit
    channel: Rate | None = Rate(30, 60.0)
    everything: Rate = Rate(50, 1.0)  # for one client, as the global limit
    # so many 401, 403 and 429 answers (but those of a shared limit) bring a ban
    invalid: Rate = Rate(10_000, 600.0)
    ban: float = 3600.0  # seconds; an hour by discord/discord-api-docs#5385
    # A longer body is answered 413. The least that anybody reported as a limit, for files
    # (discord/discord-api-docs#6058); none is known for JSON.
    request_bytes: int = 8 * 1024 * 1024


class Window:
    """A window that opens with its first request and lets so many through until it closes."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._opened = -math.inf
        self._taken = 0

    def take(self, now: float) -> float:
        """Count a request; return 0, or the seconds until one would be taken."""
        if now >= self._opened + self.rate.seconds:
            self._opened, self._taken = now, 0
        if self._taken >= self.rate.requests:
            return self.reset_after(now)
        self._taken += 1
        return 0.0

    @property
    def remaining(self) -> int:
        """Return how many more the window takes."""
        return self.rate.requests - self._taken

    def reset_after(self, now: float) -> float:
        """Return the seconds until the window closes."""
        return self._opened + self.rate.seconds - now


class Bans:
    """Counts invalid requests and bans whoever makes too many."""

    def __init__(self, rate: Rate, seconds: float) -> None:
        self._rate = rate
        self._seconds = seconds
        self._times: deque[float] = deque()
        self._until = -math.inf

    def left(self, now: float) -> float:
        """Return the seconds that a ban still lasts, or 0."""
        return max(self._until - now, 0.0)

    def note(self, now: float) -> None:
        """Count an invalid request; the last one that is allowed brings the ban."""
        self._times.append(now)
        while self._times[0] <= now - self._rate.seconds:
            self._times.popleft()
        if len(self._times) >= self._rate.requests:
            self._until = now + self._seconds
            self._times.clear()
