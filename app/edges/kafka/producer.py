"""Records on their way into Kafka, acknowledged by all in-sync replicas."""

import asyncio
import logging

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import REFUSALS, TOO_LARGE, translated
from app.values.record import Headers, TopicPartition

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0


class Producer:
    """An idempotent producer that connects on first use and is rebuilt after a fatal error.

    Args:
        connection: Where Kafka is.
        timeout: Seconds that one record's acknowledgement may take.
        max_request_size: Bytes of the largest record that may be written.
    """

    def __init__(
        self, connection: Connection, *, timeout: float = 10.0, max_request_size: int = 1_114_112
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._max_request_size = max_request_size
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[TopicPartition, int]:
        """Write one record and return where it stands once every in-sync replica has it.

        Raises:
            KafkaUnavailableError: No acknowledgement in time; the record may or may not be there.
            KafkaRefusedError: Kafka answered no: too large, not allowed, no such topic.
        """
        with translated(f"acknowledge a record for {topic}"):
            async with asyncio.timeout(self._timeout):
                client = await self._started()
                try:
                    acknowledged = await client.send_and_wait(
                        topic, value=value, key=key, headers=list(headers)
                    )
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


async def _close(client: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("the Kafka producer did not close cleanly: %r", error)
