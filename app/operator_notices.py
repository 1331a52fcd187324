"""Wires what tells the operator; a part of the composition root."""

import os
from collections.abc import Mapping

from app.edges.channels.base import Channel
from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.engine.addresses import Addresses
from app.engine.clock import EngineClock
from app.engine.control.board import Board
from app.engine.notices.exchange import Exchange
from app.engine.notices.notices import Notices
from app.engine.notices.post import Sender
from app.engine.notices.watch import Watch
from app.engine.observer import Observer
from app.engine.tasks import Spawn
from app.engine.worker import NotificationWorker
from app.language.choice import of_terminal
from app.language.speaking import translator
from app.policies.service.notices import Rules
from app.settings.models import Settings


def notices_to_operator(
    settings: Settings,
    connection: Connection,
    producer: Producer,
    worker: NotificationWorker,
    name: str,
    board: Board,
    channels: Mapping[str, Channel],
    addresses: Addresses,
    clock: EngineClock,
    observer: Observer,
    *,
    spawn: Spawn,
) -> Notices:
    """Return what tells the operator, as the settings have it."""
    rules = Rules(settings.operator.after, settings.operator.every)
    kafka = settings.kafka
    exchange = None
    if not connection.embedded:  # its group has one worker
        exchange = Exchange(board, producer, kafka.control_topic, kafka.group_id, clock)
    sender = Sender(
        channels,
        worker.dispatcher,
        addresses,
        clock,
        observer.metrics,
        group=kafka.group_id,
        worker=name,
        translate=translator(of_terminal(os.environ, settings.language)),
    )
    return Notices(
        Watch(worker, name, kafka.dead_letter_topic, observer, clock, rules),
        settings.operator.addresses,
        sender,
        exchange,
        rules,
        clock,
        observer,
        spawn=spawn,
    )
