"""How many attempts were made and how long they took, over the last hour."""

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """What happened within a few seconds.

    Attributes:
        at: When they began, ISO 8601, UTC.
        attempts: Attempts that a destination was asked with.
        accepted: Those of them that it accepted.
        latency_ms_p50, latency_ms_p95: Milliseconds that it took, right to a tenth; None without
            any attempt.
    """

    at: str
    attempts: int
    accepted: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None


class Rates(msgspec.Struct, frozen=True):
    """The answer of ``GET /rates``, oldest first.

    Attributes:
        seconds: How long each of them is.
    """

    seconds: int
    rates: tuple[Rate, ...]
