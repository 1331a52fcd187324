"""Reads single records again by their offsets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.values.record import Record

TIMEOUT = 10.0
FETCH_BYTES = 64 * 1024
"""Of one answer; a broker hands over a larger batch all the same, if it is the first."""

Read = Callable[[int, int], Awaitable[Record | None]]


@asynccontextmanager
async def reading_again(connection: Connection, topic: str) -> AsyncIterator[Read]:
    """Yield a function that reads one record of a topic by partition and offset, or returns None.

    It is None if the log does not hold that record any more.

    Raises:
        KafkaUnavailableError, KafkaRefusedError: As everywhere; also from each reading.
    """

    async def read(partition: int, offset: int) -> Record | None:
        with translated(f"hand over {topic}/{partition}/{offset} again"):
            async with asyncio.timeout(TIMEOUT):
                if offset not in ranges.get(partition, ()):
                    return None
                wanted = {partition: range(offset, offset + 1)}
                records = (await log.read(wanted, lambda _: True))[partition].records
        return records[0] if records else None

    log = LogReader(connection, topic, TIMEOUT * 0.8, fetch_bytes=FETCH_BYTES)
    with translated(f"hand over records of {topic} again"):
        async with asyncio.timeout(TIMEOUT):
            await log.__aenter__()
    try:
        with translated(f"tell the ends of {topic}"):
            async with asyncio.timeout(TIMEOUT):
                ranges = await log.ranges()
        yield read
    finally:
        await log.__aexit__()
