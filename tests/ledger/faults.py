"""What happens to a run (docs/guarantees.md#the-ledger-test)."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition

from app.edges.kafka.connection import Connection
from app.edges.kafka.topic_admin import TopicAdmin
from tests.ledger.flow import DESTINATIONS
from tests.ledger.recorder import Mood
from tests.ledger.run import PARTITIONS, Run

Fault = Callable[[Run], Awaitable[None]]
TIMES = 3
SESSION_TIMEOUT = 10.0


async def _stop_in_rotation(run: Run, number: signal.Signals) -> None:
    for _ in range(TIMES):
        await asyncio.sleep(run.chance.uniform(1, 3))
        async with run.window():
            await run.end_worker(run.chance.choice(run.workers), number)
            await run.start_worker()


async def terminated(run: Run) -> None:
    """Workers are stopped with SIGTERM, one after the other, and replaced."""
    await _stop_in_rotation(run, signal.SIGTERM)


async def killed(run: Run) -> None:
    """Workers are killed, one after the other, and replaced."""
    await _stop_in_rotation(run, signal.SIGKILL)


async def frozen(run: Run) -> None:
    """A worker stands still for longer than its session lasts, and goes on."""
    await asyncio.sleep(2)
    worker = run.chance.choice(run.workers)
    async with run.window():
        worker.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(SESSION_TIMEOUT + 4)
        worker.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(3)


async def joined_and_left(run: Run) -> None:
    """Workers come and go, several at once."""
    await asyncio.sleep(1)
    async with run.window():
        for _ in range(TIMES):
            come = [run.start_worker(ready=False) for _ in range(run.chance.randint(1, 2))]
            await asyncio.gather(*come)
            await asyncio.sleep(run.chance.uniform(0.5, 2.5))
            leavers = run.chance.sample(run.workers, len(come))
            await asyncio.gather(*(run.end_worker(one, signal.SIGTERM) for one in leavers))


async def brokers_restarted(run: Run) -> None:
    """Every broker is stopped in good order, one after the other, and comes back."""
    for node in run.chance.sample(range(3), 3):
        await asyncio.sleep(1)
        async with run.window():
            await run.cluster.stop_broker(node)
            await run.cluster.start_broker(node)


async def coordinator_killed(run: Run) -> None:
    """The broker that coordinates the group is killed, and comes back."""
    for _ in range(2):
        await asyncio.sleep(2)
        async with run.cluster.admin() as admin:
            node = await admin.find_coordinator(run.observer.group)
        async with run.window():
            await run.cluster.kill_broker(node)
            await asyncio.sleep(3)
            await run.cluster.start_broker(node)


def all_brokers_away(seconds: float) -> Fault:
    """Return the fault that all brokers are killed, and come back after a while."""

    async def fault(run: Run) -> None:
        await asyncio.sleep(2)
        async with run.window():
            for node in range(3):
                await run.cluster.kill_broker(node)
            await asyncio.sleep(seconds)
            await run.cluster.start()

    return fault


def moody(mood: Mood, seconds: float) -> Fault:
    """Return the fault that some destinations are in a mood for a while."""

    async def fault(run: Run) -> None:
        await asyncio.sleep(1)
        ill = run.chance.sample(range(DESTINATIONS), 2)
        async with run.window():
            for destination in ill:
                run.recorder.moods[f"/{destination}"] = mood
            await asyncio.sleep(seconds)
            run.recorder.heal()

    return fault


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


async def workers_in_short(run: Run) -> None:
    """One is killed, one stopped, one stands still for too long, one comes."""
    await asyncio.sleep(2)
    async with run.window():
        await run.end_worker(run.chance.choice(run.workers), signal.SIGKILL)
        await run.start_worker()
    async with run.window():
        await run.end_worker(run.chance.choice(run.workers), signal.SIGTERM)
        await run.start_worker()
    await frozen(run)


async def brokers_in_short(run: Run) -> None:
    """The coordinator is killed, then all of them."""
    await asyncio.sleep(1)
    async with run.cluster.admin() as admin:
        node = await admin.find_coordinator(run.observer.group)
    async with run.window():
        await run.cluster.kill_broker(node)
        await asyncio.sleep(2)
        await run.cluster.start_broker(node)
    await all_brokers_away(8)(run)


async def destinations_in_short(run: Run) -> None:
    """Four of eight are ill at once, each in its own way."""
    await asyncio.sleep(1)
    async with run.window():
        ill = run.chance.sample(range(DESTINATIONS), 4)
        moods = (Mood.HUNG, Mood.RESETTING, Mood.LIMITING, Mood.FAILING)
        for destination, mood in zip(ill, moods, strict=True):
            run.recorder.moods[f"/{destination}"] = mood
        await asyncio.sleep(12)
        run.recorder.heal()


async def books_in_short(run: Run) -> None:
    """Dead letters cannot be written for a while; then commits get metadata that means nothing."""
    await dead_letters_unwritable(run)
    await metadata_corrupted(run)


ALL: Mapping[str, tuple[Fault, float]] = {
    "SIGTERM in rotation": (terminated, 0.0),
    "SIGKILL in rotation": (killed, 0.0),
    "SIGSTOP past the session": (frozen, 0.0),
    "join and leave": (joined_and_left, 0.0),
    "brokers restarted": (brokers_restarted, 0.0),
    "coordinator killed": (coordinator_killed, 0.0),
    "all brokers away": (all_brokers_away(60.0), 0.0),
    "destinations hung": (moody(Mood.HUNG, 60.0), 0.0),
    "destinations slow": (moody(Mood.SLOW, 60.0), 0.0),
    "destinations resetting": (moody(Mood.RESETTING, 60.0), 0.0),
    "destinations answer 429": (moody(Mood.LIMITING, 60.0), 0.0),
    "destinations answer 503": (moody(Mood.FAILING, 60.0), 0.0),
    "dead letters unwritable": (dead_letters_unwritable, 0.05),
    "damaged records": (terminated, 0.1),
    "commit metadata corrupted": (metadata_corrupted, 0.0),
}
"""Every fault by name, with the share of records that nobody can deliver."""

SHORT: Mapping[str, tuple[Fault, float]] = {
    "workers": (workers_in_short, 0.0),
    "brokers": (brokers_in_short, 0.0),
    "destinations": (destinations_in_short, 0.0),
    "books": (books_in_short, 0.05),
}
"""As few and as short as shows the same."""
