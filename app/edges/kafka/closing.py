"""How an aiokafka consumer is closed, whatever state it is in."""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from app.edges.kafka.errors import describe

log = logging.getLogger(__name__)


async def close_consumer(client: AIOKafkaConsumer, timeout: float) -> None:
    """Leave the group and close every connection, within ``timeout`` seconds.

    aiokafka's ``stop`` may hang, and just after a failed fetch it ends with a CancelledError of its
    own and leaves connections open: gather keeps that from looking like ours, close does the rest.
    """
    try:
        async with asyncio.timeout(timeout):
            await asyncio.gather(client.stop(), return_exceptions=True)
            await client._client.close()  # noqa: SLF001 - see above
    except (TimeoutError, KafkaError) as error:
        log.warning("a Kafka consumer did not close cleanly: %s", describe(error))
