"""Reads a group's commits that the control topic keeps."""

import asyncio

from app.edges.kafka.connection import Connection
from app.edges.kafka.errors import translated
from app.edges.kafka.log_reader import LogReader
from app.policies.books.saved_commits import Saved, SavedReader
from app.values.record import Record

TIMEOUT = 20.0
"""Seconds for the whole topic: a rebalance that waits for it has thirty."""
_REQUEST_TIMEOUT = 10.0


async def read_saved(connection: Connection, control_topic: str, group_id: str) -> Saved:
    """Return the control topic's records of a group; nothing if there is no such topic.

    Raises:
        KafkaUnavailableError: Kafka did not hand it all over in time.
        KafkaRefusedError: This user may not read it.
    """
    reader = SavedReader(group_id)

    def take(record: Record) -> bool:
        reader.take(record.key, record.value)
        return False  # nothing has to be held: the mapping keeps what counts

    with translated(f"hand over what {control_topic} keeps of the group's commits"):
        async with (
            asyncio.timeout(TIMEOUT),
            LogReader(connection, control_topic, _REQUEST_TIMEOUT) as log,
        ):
            ranges = {number: each for number, each in (await log.ranges()).items() if each}
            if ranges:
                await log.read(ranges, take)
    return reader.saved()
