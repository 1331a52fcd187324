"""Records on their way into Kafka, acknowledged by all in-sync replicas."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import REFUSALS, TOO_LARGE, translated
from app.values.record import Headers, TopicPartition

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0
USUAL_MAX_REQUEST_SIZE = 1_114_112
"""Bytes: a record of Kafka's usual largest size, and 64 KiB of headers."""

Place = tuple[TopicPartition, int]


class Producer:
    """An idempotent producer that connects on first use and is rebuilt after a fatal error.

    Args:
        connection: Where Kafka is.
        timeout: Seconds that ``send`` waits for an acknowledgement.
    """

    def __init__(self, connection: Connection, *, timeout: float = 10.0) -> None:
        self._connection = connection
        self._timeout = timeout
        self._max_request_size = USUAL_MAX_REQUEST_SIZE
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

    def allow(self, size: int) -> None:
        """Make room for records whose batch takes up to ``size`` bytes."""
        if size > self._max_request_size:
            self._max_request_size = size
            if self._client is not None:
                self._client._max_request_size = size  # noqa: SLF001 - as if made with it

    async def _write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> Place:
        client = await self._started()
        try:
            acknowledged: Any = await _sent(client, topic, key, value, headers)
        except REFUSALS + TOO_LARGE:
            raise
        except KafkaError as error:
            if not error.retriable and not isinstance(error, KafkaTimeoutError):
                await self._discard(client)
            raise
        return TopicPartition(acknowledged.topic, acknowledged.partition), acknowledged.offset

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._client is None:
                client = AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=max(int(self._timeout * 1000), 1000),
                    max_request_size=self._max_request_size,
                    **self._connection.options,
                )
                try:
                    await client.start()
                except BaseException:
                    await client.stop()
                    raise
                self._client = client
            return self._client

    async def _discard(self, client: AIOKafkaProducer) -> None:
        if self._client is client:
            self._client = None
            log.warning("the Kafka producer met a fatal error and is made anew")
            await _close(client)

    async def close(self) -> None:
        """Flush what is being written and close, within a few seconds."""
        client, self._client = self._client, None
        if client is not None:
            await _close(client)


async def _sent(
    client: AIOKafkaProducer,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
) -> Any:
    if key is None and value is None:
        key = b""  # Kafka takes a record of headers alone, aiokafka does not
    written: Awaitable[Any] = await client.send(topic, value=value, key=key, headers=list(headers))
    return await written


async def _close(client: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("the Kafka producer did not close cleanly: %r", error)
