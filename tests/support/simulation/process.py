"""A worker in a process that can crash."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import Context
from functools import cache
from typing import Any

import msgspec

from app.edges.kafka.producer_batches import Then
from app.edges.metrics import Metrics
from app.engine.addresses import Addresses
from app.engine.attempts import AttemptLog
from app.engine.clock import EngineClock
from app.engine.group.subscription import Subscription
from app.engine.history import History
from app.engine.observer import Observer
from app.engine.options import WorkerOptions
from app.engine.parts import Parts
from app.engine.worker import NotificationWorker
from app.policies.books.history import read
from app.policies.books.statistics import Statistics
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from app.values.delivery import Delivery
from app.values.history import Entry
from app.values.outcome import Answer
from app.values.record import Headers, TopicPartition
from tests.support.channels import KNOWN, CoroutineChannel
from tests.support.control import StillBoard
from tests.support.engine import no_history
from tests.support.simulation.books import DEAD_LETTERS, RETRIES, TOPIC, Books
from tests.support.simulation.clients import (
    CONTROL,
    LARGE,
    FakeConsumer,
    FakeProducer,
    connection_to,
)
from tests.support.simulation.clocks import Clock
from tests.support.simulation.cluster import PARTITIONS
from tests.support.simulation.destinations import MAIL_SERVER, Destinations
from tests.support.simulation.group import Group
from tests.support.simulation.inside import Inside
from tests.support.simulation.loop import PROCESS, now
from tests.support.simulation.story import Story

DAY = 86_400.0
HISTORY = "history"
Keep = Callable[[Iterable[Entry]], None]
LOOKS_WITHIN = 6.0
"""Seconds after which a worker that consumes has asked where its logs end."""


class Limits(msgspec.Struct, frozen=True):
    """How workers are set up."""

    in_flight: int = 40  # notifications taken and not settled at most
    age: float = DAY  # seconds for which a notification is tried; 0 where nothing is put aside


class VirtualClock(EngineClock):
    """Tells the loop's own time, but for this machine's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return now()


class Process:
    """A worker and what belongs to it alone."""

    def __init__(
        self,
        name: str,
        group: Group,
        destinations: Destinations,
        books: Books,
        story: Story,
        limits: Limits,
        keep_history: Keep | None = None,
    ) -> None:
        self.name = name
        self.crashed = False
        # it was stopped, and has not heard since what became of its membership
        self.stands_still = False
        self._context = Context()
        self._context.run(PROCESS.set, name)
        self.consumer: FakeConsumer | None = None  # the one it made last, or None
        # the requests under way, each with the message ids it is about
        self.asking: dict[asyncio.Future[Answer], list[str]] = {}
        self._destinations = destinations
        self._books = books
        self._story = story
        self._limits = limits
        self._figures: tuple[int, ...] = (0,) * 11
        self._cluster = group.cluster
        self._shorter_since: dict[TopicPartition, float] = {}
        connection = connection_to(group, self._made)
        clock = VirtualClock(group.cluster.clocks.new())
        self.producer = FakeProducer(
            connection,
            group.cluster,
            self._write,
            now=clock.broker_now,
            on_append=clock.broker_said,
        )
        history = no_history(clock)
        if keep_history is not None:
            kept: Any = KeptHistory(keep_history)
            history = History(kept, HISTORY, clock)
        self.board = StillBoard(clock)  # what operators have said, as far as it has heard
        self.worker = NotificationWorker(
            Parts(
                _options(limits),
                connection,
                self.producer,
                {
                    "webhook": AskingChannel("webhook", self),
                    "discord": AskingChannel("discord", self, merged=10, in_order=True),
                    "email": AskingChannel("email", self),
                },
                _addresses(),
                clock,
                Observer(Statistics(), AttemptLog(), Metrics(), clock, history),
                self.board,
            )
        )
        self.inside = Inside(self.worker)

    @property
    def running(self) -> bool:
        """Whether it consumes, or is about to."""
        awake = not self.crashed and not self.stands_still
        return awake and self.worker.snapshot().is_running

    async def start(self) -> None:
        """Start the worker."""
        await asyncio.create_task(self.worker.start(), context=self._context)

    async def stop(self, *, drain: bool = True) -> None:
        """Stop the worker."""
        await asyncio.create_task(self.worker.stop(drain=drain), context=self._context)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let it do something; if it stands still then, afterwards."""
        asyncio.get_running_loop().call_later(seconds, act, context=self._context)

    @property
    def lost(self) -> bool:
        """Whether the group took it for dead, which it does not know."""
        return self.consumer is not None and self.consumer.lost

    def known_end(self, partition: TopicPartition, topic_id: str) -> int:
        """Return how far it knows a log of that topic to have been."""
        if self.consumer is None or self.crashed or self.lost:
            return 0
        known = self.inside.known_end(partition, topic_id)
        return 0 if known is None else max(known, self.consumer.read_to(partition))

    def crash(self) -> None:
        """End as a process does that is killed: nothing it has begun comes to pass."""
        self._story.tell(f"* {self.name} crashes")
        self.crashed = self.producer.dead = True
        if self.consumer is not None:
            self.consumer.dead = True
        for asking in list(self.asking):
            asking.cancel()

    async def ask(self, deliveries: Sequence[Delivery]) -> Answer:
        """Make a request; once it has crashed none is made, or answered."""
        if self.crashed:
            await asyncio.Event().wait()
        names = [each.notification.message_id or "" for each in deliveries]
        self._books.asking(self.name, deliveries[0].destination, names)
        if self.lost and not self.stands_still:  # others may send the same: it cannot know
            self._books.excused.update(names)
        targets = [target.address for each in deliveries for target in each.targets]
        answering = self._destinations.answer(deliveries)
        asking = asyncio.create_task(answering, context=Context())
        self.asking[asking] = names
        self._story.tell(f"{self.name} asks {targets} about {names}", names)
        try:
            answer = await asking
        except asyncio.CancelledError:
            self._story.tell(f"{self.name} is cut off asking {targets} about {names}", names)
            raise
        finally:
            asking.cancel()
            del self.asking[asking]
        self._story.tell(f"{self.name} is told {answer.outcomes} about {names}", names)
        return answer

    def _made(self, consumer: FakeConsumer) -> None:
        self.consumer = consumer
        consumer.dead = self.crashed

    def _write(self, topic: str, value: bytes | None, headers: Headers) -> None:
        """Excuse what is written without knowing all."""
        name = self._books.name_of(value, headers)
        if topic != DEAD_LETTERS and value is not None and LARGE in value:
            self._books.put_aside.add(name)  # where it stands
        unanswered = any(name in names for names in self.asking.values())
        if self.lost or (topic != DEAD_LETTERS and unanswered):
            self._story.tell(f"{self.name} puts {name} aside, lost or unanswered", [name])
            self._books.excused.add(name)
        if self.lost:  # whoever has the partition does not know that another went ahead
            self._books.put_aside.add(name)

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with it now."""
        if not self.crashed and not self.stands_still:
            yield from self.inside.faults()
            yield from self._unseen_losses()
            yield from self._wrong_figures()

    def _unseen_losses(self) -> Iterator[str]:
        """Yield the logs that it believes longer than they are, although it could have looked."""
        if self.lost or not self._cluster.there.is_set():
            self._shorter_since = {}
            return
        logs = self._cluster.logs
        shorter = {each for each, mark in self.inside.marks() if mark > len(logs[each])}
        self._shorter_since = {each: self._shorter_since.get(each, now()) for each in shorter}
        for partition, since in self._shorter_since.items():
            if now() > since + LOOKS_WITHIN:
                yield f"{partition.topic}/{partition.partition} is shorter, and it does not see it"

    def _wrong_figures(self) -> Iterator[str]:
        shown = self.worker.snapshot()
        parts = (
            shown.messages_sent,
            shown.messages_failed,
            shown.messages_partial,
            shown.messages_expired,
            shown.messages_suppressed,
        )
        if shown.messages_consumed != sum(parts):
            yield "the books do not balance"
        figures = (
            shown.messages_consumed,
            *parts,
            shown.messages_deferred,
            shown.messages_dead_lettered,
            shown.messages_duplicate,
            shown.messages_skipped,
            shown.messages_retried,
        )
        if any(new < old for new, old in zip(figures, self._figures, strict=True)):
            yield f"figures went back: {self._figures} {figures}"
        self._figures = figures
        if shown.in_flight > self._limits.in_flight:
            yield f"{shown.in_flight} in flight"
        if min(shown.lag or 0, shown.backlog or 0) < 0:
            yield "negative lag"


class KeptHistory:
    """Stands for the producer of the history: what is written is handed on at once.

    Args:
        keep: Takes the entries.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def begin(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        headers: Headers,
        then: Then,
        *,
        partition: int,
    ) -> None:
        """See ``Producer.begin``."""
        del key
        batch = read(value, headers)
        assert batch is not None
        self._keep(batch.entries)
        asyncio.get_running_loop().call_soon(then, (TopicPartition(topic, partition), 0))


class AskingChannel(CoroutineChannel):
    """Leads to the destinations, for as long as its process lives."""

    def __init__(
        self, name: str, process: Process, *, merged: int = 1, in_order: bool = False
    ) -> None:
        self.name = name
        self.most_merged = merged
        self.in_order = in_order
        self._process = process

    async def send(self, deliveries: Sequence[Delivery]) -> Answer:
        """Ask the destination."""
        return await self._process.ask(deliveries)

    def mergeable(self, deliveries: Sequence[Delivery], more: Delivery) -> bool:
        """Say whether there is room."""
        del more
        return len(deliveries) < self.most_merged


@cache
def _addresses() -> Addresses:
    """Return the one that all share: to compile the templates takes longer than a whole run."""
    return Addresses(None, None, Defaults(smtp=MAIL_SERVER), KNOWN)


def _options(limits: Limits) -> WorkerOptions:
    return WorkerOptions(
        subscription=Subscription(
            topics=(TOPIC,),
            dead_letter_topic=DEAD_LETTERS,
            retry_prefix=RETRIES,
            control_topic=CONTROL,
            group_id="group",
            start_at_earliest=True,
            max_poll_records=50,
            partitions=PARTITIONS,
            replication_factor=1,
        ),
        max_in_flight=limits.in_flight,
        drain_timeout=5.0,
        retry=RetryPolicy(3, base_delay=1.0, max_delay=10.0, max_age=limits.age),
        concurrency={"webhook": 4, "discord": 4, "email": 2},
    )
