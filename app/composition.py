"""The composition root: every part of the service, wired in one place."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from app.configured import signing_keys_of, worker_options_of
from app.development import connect, defaults, mail_server, start_inbox
from app.edges.channels import CHANNELS, open_channels
from app.edges.channels.base import Channel, ChannelEntry, Means
from app.edges.guard import AddressGuard
from app.edges.http import open_http_client
from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.history_log import HistoryLog
from app.edges.kafka.producer import Producer
from app.edges.kafka.topic_tail import TopicTail
from app.edges.logs import configured_logging, set_level
from app.edges.metrics import Metrics
from app.edges.own_addresses import OwnAddresses
from app.edges.telemetry import open_telemetry
from app.engine.addresses import Addresses
from app.engine.attempts import AttemptLog
from app.engine.clock import EngineClock
from app.engine.cluster.topics import SourceTopic
from app.engine.control.board import Board
from app.engine.control.destination_test import DestinationTest
from app.engine.control.destinations import DestinationDesk
from app.engine.control.fleet import FleetView
from app.engine.control.known_destinations import KnownDestinations
from app.engine.control.loop_lag import measure_loop_lag
from app.engine.control.others import OtherWorkers
from app.engine.control.publisher import Publisher
from app.engine.control.record_search import RecordSearch
from app.engine.control.replay import Replayer
from app.engine.control.tracing import Tracer
from app.engine.group.subscription import Subscription
from app.engine.history import History, worker_name
from app.engine.observer import Observer
from app.engine.parts import Parts
from app.engine.spans import Spans
from app.engine.tasks import Tasks
from app.engine.worker import NotificationWorker
from app.faces.deeds import Deeds
from app.faces.metrics import Exposition
from app.faces.reporter import print_reports
from app.faces.service import Service, Starter
from app.faces.sign_ins import SignIns
from app.faces.wrong_keys import WrongKeys
from app.operator_notices import notices_to_operator
from app.policies.books.statistics import Statistics
from app.policies.channels import Channels
from app.policies.headers.deferral import AT_ONCE, DELAYS
from app.policies.redaction import Secrets
from app.policies.service.access import Access
from app.policies.service.embedded_capacity import EmbeddedCapacity
from app.settings.load import LoadedSettings, broker_line
from app.settings.models import Settings

if TYPE_CHECKING:
    from app.inbox.inbox import Inbox

log = logging.getLogger(__name__)


@asynccontextmanager
async def running_service(
    loaded: LoadedSettings,
    own_addresses: OwnAddresses,
    entries: Sequence[ChannelEntry] = CHANNELS,
) -> AsyncIterator[Service]:
    """Start everything, yield it, and stop it in the reverse order.

    Args:
        own_addresses: The addresses at which the control plane listens.

    Raises:
        NotifierError: A setting or a file cannot be used; the text is one line.
    """
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        known = Channels(entries)
        secrets = Secrets(loaded.secret_values(), forms=known.forms)
        stack.enter_context(configured_logging(settings.log, sys.stderr, secrets=secrets))
        log.info(broker_line(loaded))
        if loaded.proxies is not None:
            log.info("webhooks go %s", loaded.proxies.describe())
        connection = await connect(settings.kafka, stack)
        inbox = await start_inbox(stack, known) if settings.inbox else None
        server = mail_server(settings.email, inbox)
        http = await stack.enter_async_context(
            open_http_client(_guard(settings, inbox, own_addresses), proxies=loaded.proxies)
        )
        means = Means(
            http, _print, settings.webhook.timeout, signing_keys_of(settings.webhook), server
        )
        channels = await stack.enter_async_context(open_channels(means, entries))
        addresses = Addresses(
            settings.recipients_file,
            settings.templates_dir,
            defaults(settings, inbox, server),
            known,
        )
        metrics = Metrics()
        attempts = AttemptLog(secrets)
        clock = EngineClock()
        producer = Producer(connection, now=clock.broker_now)
        stack.push_async_callback(producer.close)
        own_topics = Producer(
            connection,
            compression="zstd",
            now=clock.broker_now,
            # The embedded broker has this machine's clock, and makes up the times that it answers.
            on_append=(lambda _: None) if connection.embedded else clock.broker_said,
        )
        stack.push_async_callback(own_topics.close)
        options = worker_options_of(settings, entries)
        observer = await _observer(
            loaded, options.subscription, own_topics, attempts, metrics, clock, secrets, stack
        )
        board = Board(
            settings.kafka.group_id,
            clock,
            partial(TopicTail, connection, settings.kafka.control_topic),
        )
        worker = NotificationWorker(
            Parts(options, connection, own_topics, channels, addresses, clock, observer, board)
        )
        tasks = Tasks(on_failure=lambda _: None)
        stack.push_async_callback(tasks.cancel)
        fleet = FleetView(
            worker,
            board,
            None if connection.embedded else own_topics,  # nobody else can read that one
            settings.kafka.control_topic,
            settings.kafka.group_id,
            clock,
            address=partial(own_addresses.url, connection.bootstrap_servers),
        )
        _join(fleet, board, tasks, stack)
        starter = Starter(worker)
        stack.push_async_callback(starter.stop)
        publisher = Publisher(
            producer,
            settings.kafka.topics[0],
            addresses,
            capacity=EmbeddedCapacity() if connection.embedded else None,
            settled=worker.lowest_unsettled,
            spawn=tasks.spawn,
            now=lambda: datetime.now().astimezone(),
            make_topic=SourceTopic(connection, options.subscription).make,
        )
        dead_letters = DeadLetters(
            connection, settings.kafka.dead_letter_topic, board.marks, secrets=secrets
        )
        replayer = Replayer(
            dead_letters,
            board,
            own_topics,
            retry_topic=f"{settings.kafka.retry_topic}.{DELAYS[AT_ONCE]}",
            control_topic=settings.kafka.control_topic,
            group_id=settings.kafka.group_id,
            ours=options.subscription.ours,
            addresses=addresses,
            now=clock.broker_now,
            spawn=tasks.spawn,
        )
        access = Access.of(
            (key.get_secret_value() for key in settings.api_keys),
            metrics_open=settings.metrics.open,
            closed=settings.environment == "production" and not own_addresses.known,
        )
        tracer = Tracer(
            worker.holding,
            worker_name(),
            RecordSearch(connection, options.subscription, dead_letters),
            HistoryLog(connection, options.subscription.history_topic),
            OtherWorkers(fleet.view, access.passes, has_keys=bool(access.keys)),
            secrets,
        )
        tasks.spawn(measure_loop_lag(observer), "loop lag")
        if settings.operator.notify:
            notices = notices_to_operator(
                settings,
                connection,
                own_topics,
                worker,
                fleet.me,
                board,
                channels,
                addresses,
                clock,
                observer,
                spawn=tasks.spawn,
            )
            tasks.spawn(notices.run(), "notices to the operator")
        if settings.report.interval > 0:
            reports = print_reports(
                worker,
                initial_delay=settings.report.initial_delay,
                interval=settings.report.interval,
            )
            tasks.spawn(reports, "status reports")
        if settings.worker.autostart:
            tasks.spawn(worker.start(), "start the worker")
        yield Service(
            worker=worker,
            starter=starter,
            publisher=publisher,
            attempts=attempts,
            dead_letters=dead_letters,
            replayer=replayer,
            tracer=tracer,
            destinations=_desk(
                settings, worker, observer, board, channels, addresses, own_topics, clock
            ),
            fleet=fleet.view,
            rates=observer.rates,
            reloader=addresses,
            inbox=inbox,
            access=access,
            sign_ins=SignIns(access),
            wrong_keys=WrongKeys(),
            metrics=Exposition(metrics.registry, worker.snapshot),
            set_log_level=set_level,
            channels=known,
            secrets=Secrets(loaded.secret_values(), distinct=True, forms=known.forms),
            own_addresses=own_addresses,
            language=settings.language,
            deeds=Deeds(),
            closing=asyncio.Event(),
        )


async def _observer(
    loaded: LoadedSettings,
    subscription: Subscription,
    own_topics: Producer,
    attempts: AttemptLog,
    metrics: Metrics,
    clock: EngineClock,
    secrets: Secrets,
    stack: AsyncExitStack,
) -> Observer:
    spans = None
    telemetry = open_telemetry(loaded.telemetry, worker_name(), metrics.count_spans)
    if (opened := await stack.enter_async_context(telemetry)) is not None:
        spans = Spans(opened, subscription.group_id, clock, secrets)
    traced = spans is not None
    history = History(own_topics, subscription.history_topic, clock, secrets, traced=traced)
    return Observer(Statistics(), attempts, metrics, clock, history, spans)


def _desk(
    settings: Settings,
    worker: NotificationWorker,
    observer: Observer,
    board: Board,
    channels: Mapping[str, Channel],
    addresses: Addresses,
    producer: Producer,
    clock: EngineClock,
) -> DestinationDesk:
    dispatcher = worker.dispatcher
    return DestinationDesk(
        KnownDestinations(dispatcher, observer.statistics, board, addresses, clock),
        DestinationTest(dispatcher, channels, addresses, clock),
        board,
        producer,
        settings.kafka.control_topic,
        settings.kafka.group_id,
        clock,
    )


def _join(fleet: FleetView, board: Board, tasks: Tasks, stack: AsyncExitStack) -> None:
    """Let the group's workers know of each other, until the stack is left."""
    stack.push_async_callback(fleet.leave)
    tasks.spawn(board.run(), "follow the control topic")
    tasks.spawn(fleet.run(), "tell the group of this worker")


def _guard(settings: Settings, inbox: "Inbox | None", own: OwnAddresses) -> AddressGuard:
    exempt = frozenset({inbox.http_address} if inbox else ())
    return AddressGuard(settings.webhook.allowed_networks, exempt, own)


def _print(text: str) -> None:
    print(text, end="", file=sys.stdout, flush=True)
