"""The worker: keeps a session alive, starts and stops it, and knows its state."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from app.edges.channels.base import Channel
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.admission import Admission
from app.engine.clock import EngineClock
from app.engine.cluster.broker_clock import ClockWatch
from app.engine.cluster.open_transactions import OpenTransactions
from app.engine.cluster.strangers import say_strangers
from app.engine.cluster.topics import TopicKeeper
from app.engine.cluster.unreadable import UnreadablePartitions
from app.engine.conditions import Conditions
from app.engine.control.board import Board
from app.engine.control.holding import find_held
from app.engine.control.snapshot import WorkerState, health_body, present, take_picture
from app.engine.control.tracing import Held
from app.engine.control.watchdog import Pulse
from app.engine.flow import Flow
from app.engine.group.group_start import GroupStart
from app.engine.group.intake import Intake
from app.engine.group.parking import Parking
from app.engine.group.saving import CommitSaver
from app.engine.group.session import REVOKE_PATIENCE, SILENCE, Session
from app.engine.group.share import Share
from app.engine.group.subscription import Subscription
from app.engine.group.trimming import Trimmer
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight.invariants import check
from app.engine.inflight.leaders import Leaders
from app.engine.inflight.partition import Assignment
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.reading import Reader
from app.engine.settlement import Exits, Settler
from app.engine.tasks import Tasks, to_its_end
from app.engine.turn import Turn
from app.policies.books.pauses import Pausing, paused_texts
from app.policies.books.repeats import Repeats
from app.policies.limits.retry import RetryPolicy
from app.policies.service.health import Signs, problem
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, NotifierError
from app.values.fleet import Worker
from app.values.history import Entry
from app.values.record import TopicPartition
from app.values.snapshot import Snapshot, Status

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
FAULT_SECONDS = 600.0
"""Seconds that an error of the service's own is shown after it last happened."""
FAULT = (
    "{}: a fault of this service, not of Kafka or a destination. What it met is tried again;"
    " please report it with the traceback in the log"
)


class NoProgressError(NotifierError):
    """Nothing moves although it could: the session is to be made anew."""


class WorkerOptions(msgspec.Struct, frozen=True):
    """How a worker works.

    Attributes:
        max_in_flight: Notifications taken and not settled at most.
        default_ttl: Seconds after which a notification without a lifetime of its own is too old to
            be taken up; 0 for never.
        drain_timeout: Seconds a stop waits for started deliveries.
        concurrency: Requests under way per destination, by channel name.
        silence: Seconds without an answer after which Kafka is looked for anew.
    """

    subscription: Subscription
    max_in_flight: int
    drain_timeout: float
    retry: RetryPolicy
    concurrency: Mapping[str, int]
    silence: float = SILENCE
    default_ttl: float = 0.0


class NotificationWorker:
    """Consumes notifications and delivers them, from ``start`` to ``stop``.

    Args:
        options: How it works.
        connection: Where Kafka is.
        producer: Writes dead letters and what is put aside; its owner closes it.
        channels: By name.
        addresses: Recipients, templates and default destinations.
        clock: Tells the time.
        observer: Counts and the delivery log; outlives stops.
        board: What the group's workers tell each other, and which destinations are paused.
    """

    def __init__(
        self,
        options: WorkerOptions,
        connection: Connection,
        producer: Producer,
        channels: Mapping[str, Channel],
        addresses: Addresses,
        clock: EngineClock,
        observer: Observer,
        board: Board,
    ) -> None:
        subscription = options.subscription
        self._options = options
        self._addresses = addresses
        self._connection = connection
        self._clock = clock
        self._observer = observer
        self._board = board
        self._conditions = Conditions(clock.now)
        self._clock_watch = ClockWatch(
            producer, subscription.control_topic, clock, self._conditions
        )
        self._assignment = Assignment(subscription.delays)
        self._tasks = Tasks(self._failed)
        self._turn = Turn(observer)
        self._settler = Settler(
            producer,
            Exits(
                subscription.dead_letter_topic,
                {delay: topic for topic, delay in subscription.delays.items()},
                subscription.group_id,
            ),
            clock,
            observer,
            self._assignment,
            spawn=self._tasks.spawn,
            turn=self._turn,
        )
        self._dispatcher = Dispatcher(
            channels,
            options.concurrency,
            options.retry,
            clock,
            observer,
            self._assignment,
            window=options.max_in_flight,
            turn=self._turn,
            pause_of=board.pause_of,
        )
        board.on_pauses = self._dispatcher.keep_to_pauses
        reader = Reader(
            addresses,
            clock,
            options.default_ttl,
            prepare=lambda each: channels[each.destination.channel].prepare(each),
        )
        self._admission = Admission(reader, clock, observer, subscription.ours)
        self._leaders = Leaders(Repeats())
        self._window = Window(options.max_in_flight)
        self._uncommitted = Uncommitted()
        self._flow = Flow(
            self._assignment,
            self._admission,
            self._dispatcher,
            self._settler,
            self._leaders,
            self._window,
            self._uncommitted,
            clock,
            observer,
            max_age=options.retry.max_age,
        )
        self._turn.settle = self._flow.ended
        self._share = Share(
            connection,
            subscription,
            self._assignment,
            self._conditions,
            clock,
            leader=self._group_leader,
        )
        self._parking = Parking(
            connection,
            subscription,
            self._assignment,
            self._flow,
            self._admission,
            clock,
            self._conditions,
            may_admit=self._may_admit,
            resumed_on=lambda: board.pauses.resumed_on,
        )
        self._intake = Intake(
            self._assignment,
            self._flow,
            self._admission,
            clock,
            observer,
            self._clock_watch,
            may_admit=self._may_admit,
            pauses=board,
        )
        self._pulse = Pulse(clock, observer, self._assignment, self._dispatcher, self._intake)
        self._saver = CommitSaver(producer, subscription, self._assignment, clock)
        self._group_start = GroupStart(
            connection, subscription, self._saver, clock, observer, self._conditions
        )
        self._transactions = OpenTransactions(self._assignment, self._conditions, clock)
        self._unreadable = UnreadablePartitions(
            self._assignment,
            subscription.topics,
            self._conditions,
            user=connection.options.get("sasl_plain_username"),
        )
        self._trimmer = Trimmer(connection, self._assignment, clock, self._conditions)
        self._topics = TopicKeeper(
            connection,
            subscription,
            self._conditions,
            monotonic=clock.monotonic,
        )
        self._session: Session | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = asyncio.Lock()
        self._running = asyncio.Event()
        self._status = Status.STOPPED
        self._started_at: float | None = None
        self._started = 0.0
        self._starting_since = 0.0
        self._start_error: str | None = None
        self._failure: str | None = None

    async def start(self) -> None:
        """Begin to consume; return once RUNNING. Idempotent, waits while Kafka is away."""
        async with self._stopping:
            if self._supervisor is None:
                self._running.clear()
                self._connection.identity.forget()  # whoever starts it means what it finds
                self._assignment.forget()
                self._started_at = self._clock.now()
                self._started = self._starting_since = self._clock.monotonic()
                self._status = Status.STARTING
                self._supervisor = asyncio.create_task(self._supervise(), name="supervisor")
            supervisor = self._supervisor
        running = asyncio.ensure_future(self._running.wait())
        try:
            await asyncio.wait((running, supervisor), return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()

    async def stop(self, *, drain: bool = True) -> None:
        """Stop consuming; return once STOPPED. Idempotent.

        Args:
            drain: Wait for started deliveries, up to the drain time-out.
        """
        async with self._stopping:
            if self._supervisor is None:
                return
            self._status = Status.STOPPING
            try:
                if drain and self._session is not None:
                    quiet = await self._session.drain(self._options.drain_timeout)
                    if not quiet:
                        log.warning(
                            "not everything ended within %g s; the rest stays on Kafka",
                            self._options.drain_timeout,
                        )
            finally:
                self._supervisor.cancel()
                await asyncio.gather(self._supervisor, return_exceptions=True)
                self._supervisor = None
                self._conditions.forget()
                self._status = Status.STOPPED
                self._started_at = None
                self._running.clear()

    def pause(self) -> None:
        """Stop fetching without leaving the group. Idempotent."""
        self._intake.paused = True

    def resume(self) -> None:
        """Fetch again, and ask broken and gone destinations again at once. Idempotent."""
        self._intake.paused = False
        self._intake.wake()
        self._dispatcher.probe_now()

    async def _supervise(self) -> None:
        wait = FIRST_WAIT
        while True:
            self._status = Status.STARTING
            self._starting_since = self._clock.monotonic()
            try:
                await self._consume()
            except (KafkaUnavailableError, KafkaRefusedError) as error:
                self._start_error = str(error)
                log.warning("waiting for Kafka, trying again in %g s: %s", wait, error)
            except NoProgressError as error:
                log.error("starting anew: %s", error)  # noqa: TRY400 - where it was noticed tells nothing
            except Exception as error:
                self._status = Status.ERROR
                self._failure = f"{type(error).__name__}: {error}"
                log.exception("the worker failed and starts anew in %g s", wait)
            say_strangers(self._connection, self._conditions, stops_work=True)
            if self._running.is_set():
                wait = FIRST_WAIT
                self._running.clear()
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _consume(self) -> None:
        """Live one session; it ends with an error or with a cancellation."""
        self._dispatcher.draining = False
        await self._topics.make()
        await self._board.known()  # nothing is sent to a destination that is paused
        await self._group_start.prepare()
        timed = not self._connection.embedded  # that one has this machine's clock
        if timed:
            await self._clock_watch.ask()
        session = self._session = Session(
            self._connection,
            self._options.subscription,
            self._assignment,
            self._flow,
            self._uncommitted,
            self._intake,
            self._dispatcher,
            self._settler,
            self._saver,
            self._clock,
            self._observer,
            self._conditions,
            on_sample=self._sampled,
            patience=self._options.silence,
        )
        try:
            if timed:
                self._tasks.spawn(self._clock_watch.run(), "clock")
            self._tasks.spawn(self._parking.run(), "parking")
            if not self._connection.embedded:  # it tells nothing of groups
                self._tasks.spawn(self._share.run(), "share of the group")
            self._tasks.spawn(self._saver.run(), "save commits")
            self._tasks.spawn(self._topics.watch(), "topics")
            await session.open()
            self._start_error = self._failure = None
            self._pulse.reset()
            self._status = Status.RUNNING
            self._running.set()
            log.info("running: group %s", self._options.subscription.group_id)
            await session.run()
        finally:
            if self._status is Status.RUNNING:
                self._status = Status.STARTING
            await to_its_end(self._end(session), "end of session")

    async def _end(self, session: Session) -> None:
        """Leave the group, and leave nothing behind for the next session."""
        try:
            if self._status is not Status.STOPPING:  # it failed: let end what is about to end
                await session.drain(REVOKE_PATIENCE)
            await session.close()
        finally:
            self._session = None
            await self._tasks.cancel()
            self._dispatcher.close()
            self._turn.close()
            self._settler.reset()
            self._flow.given()

    async def _sampled(self) -> None:
        """Do now and then what need not be done at once."""
        self._dispatcher.drop_idle()
        self._dispatcher.put_aside_overdue(self._assignment.items())
        self._transactions.look()
        for assigned in self._assignment:
            assigned.resumed(self._board.pauses.resumed_on)
        if self._session is not None:
            self._session.look(self._unreadable)
        say_strangers(self._connection, self._conditions, stops_work=False)
        self._show_faults()
        trouble = self._observer.history.trouble
        self._conditions.replace("history", {} if trouble is None else {"": trouble})
        self._conditions.replace("recipients", self._addresses.recipients.warnings)
        self._conditions.replace("denied", self._dispatcher.denied())
        self._conditions.replace("outdated_address", self._dispatcher.outdated())
        self._conditions.replace("paused_destination", paused_texts(self._board.pauses))
        self._pulse.beat()
        stuck = self._pulse.stuck()
        if stuck is not None:
            raise NoProgressError(stuck)
        await self._trimmer.trim()

    def _show_faults(self) -> None:
        fault = self._observer.last_fault
        if fault is None or self._clock.monotonic() - fault[1] > FAULT_SECONDS:
            self._conditions.end("internal_error")
        else:
            self._conditions.begin("internal_error", FAULT.format(fault[0]))

    def _failed(self, error: BaseException) -> None:
        if self._session is not None:
            self._session.fail(error)

    @property
    def dispatcher(self) -> Dispatcher:
        """The lanes of its destinations."""
        return self._dispatcher

    @property
    def in_flight(self) -> int:
        """Notifications that it has taken and not settled."""
        return self._assignment.in_flight

    @property
    def joined(self) -> bool:
        """Whether it is in the group, with partitions or without."""
        return self._session is not None and self._session.joined

    @property
    def speaks(self) -> bool:
        """Whether it is the one that speaks for the group."""
        first = self._options.subscription.first_partition
        return self.joined and first in self._assignment

    def _may_admit(self) -> bool:
        session = self._session
        return session is not None and session.joined and session.committer.may_admit

    def check(self) -> Iterator[str]:
        """Yield what is wrong with what it holds: for simulations and tests, never for health."""
        if self._observer.last_fault is not None:
            yield f"a fault of its own: {self._observer.last_fault[0]}"
        if self._session is None or not self._session.joined:
            return
        waiting = {job for lane in self._dispatcher for job in lane.waiting()}
        yield from check(self._assignment, self._window, waiting)
        for lane in self._dispatcher:
            yield from (f"{lane.destination.label}: {each}" for each in lane.check())

    def lowest_unsettled(self) -> Iterator[tuple[TopicPartition, int]]:
        """Yield each partition this worker has with the lowest offset that is not settled."""
        for assigned in self._assignment:
            yield assigned.partition, assigned.lowest_unsettled

    def committed(self) -> Mapping[str, Mapping[int, int]]:
        """Return the committed offsets of the partitions this worker has, by topic."""
        known: dict[str, dict[int, int]] = {}
        for each in self._assignment:
            if each.ledger.last_commit is not None:
                numbers = known.setdefault(each.partition.topic, {})
                numbers[each.partition.partition] = each.ledger.last_commit.offset
        return known

    def unwritten(self, name: str) -> Sequence[Entry]:
        """Return what the history is still to be told of a notification."""
        return self._observer.history.unwritten(name)

    def pause_of(self, identity: str) -> Pausing | None:
        """Return the word that a destination is paused by, or None."""
        return self._board.pause_of(identity)

    def held(self, name: str) -> Held | None:
        """Return what this worker holds of a notification."""
        return find_held(self._assignment.items(), self._dispatcher, self._clock, name)

    def snapshot(self) -> Snapshot:
        """Return the state now."""
        return take_picture(
            self._state(),
            self._connection,
            self._options.subscription,
            self._assignment,
            self._dispatcher,
            self._clock,
            self._observer,
            self._conditions,
        )

    @property
    def status(self) -> Status:
        """Whether it runs."""
        return self._status

    def present(self, identity: Worker) -> Worker:
        """Return what it tells its group of itself.

        Args:
            identity: What does not change about it.
        """
        statistics = self._observer.statistics
        return present(identity, self._state(), self._assignment, self._dispatcher, statistics)

    def _state(self) -> WorkerState:
        return WorkerState(
            self._status,
            self._started_at,
            0.0 if self._started_at is None else self._clock.monotonic() - self._started,
            self._intake.paused,
            problem(self.signs()),
        )

    @property
    def stats(self) -> dict[str, Any]:
        """The mapping that ``GET /stats`` answers."""
        stats: dict[str, Any] = msgspec.to_builtins(self.snapshot())
        return stats

    def get_health_status(self) -> dict[str, Any]:
        """Return the body of ``GET /health``; ``problem`` is there only when there is one."""
        return health_body(self.snapshot())

    def not_live(self) -> str | None:
        """Say why the process should be restarted, or None. Never depends on Kafka."""
        if self._supervisor is not None and self._supervisor.done():
            return "the worker's supervisor ended"
        return None

    def _group_leader(self) -> str | None:
        return None if self._session is None else self._session.group_leader

    def not_ready(self) -> str | None:
        """Say why no work is taken (not joined, nothing given, draining), or None."""
        if self._status is not Status.RUNNING:
            return f"the worker is {self._status.value}"
        if self._session is None or not self._session.joined:
            return "the worker has not joined the group, or a rebalance is under way"
        return self._share.starved

    def signs(self) -> Signs:
        """Return the signs of its health."""
        now = self._clock.monotonic()
        if self.not_live() is not None:
            return Signs(status=Status.ERROR, failure=self.not_live())
        session = self._session
        if self._status is not Status.RUNNING or session is None:
            return Signs(
                status=self._status,
                failure=self._failure,
                start_error=self._start_error,
                condition=self._conditions.problem,
                starting_for=now - self._starting_since,
            )
        return Signs(
            status=self._status,
            broker_silent_for=session.silent_for if session.joined else None,
            commit_overdue_for=session.committer.overdue_for,
            poll_silent_for=now - self._intake.polled_at,
            fetch_silent_for=self._pulse.fetch_silent_for(),
            deliver_silent_for=self._pulse.deliver_silent_for(),
            records_blocked=self._settler.blocked,
            condition=self._conditions.problem,
        )
