"""A competitor at work, on its core, from its start to its orderly end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx

from tests.benchmarks.bench import Bench, Topic, WrongError
from tests.benchmarks.competitors import Competitor, Job, Service
from tests.benchmarks.kafka import publish
from tests.benchmarks.processes import Process

READY_SECONDS = 60.0
ASK_INTERVAL = 0.05


class Run:
    """Use ``running`` to start one.

    Attributes:
        process: The competitor's.
        job: What it does.
    """

    def __init__(self, process: Process, job: Job, client: httpx.AsyncClient) -> None:
        self.process = process
        self.job = job
        self._shares_broker = bool(job.bootstrap)
        self._client = client

    async def ready(self) -> None:
        """Wait until the service has joined its group.

        Raises:
            WrongError: It ended, or has not joined in time.
        """
        if not await self.until(lambda _: True, READY_SECONDS, path="/health/ready"):
            raise WrongError(f"it was not ready in {READY_SECONDS:.0f} s")

    async def bootstrap(self) -> str:
        """Where to write records that it will read."""
        if self._shares_broker:
            return self.job.bootstrap
        broker: str = (await self.stats())["broker"]
        return broker

    async def fill(self, topic: Topic) -> None:
        """Write a filled topic's records once more, where the broker started with the service."""
        if not self._shares_broker:
            await self.ready()
            where = await self.bootstrap()
            await asyncio.to_thread(publish, where, topic.name, topic.values, topic.partitions)

    async def stats(self) -> dict[str, Any]:
        """The service's ``GET /stats``.

        Raises:
            WrongError: It did not answer, or not with 200.
        """
        try:
            answer = (await self._client.get("/stats")).raise_for_status()
        except httpx.HTTPError as error:
            raise WrongError(f"GET /stats: {error!r}") from error
        stats: dict[str, Any] = answer.json()
        return stats

    async def until(
        self, done: Callable[[Mapping[str, Any]], bool], seconds: float, path: str = "/stats"
    ) -> bool:
        """Ask the service until its answer is 200 and as wanted.

        Returns:
            Whether it was so in time.

        Raises:
            WrongError: It ended.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.get(path)
                if answer.status_code == 200 and done(answer.json()):
                    return True
            await asyncio.sleep(ASK_INTERVAL)
        return False

    def check(self) -> None:
        """See that it runs.

        Raises:
            WrongError: It ended by itself.
        """
        if self.process.ended is not None:
            raise WrongError(f"it ended by itself with status {self.process.ended}")


@contextlib.asynccontextmanager
async def running(
    bench: Bench,
    competitor: Competitor,
    topic: Topic,
    in_flight: int,
    *,
    group: str | None = None,
    on: frozenset[int] | None = None,
) -> AsyncIterator[Run]:
    """Run a competitor on a topic, and stop it in good order afterwards.

    Args:
        bench: Everything around it.
        competitor: Who.
        topic: What it consumes.
        in_flight: Deliveries under way at once, at most.
        group: Its consumer group, a new one when left out.
        on: Its cores, those of the worker when left out.
    """
    own_broker = isinstance(competitor, Service) and not bench.kafka.real
    group = group or bench.new_name(competitor.name)
    bootstrap = "" if own_broker else bench.kafka.bootstrap
    job = Job(bootstrap, topic.name, group, in_flight)
    home = bench.folder / bench.new_name(f"home-{competitor.name}")
    home.mkdir()
    command = competitor.command(job, home)
    process = Process(
        command.arguments,
        cores=bench.cores,
        on=on or bench.cores.worker,
        log=home / "output.log",
        environment=command.environment,
        folder=command.folder,
    )
    url = competitor.url if isinstance(competitor, Service) else ""
    try:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            yield Run(process, job, client)
    except WrongError as error:
        error.add_note(process.tail)
        raise
    finally:
        await process.stop()
