"""A worker on the embedded broker, with channels that the test scripts."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from app.edges.channels.base import Channel
from app.edges.embedded_broker import EmbeddedBroker
from app.edges.kafka.admin import Admin
from app.edges.kafka.connection import Connection
from app.edges.kafka.dead_letters import DeadLetters
from app.edges.kafka.log_reader import LogReader
from app.edges.kafka.producer import Producer
from app.edges.kafka.producer_batches import Then
from app.engine.addresses import Addresses
from app.engine.group.subscription import Subscription
from app.engine.options import WorkerOptions
from app.engine.parts import Parts
from app.engine.worker import NotificationWorker
from app.policies.limits.retry import RetryPolicy
from app.policies.routing import Defaults
from app.values.dead_letter import DeadLetter
from app.values.errors import KafkaRefusedError, KafkaUnavailableError, RecordTooLargeError
from app.values.record import Headers, Record, TopicPartition
from tests.support.channels import KNOWN
from tests.support.control import StillBoard
from tests.support.engine import ScriptedChannel, SkewedClock, observer, until
from tests.support.topic import no_marks

TOPIC = "notifications"
DEAD_LETTERS = "notifications.dlq"
HOOK_URL = "http://hooks.example/one"


class RefusingProducer(Producer):
    """A producer that one topic can be made unwritable for.

    Attributes:
        refused_topic: Cannot be written.
        denied_topic: Takes no such record.
        narrow: What the names of topics begin with that take no large records.
        largest: Bytes of a value that those take.
    """

    refused_topic: str | None = None
    denied_topic: str | None = None
    narrow: tuple[str, ...] = ()
    largest = 1000

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
        """Write, or fail as an absent leader makes it fail."""
        loop = asyncio.get_running_loop()
        if topic == self.refused_topic:
            loop.call_soon(then, KafkaUnavailableError("no leader"))
        elif topic == self.denied_topic:
            loop.call_soon(then, KafkaRefusedError("it takes no such record"))
        elif self.narrow and topic.startswith(self.narrow) and len(value or b"") > self.largest:
            loop.call_soon(then, RecordTooLargeError("Kafka refused it: it is too large"))
        else:
            super().begin(topic, key, value, headers, then, anywhere=anywhere, partition=partition)


class Stage:
    """Everything that a test of the worker touches."""

    def __init__(
        self, broker: EmbeddedBroker, connection: Connection, stack: AsyncExitStack
    ) -> None:
        self.broker = broker
        self.connection = connection
        self.channel = ScriptedChannel()
        self.clock = SkewedClock()
        self.observer = observer(self.clock)
        self.board = StillBoard(self.clock)
        self.producer = RefusingProducer(connection)
        self.dead_letter_topic = DEAD_LETTERS
        self._stack = stack

    def worker(
        self,
        *,
        auto_offset_reset: str = "earliest",
        drain_timeout: float = 5.0,
        max_in_flight: int = 1000,
        channels: Mapping[str, Channel] | None = None,
        attempts: int = 3,
        max_age: float = 0.0,
        silence: float = 60.0,
        defaults: Defaults = Defaults(webhook_url=HOOK_URL),  # noqa: B008 - frozen
        recipients_file: Path | None = None,
        default_ttl: float = 0.0,
    ) -> NotificationWorker:
        """Return a worker that is stopped when the test ends."""
        options = WorkerOptions(
            subscription=Subscription(
                topics=(TOPIC,),
                dead_letter_topic=self.dead_letter_topic,
                retry_prefix="notifications.retry",
                control_topic="notifications.control",
                group_id="group",
                start_at_earliest=auto_offset_reset == "earliest",
                max_poll_records=500,
                partitions=4,
                replication_factor=1,
            ),
            max_in_flight=max_in_flight,
            default_ttl=default_ttl,
            drain_timeout=drain_timeout,
            retry=RetryPolicy(attempts, base_delay=0.01, max_delay=0.01, max_age=max_age),
            concurrency={"webhook": 16, "email": 4},
            silence=silence,
        )
        made = NotificationWorker(
            Parts(
                options,
                self.connection,
                self.producer,
                channels or {"webhook": self.channel},
                Addresses(recipients_file, None, defaults, KNOWN),
                self.clock,
                self.observer,
                self.board,
            )
        )
        self._stack.push_async_callback(made.stop, drain=False)
        return made

    async def running(self, **options: Any) -> NotificationWorker:
        """Return such a worker, started."""
        made = self.worker(**options)
        await made.start()
        return made

    async def publish(self, *values: bytes | dict[str, Any], key: bytes = b"k") -> None:
        """Write record values to one partition."""
        for value in values:
            encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
            await self.producer.send(TOPIC, key, encoded)

    async def publish_held(self, worker: NotificationWorker, count: int) -> asyncio.Event:
        """Publish so many that wait at their destination until the returned event is set.

        One goes ahead, which shows the lane that it may send several at once.
        """
        await self.publish({"content": "ahead", "channels": ["webhook"]})
        await until(lambda: worker.snapshot().messages_sent == 1)
        self.channel.gate = asyncio.Event()
        await self.publish(
            *({"content": str(number), "channels": ["webhook"]} for number in range(count))
        )
        await self.channel.arrived(1 + min(count, 16))
        await until(lambda: worker.snapshot().in_flight == count)
        return self.channel.gate

    async def committed(self) -> int:
        """Return the sum of the group's committed offsets."""
        partitions = [TopicPartition(TOPIC, number) for number in range(4)]
        async with Admin(self.connection) as admin:
            offsets = await admin.committed("group", partitions)
        return sum(found.offset if found else 0 for found in offsets.values())

    async def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return what is in the dead-letter topic, oldest first."""
        letters = DeadLetters(self.connection, self.dead_letter_topic, no_marks)
        page = await letters.page(limit=100)
        return page.dead_letters[::-1]

    async def deferred(self, topic: str) -> list[Record]:
        """Return what is in one of the retry topics."""
        async with LogReader(self.connection, f"notifications.retry.{topic}", 5) as log:
            ranges = {number: each for number, each in (await log.ranges()).items() if each}
            stretches = await log.read(ranges, lambda _: True) if ranges else {}
        return [one for stretch in stretches.values() for one in stretch.records]


def envelope(content: str = "text", **fields: Any) -> dict[str, Any]:
    """Return an envelope for the default webhook."""
    return {"content": content, "channels": ["webhook"], **fields}
