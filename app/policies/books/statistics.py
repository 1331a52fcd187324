"""The counts (docs/contract.md#counts). The books balance by construction."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from heapq import nsmallest

from app.policies.books.pauses import destination_id
from app.values.delivery import Destination
from app.values.snapshot import Counts

MAX_DESTINATIONS = 4000
FOLDED_AT_ONCE = 64
MAX_CHANNELS = 50
LONGEST_CHANNEL = 50
OTHER_CHANNELS = "other channels"
"""For names that are no channel of this service: producers may write anything."""
OTHERS = "other destinations"
"""If there are more destinations, those that were asked longest ago are counted together under this
name, so that memory stays bounded."""
_NOBODY = Destination("", "", OTHERS)
_SLOT_SECONDS = 300
_SLOTS = 12
"""Of an hour."""


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
    """Targets of one channel or destination, by their results."""

    __slots__ = ("channel", "expired", "failed", "retried", "sent")

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.sent = 0
        self.failed = 0
        self.expired = 0
        self.retried = 0

    def take_in(self, other: "TargetCounts") -> None:
        """Count another one's targets here, too."""
        self.sent += other.sent
        self.failed += other.failed
        self.expired += other.expired
        self.retried += other.retried

    def frozen(self) -> Counts:
        """Return the counts as a value."""
        return Counts(
            messages_sent=self.sent,
            messages_failed=self.failed,
            messages_expired=self.expired,
            messages_retried=self.retried,
        )


class _Slot:
    """Attempts within some minutes."""

    __slots__ = ("accepted", "attempts", "key")

    def __init__(self, key: int) -> None:
        self.key = key
        self.attempts = 0
        self.accepted = 0


class DestinationCounts(TargetCounts):
    """Targets of one destination, and what it last said.

    Attributes:
        deferred: Targets that were deferred to a retry topic, each counted once.
        last_error: What it last said when that was not yes, or None.
        last_error_at, last_success_at: Seconds since the epoch, or None.
    """

    __slots__ = (
        "_hour",
        "_slot",
        "_slot_ends",
        "deferred",
        "destination",
        "id",
        "last_error",
        "last_error_at",
        "last_success_at",
    )

    def __init__(self, destination: Destination) -> None:
        super().__init__(destination.channel)
        self.destination = destination
        self.id = destination_id(destination)
        self.deferred = 0
        self.last_error: str | None = None
        self.last_error_at: float | None = None
        self.last_success_at: float | None = None
        self._hour: deque[_Slot] = deque(maxlen=_SLOTS)
        self._slot = _Slot(0)
        self._slot_ends = 0.0

    @property
    def last_asked(self) -> float:
        """When it was last asked, in seconds since the epoch; 0 if it never was."""
        return max(self.last_error_at or 0.0, self.last_success_at or 0.0)

    def asked(self, now: float, error: str | None) -> None:
        """Note an attempt that ended at ``now`` (seconds since the epoch); no error is a yes."""
        if now >= self._slot_ends:
            key = int(now) // _SLOT_SECONDS
            self._slot, self._slot_ends = _Slot(key), (key + 1.0) * _SLOT_SECONDS
            self._hour.append(self._slot)
        self._slot.attempts += 1
        if error is None:
            self.last_success_at = now
            self._slot.accepted += 1
        else:
            self.last_error, self.last_error_at = error, now

    def last_hour(self, now: float) -> tuple[int, int]:
        """Return the attempts of about the last hour, and how many of them were accepted."""
        oldest = int(now) // _SLOT_SECONDS - _SLOTS + 1
        slots = [slot for slot in self._hour if slot.key >= oldest]
        return sum(slot.attempts for slot in slots), sum(slot.accepted for slot in slots)


class Statistics:
    """Counts since the process started. ``consumed`` is the sum of its parts, never its own."""

    def __init__(self) -> None:
        self.settled: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
        self.retried = 0
        self.fallback = 0
        self.adjusted = 0
        self.deferred = 0
        self.dead_lettered = 0
        self.duplicate = 0
        self.skipped = 0
        self.missed = 0
        self.vanished = 0
        self.last_message_time: float | None = None
        self.channels: dict[str, TargetCounts] = {}
        self.destinations: dict[str, DestinationCounts] = {}

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

    def destination(self, destination: Destination) -> DestinationCounts:
        """Return the counts of a destination, made on first use."""
        found = self.destinations.get(destination.label)
        if found is None:
            if len(self.destinations) >= MAX_DESTINATIONS:
                self._fold()
            found = self.destinations[destination.label] = DestinationCounts(destination)
        return found

    def _fold(self) -> None:
        """Count those together that were asked longest ago; no count is lost."""
        others = self.destinations.pop(OTHERS, None) or DestinationCounts(_NOBODY)
        oldest = nsmallest(
            FOLDED_AT_ONCE, self.destinations.items(), key=lambda each: each[1].last_asked
        )
        for label, counts in oldest:
            del self.destinations[label]
            others.take_in(counts)
        self.destinations[OTHERS] = others


def frozen(counts: Mapping[str, TargetCounts]) -> dict[str, Counts]:
    """Return counts by name as values."""
    return {name: count.frozen() for name, count in counts.items()}
