"""The counts (docs/contract.md#counts). The books balance by construction."""

from collections.abc import Mapping
from enum import StrEnum

from app.values.snapshot import Counts

MAX_DESTINATIONS = 1000
MAX_CHANNELS = 50
LONGEST_CHANNEL = 50
OTHER_CHANNELS = "other channels"
"""For names that are no channel of this service: producers may write anything."""
OTHERS = "other destinations"
"""The counts of further destinations share this name, so that memory stays bounded."""


class Verdict(StrEnum):
    """The final result of a notification."""

    SENT = "sent"
    FAILED = "failed"
    PARTIAL = "partial"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


def verdict(*, delivered: int, failed: int, expired: int) -> Verdict:
    """Judge a notification by its targets; ``failed`` counts those refused or given up.

    A notification without targets was for inactive users alone: nothing had to be sent.
    """
    if delivered:
        return Verdict.PARTIAL if failed or expired else Verdict.SENT
    if failed:
        return Verdict.FAILED
    return Verdict.EXPIRED if expired else Verdict.SUPPRESSED


class TargetCounts:
    """Targets of one channel or destination, by their results.

    Attributes:
        channel: The channel that serves it.
    """

    __slots__ = ("channel", "expired", "failed", "retried", "sent")

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.sent = 0
        self.failed = 0
        self.expired = 0
        self.retried = 0

    def frozen(self) -> Counts:
        """Return the counts as a value."""
        return Counts(
            messages_sent=self.sent,
            messages_failed=self.failed,
            messages_expired=self.expired,
            messages_retried=self.retried,
        )


class Statistics:
    """Counts since the process started. ``consumed`` is the sum of its parts, never its own."""

    def __init__(self) -> None:
        self.settled: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
        self.retried = 0
        self.adjusted = 0
        self.deferred = 0
        self.dead_lettered = 0
        self.duplicate = 0
        self.skipped = 0
        self.missed = 0
        self.vanished = 0
        self.last_message_time: float | None = None
        self.channels: dict[str, TargetCounts] = {}
        self.destinations: dict[str, TargetCounts] = {}

    @property
    def consumed(self) -> int:
        """Notifications taken and settled."""
        return sum(self.settled.values())

    @property
    def success_rate(self) -> float | None:
        """Sent / consumed, or None before the first."""
        consumed = self.consumed
        return self.settled[Verdict.SENT] / consumed if consumed else None

    def settle(self, outcome: Verdict, now: float) -> None:
        """Count one notification that is settled for good, at ``now`` (seconds, epoch)."""
        self.settled[outcome] += 1
        self.last_message_time = now

    def channel(self, name: str) -> TargetCounts:
        """Return the counts of a channel, made on first use while there is room."""
        found = self.channels.get(name)
        if found is None:
            if len(self.channels) >= MAX_CHANNELS or len(name) > LONGEST_CHANNEL:
                name = OTHER_CHANNELS
            found = self.channels.setdefault(name, TargetCounts(name))
        return found

    def destination(self, label: str, channel: str) -> TargetCounts:
        """Return the counts of a destination, made on first use while there is room.

        Args:
            label: The destination's redacted address.
            channel: The channel that serves it.
        """
        found = self.destinations.get(label)
        if found is None:
            if len(self.destinations) >= MAX_DESTINATIONS:
                label, channel = OTHERS, ""
            found = self.destinations.setdefault(label, TargetCounts(channel))
        return found


def frozen(counts: Mapping[str, TargetCounts]) -> dict[str, Counts]:
    """Return counts by name as values."""
    return {name: count.frozen() for name, count in counts.items()}
