"""Closes an aiokafka consumer in every state that it may be in."""

import asyncio
import logging
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from app.edges.kafka.errors import describe

CANCELLED = 1.0
"""Seconds that a task has to end once it was cancelled."""
_TASKS = (
    "_fetch_task",
    "_coordination_task",
    "_heartbeat_task",
    "_commit_refresh_task",
    "_reset_committed_task",
)

log = logging.getLogger(__name__)


async def close_consumer(client: AIOKafkaConsumer, timeout: float) -> None:
    """Leave the group and close every connection, within ``timeout`` seconds.

    aiokafka's ``stop`` may hang, and just after a failed fetch it ends with a CancelledError of its
    own and leaves connections open: gather keeps that from looking like ours. Its tasks would go on
    for ever then, as a member that takes partitions and does nothing with them.
    """
    try:
        async with asyncio.timeout(timeout):
            await asyncio.gather(client.stop(), return_exceptions=True)
    except (TimeoutError, KafkaError) as error:
        log.warning("a Kafka consumer did not close cleanly: %s", describe(error))
    tasks = [task for task in _tasks(client) if not task.done()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CANCELLED)
    await client._client.close()  # noqa: SLF001 - it has no public way to give up


def _tasks(client: AIOKafkaConsumer) -> "list[asyncio.Task[Any]]":
    """Return every task of a consumer, as far as it was started."""
    owners = [getattr(client, name, None) for name in ("_fetcher", "_coordinator")]
    tasks = [getattr(owner, name, None) for owner in owners for name in _TASKS]
    tasks += getattr(owners[0], "_pending_tasks", ())
    return [task for task in tasks if task is not None]
