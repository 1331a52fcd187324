"""One run: workers on three brokers, notifications that flow, and a fault that happens to them."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import httpx

from tests.ledger.flow import Flow
from tests.ledger.observer import Observer
from tests.ledger.recorder import Recorder, recorder
from tests.ledger.rights import log_in
from tests.support.kafka_cluster import KafkaCluster
from tests.support.service import ServiceProcess

PARTITIONS = 6
WORKERS = 3
BALANCED_SECONDS = 4.0
"""Two heartbeats, and some."""
QUIET_TIMEOUT = 150.0
"""Seconds that everything may take to be settled after the last fault."""


@dataclass(frozen=True)
class Window:
    """When a fault was going on, seconds since the epoch."""

    start: float
    over: float  # the fault itself had ended
    end: float  # so had the last rebalance that it caused
    excuses: bool = True  # whether what was accepted meanwhile may be accepted once more


@dataclass(frozen=True)
class Traffic:
    """What flows through a run."""

    damage: float = 0.0  # share of records that nobody can deliver
    bulk: float = 0.0  # share of records that are larger than a topic takes, but for compression
    guarded: bool = False  # workers log in as a user who may do what somebody allows, and no more


PLAIN = Traffic()


@dataclass
class Run:
    """A run in progress."""

    name: str
    cluster: KafkaCluster
    folder: Path
    chance: random.Random  # where every random choice comes from
    recorder: Recorder
    flow: Flow
    observer: Observer
    settings: dict[str, str]
    watched: bool
    # those that are meant to be running
    workers: list[ServiceProcess] = field(default_factory=list)
    ended: list[ServiceProcess] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)  # when faults were going on
    # when everything was settled after the last fault; None if it never was
    settled_at: float | None = None
    # what was otherwise than it has to be, in words
    surprises: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def window(self, *, excuses: bool = True) -> AsyncIterator[None]:
        """Note when a fault begins, and when its last rebalance is over.

        Args:
            excuses: Whether it excuses that something is accepted twice.
        """
        start = time.time()
        yield
        over = time.time()
        await self.balanced()
        self.windows.append(Window(start, over, time.time(), excuses))

    async def start_worker(
        self, *, ready: bool = True, settings: Mapping[str, str] = MappingProxyType({})
    ) -> ServiceProcess:
        """Start one more worker, with these settings besides."""
        home = self.folder / uuid4().hex
        home.mkdir()
        worker = ServiceProcess(home, {**self.settings, **settings})
        await worker.start()
        self.workers.append(worker)
        if ready:
            await worker.ready(QUIET_TIMEOUT)
        return worker

    async def expect_said(self, *words: str) -> None:
        """See that the health of some worker says it; a surprise if none does within a minute."""
        said: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while True:
                    said = [text for worker in self.workers for text in await _told(worker)]
                    if any(all(word in text for word in words) for text in said):
                        return
                    await asyncio.sleep(0.2)
        self.surprises.append(f"nobody says {' … '.join(words)}, but: {said}")

    async def end_worker(self, worker: ServiceProcess, number: int) -> None:
        """End a worker with a signal."""
        self.workers.remove(worker)
        self.ended.append(worker)
        worker.process.send_signal(number)
        await worker.ended(60)

    async def balanced(self) -> None:
        """Wait until the workers have had all partitions between them for longer than a heartbeat.

        Whoever was put out of the group by a fault hears of it with the next heartbeat only.
        """
        async with asyncio.timeout(QUIET_TIMEOUT):
            since: float | None = None
            while since is None or time.monotonic() - since < BALANCED_SECONDS:
                await asyncio.sleep(0.1)
                if not await self._is_balanced():
                    since = None
                elif since is None:
                    since = time.monotonic()

    async def settle(self) -> None:
        """Wait until everything that was published is settled, and no worker has work left."""
        deadline = time.monotonic() + QUIET_TIMEOUT
        while time.monotonic() < deadline:
            if self._all_accounted_for() and self._all_seen() and await self._quiet():
                self.settled_at = time.time()
                return
            await asyncio.sleep(0.25)

    def log_of_workers(self) -> str:
        """Return what all workers have said."""
        return "\n".join(worker.log for worker in (*self.ended, *self.workers))

    async def _is_balanced(self) -> bool:
        shares = []
        for worker in self.workers:
            try:
                stats = await worker.stats()
                ready = (await worker.client.get("/health/ready")).status_code
            except (httpx.HTTPError, ValueError):
                return False
            topic = self.observer.topic
            shares.append(sum(each["topic"] == topic for each in stats["partitions"]))
            if ready != httpx.codes.OK:
                return False
        return bool(sum(shares) == PARTITIONS and min(shares) > 0)

    def _all_accounted_for(self) -> bool:
        accepted, dead = self.recorder.accepted, self.observer.dead
        return all(name in accepted or name in dead for name in self.flow.published)

    def _all_seen(self) -> bool:
        """Say whether the observer has read as far as was published."""
        return not self.watched or self.flow.published.keys() <= self.observer.first.keys()

    async def _quiet(self) -> bool:
        for worker in self.workers:
            try:
                stats = await worker.stats()
            except (httpx.HTTPError, ValueError):
                return False
            idle = stats["status"] == "RUNNING" and not stats["problem"]
            if not idle or stats["in_flight"] or stats["backlog"] or stats["deferred_waiting"]:
                return False
        return True


Fault = Callable[[Run], Awaitable[None]]


@asynccontextmanager
async def started(
    name: str,
    cluster: KafkaCluster,
    folder: Path,
    seed: int,
    traffic: Traffic = PLAIN,
    *,
    replicas: int | None = None,
    watched: bool = True,
) -> AsyncIterator[Run]:
    """Start workers and watch them; end everything afterwards.

    Args:
        name: Of the fault.
        cluster: Three brokers.
        folder: For the workers' homes.
        seed: Makes every choice of the run repeatable.
        traffic: What flows through it.
        replicas: Of the consumed topic, if workers do not make it.
        watched: Whether what Kafka has is watched; it cannot be if records change their places.
    """
    chance = random.Random(seed)
    topic = f"ledger-{uuid4().hex[:8]}"
    async with AsyncExitStack() as stack:
        destinations = stack.enter_context(recorder(random.Random(chance.random())))
        observer = Observer(
            cluster.bootstrap,
            topic,
            f"{topic}-group",
            PARTITIONS,
            f"{topic}.dlq",
            f"notifications.retry.{topic}-group",
        )
        flow_chance = random.Random(chance.random())
        flow = Flow(
            cluster.bootstrap, topic, destinations, flow_chance, traffic.damage, traffic.bulk
        )
        settings = _settings(observer)
        if traffic.guarded:
            settings |= await log_in(cluster, topic)
        run = Run(name, cluster, folder, chance, destinations, flow, observer, settings, watched)
        if replicas is not None:
            await cluster.create_topic(topic, partitions=PARTITIONS, replication_factor=replicas)
        stack.push_async_callback(_end_workers, run)
        await asyncio.gather(*(run.start_worker() for _ in range(WORKERS)))
        if watched:
            watching = asyncio.create_task(observer.watch(), name="observer")
            stack.push_async_callback(_end, watching)
        yield run


def _settings(observer: Observer) -> dict[str, str]:
    return {
        "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": observer.bootstrap,
        "NOTIFIER_KAFKA__TOPICS": observer.topic,
        "NOTIFIER_KAFKA__GROUP_ID": observer.group,
        "NOTIFIER_KAFKA__DEAD_LETTER_TOPIC": observer.dead_letter_topic,
        "NOTIFIER_KAFKA__PARTITIONS": str(observer.partitions),
        "NOTIFIER_KAFKA__REPLICATION_FACTOR": "3",  # one broker of three may be away
        "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "NOTIFIER_WEBHOOK__TIMEOUT": "2",
        "NOTIFIER_RETRY__BASE_DELAY": "0.2",
        "NOTIFIER_RETRY__MAX_DELAY": "1",
        "NOTIFIER_WORKER__MAX_IN_FLIGHT": "300",
        "NOTIFIER_WORKER__DRAIN_TIMEOUT": "5",
    }


async def _told(worker: ServiceProcess) -> list[str]:
    try:
        health = (await worker.client.get("/health")).json()
    except (httpx.HTTPError, ValueError):
        return []
    return [*health.get("warnings", ()), health.get("problem", "")]


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _end_workers(run: Run) -> None:
    for worker in (*run.workers, *run.ended):
        await worker.close()
