"""Sending test messages one after the other, and the account of how that went."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from app.configured import connect_to
from app.edges.kafka.errors import translated
from app.edges.kafka.producer import Producer
from app.edges.kafka.topic_admin import TopicAdmin
from app.edges.service_client import ServiceBusyError, ServiceClient
from app.faces.cli.columns import label
from app.language.speaking import translate
from app.policies.texts.test_messages import Kind, test_message
from app.settings.models import KafkaSettings
from app.values.errors import KafkaRefusedError, NotifierError
from app.values.topic import WantedTopic

BUSY_PATIENCE = 30.0
"""Seconds that one message waits for a service that is busy."""
FAILURES_IN_A_ROW = 3
_LABEL_WIDTH = 12
_KAFKA_TIMEOUT = 10.0
_SERVICE_TIMEOUT = 20.0  # it waits ten seconds itself for Kafka's acknowledgement

Send = Callable[[str, bytes], Awaitable[None]]
"""Sends one message: its id, which is the record's key, and its value."""


@dataclass
class Tally:
    """How it went so far. Times in seconds."""

    succeeded: int = 0
    failed: int = 0
    sending: float = 0.0  # spent on sending, without the pauses between messages
    last_error: NotifierError | None = None  # of the last message that failed
    started: float = field(default_factory=time.monotonic)

    @property
    def total(self) -> int:
        """Messages that were tried."""
        return self.succeeded + self.failed

    def summary(self) -> str:
        """Return the account as lines for people."""
        elapsed = time.monotonic() - self.started
        rate = self.total / elapsed if elapsed > 0 else 0.0
        average = self.sending / self.total * 1000 if self.total else 0.0
        return "\n".join(
            (
                _row(translate("Total"), f"{self.total:,}"),
                _row(translate("Succeeded"), f"{self.succeeded:,}"),
                _row(translate("Failed"), f"{self.failed:,}"),
                _row(translate("Rate"), translate("{rate} messages/s").format(rate=f"{rate:,.1f}")),
                _row(translate("Time"), f"{elapsed:.2f} s"),
                _row(translate("Average"), translate(f"{average:.1f} ms to send one")),
            )
        )


def _row(name: str, value: str) -> str:
    return f"  {label(name, _LABEL_WIDTH)}{value}"


async def send_all(
    send: Send, kind: Kind, count: int, delay: float, tally: Tally, show: Callable[[str], None]
) -> None:
    """Send numbered test messages; give up if going on would be of no use."""
    failed_in_a_row = 0
    for number in range(1, count + 1):
        if number > 1:
            await asyncio.sleep(delay)
        message_id = f"test-{uuid4()}"
        value = test_message(kind, number, message_id, datetime.now().astimezone())
        began = time.monotonic()
        try:
            await send(message_id, value)
        except NotifierError as error:
            tally.failed += 1
            tally.last_error = error
            failed_in_a_row += 1
            show(translate("failed: {error}").format(error=translate(str(error))))
        else:
            tally.succeeded += 1
            failed_in_a_row = 0
            show(translate("sent {message_id}").format(message_id=message_id))
        finally:
            tally.sending += time.monotonic() - began
        if failed_in_a_row >= (FAILURES_IN_A_ROW if tally.succeeded else 1):
            return


@asynccontextmanager
async def to_kafka(kafka: KafkaSettings, topic: str) -> AsyncIterator[Send]:
    """Yield a function that publishes straight to Kafka.

    A topic that the worker would create is created; any other has to be there.

    Raises:
        KafkaUnavailableError: Kafka cannot be reached.
        KafkaRefusedError: The topic is not there and may not be created.
        SettingsError: A certificate or key file cannot be read.
    """
    connection = connect_to(kafka)
    with translated("answer"):
        async with asyncio.timeout(_KAFKA_TIMEOUT), TopicAdmin(connection) as cluster:
            if topic in kafka.topics:
                wanted = WantedTopic(topic, kafka.partitions)
                await cluster.create([wanted], kafka.replication_factor)
            elif topic not in await cluster.visible([topic]):
                raise KafkaRefusedError(
                    f"there is no topic {topic}, or it is hidden from this user"
                )
    producer = Producer(connection)

    async def send(message_id: str, value: bytes) -> None:
        await producer.send(topic, message_id.encode(), value)

    try:
        yield send
    finally:
        await producer.close()


@asynccontextmanager
async def through_service(
    url: str, api_key: str | None, patience: float = BUSY_PATIENCE
) -> AsyncIterator[Send]:
    """Yield a function that publishes through a running service, at the pace it can keep.

    Raises:
        ServiceError: The URL or the key cannot be used.
    """
    async with ServiceClient(url, api_key, timeout=_SERVICE_TIMEOUT) as client:

        async def send(_: str, value: bytes) -> None:
            deadline = time.monotonic() + patience
            while True:
                try:
                    await client.publish(value)
                except ServiceBusyError as error:
                    if time.monotonic() + error.retry_after > deadline:
                        raise
                    await asyncio.sleep(error.retry_after)
                else:
                    return

        yield send
