"""How a worker works: values that the composition root takes from the settings."""

from collections.abc import Mapping
from typing import Final

import msgspec

from app.engine.group.subscription import Subscription
from app.policies.limits.retry import RetryPolicy

SILENCE: Final = 60.0
"""Seconds without an answer after which the bootstrap addresses are asked again."""


class WorkerOptions(msgspec.Struct, frozen=True):
    """How a worker works."""

    subscription: Subscription
    max_in_flight: int  # notifications taken and not settled at most
    drain_timeout: float  # seconds a stop waits for started deliveries
    retry: RetryPolicy
    concurrency: Mapping[str, int]  # requests under way per destination, by channel name
    # seconds without an answer after which the bootstrap addresses are asked again
    silence: float = SILENCE
    # seconds after which a notification without a lifetime of its own is too old to be taken
    # up; 0 for never
    default_ttl: float = 0.0
