"""The parts of the engine, wired in one place."""

from collections.abc import Mapping

from app.edges.channels.base import Channel
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.admission import Admission
from app.engine.clock import EngineClock
from app.engine.cluster.broker_clock import ClockWatch
from app.engine.cluster.open_transactions import OpenTransactions
from app.engine.cluster.topics import TopicKeeper
from app.engine.cluster.unreadable import UnreadablePartitions
from app.engine.conditions import Conditions
from app.engine.control.board import Board
from app.engine.control.watchdog import Pulse
from app.engine.flow import Flow
from app.engine.group.current_session import CurrentSession
from app.engine.group.group_start import GroupStart
from app.engine.group.intake import Intake
from app.engine.group.membership import Membership
from app.engine.group.parking import Parking
from app.engine.group.saving import CommitSaver
from app.engine.group.share import Share
from app.engine.group.trimming import Trimmer
from app.engine.group.uncommitted import Uncommitted
from app.engine.inflight.assignment import Assignment
from app.engine.inflight.leaders import Leaders
from app.engine.inflight.window import Window
from app.engine.lanes.dispatch import Dispatcher
from app.engine.observer import Observer
from app.engine.options import WorkerOptions
from app.engine.reading import Reader
from app.engine.settlement import Exits, Settler
from app.engine.tasks import Tasks
from app.engine.turn import Turn
from app.policies.books.repeats import Repeats


class Parts:
    """Everything that a worker consists of and that outlives its sessions, wired once.

    Args:
        producer: Writes dead letters and what is put aside; its owner closes it.
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
        self.options = options
        self.subscription = subscription
        self.connection = connection
        self.addresses = addresses
        self.clock = clock
        self.observer = observer
        self.board = board
        self.current = CurrentSession()
        self.conditions = Conditions(clock.now)
        self.clock_watch = ClockWatch(producer, subscription.control_topic, clock, self.conditions)
        self.assignment = Assignment(subscription.delays)
        self.tasks = Tasks(self.current.fail)
        self.turn = Turn(observer)
        self.membership = Membership(clock, self.turn, unconfirmed_for=self.current.unconfirmed_for)
        self.turn.may_send = self.membership.is_certain
        self.settler = Settler(
            producer,
            Exits(
                subscription.dead_letter_topic,
                {delay: topic for topic, delay in subscription.delays.items()},
                subscription.group_id,
            ),
            clock,
            observer,
            self.assignment,
            spawn=self.tasks.spawn,
            turn=self.turn,
        )
        self.window = Window(options.max_in_flight)
        self.dispatcher = Dispatcher(
            channels,
            options.concurrency,
            options.retry,
            clock,
            observer,
            self.assignment,
            window=self.window,
            turn=self.turn,
            pause_of=board.pause_of,
        )
        board.on_pauses = self.dispatcher.keep_to_pauses
        reader = Reader(
            addresses,
            clock,
            options.default_ttl,
            prepare=lambda each: channels[each.destination.channel].prepare(each),
        )
        self.admission = Admission(reader, clock, observer, subscription.ours)
        self.leaders = Leaders(Repeats())
        self.uncommitted = Uncommitted()
        self.flow = Flow(
            self.assignment,
            self.admission,
            self.dispatcher,
            self.settler,
            self.leaders,
            self.window,
            self.uncommitted,
            clock,
            observer,
            max_age=options.retry.max_age,
        )
        self.turn.settle = self.flow.ended
        self.share = Share(
            connection,
            subscription,
            self.assignment,
            self.conditions,
            clock,
            leader=self.current.group_leader,
        )
        self.parking = Parking(
            connection,
            subscription,
            self.assignment,
            self.flow,
            self.admission,
            clock,
            self.conditions,
            may_admit=self.current.may_admit,
            resumed_on=lambda: board.pauses.resumed_on,
        )
        self.intake = Intake(
            self.assignment,
            self.flow,
            self.admission,
            clock,
            observer,
            self.clock_watch,
            may_admit=self.current.may_admit,
            pauses=board,
        )
        self.pulse = Pulse(clock, observer, self.assignment, self.dispatcher, self.intake)
        self.saver = CommitSaver(producer, subscription, self.assignment, clock)
        self.group_start = GroupStart(
            connection, subscription, self.saver, clock, observer, self.conditions
        )
        self.transactions = OpenTransactions(self.assignment, self.conditions, clock)
        self.unreadable = UnreadablePartitions(
            self.assignment,
            subscription.topics,
            self.conditions,
            user=connection.options.get("sasl_plain_username"),
        )
        self.trimmer = Trimmer(connection, self.assignment, clock, self.conditions)
        self.topics = TopicKeeper(
            connection, subscription, self.conditions, monotonic=clock.monotonic
        )
