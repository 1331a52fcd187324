"""The engine as the faces see it. The composition root supplies it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from app.policies.books.history_search import Sought
from app.values.control import AttemptPage, Published, TestBatch
from app.values.dead_letter import DeadLetter, DeadLetterOverview, DeadLetterPage
from app.values.destinations import (
    DestinationAnswer,
    DestinationPage,
    DestinationSort,
    DestinationView,
)
from app.values.history import HistoryPage, Story
from app.values.inbox import InboxCard
from app.values.replay import EVERYTHING, Replay, Selection
from app.values.snapshot import Attempt, AttemptStatus, DestinationState, Snapshot
from app.values.trace import TraceContext


class WorkerPort(Protocol):
    """The worker as its operators see it."""

    async def start(self) -> None:
        """Begin to consume; return once RUNNING. Idempotent, waits while Kafka is away."""
        ...

    async def stop(self, *, drain: bool = True) -> None:
        """Stop consuming; return once STOPPED. Idempotent.

        Args:
            drain: Wait for started deliveries, up to the drain time-out.
        """
        ...

    def pause(self) -> None:
        """Stop fetching without leaving the group. Idempotent."""
        ...

    def resume(self) -> None:
        """Fetch again. Idempotent."""
        ...

    def snapshot(self) -> Snapshot:
        """Return the state now; cheap enough for every request."""
        ...

    def get_health_status(self) -> Mapping[str, Any]:
        """Return the body of ``GET /health``, with ``problem`` if there is one."""
        ...

    def not_live(self) -> str | None:
        """Say why the process should be restarted, or None. Never depends on Kafka."""
        ...

    def not_ready(self) -> str | None:
        """Say why no work is taken (not joined, draining), or None."""
        ...


class AttemptLogPort(Protocol):
    """The last delivery attempts, in memory."""

    def page(
        self,
        *,
        status: AttemptStatus | None = None,
        channel: str | None = None,
        query: str | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> AttemptPage:
        """Return attempts older than ``cursor``, newest first, that match every filter."""
        ...

    def follow(self) -> AbstractAsyncContextManager[AsyncIterator[Attempt]]:
        """Yield attempts as they are made; a slow reader loses the oldest, never blocks."""
        ...


class PublisherPort(Protocol):
    """Puts notifications on the topic.

    Every method raises ``KafkaUnavailableError`` when Kafka does not acknowledge in time and
    ``KafkaRefusedError`` when it answers no.
    """

    async def publish(
        self,
        items: Sequence[bytes],
        idempotency_key: str | None,
        trace: TraceContext | None = None,
    ) -> Published:
        """Publish JSON objects (docs/contract.md#messages); return their ids and warnings.

        An item without ``message_id`` is given one. Raises ``InvalidItemsError`` for items that
        are no notification; nothing is published then.
        """
        ...

    async def publish_test(self, kind: str, count: int, delay: float) -> TestBatch:
        """Publish test messages; with a delay, go on in the background."""
        ...

    def warning_for(self, kind: str) -> str | None:
        """Say that this service has no destination for a test type, or None."""
        ...


class DeadLettersPort(Protocol):
    """The dead-letter topic, read from Kafka itself."""

    async def page(
        self, wanted: Selection = EVERYTHING, *, limit: int, cursor: str | None = None
    ) -> DeadLetterPage:
        """Return dead letters, newest first. ``ValueError`` for a cursor it did not make."""
        ...

    async def overview(
        self, wanted: Selection, *, group: str, limit: int, cursor: str | None = None
    ) -> DeadLetterOverview:
        """Return a page, and what the newest dead letters of the group have in common."""
        ...

    async def get(self, partition: int, offset: int) -> DeadLetter | None:
        """Return one dead letter, or None if there is none."""
        ...


class TracerPort(Protocol):
    """Traces of single notifications, and the history.

    Raises ``KafkaUnavailableError`` and ``KafkaRefusedError`` where topics cannot be read.
    """

    async def page(self, sought: Sought, limit: int, before: tuple[int, int] | None) -> HistoryPage:
        """Return settled notifications, newest first."""
        ...

    async def trace(self, asked: str) -> tuple[Story | None, float | None]:
        """Return a notification's story or None, and since when the history goes back."""
        ...

    async def held(self, asked: str) -> Story | None:
        """Return the story of a notification that this worker holds, or None."""
        ...


class DestinationsPort(Protocol):
    """Destinations, as this worker knows them.

    Every method but ``page`` raises ``UnknownDestinationError`` for an id that is not known here.
    """

    async def page(
        self,
        *,
        query: str | None = None,
        state: DestinationState | None = None,
        sort: DestinationSort = DestinationSort.WORST,
        limit: int = 50,
        cursor: int = 0,
    ) -> DestinationPage:
        """Return those that match every filter."""
        ...

    async def get(self, identity: str) -> DestinationView:
        """Return one."""
        ...

    def check_label(self, label: str) -> None:
        """Raise ``UnknownDestinationError`` if none is shown by this redacted address."""
        ...

    async def pause(self, identity: str, by: str) -> DestinationView:
        """Send nothing to it, in the whole group; raises Kafka's errors."""
        ...

    async def resume(self, identity: str, by: str) -> DestinationView:
        """Go on, and ask it again at once; raises Kafka's errors."""
        ...

    async def test(self, identity: str, by: str) -> DestinationAnswer:
        """Send one test notification; ``UntestableError`` if nobody is known to send it to."""
        ...


class ReplayPort(Protocol):
    """Dead letters, sent again; one replay at a time.

    Raises ``KafkaUnavailableError`` and ``KafkaRefusedError`` if the topic cannot be read.
    """

    @property
    def progress(self) -> Replay:
        """How far the current or the last replay has come."""
        ...

    async def plan(self, selection: Selection) -> Replay:
        """Return the plan of a replay; nothing is written."""
        ...

    async def start(self, selection: Selection, rate: float | None) -> Replay:
        """Begin a replay that goes on in the background; ``BusyError`` while one is under way."""
        ...


class InboxPort(Protocol):
    """The development inbox: a webhook server and a mail server on loopback."""

    def cards(self, limit: int = 50) -> tuple[InboxCard, ...]:
        """Return the messages, newest first."""
        ...

    @property
    def behaviour(self) -> str:
        """How it answers now: ``ok``, ``slow``, ``rate_limited`` or ``error``."""
        ...

    def behave(self, behaviour: str) -> None:
        """Answer that way from now on. ``ValueError`` for an unknown behaviour."""
        ...

    def clear(self) -> None:
        """Forget the messages."""
        ...


class ReloadPort(Protocol):
    """Recipients and templates, read anew from their files."""

    def reload(self) -> Mapping[str, int]:
        """Check everything, then replace; return how many users, groups, templates there are.

        Raises ``RecipientsFileError`` or ``TemplateError``; the old ones stay in force then.
        """
        ...
