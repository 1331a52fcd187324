"""``python -m tests.day``: a trading firm's day in forty minutes; prints what became of it."""

import argparse
import asyncio
import logging
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from app.edges.kafka.connection import Connection
from app.edges.kafka.producer import Producer
from app.values.errors import KafkaUnavailableError
from tests.day.books import HEADER, LATE, Books, Published, growth
from tests.day.destinations import DESKS, ROBOTS, Destinations, destinations
from tests.day.plan import BROKER_AT, DEPLOY_AT, OUTAGE, rate_at
from tests.support.kafka_cluster import KafkaCluster
from tests.support.service import ServiceProcess
from tests.support.tools import Tools

WORKERS = 3
TOPIC = "notifications"
TO_ROBOTS = 0.02
TO_MAIL = 0.01
AT_ONCE = 400
PATIENCE = 600.0
"""Seconds after the day within which everything has arrived: the robots take 20 a minute."""
ASKED = 300
"""Late ones whose story is asked for, at most."""


class Day:
    """One day, on brokers that are running."""

    def __init__(
        self, cluster: KafkaCluster, seen: Destinations, folder: Path, chance: random.Random
    ) -> None:
        self.books = Books()
        self._cluster = cluster
        self._seen = seen
        self._folder = folder
        self._chance = chance
        self._workers: dict[int, ServiceProcess] = {}
        self._started = 0

    async def pass_by(self, seconds: float) -> None:
        """Let it pass; return when everything has arrived, or patience ended."""
        for _ in range(WORKERS):
            await self._start_worker()
        self._begin = time.monotonic()
        self._seconds = seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish())
            tasks.create_task(self._deploy())
            tasks.create_task(self._outage())
            tasks.create_task(self._restart_broker())
            measuring = tasks.create_task(self._measure())
            tasks.create_task(self._arrive(measuring))

    async def reasons(self) -> Counter[str]:
        """Ask for the stories of late ones, and count the reasons that they name."""
        found: Counter[str] = Counter()
        late = self.books.late(self._seen)
        for name in self._chance.sample(late, min(len(late), ASKED)):
            worker = self._chance.choice([*self._workers.values()])
            answer = await worker.client.get(f"/notifications/id-{name}")
            found[_reason(answer)] += 1
        return found

    async def problems(self) -> list[str]:
        """Return what the workers have to say at the end."""
        said: list[str] = []
        for worker in self._workers.values():
            health = (await worker.client.get("/health")).json()
            said += [*health["warnings"], *filter(None, [health.get("problem")])]
        return said

    async def stop(self) -> None:
        """End the workers, gracefully."""
        for worker in self._workers.values():
            await worker.stop()
            await worker.close()

    async def _start_worker(self) -> None:
        self._started += 1
        home = self._folder / f"worker-{self._started}"
        home.mkdir()
        host, port = self._seen.mail
        settings = {
            "NOTIFIER_KAFKA__BOOTSTRAP_SERVERS": self._cluster.bootstrap,
            "NOTIFIER_KAFKA__REPLICATION_FACTOR": "3",
            "NOTIFIER_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "NOTIFIER_EMAIL__HOST": host,
            "NOTIFIER_EMAIL__PORT": str(port),
            "NOTIFIER_EMAIL__TLS": "none",
            "NOTIFIER_EMAIL__FROM_ADDRESS": "alerts@example.com",
        }
        worker = ServiceProcess(home, settings)
        await worker.start()
        await worker.ready(120)
        self._workers[self._started] = worker

    async def _at(self, share: float) -> None:
        await asyncio.sleep(self._begin + share * self._seconds - time.monotonic())

    async def _publish(self) -> None:
        servers = {"bootstrap_servers": self._cluster.bootstrap}
        producer = Producer(Connection(self._cluster.bootstrap, servers))
        slots = asyncio.Semaphore(AT_ONCE)
        number, due = 0, self._begin
        try:
            async with asyncio.TaskGroup() as tasks:
                while (share := (due - self._begin) / self._seconds) < 1:
                    await asyncio.sleep(due - time.monotonic())
                    stretch, rate = rate_at(share)
                    due += 1 / rate
                    number += 1
                    await slots.acquire()
                    sending = tasks.create_task(self._send(producer, f"n{number}", stretch))
                    sending.add_done_callback(lambda _: slots.release())
        finally:
            await producer.close()

    async def _send(self, producer: Producer, name: str, stretch: str) -> None:
        channel, value = self._notification(name)
        while True:
            try:
                await producer.write(TOPIC, name.encode(), msgspec.json.encode(value))
            except KafkaUnavailableError:
                await asyncio.sleep(0.2)
                continue
            self.books.published[name] = Published(time.time(), channel, stretch)
            return

    def _notification(self, name: str) -> tuple[str, dict[str, Any]]:
        drawn = self._chance.random()
        value: dict[str, Any] = {"message_id": f"id-{name}", "content": name}
        value["priority"] = self._chance.choices((0, 1, 2, 3), (10, 70, 15, 5))[0]
        if drawn < TO_MAIL:
            to = f"desk-{self._chance.randrange(DESKS)}@example.com"
            value |= {"channels": ["email"], "kwargs": {"to": to, "subject": f"成交 {name}"}}
            return "email", value
        if drawn < TO_MAIL + TO_ROBOTS:
            service = self._chance.choice([*ROBOTS])
            url = self._seen.robot(service)
            value |= {
                "content": f"风控告警 {name}\n回撤超限",
                "metadata": {"title": f"风控 {name}"},
            }
            value |= {"channels": [service], "kwargs": {"webhook_url": url}}
            return service, value
        url = self._seen.desks.url(self._chance.randrange(DESKS))
        return "webhook", value | {"channels": ["webhook"], "kwargs": {"webhook_url": url}}

    async def _deploy(self) -> None:
        await self._at(DEPLOY_AT)
        for number in list(self._workers):
            await self._start_worker()
            worker = self._workers.pop(number)
            await worker.stop(signal.SIGTERM)
            await worker.close()

    async def _outage(self) -> None:
        begin, end = OUTAGE
        await self._at(begin)
        self._seen.fail(desks=[1, 2])
        await self._at(end)
        self._seen.heal()

    async def _restart_broker(self) -> None:
        await self._at(BROKER_AT)
        node = self._chance.randrange(3)
        await self._cluster.stop_broker(node)
        await self._cluster.start_broker(node)

    async def _measure(self) -> None:
        while True:
            for number, worker in list(self._workers.items()):
                self.books.measure(number, worker.process.pid)
            await asyncio.sleep(self._seconds / 240)

    async def _arrive(self, measuring: asyncio.Task[None]) -> None:
        await self._at(1.0)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not self.books.missing(self._seen):
                break
            await asyncio.sleep(1)
        measuring.cancel()


def _reason(answer: httpx.Response) -> str:
    """Return the reason that a story names for its lateness; "none" if it names none."""
    if answer.status_code != httpx.codes.OK:
        return f"no story: HTTP {answer.status_code}"
    story = answer.json()
    attempts = [each for target in story["targets"] for each in target["attempts"]]
    errors = [each for each in attempts if each["error"]]
    if errors:
        return f"{errors[0]['status']}: {re.sub(r'[0-9.]+ s', '… s', errors[0]['error'])[:60]}"
    return str(story["why"] or "none")


async def _main(arguments: argparse.Namespace) -> int:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker is away on purpose
    chance = random.Random(arguments.seed)
    tools = Tools.here()
    print(f"seed {arguments.seed}, {arguments.minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory() as temporary, destinations(chance) as seen:
        folder = Path(temporary)
        kafka = KafkaCluster(folder / "kafka", java=tools.java(), jars=tools.kafka_jars())
        async with kafka as cluster:
            day = Day(cluster, seen, folder, chance)
            try:
                await day.pass_by(arguments.minutes * 60)
                return await _judge(day, seen)
            finally:
                await day.stop()


async def _judge(day: Day, seen: Destinations) -> int:
    books = day.books
    missing, late = books.missing(seen), books.late(seen)
    reasons, problems = await day.reasons(), await day.problems()
    print(HEADER, *books.rows(seen), sep="\n")
    print(f"published {len(books.published):,}, missing {len(missing)} {missing[:10]}")
    print(f"more than once: {dict(books.repeats(seen))}")
    print(f"later than {LATE:g} s: {len(late):,}; what the stories of {reasons.total()} say: ")
    print(*(f"  {count:>5} {reason}" for reason, count in reasons.most_common()), sep="\n")
    print(*growth(books.memory), sep="\n")
    faults: Sequence[str] = [*seen.too_many(), *problems]
    print(*(f"at the end: {fault}" for fault in faults), sep="\n", flush=True)
    return 1 if missing or faults or reasons["none"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.day", description=__doc__)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
