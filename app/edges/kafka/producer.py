"""Records on their way into Kafka, acknowledged by all in-sync replicas."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import REFUSALS, TOO_LARGE, describe, translated
from app.values.record import Headers, TopicPartition

log = logging.getLogger(__name__)

CLOSE_TIMEOUT: Final = 5.0
LARGEST_RECORD: Final = 64 * 1024 * 1024
"""Bytes before compression. What a topic takes is for the broker to say, whose limits hold for
compressed batches: a fetched megabyte may hold a record of many. It is bounded because a request
of more than 100 MiB makes the broker hang up, again and again."""
LOG_APPEND_TIME: Final = 1

Place = tuple[TopicPartition, int]


class Producer:
    """An idempotent producer that connects on first use and is rebuilt after a fatal error.

    Args:
        connection: Where Kafka is.
        timeout: Seconds that ``send`` waits for an acknowledgement.
        compression: For topics of one's own. Of what may be chosen zstd is the smallest and next to
            the fastest: 6 µs a record, a fifth of its size (lz4: 10 µs and a quarter, gzip: 20 µs).
            Who else reads a topic may know no zstd.
        now: Seconds since the epoch, which records are stamped with.
        on_append: Called with the broker's time, in seconds since the epoch, when a topic with
            ``LogAppendTime`` took a record just now.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        timeout: float = 10.0,
        compression: Literal["zstd"] | None = None,
        now: Callable[[], float] = time.time,
        on_append: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._compression = compression
        self._now = now
        self._on_append = on_append
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write one record and return where it stands once every in-sync replica has it.

        Raises:
            KafkaUnavailableError: No acknowledgement in time; the record may or may not be there.
            KafkaRefusedError: Kafka answered no: too large, not allowed, no such topic.
        """
        with translated(f"acknowledge a record for {topic}"):
            async with asyncio.timeout(self._timeout):
                return await self._write(topic, key, value, headers)

    async def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Place:
        """Write one record, however long that takes.

        What the client has taken it writes once, as soon as it can. Whoever gives up waiting and
        writes it again writes it twice: so this waits as long as the client does.

        Raises:
            KafkaUnavailableError: The client has given up on it.
            KafkaRefusedError: As for ``send``.
        """
        with translated(f"acknowledge a record for {topic}"):
            return await self._write(topic, key, value, headers)

    async def _write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> Place:
        client = await self._started()
        try:
            written = await _begun(client, topic, key, value, headers, self._now())
            acknowledged: Any = await written
        except REFUSALS:
            raise
        except KafkaError as error:
            # A broker does not count what it refuses as too large, but the client does: whatever it
            # writes next would be out of order.
            if not error.retriable and not isinstance(error, KafkaTimeoutError):
                await self._discard(client, error)
            raise
        if acknowledged.timestamp_type == LOG_APPEND_TIME:
            self._on_append(acknowledged.timestamp / 1000)
        return TopicPartition(acknowledged.topic, acknowledged.partition), acknowledged.offset

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._client is None:
                client = AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=max(int(self._timeout * 1000), 1000),
                    max_request_size=LARGEST_RECORD,
                    compression_type=self._compression,
                    **self._connection.options,
                )
                try:
                    await client.start()
                except BaseException:
                    await client.stop()
                    raise
                self._client = client
            return self._client

    async def _discard(self, client: AIOKafkaProducer, error: KafkaError) -> None:
        if self._client is client:
            self._client = None
            level = logging.INFO if isinstance(error, TOO_LARGE) else logging.WARNING
            log.log(level, "the Kafka producer is made anew: %s", describe(error))
            await _close(client)

    async def close(self) -> None:
        """Flush what is being written and close, within a few seconds."""
        client, self._client = self._client, None
        if client is not None:
            await _close(client)


async def _begun(
    client: AIOKafkaProducer,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    stamp: float,
) -> Awaitable[Any]:
    if key is None and value is None:
        key = b""  # Kafka takes a record of headers alone, aiokafka does not
    begun: Awaitable[Any] = await client.send(
        topic, value=value, key=key, headers=list(headers), timestamp_ms=int(stamp * 1000)
    )
    return begun


async def _close(client: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("the Kafka producer did not close cleanly: %r", error)
