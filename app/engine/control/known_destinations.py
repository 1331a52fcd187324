"""What this worker knows of destinations: their lanes, counts and pauses."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from app.engine.addresses import Addresses
from app.engine.clock import EngineClock
from app.engine.control.board import Board
from app.engine.lanes.dispatch import Dispatcher
from app.engine.lanes.lane import Lane
from app.policies.books.pauses import Pausing
from app.policies.books.statistics import OTHERS, DestinationCounts, Statistics
from app.policies.service.destinations import SEVERITY
from app.policies.texts.plain_text import clip
from app.values.delivery import Destination
from app.values.destinations import DestinationSort, DestinationView
from app.values.errors import UnknownDestinationError
from app.values.snapshot import DestinationState

Order = tuple[float | str, ...]


class Known(NamedTuple):
    """What is known of one destination."""

    id: str
    channel: str
    label: str
    lane: Lane | None  # if it is in use
    counts: DestinationCounts | None  # if it was ever asked
    pause: Pausing | None  # who paused it and when, or None

    @property
    def state(self) -> DestinationState:
        """How it is."""
        if self.pause is not None:
            return DestinationState.PAUSED
        return DestinationState.OPEN if self.lane is None else self.lane.state()[0]

    @property
    def destination(self) -> Destination | None:
        """Where it is, if this worker knows that."""
        if self.lane is not None:
            return self.lane.destination
        return None if self.counts is None else self.counts.destination

    @property
    def waiting(self) -> int:
        """How many deliveries wait in memory."""
        return 0 if self.lane is None else self.lane.queued

    @property
    def failed(self) -> int:
        """How many targets were given up."""
        return 0 if self.counts is None else self.counts.failed

    @property
    def sent(self) -> int:
        """How many targets accepted something."""
        return 0 if self.counts is None else self.counts.sent

    @property
    def last_asked(self) -> float:
        """When it was last asked, in seconds since the epoch; 0 if that is not known."""
        return 0.0 if self.counts is None else self.counts.last_asked

    def last_hour(self, now: float) -> tuple[int, int]:
        """Return its attempts, and how many of them were accepted."""
        return (0, 0) if self.counts is None else self.counts.last_hour(now)


class KnownDestinations:
    """Finds, names and sorts destinations."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        statistics: Statistics,
        board: Board,
        addresses: Addresses,
        clock: EngineClock,
    ) -> None:
        self._dispatcher = dispatcher
        self._statistics = statistics
        self._board = board
        self._addresses = addresses
        self._clock = clock

    def __iter__(self) -> Iterator[Known]:
        counted = dict(self._statistics.destinations)
        pauses = dict(self._board.pauses.paused())
        for lane in self._dispatcher:
            at = lane.destination
            counted.pop(at.label, None)  # several lanes may share an address as it is shown
            counts = self._statistics.destinations.get(at.label)
            yield Known(lane.id, at.channel, at.label, lane, counts, pauses.pop(lane.id, None))
        for label, counts in counted.items():
            if label != OTHERS:
                pause = pauses.pop(counts.id, None)
                yield Known(counts.id, counts.channel, label, None, counts, pause)
        for identity, pause in pauses.items():
            yield Known(identity, pause.channel, pause.label, None, None, pause)

    def find(self, identity: str) -> Known:
        """Return one of them.

        Raises:
            UnknownDestinationError: There is none with this id.
        """
        for each in self:
            if each.id == identity:
                return each
        raise _unknown(identity)

    def check_label(self, label: str) -> None:
        """Check that a destination is shown by this redacted address.

        Raises:
            UnknownDestinationError: None is.
        """
        counted = self._statistics.destinations
        if label not in counted and all(each.label != label for each in self):
            raise _unknown(label)

    async def learn_names(self) -> None:
        """Learn whom destinations reach, after each reload of the recipients file."""
        await self._addresses.learn_names()

    def matches(self, known: Known, needle: str) -> bool:
        """Say whether a text, in small letters, is in what is shown of a destination."""
        error = known.counts.last_error if known.counts else None
        parts = (self._addresses.name_of(known.id), known.label, known.channel, known.id, error)
        return needle in "\n".join(part for part in parts if part).casefold()

    def order(self, sort: DestinationSort) -> Callable[[Known], Order]:
        """Return the key by which destinations are sorted."""
        orders: Mapping[DestinationSort, Callable[[Known], Order]] = {
            DestinationSort.WORST: partial(_worst, self._clock.now()),
            DestinationSort.NAME: lambda known: (self._named_as(known), known.label),
            DestinationSort.WAITING: lambda known: (-known.waiting, known.label),
            DestinationSort.FAILED: lambda known: (-known.failed, known.label),
            DestinationSort.SENT: lambda known: (-known.sent, known.label),
            DestinationSort.RECENT: lambda known: (-known.last_asked, known.label),
        }
        return orders[sort]

    def _named_as(self, known: Known) -> str:
        return (self._addresses.name_of(known.id) or known.label).casefold()

    def view(self, known: Known) -> DestinationView:
        """Return a destination as it is shown."""
        lane, counts, pause, now = known.lane, known.counts, known.pause, self._clock.now()
        wait = lane.state()[1] if lane else None
        attempts, accepted = known.last_hour(now)
        return DestinationView(
            id=known.id,
            channel=known.channel,
            label=known.label,
            name=self._addresses.name_of(known.id),
            state=known.state,
            until=None if wait is None else _iso(now + wait),
            paused_by=pause.by if pause else None,
            paused_at=_iso(pause.at) if pause else None,
            waiting=known.waiting,
            in_flight=lane.active if lane else 0,
            oldest_waiting=_iso(_oldest(lane)) if lane else None,
            messages_sent=known.sent,
            messages_failed=known.failed,
            messages_expired=counts.expired if counts else 0,
            messages_retried=counts.retried if counts else 0,
            attempts_last_hour=attempts,
            success_rate_last_hour=accepted / attempts if attempts else None,
            last_error=counts.last_error if counts else None,
            last_error_time=_iso(counts.last_error_at) if counts else None,
            last_success_time=_iso(counts.last_success_at) if counts else None,
            messages_deferred=counts.deferred if counts else 0,
        )


def _unknown(identity: str) -> UnknownDestinationError:
    return UnknownDestinationError(
        f"this worker knows no destination {clip(identity, 40)!r}: it knows those that it has"
        " sent to, and those that are paused. GET /destinations lists them"
    )


def _worst(now: float, known: Known) -> Order:
    attempts, accepted = known.last_hour(now)
    refused = attempts - accepted
    return SEVERITY[known.state], -refused, -known.failed, -known.waiting, known.label


def _oldest(lane: Lane) -> float | None:
    """Return when the oldest notification that waits was published, in seconds since the epoch."""
    return min((job.item.published_at for job in lane.waiting()), default=None)


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
