"""``python -m tests.day``: a trading firm's day in forty minutes; prints what became of it."""

import argparse
import asyncio
import json
import logging
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
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
from tests.day.repeats import entries_of, is_handover, reasons
from tests.support.kafka_cluster import KafkaCluster
from tests.support.service import ServiceProcess
from tests.support.tools import Tools

WORKERS = 3
TOPIC = "notifications"
HISTORY = "notifications.history.notification_worker_group"
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
        self._logs: list[Sequence[str]] = []

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

    async def why_again(self) -> Mapping[str, Sequence[str | None]]:
        """Return the reasons for what arrived more than once, by its name."""
        names = self.books.again(self._seen)
        connection = Connection(self._cluster.bootstrap, self._servers)
        told = await entries_of(connection, HISTORY, {f"id-{name}" for name in names})
        handovers = [*self._handovers()]
        return {
            name: reasons(
                [at for _, at in self._seen.seen(name)], told.get(f"id-{name}", ()), handovers
            )
            for name in names
        }

    def _handovers(self) -> Iterator[float]:
        """Yield when a worker was given partitions, seconds since the epoch."""
        for line in (line for log in self._logs for line in log if is_handover(line)):
            yield datetime.fromisoformat(json.loads(line)["time"]).timestamp()

    async def why_late(self) -> Counter[str]:
        """Ask for the stories of late ones, and count the reasons that they name."""
        found: Counter[str] = Counter()
        late = self.books.late(self._seen)
        for name in self._chance.sample(late, min(len(late), ASKED)):
            worker = self._chance.choice([*self._workers.values()])
            answer = await worker.until(f"/notifications/id-{name}", lambda _: True)
            found[_reason(answer)] += 1
        return found

    async def problems(self) -> list[str]:
        """Return what the workers have to say at the end."""
        said: list[str] = []
        for worker in self._workers.values():
            health = (await worker.until("/health", lambda _: True)).json()
            said += [*health["warnings"], *filter(None, [health.get("problem")])]
        return said

    async def stop(self) -> None:
        """End the workers, gracefully."""
        for worker in self._workers.values():
            await worker.stop()
            await worker.close()

    async def _start_worker(self) -> None:
        number = len(self._logs) + 1
        home = self._folder / f"worker-{number}"
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
            "NOTIFIER_LOG__FORMAT": "json",
        }
        worker = ServiceProcess(home, settings)
        self._logs.append(worker.errors)
        await worker.start()
        await worker.ready(120)
        self._workers[number] = worker

    @property
    def _servers(self) -> dict[str, str]:
        return {"bootstrap_servers": self._cluster.bootstrap}

    async def _at(self, share: float) -> None:
        await asyncio.sleep(self._begin + share * self._seconds - time.monotonic())

    async def _publish(self) -> None:
        producer = Producer(Connection(self._cluster.bootstrap, self._servers))
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
    missing, late, again = books.missing(seen), books.late(seen), await day.why_again()
    why_late, problems = await day.why_late(), await day.problems()
    why_again = Counter(reason for each in again.values() for reason in each)
    unexplained = [name for name, each in again.items() if None in each]
    print(HEADER, *books.rows(seen), sep="\n")
    print(f"published {len(books.published):,}, missing {len(missing)} {missing[:10]}")
    print(f"more than once: {len(again)} {dict(books.channels(again))}; why: ")
    print(*_rows(why_again), sep="\n")
    print(f"more than once without a reason: {len(unexplained)} {unexplained[:10]}")
    print(f"later than {LATE:g} s: {len(late):,}; what the stories of {why_late.total()} say: ")
    print(*_rows(why_late), sep="\n")
    print(*growth(books.memory), sep="\n")
    faults: Sequence[str] = [*seen.too_many(), *problems]
    print(*(f"at the end: {fault}" for fault in faults), sep="\n", flush=True)
    return 1 if missing or unexplained or faults or why_late["none"] else 0


def _rows(reasons: Counter[str] | Counter[str | None]) -> list[str]:
    return [f"  {count:>5} {reason or 'no reason'}" for reason, count in reasons.most_common()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.day", description=__doc__)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
