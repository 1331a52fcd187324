"""What happens to what Kafka keeps for the group."""

import asyncio
import signal

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from confluent_kafka.admin import AdminClient

from app.edges.kafka.connection import Connection
from app.edges.kafka.topic_admin import TopicAdmin
from tests.ledger.run import PARTITIONS, Run


async def dead_letters_unwritable(run: Run) -> None:
    """The dead-letter topic takes nothing for a while: it asks for a replica that is away.

    More replicas than there are would not do: brokers ask for no more than the topic has.
    """
    await asyncio.sleep(1)
    async with run.window():
        await _require_replicas(run, "3")
        node = run.chance.randrange(3)
        await run.cluster.stop_broker(node)
        await asyncio.sleep(8)
        await run.cluster.start_broker(node)
        await _require_replicas(run, "1")


async def metadata_corrupted(run: Run) -> None:
    """All workers are killed; meanwhile their commits get metadata that means nothing."""
    await asyncio.sleep(3)
    async with run.window():
        for worker in list(run.workers):
            await run.end_worker(worker, signal.SIGKILL)
        await _spoil_commits(run)
        await asyncio.gather(*(run.start_worker() for _ in range(2)))


async def offsets_forgotten(run: Run) -> None:
    """All workers are stopped, and Kafka forgets the group: nothing is sent again for that."""
    await asyncio.sleep(3)
    async with run.window(excuses=False):
        await asyncio.gather(*(run.end_worker(one, signal.SIGTERM) for one in list(run.workers)))
        admin = AdminClient({"bootstrap.servers": run.cluster.bootstrap})
        for deleted in admin.delete_consumer_groups([run.observer.group]).values():
            await asyncio.to_thread(deleted.result, 30)
        await asyncio.gather(*(run.start_worker() for _ in range(3)))
        await run.expect_said("going on at the commits that the control topic kept")


async def _require_replicas(run: Run, count: str) -> None:
    servers = {"bootstrap_servers": run.cluster.bootstrap}
    async with TopicAdmin(Connection(run.cluster.bootstrap, servers)) as admin:
        assert not await admin.alter(
            {run.observer.dead_letter_topic: {"min.insync.replicas": count}}
        )


async def _spoil_commits(run: Run) -> None:
    """Commit the same offsets with other metadata, as soon as the group has no members left."""
    spoiled = ("n1:!!", "n1:gA", "somebody else's", "n1:////")
    async with run.cluster.admin() as admin:
        offsets = await admin.list_consumer_group_offsets(run.observer.group)
    mine = {
        partition: OffsetAndMetadata(found.offset, run.chance.choice(spoiled))
        for partition, found in offsets.items()
        if partition.topic == run.observer.topic
    }
    client = AIOKafkaConsumer(
        bootstrap_servers=run.cluster.bootstrap,
        group_id=run.observer.group,
        enable_auto_commit=False,
    )
    await client.start()
    try:
        client.assign([TopicPartition(run.observer.topic, n) for n in range(PARTITIONS)])
        async with asyncio.timeout(60):
            while True:
                try:
                    await client.commit(mine)
                except Exception:  # noqa: BLE001 - it has members until their sessions have ended
                    await asyncio.sleep(0.5)
                else:
                    return
    finally:
        await client.stop()


async def books_in_short(run: Run) -> None:
    """Dead letters cannot be written for a while; then commits get metadata that means nothing."""
    await dead_letters_unwritable(run)
    await metadata_corrupted(run)
