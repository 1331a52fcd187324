"""The page's content, gathered once for each request."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from app.faces.dashboard.dead_letters import LatestDeadLetters
from app.faces.dashboard.flashes import Flash
from app.faces.dashboard.fleet import FleetRows
from app.faces.glance import (
    SHUT,
    attention_to,
    mode_of,
    most_lag_first,
    partitions_of,
    signal_of,
)
from app.faces.ports import AttemptLogPort, InboxPort
from app.values.control import Deed
from app.values.destinations import DestinationPage
from app.values.inbox import InboxCard
from app.values.replay import Replay
from app.values.snapshot import (
    Attempt,
    AttemptStatus,
    DestinationState,
    PartitionSnapshot,
    Snapshot,
    Status,
)

RECENT = 25
CARDS = 24
DEEDS = 8
LOGGED = 1000
MINUTE = 60.0

ATTEMPT_STATUSES = tuple(
    each for each in AttemptStatus if each not in {AttemptStatus.WAITED, AttemptStatus.DEFERRED}
)
"""Those of the delivery log."""
BEHAVIOURS = {"ok": "OK", "slow": "Slow", "rate_limited": "429", "error": "Errors"}
TEST_TYPES = {
    "webhook": "Webhook",
    "email": "E-mail",
    "multi": "Webhook + e-mail",
    "trading": "Trading signal",
    "alert": "System alert",
}


class Filters(msgspec.Struct, frozen=True):
    """Which deliveries are shown; empty means all. ``refresh`` is for pages without scripts."""

    status: str = ""
    channel: str = ""
    q: str = ""
    refresh: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], channels: Container[str]) -> "Filters":
        """Read a query string; filters without a meaning, among these channels, are left out."""
        status, channel = query.get("status", ""), query.get("channel", "")
        return cls(
            status=status if status in ATTEMPT_STATUSES else "",
            channel=channel if channel in channels else "",
            q=query.get("q", "").strip()[:200],
            refresh="off" if query.get("refresh") == "off" else "",
        )

    @property
    def any(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.status or self.channel or self.q)

    def given(self, **changes: str) -> dict[str, str]:
        """Return the query parameters that differ from their defaults, after ``changes``."""
        values = msgspec.structs.asdict(self) | changes
        return {name: value for name, value in values.items() if value}


class Pace(msgspec.Struct, frozen=True):
    """Throughput and latency of the last minute, from the attempts still in memory."""

    rate: float  # attempts per second
    median: float | None  # Seconds; half of the attempts were answered faster. None without any.
    slow: float | None  # seconds; 95 % were answered faster


class Inbox(msgspec.Struct, frozen=True):
    """The development inbox."""

    cards: tuple[InboxCard, ...]
    behaviour: str


class Page(msgspec.Struct, frozen=True):
    """Everything the templates need."""

    snapshot: Snapshot
    fleet: FleetRows
    destinations: DestinationPage  # the worst of them
    report: str
    filters: Filters
    channels: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    pace: Pace
    dead_letters: LatestDeadLetters
    replay: Replay
    inbox: Inbox | None
    deeds: Sequence[Deed]  # what people had this worker do, newest first
    flash: Flash | None
    time: str
    signed_in: str | None = None  # the name of the key that the browser signed in with, or None

    @property
    def mode(self) -> str:
        """See ``mode_of``."""
        return mode_of(self.snapshot)

    @property
    def signal(self) -> str:
        """See ``signal_of``."""
        return signal_of(self.snapshot)

    @property
    def modes(self) -> set[str]:
        """When buttons can be pressed: the mode, and ``SHUT`` while a destination is asked nothing.

        ``static/page.js`` has the same.
        """
        destinations = self.snapshot.destinations.values()
        is_shut = any(each.state in SHUT for each in destinations)
        running = self.snapshot.status is Status.RUNNING
        return {self.mode} | ({"SHUT"} if is_shut and running else set())

    @property
    def attention(self) -> Mapping[DestinationState, int]:
        """See ``attention_to``."""
        return attention_to(self.snapshot)

    @property
    def partitions(self) -> tuple[PartitionSnapshot, ...]:
        """Those that are shown."""
        return most_lag_first(partitions_of(self.snapshot))

    @property
    def partition_count(self) -> int:
        """How many there are."""
        return len(partitions_of(self.snapshot))


def pace(attempts: Iterable[Attempt], now: datetime) -> Pace:
    """Measure the last minute.

    Args:
        attempts: Newest first; when they do not reach back a minute, the time they cover counts.
        now: The end of that minute.
    """
    recent: list[float] = []
    durations: list[float] = []
    window = MINUTE
    for attempt in attempts:
        age = (now - datetime.fromisoformat(attempt.time)).total_seconds()
        if age > MINUTE:
            break
        recent.append(age)
        if attempt.duration is not None:
            durations.append(attempt.duration)
    if len(recent) >= LOGGED:
        window = max(recent[-1], 1.0)
    durations.sort()
    return Pace(len(recent) / window, quantile(durations, 0.5), quantile(durations, 0.95))


def quantile(values: list[float], share: float) -> float | None:
    """Return the nearest-rank quantile of sorted ``values``, or None of none."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else None


def inbox_view(inbox: InboxPort | None) -> Inbox | None:
    """Read the inbox, if there is one."""
    return Inbox(inbox.cards(CARDS), inbox.behaviour) if inbox else None


def attempts_view(
    log: AttemptLogPort, filters: Filters, now: datetime
) -> tuple[tuple[Attempt, ...], Pace]:
    """Return the attempts to show, and how fast all of them went."""
    shown = log.page(
        status=AttemptStatus(filters.status) if filters.status else None,
        channel=filters.channel or None,
        query=filters.q or None,
        limit=RECENT,
    )
    return shown.deliveries, pace(log.page(limit=LOGGED).deliveries, now)
