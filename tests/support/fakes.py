"""Hand-written fakes of the ports, and a service made of them."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.edges.metrics import Metrics
from app.edges.own_addresses import OwnAddresses
from app.faces.deeds import Deeds
from app.faces.metrics import Exposition
from app.faces.service import Service, Starter
from app.faces.sign_ins import SignIns
from app.faces.wrong_keys import WrongKeys
from app.policies.books.history_search import Sought
from app.policies.books.rates import RateBook
from app.policies.redaction import NO_SECRETS, Secrets
from app.policies.service.access import Access
from app.policies.service.destinations import worst_first
from app.values.control import AttemptPage, Published, PublishWarning, TestBatch
from app.values.dead_letter import (
    Cause,
    DeadLetter,
    DeadLetterOverview,
    DeadLetterPage,
    OtherGroup,
)
from app.values.destinations import DestinationAnswer, DestinationPage, DestinationView
from app.values.errors import UnknownDestinationError
from app.values.fleet import Fleet, WorkerStatistics
from app.values.history import Entry, HistoryPage, Settled, Story
from app.values.inbox import InboxCard
from app.values.rates import Rates
from app.values.replay import EVERYTHING, Replay, Selection
from app.values.snapshot import (
    Attempt,
    AttemptStatus,
    DestinationSnapshot,
    DestinationState,
    Snapshot,
    Status,
)
from app.values.trace import TraceContext
from tests.support.channels import KNOWN

SNAPSHOT = Snapshot(
    status=Status.RUNNING,
    is_running=True,
    paused=False,
    problem=None,
    group_id="notification_worker_group",
    topics=("notifications",),
    broker="127.0.0.1:9092",
    embedded=True,
    start_time="2026-01-01T09:44:30+00:00",
    last_message_time=None,
    uptime_seconds=8130.0,
    messages_consumed=0,
    messages_sent=0,
    messages_failed=0,
    messages_partial=0,
    messages_expired=0,
    messages_suppressed=0,
    messages_retried=0,
    messages_adjusted=0,
    messages_deferred=0,
    messages_dead_lettered=0,
    messages_duplicate=0,
    messages_skipped=0,
    messages_missed=0,
    messages_vanished=0,
    deferred_waiting=0,
    in_flight=0,
    queued=0,
    success_rate=None,
    lag=0,
    backlog=0,
    partitions=(),
    channels={},
    destinations={},
)
"""A running worker that has not seen a message."""

KEY = "a key"
"""Opens the services of tests that have one."""

HEALTH_KEYS = (
    "status",
    "is_running",
    "paused",
    "group_id",
    "topics",
    "broker",
    "start_time",
    "last_message_time",
    "uptime_seconds",
    "messages_consumed",
    "messages_sent",
    "messages_failed",
    "messages_retried",
)


def make_attempt(number: int, **changes: Any) -> Attempt:
    """Return a delivered attempt with this id."""
    attempt = Attempt(
        id=number,
        time="2026-01-01T12:00:00.000+00:00",
        status=AttemptStatus.DELIVERED,
        channel="discord",
        destination="https://discord.com/api/webhooks/1234…/***",
        message_id=f"message-{number}",
        title="Title",
        content="Content",
        attempt=1,
        duration=0.012,
        error=None,
        origin=f"notifications/0/{number}",
    )
    return msgspec.structs.replace(attempt, **changes)


def make_dead_letter(identity: str = "0/0", **changes: Any) -> DeadLetter:
    """Return a dead letter that stands at ``partition/offset``."""
    letter = DeadLetter(
        id=identity,
        time="2026-01-01T12:00:00.000+00:00",
        reason="invalid",
        error="content: missing",
        origin="notifications/0/7",
        message_id=None,
        title=None,
        targets_failed=(),
        targets_delivered=(),
        attempts=0,
        first_failure=None,
        replays=0,
        replayed=None,
        key=None,
        value='{"channels": ["webhook"]}',
        headers={"notifier.reason": "invalid"},
    )
    return msgspec.structs.replace(letter, **changes)


class FakeWorker:
    """A worker whose state the test sets."""

    def __init__(self, state: Snapshot = SNAPSHOT) -> None:
        self.state = state  # what ``snapshot()`` returns; replace it with ``change()``
        # cleared, ``start()`` waits for it as a real worker waits for Kafka
        self.kafka = asyncio.Event()
        self.kafka.set()
        self.starts = 0
        self.starting = asyncio.Event()  # set by the first ``start()``
        self.stops: list[bool] = []  # the ``drain`` of every stop
        self.start_error: Exception | None = None
        self.dead: str | None = None
        self.unready: str | None = None

    def change(self, **changes: Any) -> None:
        """Replace parts of the state."""
        self.state = msgspec.structs.replace(self.state, **changes)

    async def start(self) -> None:
        """Wait for ``kafka``, then run."""
        self.starts += 1
        self.starting.set()
        self.change(status=Status.STARTING, is_running=False)
        await self.kafka.wait()
        if self.start_error is not None:
            self.change(status=Status.ERROR)
            raise self.start_error
        self.change(status=Status.RUNNING, is_running=True)

    async def stop(self, *, drain: bool = True) -> None:
        """Stop at once."""
        self.stops.append(drain)
        self.change(status=Status.STOPPED, is_running=False, paused=False)

    def pause(self) -> None:
        """Show as paused."""
        self.change(paused=True)

    def resume(self) -> None:
        """Show as not paused."""
        self.change(paused=False)

    def snapshot(self) -> Snapshot:
        """Return the state."""
        return self.state

    def get_health_status(self) -> Mapping[str, Any]:
        """Return the body of ``GET /health``."""
        body = {key: msgspec.to_builtins(getattr(self.state, key)) for key in HEALTH_KEYS}
        if self.state.problem is not None:
            body["problem"] = self.state.problem
        return body

    def not_live(self) -> str | None:
        """Return what the test has put into ``dead``."""
        return self.dead

    def not_ready(self) -> str | None:
        """Return what the test has put into ``unready``."""
        return self.unready


class FakePublisher:
    """Remembers what it was asked to publish."""

    def __init__(self) -> None:
        self.error: Exception | None = None  # raised by every call when set
        self.warning: str | None = None
        self.warnings: tuple[PublishWarning, ...] = ()  # what every ``publish`` warns of
        # (items, idempotency key) of every ``publish``
        self.published: list[tuple[list[bytes], str | None]] = []
        self.traces: list[TraceContext | None] = []  # the trace context of every ``publish``
        # (kind, count, delay) of every ``publish_test``
        self.tests: list[tuple[str, int, float]] = []

    async def publish(
        self,
        items: Sequence[bytes],
        idempotency_key: str | None,
        trace: TraceContext | None = None,
    ) -> Published:
        """Answer with numbered ids."""
        if self.error is not None:
            raise self.error
        self.published.append((list(items), idempotency_key))
        self.traces.append(trace)
        return Published(tuple(f"id-{number}" for number in range(len(items))), self.warnings)

    async def publish_test(self, kind: str, count: int, delay: float) -> TestBatch:
        """Answer as if Kafka had acknowledged everything; with a delay, nothing yet."""
        if self.error is not None:
            raise self.error
        self.tests.append((kind, count, delay))
        ids = tuple(f"test-{number}" for number in range(count))
        return TestBatch(kind, count, 0 if delay else count, ids)

    def warning_for(self, kind: str) -> str | None:
        """Return what the test has put into ``warning``."""
        del kind
        return self.warning


def view_of(label: str, shown: DestinationSnapshot) -> DestinationView:
    """Return a destination of a snapshot as it is looked after."""
    return DestinationView(
        id=hashlib.sha256(label.encode()).hexdigest()[:16],
        channel=shown.channel,
        label=label,
        name=None,
        state=shown.state,
        until=shown.until,
        paused_by=None,
        paused_at=None,
        waiting=shown.queued,
        in_flight=shown.in_flight,
        oldest_waiting=None,
        messages_sent=shown.messages_sent,
        messages_failed=shown.messages_failed,
        messages_expired=shown.messages_expired,
        messages_retried=shown.messages_retried,
        attempts_last_hour=0,
        success_rate_last_hour=None,
        last_error=shown.last_error,
        last_error_time=None,
        last_success_time=None,
    )


class FakeDestinations:
    """Destinations of which each is paused, resumed and tested as the test wants.

    Args:
        worker: Whose they are, unless the test puts some.
    """

    def __init__(self, worker: FakeWorker) -> None:
        self._worker = worker
        self.views: dict[str, DestinationView] = {}  # all of them, by their ids
        self.asked: list[dict[str, Any]] = []  # the arguments of every ``page``
        self.said: list[tuple[str, str, str]] = []  # (what, id, by) of every word
        # what a test is answered with
        self.answer: tuple[AttemptStatus, str | None] = (AttemptStatus.DELIVERED, None)
        self.error: Exception | None = None  # raised by every call when set

    async def page(self, **asked: Any) -> DestinationPage:
        """Return those whose label has the query in it, in the order in which they were put."""
        if self.error is not None:
            raise self.error
        self.asked.append(asked)
        query, state = asked.get("query") or "", asked.get("state")
        of_worker = sorted(self._worker.state.destinations.items(), key=worst_first)
        found = [
            each
            for each in self.views.values() or [view_of(*each) for each in of_worker]
            if query in each.label and state in (None, each.state)
        ]
        start, limit = asked.get("cursor", 0), asked.get("limit", 50)
        more = start + limit if start + limit < len(found) else None
        return DestinationPage(tuple(found[start : start + limit]), len(found), more)

    async def get(self, identity: str) -> DestinationView:
        """Return the one."""
        if self.error is not None:
            raise self.error
        if identity not in self.views:
            raise UnknownDestinationError(f"this worker knows no destination {identity!r}")
        return self.views[identity]

    def check_label(self, label: str) -> None:
        """Know those of the views, and those that the worker has sent to."""
        views = {each.label for each in self.views.values()}
        if label not in views | self._worker.state.destinations.keys():
            raise UnknownDestinationError(f"this worker knows no destination {label!r}")

    async def pause(self, identity: str, by: str) -> DestinationView:
        """Show it as paused."""
        return await self._change("pause", identity, by, state=DestinationState.PAUSED)

    async def resume(self, identity: str, by: str) -> DestinationView:
        """Show it as open."""
        return await self._change("resume", identity, by, state=DestinationState.OPEN)

    async def test(self, identity: str, by: str) -> DestinationAnswer:
        """Answer."""
        shown = await self._change("test", identity, by)
        status, said = self.answer
        accepted = status is AttemptStatus.DELIVERED
        return DestinationAnswer(accepted, status, said, 0.02, shown)

    async def _change(self, what: str, identity: str, by: str, **changes: Any) -> DestinationView:
        shown = await self.get(identity)
        self.said.append((what, identity, by))
        if changes:
            paused_by = by if what == "pause" else None
            shown = msgspec.structs.replace(shown, paused_by=paused_by, **changes)
            self.views[identity] = shown
        return shown


class FakeReplayer:
    """Remembers what it was asked to replay."""

    def __init__(self) -> None:
        # what a replay finds to do
        self.planned = Replay(state="planned", selected=1, replayable=1, ids=("0/1",))
        # set when one has begun; it goes on until the test changes ``progress``
        self.begun = asyncio.Event()
        self.progress = Replay()
        self.error: Exception | None = None  # raised by every call when set
        # (selection, rate) of every replay, with "plan" for the rate of a dry run
        self.asked: list[tuple[Selection, float | str | None]] = []

    async def plan(self, selection: Selection) -> Replay:
        """Answer with what is planned."""
        if self.error is not None:
            raise self.error
        self.asked.append((selection, "plan"))
        return self.planned

    async def start(self, selection: Selection, rate: float | None) -> Replay:
        """Begin."""
        if self.error is not None:
            raise self.error
        self.asked.append((selection, rate))
        self.change(**msgspec.structs.asdict(self.planned))
        self.change(state="running", started="2026-01-01T12:00:00+00:00", rate=rate)
        self.begun.set()
        return self.progress

    def change(self, **changes: Any) -> None:
        """Replace parts of the progress."""
        self.progress = msgspec.structs.replace(self.progress, **changes)


class FakeAttempts:
    """An attempt log that the test fills with ``add``."""

    def __init__(self, attempts: Sequence[Attempt] = ()) -> None:
        self.attempts = list(attempts)
        self.asked: list[dict[str, Any]] = []  # the arguments of every ``page``
        self.followers: set[asyncio.Queue[Attempt]] = set()
        self.followed = asyncio.Event()  # set when somebody follows
        self.abandoned = asyncio.Event()  # set when a follower has left

    def add(self, attempt: Attempt) -> None:
        """Remember an attempt and tell the followers."""
        self.attempts.append(attempt)
        for queue in self.followers:
            queue.put_nowait(attempt)

    def page(
        self,
        *,
        status: str | None = None,
        channel: str | None = None,
        query: str | None = None,
        limit: int = 100,
        cursor: int | None = None,
    ) -> AttemptPage:
        """Return attempts that match, newest first."""
        self.asked.append(
            {"status": status, "channel": channel, "query": query, "limit": limit, "cursor": cursor}
        )
        found = [
            each
            for each in reversed(self.attempts)
            if (status is None or each.status == status)
            and (channel is None or each.channel == channel)
            and (query is None or query in each.content)
            and (cursor is None or each.id < cursor)
        ]
        more = found[limit - 1].id if len(found) > limit else None
        return AttemptPage(tuple(found[:limit]), more)

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[AsyncIterator[Attempt]]:
        """Yield what is added from now on."""
        queue: asyncio.Queue[Attempt] = asyncio.Queue()
        self.followers.add(queue)
        self.followed.set()
        try:
            yield _drain(queue)
        finally:
            self.followers.discard(queue)
            self.abandoned.set()


async def _drain(queue: asyncio.Queue[Attempt]) -> AsyncIterator[Attempt]:
    while True:
        attempt = await queue.get()
        queue.task_done()  # so that a test can wait with join()
        yield attempt


class FakeDeadLetters:
    """A dead-letter topic in a list, newest last."""

    def __init__(self, letters: Sequence[DeadLetter] = ()) -> None:
        self.letters = list(letters)
        self.error: Exception | None = None
        self.asked: list[Selection] = []
        self.causes: list[Cause] = []
        self.others: list[OtherGroup] = []

    async def page(
        self, wanted: Selection = EVERYTHING, *, limit: int, cursor: str | None = None
    ) -> DeadLetterPage:
        """Return a page; a cursor is a number in decimal digits."""
        if self.error is not None:
            raise self.error
        self.asked.append(wanted)
        start = int(cursor) if cursor is not None else 0
        found = [
            each
            for each in reversed(self.letters)
            if wanted.reason in (None, each.reason)
            and wanted.group in (None, each.group or wanted.group)
        ]
        end = start + limit
        page = tuple(found[start:end])
        back = page[-1].time if page else None
        return DeadLetterPage(page, str(end) if len(found) > end else None, len(page), back)

    async def overview(
        self, wanted: Selection, *, group: str, limit: int, cursor: str | None = None
    ) -> DeadLetterOverview:
        """Return a page with the causes and groups that the test has put there."""
        del group
        page = await self.page(wanted, limit=limit, cursor=cursor)
        return DeadLetterOverview(page, tuple(self.causes), tuple(self.others))

    async def get(self, partition: int, offset: int) -> DeadLetter | None:
        """Return the letter with that id."""
        if self.error is not None:
            raise self.error
        return next((each for each in self.letters if each.id == f"{partition}/{offset}"), None)


class FakeTracer:
    """Knows the stories and the rows that the test has put there."""

    def __init__(self) -> None:
        self.stories: dict[str, Story] = {}
        self.mine: dict[str, Story] = {}
        self.entries: list[tuple[Entry, Settled]] = []
        self.oldest: float | None = None
        self.error: Exception | None = None
        self.asked: list[tuple[int, tuple[int, int] | None]] = []
        self.cursor: str | None = None

    async def page(self, sought: Sought, limit: int, before: tuple[int, int] | None) -> HistoryPage:
        """Return the rows whose entries are wanted."""
        if self.error is not None:
            raise self.error
        self.asked.append((limit, before))
        return HistoryPage(
            tuple(row for entry, row in self.entries if sought.matches(entry)), self.cursor
        )

    async def trace(self, asked: str) -> tuple[Story | None, float | None]:
        """Return the story of that name."""
        if self.error is not None:
            raise self.error
        return self.stories.get(asked), self.oldest

    async def held(self, asked: str) -> Story | None:
        """Return the story of that name, if it is held."""
        return self.mine.get(asked)


class FakeReloader:
    """Reloads nothing; raises ``error`` when set."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.reloads = 0

    def reload(self) -> Mapping[str, int]:
        """Count the call."""
        if self.error is not None:
            raise self.error
        self.reloads += 1
        return {"users": 2, "groups": 1, "templates": 3}


class FakeInbox:
    """An inbox that the test fills through ``received``."""

    def __init__(self, received: Sequence[InboxCard] = ()) -> None:
        self.received = list(received)
        self._behaviour = "ok"

    def cards(self, limit: int = 50) -> tuple[InboxCard, ...]:
        """Return the newest."""
        return tuple(reversed(self.received))[:limit]

    @property
    def behaviour(self) -> str:
        """Return how it answers now."""
        return self._behaviour

    def behave(self, behaviour: str) -> None:
        """Change that."""
        if behaviour not in {"ok", "slow", "rate_limited", "error"}:
            raise ValueError(behaviour)
        self._behaviour = behaviour

    def clear(self) -> None:
        """Forget everything."""
        self.received.clear()


class Fakes:
    """Every fake by name, and the service made of them."""

    def __init__(
        self,
        *,
        access: Access | None = None,
        patience: float = 5.0,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self.worker = FakeWorker()
        self.publisher = FakePublisher()
        self.attempts = FakeAttempts()
        self.dead_letters = FakeDeadLetters()
        self.reloader = FakeReloader()
        self.inbox = FakeInbox()
        self.measured = Metrics()
        self.log_levels: list[str] = []  # what ``set_log_level`` was told
        self.deeds = Deeds()
        self.waits: list[float] = []  # seconds that answers to wrong keys have waited
        self.now = 0.0  # where their clock stands
        self.wrong_keys = WrongKeys(lambda: self.now, self._wait)
        self.sign_ins = SignIns(access or Access(), lambda: self.now)
        self.replayer = FakeReplayer()
        self.tracer = FakeTracer()
        self.rates = RateBook()
        self.destinations = FakeDestinations(self.worker)
        self.fleet = Fleet("one:1:0001", (), WorkerStatistics())  # the group's workers
        self.service = Service(
            worker=self.worker,
            starter=Starter(self.worker, patience),
            publisher=self.publisher,
            attempts=self.attempts,
            dead_letters=self.dead_letters,
            replayer=self.replayer,
            tracer=self.tracer,
            destinations=self.destinations,
            fleet=lambda: self.fleet,
            rates=self._rates,
            reloader=self.reloader,
            channels=KNOWN,
            inbox=self.inbox,
            access=access or Access(),
            wrong_keys=self.wrong_keys,
            sign_ins=self.sign_ins,
            metrics=Exposition(self.measured.registry, self.worker.snapshot),
            set_log_level=self.log_levels.append,
            secrets=secrets,
            deeds=self.deeds,
            own_addresses=OwnAddresses(),
            language="auto",
            closing=asyncio.Event(),
        )

    def _rates(self, minutes: int, destination: str | None) -> Rates:
        return self.rates.rates(time.time(), minutes, destination)

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
    """Start nothing: ``serve`` puts the service into the state."""
    yield {}


def serve(
    app: ASGIApp, service: Service | None, *, client: tuple[str, int] = ("127.0.0.1", 50000)
) -> httpx.AsyncClient:
    """Return a client of an application whose lifespan has put ``service`` into the state.

    Args:
        app: What answers.
        service: None: the lifespan has not run.
        client: Where the requests appear to come from.
    """

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {} if service is None else {"service": service}
        await app(scope, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False, client=client)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
