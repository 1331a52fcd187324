"""Parts for tests of the engine: values with defaults, and hand-written stand-ins."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from app.edges.kafka.producer_batches import Place, Then
from app.edges.metrics import Metrics
from app.engine.attempts import AttemptLog
from app.engine.clock import EngineClock
from app.engine.flow import Flow
from app.engine.group.uncommitted import Uncommitted
from app.engine.history import History
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.invariants import check
from app.engine.inflight.item import Item
from app.engine.inflight.leaders import Leaders
from app.engine.inflight.partition import Assigned, Start
from app.engine.inflight.transitions import understand
from app.engine.inflight.window import Window
from app.engine.lanes.lane import Lane
from app.engine.observer import Observer
from app.engine.settlement import Settler
from app.policies.books.repeats import Repeats
from app.policies.books.statistics import Statistics, Verdict
from app.policies.headers.deferral import Deferral
from app.values.clock import Clock
from app.values.delivery import Delivery, Destination, Target
from app.values.errors import NotifierError
from app.values.note import Note
from app.values.notification import Notification, Priority, Request
from app.values.outcome import Answer, Delivered, Outcome
from app.values.record import Headers, Record, TopicPartition
from tests.support.channels import CoroutineChannel

PARTITION = TopicPartition("notifications", 0)
HOOK = Destination("webhook", "https://hooks.example/a", "https://hooks.example/***#a")


def notification(
    content: str = "text",
    *,
    message_id: str | None = None,
    priority: Priority = Priority.NORMAL,
    ordering_key: str | None = None,
    expires_at: float | None = None,
) -> Notification:
    """Return a notification for one webhook."""
    return Notification(
        content=content,
        requests=(Request("webhook"),),
        message_id=message_id,
        priority=priority,
        ordering_key=ordering_key,
        expires_at=expires_at,
    )


def record(value: bytes | None = b"{}", *, offset: int = 0, headers: Headers = ()) -> Record:
    """Return a record of the first partition."""
    return Record(PARTITION, offset, 1_700_000_000.0, b"key", value, headers)


def delivery(
    told: Notification, targets: Sequence[str] = ("a",), destination: Destination = HOOK
) -> Delivery:
    """Return a delivery of ``told`` to the named targets."""
    return Delivery(
        notification=told,
        destination=destination,
        targets=tuple(Target("webhook", f"https://hooks.example/{name}", name) for name in targets),
        source=told.message_id or "notifications/0/0",
        digest=hashlib.sha256(told.content.encode()).digest(),
    )


def assignment() -> Assignment:
    """Return an assignment of the first partition."""
    made = Assignment()
    made.give({PARTITION: Start(0)}, {})
    return made


def item(
    told: Notification,
    assigned: Assigned,
    *,
    offset: int = 0,
    before: Deferral | None = None,
    received_at: float | None = None,
) -> Item:
    """Return an item that the assigned partition has in its books."""
    held_since = time.monotonic() if received_at is None else received_at
    value = record(msgspec.json.encode(told), offset=offset)
    received = Item(value, assigned.epoch, b"digest", held_since, before)
    received.first_failure = None if before is None else before.first_failure
    understand(received, told)
    assigned.enter(received)
    return received


class SkewedClock(EngineClock):
    """Clocks that a test can set.

    Attributes:
        skew: Seconds that it is ahead.
        ahead: Seconds that its monotonic clock is ahead.
    """

    skew = 0.0
    ahead = 0.0

    def let_pass(self, seconds: float) -> None:
        """Let time pass, by every clock."""
        self.skew += seconds
        self.ahead += seconds

    def now(self) -> float:
        """Return seconds since the epoch, and more."""
        return time.time() + self.skew

    def monotonic(self) -> float:
        """Return seconds that never jump by themselves."""
        return time.monotonic() + self.ahead


def observer(clock: EngineClock) -> Observer:
    """Return an observer that has seen nothing."""
    return Observer(Statistics(), AttemptLog(), Metrics(), clock, no_history(clock))


class ScriptedChannel(CoroutineChannel):
    """A channel whose answers the test writes; it remembers what it was asked.

    Args:
        answers: Outcomes of one attempt after the other; afterwards everything is accepted.
        gate: When given, every attempt waits for it; may be set later.
    """

    name = "webhook"
    notes: tuple[Note, ...] = ()  # what it leaves out of every delivery

    def __init__(
        self,
        answers: Iterable[Sequence[Outcome] | Exception] = (),
        gate: asyncio.Event | None = None,
    ) -> None:
        self._answers = list(answers)
        self.gate = gate
        self.sent: list[Delivery] = []
        self.under_way = 0
        self.most_under_way = 0
        self._arrivals = asyncio.Condition()

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Answer as scripted."""
        (delivery,) = deliveries
        self.sent.append(delivery)
        answer = self._answers.pop(0) if self._answers else None
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        async with self._arrivals:
            self._arrivals.notify_all()
        try:
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.under_way -= 1
        if isinstance(answer, Exception):
            raise answer
        outcomes = tuple(answer or (Delivered(),) * len(delivery.targets))
        return Answer((outcomes,), notes=(self.notes,) if self.notes else ())

    @property
    def contents(self) -> list[str]:
        """What was sent, in order, by its text."""
        return [sent.notification.content for sent in self.sent]

    async def arrived(self, count: int) -> None:
        """Wait until that many attempts have begun."""
        async with asyncio.timeout(10), self._arrivals:
            await self._arrivals.wait_for(lambda: len(self.sent) >= count)


class WatchedFlow(Flow):
    """A flow without admission: items are in the books already.

    Args:
        then: Called when nothing is held of an item any more.
    """

    def __init__(
        self,
        held: Assignment,
        settler: Settler,
        seen: Observer,
        clock: EngineClock,
        then: Callable[[Item, Verdict | None], None],
    ) -> None:
        super().__init__(
            held,
            SimpleNamespace(),  # type: ignore[arg-type]  # nothing comes in
            SimpleNamespace(draining=False),  # type: ignore[arg-type]  # nor is anything repeated
            settler,
            Leaders(Repeats()),
            window := Window(1000),
            Uncommitted(),
            clock,
            seen,
            max_age=0.0,
        )
        self.window = window
        self._held = held
        self._then = then

    def check(self, lanes: Iterable[Lane]) -> list[str]:
        """Return what is wrong with the books and the lanes."""
        waiting = {job for lane in lanes for job in lane.waiting()}
        wrong = list(check(self._held, self.window, waiting, self._settler.is_writing))
        return wrong + [each for lane in lanes for each in lane.check()]

    def _closed(self, item: Item, verdict: Verdict | None) -> None:
        super()._closed(item, verdict)
        self._then(item, verdict)


def run_on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    """Run a program to its end on the event loop that the service runs on."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def no_history(clock: Clock) -> History:
    """Return a history that nobody keeps."""
    return History(NoProducer(), None, clock)  # type: ignore[arg-type]  # nothing is written


class NoProducer:
    """Stands where nothing is written."""


class BeginsByWriting:
    """Gives ``begin`` to a stand-in of the producer that can ``write``."""

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write, or fail."""
        raise NotImplementedError

    def begin(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        then: Then,
        *,
        anywhere: bool = False,
        partition: int | None = None,
    ) -> None:
        """Write in a task, and say what became of it."""
        del anywhere, partition

        async def begun() -> None:
            try:
                place = await self.write(topic, key, value, headers)
            except NotifierError as error:
                then(error)
            else:
                then(place)

        task = asyncio.create_task(begun(), name=f"write to {topic}")
        _WRITING.add(task)
        task.add_done_callback(_WRITING.discard)


_WRITING: set[asyncio.Task[None]] = set()
