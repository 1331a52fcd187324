"""What happens to brokers."""

import asyncio
from contextlib import AsyncExitStack

from app.engine.options import SILENCE
from app.policies.headers.deferral import retry_topics
from tests.ledger.recorder import Mood
from tests.ledger.rights import grant, refuse
from tests.ledger.run import Fault, Run
from tests.support.tcp_proxy import TcpProxy


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


async def brokers_moved(run: Run) -> None:
    """All brokers come back under other addresses, and then do so once more.

    The second time nobody listens at any address that a client has learnt.
    """
    cluster = run.cluster
    async with AsyncExitStack() as stack:
        elsewhere = [
            await stack.enter_async_context(TcpProxy(cluster.address(node))) for node in range(3)
        ]
        async with run.window():
            await _move(run, [each.address for each in elsewhere])
            await asyncio.sleep(5)
        async with run.window():
            for each in elsewhere:
                each.close()
            await _move(run, [cluster.address(node) for node in range(3)])
            run.observer.moved.set()
            await asyncio.sleep(SILENCE + 15)  # only then do workers look for them, and join anew


async def _move(run: Run, addresses: list[str]) -> None:
    for node, address in enumerate(addresses):
        await run.cluster.kill_broker(node)
        run.cluster.advertise(node, address)
    await run.cluster.start()


async def topic_refused(run: Run) -> None:
    """Workers may not read the topic for a while, then not write to their retry topics."""
    await asyncio.sleep(2)
    for topics, operation, *said in (
        ([run.observer.topic], "READ", run.observer.topic, "Read"),
        (retry_topics(run.observer.retry_prefix), "WRITE", "notifications.retry", "Write"),
    ):
        async with run.window(excuses=False):
            run.recorder.moods["/1"] = Mood.FAILING  # so that something is to be put aside
            await refuse(run.cluster, topics, operation)
            await run.expect_said(*said)
            await asyncio.sleep(5)
            await grant(run.cluster, topics, operation)
            run.recorder.heal()


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
